//! The Authenticode digest of a PE image: the hash that its own signature and
//! the catalogs of driver packages are made over.
//!
//! Covered is the whole file but three places, which signing changes: the
//! header's checksum, the data directory entry of the certificate table, and
//! that table itself. An unsigned file counts as if zeros filled it up to a
//! multiple of eight, because a signer pads it so before it appends the table.
//!
//! The specification hashes section by section and then "the rest"; for
//! images whose sections leave no holes that is the same as hashing the file
//! from front to back, which is done here and by osslsigncode.

use goblin::pe::optional_header::MAGIC_32;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::{Error, headers::Headers};

/// Offset of `CheckSum` in the optional header, PE32 and PE32+ alike.
const CHECKSUM: usize = 64;
const CHECKSUM_LEN: usize = 4;
/// The certificate table's data directory entry: its index, and its offset in
/// the optional header of PE32 and PE32+ images.
const CERTIFICATE_ENTRY: u32 = 4;
const CERTIFICATE_ENTRY_32: usize = 128;
const CERTIFICATE_ENTRY_64: usize = 144;
const CERTIFICATE_ENTRY_LEN: usize = 8;
/// A file without certificate table is hashed up to a multiple of their number.
static ZEROS: [u8; 8] = [0; 8];

/// The Authenticode digests of one PE image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuthenticodeDigests {
    /// With SHA-1: the only one in catalogs before Windows 8.
    pub sha1: [u8; 20],
    /// With SHA-256.
    pub sha256: [u8; 32],
}

impl AuthenticodeDigests {
    /// Computes both digests over `bytes`, the whole file; `None` where it is
    /// no PE image (see [`super::PeFacts::read`]).
    ///
    /// # Errors
    /// The headers do not decode, or the certificate table is not the last
    /// thing in the file, so that no one digest is defined.
    pub fn of(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some(headers) = Headers::read(bytes)? else {
            return Ok(None);
        };
        let (mut sha1, mut sha256) = (Sha1::new(), Sha256::new());
        for piece in hashed_pieces(bytes, &headers)? {
            sha1.update(piece);
            sha256.update(piece);
        }
        Ok(Some(AuthenticodeDigests {
            sha1: sha1.finalize().into(),
            sha256: sha256.finalize().into(),
        }))
    }
}

/// What the digest covers: parts of the file in order, then the padding.
pub(super) fn hashed_pieces<'a>(
    bytes: &'a [u8],
    headers: &Headers,
) -> Result<Vec<&'a [u8]>, Error> {
    let optional_at = headers.optional_at;
    let entry_at = match headers.optional.standard_fields.magic {
        MAGIC_32 => optional_at + CERTIFICATE_ENTRY_32,
        _ => optional_at + CERTIFICATE_ENTRY_64,
    };
    // In the file by construction: these fields were decoded from there.
    let part = |start: usize, end: usize| bytes.get(start..end).unwrap_or_default();

    let checksum_at = optional_at + CHECKSUM;
    let mut pieces = vec![part(0, checksum_at)];
    let mut covered = checksum_at + CHECKSUM_LEN;
    // An image may have fewer data directories than five; then there is no
    // entry to leave out, and what stands there is hashed.
    if headers.optional.windows_fields.number_of_rva_and_sizes > CERTIFICATE_ENTRY {
        pieces.push(part(covered, entry_at));
        covered = entry_at + CERTIFICATE_ENTRY_LEN;
    }

    // The one data directory entry that holds a file offset, not an address.
    let table = headers.optional.data_directories.get_certificate_table();
    let table = table.filter(|table| table.virtual_address != 0 && table.size != 0);
    let Some(table) = table else {
        let padding = bytes.len().wrapping_neg() % ZEROS.len();
        pieces.push(part(covered, bytes.len()));
        pieces.push(ZEROS.get(..padding).unwrap_or_default());
        return Ok(pieces);
    };
    let start = table.virtual_address as usize;
    let end = start.saturating_add(table.size as usize);
    if start < covered || end != bytes.len() {
        return Err(Error::CertificateTable {
            start,
            end,
            headers_end: covered,
            file_len: bytes.len(),
        });
    }
    pieces.push(part(covered, start));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::super::tests::corpus_files;
    use super::*;
    use std::process::Command;

    /// What goblin, hashing section by section, makes of the same image.
    fn by_goblin(bytes: &[u8]) -> [u8; 32] {
        let image = goblin::pe::PE::parse(bytes).unwrap();
        let mut sha256 = Sha256::new();
        for piece in image.authenticode_ranges() {
            sha256.update(piece);
        }
        sha256.finalize().into()
    }

    #[test]
    fn digests_of_the_corpus_equal_those_of_goblin() {
        let test = "digests_of_the_corpus_equal_those_of_goblin";
        let files = corpus_files(test, &["sys", "dll"]);
        for path in &files {
            let bytes = wimwright_testdata::read(path);
            let ours = AuthenticodeDigests::of(&bytes).unwrap().unwrap();
            assert_eq!(ours.sha256, by_goblin(&bytes), "{}", path.display());
        }
    }

    /// osslsigncode writes the structure that would be signed; the digest is
    /// its last element.
    fn by_osslsigncode(bytes: &[u8], folder: &std::path::Path, hash: &str) -> Vec<u8> {
        let (image, data) = (folder.join("image.sys"), folder.join("data.der"));
        std::fs::write(&image, bytes).unwrap();
        let _ = std::fs::remove_file(&data);
        let output = Command::new("osslsigncode")
            .args(["extract-data", "-h", hash, "-in"])
            .arg(&image)
            .arg("-out")
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::read(&data).unwrap()
    }

    #[test]
    fn digests_equal_those_of_osslsigncode_signed_unsigned_and_padded() {
        let test = "digests_equal_those_of_osslsigncode_signed_unsigned_and_padded";
        if !wimwright_testdata::program("osslsigncode", test) {
            return;
        }
        let Some(corpus) = wimwright_testdata::corpus(test) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "virtio-viostor-w10-amd64/viostor.sys",
            "vigembus-x86/ViGEmBus.sys",
        ] {
            let signed = wimwright_testdata::read(&corpus.join("drivers").join(file));
            // Without its signature, and then of every length modulo eight:
            // this is what proves the padding.
            let headers = Headers::read(&signed).unwrap().unwrap();
            let table = *headers
                .optional
                .data_directories
                .get_certificate_table()
                .unwrap();
            let entry_at = headers.optional_at
                + match headers.optional.standard_fields.magic {
                    MAGIC_32 => CERTIFICATE_ENTRY_32,
                    _ => CERTIFICATE_ENTRY_64,
                };
            let mut unsigned = signed[..table.virtual_address as usize].to_vec();
            unsigned[entry_at..entry_at + CERTIFICATE_ENTRY_LEN].fill(0);
            let mut inputs = vec![signed];
            for extra in 0..ZEROS.len() {
                inputs.push([unsigned.as_slice(), &[0xa5; ZEROS.len()][..extra]].concat());
            }
            for bytes in inputs {
                let ours = AuthenticodeDigests::of(&bytes).unwrap().unwrap();
                let sha256 = by_osslsigncode(&bytes, folder.path(), "sha256");
                assert!(
                    sha256.windows(32).any(|w| w == ours.sha256),
                    "{file}, {}",
                    bytes.len()
                );
                let sha1 = by_osslsigncode(&bytes, folder.path(), "sha1");
                assert!(
                    sha1.windows(20).any(|w| w == ours.sha1),
                    "{file}, {}",
                    bytes.len()
                );
            }
        }
    }

    #[test]
    fn a_certificate_table_that_does_not_end_the_file_is_refused() {
        let test = "a_certificate_table_that_does_not_end_the_file_is_refused";
        let Some(corpus) = wimwright_testdata::corpus(test) else {
            return;
        };
        let path = corpus.join("drivers/vigembus-x64/ViGEmBus.sys");
        let mut bytes = wimwright_testdata::read(&path);
        let whole = bytes.len();
        bytes.push(0);
        let error = AuthenticodeDigests::of(&bytes).unwrap_err();
        assert!(
            matches!(error, Error::CertificateTable { end, file_len, .. }
                if end == whole && file_len == whole + 1),
            "{error:?}"
        );
        bytes.truncate(whole - 1);
        assert!(AuthenticodeDigests::of(&bytes).is_err());
    }
}
