//! Hardware files that the words of a command name.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wimwright_servicing::hardware::{Hardware, MAX_LEN};

use crate::refusal::Refusal;

/// Reads the computers that `files` describe, one a file.
pub(crate) fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Hardware>> {
    files.iter().map(|file| computer(file)).collect()
}

fn computer(file: &Path) -> anyhow::Result<Hardware> {
    let path = || file.to_owned();
    let named = || format!("hardware file `{}`", file.display());
    let opened = File::open(file).with_context(named)?;
    // Without a length in advance pipes can be read, too.
    let mut bytes = Vec::new();
    let read = opened.take(MAX_LEN + 1).read_to_end(&mut bytes);
    if read.with_context(named)? as u64 > MAX_LEN {
        let (path, max) = (path(), MAX_LEN);
        return Err(Refusal::HardwareTooLong { path, max }.into());
    }
    let name = file.file_stem().unwrap_or(file.as_os_str());
    let hardware = Hardware::read(&name.to_string_lossy(), &bytes);
    Ok(hardware.map_err(|source| Refusal::Hardware {
        path: path(),
        source,
    })?)
}
