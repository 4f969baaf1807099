//! A certificate authority of our own and the signer that it vouches for.
//!
//! Their keys are public, since they stand here: nobody may trust them but
//! tests. RSA with 1024 bits, so that tests sign fast.

use rsa::sha2::{Digest as _, Sha256};
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey};

use super::der::{
    algorithm, bits, context, element, identifier, integer, null, octets, sequence, set, utc_time,
};

const ROOT: [&str; 2] = [
    "ff691c89bbc778b258e777669bb634a2f3508e5992c5677967a553f01037118eed44ed8cdcda34b4bc77bc02bbefe2\
     efea941495ca3168d118536466dd65b931",
    "caab5b77eeb219dcef9aec64bd4572ddc4711f349fff56d576a0806933ef3abc9789c6dae8108868e5a66f68e68204\
     badc08729a04010016d8927b9013790cb7",
];
const SIGNER: [&str; 2] = [
    "f28097962ffaa123ddff0fd45268a8f703a77bb32be1345f0f272c226867e06b088d4e6411426a9f928e5c25c8af35\
     bbac613c4a5ae3af133257ff7bd9b4cc19",
    "c2eca93cdbae4ba4813e7dfa3907c2d0daf956592d3af2225499062bfef442158b6eb41739b38098bd9486e22a9710\
     4b28bd9771ed36880bbb6660613bcc48cf",
];

const ROOT_NAME: &str = "wimwright test root";
const SIGNER_NAME: &str = "wimwright test signer";
/// Of the signer's certificate.
const SERIAL: [u8; 1] = [2];

const SHA256_RSA: &str = "1.2.840.113549.1.1.11";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

fn key(primes: [&str; 2]) -> RsaPrivateKey {
    let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default();
    let [p, q] = primes.map(number);
    RsaPrivateKey::from_p_q(p, q, BigUint::from(65_537_u32))
        .unwrap_or_else(|error| panic!("a key of the tests: {error}"))
}

fn sign(key: &RsaPrivateKey, message: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest(message);
    key.sign(Pkcs1v15Sign::new::<Sha256>(), &digest)
        .unwrap_or_else(|error| panic!("a signature of the tests: {error}"))
}

fn name(common: &str) -> Vec<u8> {
    let text = element(12, common.as_bytes());
    let pair = sequence(&[identifier("2.5.4.3"), text]);
    sequence(&[set(vec![pair])])
}

fn certificate(
    serial: &[u8],
    subject: &str,
    of: &RsaPrivateKey,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let numbers = sequence(&[
        integer(&of.n().to_bytes_be()),
        integer(&of.e().to_bytes_be()),
    ]);
    let public = sequence(&[algorithm("1.2.840.113549.1.1.1"), bits(&numbers)]);
    let to_sign = sequence(&[
        context(0, &integer(&[2])),
        integer(serial),
        algorithm(SHA256_RSA),
        name(ROOT_NAME),
        sequence(&[utc_time("100101000000Z"), utc_time("491231235959Z")]),
        name(subject),
        public,
        context(3, &sequence(extensions)),
    ]);
    let signature = bits(&sign(&key(ROOT), &to_sign));
    sequence(&[to_sign, algorithm(SHA256_RSA), signature])
}

fn extension(kind: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[identifier(kind), octets(value)])
}

/// The certificate of the authority, as a DER file: what a user trusts who
/// takes these packages.
pub fn root_certificate() -> Vec<u8> {
    let authority = sequence(&[element(1, &[0xFF])]);
    let extensions = [extension("2.5.29.19", &authority)];
    certificate(&[1], ROOT_NAME, &key(ROOT), &extensions)
}

fn signer_certificate() -> Vec<u8> {
    let code_signing = sequence(&[identifier("1.3.6.1.5.5.7.3.3")]);
    let extensions = [extension("2.5.29.37", &code_signing)];
    certificate(&SERIAL, SIGNER_NAME, &key(SIGNER), &extensions)
}

/// `content` (an element of type `kind`) as signed data, signed by the signer.
pub(super) fn signed(kind: &str, content: &[u8]) -> Vec<u8> {
    // What is signed is the content without its header.
    let header = match content.get(1) {
        Some(len) if len & 0x80 != 0 => 2 + usize::from(len & 0x7F),
        _ => 2,
    };
    let digest = Sha256::digest(&content[header..]);
    let attribute = |kind: &str, value| sequence(&[identifier(kind), set(vec![value])]);
    let attributes = vec![
        attribute(CONTENT_TYPE, identifier(kind)),
        attribute(MESSAGE_DIGEST, octets(&digest)),
    ];
    let as_set = set(attributes);
    let mut implicit = as_set.clone();
    implicit[0] = 0xA0;
    let signer = sequence(&[
        integer(&[1]),
        sequence(&[name(ROOT_NAME), integer(&SERIAL)]),
        algorithm(SHA256),
        implicit,
        sequence(&[identifier("1.2.840.113549.1.1.1"), null()]),
        octets(&sign(&key(SIGNER), &as_set)),
    ]);
    let data = sequence(&[
        integer(&[1]),
        set(vec![algorithm(SHA256)]),
        sequence(&[identifier(kind), context(0, content)]),
        context(0, &[signer_certificate(), root_certificate()].concat()),
        set(vec![signer]),
    ]);
    sequence(&[identifier(SIGNED_DATA), context(0, &data)])
}
