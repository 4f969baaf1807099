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

use std::io;
use std::ops::Range;

use goblin::pe::optional_header::MAGIC_32;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::{Error, headers::Headers};
use crate::blob::{Blob, for_each_chunk_of};

/// Offset of `CheckSum` in the optional header, PE32 and PE32+ alike.
const CHECKSUM: u64 = 64;
const CHECKSUM_LEN: u64 = 4;
/// The certificate table's data directory entry: its index, and its offset in
/// the optional header of PE32 and PE32+ images.
const CERTIFICATE_ENTRY: u32 = 4;
const CERTIFICATE_ENTRY_32: u64 = 128;
const CERTIFICATE_ENTRY_64: u64 = 144;
const CERTIFICATE_ENTRY_LEN: u64 = 8;
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

/// Headers that end later than this in the file are not found by
/// [`AuthenticodeDigests::of_blob`]. The loader maps them as one piece in front
/// of the first section; real ones have a few KiB.
const MAX_HEADERS: u64 = 1 << 20;

impl AuthenticodeDigests {
    /// Computes both digests over `bytes`, the whole file; `None` where it is
    /// no PE image (see [`super::PeFacts::read`]).
    ///
    /// # Errors
    /// The headers do not decode, or the certificate table is not the last
    /// thing in the file, so that no one digest is defined.
    pub fn of(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some(covered) = Covered::of_file(bytes, bytes.len() as u64)? else {
            return Ok(None);
        };
        let mut hashing = Hashing::default();
        for range in &covered.ranges {
            // In the file by construction.
            let part = bytes.get(range.start as usize..range.end as usize);
            hashing.take(part.unwrap_or_default());
        }
        Ok(Some(hashing.finish(&covered)))
    }

    /// The same for content that need not lie in memory.
    ///
    /// # Errors
    /// What reading gave; the inner error as for [`AuthenticodeDigests::of`].
    pub fn of_blob(blob: &dyn Blob) -> io::Result<Result<Option<Self>, Error>> {
        let len = blob.len();
        let mut head = vec![0; len.min(MAX_HEADERS) as usize];
        blob.read_into(0, &mut head)?;
        let covered = match Covered::of_file(&head, len) {
            Ok(Some(covered)) => covered,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        };
        let mut hashing = Hashing::default();
        for range in &covered.ranges {
            for_each_chunk_of(blob, range.clone(), |part| {
                hashing.take(part);
                Ok(())
            })?;
        }
        Ok(Ok(Some(hashing.finish(&covered))))
    }
}

/// Where the certificate table of a program is; `None` where it has none, or is
/// no program.
///
/// # Errors
/// What reading gave; the inner error as for [`AuthenticodeDigests::of`].
pub(crate) fn certificate_table(blob: &dyn Blob) -> io::Result<Result<Option<Range<u64>>, Error>> {
    let len = blob.len();
    let mut head = vec![0; len.min(MAX_HEADERS) as usize];
    blob.read_into(0, &mut head)?;
    let covered = Covered::of_file(&head, len);
    Ok(covered.map(|covered| {
        let covered = covered?;
        let end = covered.ranges.last()?.end;
        // Nothing but the table follows what is covered.
        (end < len).then_some(end..len)
    }))
}

/// Both digests on their way.
#[derive(Default)]
struct Hashing {
    sha1: Sha1,
    sha256: Sha256,
}

impl Hashing {
    fn take(&mut self, part: &[u8]) {
        self.sha1.update(part);
        self.sha256.update(part);
    }

    fn finish(mut self, covered: &Covered) -> AuthenticodeDigests {
        self.take(ZEROS.get(..covered.zeros).unwrap_or_default());
        AuthenticodeDigests {
            sha1: self.sha1.finalize().into(),
            sha256: self.sha256.finalize().into(),
        }
    }
}

/// What the digest covers.
pub(super) struct Covered {
    /// Parts of the file, in order.
    ranges: Vec<Range<u64>>,
    /// How many zeros follow them.
    zeros: usize,
}

impl Covered {
    /// Of a file of `len` bytes that begins with `head`; `None` where it is no
    /// PE image.
    pub(super) fn of_file(head: &[u8], len: u64) -> Result<Option<Covered>, Error> {
        let Some(headers) = Headers::read(head)? else {
            return Ok(None);
        };
        let optional_at = headers.optional_at as u64;
        let entry_at = match headers.optional.standard_fields.magic {
            MAGIC_32 => optional_at + CERTIFICATE_ENTRY_32,
            _ => optional_at + CERTIFICATE_ENTRY_64,
        };
        let checksum_at = optional_at + CHECKSUM;
        let mut ranges = Vec::with_capacity(3);
        ranges.push(0..checksum_at);
        let mut covered = checksum_at + CHECKSUM_LEN;
        // An image may have fewer data directories than five; then there is no
        // entry to leave out, and what stands there is hashed.
        if headers.optional.windows_fields.number_of_rva_and_sizes > CERTIFICATE_ENTRY {
            ranges.push(covered..entry_at);
            covered = entry_at + CERTIFICATE_ENTRY_LEN;
        }

        // The one data directory entry that holds a file offset, not an address.
        let table = headers.optional.data_directories.get_certificate_table();
        let table = table.filter(|table| table.virtual_address != 0 && table.size != 0);
        let Some(table) = table else {
            ranges.push(covered..len);
            let zeros = (len.wrapping_neg() % ZEROS.len() as u64) as usize;
            return Ok(Some(Covered { ranges, zeros }));
        };
        let start = u64::from(table.virtual_address);
        let end = start + u64::from(table.size);
        if start < covered || end != len {
            return Err(Error::CertificateTable {
                start,
                end,
                headers_end: covered,
                file_len: len,
            });
        }
        ranges.push(covered..start);
        Ok(Some(Covered { ranges, zeros: 0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::corpus_files;
    use super::*;
    use crate::blob::MemoryBlob;
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
            let blob = MemoryBlob::new(bytes);
            let streamed = AuthenticodeDigests::of_blob(&blob).unwrap().unwrap();
            assert_eq!(streamed, Some(ours), "{}", path.display());
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
                    MAGIC_32 => CERTIFICATE_ENTRY_32 as usize,
                    _ => CERTIFICATE_ENTRY_64 as usize,
                };
            let mut unsigned = signed[..table.virtual_address as usize].to_vec();
            unsigned[entry_at..][..CERTIFICATE_ENTRY_LEN as usize].fill(0);
            let mut inputs = vec![signed];
            for extra in 0..ZEROS.len() {
                inputs.push([unsigned.as_slice(), &[0xa5; ZEROS.len()][..extra]].concat());
            }
            for bytes in inputs {
                let ours = AuthenticodeDigests::of(&bytes).unwrap().unwrap();
                let blob = MemoryBlob::new(bytes.clone());
                let streamed = AuthenticodeDigests::of_blob(&blob).unwrap().unwrap();
                assert_eq!(streamed, Some(ours), "{file}, {}", bytes.len());
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
        let whole = bytes.len() as u64;
        bytes.push(0);
        let error = AuthenticodeDigests::of(&bytes).unwrap_err();
        assert!(
            matches!(error, Error::CertificateTable { end, file_len, .. }
                if end == whole && file_len == whole + 1),
            "{error:?}"
        );
        bytes.truncate(bytes.len() - 2);
        assert!(AuthenticodeDigests::of(&bytes).is_err());
    }
}
