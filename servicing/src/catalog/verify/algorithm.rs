//! Hash functions and signature schemes: what is named, and whether a
//! signature fits.
//!
//! RSA with PKCS#1 v1.5 padding (RFC 8017, 8.2) over SHA-1, SHA-256, SHA-384
//! or SHA-512 is everything that real driver catalogs, their certificates and
//! their time stamps use. Other schemes are named, not guessed at.

use der::{Tag, asn1::Null, asn1::ObjectIdentifier};
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::{
    super::{
        DigestAlgorithm, Error,
        element::{Element, Elements},
        oid,
    },
    Fault,
};

/// Longest RSA modulus that is computed with. Microsoft's roots have 4096
/// bits; the time that a signature takes grows with the square of this.
const MAX_MODULUS_BITS: usize = 8192;

/// Shortest RSA modulus that counts: shorter ones have been factored, and
/// Windows has not taken them since KB2661254. Real time stamps of 2012 were
/// made with 1024 bits.
const MIN_MODULUS_BITS: usize = 1024;

/// The identifier in an AlgorithmIdentifier.
pub(super) fn identifier(
    sequence: &Element<'_>,
    what: &'static str,
) -> Result<ObjectIdentifier, Error> {
    let sequence = sequence.tagged(what, Tag::Sequence)?;
    let mut fields = sequence.inside();
    fields.expect(what, Tag::ObjectIdentifier)?.identifier(what)
}

/// Refuses parameters: no algorithm used here has any, but NULL may stand for
/// them.
fn no_parameters(sequence: &Element<'_>, what: &'static str) -> Result<(), Error> {
    let mut fields = sequence.inside();
    fields.expect(what, Tag::ObjectIdentifier)?;
    if let Some(parameters) = fields.next(what)? {
        parameters
            .tagged("algorithm parameters", Tag::Null)?
            .decode::<Null>("algorithm parameters")?;
    }
    fields.finish(what)
}

/// The hash function that an AlgorithmIdentifier names.
pub(super) fn hash_function(
    sequence: &Element<'_>,
    what: &'static str,
) -> Result<DigestAlgorithm, Fault> {
    let named = DigestAlgorithm::from_identifier(identifier(sequence, what)?);
    if let DigestAlgorithm::Other(identifier) = named {
        return Err(Fault::UnknownAlgorithm { what, identifier });
    }
    no_parameters(sequence, what)?;
    Ok(named)
}

impl DigestAlgorithm {
    /// The digest of `pieces`, one after the other; `None` for a function that
    /// is not known here.
    pub(super) fn digest(&self, pieces: &[&[u8]]) -> Option<Vec<u8>> {
        fn over<D: sha1::Digest>(pieces: &[&[u8]]) -> Option<Vec<u8>> {
            let mut state = D::new();
            for piece in pieces {
                state.update(piece);
            }
            Some(state.finalize().to_vec())
        }
        match self {
            DigestAlgorithm::Sha1 => over::<Sha1>(pieces),
            DigestAlgorithm::Sha256 => over::<Sha256>(pieces),
            DigestAlgorithm::Sha384 => over::<Sha384>(pieces),
            DigestAlgorithm::Sha512 => over::<Sha512>(pieces),
            DigestAlgorithm::Other(_) => None,
        }
    }
}

/// The hash function of a signature that an AlgorithmIdentifier names. One
/// that says only "RSA" leaves it to `stated`, where there is such a field.
pub(super) fn signature_hash(
    sequence: &Element<'_>,
    what: &'static str,
    stated: Option<&DigestAlgorithm>,
) -> Result<DigestAlgorithm, Fault> {
    let named = identifier(sequence, what)?;
    let unknown = Fault::UnknownAlgorithm {
        what,
        identifier: named,
    };
    let hash = match named {
        oid::RSA => stated.cloned().ok_or(unknown)?,
        oid::SHA1_RSA | oid::SHA1_RSA_OIW => DigestAlgorithm::Sha1,
        oid::SHA256_RSA => DigestAlgorithm::Sha256,
        oid::SHA384_RSA => DigestAlgorithm::Sha384,
        oid::SHA512_RSA => DigestAlgorithm::Sha512,
        _ => return Err(unknown),
    };
    no_parameters(sequence, what)?;
    match stated {
        Some(stated) if *stated != hash => Err(Fault::TwoHashFunctions {
            digest: stated.clone(),
            signature: hash,
        }),
        _ => Ok(hash),
    }
}

/// What a signature holds inside its padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The digest with the name of its function, as PKCS#1 demands.
    DigestInfo,
    /// That, or the digest alone: so the time stamps of VeriSign and Symantec
    /// were made, and Windows takes them.
    DigestInfoOrBare,
}

/// Whether `signature` is that of the key in `key` (a SubjectPublicKeyInfo)
/// over `message`.
///
/// # Errors
/// [`Fault::Mismatch`] where it is not; others where that cannot be told.
pub(super) fn check_signature(
    key: &Element<'_>,
    hash: &DigestAlgorithm,
    message: &[&[u8]],
    signature: &[u8],
    form: Form,
) -> Result<(), Fault> {
    let key = public_key(key)?;
    let scheme = match hash {
        DigestAlgorithm::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
        DigestAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        DigestAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        DigestAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        DigestAlgorithm::Other(_) => return Err(Fault::Mismatch),
    };
    let digest = hash.digest(message).ok_or(Fault::Mismatch)?;
    let checked = key.verify(scheme, &digest, signature);
    let checked = match (checked, form) {
        (Err(_), Form::DigestInfoOrBare) => {
            key.verify(Pkcs1v15Sign::new_unprefixed(), &digest, signature)
        }
        (checked, _) => checked,
    };
    checked.map_err(|_| Fault::Mismatch)
}

/// SEQUENCE { AlgorithmIdentifier, BIT STRING { SEQUENCE { n, e } } }.
fn public_key(key: &Element<'_>) -> Result<RsaPublicKey, Fault> {
    let what = "public key";
    let mut fields = key.inside();
    let algorithm = fields.expect("public key algorithm", Tag::Sequence)?;
    let named = identifier(&algorithm, "public key algorithm")?;
    if named != oid::RSA {
        return Err(Fault::UnknownAlgorithm {
            what: "public key algorithm",
            identifier: named,
        });
    }
    no_parameters(&algorithm, "public key algorithm")?;
    let bits = fields.expect(what, Tag::BitString)?;
    let mut numbers = bit_string(&bits, what)?
        .expect(what, Tag::Sequence)?
        .inside();
    let mut number = || -> Result<BigUint, Fault> {
        let value = numbers.expect(what, Tag::Integer)?.value;
        match value.first() {
            // RSA knows no negative numbers.
            Some(first) if first & 0x80 == 0 => Ok(BigUint::from_bytes_be(value)),
            _ => Err(Fault::Key),
        }
    };
    let (modulus, exponent) = (number()?, number()?);
    if modulus.bits() < MIN_MODULUS_BITS {
        return Err(Fault::Key);
    }
    RsaPublicKey::new_with_max_size(modulus, exponent, MAX_MODULUS_BITS).map_err(|_| Fault::Key)
}

/// What a bit string holds that is a structure again: no unused bits.
pub(super) fn bit_string<'a>(
    bits: &Element<'a>,
    what: &'static str,
) -> Result<Elements<'a>, Error> {
    let bytes = octets(bits, what)?;
    // The first byte of the value is the number of unused bits.
    Ok(Elements::new(
        bytes,
        bits.at + (bits.raw.len() - bytes.len()),
    ))
}

/// The bytes of a bit string whose length is a whole number of them.
pub(super) fn octets<'a>(bits: &Element<'a>, what: &'static str) -> Result<&'a [u8], Error> {
    match bits.value.split_first() {
        Some((0, bytes)) => Ok(bytes),
        _ => Err(Error::Missing { what, at: bits.at }),
    }
}
