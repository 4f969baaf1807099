//! `--trust FILE`: certificates that the user trusts beside the built-in ones.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use wimwright_servicing::catalog::verify::TrustStore;

use crate::refusal::Refusal;

/// Longest certificate file. Real ones have one or two KiB.
const MAX_CERTIFICATE: u64 = 64 << 10;

/// The built-in trust anchors, and those in `files`.
pub(super) fn store(files: &[PathBuf]) -> anyhow::Result<TrustStore> {
    let mut trust = TrustStore::default();
    for path in files {
        let named = || format!("`{}`", path.display());
        let mut bytes = Vec::new();
        let file = File::open(path).with_context(named)?;
        file.take(MAX_CERTIFICATE)
            .read_to_end(&mut bytes)
            .with_context(named)?;
        trust
            .add(&bytes, path.display().to_string())
            .map_err(|source| Refusal::NotACertificate {
                path: path.clone(),
                pem: bytes.starts_with(b"-----BEGIN"),
                source,
            })?;
    }
    Ok(trust)
}
