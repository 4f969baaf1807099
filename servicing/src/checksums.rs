//! Checksums of a file's bytes, as bills of materials name files by them.
//!
//! Not what a catalog knows a file by: there a program counts without its own
//! signature (`catalog::FileDigests`).

use std::io;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::blob::{Blob, for_each_chunk};
use crate::hex::Hex;

/// Length and checksums of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Checksums {
    /// Length in bytes.
    pub len: u64,
    /// SHA-1.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Checksums {
    /// Reads the content once, piece by piece.
    ///
    /// # Errors
    /// What reading gave.
    pub fn of_blob(blob: &dyn Blob) -> io::Result<Checksums> {
        let (mut sha1, mut sha256) = (Sha1::new(), Sha256::new());
        for_each_chunk(blob, |part| {
            sha1.update(part);
            sha256.update(part);
            Ok(())
        })?;
        Ok(Checksums {
            len: blob.len(),
            sha1: sha1.finalize().into(),
            sha256: sha256.finalize().into(),
        })
    }

    /// The SHA-1 as 40 hexadecimal digits.
    pub fn sha1_hex(&self) -> String {
        Hex(&self.sha1).to_string()
    }

    /// The SHA-256 as 64 hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        Hex(&self.sha256).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::MemoryBlob;

    #[test]
    fn checksums_are_those_of_the_standards() {
        // FIPS 180's example.
        let found = Checksums::of_blob(&MemoryBlob::new(*b"abc")).unwrap();
        assert_eq!(found.len, 3);
        assert_eq!(found.sha1_hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            found.sha256_hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        // Longer than one piece.
        let long: Vec<u8> = (0..600_000_u32).map(|number| number as u8).collect();
        let found = Checksums::of_blob(&MemoryBlob::new(long.clone())).unwrap();
        assert_eq!(found.sha1, <[u8; 20]>::from(Sha1::digest(&long)));
        assert_eq!(found.sha256, <[u8; 32]>::from(Sha256::digest(&long)));
    }
}
