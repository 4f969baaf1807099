//! The signature that a program carries itself (Authenticode).
//!
//! ```text
//! certificate table, at the end of the file, entries aligned to 8 bytes:
//!     u32 length, with these eight bytes; u16 revision; u16 kind: 2 is signed data
//!     ContentInfo of signed data, whose content is
//!     SpcIndirectDataContent SEQUENCE {
//!         data           SEQUENCE
//!         messageDigest  SEQUENCE { AlgorithmIdentifier, OCTET STRING } }
//! ```
//!
//! Of several entries the first with signed data counts, as for Windows before
//! 8; the digest is that of [`pe`](crate::pe), over all but what signing changes.

use std::io;

use der::Tag;

use super::super::element::{Element, Elements};
use super::super::signed_data::SignedData;
use super::super::{DigestAlgorithm, Error, oid};
use super::algorithm::hash_function;
use super::{Fault, Signature, TrustStore};
use crate::blob::Blob;
use crate::pe::{AuthenticodeDigests, certificate_table};

/// Longest certificate table that is read, in bytes. Those of hotfixes have 6
/// to 20 KiB.
const MAX_TABLE: u64 = 1 << 20;
/// Length of an entry's own header.
const HEADER: usize = 8;
/// The kind of an entry that holds signed data.
const SIGNED_DATA: u16 = 2;

impl Signature {
    /// Judges the signature that a program carries; `None` for a program
    /// without one, and for a file that is no program.
    ///
    /// # Errors
    /// What reading gave; a program whose headers do not decode comes out as a
    /// signature that is not valid.
    pub fn of_program(blob: &dyn Blob, trust: &TrustStore) -> io::Result<Option<Signature>> {
        let table = match certificate_table(blob)? {
            Ok(Some(table)) => table,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(Signature::of_fault(Fault::Program(error)))),
        };
        let len = table.end - table.start;
        if len > MAX_TABLE {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            return Ok(Some(Signature::of_fault(Error::TooLong { len }.into())));
        }
        let mut bytes = vec![0; len as usize];
        blob.read_into(table.start, &mut bytes)?;
        let Some(entry) = signed_data(&bytes) else {
            return Ok(None);
        };
        let digests = match AuthenticodeDigests::of_blob(blob)? {
            Ok(Some(digests)) => digests,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(Signature::of_fault(Fault::Program(error)))),
        };
        let judged = judge(entry, &digests, trust);
        Ok(Some(judged.unwrap_or_else(Signature::of_fault)))
    }
}

/// The first entry of the table with signed data.
fn signed_data(mut table: &[u8]) -> Option<&[u8]> {
    loop {
        let (head, _) = table.split_at_checked(HEADER)?;
        let [a, b, c, d, _, _, low, high] = *head else {
            return None;
        };
        let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let entry = table.get(HEADER..len)?;
        if u16::from_le_bytes([low, high]) == SIGNED_DATA {
            return Some(entry);
        }
        // Never backwards: an entry is at least its header.
        table = table.get(len.next_multiple_of(8)..)?;
    }
}

fn judge(
    entry: &[u8],
    digests: &AuthenticodeDigests,
    trust: &TrustStore,
) -> Result<Signature, Fault> {
    // Zeros fill the entry up behind the structure.
    let content_info = Elements::new(entry, 0).expect("content info", Tag::Sequence)?;
    let expected = "a program's digest";
    let signed = SignedData::read(&content_info, oid::INDIRECT_DATA, expected, Tag::Sequence)?;
    let info = match signed.signer_infos.as_slice() {
        [info] => info,
        other => {
            return Err(Fault::TooMany {
                what: "signers",
                found: other.len(),
                limit: 1,
            });
        }
    };
    let mut judged = Signature::judge(&signed, info, trust);
    if judged.check.is_ok() {
        judged.check = check_digest(&signed.content, digests);
    }
    Ok(judged)
}

/// Whether the digest that was signed is the program's.
fn check_digest(content: &Element<'_>, digests: &AuthenticodeDigests) -> Result<(), Fault> {
    let mut fields = content.inside();
    fields.expect("kind of program", Tag::Sequence)?;
    let mut digest = fields.expect("program's digest", Tag::Sequence)?.inside();
    let algorithm = digest.expect("digest algorithm", Tag::Sequence)?;
    let stated = digest.expect("digest", Tag::OctetString)?;
    let found: &[u8] = match hash_function(&algorithm, "digest algorithm")? {
        DigestAlgorithm::Sha1 => &digests.sha1,
        DigestAlgorithm::Sha256 => &digests.sha256,
        _ => {
            let identifier = super::algorithm::identifier(&algorithm, "digest algorithm")?;
            return Err(Fault::UnknownAlgorithm {
                what: "digest algorithm",
                identifier,
            });
        }
    };
    match stated.value == found {
        true => Ok(()),
        false => Err(Fault::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::MemoryBlob;

    #[test]
    fn entries_are_found_and_a_table_that_lies_ends() {
        let entry = |kind: u16, data: &[u8]| {
            let len = (HEADER + data.len()) as u32;
            let mut entry = len.to_le_bytes().to_vec();
            entry.extend(0x0200_u16.to_le_bytes());
            entry.extend(kind.to_le_bytes());
            entry.extend(data);
            entry.resize(entry.len().next_multiple_of(8), 0);
            entry
        };
        let table = [entry(1, b"x509"), entry(2, b"signed"), entry(2, b"other")].concat();
        assert_eq!(signed_data(&table), Some(&b"signed"[..]));
        for bad in [
            &[][..],
            &[0; 8],
            &[7, 0, 0, 0, 0, 2, 2, 0],
            &[255; 16],
            &entry(1, b""),
        ] {
            assert_eq!(signed_data(bad), None, "{bad:?}");
        }
    }

    /// Programs of the corpus that carry a signature.
    fn signed_programs(test: &str) -> Vec<Vec<u8>> {
        let files = crate::pe::tests::corpus_files(test, &["sys", "dll", "exe"]);
        let read = files.iter().map(|path| wimwright_testdata::read(path));
        read.filter(|bytes| {
            let blob = MemoryBlob::new(bytes.clone());
            matches!(certificate_table(&blob), Ok(Ok(Some(_))))
        })
        .take(12)
        .collect()
    }

    #[test]
    fn real_programs_are_signed_and_a_changed_byte_is_seen() {
        let trust = TrustStore::default();
        let test = "real_programs_are_signed_and_a_changed_byte_is_seen";
        let programs = signed_programs(test);
        assert!(!programs.is_empty() || wimwright_testdata::corpus(test).is_none());
        for mut bytes in programs {
            let of = |bytes: &[u8]| {
                let blob = MemoryBlob::new(bytes.to_vec());
                Signature::of_program(&blob, &trust).unwrap().unwrap()
            };
            let signature = of(&bytes);
            assert_eq!(signature.check, Ok(()));
            assert!(signature.certificate().is_some());
            // In the first section's data, behind the headers.
            let middle = bytes.len() / 3;
            bytes[middle] ^= 1;
            assert_eq!(of(&bytes).check, Err(Fault::Changed));
        }
        let unsigned = wimwright_testdata::read(
            &wimwright_testdata::files().join("virtio-viostor-w10-amd64/viostor.inf"),
        );
        let none = Signature::of_program(&MemoryBlob::new(unsigned), &trust).unwrap();
        assert_eq!(none, None);
    }
}
