//! `registry export`: a key of an image as a `.reg` file.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use wimwright_servicing::registry::reg_file::{
    CodePage, Omitted, RegFileFormat, RegSection, write_reg_file,
};
use wimwright_servicing::registry::{Locator, RegistryError};
use wimwright_servicing::{Access, Draft, Finding, Text};

use super::{reg_file, shown_name};
use crate::args::{ExportFormat, Locating};
use crate::commands::open;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{Exported, FindingEntry, RegistryExport};
use crate::render::text::{count, printable};

/// Where the file goes, and in which form.
pub(super) struct How<'a> {
    pub(super) file: Option<&'a Path>,
    pub(super) format: ExportFormat,
    pub(super) code_page: Option<&'a str>,
}

/// Runs `registry export IMAGE KEY [FILE]`.
pub(super) fn run(
    image: &Path,
    key: &str,
    how: &How<'_>,
    locating: &Locating,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let file = how.file.filter(|file| file.as_os_str() != "-");
    if context.json && file.is_none() {
        return Err(Refusal::ExportJson.into());
    }
    let image = open::image(image, Access::Read, context)?;
    let mut look = image.look(context.time);
    let exported = sections(&mut look, key, locating);
    let (name, sections) = exported.map_err(|error| open::in_image(image.name(), error))?;
    let written = write_reg_file(&sections, format(how, &look)?);
    match file {
        Some(file) => {
            fs::write(file, &written.bytes).with_context(|| format!("`{}`", file.display()))?;
        }
        None => context.bytes(&written.bytes)?,
    }

    let omitted: Vec<Finding> = written.omitted.iter().map(omitted).collect();
    let findings = image.findings().iter().chain(look.findings());
    let findings = findings.chain(&omitted).map(FindingEntry::from);
    let without_key = |section: &&RegSection| {
        let mut omitted = written.omitted.iter();
        !omitted.any(|omitted| omitted.value.is_none() && omitted.key == section.key)
    };
    let kept: Vec<&RegSection> = sections.iter().filter(without_key).collect();
    let values: usize = kept.iter().map(|section| section.values.len()).sum();
    let left_out = written.omitted.iter();
    let left_out = left_out.filter(|omitted| omitted.value.is_some()).count();
    let exported = Exported {
        image: image.name().to_owned(),
        file: file.map_or_else(String::new, |file| file.display().to_string()),
        key: name,
        keys: kept.len(),
        values: values - left_out,
        findings: findings.collect(),
    };
    if context.json {
        let images = vec![exported];
        context.document(&RegistryExport { images })?;
        return Ok(ExitCode::Done);
    }
    if file.is_some() && !context.quiet {
        let line = format!(
            "{}: {}, {} of {}",
            exported.file,
            count(exported.keys, "key", "keys"),
            count(exported.values, "value", "values"),
            exported.key
        );
        context.text(&format!("{}\n", printable(&line)))?;
    }
    context.findings(&exported.findings);
    Ok(ExitCode::Done)
}

/// The key as the file will name it, and what the file will hold.
fn sections(
    look: &mut Draft,
    key: &str,
    locating: &Locating,
) -> anyhow::Result<(Text, Vec<RegSection>)> {
    let locator = Locator::new(locating.options())?;
    let path = Text::from(key);
    let location = locator.locate(look, &path)?;
    let name = Locator::in_reg_file(&path, &location);
    let place = &location.place;
    let no_key = || Refusal::NoKey {
        key: place.to_string(),
    };
    let hive = look.hive(&place.hive)?.ok_or_else(no_key)?;
    let in_hive = |source| RegistryError::in_hive(&place.hive, source);
    let key = place.key.find(&hive).map_err(in_hive)?;
    let sections = RegSection::of_key(key.ok_or_else(no_key)?, &name).map_err(in_hive)?;
    Ok((name, sections))
}

fn format(how: &How<'_>, look: &Draft) -> anyhow::Result<RegFileFormat> {
    Ok(match how.format {
        ExportFormat::Version5 => RegFileFormat::Version5,
        ExportFormat::Utf8 => RegFileFormat::Version5Utf8,
        ExportFormat::Regedit4 => RegFileFormat::Regedit4(match how.code_page {
            Some(number) => reg_file::code_page(number)?,
            None => CodePage::of_image(look)?,
        }),
    })
}

/// What the file does not hold.
pub(super) fn omitted(omitted: &Omitted) -> Finding {
    let value = omitted.value.as_ref();
    let value = value.map(|name| format!(", value {}", shown_name(name)));
    Finding::warning(
        "not-in-reg-file",
        format!(
            "`{}`{} is left out: {}",
            omitted.key,
            value.unwrap_or_default(),
            omitted.reason
        ),
    )
}
