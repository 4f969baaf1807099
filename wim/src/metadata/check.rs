//! The walk over a whole tree before the first question is answered.
//!
//! Every entry has to lie in the resource, aligned, and apart from all others.
//! That also bounds the walk: a list that is named twice, or by one of its own
//! entries, would be read twice.

use super::Metadata;
use super::dentry::{Dentry, Found};
use crate::error::{Error, FileOffset};
use crate::utf16::Utf16;

/// Deepest tree read: a path of 32,767 units has fewer names.
const MAX_DEPTH: usize = 16_384;

/// Checks the tree; gives the number of its entries.
pub(super) fn check(metadata: &Metadata) -> Result<u64, Error> {
    let bytes = metadata.bytes();
    let mut used = Used::new(bytes.len());
    used.take(0, metadata.security.end)?;
    let Some(root) = metadata.root() else {
        return Ok(0);
    };
    let root_at = FileOffset(root.id().offset());
    if !root.is_directory() {
        return Err(Error::RootNotDirectory {
            at: root_at,
            attributes: root.attributes(),
        });
    }
    used.take(root.id().0, root.next())?;
    let mut count = 1;
    let mut lists = vec![(root.subdir(), root_at)];
    // Entries still to come of the lists above, so that the depth is known.
    let mut depth_ends = Vec::new();
    while let Some((list, parent)) = lists.pop() {
        while depth_ends.last().is_some_and(|end| *end > lists.len()) {
            depth_ends.pop();
        }
        if list == 0 {
            continue;
        }
        depth_ends.push(lists.len());
        if depth_ends.len() > MAX_DEPTH {
            return Err(Error::TreeDepth {
                at: parent,
                limit: MAX_DEPTH,
            });
        }
        let mut at = u32::try_from(list)
            .ok()
            .filter(|at| (*at as usize) < bytes.len() && at.is_multiple_of(8))
            .ok_or(Error::ListOffset {
                at: parent,
                claimed: list,
                length: bytes.len() as u64,
            })?;
        while let Found::Dentry(dentry) = Dentry::read(bytes, at)? {
            used.take(at, dentry.next())?;
            count += 1;
            check_name(dentry.name(), "name", at)?;
            if !dentry.short_name().is_empty() {
                check_name(dentry.short_name(), "short name", at)?;
            }
            if dentry.is_directory() {
                lists.push((dentry.subdir(), FileOffset(u64::from(at))));
            }
            at = dentry.next();
        }
    }
    Ok(count)
}

/// A name has at least one unit, no separator, no NUL, and is not `.` or `..`.
fn check_name(name: Utf16<'_>, what: &'static str, at: u32) -> Result<(), Error> {
    let bad = name.units().any(|unit| matches!(unit, 0 | 0x2F | 0x5C));
    if bad || name.is_empty() || name == "." || name == ".." {
        return Err(Error::DentryName {
            at: FileOffset(u64::from(at)),
            what,
            found: name.to_string(),
        });
    }
    Ok(())
}

/// Which 8-byte units of the resource have an owner: one bit for each.
struct Used(Vec<u64>);

impl Used {
    fn new(length: usize) -> Used {
        Used(vec![0; length / 512 + 1])
    }

    /// Takes a range whose ends are multiples of 8.
    fn take(&mut self, start: u32, end: u32) -> Result<(), Error> {
        for unit in start / 8..end.div_ceil(8) {
            let word = self.0.get_mut(unit as usize / 64);
            let bit = 1_u64 << (unit % 64);
            match word {
                Some(word) if *word & bit == 0 => *word |= bit,
                _ => {
                    return Err(Error::DentryShared {
                        at: FileOffset(u64::from(start)),
                        shared: FileOffset(u64::from(unit) * 8),
                    });
                }
            }
        }
        Ok(())
    }
}
