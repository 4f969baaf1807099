//! Content in a WIM file.

use std::io;

use wimwright_wim::BlobReader;

use crate::blob::{Blob, ContentId};

/// Content in a WIM file: unpacked where it is read.
pub(super) struct WimBlob(BlobReader);

impl WimBlob {
    pub(super) fn new(reader: BlobReader) -> WimBlob {
        WimBlob(reader)
    }
}

impl Blob for WimBlob {
    fn len(&self) -> u64 {
        self.0.size()
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, buffer).map_err(|error| {
            let kind = match error {
                wimwright_wim::Error::Range { .. } => io::ErrorKind::UnexpectedEof,
                _ => io::ErrorKind::InvalidData,
            };
            io::Error::new(kind, error)
        })
    }

    /// What the file says of it: reading everything that a plan only compares
    /// would cost more than the plan.
    fn known_id(&self) -> Option<ContentId> {
        Some(ContentId {
            len: self.0.size(),
            sha1: self.0.hash().0,
        })
    }
}
