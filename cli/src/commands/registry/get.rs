//! `registry get`: a key or a value, to look at.

use std::path::Path;

use wimwright_servicing::registry::{KeyContent, Locator, read_key};
use wimwright_servicing::{Access, Text};

use super::shown_name;
use crate::args::Locating;
use crate::commands::open;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{FindingEntry, GotKeys, KeyEntry, RegistryGet};
use crate::render::text::printable;

/// What is asked for.
pub(super) enum What {
    /// A key, with all below it or not.
    Key { recurse: bool },
    /// One value.
    Value { name: Text },
    /// One value's bytes.
    Raw { name: Text },
}

/// Runs `registry get IMAGE KEY [NAME]`.
pub(super) fn run(
    image: &Path,
    key: &str,
    what: &What,
    locating: &Locating,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    if context.json && matches!(what, What::Raw { .. }) {
        return Err(Refusal::RawJson.into());
    }
    let image = open::image(image, Access::Read, context)?;
    let in_image = |error: anyhow::Error| open::in_image(image.name(), error);
    let mut look = image.look(context.time);
    let locator = Locator::new(locating.options())?;
    let location = locator.locate(&mut look, &Text::from(key));
    let place = location.map_err(|error| in_image(error.into()))?.place;
    let recurse = matches!(what, What::Key { recurse: true });
    let keys = read_key(&look, &place, recurse).map_err(|error| in_image(error.into()))?;
    let Some(mut keys) = keys else {
        let key = place.to_string();
        return Err(Refusal::NoKey { key }.into());
    };
    if let What::Value { name } | What::Raw { name } = what {
        for key in &mut keys {
            key.subkeys.clear();
            key.values.retain(|(there, _)| there.eq_ignore_case(name));
        }
        if keys.iter().all(|key| key.values.is_empty()) {
            return Err(Refusal::NoValue {
                key: place.to_string(),
                name: shown_name(name),
            }
            .into());
        }
    }
    let findings = image.findings().iter().chain(look.findings());
    let findings: Vec<FindingEntry> = findings.map(FindingEntry::from).collect();
    if context.json {
        context.document(&RegistryGet {
            images: vec![GotKeys {
                image: image.name().to_owned(),
                hive: place.hive.to_string(),
                keys: keys.iter().map(KeyEntry::from).collect(),
                findings,
            }],
        })?;
        return Ok(ExitCode::Done);
    }
    let only = keys.iter().flat_map(|key| &key.values).next();
    match (what, only) {
        (What::Raw { .. }, Some((_, data))) => context.bytes(&data.bytes)?,
        (What::Value { .. }, Some((_, data))) => {
            let whole = format!("{data:#}");
            context.text(&format!("{}\n", printable(&whole)))?;
        }
        _ => {
            for (index, key) in keys.iter().enumerate() {
                if index > 0 {
                    context.text("\n")?;
                }
                let text = text(&place.hive.to_string(), key, recurse, context);
                context.text(&text)?;
                if context.nobody_reads() {
                    break;
                }
            }
        }
    }
    context.findings(&findings);
    Ok(ExitCode::Done)
}

/// A key with its values, one a line.
fn text(hive: &str, key: &KeyContent, recurse: bool, context: &Context<'_>) -> String {
    let path = match key.key.is_root() {
        true => hive.to_owned(),
        false => format!("{hive}\\{}", key.key),
    };
    let mut text = context.paint().strong(&printable(&path));
    text.push('\n');
    let names: Vec<String> = key
        .values
        .iter()
        .map(|(name, _)| shown_name(name))
        .collect();
    for (name, (_, data)) in names.iter().zip(&key.values) {
        text.push_str(&printable(&format!("    {name} = {data}")));
        text.push('\n');
    }
    if !recurse {
        for name in &key.subkeys {
            text.push_str(&printable(&format!("    \\{name}")));
            text.push('\n');
        }
    }
    text
}
