//! The structure check: every bin, cell, key, value, list and security record.
//!
//! Two passes (in [`walk`]) and two bitmaps with one bit for each possible
//! cell. First all bins are walked, and each allocated cell sets its bit. Then
//! the tree is walked from the root; each record that names a cell takes it,
//! and a cell can be taken once. So lists that bite their own tail end, and
//! cells that nobody named are left over. Nothing is allocated for a key or a
//! value.
//!
//! What it finds is either *fatal*: an answer would be wrong or an edit would
//! do harm, and [`Hive::open`](crate::Hive::open) refuses the hive; or it is
//! odd, known from real hives, and Windows lives with it.

mod walk;

use crate::base_block::{BaseBlock, MinorVersion};
use crate::error::Error;
use crate::offset::{BASE_BLOCK_LEN, FileOffset};

pub(crate) use walk::{MAX_DEPTH, run};

/// Most findings kept with their details; more are only counted.
const MAX_FINDINGS: usize = 10_000;

/// What a structure check counted and found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Format version.
    pub minor: MinorVersion,
    /// Key nodes reached from the root.
    pub keys: usize,
    /// Values reached.
    pub values: usize,
    /// Security records.
    pub security: usize,
    /// Keys with a class name.
    pub class_names: usize,
    /// Values whose data lies in `db` segments.
    pub big_values: usize,
    /// Values above 16344 bytes whose data lies in one cell.
    pub long_values: usize,
    /// Largest value, in bytes.
    pub largest_value: usize,
    /// Subkey lists by form.
    pub lists: ListCounts,
    /// Bins.
    pub bins: usize,
    /// Cells, free and in use.
    pub cells: usize,
    /// Cells in use that no record names.
    pub unreferenced: usize,
    /// Bytes in free cells.
    pub free_bytes: u64,
    /// Everything found, fatal or odd, up to 10,000.
    pub findings: Vec<Finding>,
    /// How many were found in all.
    pub found: usize,
}

/// Subkey lists by form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// Leaves with name hints.
    pub lf: usize,
    /// Leaves with hashes.
    pub lh: usize,
    /// Plain leaves.
    pub li: usize,
    /// Indexes of leaves.
    pub ri: usize,
}

/// One thing that a structure check found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Finding {
    /// A broken structure: what lies behind it could not be read. Fatal.
    Broken(Error),
    /// A key's name does not come after the one before it in the list.
    Order {
        /// The key.
        at: FileOffset,
    },
    /// A list element's hash or hint does not fit the key's name: a search by
    /// that name misses the key, in Windows as here.
    Hash {
        /// The key.
        at: FileOffset,
        /// What the list holds.
        stored: u32,
        /// What the name gives.
        computed: u32,
    },
    /// A key names another parent than the key whose list it is in.
    Parent {
        /// The key.
        at: FileOffset,
        /// The parent that it names.
        stored: FileOffset,
        /// The parent that it has.
        actual: FileOffset,
    },
    /// A security record counts other than the keys that name it.
    SecurityCount {
        /// The security record.
        at: FileOffset,
        /// As stored.
        stored: u32,
        /// Keys that name it.
        counted: u32,
    },
    /// A value that should be in segments lies in one cell, as tools other
    /// than Windows write it.
    LongValue {
        /// The cell with the data.
        at: FileOffset,
        /// Length of the data, in bytes.
        length: usize,
    },
    /// A cell in use that no record names.
    Unreferenced {
        /// The cell.
        at: FileOffset,
    },
}

impl Finding {
    /// Whether [`Hive::open`](crate::Hive::open) refuses the hive for it.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Finding::Broken(_))
    }
}

impl Report {
    fn new(minor: MinorVersion) -> Self {
        Report {
            minor,
            keys: 0,
            values: 0,
            security: 0,
            class_names: 0,
            big_values: 0,
            long_values: 0,
            largest_value: 0,
            lists: ListCounts::default(),
            bins: 0,
            cells: 0,
            unreferenced: 0,
            free_bytes: 0,
            findings: Vec::new(),
            found: 0,
        }
    }

    /// The first fatal finding.
    pub fn first_broken(&self) -> Option<&Error> {
        self.findings.iter().find_map(|finding| match finding {
            Finding::Broken(error) => Some(error),
            _ => None,
        })
    }

    fn add(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else if finding.is_fatal() && self.first_broken().is_none() {
            // A fatal one is never crowded out.
            self.findings.push(finding);
        }
    }
}

/// Checks the structure of a hive whatever state it is in: sequence numbers
/// and checksum do not count, and what is broken is reported, not refused.
///
/// # Errors
/// When the base block does not tell where the bins are: [`Error::NotAHive`],
/// [`Error::BaseBlockCut`], [`Error::Version`], [`Error::Kind`],
/// [`Error::BinsSize`].
pub fn check(hive: &[u8]) -> Result<Report, Error> {
    let base_block = BaseBlock::of_hive(hive, hive.len() as u64)?;
    let layout = base_block.claimed_layout()?;
    let bins = hive.get(BASE_BLOCK_LEN..).unwrap_or_default();
    let truncated = base_block.layout(hive.len() as u64).err();
    let mut report = run(
        bins.get(..layout.bins_size as usize).unwrap_or(bins),
        layout,
    );
    if let Some(error) = truncated {
        report.findings.insert(0, Finding::Broken(error));
        report.found += 1;
    }
    Ok(report)
}
