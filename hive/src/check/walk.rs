//! The two passes of the structure check: over all bins, then over the tree.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::base_block::{Layout, MinorVersion};
use crate::big_data::{self, BigData};
use crate::bin::Bins;
use crate::bits::Bits;
use crate::cell::{BinCells, Cells};
use crate::error::Error;
use crate::key::KeyNode;
use crate::name::Name;
use crate::offset::{CELL_ALIGNMENT, CellOffset};
use crate::security::SecurityRecord;
use crate::subkeys::{List, ListKind};
use crate::value::{self, Place, ValueRecord};

use super::{Finding, Report};

/// Deepest level of keys that Windows allows, counted from the root.
pub(crate) const MAX_DEPTH: u16 = 512;

/// Checks bins of which the layout is known.
pub(crate) fn run(bins: &[u8], layout: Layout) -> Report {
    let cells = Cells {
        bins,
        minor: layout.minor,
    };
    let mut check = Check {
        cells,
        allocated: Bits::with_room(bins.len() / CELL_ALIGNMENT as usize),
        taken: Bits::with_room(bins.len() / CELL_ALIGNMENT as usize),
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

/// The number of a place where a cell can start.
#[inline]
fn unit(at: CellOffset) -> usize {
    at.index() / CELL_ALIGNMENT as usize
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
    allocated: Bits,
    taken: Bits,
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
                            self.allocated.insert(unit(cell.at));
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
        if self.taken.contains(unit(at)) {
            return Err(Error::CellShared { at: at.in_file() });
        }
        self.taken.insert(unit(at));
        Ok(cell)
    }

    /// An allocated cell, which stays free for its owner to take.
    #[inline]
    fn look(&self, at: CellOffset) -> Result<&'h [u8], Error> {
        let is_cell = at.0.is_multiple_of(CELL_ALIGNMENT) && self.allocated.contains(unit(at));
        if !is_cell && at.index() < self.cells.bins.len() {
            return Err(Error::CellNotAllocated { at: at.in_file() });
        }
        self.cells.get(at)
    }

    fn walk_security_ring(&mut self, root: CellOffset) -> Result<(), Error> {
        let first = KeyNode::parse(self.look(root)?, root)?.security(root)?;
        let (mut at, mut previous) = (first, None);
        loop {
            let record = SecurityRecord::parse(self.take(at)?, at)?;
            record.descriptor(at)?;
            self.ring.push(Ring {
                at,
                stored: record.count(),
                counted: 0,
            });
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
        if let Some(ring) = self
            .ring
            .get_mut(self.last_ring)
            .filter(|ring| ring.at == security)
        {
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
        Err(Error::SecurityRing {
            at: security.in_file(),
        })
    }

    fn walk_tree(&mut self, root: CellOffset) {
        self.ring.sort_unstable_by_key(|ring| ring.at);
        let taken = self
            .take(root)
            .and_then(|cell| KeyNode::parse(cell, root)?.name(root));
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
            return Err(Error::TooDeep {
                at: at.in_file(),
                limit: MAX_DEPTH,
            });
        }
        let security = node
            .security(at)
            .and_then(|security| self.count_key_of(security));
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
                self.report.add(Finding::LongValue {
                    at: at.in_file(),
                    length,
                });
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
            return Err(Error::SubkeyCount {
                at: key.at.in_file(),
                stored,
                found,
            });
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
                    self.pending.push(Pending {
                        at,
                        depth: key.depth + 1,
                    });
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
            self.report.add(Finding::Hash {
                at: at.in_file(),
                stored,
                computed,
            });
        }
    }

    fn count_security(&mut self) {
        self.report.security = self.ring.len() + self.strays.len();
        let ring = self
            .ring
            .iter()
            .map(|ring| (ring.at, ring.stored, ring.counted));
        let strays = self
            .strays
            .iter()
            .map(|(&at, &(counted, stored))| (at, stored, counted));
        for (at, stored, counted) in ring.chain(strays) {
            if stored != counted {
                self.report.add(Finding::SecurityCount {
                    at: at.in_file(),
                    stored,
                    counted,
                });
            }
        }
    }

    fn count_unreferenced(&mut self) {
        for unit in self.allocated.without(&self.taken).iter() {
            let at = u32::try_from(unit * CELL_ALIGNMENT as usize)
                .map_or(CellOffset(u32::MAX), CellOffset);
            self.report.unreferenced += 1;
            self.report.add(Finding::Unreferenced { at: at.in_file() });
        }
    }
}
