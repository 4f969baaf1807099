//! `lint`: what Microsoft's checkers would say of an INF, without Windows.
//!
//! The portable part of InfVerif under its own rule numbers, and of Inf2Cat.
//! An INF is looked at as a whole, whatever Windows its parts are for:
//! references are followed once ([`usage`]), texts and lists are checked where
//! they stand, and what an INF *means* comes from the [model](crate::model),
//! read for every Windows that the INF tells apart ([`for_windows`]).
//!
//! Not checked is what needs a Windows: whether an included INF and its
//! sections exist, whether a co-installer is there. `docs/guide/lint.md` lists
//! every number, and why one is left out.
//!
//! Nothing here reads for an image, and nothing is refused: any bytes give
//! findings.

#![deny(clippy::indexing_slicing)]

mod class;
mod conflicts;
mod files;
mod finding;
mod for_windows;
mod legacy;
mod models_sections;
mod package_folder;
mod registry_lists;
mod role;
mod rule;
mod stamp;
mod text;
mod text_setup;
mod tokens;
mod usage;
mod version_section;

use std::collections::HashMap;
use std::convert::Infallible;

use rayon::prelude::*;
use serde::Serialize;
use wimwright_inf::{Inf, Line, ParseOptions, Position};
use wimwright_servicing::FileTime;

pub use finding::{LintFinding, MAX_FINDINGS};
pub use rule::{LintMode, LintRule};

use crate::error::Error;
use crate::inbox::MAX_INF;
use crate::model::{
    self, Architecture, Findings, InfKind, ManufacturerLine, Severity, Version, manufacturers,
};
use crate::package::Package;
use finding::Found;
use usage::Usage;

/// How to lint.
#[derive(Clone, Copy, Debug, Default)]
pub struct LintOptions {
    /// Which demands are made.
    pub mode: LintMode,
    /// Take an `.inf` file with variables of `stampinf` for an input of the
    /// build, as an `.inx` file always is.
    pub stampinf: bool,
    /// Now, if dates in the future are to be found.
    pub now: Option<FileTime>,
}

/// An INF that was linted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linted {
    /// What the INF is for.
    pub kind: InfKind,
    /// The architecture that it was read for, as `stampinf` writes it: it is
    /// an input of a build.
    pub stamped_for: Option<Architecture>,
    /// What is wrong, in the order of the file.
    pub findings: Vec<LintFinding>,
    /// Whether only the first [`MAX_FINDINGS`] are listed.
    pub truncated: bool,
}

impl Linted {
    /// How many findings weigh so much.
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings.filter(|found| found.severity == severity).count()
    }
}

/// What the checks look at.
struct Subject<'i> {
    inf: &'i Inf,
    version: Version,
    /// What the model finds odd about `[Version]`.
    version_findings: Vec<model::Finding>,
    makers: Vec<ManufacturerLine>,
    usage: Usage<'i>,
    stamped: bool,
    lines: HashMap<u32, Line<'i>>,
}

impl Subject<'_> {
    /// The place of a line that the model names.
    fn position(&self, line: u32) -> Option<Position> {
        Some(self.lines.get(&line)?.position(0))
    }
}

/// What the checks know beside the INF.
struct Context {
    /// Now, in 100 ns since 1601.
    now: Option<u64>,
}

/// Lints the bytes of an INF. `name` is its file name, which tells an `.inx`
/// file and a `txtsetup.oem`.
pub fn lint_bytes(name: &str, bytes: &[u8], options: &LintOptions) -> Linted {
    let no_folder = |_: &Subject<'_>, _: &mut Found| Ok::<(), Infallible>(());
    lint_whole(name, bytes, options, no_folder).unwrap_or_else(|never| match never {})
}

/// Lints packages, on all cores; the results are in their order, and one that
/// cannot be read keeps no other from being linted. Whether the files of a
/// package are where its INF says is checked too, where `in_folders` asks for
/// it.
pub fn lint(
    packages: &[Package],
    options: &LintOptions,
    in_folders: bool,
) -> Vec<Result<Linted, Error>> {
    packages
        .par_iter()
        .map(|package| {
            let bytes = package.tree().read(package.inf(), MAX_INF)?;
            let bytes = bytes.unwrap_or_default();
            lint_whole(
                &package.inf_name(),
                &bytes,
                options,
                |subject, found| match in_folders && !subject.stamped {
                    true => package_folder::check(package, subject, found),
                    false => Ok(()),
                },
            )
        })
        .collect()
}

fn lint_whole<E>(
    name: &str,
    bytes: &[u8],
    options: &LintOptions,
    folder: impl FnOnce(&Subject<'_>, &mut Found) -> Result<(), E>,
) -> Result<Linted, E> {
    let mut found = Found::new(options.mode);
    if name.to_ascii_lowercase().ends_with(".oem") {
        text_setup::check(bytes, &mut found);
        return Ok(linted(InfKind::TextSetup, None, found));
    }
    let is_input = name.to_ascii_lowercase().ends_with(".inx");
    let mut parse = ParseOptions::default();
    let mut inf = Inf::parse(bytes, &parse);
    text::check(&inf, &mut found);
    if text::is_utf8(&inf) {
        // That Windows will misread it was said; what was meant is better to
        // check than what becomes of it.
        parse.ansi = encoding_rs::UTF_8;
        inf = Inf::parse(bytes, &parse);
    }
    let mut quiet = Findings::default();
    let template = Version::read(&inf, &mut quiet).template_variable.is_some();
    let mut stamped_for = None;
    if template {
        // Either way the rest is worth reading as it will be.
        let architecture = stamp::architecture(&inf);
        match is_input || options.stampinf {
            true => stamped_for = Some(architecture),
            false => version_section::template(&inf, quiet.as_slice(), &mut found),
        }
        parse.variables = stamp::variables(architecture);
        inf = Inf::parse(bytes, &parse);
    }
    let mut version_findings = Findings::default();
    let version = Version::read(&inf, &mut version_findings);
    let makers = manufacturers(&inf, &mut Findings::default()).unwrap_or_default();
    let kind = version.kind;
    // A file that is no INF has no sections that anything should use.
    let usage = match version.is_inf() {
        true => Usage::of(&inf, &makers, &mut found),
        false => Usage::of(&inf, &makers, &mut Found::new(options.mode)),
    };
    let subject = Subject {
        inf: &inf,
        version,
        version_findings: version_findings.into_vec(),
        makers,
        usage,
        stamped: is_input || template,
        lines: inf
            .sections()
            .flat_map(|section| section.lines())
            .map(|line| (line.number(), line))
            .collect(),
    };
    let context = Context {
        now: options.now.map(|now| now.0),
    };
    version_section::check(&subject, &context, &mut found);
    if subject.version.is_inf() {
        models_sections::check(&subject, &mut found);
        tokens::check(&subject, &mut found);
        files::check(&subject, &mut found);
        registry_lists::check(&subject, &mut found);
        legacy::check(&subject, &mut found);
        for_windows::check(&subject, &mut found);
        folder(&subject, &mut found)?;
    }
    Ok(linted(kind, stamped_for, found))
}

fn linted(kind: InfKind, stamped_for: Option<Architecture>, found: Found) -> Linted {
    let (findings, truncated) = found.into_sorted();
    Linted {
        kind,
        stamped_for,
        findings,
        truncated,
    }
}
