//! How resources are stored.

use crate::compress::{Codec, Level};
use crate::error::Error;
use crate::header::HeaderFlags;

/// How the resources of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// The codec; `None` stores everything as it is.
    pub codec: Option<Codec>,
    /// Plain bytes in each chunk; 0 without a codec.
    pub chunk_size: u32,
    /// How hard the encoder works.
    pub level: Level,
}

impl Packing {
    /// Everything as it is.
    pub const STORED: Packing = Packing {
        codec: None,
        chunk_size: 0,
        level: Level::Normal,
    };

    /// A codec with chunks of 32 KiB, as Windows has them.
    pub fn new(codec: Codec) -> Packing {
        Packing {
            codec: Some(codec),
            chunk_size: 32_768,
            level: Level::Normal,
        }
    }

    /// Checks that the codec can be written with chunks of this size.
    ///
    /// # Errors
    /// [`Error::Encoder`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Some(codec) = self.codec else {
            return Ok(());
        };
        crate::compress::Encoder::new(codec, self.chunk_size, self.level)
            .map(drop)
            .map_err(|source| Error::Encoder { source })
    }

    /// What the header says of it.
    pub(crate) fn flags(&self) -> HeaderFlags {
        match self.codec {
            None => HeaderFlags::empty(),
            Some(Codec::Xpress) => HeaderFlags::COMPRESSED | HeaderFlags::XPRESS,
            Some(Codec::Lzx) => HeaderFlags::COMPRESSED | HeaderFlags::LZX,
            Some(Codec::Lzms) => HeaderFlags::COMPRESSED | HeaderFlags::LZMS,
        }
    }
}
