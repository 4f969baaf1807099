//! What a build left: beside each output lies a small record with the key of
//! what the output was made from, and what the output was like then.
//!
//! A record is written before its output takes its place, and names the older
//! output as well: whenever a build is killed, the file that is there is known.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tempfile::Builder;
use wimwright_servicing::container::Fingerprint;
use wimwright_servicing::{Access, WimFile};

const SCHEMA: &str = "wimwright/build-record/1";
/// The longest record that is read, in bytes.
const MAX_LEN: u64 = 16 << 20;

/// The record of an output.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Record {
    schema: String,
    /// Outputs that may be there.
    written: Vec<Written>,
    /// Digests of what was read, by path.
    pub(super) inputs: BTreeMap<PathBuf, Remembered>,
}

/// An output as it was left.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Written {
    /// The key of what it was made from.
    pub(super) key: String,
    /// Names of its files, all in the folder of the record.
    pub(super) files: Vec<PathBuf>,
    /// Their length, in bytes.
    pub(super) size: u64,
    /// What their headers and tables say.
    fingerprint: String,
}

/// Digests of an input.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Remembered {
    /// Of its listing.
    pub(super) listing: String,
    /// Of its content, while that was the listing.
    pub(super) content: String,
}

/// What is where an output goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum There {
    /// Nothing.
    Nothing,
    /// What a build left there, untouched since.
    Ours(Written),
    /// Something else.
    Foreign,
}

impl Record {
    /// The record beside `output`, empty where there is none that can be used.
    pub(super) fn read(output: &Path) -> anyhow::Result<Record> {
        let path = path_of(output);
        let named = || format!("record `{}`", path.display());
        match fs::metadata(&path) {
            Ok(found) if found.len() > MAX_LEN => return Ok(Record::default()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            Err(error) => return Err(error).with_context(named),
        }
        let bytes = fs::read(&path).with_context(named)?;
        let record: Option<Record> = serde_json::from_slice(&bytes).ok();
        // A record that says nothing costs a build, and loses nothing.
        Ok(record
            .filter(|record| record.schema == SCHEMA)
            .unwrap_or_default())
    }

    /// Whether a build made a file of this name.
    pub(super) fn names(&self, file: &Path) -> bool {
        let files = self.written.iter().flat_map(|written| &written.files);
        files
            .into_iter()
            .any(|name| Some(name.as_os_str()) == file.file_name())
    }

    /// What is where the output goes.
    pub(super) fn there(&self, output: &Path) -> There {
        if fs::symlink_metadata(output).is_err() {
            return There::Nothing;
        }
        let folder = output.parent().unwrap_or(Path::new(""));
        let is_there = |written: &&Written| {
            let files: Vec<PathBuf> = written.files.iter().map(|name| folder.join(name)).collect();
            let found = Written::of(&written.key, &files);
            found.is_ok_and(|found| found == **written)
        };
        match self.written.iter().find(is_there) {
            Some(written) => There::Ours(written.clone()),
            None => There::Foreign,
        }
    }

    /// Writes the record of an output that is about to take its place; `old` is
    /// what is there still. It is made in `workplace`, from where the next build
    /// takes away what one that was killed left.
    pub(super) fn write(
        output: &Path,
        workplace: &Path,
        new: &Written,
        old: Option<&Written>,
        inputs: &BTreeMap<PathBuf, Remembered>,
    ) -> anyhow::Result<()> {
        let path = path_of(output);
        let named = || format!("record `{}`", path.display());
        let record = Record {
            schema: SCHEMA.to_owned(),
            written: old.into_iter().chain([new]).cloned().collect(),
            inputs: inputs.clone(),
        };
        let text = serde_json::to_vec_pretty(&record)?;
        // Readable for those who may read the output.
        let mut file = Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(workplace)
            .with_context(named)?;
        file.write_all(&text).with_context(named)?;
        file.as_file().sync_all().with_context(named)?;
        file.persist(&path).with_context(named)?;
        Ok(())
    }
}

impl Written {
    /// Whether a file is like the only one of the output.
    pub(super) fn is_like(&self, file: &Path) -> anyhow::Result<bool> {
        let found = Written::of(&self.key, &[file.to_owned()])?;
        Ok(found.fingerprint == self.fingerprint && found.size == self.size)
    }

    /// What the files of an output are like; the first is the first part.
    pub(super) fn of(key: &str, files: &[PathBuf]) -> anyhow::Result<Written> {
        let (first, rest) = files.split_first().context("an output has a file")?;
        let wim = WimFile::open(first, rest, Access::Read)?;
        let mut size = 0_u64;
        for file in files {
            let found = fs::metadata(file).with_context(|| format!("`{}`", file.display()))?;
            size = size.saturating_add(found.len());
        }
        let names = files.iter().filter_map(|file| file.file_name());
        Ok(Written {
            key: key.to_owned(),
            files: names.map(PathBuf::from).collect(),
            size,
            fingerprint: Fingerprint::of(&wim).to_string(),
        })
    }
}

/// Where the record of an output is: `.NAME.wimwright-build` beside it.
fn path_of(output: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(output.file_name().unwrap_or_default());
    name.push(".wimwright-build");
    output.with_file_name(name)
}
