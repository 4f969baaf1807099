//! The digests by which a catalog knows a file.
//!
//! PE images count without their own signature (Authenticode digest), every
//! other file with all its bytes. What only looks like an image, such as a
//! `.vxd`, is such another file. Cabinets are not treated specially: as
//! sources of driver files they are listed by what they hold, uncompressed.

use std::io;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::super::pe::{self, AuthenticodeDigests};
use crate::blob::{Blob, for_each_chunk};

/// SHA-1 and SHA-256 of one file, made as catalogs make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileDigests {
    /// With SHA-1.
    pub sha1: [u8; 20],
    /// With SHA-256.
    pub sha256: [u8; 32],
    /// Whether these are Authenticode digests, because the file is a PE image.
    pub is_pe: bool,
}

impl FileDigests {
    /// Computes the digests of a file from all its bytes (a compressed source
    /// must be expanded before).
    ///
    /// # Errors
    /// The file is a PE image so damaged that no Authenticode digest is defined.
    pub fn of(bytes: &[u8]) -> Result<Self, pe::Error> {
        if let Some(AuthenticodeDigests { sha1, sha256 }) = AuthenticodeDigests::of(bytes)? {
            return Ok(FileDigests {
                sha1,
                sha256,
                is_pe: true,
            });
        }
        Ok(FileDigests {
            sha1: Sha1::digest(bytes).into(),
            sha256: Sha256::digest(bytes).into(),
            is_pe: false,
        })
    }

    /// The same for content that need not lie in memory: drivers of graphics
    /// cards have files of some 100 MiB.
    ///
    /// # Errors
    /// What reading gave; the inner error as for [`FileDigests::of`].
    pub fn of_blob(blob: &dyn Blob) -> io::Result<Result<Self, pe::Error>> {
        match AuthenticodeDigests::of_blob(blob)? {
            Ok(Some(AuthenticodeDigests { sha1, sha256 })) => Ok(Ok(FileDigests {
                sha1,
                sha256,
                is_pe: true,
            })),
            Ok(None) => {
                let (mut sha1, mut sha256) = (Sha1::new(), Sha256::new());
                for_each_chunk(blob, |part| {
                    sha1.update(part);
                    sha256.update(part);
                    Ok(())
                })?;
                Ok(Ok(FileDigests {
                    sha1: sha1.finalize().into(),
                    sha256: sha256.finalize().into(),
                    is_pe: false,
                }))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}
