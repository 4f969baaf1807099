//! The structure check: every bin, cell, key, value, list and security record.
//!
//! Two passes and three bitmaps with one bit for each possible cell. First all
//! bins are walked, and each allocated cell sets its bit. Then the tree is
//! walked from the root; each record that names a cell takes it, and a cell
//! can be taken once. So lists that bite their own tail end, and cells that
//! nobody named are left over. Nothing is allocated for a key or a value.
//!
//! What it finds is either *fatal*: an answer would be wrong or an edit would
//! do harm, and [`Hive::open`](crate::Hive::open) refuses the hive; or it is
//! odd, known from real hives, and Windows lives with it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::base_block::{BaseBlock, Layout, MinorVersion};
use crate::big_data::{self, BigData};
use crate::bin::Bins;
use crate::cell::{BinCells, Cells};
use crate::error::Error;
use crate::key::KeyNode;
use crate::name::Name;
use crate::offset::{BASE_BLOCK_LEN, CELL_ALIGNMENT, CellOffset, FileOffset};
use crate::security::SecurityRecord;
use crate::subkeys::{List, ListKind};
use crate::value::{self, Place, ValueRecord};

/// Deepest level of keys that Windows allows, counted from the root.
pub(crate) const MAX_DEPTH: u16 = 512;

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
    /// A list element's hash or hint does not fit the key's name.
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
    let mut report = run(bins.get(..layout.bins_size as usize).unwrap_or(bins), layout);
    if let Some(error) = truncated {
        report.findings.insert(0, Finding::Broken(error));
        report.found += 1;
    }
    Ok(report)
}

/// Checks bins of which the layout is known.
pub(crate) fn run(bins: &[u8], layout: Layout) -> Report {
    let cells = Cells { bins, minor: layout.minor };
    let mut check = Check {
        cells,
        allocated: Bitmap::new(bins.len()),
        taken: Bitmap::new(bins.len()),
        ring: Vec::new(),
        strays: BTreeMap::new(),
        last_ring: 0,
        pending: Vec::new(),
        report: Report::new(layout.minor),
    };
    check.walk_bins();
    if let Err(error) = check.walk_security_ring(layout.root) {
        check.broken(error);
    }
    check.walk_tree(layout.root);
    check.count_security();
    check.count_unreferenced();
    check.report
}

/// One bit for each possible cell.
struct Bitmap(Vec<u64>);

impl Bitmap {
    fn new(bytes: usize) -> Self {
        Bitmap(vec![0; bytes.div_ceil(CELL_ALIGNMENT as usize * 64)])
    }

    #[inline]
    fn place(at: CellOffset) -> (usize, u64) {
        let cell = at.index() / CELL_ALIGNMENT as usize;
        (cell / 64, 1 << (cell % 64))
    }

    #[inline]
    fn set(&mut self, at: CellOffset) {
        let (word, bit) = Self::place(at);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    #[inline]
    fn contains(&self, at: CellOffset) -> bool {
        let (word, bit) = Self::place(at);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// A key that was found in a list and not yet walked.
struct Pending {
    at: CellOffset,
    depth: u16,
}

/// A security record in the ring.
struct Ring {
    at: CellOffset,
    stored: u32,
    counted: u32,
}

struct Check<'h> {
    cells: Cells<'h>,
    allocated: Bitmap,
    taken: Bitmap,
    /// Sorted by offset.
    ring: Vec<Ring>,
    /// Named by keys, but not in the ring: counted, stored.
    strays: BTreeMap<CellOffset, (u32, u32)>,
    /// Where the key before found its record: neighbours mostly share it.
    last_ring: usize,
    pending: Vec<Pending>,
    report: Report,
}

impl<'h> Check<'h> {
    #[cold]
    fn broken(&mut self, error: Error) {
        self.report.add(Finding::Broken(error));
    }

    fn walk_bins(&mut self) {
        let bins = self.cells.bins;
        for bin in Bins::new(bins) {
            let bin = match bin {
                Ok(bin) => bin,
                // Without its header nobody knows where the next bin starts.
                Err(error) => return self.broken(error),
            };
            self.report.bins += 1;
            for cell in BinCells::new(bins, bin) {
                match cell {
                    Ok(cell) => {
                        self.report.cells += 1;
                        if cell.is_allocated {
                            self.allocated.set(cell.at);
                        } else {
                            self.report.free_bytes += u64::from(cell.size);
                        }
                    }
                    Err(error) => self.broken(error),
                }
            }
        }
    }

    /// Takes a cell for the record that names it.
    #[inline]
    fn take(&mut self, at: CellOffset) -> Result<&'h [u8], Error> {
        let cell = self.look(at)?;
        if self.taken.contains(at) {
            return Err(Error::CellShared { at: at.in_file() });
        }
        self.taken.set(at);
        Ok(cell)
    }

    /// An allocated cell, which stays free for its owner to take.
    #[inline]
    fn look(&self, at: CellOffset) -> Result<&'h [u8], Error> {
        if !at.0.is_multiple_of(CELL_ALIGNMENT) || !self.allocated.contains(at) {
            if at.index() < self.cells.bins.len() {
                return Err(Error::CellNotAllocated { at: at.in_file() });
            }
        }
        self.cells.get(at)
    }

    fn walk_security_ring(&mut self, root: CellOffset) -> Result<(), Error> {
        let first = KeyNode::parse(self.look(root)?, root)?.security(root)?;
        let (mut at, mut previous) = (first, None);
        loop {
            let record = SecurityRecord::parse(self.take(at)?, at)?;
            record.descriptor(at)?;
            self.ring.push(Ring { at, stored: record.count(), counted: 0 });
            if previous.is_some_and(|previous| previous != record.previous()) {
                self.broken(Error::SecurityRing { at: at.in_file() });
            }
            previous = Some(at);
            at = record.next();
            if at == first {
                break;
            }
        }
        let first = SecurityRecord::parse(self.look(first)?, first)?;
        if previous != Some(first.previous()) {
            self.broken(Error::SecurityRing { at: at.in_file() });
        }
        Ok(())
    }

    fn count_key_of(&mut self, security: CellOffset) -> Result<(), Error> {
        if let Some(ring) = self.ring.get_mut(self.last_ring).filter(|ring| ring.at == security) {
            ring.counted += 1;
            return Ok(());
        }
        if let Ok(index) = self.ring.binary_search_by_key(&security, |ring| ring.at) {
            self.last_ring = index;
            if let Some(ring) = self.ring.get_mut(index) {
                ring.counted += 1;
            }
            return Ok(());
        }
        if let Some((counted, _)) = self.strays.get_mut(&security) {
            *counted += 1;
            return Ok(());
        }
        let record = SecurityRecord::parse(self.take(security)?, security)?;
        record.descriptor(security)?;
        self.strays.insert(security, (1, record.count()));
        Err(Error::SecurityRing { at: security.in_file() })
    }

    fn walk_tree(&mut self, root: CellOffset) {
        self.ring.sort_unstable_by_key(|ring| ring.at);
        let taken = self.take(root).and_then(|cell| KeyNode::parse(cell, root)?.name(root));
        if let Err(error) = taken {
            return self.broken(error);
        }
        self.pending.push(Pending { at: root, depth: 0 });
        while let Some(key) = self.pending.pop() {
            if let Err(error) = self.walk_key(&key) {
                self.broken(error);
            }
        }
    }

    /// Walks one key's own cells; its subkeys become pending.
    fn walk_key(&mut self, key: &Pending) -> Result<(), Error> {
        let at = key.at;
        let node = KeyNode::parse(self.cells.get(at)?, at)?;
        self.report.keys += 1;
        if key.depth > MAX_DEPTH {
            return Err(Error::TooDeep { at: at.in_file(), limit: MAX_DEPTH });
        }
        let security = node.security(at).and_then(|security| self.count_key_of(security));
        if let Err(error) = security {
            self.broken(error);
        }
        if let Some((class, length)) = node.class() {
            self.report.class_names += 1;
            let cell = self.take(class)?;
            value::plain_data(cell, class, length)?;
        }
        if let Err(error) = self.walk_values(node, at) {
            self.broken(error);
        }
        self.walk_subkeys(node, key)
    }

    fn walk_values(&mut self, node: KeyNode<'h>, at: CellOffset) -> Result<(), Error> {
        let Some(list) = node.value_list(at)? else {
            return Ok(());
        };
        let cell = self.take(list)?;
        for &offset in value::list_offsets(cell, list, node.value_count())? {
            let at = CellOffset(u32::from_le_bytes(offset));
            if let Err(error) = self.walk_value(at) {
                self.broken(error);
            }
        }
        Ok(())
    }

    fn walk_value(&mut self, at: CellOffset) -> Result<(), Error> {
        let record = ValueRecord::parse(self.take(at)?, at)?;
        self.report.values += 1;
        record.name(at)?;
        let Place::Cell(at, length) = record.place(at)? else {
            let length = record.data_len();
            self.report.largest_value = self.report.largest_value.max(length);
            return Ok(());
        };
        self.report.largest_value = self.report.largest_value.max(length);
        let cell = self.take(at)?;
        if value::is_segmented(self.cells.minor, length, cell.len()) {
            self.report.big_values += 1;
            return self.walk_segments(cell, at, length);
        }
        if length > big_data::SEGMENT_LEN {
            self.report.long_values += 1;
            if self.cells.minor > MinorVersion::V1_3 {
                self.report.add(Finding::LongValue { at: at.in_file(), length });
            }
        }
        value::plain_data(cell, at, length).map(drop)
    }

    fn walk_segments(&mut self, cell: &[u8], at: CellOffset, length: usize) -> Result<(), Error> {
        let record = BigData::parse(cell, at, length)?;
        let list = self.take(record.list)?;
        for (index, at) in record.segments(list)?.enumerate() {
            let cell = self.take(at)?;
            big_data::segment(cell, at, big_data::segment_len(length, index))?;
        }
        Ok(())
    }

    fn walk_subkeys(&mut self, node: KeyNode<'h>, key: &Pending) -> Result<(), Error> {
        let Some(at) = node.subkey_list(key.at)? else {
            return Ok(());
        };
        let list = List::parse(self.take(at)?, at)?;
        self.count_list(list.kind);
        let mut before = None;
        let mut found = 0;
        if list.kind == ListKind::Ri {
            for (at, _) in list.iter() {
                let leaf = self.take(at).and_then(|cell| List::parse_leaf(cell, at));
                match leaf {
                    Ok(leaf) => {
                        self.count_list(leaf.kind);
                        self.walk_leaf(leaf, key, &mut before, &mut found);
                    }
                    Err(error) => self.broken(error),
                }
            }
        } else {
            self.walk_leaf(list, key, &mut before, &mut found);
        }
        if found != node.subkey_count() {
            let stored = node.subkey_count();
            return Err(Error::SubkeyCount { at: key.at.in_file(), stored, found });
        }
        Ok(())
    }

    fn count_list(&mut self, kind: ListKind) {
        let lists = &mut self.report.lists;
        *match kind {
            ListKind::Lf => &mut lists.lf,
            ListKind::Lh => &mut lists.lh,
            ListKind::Li => &mut lists.li,
            ListKind::Ri => &mut lists.ri,
        } += 1;
    }

    fn walk_leaf(
        &mut self,
        leaf: List<'h>,
        key: &Pending,
        before: &mut Option<Name<'h>>,
        found: &mut u32,
    ) {
        for (at, help) in leaf.iter() {
            *found += 1;
            let subkey = self.take(at).and_then(|cell| {
                let node = KeyNode::parse(cell, at)?;
                Ok((node, node.name(at)?))
            });
            match subkey {
                Ok((node, name)) => {
                    self.compare_with_element(at, name, leaf.kind, help);
                    if node.parent() != key.at.0 {
                        self.report.add(Finding::Parent {
                            at: at.in_file(),
                            stored: CellOffset(node.parent()).in_file(),
                            actual: key.at.in_file(),
                        });
                    }
                    if before.is_some_and(|before| before.compare(name) != Ordering::Less) {
                        self.report.add(Finding::Order { at: at.in_file() });
                    }
                    *before = Some(name);
                    self.pending.push(Pending { at, depth: key.depth + 1 });
                }
                Err(error) => self.broken(error),
            }
        }
    }

    /// Whether the list element's help fits the key.
    fn compare_with_element(
        &mut self,
        at: CellOffset,
        name: Name<'h>,
        kind: ListKind,
        stored: u32,
    ) {
        let computed = match kind {
            ListKind::Lh => name.hash(),
            ListKind::Lf => u32::from_le_bytes(name.hint()),
            ListKind::Li | ListKind::Ri => return,
        };
        if stored != computed {
            self.report.add(Finding::Hash { at: at.in_file(), stored, computed });
        }
    }

    fn count_security(&mut self) {
        self.report.security = self.ring.len() + self.strays.len();
        let ring = self.ring.iter().map(|ring| (ring.at, ring.stored, ring.counted));
        let strays = self.strays.iter().map(|(&at, &(counted, stored))| (at, stored, counted));
        for (at, stored, counted) in ring.chain(strays) {
            if stored != counted {
                self.report.add(Finding::SecurityCount { at: at.in_file(), stored, counted });
            }
        }
    }

    fn count_unreferenced(&mut self) {
        let words = self.allocated.0.iter().zip(&self.taken.0).map(|(all, taken)| all & !taken);
        for (word, first) in words.zip((0_u32..).step_by(64)).filter(|&(word, _)| word != 0) {
            for bit in (0..64).filter(|bit| word >> bit & 1 != 0) {
                let at = CellOffset((first + bit) * CELL_ALIGNMENT);
                self.report.unreferenced += 1;
                self.report.add(Finding::Unreferenced { at: at.in_file() });
            }
        }
    }
}
