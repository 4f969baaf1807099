//! Whether a file is one of those that a catalog was signed for, and for which
//! Windows.

use std::io;

use super::super::{
    super::pe, Catalog, CatalogVersion, DigestAlgorithm, FileDigests, Member, SubjectKind,
};
use crate::blob::{Blob, read_all};

/// Longest file whose line ends are tried the other way. INFs are shorter.
const MAX_TEXT: usize = 8 << 20;

/// How a file stands to a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coverage {
    /// It is listed.
    Listed {
        /// By the digest of this function, the strongest that the catalog has
        /// for it.
        algorithm: DigestAlgorithm,
    },
    /// It is not listed as it is, but would be if its line ends were CR LF
    /// again: something between signer and user, most often git, took the
    /// carriage returns away. Windows does not accept it.
    LineEndsChanged,
    /// It is not listed: another file, or changed.
    NotListed,
    /// It is a program so damaged that it has no digest.
    NoDigest(pe::Error),
}

impl Coverage {
    /// Whether Windows would accept the file.
    pub fn is_listed(&self) -> bool {
        matches!(self, Coverage::Listed { .. })
    }
}

impl Catalog {
    /// How the file with the content `bytes` stands to this catalog.
    ///
    /// A catalog of v2 lists every file by SHA-1 and by SHA-256; there only
    /// SHA-256 counts.
    pub fn coverage(&self, bytes: &[u8]) -> Coverage {
        self.judge(FileDigests::of(bytes))
            .unwrap_or_else(|| self.as_text(bytes))
    }

    /// The same for content that need not lie in memory.
    ///
    /// # Errors
    /// What reading gave.
    pub fn coverage_of(&self, blob: &dyn Blob) -> io::Result<Coverage> {
        if let Some(judged) = self.judge(FileDigests::of_blob(blob)?) {
            return Ok(judged);
        }
        Ok(match read_all(blob, MAX_TEXT as u64) {
            Ok(bytes) => self.as_text(&bytes),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Coverage::NotListed,
            Err(error) => return Err(error),
        })
    }

    /// `None` where only the content can tell.
    fn judge(&self, digests: Result<FileDigests, pe::Error>) -> Option<Coverage> {
        match digests {
            Err(error) => Some(Coverage::NoDigest(error)),
            Ok(digests) => match self.listed(&digests) {
                Some((_, algorithm)) => Some(Coverage::Listed { algorithm }),
                None => digests.is_pe.then_some(Coverage::NotListed),
            },
        }
    }

    /// How a file that is not listed as it is stands to this catalog.
    fn as_text(&self, bytes: &[u8]) -> Coverage {
        if bytes.len() > MAX_TEXT {
            return Coverage::NotListed;
        }
        let restored = with_carriage_returns(bytes);
        let digests = restored.and_then(|restored| FileDigests::of(&restored).ok());
        match digests.and_then(|digests| self.listed(&digests)) {
            Some(_) => Coverage::LineEndsChanged,
            None => Coverage::NotListed,
        }
    }

    /// The member that lists a file with these digests, and the function of
    /// the digest that says so.
    pub fn listed(&self, file: &FileDigests) -> Option<(&Member, DigestAlgorithm)> {
        let by = |wanted: &DigestAlgorithm, digest: &[u8]| {
            self.members.iter().find(|member| {
                let kind_fits = match member.kind {
                    Some(SubjectKind::Pe) => file.is_pe,
                    Some(SubjectKind::Flat) => !file.is_pe,
                    _ => true,
                };
                let same = member.digest.as_ref();
                kind_fits
                    && same.is_some_and(|same| same.algorithm == *wanted && same.bytes == digest)
            })
        };
        let strong = by(&DigestAlgorithm::Sha256, &file.sha256);
        if let Some(member) = strong {
            return Some((member, DigestAlgorithm::Sha256));
        }
        match self.version {
            CatalogVersion::V1 => {
                let member = by(&DigestAlgorithm::Sha1, &file.sha1)?;
                Some((member, DigestAlgorithm::Sha1))
            }
            CatalogVersion::V2 => None,
        }
    }
}

/// `text` with CR LF where it has LF alone; `None` where it has none. UTF-16 is
/// left alone: git takes it for binary.
fn with_carriage_returns(text: &[u8]) -> Option<Vec<u8>> {
    if text.starts_with(&[0xff, 0xfe]) {
        return None;
    }
    let mut restored = Vec::with_capacity(text.len() + text.len() / 16);
    let mut before = 0;
    for &byte in text {
        if byte == b'\n' && before != b'\r' {
            restored.push(b'\r');
        }
        restored.push(byte);
        before = byte;
    }
    (restored.len() != text.len()).then_some(restored)
}

impl Member {
    /// The versions of Windows NT, major and minor, that the catalog says this
    /// file was signed for; `None` where it names no systems.
    pub fn windows_versions(&self) -> Option<Vec<(u32, u32)>> {
        self.os_attribute().map(|systems| windows_in(&systems))
    }
}

/// `OSAttr` is a comma list of `platform:major.minor`; Windows NT is platform
/// 2, and Windows 2000 stands there as `2:5.00` and `2:5.0`.
fn windows_in(systems: &str) -> Vec<(u32, u32)> {
    let versions = systems.split(',').filter_map(|system| {
        let version = system.trim().strip_prefix("2:")?;
        let (major, minor) = version.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    versions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriage_returns_come_back_only_where_they_are_missing() {
        for (text, restored) in [
            (&b"a\nb\n"[..], Some(&b"a\r\nb\r\n"[..])),
            (b"a\r\nb\n", Some(b"a\r\nb\r\n")),
            (b"\n", Some(b"\r\n")),
            (b"a\r\nb\r\n", None),
            (b"a\rb", None),
            (b"", None),
            (b"\xff\xfea\0\n\0", None),
        ] {
            assert_eq!(with_carriage_returns(text).as_deref(), restored, "{text:?}");
        }
    }

    #[test]
    fn systems_are_read_as_numbers() {
        for (systems, versions) in [
            ("2:10.0", &[(10, 0)][..]),
            ("2:5.00,2:5.1, 2:6.3", &[(5, 0), (5, 1), (6, 3)]),
            // Windows 9x is another platform.
            ("1:4.10,2:5.1", &[(5, 1)]),
            ("", &[]),
            ("2:6,2:x.y", &[]),
        ] {
            assert_eq!(windows_in(systems), versions, "{systems}");
        }
    }
}
