//! Catalog files (`.cat`): which files a publisher vouches for, by digest.
//!
//! A catalog is a PKCS#7 `SignedData` (RFC 2315) around a certificate trust
//! list (`CTL`, documented with CryptoAPI as `CTL_INFO`), whose subjects are
//! the digests of the package's files. The attributes' object identifiers are
//! those of `wincrypt.h`, `wintrust.h` and `mscat.h`; the shapes behind them
//! were read off real catalogs, v1 (hex text as tag, Windows 2000 on) and v2
//! (raw digest, Windows 8 on).
//!
//! ```text
//! SignedData                         signed_data
//!   certificate trust list           list: identifier, time, attributes
//!     subjects                       member: tag, digest, file name, kind
//!   certificates, signer infos       signer: who claims to have signed
//! ```
//!
//! **Nothing in [`Catalog`] says that a signature is good**: [`Signer`] repeats
//! names that anybody can write into a file. Whether the signature fits and the
//! chain is trusted are separate questions, which [`verify`] answers.
//!
//! `der` decodes headers and primitive types. The ready-made structures of
//! `cms` and `x509-cert` are not used: they decode every embedded certificate
//! before they give out anything, so that one old certificate with an odd
//! field, or the same certificate twice, would cost us the list of members.

#![deny(clippy::indexing_slicing)]

mod certificate;
mod element;
mod file_digest;
mod list;
mod member;
mod oid;
mod signed_data;
mod signer;
pub mod verify;

pub use file_digest::FileDigests;
pub use member::{Digest, DigestAlgorithm, Member, NameValue, SubjectKind};
pub use signer::{SerialNumber, Signer};

use der::{Tag, asn1::ObjectIdentifier};

use list::List;
use signed_data::SignedData;

/// Longest catalog that is read, in bytes. Catalogs of driver packages are
/// some 10 KiB long, those of a whole Windows release a few MiB; together with
/// [`MAX_MEMBERS`] this bounds the memory that a hostile file can claim.
pub const MAX_CATALOG_LEN: usize = 64 << 20;

/// Most members of one catalog. A whole Windows release has some 10,000 files
/// in one catalog; a member costs a few hundred bytes of memory, but may take
/// as little as four bytes of file.
pub const MAX_MEMBERS: usize = 1 << 18;

/// Why bytes are not a catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is longer than [`MAX_CATALOG_LEN`].
    #[error("the catalog is {len} bytes long, more than the {MAX_CATALOG_LEN} that are read")]
    TooLong {
        /// Length of the file.
        len: usize,
    },
    /// The list has more members than [`MAX_MEMBERS`].
    #[error("the list at {at:#x} has more than the {MAX_MEMBERS} members that are read")]
    TooManyMembers {
        /// File offset of the list of members.
        at: usize,
    },
    /// Bytes that are not DER, or a value that does not fit its type.
    #[error("{what} at {at:#x} is not well-formed")]
    Der {
        /// The element that was read.
        what: &'static str,
        /// Its file offset.
        at: usize,
        /// What the decoder objected to.
        #[source]
        cause: der::Error,
    },
    /// An element ends where another one has to follow.
    #[error("{what} is missing at {at:#x}")]
    Missing {
        /// The element that should be there.
        what: &'static str,
        /// File offset of the end of what holds it.
        at: usize,
    },
    /// An element of another type than the format demands.
    #[error("{what} at {at:#x} is tagged {found}, expected {expected}")]
    Tagged {
        /// The element that was read.
        what: &'static str,
        /// Its file offset.
        at: usize,
        /// The tag that the format demands.
        expected: Tag,
        /// The tag that is there.
        found: Tag,
    },
    /// An object identifier that makes this something else than a catalog.
    #[error("{what} at {at:#x} is {found}, expected {expected}")]
    Identified {
        /// The element that was read.
        what: &'static str,
        /// Its file offset.
        at: usize,
        /// What is expected, in words.
        expected: &'static str,
        /// The identifier that is there.
        found: ObjectIdentifier,
    },
    /// Text that is not in the encoding that its place demands.
    #[error("{what} at {at:#x} is not {expected} text")]
    Text {
        /// The element that was read.
        what: &'static str,
        /// Its file offset.
        at: usize,
        /// The encoding.
        expected: &'static str,
    },
    /// Bytes after the end of the structure.
    #[error("{len} bytes are left over at {at:#x}, after {what}")]
    LeftOver {
        /// The structure that ended.
        what: &'static str,
        /// File offset of the first byte after it.
        at: usize,
        /// How many bytes follow.
        len: usize,
    },
}

/// How the members of a catalog are tagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CatalogVersion {
    /// Tag is the digest as hexadecimal text, SHA-1 as a rule.
    V1,
    /// Tag is the raw digest; a file is listed once for SHA-1 and once for
    /// SHA-256.
    V2,
}

/// The contents of a catalog file, as stored: nothing here is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// How the members are tagged.
    pub version: CatalogVersion,
    /// The list's own identifier: 16 bytes in every catalog seen; empty where
    /// the list has none.
    pub list_identifier: Vec<u8>,
    /// When the list was made, in seconds since 1970, UTC. `None` where the
    /// stored time lies before that or is no time at all.
    pub this_update: Option<u64>,
    /// The members, in file order.
    pub members: Vec<Member>,
    /// Attributes of the catalog as a whole (`OS`, `HWID1`, ...), in file
    /// order, which counts the hardware ids down.
    pub attributes: Vec<NameValue>,
    /// Who claims to have signed; empty in a catalog that was never signed,
    /// one in all signed catalogs seen.
    pub signers: Vec<Signer>,
    /// How many certificates the file carries.
    pub embedded_certificates: usize,
}

impl Catalog {
    /// Reads the catalog in `bytes`, the whole file.
    ///
    /// # Errors
    /// Bytes that are no catalog. Embedded certificates are not judged: one
    /// that cannot be read only leaves names in [`Signer`] empty.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_CATALOG_LEN {
            return Err(Error::TooLong { len: bytes.len() });
        }
        let signed = SignedData::of_file(bytes)?;
        let list = List::read(&signed.content)?;
        let signers = signed.signer_infos.iter();
        let signers = signers.map(|info| Signer::read(info, &signed.certificates));

        Ok(Catalog {
            version: list.version,
            list_identifier: list.identifier,
            this_update: list.this_update,
            members: list.members,
            attributes: list.attributes,
            signers: signers.collect::<Result<_, _>>()?,
            embedded_certificates: signed.certificates.len(),
        })
    }

    /// The member that lists a file with these digests, or with one of them.
    pub fn find(&self, file: &FileDigests) -> Option<&Member> {
        self.members.iter().find(|member| {
            member
                .digest
                .as_ref()
                .is_some_and(|digest| match digest.algorithm {
                    DigestAlgorithm::Sha1 => digest.bytes == file.sha1,
                    DigestAlgorithm::Sha256 => digest.bytes == file.sha256,
                    _ => false,
                })
        })
    }

    /// The first attribute of the catalog as a whole that is named `name`
    /// (compared without ASCII case).
    pub fn attribute(&self, name: &str) -> Option<&NameValue> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests;
