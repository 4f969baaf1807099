//! Whether a catalog's signature is good, whose it is, and who vouches for that.
//!
//! Each fact is reported apart from the others, because people need them apart:
//! a signature that fits may be by somebody whom nobody knows, and a trusted
//! signer's catalog may be about other files.
//!
//! ```text
//! signer info       does the signature fit the content?         signer_info
//! certificate       whose key is it?                            certificate
//! chain             who vouches for that, up to which anchor?   chain, anchors
//! time stamp        when was it signed, on whose word?          time_stamp
//! signer kind       what does Windows make of such a signer?    kind
//! coverage          is this file one of those signed for?       coverage
//! ```
//!
//! Revocation lists are not looked at: that needs a network, and Windows does
//! not either when it starts a driver.

mod algorithm;
mod anchors;
mod certificate;
mod chain;
mod coverage;
mod cross_certificates;
mod fault;
mod kind;
mod program;
mod roots;
mod signer_info;
mod time_stamp;

pub use anchors::{AnchorName, Purpose, TrustStore};
pub use certificate::CertificateFacts;
pub use chain::{Chain, ChainEnd, Unfit};
pub use coverage::Coverage;
pub use fault::Fault;
pub use kind::SignerKind;
pub use time_stamp::{TimeStamp, TimeStampForm};

use super::{
    DigestAlgorithm, Error, MAX_CATALOG_LEN, element::Element, oid, signed_data::SignedData,
};
use algorithm::{Form, hash_function};
use certificate::Certificate;
use chain::Usage;
use signer_info::{SignerInfo, check_version};

/// Most certificates of one file that are looked at. Real catalogs carry up to
/// five, their time stamps three.
const MAX_CERTIFICATES: usize = 64;

/// The signature of a catalog, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Whether it fits the content, and if not, why not.
    pub check: Result<(), Fault>,
    /// The hash function that it is made over; `None` where that is not known.
    pub digest_algorithm: Option<DigestAlgorithm>,
    /// The chain from the signer's certificate; `None` where there is no such
    /// certificate.
    pub chain: Option<Chain>,
    /// The time stamp, where there is one, and if it does not fit, why not.
    pub time_stamp: Option<Result<TimeStamp, Fault>>,
    /// What kind of signer this is.
    pub kind: SignerKind,
    /// Whether a time stamp outlives the signer's certificate, as it does
    /// unless that certificate says otherwise.
    pub time_stamp_outlives: bool,
}

/// What all facts about a signature come to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Good, and by somebody whom an anchor vouches for.
    Trusted,
    /// It fits, but nobody vouches for the signer.
    NoAnchor(ChainEnd),
    /// It fits, but a certificate is not valid any more, or not yet, and no
    /// time stamp that can be trusted says that it was when it signed.
    NotValidThen {
        /// That certificate.
        certificate: CertificateFacts,
        /// The time that counts, in seconds since 1970.
        time: u64,
        /// Whether that is the time of a trusted time stamp.
        stamped: bool,
    },
    /// It does not fit.
    Invalid(Fault),
}

impl Signature {
    /// Judges the signature of the catalog in `bytes`, the whole file. `None`
    /// for a catalog that nobody signed.
    ///
    /// A catalog has one signer; where there are more, the signature is not
    /// valid, because Windows looks at one only.
    ///
    /// # Errors
    /// Bytes that are not signed data with a list of certificate trust inside.
    pub fn read(bytes: &[u8], trust: &TrustStore) -> Result<Option<Signature>, Error> {
        if bytes.len() > MAX_CATALOG_LEN {
            return Err(Error::TooLong { len: bytes.len() });
        }
        let signed = SignedData::of_file(bytes)?;
        match signed.signer_infos.as_slice() {
            [] => Ok(None),
            [info] => Ok(Some(Signature::judge(&signed, info, trust))),
            more => Ok(Some(Signature::of_fault(Fault::TooMany {
                what: "signers",
                found: more.len(),
                limit: 1,
            }))),
        }
    }

    /// Of which nothing but a fault is known.
    fn of_fault(fault: Fault) -> Signature {
        Signature {
            check: Err(fault),
            digest_algorithm: None,
            chain: None,
            time_stamp: None,
            kind: SignerKind::Unknown,
            time_stamp_outlives: true,
        }
    }

    fn judge<'a>(signed: &SignedData<'a>, info: &Element<'a>, trust: &TrustStore) -> Signature {
        let read = SignerInfo::read(info).and_then(|info| {
            let pool = read_certificates(&signed.certificates)?;
            Ok((info, pool))
        });
        let (info, pool) = match read {
            Ok(read) => read,
            Err(fault) => return Signature::of_fault(fault),
        };
        let mut judged = Signature::of_fault(Fault::NoSignedAttributes);
        judged.digest_algorithm = Some(info.digest.clone());
        let signer = match info.certificate(&pool) {
            Ok(signer) => signer,
            Err(fault) => {
                judged.check = Err(fault);
                return judged;
            }
        };
        judged.check = check_frame(signed, &info).and_then(|()| {
            let content = signed.content.value;
            info.check(signed.content_type, content, signer, Form::DigestInfo)
        });
        let chain = Chain::build(signer, &pool, trust, Usage::Code);
        judged.kind = SignerKind::of(signer, &chain, &pool, trust);
        judged.chain = Some(chain);
        judged.time_stamp = time_stamp::read(&info, &pool, trust);
        judged.time_stamp_outlives = !signer.names_purpose(oid::LIFETIME_SIGNING);
        judged
    }

    /// The certificate that the signature was made with.
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        self.chain.as_ref()?.certificates.first()
    }

    /// The time stamp, if it fits and can be believed.
    pub fn trusted_time_stamp(&self) -> Option<&TimeStamp> {
        let stamp = self.time_stamp.as_ref()?.as_ref().ok()?;
        stamp.is_trusted().then_some(stamp)
    }

    /// What it all comes to at the time `now`, in seconds since 1970.
    pub fn verdict(&self, now: u64) -> Verdict {
        let chain = match (&self.check, &self.chain) {
            (Err(fault), _) => return Verdict::Invalid(fault.clone()),
            (Ok(()), Some(chain)) => chain,
            (Ok(()), None) => return Verdict::NoAnchor(ChainEnd::NoIssuer { issuer: None }),
        };
        if chain.anchor().is_none() {
            return Verdict::NoAnchor(chain.end.clone());
        }
        let stamp = self
            .trusted_time_stamp()
            .filter(|_| self.time_stamp_outlives);
        let time = stamp.map_or(now, |stamp| stamp.time);
        match chain.not_valid_at(time) {
            Some(certificate) => Verdict::NotValidThen {
                certificate: certificate.clone(),
                time,
                stamped: stamp.is_some(),
            },
            None => Verdict::Trusted,
        }
    }
}

/// What the frame around a signer info must say.
fn check_frame(signed: &SignedData<'_>, info: &SignerInfo<'_>) -> Result<(), Fault> {
    check_version("the signed data", signed.version, &[1], "1")?;
    for algorithm in &signed.digest_algorithms {
        if hash_function(algorithm, "digest algorithm")? == info.digest {
            return Ok(());
        }
    }
    Err(Fault::HashNotAnnounced {
        digest: info.digest.clone(),
    })
}

/// The certificates of a file that can be read. One that cannot, or is none
/// (attribute certificates stand among them in time stamps), cannot have
/// signed either.
fn read_certificates<'a>(certificates: &[Element<'a>]) -> Result<Vec<Certificate<'a>>, Fault> {
    if certificates.len() > MAX_CERTIFICATES {
        return Err(Fault::TooMany {
            what: "certificates",
            found: certificates.len(),
            limit: MAX_CERTIFICATES,
        });
    }
    let read = certificates.iter();
    Ok(read
        .filter_map(|certificate| Certificate::read(certificate).ok())
        .collect())
}
