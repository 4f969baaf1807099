//! The id of a package: the name of its folder in the driver store.

use std::{fmt, io};

use sha2::{Digest as _, Sha256};
use wimwright_servicing::{Architecture, Blob, for_each_chunk};

/// `viostor.inf_amd64_0123456789abcdef`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(String);

impl PackageId {
    /// The id that an exported package's folder already carries: Windows'
    /// tools keep it, and with it Windows knows the package again.
    pub fn kept(folder: &str, inf: &str, architecture: Architecture) -> Option<PackageId> {
        let folder = folder.to_ascii_lowercase();
        let prefix = format!("{}_{architecture}_", inf.to_lowercase());
        let hash = folder.strip_prefix(&prefix)?;
        let hex = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then_some(PackageId(folder))
    }

    /// The id of a package's content. Windows' own hash is unknown, and any
    /// value works (driverstore 6); this one is the same for the same files,
    /// so that adding them again is recognized.
    ///
    /// `files` are the package's files by relative path; they are hashed in
    /// order of lower-case path, and read in chunks.
    ///
    /// # Errors
    /// What reading gave, with the file it came from.
    pub fn of_content<'a>(
        inf: &str,
        architecture: Architecture,
        files: impl IntoIterator<Item = (String, &'a dyn Blob)>,
    ) -> Result<PackageId, (String, io::Error)> {
        let mut files: Vec<(String, &dyn Blob)> = files
            .into_iter()
            .map(|(path, blob)| (path.to_lowercase().replace('/', "\\"), blob))
            .collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let mut hasher = Sha256::new();
        hasher.update(architecture.name().as_bytes());
        for (path, blob) in files {
            hasher.update((path.len() as u64).to_le_bytes());
            hasher.update(path.as_bytes());
            hasher.update(blob.len().to_le_bytes());
            let read = for_each_chunk(blob, |chunk| {
                hasher.update(chunk);
                Ok(())
            });
            read.map_err(|error| (path, error))?;
        }
        let digest = hasher.finalize();
        let hash: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(PackageId(format!(
            "{}_{architecture}_{hash}",
            inf.to_lowercase()
        )))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_servicing::MemoryBlob;

    #[test]
    fn an_exported_name_is_kept_and_any_other_computed() {
        let keep = |folder| PackageId::kept(folder, "VIOSTOR.INF", Architecture::Amd64);
        let kept = keep("viostor.inf_amd64_0123456789ABCDEF").unwrap();
        assert_eq!(kept.as_str(), "viostor.inf_amd64_0123456789abcdef");
        for other in [
            "viostor",
            "viostor.inf_x86_0123456789abcdef",
            "viostor.inf_amd64_0123",
        ] {
            assert_eq!(keep(other), None, "{other}");
        }
        let id = |files: &[(&str, &'static [u8])]| {
            let blobs: Vec<_> = files
                .iter()
                .map(|(path, bytes)| (*path, MemoryBlob::new(*bytes)))
                .collect();
            let files = blobs
                .iter()
                .map(|(path, blob)| ((*path).to_owned(), blob as &dyn Blob));
            PackageId::of_content("A.inf", Architecture::X86, files).unwrap()
        };
        let one = id(&[("a.inf", b"1"), ("x64\\b.sys", b"2")]);
        assert_eq!(one, id(&[("x64/B.SYS", b"2"), ("A.INF", b"1")]));
        assert_ne!(one, id(&[("a.inf", b"1"), ("x64\\b.sys", b"3")]));
        assert!(one.as_str().starts_with("a.inf_x86_"), "{one}");
    }
}
