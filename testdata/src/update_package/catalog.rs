//! Catalogs of packages: the digests of XML files, signed.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::authority::signed;
use super::der::{
    algorithm, bmp, context, element, identifier, integer, octets, sequence, set, utc_time,
};

/// Who lists the files how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogForm {
    /// By SHA-1 alone, as packages until about 2016.
    V1,
    /// By SHA-1 and by SHA-256.
    V2,
}

const TRUST_LIST: &str = "1.3.6.1.4.1.311.10.1";
const INDIRECT_DATA: &str = "1.3.6.1.4.1.311.2.1.4";
const SHA1: &str = "1.3.14.3.2.26";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";

/// A catalog that lists these files.
pub fn catalog(form: CatalogForm, files: &[&[u8]]) -> Vec<u8> {
    let mut members: Vec<Vec<u8>> = Vec::new();
    for file in files {
        match form {
            CatalogForm::V1 => members.push(member_v1(file)),
            CatalogForm::V2 => {
                let (sha1, sha256) = (Sha1::digest(file), Sha256::digest(file));
                members.push(member_v2(&sha1, None));
                members.push(member_v2(&sha256, Some(SHA256)));
            }
        }
    }
    members.sort();
    members.dedup();
    let list = match form {
        CatalogForm::V1 => "1.3.6.1.4.1.311.12.1.2",
        CatalogForm::V2 => "1.3.6.1.4.1.311.12.1.3",
    };
    let identity = Sha256::digest(members.concat());
    let list = sequence(&[
        sequence(&[identifier("1.3.6.1.4.1.311.12.1.1")]),
        octets(&identity[..16]),
        utc_time("260101000000Z"),
        algorithm(list),
        sequence(&members),
    ]);
    signed(TRUST_LIST, &list)
}

/// `SPC_INDIRECT_DATA` of a file that counts with all its bytes.
fn indirect_data(function: &str, digest: &[u8]) -> Vec<u8> {
    // An empty link: the file has no name here.
    let link = context(2, &element(0x80, &[]));
    let data = sequence(&[identifier("1.3.6.1.4.1.311.2.1.25"), link]);
    let digest = sequence(&[algorithm(function), octets(digest)]);
    let value = sequence(&[data, digest]);
    sequence(&[identifier(INDIRECT_DATA), set(vec![value])])
}

fn member_v1(file: &[u8]) -> Vec<u8> {
    let digest = Sha1::digest(file);
    let text: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let units = text.encode_utf16().chain([0]);
    let tag: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let flat = bmp("{DE351A42-8E59-11D0-8C47-00C04FC295EE}");
    let info = sequence(&[flat, integer(&[2, 0])]);
    let info = sequence(&[identifier("1.3.6.1.4.1.311.12.2.2"), set(vec![info])]);
    let attributes = set(vec![info, indirect_data(SHA1, &digest)]);
    sequence(&[octets(&tag), attributes])
}

fn member_v2(digest: &[u8], named: Option<&str>) -> Vec<u8> {
    // The kind: 2 stands for a file as it is.
    let info = sequence(&[
        identifier("1.3.6.1.4.1.311.12.2.3"),
        set(vec![element(0x82, &[])]),
    ]);
    let mut attributes = vec![info];
    attributes.extend(named.map(|function| indirect_data(function, digest)));
    sequence(&[octets(digest), set(attributes)])
}
