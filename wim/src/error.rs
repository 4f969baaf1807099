//! What can be wrong with a WIM file: one variant per rule.
//!
//! Offsets count from the start of the file; those of metadata, where the
//! message says so, from the start of the unpacked metadata resource.

use std::fmt;
use std::io;

use crate::compress::{Codec, CodecError};
use crate::hash::Hash;

/// A position, in bytes, as hex editors count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileOffset(pub u64);

impl fmt::Display for FileOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Why a WIM file was refused, or could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system could not read.
    #[error("cannot read {what} at {at}")]
    Io {
        /// What lies there.
        what: &'static str,
        /// Where reading started.
        at: FileOffset,
        /// What the system said.
        source: io::Error,
    },
    /// The system could not write.
    #[error("cannot write {what} at {at}")]
    Write {
        /// What was to be written.
        what: &'static str,
        /// Where.
        at: FileOffset,
        /// What the system said.
        source: io::Error,
    },
    /// What was to be stored could not be read.
    #[error("cannot read the content to be stored")]
    Source {
        /// What its reader said.
        source: io::Error,
    },
    /// Somebody who was given content could not take it.
    #[error("content could not be handed over")]
    Consumer {
        /// What they said.
        source: io::Error,
    },
    /// The rule broken lies in one file of several.
    #[error("in `{file}`")]
    In {
        /// The name under which the file was handed in.
        file: String,
        /// What is wrong with it.
        source: Box<Error>,
    },

    /// The file does not start with `MSWIM`.
    #[error("not a WIM file: it starts with {found:02x?}, not with `MSWIM`")]
    NotAWim {
        /// The first eight bytes.
        found: [u8; 8],
    },
    /// wimlib's pipable form.
    #[error(
        "pipable WIM files are not supported (hint: `wimlib-imagex export` writes an ordinary one)"
    )]
    Pipable,
    /// The file ends inside the header.
    #[error("file ends after {length} bytes, inside its header of 208 bytes")]
    HeaderCut {
        /// Length of the file, in bytes.
        length: usize,
    },
    /// The header says that it has another length.
    #[error("header claims a length of {found} bytes at 0x8, expected 208")]
    HeaderSize {
        /// As stored.
        found: u32,
    },
    /// A format version that is not known.
    #[error("format version is {found:#x} at 0xc, expected 0x10d00 or 0xe00")]
    Version {
        /// As stored.
        found: u32,
    },
    /// The header says "compressed" but not how, or several ways.
    #[error("header flags are {flags:#x} at 0x10, expected exactly one codec")]
    Codec {
        /// As stored.
        flags: u32,
    },
    /// The codec has no chunks of this size.
    #[error("chunk size is {found} at 0x14, which {codec} does not have")]
    ChunkSize {
        /// The codec.
        codec: Codec,
        /// As stored.
        found: u32,
    },
    /// The part number does not exist.
    #[error("header says part {part} of {parts} at 0x28")]
    PartNumber {
        /// Number of the part.
        part: u16,
        /// How many there are.
        parts: u16,
    },
    /// The images of a split set are in its first part.
    #[error("this is part {part} of {parts}; the images are in part 1")]
    NotFirstPart {
        /// Number of the part.
        part: u16,
        /// How many there are.
        parts: u16,
    },
    /// The same part was handed in twice.
    #[error("part {part} of the set is there twice: `{first}` and `{second}`")]
    PartTwice {
        /// Number of the part.
        part: u16,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// Content lies in a part that was not handed in.
    #[error("blob {hash} is in part {part} of {parts}, which is not here")]
    PartMissing {
        /// The blob.
        hash: Hash,
        /// Number of the part.
        part: u16,
        /// How many there are.
        parts: u16,
    },
    /// The file is marked read-only.
    #[error("the file is marked read-only in its header")]
    ReadOnly,
    /// Somebody writes to the file, or was interrupted.
    #[error("the header says that a write is in progress")]
    WriteInProgress,
    /// The number of metadata resources is not that of the images.
    #[error("header claims {claimed} images, but the blob table names the metadata of {found}")]
    ImageCount {
        /// As stored at 0x2c.
        claimed: u32,
        /// Entries in the blob table.
        found: usize,
    },
    /// There is no such image.
    #[error("there is no image {index}: the file has {count}")]
    NoSuchImage {
        /// The number asked for.
        index: u32,
        /// How many there are.
        count: u32,
    },

    /// A resource leaves the file.
    #[error("{what} at {at} claims {stored} bytes, but the file ends after {length}")]
    ResourceOutside {
        /// What lies there.
        what: &'static str,
        /// Where it starts.
        at: FileOffset,
        /// Bytes that it claims to take up.
        stored: u64,
        /// Length of the file.
        length: u64,
    },
    /// A resource that is stored as it is has two lengths.
    #[error("{what} at {at} is not compressed, but claims {stored} stored bytes for {size}")]
    ResourceSize {
        /// What lies there.
        what: &'static str,
        /// Where it starts.
        at: FileOffset,
        /// Bytes that it takes up.
        stored: u64,
        /// Bytes that it has.
        size: u64,
    },
    /// A compressed resource in a file that names no codec.
    #[error("{what} at {at} is compressed, but the header names no codec")]
    NoCodec {
        /// What lies there.
        what: &'static str,
        /// Where it starts.
        at: FileOffset,
    },
    /// A table of chunks is longer than the resource.
    #[error(
        "{what} at {at} of {size} bytes needs a table of {table} bytes, but has {stored} in all"
    )]
    ChunkTable {
        /// What lies there.
        what: &'static str,
        /// Where it starts.
        at: FileOffset,
        /// Bytes that it has when unpacked.
        size: u64,
        /// Bytes of its table.
        table: u64,
        /// Bytes that it takes up.
        stored: u64,
    },
    /// A chunk lies before the one in front of it, outside, or is longer than
    /// what it holds.
    #[error("chunk {index} at {at} claims the bytes up to {end} for {plain}")]
    Chunk {
        /// Number of the chunk in its resource, from 0 on.
        index: u64,
        /// Where it starts.
        at: FileOffset,
        /// Where it ends.
        end: FileOffset,
        /// Bytes that it holds when unpacked.
        plain: u64,
    },
    /// A chunk cannot be unpacked.
    #[error("chunk {index} at {at} is damaged")]
    Decode {
        /// Number of the chunk in its resource, from 0 on.
        index: u64,
        /// Where it starts.
        at: FileOffset,
        /// The rule that it breaks.
        source: CodecError,
    },
    /// A blob comes behind, or lies in, a damaged chunk of a solid resource.
    #[error("it lies at or behind chunk {index} at {at} of a solid resource, which is damaged")]
    SolidDamaged {
        /// Where the chunk starts.
        at: FileOffset,
        /// Number of the chunk.
        index: u64,
    },
    /// A solid resource names a codec that is not known.
    #[error("solid resource at {at} names codec {found}, expected 1 to 3")]
    SolidCodec {
        /// Where it starts.
        at: FileOffset,
        /// As stored.
        found: u32,
    },
    /// A solid resource has chunks of a size that its codec does not have.
    #[error("solid resource at {at} has a chunk size of {found}, which {codec} does not have")]
    SolidChunkSize {
        /// Where it starts.
        at: FileOffset,
        /// The codec.
        codec: Codec,
        /// As stored.
        found: u32,
    },
    /// A blob does not lie in the solid resources that it is said to be in.
    #[error("blob {hash} claims {size} bytes at {offset} of solid data that end after {available}")]
    SolidBlob {
        /// The blob.
        hash: Hash,
        /// Where it starts in the solid data.
        offset: u64,
        /// Its length.
        size: u64,
        /// Length of the solid data.
        available: u64,
    },
    /// A reader asked for more than there is.
    #[error("{length} bytes at {offset} were asked for, but there are {size}")]
    Range {
        /// Where the range starts in the unpacked data.
        offset: u64,
        /// Its length.
        length: u64,
        /// What there is.
        size: u64,
    },
    /// Content is not what its hash says.
    #[error("{what} at {at} is damaged: its SHA-1 is {found}, expected {expected}")]
    HashMismatch {
        /// What lies there.
        what: &'static str,
        /// Where it starts.
        at: FileOffset,
        /// As the blob table has it.
        expected: Hash,
        /// What the bytes give.
        found: Hash,
    },
    /// Something is longer than it may be.
    #[error("{what} has {length} bytes, but at most {limit} are supported")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Its length.
        length: u64,
        /// The limit, in the same unit.
        limit: u64,
    },

    /// The blob table has no whole number of entries.
    #[error("blob table at {at} has {length} bytes, expected a multiple of 50")]
    BlobTableLength {
        /// Where it starts.
        at: FileOffset,
        /// Its length.
        length: u64,
    },
    /// The fields of the integrity table contradict each other.
    #[error(
        "integrity table at {at} of {length} bytes claims {size} bytes, {count} hashes and chunks of {chunk_size}"
    )]
    IntegrityTable {
        /// Where it starts.
        at: FileOffset,
        /// Its length.
        length: u64,
        /// The length that it claims.
        size: u32,
        /// How many hashes it claims.
        count: u32,
        /// Bytes that each hash covers.
        chunk_size: u32,
    },
    /// The integrity table covers another length.
    #[error("integrity table has {found} hashes, expected {expected}")]
    IntegrityCount {
        /// Hashes needed up to the end of the blob table.
        expected: usize,
        /// Hashes found.
        found: usize,
    },

    /// The XML data are no UTF-16LE.
    #[error("XML data at {at} are not UTF-16LE")]
    XmlEncoding {
        /// Where they start.
        at: FileOffset,
    },
    /// The XML data are no XML.
    #[error("XML data at {at} are damaged after {position} bytes of text: {reason}")]
    Xml {
        /// Where they start.
        at: FileOffset,
        /// Position in the text, in UTF-8 bytes.
        position: u64,
        /// What the parser said.
        reason: String,
    },
    /// Elements are nested too deeply.
    #[error("XML data at {at} are nested more than {limit} deep after {position} bytes of text")]
    XmlDepth {
        /// Where they start.
        at: FileOffset,
        /// Position in the text, in UTF-8 bytes.
        position: u64,
        /// The limit.
        limit: usize,
    },
    /// The root element has another name.
    #[error("root element of the XML data at {at} is `{found}`, expected `WIM`")]
    XmlRoot {
        /// Where they start.
        at: FileOffset,
        /// Its name.
        found: String,
    },

    /// The metadata end inside the security data's fixed fields.
    #[error("metadata have {length} bytes, too few for the security data")]
    SecurityCut {
        /// Length of the metadata.
        length: u64,
    },
    /// The security data are longer than the metadata.
    #[error("security data claim {claimed} bytes, but the metadata have {available}")]
    SecurityLength {
        /// As stored.
        claimed: u32,
        /// Length of the metadata.
        available: u64,
    },
    /// The security data have no room for so many descriptors.
    #[error("security data of {length} bytes claim {count} descriptors")]
    SecurityCount {
        /// As stored.
        count: u32,
        /// Length of the security data.
        length: u32,
    },
    /// A descriptor leaves the security data.
    #[error(
        "security descriptor {index} claims {claimed} bytes at {at} of the metadata, {available} are left"
    )]
    SecuritySize {
        /// Where its size stands in the metadata.
        at: FileOffset,
        /// Its number.
        index: u32,
        /// The size that it claims.
        claimed: u64,
        /// Bytes left for it.
        available: u64,
    },
    /// The root of an image is no directory.
    #[error(
        "root entry at {at} of the metadata has attributes {attributes:#x}, expected a directory"
    )]
    RootNotDirectory {
        /// Where it starts.
        at: FileOffset,
        /// Its attributes.
        attributes: u32,
    },
    /// A list of entries goes on where the metadata end.
    #[error("list of entries reaches {at}, where the metadata end")]
    DentryCut {
        /// Where the next entry would start.
        at: FileOffset,
    },
    /// An entry is too short, or longer than what is left.
    #[error("entry at {at} of the metadata claims {claimed} bytes, expected 102 to {available}")]
    DentryLength {
        /// Where it starts.
        at: FileOffset,
        /// As stored.
        claimed: u64,
        /// Bytes up to the end of the metadata.
        available: u64,
    },
    /// An entry has no room for its names, or they have half a unit.
    #[error("entry at {at} of the metadata has {length} bytes, but names of {name} and {short}")]
    DentryNameLength {
        /// Where it starts.
        at: FileOffset,
        /// Length of the entry.
        length: u64,
        /// Bytes of its name.
        name: u16,
        /// Bytes of its short name.
        short: u16,
    },
    /// No file can have this name.
    #[error("entry at {at} of the metadata has the {what} {found:?}")]
    DentryName {
        /// Where it starts.
        at: FileOffset,
        /// Name or short name.
        what: &'static str,
        /// The name.
        found: String,
    },
    /// Two entries share bytes; so it is when a directory is in itself.
    #[error("entry at {at} of the metadata uses the bytes at {shared}, which are taken")]
    DentryShared {
        /// Where it starts.
        at: FileOffset,
        /// The first byte that has an owner already.
        shared: FileOffset,
    },
    /// A stream's entry is too short or leaves the metadata.
    #[error(
        "stream entry {index} at {at} of the metadata claims {claimed} bytes and a name of {name}, {available} are left"
    )]
    StreamEntry {
        /// Where it starts.
        at: FileOffset,
        /// Its number, from 0 on.
        index: u16,
        /// As stored.
        claimed: u64,
        /// Bytes of its name.
        name: u16,
        /// Bytes up to the end of the metadata.
        available: u64,
    },
    /// A directory's list cannot be where it is said to be.
    #[error(
        "directory at {at} of the metadata has its list at {claimed:#x}, expected a multiple of 8 below {length:#x}"
    )]
    ListOffset {
        /// Where the directory's entry starts.
        at: FileOffset,
        /// As stored.
        claimed: u64,
        /// Length of the metadata.
        length: u64,
    },
    /// The tree is too deep.
    #[error("directory at {at} of the metadata lies more than {limit} deep")]
    TreeDepth {
        /// Where its entry starts.
        at: FileOffset,
        /// The limit.
        limit: usize,
    },
    /// There is no such entry, or it is no directory.
    #[error("there is no such entry at {at} of the metadata (hint: every edit may move entries)")]
    NoSuchEntry {
        /// Where it was looked for.
        at: FileOffset,
    },
    /// Parts of a set are not changed in place.
    #[error("part {part} of {parts} cannot be changed (hint: join the set first)")]
    UpdateOfPart {
        /// Number of the part.
        part: u16,
        /// How many there are.
        parts: u16,
    },
    /// Somebody else wrote to the file.
    #[error("the file was changed by somebody else since it was opened")]
    Changed,
    /// Only a single file can be split.
    #[error("only a single file can be split, not {files} files or part of a set of {parts}")]
    SplitOfParts {
        /// How many files are open.
        files: usize,
        /// How many parts the set has.
        parts: u16,
    },
    /// Parts of the set were not handed in.
    #[error("parts {} of {parts} are not here", numbers(missing))]
    PartsMissing {
        /// Their numbers.
        missing: Vec<u16>,
        /// How many there are.
        parts: u16,
    },
    /// The parts of a set are not packed alike.
    #[error(
        "`{file}` is packed with {} chunks of {chunk_size}, the first part with {} chunks of {expected_chunk_size}",
        codec_name(*codec), codec_name(*expected)
    )]
    OtherPacking {
        /// Name of the part.
        file: String,
        /// Its codec.
        codec: Option<Codec>,
        /// Its chunk size.
        chunk_size: u32,
        /// The codec of the part with the images.
        expected: Option<Codec>,
        /// The chunk size of the part with the images.
        expected_chunk_size: u32,
    },
    /// An image names content that was not stored.
    #[error("entry `{name}` at {at} of the metadata names content {hash}, which was not stored")]
    NotStored {
        /// The content.
        hash: Hash,
        /// Where the entry starts.
        at: FileOffset,
        /// Its name.
        name: String,
    },
    /// A codec could not be set up.
    #[error("cannot compress")]
    Encoder {
        /// Why.
        source: CodecError,
    },
}

/// What messages call a codec, or none.
fn codec_name(codec: Option<Codec>) -> String {
    codec.map_or_else(|| "uncompressed".to_owned(), |codec| codec.to_string())
}

/// Numbers with commas between.
fn numbers(numbers: &[u16]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u16::to_string).collect();
    numbers.join(", ")
}

impl Error {
    pub(crate) fn io(what: &'static str, at: FileOffset, source: io::Error) -> Error {
        Error::Io { what, at, source }
    }

    /// Adds the name of the file, where several are open.
    pub(crate) fn in_file(self, file: &str) -> Error {
        Error::In {
            file: file.to_owned(),
            source: Box::new(self),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error {
            Error::Io { source, .. } | Error::Write { source, .. } => source.kind(),
            Error::Range { .. } => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
