//! Hardware files that the words of a command name.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wimwright_servicing::hardware::{Hardware, MAX_LEN};

use crate::context::Context;
use crate::refusal::Refusal;
use crate::render::json::FindingEntry;

/// Reads the computers that `files` describe, one a file. What is odd about a
/// file is said here, once; in a document it stays with the computer.
pub(crate) fn read(files: &[PathBuf], context: &mut Context<'_>) -> anyhow::Result<Vec<Hardware>> {
    let computers = files.iter().map(|file| computer(file));
    let mut computers = computers.collect::<anyhow::Result<Vec<_>>>()?;
    if !context.json {
        for computer in &mut computers {
            let findings: Vec<_> = computer.findings.drain(..).collect();
            let findings: Vec<FindingEntry> = findings.iter().map(FindingEntry::from).collect();
            context.findings(&findings);
        }
    }
    Ok(computers)
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
    let mut hardware = hardware.map_err(|source| Refusal::Hardware {
        path: path(),
        source,
    })?;
    for finding in &mut hardware.findings {
        finding.message = format!("`{}`: {}", file.display(), finding.message);
    }
    Ok(hardware)
}
