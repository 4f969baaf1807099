//! `registry diff`: two images, or an image and a `.reg` file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use wimwright_servicing::registry::reg_file::{RegFileFormat, RegSection, write_reg_file};
use wimwright_servicing::registry::{
    DiffOptions, HiveName, KeyPath, Locator, Place, RegChange, RegDifference, RegistryError,
    diff_keys, import,
};
use wimwright_servicing::{Access, BeginOptions, Draft, Finding, Image, Text};

use super::{export, reg_file, shown_name};
use crate::args::{Locating, Reading};
use crate::commands::open;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{DifferenceEntry, FindingEntry, HiveDifferences, RegistryDiff, Side};
use crate::render::text::printable;

/// What is compared, and how.
pub(super) struct How<'a> {
    pub(super) key: Option<&'a str>,
    pub(super) security: bool,
    pub(super) reg: Option<&'a Path>,
    pub(super) reading: &'a Reading,
    pub(super) locating: &'a Locating,
}

/// What a hive, or a key of it, differs in.
struct Compared {
    /// What was compared: in the second image, too, unless that names it
    /// otherwise.
    top: Place,
    only_in: Option<Side>,
    differences: Vec<RegDifference>,
}

/// Runs `registry diff IMAGE OTHER [KEY]`.
pub(super) fn run(
    image: &Path,
    other: &Path,
    how: &How<'_>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let options = DiffOptions {
        security: how.security,
        // What no editor shows is for `diff` of whole images.
        details: false,
    };
    let first = open::image(image, Access::Read, context)?;
    let mut findings = first.findings().to_vec();
    // A directory is an image; what is neither is refused as one.
    let (compared, name) = match other.is_file() || other.as_os_str() == "-" {
        true => {
            let name = other.display().to_string();
            (
                with_file(first, other, how, options, &mut findings, context)?,
                name,
            )
        }
        false => {
            let second = open::image(other, Access::Read, context)?;
            findings.extend_from_slice(second.findings());
            let name = second.name().to_owned();
            (
                with_image(&first, &second, how, options, &mut findings, context)?,
                name,
            )
        }
    };
    if let Some(file) = how.reg {
        findings.extend(write(file, &compared)?);
    }
    let different = !compared.is_empty();
    let code = match different {
        true => ExitCode::Findings,
        false => ExitCode::Done,
    };
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.message.clone()));
    let findings: Vec<FindingEntry> = findings.iter().map(FindingEntry::from).collect();
    if context.json {
        let hives = compared.iter().map(|compared| match compared.only_in {
            Some(side) => HiveDifferences::only_in(&compared.top.hive, side),
            None => HiveDifferences {
                hive: compared.top.hive.to_string(),
                only_in: None,
                differences: compared
                    .differences
                    .iter()
                    .filter(|difference| !matches!(difference.what, RegChange::Detail(_)))
                    .map(|difference| DifferenceEntry::new(&compared.top, difference))
                    .collect(),
            },
        });
        context.document(&RegistryDiff {
            different,
            first: image.display().to_string(),
            second: name,
            hives: hives.collect(),
            findings,
        })?;
        return Ok(code);
    }
    for compared in &compared {
        let text = text(compared);
        context.text(&text)?;
    }
    if !different && !context.quiet {
        context.text("no differences\n")?;
    }
    context.findings(&findings);
    Ok(code)
}

/// What importing the file would change.
fn with_file(
    first: Image,
    file: &Path,
    how: &How<'_>,
    options: DiffOptions,
    findings: &mut Vec<Finding>,
    context: &Context<'_>,
) -> anyhow::Result<Vec<Compared>> {
    let given = reg_file::read(&[file.to_owned()])?;
    let locator = Locator::new(how.locating.options())?;
    // Nothing is committed, so a dirty hive may be taken as it is.
    let mut transaction = first.begin(BeginOptions {
        time: context.time,
        accept_dirty_hive: true,
        strict: false,
    });
    let compare = |draft: &mut Draft| -> anyhow::Result<_> {
        let files = reg_file::parse(&given, how.reading, draft)?;
        let _ = import(draft, &locator, &files)?;
        let within = match how.key {
            Some(key) => Some(locator.locate(draft, &Text::from(key))?.place),
            None => None,
        };
        Ok((draft.registry_changes(options)?, within))
    };
    let done = transaction.run("registry diff", compare).pop();
    let (changes, within) = done.context("the transaction has no image")??;
    for (_, draft) in transaction.drafts() {
        findings.extend_from_slice(draft.findings());
    }
    let all = changes.into_iter().map(|(hive, mut differences)| {
        differences.retain(|difference| match &within {
            Some(place) => place.hive == hive && difference.key.starts_with(&place.key),
            None => true,
        });
        Compared {
            top: Place {
                hive,
                key: KeyPath::default(),
            },
            only_in: None,
            differences,
        }
    });
    Ok(all
        .filter(|compared| !compared.differences.is_empty())
        .collect())
}

/// How the second image differs.
fn with_image(
    first: &Image,
    second: &Image,
    how: &How<'_>,
    options: DiffOptions,
    findings: &mut Vec<Finding>,
    context: &Context<'_>,
) -> anyhow::Result<Vec<Compared>> {
    let (mut a, mut b) = (first.look(context.time), second.look(context.time));
    let in_first = |error: anyhow::Error| open::in_image(first.name(), error);
    let in_second = |error: anyhow::Error| open::in_image(second.name(), error);
    let pairs = match how.key {
        Some(key) => {
            // Each image has its own control sets and profiles.
            let locator = |draft: &mut Draft| -> anyhow::Result<Place> {
                let locator = Locator::new(how.locating.options())?;
                Ok(locator.locate(draft, &Text::from(key))?.place)
            };
            vec![(
                locator(&mut a).map_err(in_first)?,
                locator(&mut b).map_err(in_second)?,
            )]
        }
        None => {
            let mut hives: BTreeSet<HiveName> = BTreeSet::new();
            hives.extend(a.hives().map_err(|error| in_first(error.into()))?);
            hives.extend(b.hives().map_err(|error| in_second(error.into()))?);
            let root = |hive: HiveName| Place {
                hive,
                key: KeyPath::default(),
            };
            let both = hives.into_iter().map(root);
            both.map(|place| (place.clone(), place)).collect()
        }
    };
    let mut all = Vec::new();
    for (top, other) in pairs {
        all.extend(compare((&a, &top), (&b, &other), options)?);
    }
    findings.extend_from_slice(a.findings());
    findings.extend_from_slice(b.findings());
    Ok(all)
}

/// Compares a key of two images; `None` where nothing differs.
fn compare(
    (a, top): (&Draft, &Place),
    (b, other): (&Draft, &Place),
    options: DiffOptions,
) -> anyhow::Result<Option<Compared>> {
    let (hive_a, hive_b) = (a.hive(&top.hive)?, b.hive(&other.hive)?);
    let side = |only_in, differences| Compared {
        top: top.clone(),
        only_in,
        differences,
    };
    let (hive_a, hive_b) = match (&hive_a, &hive_b) {
        (Some(a), Some(b)) => (a, b),
        (Some(_), None) => return Ok(Some(side(Some(Side::First), Vec::new()))),
        (None, Some(_)) => return Ok(Some(side(Some(Side::Second), Vec::new()))),
        (None, None) => return Ok(None),
    };
    let in_hive = |source| RegistryError::in_hive(&top.hive, source);
    let key_a = top.key.find(hive_a).map_err(in_hive)?;
    let key_b = other.key.find(hive_b).map_err(in_hive)?;
    let differences = diff_keys(key_a, key_b, options).map_err(in_hive)?;
    Ok((!differences.is_empty()).then(|| side(None, differences)))
}

/// Writes the `.reg` file that makes the first side what the second is.
fn write(file: &Path, compared: &[Compared]) -> anyhow::Result<Vec<Finding>> {
    let mut sections = Vec::new();
    let mut findings = Vec::new();
    for compared in compared {
        if compared.only_in.is_some() {
            findings.push(Finding::warning(
                "hive-not-in-reg-file",
                format!(
                    "one side alone has the hive {}: a .reg file neither makes nor removes a hive",
                    compared.top.hive
                ),
            ));
            continue;
        }
        let path = compared.top.in_reg_file();
        sections.extend(RegSection::of_differences(&compared.differences, &path));
    }
    let written = write_reg_file(&sections, RegFileFormat::Version5);
    findings.extend(written.omitted.iter().map(export::omitted));
    fs::write(file, &written.bytes).with_context(|| format!("`{}`", file.display()))?;
    Ok(findings)
}

/// The differences of a hive, one a line, as a plan shows them.
fn text(compared: &Compared) -> String {
    let hive = &compared.top.hive;
    match compared.only_in {
        Some(Side::First) => return format!("- hive {}\n", printable(&hive.to_string())),
        Some(Side::Second) => return format!("+ hive {}\n", printable(&hive.to_string())),
        None => {}
    }
    let mut text = String::new();
    let mut last: Option<Place> = None;
    for difference in &compared.differences {
        let place = compared.top.below(&difference.key);
        let value = match &difference.what {
            RegChange::KeyAdded => Err("+"),
            RegChange::KeyRemoved => Err("-"),
            RegChange::SecurityChanged { .. } => Ok("~ security".to_owned()),
            RegChange::Detail(_) => continue,
            RegChange::ValueAdded { name, new } => Ok(format!("+ {} = {new}", shown_name(name))),
            RegChange::ValueRemoved { name, old } => Ok(format!("- {} = {old}", shown_name(name))),
            RegChange::ValueChanged { name, old, new } => {
                Ok(format!("~ {} = {old} -> {new}", shown_name(name)))
            }
        };
        let is_new = last.as_ref() != Some(&place);
        match value {
            Err(sign) => text.push_str(&format!("{sign} {}\n", printable(&place.to_string()))),
            Ok(value) => {
                if is_new {
                    text.push_str(&format!("  {}\n", printable(&place.to_string())));
                }
                text.push_str(&format!("    {}\n", printable(&value)));
            }
        }
        last = Some(place);
    }
    text
}
