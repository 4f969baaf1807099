//! From a signer's certificate up to a trust anchor, or as far as it goes.
//!
//! Issuers are found by name, exactly as encoded, and proved by signature.
//! RFC 5280, section 6.1, without what no code signing authority uses: name
//! constraints and policy mappings. A critical extension that is not understood
//! ends the chain. Revocation is not looked at: that needs a network.
//!
//! When each certificate is valid is a separate question ([`Chain::valid_at`]),
//! because a time stamp decides at which time to ask it.

use der::asn1::ObjectIdentifier;

use super::{
    super::{certificate::common_name, oid},
    CertificateFacts, Fault,
    anchors::{AnchorName, TrustStore},
    certificate::Certificate,
};

/// Longest chain that is followed, signer included. Real ones have two to four.
const MAX_DEPTH: usize = 8;

/// Most signatures that are computed for one chain. A hostile file could name
/// all its certificates alike and have every pair tried.
const MAX_CHECKS: usize = 48;

/// A chain of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The certificates of the file that it goes through, the signer's first.
    /// An anchor that is not in the file is not among them.
    pub certificates: Vec<CertificateFacts>,
    /// How it ends.
    pub end: ChainEnd,
}

/// How a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainEnd {
    /// At a trust anchor.
    Anchor(AnchorName),
    /// At a certificate that signed itself and that nobody here trusts.
    SelfSigned,
    /// At a certificate whose issuer is neither known nor in the file.
    NoIssuer {
        /// Common name of the issuer.
        issuer: Option<String>,
    },
    /// At a certificate that may not be used so.
    Unfit(Unfit),
    /// There are more ways to go than are tried.
    TooComplex,
}

/// Why a certificate has no place in a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It does not fit the certificate that is named as its issuer.
    #[error("the certificate `{name}` was not signed by the issuer that it names")]
    NotSigned {
        /// Common name of the certificate.
        name: String,
        /// What is wrong.
        #[source]
        source: Fault,
    },
    /// Its issuer may not issue certificates.
    #[error("`{name}` may not issue certificates")]
    NotAnAuthority {
        /// Common name of the issuer.
        name: String,
    },
    /// More certificates stand under an issuer than it may have.
    #[error("`{name}` may have {limit} authorities under it, but has {found}")]
    TooLong {
        /// Common name of the issuer.
        name: String,
        /// How many it may have.
        limit: u64,
        /// How many it has.
        found: u64,
    },
    /// It is not for this purpose.
    #[error("the certificate `{name}` is not for {purpose}")]
    Purpose {
        /// Common name of the certificate.
        name: String,
        /// Which purpose, in words.
        purpose: &'static str,
    },
    /// It has a critical extension that is not understood here.
    #[error("the certificate `{name}` has the critical extension {extension}, not known here")]
    Extension {
        /// Common name of the certificate.
        name: String,
        /// Which extension.
        extension: ObjectIdentifier,
    },
}

/// What a chain is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Code,
    Time,
}

impl Usage {
    fn identifier(self) -> ObjectIdentifier {
        match self {
            Usage::Code => oid::CODE_SIGNING,
            Usage::Time => oid::TIME_STAMPING,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Usage::Code => "signing code",
            Usage::Time => "time stamps",
        }
    }
}

impl Chain {
    /// The best chain from `signer`, through `pool`, to an anchor of `trust`.
    pub(super) fn build<'a>(
        signer: &Certificate<'a>,
        pool: &[Certificate<'a>],
        trust: &TrustStore,
        usage: Usage,
    ) -> Chain {
        let mut search = Search {
            pool,
            trust,
            usage,
            checks: MAX_CHECKS,
        };
        let (path, end) = match search.fit_signer(signer) {
            Some(unfit) => (vec![signer], ChainEnd::Unfit(unfit)),
            None => search.from(&[signer]),
        };
        Chain {
            certificates: path.iter().map(|certificate| certificate.facts()).collect(),
            end,
        }
    }

    /// The anchor, where the chain ends at one.
    pub fn anchor(&self) -> Option<&AnchorName> {
        match &self.end {
            ChainEnd::Anchor(anchor) => Some(anchor),
            _ => None,
        }
    }

    /// The first certificate that is not valid at `time`, in seconds since
    /// 1970. An anchor is valid as long as it is trusted: Microsoft's older
    /// roots have expired, and what they vouched for stays good.
    pub fn not_valid_at(&self, time: u64) -> Option<&CertificateFacts> {
        let anchor = self.anchor();
        self.certificates.iter().find(|certificate| {
            !certificate.covers(time)
                && anchor.is_none_or(|anchor| anchor.sha256 != certificate.sha256)
        })
    }
}

struct Search<'s, 'a> {
    pool: &'s [Certificate<'a>],
    trust: &'s TrustStore,
    usage: Usage,
    /// Signatures that may still be computed.
    checks: usize,
}

impl<'s, 'a> Search<'s, 'a> {
    /// The best way on from the end of `path`.
    fn from<'p>(&mut self, path: &[&'p Certificate<'a>]) -> (Vec<&'p Certificate<'a>>, ChainEnd)
    where
        's: 'p,
    {
        let here = path.to_vec();
        let Some(&last) = path.last() else {
            return (here, ChainEnd::TooComplex);
        };
        if let Some(anchor) = self.trust.same(last, self.usage) {
            return (here, ChainEnd::Anchor(anchor));
        }
        let mut unfit = None;
        for anchor in self.trust.issuers_of(last, self.usage) {
            match self.signed(last, &anchor.certificate) {
                Ok(true) => return (here, ChainEnd::Anchor(anchor.name())),
                Ok(false) => return (here, ChainEnd::TooComplex),
                Err(found) => unfit = Some(found),
            }
        }
        if last.is_self_issued() {
            let end = match self.signed(last, last) {
                Ok(true) => ChainEnd::SelfSigned,
                Ok(false) => ChainEnd::TooComplex,
                Err(unfit) => ChainEnd::Unfit(unfit),
            };
            return (here, end);
        }
        let mut best: Option<(Vec<&'p Certificate<'a>>, ChainEnd)> = None;
        for issuer in self.pool {
            let known = path.iter().any(|certificate| certificate.is(issuer));
            if known || issuer.subject.raw != last.issuer.raw {
                continue;
            }
            if path.len() == MAX_DEPTH {
                return (here, ChainEnd::TooComplex);
            }
            if let Some(found) = self.may_issue(issuer, path.len()) {
                unfit = Some(found);
                continue;
            }
            match self.signed(last, issuer) {
                Ok(true) => {}
                Ok(false) => return (here, ChainEnd::TooComplex),
                Err(found) => {
                    unfit = Some(found);
                    continue;
                }
            }
            let mut path = here.clone();
            path.push(issuer);
            let found = self.from(&path);
            if matches!(found.1, ChainEnd::Anchor(_)) {
                return found;
            }
            if best
                .as_ref()
                .is_none_or(|(path, _)| path.len() < found.0.len())
            {
                best = Some(found);
            }
        }
        best.unwrap_or_else(|| {
            let end = match unfit {
                Some(unfit) => ChainEnd::Unfit(unfit),
                None => ChainEnd::NoIssuer {
                    issuer: common_name(&last.issuer),
                },
            };
            (here, end)
        })
    }

    /// `Ok(false)`: too many were computed already.
    fn signed(
        &mut self,
        certificate: &Certificate<'_>,
        issuer: &Certificate<'_>,
    ) -> Result<bool, Unfit> {
        let Some(left) = self.checks.checked_sub(1) else {
            return Ok(false);
        };
        self.checks = left;
        certificate
            .check_issued_by(issuer)
            .map(|()| true)
            .map_err(|source| Unfit::NotSigned {
                name: name(certificate),
                source,
            })
    }

    /// What forbids `issuer` to stand at `depth`, the number of certificates
    /// below it.
    fn may_issue(&self, issuer: &Certificate<'_>, depth: usize) -> Option<Unfit> {
        if !issuer.may_issue() {
            return Some(Unfit::NotAnAuthority { name: name(issuer) });
        }
        // The signer's own certificate does not count.
        let below = depth.saturating_sub(1) as u64;
        match issuer.constraints.path_len {
            Some(limit) if below > limit => Some(Unfit::TooLong {
                name: name(issuer),
                limit,
                found: below,
            }),
            _ => self.fit(issuer),
        }
    }

    /// RFC 3161, 2.3: who stamps must say that the certificate is for that.
    fn fit_signer(&self, signer: &Certificate<'_>) -> Option<Unfit> {
        if self.usage == Usage::Time && !signer.names_purpose(oid::TIME_STAMPING) {
            return Some(self.unfit_for_usage(signer));
        }
        self.fit(signer)
    }

    fn unfit_for_usage(&self, certificate: &Certificate<'_>) -> Unfit {
        Unfit::Purpose {
            name: name(certificate),
            purpose: self.usage.words(),
        }
    }

    fn fit(&self, certificate: &Certificate<'_>) -> Option<Unfit> {
        if let Some(extension) = certificate.not_understood {
            return Some(Unfit::Extension {
                name: name(certificate),
                extension,
            });
        }
        (!certificate.is_for(self.usage.identifier())).then(|| self.unfit_for_usage(certificate))
    }
}

fn name(certificate: &Certificate<'_>) -> String {
    common_name(&certificate.subject).unwrap_or_else(|| "without a name".to_owned())
}
