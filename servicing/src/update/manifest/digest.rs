//! The digest that a manifest has of a file.

use base64ct::{Base64, Encoding as _};
use serde::Serialize;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::super::xml::Element;

/// `urn:schemas-microsoft-com:HashTransforms.Identity`: the file as it is.
const IDENTITY: &str = "urn:schemas-microsoft-com:HashTransforms.Identity";

/// The digest of a file, as its manifest says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDigest {
    /// How.
    pub algorithm: FileDigestAlgorithm,
    /// What comes out, in lower-case hex digits.
    #[serde(serialize_with = "crate::hex::serialize")]
    pub value: Vec<u8>,
    /// Whether it is of the file as it is; there is another transform, for
    /// manifests in manifests, whose rule is not known.
    pub of_plain_file: bool,
}

/// Algorithms that manifests name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileDigestAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// Another one, by its name.
    #[serde(untagged)]
    Other(String),
}

impl FileDigest {
    /// Reads a `hash` element.
    pub(super) fn read(hash: &Element) -> Option<FileDigest> {
        let method = hash.child("DigestMethod")?.attribute("Algorithm")?;
        let name = method.rsplit('#').next().unwrap_or(method);
        let algorithm = match name.to_ascii_lowercase().as_str() {
            "sha1" => FileDigestAlgorithm::Sha1,
            "sha256" => FileDigestAlgorithm::Sha256,
            _ => FileDigestAlgorithm::Other(name.to_owned()),
        };
        let text: String = hash.child("DigestValue")?.text.split_whitespace().collect();
        let value = Base64::decode_vec(&text).ok()?;
        let mut transforms = hash.children("Transforms");
        let of_plain_file = transforms.all(|all| {
            let mut each = all.children("Transform");
            each.all(|one| one.attribute("Algorithm") == Some(IDENTITY))
        });
        Some(FileDigest {
            algorithm,
            value,
            of_plain_file,
        })
    }

    /// Whether a file with that SHA-256 is it; `None` where that does not tell.
    pub fn matches_sha256(&self, sha256: &[u8]) -> Option<bool> {
        let tells = self.of_plain_file && self.algorithm == FileDigestAlgorithm::Sha256;
        tells.then(|| self.value == sha256)
    }

    /// Whether `bytes` are that file; `None` where that cannot be told.
    pub fn matches(&self, bytes: &[u8]) -> Option<bool> {
        if !self.of_plain_file {
            return None;
        }
        match self.algorithm {
            FileDigestAlgorithm::Sha1 => Some(*Sha1::digest(bytes) == *self.value),
            FileDigestAlgorithm::Sha256 => Some(*Sha256::digest(bytes) == *self.value),
            FileDigestAlgorithm::Other(_) => None,
        }
    }
}
