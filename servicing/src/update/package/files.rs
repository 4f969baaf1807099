//! The files of a package, one by one: can they be had, and are they the ones
//! that were signed for?

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::super::manifest::FileDigest;
use super::super::payload::Stored;
use super::{Package, PackageError, has_ending};
use crate::blob::{for_each_chunk, read_all};
use crate::path::ImagePath;

/// Longest file that is held in memory to compare digests of other kinds than
/// SHA-256.
const MAX_HELD: u64 = 64 << 20;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRole {
    /// What the package is.
    Mum,
    /// Signatures.
    Catalog,
    /// A component.
    Manifest,
    /// A file of a component.
    Payload,
    /// Anything else.
    Other,
}

/// What is known of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verified {
    /// It has the digest of its manifest, or it is a description that a
    /// catalog covers.
    Matches,
    /// It does not.
    Differs,
    /// Nothing vouches for it.
    NoDigest,
    /// It cannot be had here.
    NotExpanded,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageFile {
    /// Its path.
    pub name: String,
    /// What it is for.
    pub role: FileRole,
    /// Its length in bytes; `None` where that is not known.
    pub size: Option<u64>,
    /// SHA-256 of its content, in hex digits; `None` where it cannot be had.
    pub sha256: Option<String>,
    /// Whether it can be had here.
    pub decodable: bool,
    /// How it is stored.
    pub stored: Stored,
    /// What is known of its content.
    pub verified: Verified,
    /// Why it cannot be had, or is not what it should be.
    pub reason: Option<String>,
    /// Whether Windows itself could expand it.
    #[serde(skip)]
    pub beyond_us: bool,
}

impl Package {
    /// Expands every file and compares it with what vouches for it; `each` gets
    /// them in the order of names. Files that manifests name and the package
    /// does not have come last.
    ///
    /// # Errors
    /// [`PackageError`], where the container itself cannot be read.
    pub fn verify_files(&self, mut each: impl FnMut(PackageFile)) -> Result<(), PackageError> {
        let mut digests: HashMap<String, Option<&FileDigest>> = HashMap::new();
        for component in self.components() {
            for file in &component.files {
                let path = format!("{}\\{}", component.name, file.name).replace('/', "\\");
                digests.insert(path.to_lowercase(), file.digest.as_ref());
            }
        }
        let uncovered: HashSet<ImagePath> = self.uncovered().into_iter().collect();
        for path in self.payload().files()? {
            let digest = digests.remove(&path.to_string().to_lowercase());
            let covered = !uncovered.contains(&path);
            each(self.verify_file(&path, digest, covered)?);
        }
        // Packages of differences have their files in other folders.
        let mut absent: Vec<String> = digests.into_keys().collect();
        absent.sort();
        for name in absent {
            each(PackageFile {
                reason: Some("a manifest names it, but the package does not have it".to_owned()),
                name,
                role: FileRole::Payload,
                size: None,
                sha256: None,
                decodable: false,
                stored: Stored::Plain,
                verified: Verified::NotExpanded,
                beyond_us: false,
            });
        }
        Ok(())
    }

    fn verify_file(
        &self,
        path: &ImagePath,
        digest: Option<Option<&FileDigest>>,
        covered: bool,
    ) -> Result<PackageFile, PackageError> {
        let role = self.role(path, digest.is_some());
        let mut file = PackageFile {
            name: path.to_string(),
            role,
            size: None,
            sha256: None,
            decodable: false,
            stored: self.payload().stored(path),
            verified: Verified::NotExpanded,
            reason: None,
            beyond_us: false,
        };
        let blob = match self.payload().read_file(path) {
            Ok(blob) => blob,
            Err(error) => {
                let index = self.payload().index();
                let indexed = index.and_then(|index| index.by_name(&file.name));
                file.size = indexed.and_then(|file| file.len);
                file.beyond_us = error.is_beyond_us();
                file.reason = Some(chain_of(&error));
                return Ok(file);
            }
        };
        let read = |source| PackageError::Read {
            path: path.clone(),
            source,
        };
        file.size = Some(blob.len());
        let mut hasher = Sha256::new();
        for_each_chunk(blob.as_ref(), |chunk| {
            hasher.update(chunk);
            Ok(())
        })
        .map_err(read)?;
        let sha256 = hasher.finalize();
        file.decodable = true;
        file.sha256 = Some(crate::hex::Hex(&sha256).to_string());
        let matches = match (role, digest.flatten()) {
            (FileRole::Mum | FileRole::Manifest, _) => Some(covered),
            (_, None) => None,
            (_, Some(digest)) => match digest.matches_sha256(&sha256) {
                Some(known) => Some(known),
                None if blob.len() <= MAX_HELD => {
                    let bytes = read_all(blob.as_ref(), MAX_HELD).map_err(read)?;
                    digest.matches(&bytes)
                }
                None => None,
            },
        };
        file.verified = match matches {
            Some(true) => Verified::Matches,
            Some(false) => Verified::Differs,
            None => Verified::NoDigest,
        };
        if file.verified == Verified::Differs {
            file.reason = Some(match role {
                FileRole::Payload => "it does not have the digest of its manifest".to_owned(),
                _ => "no catalog of the package covers it".to_owned(),
            });
        }
        Ok(file)
    }

    fn role(&self, path: &ImagePath, in_manifest: bool) -> FileRole {
        if in_manifest {
            return FileRole::Payload;
        }
        if path.names().len() > 1 {
            let folder = path.names().first().map(ToString::to_string);
            let known = folder.and_then(|folder| self.component(&folder));
            return match known {
                Some(_) => FileRole::Payload,
                None => FileRole::Other,
            };
        }
        match ["mum", "cat", "manifest"]
            .into_iter()
            .find(|end| has_ending(path, end))
        {
            Some("mum") => FileRole::Mum,
            Some("cat") => FileRole::Catalog,
            Some("manifest") => FileRole::Manifest,
            _ => FileRole::Other,
        }
    }
}

/// An error with its causes, in one line.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
