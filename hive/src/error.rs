//! What can be wrong with a hive, its logs or an edit: one variant per rule.
//!
//! Positions are file offsets, as hex editors count. The same variants are the
//! fatal findings of a structure check.

use std::io;
use std::sync::Arc;

use crate::offset::FileOffset;

/// Why a hive, a log or an edit was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not start with `regf`.
    #[error("not a registry hive: the file starts with {found:02x?}, not with `regf`")]
    NotAHive {
        /// First four bytes of the file, zero where it is shorter.
        found: [u8; 4],
    },
    /// The file ends inside the base block.
    #[error("hive ends after {length} bytes, inside its base block of 4096 bytes")]
    BaseBlockCut {
        /// Length of the file, in bytes.
        length: u64,
    },
    /// The base block's checksum is wrong: it was torn or damaged, and only a
    /// log can put it right.
    #[error("base block checksum is {stored:#010x}, its content gives {computed:#010x}")]
    Checksum {
        /// As stored at 0x1fc.
        stored: u32,
        /// XOR over the first 508 bytes.
        computed: u32,
    },
    /// The last write to the hive did not finish; its logs hold the rest.
    #[error("hive is dirty: sequence numbers are {primary} and {secondary}, its logs are needed")]
    Dirty {
        /// Counted up before a write.
        primary: u32,
        /// Counted up after it.
        secondary: u32,
    },
    /// A format version this crate does not read.
    #[error("hive format version is {major}.{minor}, expected 1.3 to 1.6")]
    Version {
        /// Major version.
        major: u32,
        /// Minor version.
        minor: u32,
    },
    /// The base block says that this is a log, or a format other than the one
    /// with direct cell offsets.
    #[error("base block holds file type {file_type} and format {format}, expected 0 and 1")]
    Kind {
        /// 0 in hives; 1, 2 and 6 in logs.
        file_type: u32,
        /// 1 in all known hives.
        format: u32,
    },
    /// The size of the bins is zero or no multiple of 4096.
    #[error("base block claims {size} bytes of bins, expected a multiple of 4096 above zero")]
    BinsSize {
        /// As stored at 0x28.
        size: u32,
    },
    /// The file ends before its bins do.
    #[error("hive is truncated: its bins end at {expected}, the file at {length}")]
    Truncated {
        /// Where the last bin ends.
        expected: FileOffset,
        /// Where the file ends.
        length: FileOffset,
    },
    /// No log can bring a dirty hive up to date.
    #[error("hive is dirty and no log can be used: {}", list(.0))]
    NoUsableLog(Vec<LogRefusal>),

    /// A bin does not start with `hbin`.
    #[error("no bin at {at}: found {found:02x?}, expected `hbin`")]
    BinSignature {
        /// Where the bin should start.
        at: FileOffset,
        /// What stands there.
        found: [u8; 4],
    },
    /// A bin claims to lie elsewhere.
    #[error("bin at {at} claims offset {found:#x}, expected {expected:#x}")]
    BinOffset {
        /// Where the bin starts.
        at: FileOffset,
        /// The offset it lies at, from the end of the base block.
        expected: u32,
        /// The offset it claims.
        found: u32,
    },
    /// A bin's size is no multiple of 4096 or leaves the hive.
    #[error("bin at {at} claims {size} bytes, expected a multiple of 4096 up to {available}")]
    BinSize {
        /// Where the bin starts.
        at: FileOffset,
        /// The size it claims.
        size: u32,
        /// Bytes from its start to the end of the bins.
        available: u32,
    },
    /// A cell's size is zero or no multiple of 8.
    #[error("cell at {at} claims {size} bytes, expected a multiple of 8 above zero")]
    CellSize {
        /// Where the cell starts.
        at: FileOffset,
        /// The size it claims.
        size: u32,
    },
    /// A cell is longer than what is left of its bin.
    #[error("cell at {at} claims {size} bytes, but its bin ends after {available}")]
    CellTooLong {
        /// Where the cell starts.
        at: FileOffset,
        /// The size it claims.
        size: u32,
        /// Bytes from its start to the end of its bin.
        available: u32,
    },

    /// A record names a cell beyond the bins.
    #[error("a record names a cell at {at}, beyond the bins that end at {end}")]
    CellOutside {
        /// Where the cell should be.
        at: FileOffset,
        /// Where the bins end.
        end: FileOffset,
    },
    /// A record names a position where no cell starts, or a free cell.
    #[error("a record names a cell at {at}, but no cell is allocated there")]
    CellNotAllocated {
        /// Where the cell should be.
        at: FileOffset,
    },
    /// A cell that may have one owner is named twice; so it is when lists bite
    /// their own tail.
    #[error("cell at {at} is named by two records")]
    CellShared {
        /// Where the cell starts.
        at: FileOffset,
    },
    /// A field that has to name a cell names none.
    #[error("record at {at} names no {what}")]
    CellMissing {
        /// Where the record's cell starts.
        at: FileOffset,
        /// What it should name.
        what: &'static str,
    },
    /// A cell holds another record than the one it is named as.
    #[error("cell at {at} starts with {found:02x?}, expected `{expected}`")]
    Signature {
        /// Where the cell starts.
        at: FileOffset,
        /// The signature that belongs there.
        expected: &'static str,
        /// What stands there.
        found: [u8; 2],
    },
    /// A record does not fit into its cell.
    #[error("{what} at {at} needs {needed} bytes, but its cell holds {available}")]
    RecordTooLong {
        /// Where the cell starts.
        at: FileOffset,
        /// The record or the part of it.
        what: &'static str,
        /// Bytes it needs.
        needed: u64,
        /// Bytes in the cell, its size field not counted.
        available: u64,
    },
    /// A UTF-16 name of an odd number of bytes.
    #[error("name in the record at {at} has {length} bytes, expected UTF-16 units of two")]
    NameOdd {
        /// Where the record's cell starts.
        at: FileOffset,
        /// Length of the name, in bytes.
        length: u16,
    },
    /// An `ri` list names another `ri` list.
    #[error("subkey list at {at} is an index of indexes, only one level is allowed")]
    ListNested {
        /// Where the inner list's cell starts.
        at: FileOffset,
    },
    /// A key's subkey count differs from what its lists hold.
    #[error("key at {at} claims {stored} subkeys, its lists hold {found}")]
    SubkeyCount {
        /// Where the key's cell starts.
        at: FileOffset,
        /// As stored in the key.
        stored: u32,
        /// Elements in its lists.
        found: u32,
    },
    /// A big value has another number of segments than its size needs.
    #[error("big data at {at} has {found} segments, {needed} are needed")]
    BigDataSegments {
        /// Where the `db` cell starts.
        at: FileOffset,
        /// Segments it claims.
        found: u16,
        /// Segments of 16344 bytes that the size needs.
        needed: u32,
    },
    /// The ring of security records is broken: a record's neighbours do not
    /// name each other, or a key names a record outside it.
    #[error("security record at {at} is not linked into the hive's ring")]
    SecurityRing {
        /// Where the record's cell starts.
        at: FileOffset,
    },
    /// Keys nested deeper than Windows allows.
    #[error("key at {at} is nested deeper than {limit} levels")]
    TooDeep {
        /// Where the key's cell starts.
        at: FileOffset,
        /// The deepest level allowed.
        limit: u16,
    },

    /// A differencing hive (1.6) was asked to change; its keys make sense only
    /// together with the hive below it.
    #[error("a differencing hive (version 1.6) is read-only")]
    Differencing,
    /// A new hive can be made in versions 1.3 and 1.5 only.
    #[error("a new hive can be of version 1.3 or 1.5, not {minor}")]
    NewVersion {
        /// The version asked for.
        minor: crate::MinorVersion,
    },
    /// The handle names no key of this hive any more.
    #[error("no key at {at}: it was deleted, or the handle belongs to another hive")]
    NoSuchKey {
        /// Where the key's cell was.
        at: FileOffset,
    },
    /// A key names a parent in whose list it is not; see
    /// [`Finding::Parent`](crate::Finding::Parent).
    #[error("key at {at} is not in the subkey list of the parent that it names at {parent}")]
    WrongParent {
        /// Where the key's cell starts.
        at: FileOffset,
        /// Where the cell of the parent it names starts.
        parent: FileOffset,
    },
    /// The root key cannot be deleted.
    #[error("the root key cannot be deleted")]
    DeleteRoot,
    /// A key name that the registry does not allow.
    #[error("key name of {length} units is not allowed: 1 to 255 units without `\\` are")]
    KeyName {
        /// UTF-16 units in the name.
        length: usize,
    },
    /// A value name longer than the registry allows.
    #[error("value name of {length} units is too long: at most {limit} are allowed")]
    ValueName {
        /// UTF-16 units in the name.
        length: usize,
        /// Most units allowed.
        limit: usize,
    },
    /// Data longer than a value of this hive version can hold.
    #[error("value data of {length} bytes is too long: at most {limit} fit")]
    ValueTooLong {
        /// Bytes asked for.
        length: usize,
        /// Most bytes possible.
        limit: usize,
    },
    /// A predefined key (a handle in disguise) holds no values of its own.
    #[error("key at {at} is a predefined handle and holds no values")]
    PredefinedKey {
        /// Where the key's cell starts.
        at: FileOffset,
    },
    /// Not a self-relative security descriptor.
    #[error("security descriptor of {length} bytes is not a self-relative one: {rule}")]
    Descriptor {
        /// Length in bytes.
        length: usize,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The hive would outgrow what its 31-bit offsets can address.
    #[error("hive would grow to {size} bytes of bins, at most {limit} are possible")]
    Full {
        /// Size it would need.
        size: u64,
        /// Largest size possible.
        limit: u64,
    },

    /// Reading or writing a file failed.
    #[error("{action}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
}

impl Error {
    /// Whether the hive is one that its logs may bring up to date: open it
    /// with [`Hive::open_with_logs`](crate::Hive::open_with_logs).
    pub fn needs_logs(&self) -> bool {
        matches!(self, Error::Dirty { .. } | Error::Checksum { .. })
    }

    pub(crate) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            action,
            source: Arc::new(source),
        }
    }
}

/// Why one log was of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogRefusal {
    /// The log is empty.
    #[error("empty")]
    Empty,
    /// The log does not start with `regf`, or ends inside its first sector.
    #[error("no base block")]
    NoBaseBlock,
    /// The checksum of the log's base block is wrong.
    #[error("base block checksum is {stored:#010x}, its content gives {computed:#010x}")]
    Checksum {
        /// As stored.
        stored: u32,
        /// As computed.
        computed: u32,
    },
    /// The file type is none of a log's.
    #[error("file type is {file_type}, expected 1, 2 or 6")]
    FileType {
        /// As stored.
        file_type: u32,
    },
    /// The base block's version or sizes make no sense.
    #[error("base block describes no hive")]
    BaseBlock,
    /// The log itself was not completely written.
    #[error("sequence numbers are {primary} and {secondary}, expected equal ones")]
    Sequence {
        /// Before the write.
        primary: u32,
        /// After the write.
        secondary: u32,
    },
    /// An old log that belongs to another state of the hive.
    #[error("last written at {found:#x}, expected {expected:#x} as in the hive")]
    OtherTime {
        /// The log's timestamp, 100 ns since 1601.
        found: u64,
        /// The hive's.
        expected: u64,
    },
    /// An old log without its dirty vector.
    #[error("no `DIRT` vector at {at}")]
    NoDirtyVector {
        /// Where it should be, in the log.
        at: FileOffset,
    },
    /// An old log that ends before its pages do.
    #[error("cut: {needed} bytes are needed, {available} are there")]
    Cut {
        /// Bytes needed.
        needed: u64,
        /// Length of the log.
        available: u64,
    },
    /// A new log whose first entry is damaged or missing.
    #[error("no valid log entry at {at}")]
    NoEntry {
        /// Where it should be, in the log.
        at: FileOffset,
    },
    /// A new log that was already applied before the hive's last write.
    #[error("entries up to {last} are older than the hive's sequence number {needed}")]
    Older {
        /// Sequence number of its last entry.
        last: u32,
        /// The hive's secondary sequence number.
        needed: u32,
    },
}

fn list(refusals: &[LogRefusal]) -> String {
    if refusals.is_empty() {
        return "there are none".to_owned();
    }
    refusals
        .iter()
        .enumerate()
        .map(|(index, refusal)| format!("log {}: {refusal}", index + 1))
        .collect::<Vec<_>>()
        .join("; ")
}
