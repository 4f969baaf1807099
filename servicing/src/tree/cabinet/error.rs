//! What can be wrong with a cabinet, one variant for each rule.

use std::io;

use wimwright_wim::compress::CodecError;

use super::names::NameFault;

/// Why a cabinet cannot be read. Positions are bytes from its start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CabinetError {
    /// The file around it cannot be read.
    #[error("the cabinet cannot be read")]
    Read(#[from] io::Error),
    /// It begins with something else.
    #[error("no cabinet: it begins with {start:02x?}, expected `MSCF`")]
    Signature {
        /// The first bytes, four at most.
        start: Vec<u8>,
    },
    /// There is one format.
    #[error("the cabinet has format {major}.{minor}, expected 1.3")]
    Version {
        /// Number before the dot.
        major: u8,
        /// Number behind it.
        minor: u8,
    },
    /// It ends inside a structure.
    #[error("the cabinet ends at {len:#x}, inside {structure} at {at:#x}")]
    Truncated {
        /// Which structure.
        structure: &'static str,
        /// Where the structure begins.
        at: u64,
        /// Where the cabinet ends.
        len: u64,
    },
    /// The header claims more than there is.
    #[error("the cabinet claims {claimed} bytes, but {len} are there")]
    Length {
        /// What the header says.
        claimed: u32,
        /// What is there.
        len: u64,
    },
    /// A cabinet has at least one folder and one file.
    #[error("the cabinet holds no {what}")]
    Empty {
        /// `folder` or `file`.
        what: &'static str,
    },
    /// A text has at most 255 bytes.
    #[error("{what} at {at:#x} does not end within 255 bytes")]
    LongText {
        /// Which text.
        what: &'static str,
        /// Where it begins.
        at: u64,
    },
    /// A file of it is not as it has to be.
    #[error("member `{name}`")]
    Member {
        /// The file's name, as far as it can be read.
        name: String,
        /// What is wrong.
        #[source]
        source: MemberError,
    },
    /// It is a part of a set, and was asked for alone.
    #[error("the cabinet is one of several parts; `{wanted}` is the next")]
    PartOfSet {
        /// The name that it gives of a part beside it.
        wanted: String,
    },
    /// A part of the set is not there.
    #[error("`{by}` goes on in `{wanted}`, which is not beside it")]
    MissingPart {
        /// The part that names it.
        by: String,
        /// Its name.
        wanted: String,
    },
    /// A part is no cabinet.
    #[error("part `{name}`")]
    Part {
        /// The part's name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: Box<CabinetError>,
    },
    /// A part of another set has the name.
    #[error("`{name}` is part of set {found}, expected set {expected}")]
    OtherSet {
        /// The part's name.
        name: String,
        /// The number of its set.
        found: u16,
        /// The number of the set that it was looked up for.
        expected: u16,
    },
    /// The names of the parts lead in a circle.
    #[error("the parts of the set lead back to `{name}`")]
    Circle {
        /// The part that was met again.
        name: String,
    },
    /// More parts than [`MAX_PARTS`](super::MAX_PARTS).
    #[error("the set has more than {most} parts")]
    TooManyParts {
        /// The limit.
        most: usize,
    },
    /// More files than [`MAX_MEMBERS`](super::MAX_MEMBERS).
    #[error("it lists more than {most} files")]
    TooManyMembers {
        /// The limit.
        most: usize,
    },
    /// More directories than [`MAX_DIRECTORIES`](super::MAX_DIRECTORIES).
    #[error("the names of its files make more than {most} directories")]
    TooManyDirectories {
        /// The limit.
        most: usize,
    },
    /// Two neighbours of a set do not agree on the folder that goes from one
    /// into the other.
    #[error("`{name}` does not go on where `{by}` ends: {what}")]
    Joint {
        /// The part in front.
        by: String,
        /// The part behind.
        name: String,
        /// Where they differ.
        what: &'static str,
    },
    /// All files together claim more than [`MAX_EXPANDED`](super::MAX_EXPANDED).
    #[error("its files claim {claimed} bytes together, more than {most}")]
    TooLarge {
        /// What they claim.
        claimed: u64,
        /// The limit.
        most: u64,
    },
}

/// What is wrong with one file of a cabinet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemberError {
    /// It names a folder that is not there.
    #[error("it is in folder {folder}, but there are {count}")]
    NoFolder {
        /// The number of the folder, from 0 on.
        folder: u16,
        /// How many there are.
        count: usize,
    },
    /// It goes on in or comes from a part, but there is none.
    #[error("it goes over into another part, but the cabinet names none")]
    NoPart,
    /// It ends where its folder cannot.
    #[error("it ends at byte {end} of folder {folder}, which has at most {most}")]
    BeyondFolder {
        /// Number of the folder, from 0 on.
        folder: usize,
        /// Where it ends.
        end: u64,
        /// What the folder's data blocks can hold.
        most: u64,
    },
    /// Its name is no path inside a directory.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// Its folder is compressed in a way that is not read.
    #[error("folder {folder} is compressed with {method}, which is not read")]
    Method {
        /// Number of the folder, from 0 on.
        folder: usize,
        /// Name of the method.
        method: String,
    },
    /// Its folder is damaged.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// What was to be done with it failed.
    #[error("it cannot be taken out")]
    Use(#[source] io::Error),
}

/// What is wrong with a folder's data.
#[derive(Debug, thiserror::Error)]
#[error("data block {block} of folder {folder}")]
pub struct FolderError {
    /// Number of the folder, from 0 on.
    pub folder: usize,
    /// Number of the data block, from 0 on.
    pub block: u32,
    /// What is wrong with it.
    #[source]
    pub source: BlockError,
}

/// What is wrong with a data block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The file around it cannot be read.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// The cabinet ends inside it.
    #[error("the cabinet ends at {len:#x}, inside the block at {at:#x}")]
    Truncated {
        /// Where the block begins.
        at: u64,
        /// Where the cabinet ends.
        len: u64,
    },
    /// Its checksum is another.
    #[error("its checksum is {computed:08x}, expected {stored:08x}")]
    Checksum {
        /// The one in the block.
        stored: u32,
        /// The one of its bytes.
        computed: u32,
    },
    /// A block holds at most 32 KiB.
    #[error("it claims {claimed} plain bytes, more than 32768")]
    TooLong {
        /// What it claims.
        claimed: u16,
    },
    /// Only the last block of a compressed folder holds less than 32 KiB.
    #[error("the block before has {found} plain bytes, but only the last may have less than 32768")]
    ShortBefore {
        /// What the block before has.
        found: usize,
    },
    /// Pieces of one block are longer than any block.
    #[error("the pieces of it that lie in several parts have {found} bytes, more than 65535")]
    LongPieces {
        /// Their length.
        found: usize,
    },
    /// A block begins in a part and does not go on in the next one.
    #[error("it has to go on in the next part, but the folder ends")]
    HalfBlock,
    /// MSZIP blocks begin with `CK`.
    #[error("it begins with {start:02x?}, expected `CK`")]
    Magic {
        /// The first bytes, two at most.
        start: Vec<u8>,
    },
    /// The deflate stream of an MSZIP block is damaged.
    #[error("its deflate stream is damaged: {fault}")]
    Deflate {
        /// What the decoder says.
        fault: String,
    },
    /// It gives another number of plain bytes than it claims.
    #[error("it gives {found} plain bytes, expected {claimed}")]
    PlainLength {
        /// What it gives.
        found: usize,
        /// What it claims.
        claimed: usize,
    },
    /// The LZX stream is damaged.
    #[error("its LZX stream is damaged")]
    Lzx(#[source] CodecError),
    /// The folder has no more blocks.
    #[error("there is none: the folder ends after {found} plain bytes, expected {wanted}")]
    FolderEnds {
        /// How many bytes there are.
        found: u64,
        /// How many are wanted.
        wanted: u64,
    },
}
