//! The catalogs of a package: who signed them, and what they cover.
//!
//! A catalog lists the flat digests of the `.mum` beside it and of the
//! manifests of that package; payload is covered through the digests in the
//! manifests (cbs, section 3.3).

use std::collections::HashMap;

use serde::Serialize;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::catalog::verify::{ChainEnd, Signature, TrustStore, Verdict};
use crate::catalog::{Catalog, CatalogVersion, DigestAlgorithm};
use crate::time;
use wimwright_hive::FileTime;

/// Whom to trust, and at which time to ask.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'t> {
    /// The trust anchors.
    pub anchors: &'t TrustStore,
    /// The time at which certificates have to be valid that no time stamp
    /// speaks for.
    pub now: FileTime,
}

/// What a catalog's signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatalogState {
    /// Signed, by somebody whom a trusted authority vouches for.
    Signed,
    /// It fits, but nobody who is trusted vouches for the signer.
    Untrusted,
    /// Nobody signed it.
    Unsigned,
    /// The signature does not fit, or the file is no catalog.
    Invalid,
}

/// A catalog of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageCatalog {
    /// Its path in the package.
    pub name: String,
    /// What its signature is worth.
    pub state: CatalogState,
    /// Why it is not [`CatalogState::Signed`].
    pub reason: Option<String>,
    /// Common name of the signer; a claim, unless it is signed.
    pub signer: Option<String>,
    /// The authority that the chain ends at.
    pub anchor: Option<String>,
    /// SHA-256 of the catalog: the store names it so.
    #[serde(serialize_with = "crate::hex::serialize")]
    pub sha256: [u8; 32],
    /// How many members it lists.
    pub members: usize,
}

/// The catalogs of a package, and what they list.
#[derive(Default)]
pub(super) struct Signatures {
    pub(super) catalogs: Vec<PackageCatalog>,
    /// By digest: the best catalog that lists it, with another function as
    /// stronger where it counts alone.
    listed: HashMap<Vec<u8>, usize>,
}

impl Signatures {
    /// Adds the catalog in `bytes`.
    pub(super) fn add(&mut self, name: String, bytes: &[u8], trust: Trust<'_>) {
        let read = Catalog::parse(bytes).and_then(|catalog| {
            let signature = Signature::read(bytes, trust.anchors)?;
            Ok((catalog, signature))
        });
        let mut entry = PackageCatalog {
            name,
            state: CatalogState::Invalid,
            reason: None,
            signer: None,
            anchor: None,
            sha256: Sha256::digest(bytes).into(),
            members: 0,
        };
        let (catalog, signature) = match read {
            Ok(read) => read,
            Err(error) => {
                entry.reason = Some(format!("`{}` is no catalog: {error}", entry.name));
                self.catalogs.push(entry);
                return;
            }
        };
        entry.members = catalog.members.len();
        judge(&mut entry, signature, trust);
        let at = self.catalogs.len();
        let state = entry.state;
        self.catalogs.push(entry);
        let strong_only = catalog.version == CatalogVersion::V2;
        for member in catalog.members {
            let Some(digest) = member.digest else {
                continue;
            };
            // As for drivers: where both are listed, only SHA-256 counts.
            let counts = match digest.algorithm {
                DigestAlgorithm::Sha256 => true,
                DigestAlgorithm::Sha1 => !strong_only,
                _ => false,
            };
            if counts {
                let known = self.listed.entry(digest.bytes).or_insert(at);
                if self
                    .catalogs
                    .get(*known)
                    .is_some_and(|known| known.state > state)
                {
                    *known = at;
                }
            }
        }
    }

    /// The best catalog that lists the file in `bytes`.
    pub(super) fn covering(&self, bytes: &[u8]) -> Option<usize> {
        let sha256 = self.listed.get(Sha256::digest(bytes).as_slice());
        let sha1 = || self.listed.get(Sha1::digest(bytes).as_slice());
        sha256.or_else(sha1).copied()
    }
}

fn judge(entry: &mut PackageCatalog, signature: Option<Signature>, trust: Trust<'_>) {
    let Some(signature) = signature else {
        entry.state = CatalogState::Unsigned;
        entry.reason = Some(format!("nobody signed `{}`", entry.name));
        return;
    };
    let certificate = signature.certificate();
    entry.signer = certificate.and_then(|certificate| certificate.common_name.clone());
    let anchor = signature.chain.as_ref().and_then(|chain| chain.anchor());
    entry.anchor = anchor.map(|anchor| {
        let name = anchor.name.clone();
        name.unwrap_or_else(|| anchor.source.clone())
    });
    let signer = entry.signer.as_deref().unwrap_or("somebody unnamed");
    let name = &entry.name;
    (entry.state, entry.reason) = match signature.verdict(time::to_unix_seconds(trust.now)) {
        Verdict::Trusted => (CatalogState::Signed, None),
        Verdict::Invalid(fault) => (
            CatalogState::Invalid,
            Some(format!("the signature of `{name}` is not valid: {fault}")),
        ),
        other => (
            CatalogState::Untrusted,
            Some(distrust(name, signer, &other)),
        ),
    };
}

fn distrust(name: &str, signer: &str, verdict: &Verdict) -> String {
    let signed = format!("`{signer}` signed `{name}`");
    match verdict {
        Verdict::NoAnchor(ChainEnd::SelfSigned) => {
            format!("{signed} with a certificate that nobody vouches for")
        }
        Verdict::NoAnchor(ChainEnd::NoIssuer {
            issuer: Some(issuer),
        }) => format!("{signed}, for whom `{issuer}` vouches, whom nobody here knows"),
        Verdict::NoAnchor(ChainEnd::Unfit(unfit)) => format!("{signed}, but {unfit}"),
        Verdict::NotValidThen { certificate, .. } => {
            let of = certificate.common_name.as_deref().unwrap_or("unnamed");
            let date = |seconds| time::date(time::from_unix_seconds(seconds));
            format!(
                "{signed}, but the certificate of `{of}` is valid from {} to {} only, and no \
                 trusted time stamp says that it was signed then",
                date(certificate.not_before),
                date(certificate.not_after)
            )
        }
        _ => format!("{signed}, for whom nobody known vouches"),
    }
}
