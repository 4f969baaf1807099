//! `registry set` and `registry delete`.

use std::path::Path;

use wimwright_servicing::registry::{
    EditError, Location, Locator, ValueType, delete_key, delete_value, set_words,
};
use wimwright_servicing::{Applied, Draft, Text};

use super::shown_name;
use crate::args::{Locating, Writing};
use crate::commands::write::{ENDING, Edit, Steps};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{EditedPlaces, RegistryDelete, RegistryEdit, RegistrySet};
use crate::render::text::printable;

/// What is to be done.
pub(super) enum What<'a> {
    /// A value is set.
    Set {
        name: Text,
        kind: Option<ValueType>,
        words: &'a [String],
    },
    /// A value goes.
    DeleteValue { name: Text },
    /// A key goes.
    DeleteKey { recurse: bool },
}

impl What<'_> {
    fn operation(&self) -> &'static str {
        match self {
            What::Set { .. } => "registry set",
            What::DeleteValue { .. } | What::DeleteKey { .. } => "registry delete",
        }
    }

    fn name(&self) -> Option<&Text> {
        match self {
            What::Set { name, .. } | What::DeleteValue { name } => Some(name),
            What::DeleteKey { .. } => None,
        }
    }

    fn apply(&self, draft: &mut Draft, location: &Location) -> Result<Applied, EditError> {
        match self {
            What::Set { name, kind, words } => set_words(draft, location, name, *kind, words),
            What::DeleteValue { name } => delete_value(draft, location, name),
            What::DeleteKey { recurse } => delete_key(draft, location, *recurse),
        }
    }
}

/// Runs `registry set IMAGE KEY NAME DATA...` or `registry delete IMAGE KEY
/// [NAME]`.
pub(super) fn run(
    image: &Path,
    key: &str,
    what: &What<'_>,
    locating: &Locating,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let options = locating.options();
    // Said before anything is opened.
    Locator::new(options.clone()).map_err(EditError::from)?;
    let mut edit = Edit::begin(image, writing, context)?;
    let key = Text::from(key);
    let done = edit.run::<_, EditError>(what.operation(), |draft| {
        // It keeps the profiles of the image that it looked into.
        let locator = Locator::new(options.clone())?;
        let location = locator.locate(draft, &key)?;
        let applied = what.apply(draft, &location)?;
        Ok((location, applied))
    })?;
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 1, total })?;

    if context.json {
        let images = edited.into_iter().zip(&done).enumerate();
        let images = images.map(|(index, (image, (location, _)))| EditedPlaces {
            image: image.name,
            places: location.places().map(Into::into).collect(),
            name: what.name().cloned(),
            findings: image.findings,
            done: ending.of_image(index),
        });
        let edit = RegistryEdit {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        };
        match what {
            What::Set { .. } => context.document(&RegistrySet { edit })?,
            _ => context.document(&RegistryDelete { edit })?,
        }
        return Ok(ExitCode::Done);
    }
    ending.show(&edited, &done, context, |(location, applied), _| {
        let outcome = match (applied, what) {
            (Applied::AlreadyTrue, _) => "unchanged",
            (Applied::Changed, What::Set { .. }) => "set      ",
            (Applied::Changed, _) => "deleted  ",
        };
        let name = what.name().map(|name| format!("  {}", shown_name(name)));
        let name = name.unwrap_or_default();
        let places = location.places();
        let lines =
            places.map(|place| format!("{}\n", printable(&format!("{outcome}  {place}{name}"))));
        lines.collect()
    })?;
    Ok(ExitCode::Done)
}
