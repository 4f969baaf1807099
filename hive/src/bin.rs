//! Bins (`hbin`): the pieces of at least 4096 bytes that hold the cells.
//!
//! Bins follow each other without gaps from the end of the base block; each
//! says where it lies and how long it is. A cell never crosses from one bin
//! into the next.

use crate::error::Error;
use crate::field::{le_u32, le_u64};
use crate::hive::FileTime;
use crate::offset::CellOffset;

/// Length of a bin's header, in bytes.
pub(crate) const BIN_HEADER_LEN: u32 = 32;

/// A bin is a multiple of this, in bytes.
pub(crate) const BIN_ALIGNMENT: u32 = 4096;

/// Signature of a bin.
pub(crate) const SIGNATURE: [u8; 4] = *b"hbin";

/// One bin, found by walking from the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bin {
    /// Where it starts, in bytes from the end of the base block.
    pub(crate) start: u32,
    /// Its length with header, in bytes.
    pub(crate) size: u32,
}

/// The timestamp that the first bin's header holds.
pub(crate) fn first_bin_time(bins: &[u8]) -> Option<FileTime> {
    let header: &[u8; 32] = bins.first_chunk()?;
    (*header.first_chunk::<4>()? == SIGNATURE).then(|| FileTime(le_u64::<20, 24, 32>(header)))
}

/// Walks the bins in order; ends after the first error.
pub(crate) struct Bins<'h> {
    bins: &'h [u8],
    next: u32,
}

impl<'h> Bins<'h> {
    pub(crate) fn new(bins: &'h [u8]) -> Self {
        Bins { bins, next: 0 }
    }

    fn read(&self, start: u32) -> Result<Bin, Error> {
        let at = CellOffset(start).in_file();
        let rest = self
            .bins
            .get(CellOffset(start).index()..)
            .unwrap_or_default();
        // Bins are a multiple of 4096 bytes, so a started one has its header.
        let header: &[u8; 32] = rest
            .first_chunk()
            .ok_or(Error::BinSignature { at, found: [0; 4] })?;
        let found = *header.first_chunk().unwrap_or(&[0; 4]);
        if found != SIGNATURE {
            return Err(Error::BinSignature { at, found });
        }
        let claimed = le_u32::<4, 32>(header);
        if claimed != start {
            return Err(Error::BinOffset {
                at,
                expected: start,
                found: claimed,
            });
        }
        let size = le_u32::<8, 32>(header);
        let available = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        if size == 0 || !size.is_multiple_of(BIN_ALIGNMENT) || size > available {
            return Err(Error::BinSize {
                at,
                size,
                available,
            });
        }
        Ok(Bin { start, size })
    }
}

impl Iterator for Bins<'_> {
    type Item = Result<Bin, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if CellOffset(self.next).index() >= self.bins.len() {
            return None;
        }
        let bin = self.read(self.next);
        self.next = match bin {
            Ok(bin) => bin.start + bin.size,
            Err(_) => u32::MAX,
        };
        Some(bin)
    }
}

/// The header of a new bin.
pub(crate) fn header(start: u32, size: u32) -> [u8; 32] {
    let mut header = [0; 32];
    let fields = [u32::from_le_bytes(SIGNATURE), start, size];
    for (bytes, field) in header.as_chunks_mut::<4>().0.iter_mut().zip(fields) {
        *bytes = field.to_le_bytes();
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_follow_each_other_and_stop_at_the_first_wrong_one() {
        let mut bins = vec![0; 0x4000];
        bins[..32].copy_from_slice(&header(0, 0x1000));
        bins[0x1000..0x1020].copy_from_slice(&header(0x1000, 0x2000));
        let found: Vec<_> = Bins::new(&bins).collect();
        assert!(matches!(
            found.as_slice(),
            [
                Ok(Bin {
                    start: 0,
                    size: 0x1000
                }),
                Ok(Bin {
                    start: 0x1000,
                    size: 0x2000
                }),
                Err(Error::BinSignature { .. })
            ]
        ));
        bins[0x3000..0x3020].copy_from_slice(&header(0x3000, 0x2000));
        assert!(matches!(
            Bins::new(&bins).nth(2),
            Some(Err(Error::BinSize {
                size: 0x2000,
                available: 0x1000,
                ..
            }))
        ));
    }
}
