//! The second opinion: nt-hive reads an edited hive, and must see what our own
//! reader sees, before the hive may enter an image.
//!
//! nt-hive expects good hives (it panics on some malformed ones), so it gets
//! only what our own structure check has passed. It cannot read values over
//! 16,344 bytes in version 1.3 hives, which keep them in one cell; there our
//! own reader stands alone, and the result names the exception.

use nt_hive::{KeyValueDataType, NtHiveNameString};
use wimwright_hive::{Hive, Key, MinorVersion, Name, Value};

/// What the second reader saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadBack {
    /// Keys compared, the root included.
    pub keys: usize,
    /// Values compared.
    pub values: usize,
    /// Values that the second reader cannot read, with their keys.
    pub exceptions: Vec<String>,
}

/// Why an edited hive may not enter an image.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// Our own structure check.
    #[error("the edited hive does not pass the structure check: {finding}")]
    Structure {
        /// Its first finding.
        finding: String,
    },
    /// Our own reader.
    #[error("the edited hive cannot be read")]
    Own(#[from] wimwright_hive::Error),
    /// nt-hive refuses it.
    #[error("nt-hive cannot read the edited hive at `{key}`: {error}")]
    Second {
        /// Where.
        key: String,
        /// What it says.
        error: String,
    },
    /// The two readers disagree.
    #[error("nt-hive reads the edited hive differently at `{key}`: {what}")]
    Different {
        /// Where.
        key: String,
        /// What differs.
        what: String,
    },
}

/// The largest value that version 1.3 hives share with nt-hive.
const BIG_DATA: u64 = 16_344;
/// Windows' own limit of key nesting.
const MAX_DEPTH: usize = 512;

/// Compares what nt-hive and our own reader see in an edited hive. `before` is
/// the hive without the edits: an oddity that it had already may stay.
///
/// # Errors
/// [`ReadBackError`] at the first difference.
pub fn read_back(hive: &Hive, before: &Hive) -> Result<ReadBack, ReadBackError> {
    let report = hive.check();
    if let Some(broken) = report.first_broken() {
        return Err(ReadBackError::Structure {
            finding: broken.to_string(),
        });
    }
    if report.found > before.check().found {
        let finding = report.findings.last();
        return Err(ReadBackError::Structure {
            finding: finding.map_or_else(String::new, |finding| format!("{finding:?}")),
        });
    }
    let second = nt_hive::Hive::new(hive.as_bytes()).map_err(|error| at("", error))?;
    let root = second.root_key_node().map_err(|error| at("", error))?;
    let mut seen = ReadBack::default();
    let big_in_one_cell = hive.minor_version() < MinorVersion::V1_5;
    compare(
        hive.root(),
        &root,
        &mut Vec::new(),
        big_in_one_cell,
        &mut seen,
    )?;
    Ok(seen)
}

type SecondKey<'h> = nt_hive::KeyNode<'h, &'h [u8]>;
type SecondValue<'h> = nt_hive::KeyValue<'h, &'h [u8]>;

fn compare<'h>(
    own: Key<'h>,
    second: &SecondKey<'h>,
    path: &mut Vec<String>,
    big_in_one_cell: bool,
    seen: &mut ReadBack,
) -> Result<(), ReadBackError> {
    let here = || path.join("\\");
    if path.len() > MAX_DEPTH {
        return Err(different(here(), "keys nest deeper than Windows allows"));
    }
    seen.keys += 1;

    let mut others = match second.values() {
        Some(list) => Some(list.map_err(|error| at(&here(), error))?),
        None => None,
    };
    for value in own.values()? {
        let value = value?;
        let other = others.as_mut().and_then(Iterator::next);
        let other = other.ok_or_else(|| different(here(), "it sees fewer values"))?;
        let other = other.map_err(|error| at(&here(), error))?;
        compare_value(value, &other, &here(), big_in_one_cell, seen)?;
        seen.values += 1;
    }
    if others.is_some_and(|mut rest| rest.next().is_some()) {
        return Err(different(here(), "it sees more values"));
    }

    let mut others = match second.subkeys() {
        Some(list) => Some(list.map_err(|error| at(&here(), error))?),
        None => None,
    };
    for key in own.subkeys()? {
        let key = key?;
        let other = others.as_mut().and_then(Iterator::next);
        let other = other.ok_or_else(|| different(path.join("\\"), "it sees fewer subkeys"))?;
        let other = other.map_err(|error| at(&path.join("\\"), error))?;
        let name = key.name()?;
        let second_name = other.name().map_err(|error| at(&path.join("\\"), error))?;
        path.push(name.to_string_lossy());
        if !same_name(name, &second_name) {
            return Err(different(path.join("\\"), "it reads another key name"));
        }
        compare(key, &other, path, big_in_one_cell, seen)?;
        path.pop();
    }
    if others.is_some_and(|mut rest| rest.next().is_some()) {
        return Err(different(path.join("\\"), "it sees more subkeys"));
    }
    Ok(())
}

fn compare_value(
    own: Value<'_>,
    second: &SecondValue<'_>,
    key: &str,
    big_in_one_cell: bool,
    seen: &mut ReadBack,
) -> Result<(), ReadBackError> {
    let name = own.name()?;
    let shown = || format!("{key} \"{}\"", name.to_string_lossy());
    let second_name = second.name().map_err(|error| at(&shown(), error))?;
    if !same_name(name, &second_name) {
        return Err(different(shown(), "it reads another value name"));
    }
    // Types above 11 are real, and an error there.
    if let Ok(kind) = second.data_type()
        && number(kind) != own.kind()
    {
        return Err(different(shown(), "it reads another type"));
    }
    let data = own.data()?;
    if big_in_one_cell && data.len() as u64 > BIG_DATA {
        seen.exceptions.push(shown());
        return Ok(());
    }
    if data.is_empty() {
        // nt-hive must not be asked for data of a value that has none.
        return Ok(());
    }
    let second = second.data().map_err(|error| at(&shown(), error))?;
    let same = match second {
        nt_hive::KeyValueData::Small(bytes) => *bytes == *data,
        big => *big.into_vec().map_err(|error| at(&shown(), error))? == *data,
    };
    if same {
        return Ok(());
    }
    Err(different(shown(), "it reads other data"))
}

fn number(kind: KeyValueDataType) -> u32 {
    kind as u32
}

fn same_name(own: Name<'_>, second: &NtHiveNameString<'_>) -> bool {
    match second {
        NtHiveNameString::Latin1(bytes) => {
            own.units().eq(bytes.iter().map(|byte| u16::from(*byte)))
        }
        NtHiveNameString::Utf16LE(bytes) => own.units().eq(bytes.chunks_exact(2).map(|pair| {
            let pair = [pair.first(), pair.last()].map(|byte| byte.copied().unwrap_or_default());
            u16::from_le_bytes(pair)
        })),
    }
}

fn at(key: &str, error: impl std::fmt::Display) -> ReadBackError {
    ReadBackError::Second {
        key: key.to_owned(),
        error: error.to_string(),
    }
}

fn different(key: String, what: &str) -> ReadBackError {
    ReadBackError::Different {
        key,
        what: what.to_owned(),
    }
}
