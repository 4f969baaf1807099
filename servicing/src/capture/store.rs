//! Where captured images go: a new WIM file, or one that is there.

use std::io;

use wimwright_wim::{Element, Error, Hash, Metadata, NewBlob, Update, WimWriter};

/// Contents on their way, opened as they are asked for.
pub(super) type Contents<'c> = &'c mut dyn Iterator<Item = io::Result<NewBlob>>;

/// Something that stores contents, each once, and images.
pub(super) trait Destination {
    /// Stores contents; gives their hashes in order, zero for empty ones. With
    /// `stored`, they are not compressed where that can be helped.
    fn add(&mut self, contents: Contents<'_>, stored: bool) -> Result<Vec<Hash>, Error>;

    /// Adds an image; gives its number.
    fn add_image(&mut self, metadata: Metadata, element: Element) -> Result<u32, Error>;
}

impl Destination for WimWriter {
    fn add(&mut self, contents: Contents<'_>, stored: bool) -> Result<Vec<Hash>, Error> {
        match stored {
            true => self.add_stored_blobs(contents),
            false => self.add_blobs(contents),
        }
    }

    fn add_image(&mut self, metadata: Metadata, element: Element) -> Result<u32, Error> {
        WimWriter::add_image(self, metadata, element)
    }
}

impl Destination for Update {
    /// Contents are read for their hashes now, and those that are new once more
    /// when they are written.
    fn add(&mut self, contents: Contents<'_>, _stored: bool) -> Result<Vec<Hash>, Error> {
        let mut hashes = Vec::new();
        for content in contents {
            let content = content.map_err(|source| Error::Source { source })?;
            hashes.push(self.add_blob(content)?);
        }
        Ok(hashes)
    }

    fn add_image(&mut self, metadata: Metadata, element: Element) -> Result<u32, Error> {
        Update::add_image(self, metadata, element)
    }
}
