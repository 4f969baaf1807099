//! The operations on the registry: set, delete, import.
//!
//! Each collects what it is asked for as a [`NetEffect`] and plans what that
//! changes, so that a second run changes nothing. What they rest on is the
//! user's own word: the plan names the file and line, or the command.

use super::net_effect::NetEffect;
use super::reg_file::{RegFile, RegFileEncoding, RegFileVersion};
use super::{
    HiveName, Location, LocationError, Locator, Place, RegData, RegistryError, ValueType,
    WordsError, read_key,
};
use crate::draft::{Applied, Draft, DraftError};
use crate::finding::Finding;
use crate::plan::{Basis, Certainty};
use crate::text::Text;

/// Why an edit of the registry was refused.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A line of a file could not be carried out.
    #[error("`{file}`, line {line}")]
    Line {
        /// The file, as it was named.
        file: String,
        /// The line, from 1.
        line: u32,
        /// Why.
        #[source]
        source: Box<EditError>,
    },
    /// The path leads nowhere.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The image has no such hive.
    #[error("the image has no hive {hive}")]
    NoHive {
        /// Which.
        hive: HiveName,
    },
    /// The root key of a hive would go.
    #[error("{hive} is a hive: a whole hive is never deleted")]
    WholeHive {
        /// Which.
        hive: HiveName,
    },
    /// A root key would go.
    #[error("{root} is a root key, which is never deleted")]
    RootKey {
        /// Which.
        root: &'static str,
    },
    /// A key with others below it would go unasked.
    #[error("key `{place}` has {count} subkeys")]
    HasSubkeys {
        /// The key.
        place: Place,
        /// How many lie right below it.
        count: u32,
    },
    /// The words are no data.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// The plan cannot be made.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

impl From<RegistryError> for EditError {
    fn from(error: RegistryError) -> EditError {
        EditError::Draft(error.into())
    }
}

impl EditError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            EditError::Line { source, .. } => source.hint(),
            EditError::Location(error) => error.hint(),
            EditError::HasSubkeys { .. } => Some("-r deletes a key with all below it".to_owned()),
            EditError::Draft(error) => error.hint(),
            EditError::NoHive { .. }
            | EditError::WholeHive { .. }
            | EditError::RootKey { .. }
            | EditError::Words(_) => None,
        }
    }
}

/// The user's own word.
fn said(section: String) -> Basis {
    Basis {
        certainty: Certainty::Stated,
        section: section.into(),
    }
}

/// Sets a value at a location; its key is created where missing.
///
/// # Errors
/// [`EditError`].
pub fn set_value(
    draft: &mut Draft,
    location: &Location,
    name: &Text,
    data: &RegData,
) -> Result<Applied, EditError> {
    let basis = said("registry set".to_owned());
    let mut effect = NetEffect::default();
    for place in location.places() {
        require_hive(draft, place)?;
        effect.set_value(place, name, data.clone(), &basis);
    }
    Ok(effect.plan(draft)?)
}

/// Sets a value to what `words` spell: in the type that is named, else in that
/// of the value that is there, else as text.
///
/// # Errors
/// [`EditError`].
pub fn set_words(
    draft: &mut Draft,
    location: &Location,
    name: &Text,
    named: Option<ValueType>,
    words: &[String],
) -> Result<Applied, EditError> {
    let kind = match named {
        Some(kind) => kind,
        None => {
            let keys = read_key(draft, &location.place, false)?.unwrap_or_default();
            let mut values = keys.iter().flat_map(|key| &key.values);
            let there = values.find(|(there, _)| there.eq_ignore_case(name));
            there.map_or(ValueType::Sz, |(_, data)| ValueType::of_kind(data.kind))
        }
    };
    set_value(draft, location, name, &kind.data(words)?)
}

/// Deletes a value at a location, if it is there.
///
/// # Errors
/// [`EditError`].
pub fn delete_value(
    draft: &mut Draft,
    location: &Location,
    name: &Text,
) -> Result<Applied, EditError> {
    let basis = said("registry delete".to_owned());
    let mut effect = NetEffect::default();
    for place in location.places() {
        require_hive(draft, place)?;
        effect.delete_value(place, name, &basis);
    }
    Ok(effect.plan(draft)?)
}

/// Deletes a key, if it is there; one that has subkeys only with `recurse`.
///
/// # Errors
/// [`EditError`].
pub fn delete_key(
    draft: &mut Draft,
    location: &Location,
    recurse: bool,
) -> Result<Applied, EditError> {
    let basis = said("registry delete".to_owned());
    let mut effect = NetEffect::default();
    for place in location.places() {
        require_hive(draft, place)?;
        require_key(location, place)?;
        let subkeys = match draft.hive(&place.hive)? {
            Some(hive) => {
                let key = place.key.find(&hive);
                let key = key.map_err(|source| RegistryError::in_hive(&place.hive, source))?;
                key.map_or(0, |key| key.subkey_count())
            }
            None => 0,
        };
        if subkeys > 0 && !recurse {
            return Err(EditError::HasSubkeys {
                place: place.clone(),
                count: subkeys,
            });
        }
        effect.delete_key(place, &basis);
    }
    Ok(effect.plan(draft)?)
}

/// What a `.reg` file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The file, as it was named.
    pub file: String,
    /// Keys that are there in the end.
    pub keys: usize,
    /// Keys that are deleted.
    pub deleted_keys: usize,
    /// Values that are set.
    pub values: usize,
    /// Values that are deleted.
    pub deleted_values: usize,
    /// Lines that were skipped.
    pub skipped_lines: usize,
}

/// Brings `.reg` files into an image, one after the other.
///
/// # Errors
/// [`EditError::Line`] at the first line that cannot be carried out; the draft
/// may hold a part of the changes then: call this in an operation.
pub fn import(
    draft: &mut Draft,
    locator: &Locator,
    files: &[(String, RegFile)],
) -> Result<(Vec<Imported>, Applied), EditError> {
    let mut effect = NetEffect::default();
    let mut all = Vec::new();
    for (name, file) in files {
        report(draft, name, file);
        let mut imported = Imported {
            file: name.clone(),
            skipped_lines: file.skipped.len(),
            ..Imported::default()
        };
        for section in &file.sections {
            let in_line = |line: u32| {
                move |source: EditError| EditError::Line {
                    file: name.clone(),
                    line,
                    source: Box::new(source),
                }
            };
            let location = locator.locate(draft, &section.key);
            let location = location.map_err(|error| in_line(section.line)(error.into()))?;
            let basis = |line: u32| said(format!("{name}:{line}"));
            for place in location.places() {
                require_hive(draft, place).map_err(in_line(section.line))?;
                if section.delete {
                    require_key(&location, place).map_err(in_line(section.line))?;
                    effect.delete_key(place, &basis(section.line));
                    continue;
                }
                effect.create_key(place, &basis(section.line));
                for value in &section.values {
                    let basis = basis(value.line);
                    match &value.data {
                        Some(data) => {
                            effect.set_value(place, &value.name, data.clone(), &basis);
                        }
                        None => effect.delete_value(place, &value.name, &basis),
                    }
                }
            }
            match section.delete {
                true => imported.deleted_keys += 1,
                false => imported.keys += 1,
            }
            let deleted = section.values.iter().filter(|value| value.data.is_none());
            let deleted = deleted.count();
            imported.deleted_values += deleted;
            imported.values += section.values.len() - deleted;
        }
        all.push(imported);
    }
    Ok((all, effect.plan(draft)?))
}

/// Tells the user how a file was read, where that is not plain.
fn report(draft: &mut Draft, name: &str, file: &RegFile) {
    for skipped in &file.skipped {
        draft.report(Finding::warning(
            "line-skipped",
            format!("`{name}`, {skipped}"),
        ));
    }
    if file.encoding == RegFileEncoding::Utf8WithoutMark {
        draft.report(Finding::note(
            "utf-8-without-mark",
            format!(
                "`{name}` is read as UTF-8; regedit would read it as ANSI, because it has no byte \
                 order mark"
            ),
        ));
    }
    let wide = !matches!(file.encoding, RegFileEncoding::Ansi(_));
    if file.version == RegFileVersion::Regedit4
        && wide
        && file.encoding != RegFileEncoding::Utf8WithoutMark
    {
        draft.report(Finding::note(
            "regedit4-not-ansi",
            format!(
                "`{name}` says REGEDIT4 and is not ANSI: its hexadecimal text is read as ANSI all \
                 the same"
            ),
        ));
    }
}

fn require_hive(draft: &Draft, place: &Place) -> Result<(), EditError> {
    match draft.hive(&place.hive)? {
        Some(_) => Ok(()),
        None => Err(EditError::NoHive {
            hive: place.hive.clone(),
        }),
    }
}

/// That a key may be deleted.
fn require_key(location: &Location, place: &Place) -> Result<(), EditError> {
    if let Some(root) = location.root_key {
        return Err(EditError::RootKey { root });
    }
    match place.key.is_root() {
        true => Err(EditError::WholeHive {
            hive: place.hive.clone(),
        }),
        false => Ok(()),
    }
}
