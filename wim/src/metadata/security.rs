//! Security data: the descriptors of an image, each stored once, at the start
//! of its metadata resource.
//!
//! The descriptors themselves are bytes to this crate.

use crate::error::{Error, FileOffset};
use crate::field::{align8, u32_at, u64_at};

/// Bytes before the sizes.
const FIXED: u64 = 8;

/// Where the descriptors lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SecurityTable {
    /// Start and end of each descriptor.
    ranges: Vec<(u32, u32)>,
    /// Where the tree starts.
    pub(super) end: u32,
    /// Bytes between the last descriptor and the end, padding included.
    pub(super) slack: u32,
}

impl SecurityTable {
    /// Reads the table at the start of a metadata resource.
    pub(super) fn parse(bytes: &[u8]) -> Result<SecurityTable, Error> {
        let cut = Error::SecurityCut {
            length: bytes.len() as u64,
        };
        let Some((total, count)) = u32_at(bytes, 0).zip(u32_at(bytes, 4)) else {
            return Err(cut);
        };
        // Images without descriptors may claim a length of zero.
        let end = align8(u64::from(total)).unwrap_or(u64::MAX).max(FIXED);
        if end > bytes.len() as u64 {
            return Err(Error::SecurityLength {
                claimed: total,
                available: bytes.len() as u64,
            });
        }
        let mut at = FIXED + u64::from(count) * 8;
        if at > end {
            return Err(Error::SecurityCount {
                count,
                length: total,
            });
        }
        let mut ranges = Vec::with_capacity(count as usize);
        for index in 0..count {
            let size = u64_at(bytes, FIXED as usize + index as usize * 8).unwrap_or(u64::MAX);
            let stop = at.checked_add(size).filter(|stop| *stop <= end);
            let stop = stop.ok_or(Error::SecuritySize {
                at: FileOffset(FIXED + u64::from(index) * 8),
                index,
                claimed: size,
                available: end - at,
            })?;
            ranges.push((at as u32, stop as u32));
            at = stop;
        }
        Ok(SecurityTable {
            ranges,
            end: end as u32,
            slack: (end - at) as u32,
        })
    }

    pub(super) fn len(&self) -> u32 {
        self.ranges.len() as u32
    }

    /// The descriptor with this number.
    pub(super) fn get<'a>(&self, bytes: &'a [u8], index: u32) -> Option<&'a [u8]> {
        let (start, end) = *self.ranges.get(index as usize)?;
        bytes.get(start as usize..end as usize)
    }
}

/// The stored form of these descriptors, padded to 8 bytes.
///
/// # Errors
/// [`Error::TooLong`] when they have more bytes than the length field can say.
pub(super) fn to_bytes(descriptors: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let sizes = descriptors.iter().map(|descriptor| descriptor.len() as u64);
    let length = FIXED + descriptors.len() as u64 * 8 + sizes.clone().sum::<u64>();
    let length = length.next_multiple_of(8);
    let total = u32::try_from(length).map_err(|_| Error::TooLong {
        what: "security data",
        length,
        limit: u64::from(u32::MAX),
    })?;
    let mut bytes = Vec::with_capacity(total as usize);
    bytes.extend_from_slice(&total.to_le_bytes());
    bytes.extend_from_slice(&(descriptors.len() as u32).to_le_bytes());
    for size in sizes {
        bytes.extend_from_slice(&size.to_le_bytes());
    }
    for descriptor in descriptors {
        bytes.extend_from_slice(descriptor);
    }
    bytes.resize(total as usize, 0);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_come_back_as_they_were() {
        let descriptors = [vec![1; 20], vec![], vec![2; 3]];
        let bytes = to_bytes(&descriptors).unwrap();
        assert_eq!(bytes.len(), 56);
        let table = SecurityTable::parse(&bytes).unwrap();
        assert_eq!((table.len(), table.end, table.slack), (3, 56, 1));
        for (index, descriptor) in descriptors.iter().enumerate() {
            assert_eq!(table.get(&bytes, index as u32), Some(descriptor.as_slice()));
        }
        assert_eq!(table.get(&bytes, 3), None);
        let none = SecurityTable::parse(&[0; 8]).unwrap();
        assert_eq!((none.len(), none.end), (0, 8));
    }

    #[test]
    fn claims_are_checked() {
        let good = to_bytes(&[vec![1; 20], vec![2; 3]]).unwrap();
        for (at, value, rule) in [
            (0, 57, "claim 57 bytes"),
            (4, 7, "7 descriptors"),
            (4, u32::MAX, "descriptors"),
            (8, 22, "descriptor 1"),
            (8, 25, "descriptor 0"),
            (12, 1, "descriptor 0"),
            (20, u32::MAX, "descriptor 1"),
        ] {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
            let found = SecurityTable::parse(&bytes).unwrap_err().to_string();
            assert!(found.contains(rule), "{value} at {at}: {found}");
        }
        assert!(SecurityTable::parse(&good[..7]).is_err());
    }
}
