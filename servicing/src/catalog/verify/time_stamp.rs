//! When a catalog was signed, on the word of somebody who is not the signer.
//!
//! A time stamp covers the signature and stands among the unsigned attributes
//! beside it, in one of two forms: a PKCS#9 counter-signature (a signer info
//! whose content is the signature, and whose signing time is the time), or an
//! RFC 3161 token (signed data of its own, about the digest of the signature).
//! It keeps a signature good after the signer's certificate has expired.

use der::{Tag, asn1::GeneralizedTime};

use super::{
    super::{
        Error,
        element::{Element, Elements},
        oid,
        signed_data::SignedData,
    },
    CertificateFacts, Chain, Fault, TrustStore,
    algorithm::{Form, hash_function},
    certificate::{self, Certificate},
    chain::Usage,
    read_certificates,
    signer_info::{SignerInfo, check_version},
};

/// The form of a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeStampForm {
    /// PKCS#9 counter-signature.
    CounterSignature,
    /// RFC 3161 token.
    Token,
}

/// A time stamp whose signature fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStamp {
    /// Its form.
    pub form: TimeStampForm,
    /// The time, in seconds since 1970, UTC.
    pub time: u64,
    /// The certificate of who stamped.
    pub certificate: CertificateFacts,
    /// From there on.
    pub chain: Chain,
}

impl TimeStamp {
    /// Whether the time can be believed: an anchor vouches for who stamped,
    /// and all certificates were valid then.
    pub fn is_trusted(&self) -> bool {
        self.chain.anchor().is_some() && self.chain.not_valid_at(self.time).is_none()
    }
}

/// Reads and checks the time stamp of `info`; `None` where there is none. Of
/// several, the first one counts.
pub(super) fn read<'a>(
    info: &SignerInfo<'a>,
    pool: &[Certificate<'a>],
    trust: &TrustStore,
) -> Option<Result<TimeStamp, Fault>> {
    let token = info.unsigned_attribute(oid::TIME_STAMP_TOKEN);
    let counter = info.unsigned_attribute(oid::COUNTER_SIGNATURE);
    match (token.as_deref(), counter.as_deref()) {
        (Ok([token, ..]), _) => Some(self::token(token, info, pool, trust)),
        (_, Ok([counter, ..])) => Some(counter_signature(counter, info, pool, trust)),
        (Err(fault), _) | (_, Err(fault)) => Some(Err(fault.clone())),
        _ => None,
    }
}

fn counter_signature<'a>(
    counter: &Element<'a>,
    info: &SignerInfo<'a>,
    pool: &[Certificate<'a>],
    trust: &TrustStore,
) -> Result<TimeStamp, Fault> {
    let counter = SignerInfo::read(counter)?;
    let signer = counter.certificate(pool)?;
    counter.check(oid::DATA, info.signature, signer, Form::DigestInfoOrBare)?;
    let time = counter
        .signed_attribute(oid::SIGNING_TIME)
        .ok_or(Fault::AttributeCount {
            attribute: "the signing time",
            found: 0,
        })?;
    let time = certificate::time(&mut Elements::new(time.raw, time.at))?;
    Ok(stamp(
        TimeStampForm::CounterSignature,
        time,
        signer,
        pool,
        trust,
    ))
}

fn token<'a>(
    token: &Element<'a>,
    info: &SignerInfo<'a>,
    outer: &[Certificate<'a>],
    trust: &TrustStore,
) -> Result<TimeStamp, Fault> {
    let signed = SignedData::read(
        token,
        oid::TIME_STAMP_INFO,
        "a time stamp",
        Tag::OctetString,
    )?;
    check_version("the time stamp token", signed.version, &[3], "3")?;
    let mut pool = read_certificates(&signed.certificates)?;
    pool.extend_from_slice(outer);
    let [counter] = signed.signer_infos.as_slice() else {
        return Err(Fault::TooMany {
            what: "signers of the time stamp",
            found: signed.signer_infos.len(),
            limit: 1,
        });
    };
    let counter = SignerInfo::read(counter)?;
    let signer = counter.certificate(&pool)?;
    counter.check(
        signed.content_type,
        signed.content.value,
        signer,
        Form::DigestInfo,
    )?;
    let time = stamped_time(&signed.content, info.signature)?;
    Ok(stamp(TimeStampForm::Token, time, signer, &pool, trust))
}

/// The time in a token, once it is clear that it is about `signature`.
///
/// ```text
/// TSTInfo SEQUENCE {
///     version         INTEGER
///     policy          OBJECT IDENTIFIER
///     messageImprint  SEQUENCE { AlgorithmIdentifier, OCTET STRING }
///     serialNumber    INTEGER
///     genTime         GeneralizedTime, .. }
/// ```
fn stamped_time(content: &Element<'_>, signature: &[u8]) -> Result<u64, Fault> {
    let mut fields = content
        .inside()
        .expect("time stamp", Tag::Sequence)?
        .inside();
    fields.expect("time stamp version", Tag::Integer)?;
    fields.expect("time stamp policy", Tag::ObjectIdentifier)?;
    let mut imprint = fields.expect("message imprint", Tag::Sequence)?.inside();
    let hash = imprint.expect("digest algorithm", Tag::Sequence)?;
    let hash = hash_function(&hash, "digest algorithm")?;
    let imprint = imprint.expect("message imprint", Tag::OctetString)?;
    if hash.digest(&[signature]).as_deref() != Some(imprint.value) {
        return Err(Fault::Changed);
    }
    fields.expect("time stamp serial number", Tag::Integer)?;
    let time = fields.expect("time", Tag::GeneralizedTime)?;
    Ok(time_with_fraction(&time)?)
}

/// RFC 3161 allows fractions of a second, which are dropped here.
fn time_with_fraction(time: &Element<'_>) -> Result<u64, Error> {
    let text = time.value;
    let whole = match text.iter().position(|&byte| byte == b'.') {
        Some(dot) => {
            let whole = text.get(..dot).unwrap_or_default();
            [whole, b"Z"].concat()
        }
        None => text.to_vec(),
    };
    let whole = Element {
        value: &whole,
        ..*time
    };
    let since_1970 = whole.decode::<GeneralizedTime>("time")?.to_unix_duration();
    Ok(since_1970.as_secs())
}

fn stamp(
    form: TimeStampForm,
    time: u64,
    signer: &Certificate<'_>,
    pool: &[Certificate<'_>],
    trust: &TrustStore,
) -> TimeStamp {
    TimeStamp {
        form,
        time,
        certificate: signer.facts(),
        chain: Chain::build(signer, pool, trust, Usage::Time),
    }
}
