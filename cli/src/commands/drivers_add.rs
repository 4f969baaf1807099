//! `drivers add`: driver packages into an image.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use wimwright_drivers::{
    self as drivers, AddOptions, AddResult, DriverSignature, Package, add, matching, takes,
};
use wimwright_servicing::Draft;
use wimwright_servicing::hardware::Hardware;

use super::drivers_match;
use super::open;
use super::trust;
use super::write::{ENDING, Edit, Steps};
use crate::args::Writing;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{Added, AddedResult, DriversAdd, Outcome, signature};
use crate::render::text::{Paint, printable};

/// What the words name: a package, or why it is none.
pub(super) enum Given {
    Package {
        package: Package,
        /// It was found in a folder that was named, not named itself.
        found: bool,
    },
    Refused {
        name: String,
        reason: String,
    },
}

/// How packages are to be added.
pub(crate) struct How<'a> {
    /// Folders below are looked into.
    pub(crate) recurse: bool,
    /// The recovery environment inside the image gets the packages, too.
    pub(crate) include_winre: bool,
    /// Packages that are not signed are added to 64-bit Windows, too.
    pub(crate) force_unsigned: bool,
    /// Packages are added although the image holds newer ones.
    pub(crate) allow_older: bool,
    /// Files of certificates that are trusted beside the program's own.
    pub(crate) trust: &'a [PathBuf],
    /// Hardware files of the computers that packages are wanted for; empty where
    /// all are.
    pub(crate) hardware: &'a [PathBuf],
}

/// Runs `drivers add IMAGE PACKAGE...`.
pub(super) fn run(
    image: &Path,
    packages: &[PathBuf],
    how: &How<'_>,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let mut options = AddOptions::default();
    options.force_unsigned = how.force_unsigned;
    options.allow_older = how.allow_older;
    options.trust = trust::store(how.trust)?;
    let computers = drivers_match::computers(how.hardware, context)?;
    let given = given(packages, how.recurse);
    let total = given.len() as u64 + ENDING;
    context.progress("open", 0, total);
    let mut edit = Edit::begin(image, writing, context)?;
    if how.include_winre && edit.include_winre()? == 0 {
        return Err(Refusal::NoWinre {
            image: image.display().to_string(),
        }
        .into());
    }

    let results = edit.run("drivers add", |draft| {
        let mut tell = |package: &Package, done| {
            context.progress(&format!("plan {}", package.inf()), done, total);
        };
        plan(draft, &given, &computers, &options, &mut tell)
    })?;
    for result in results.iter().flatten() {
        context.log("result", &line(result, Paint(false)));
        for finding in &result.findings {
            context.log("finding", &Paint(false).finding(finding));
        }
    }
    let code = code(&results.concat());
    let edited = edit.images();
    let done = given.len() as u64;
    let ending = edit.end(writing, context, Steps { done, total })?;

    if context.json {
        let images = edited.into_iter().zip(results).enumerate();
        let images = images.map(|(index, (image, results))| Added {
            image: image.name,
            results,
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&DriversAdd {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(code);
    }
    ending.show(&edited, &results, context, |results, context| {
        results_text(results, context)
    })?;
    Ok(code)
}

/// Plans the packages, each of which is told of before; those that were found
/// and are for other Windows are left out.
pub(super) fn plan(
    draft: &mut Draft,
    given: &[Given],
    computers: &[Hardware],
    options: &AddOptions,
    tell: &mut dyn FnMut(&Package, u64),
) -> Result<Vec<AddedResult>, drivers::Error> {
    let unneeded = match computers.is_empty() {
        true => HashMap::new(),
        false => unneeded(draft, given, computers, options)?,
    };
    let added = (0..).zip(given).filter_map(|(done, given)| match given {
        Given::Package { package, found } => {
            if *found && !takes(draft.facts(), package) {
                return None;
            }
            if let Some(reason) = unneeded.get(&done) {
                let result = AddResult::not_needed(package, reason);
                return Some(Ok(AddedResult::from(result)));
            }
            tell(package, done);
            Some(add(draft, package, options).map(|result| AddedResult {
                passed_over: *found && result.for_other_windows,
                ..AddedResult::from(result)
            }))
        }
        Given::Refused { name, reason } => Some(Ok(refused(name, reason))),
    });
    added.collect()
}

/// Why packages need not be added for `computers`, by their place in `given`.
fn unneeded(
    draft: &Draft,
    given: &[Given],
    computers: &[Hardware],
    options: &AddOptions,
) -> Result<HashMap<u64, String>, drivers::Error> {
    let packages = (0..).zip(given).filter_map(|(at, given)| match given {
        Given::Package { package, found } if !*found || takes(draft.facts(), package) => {
            Some((at, package.clone()))
        }
        _ => None,
    });
    let (places, packages): (Vec<u64>, Vec<Package>) = packages.unzip();
    let reasons = matching::unneeded(draft, &packages, computers, options)?;
    let placed = reasons.into_iter();
    Ok(placed
        .filter_map(|(at, reason)| Some((*places.get(at)?, reason)))
        .collect())
}

/// What the words name.
pub(super) fn given(packages: &[PathBuf], recurse: bool) -> Vec<Given> {
    let mut given = Vec::new();
    for path in packages {
        match open::packages(path, recurse) {
            Ok(packages) => {
                let found = path.is_dir();
                let packages = packages.into_iter();
                given.extend(packages.map(|package| Given::Package { package, found }));
            }
            // What one word names badly must not spoil the others.
            Err(error) => given.push(Given::Refused {
                name: path.display().to_string(),
                reason: format!("{error:#}"),
            }),
        }
    }
    given
}

fn refused(name: &str, reason: &str) -> AddedResult {
    AddedResult {
        inf: name.to_owned(),
        outcome: Outcome::Refused,
        published_name: None,
        package_id: None,
        class_name: None,
        version: None,
        driver_signature: signature(DriverSignature::Unknown),
        signer_name: None,
        signature: None,
        reason: Some(reason.to_owned()),
        superseded_by: None,
        findings: Vec::new(),
        passed_over: false,
    }
}

fn code(results: &[AddedResult]) -> ExitCode {
    let refused = results
        .iter()
        .filter(|result| result.outcome == Outcome::Refused)
        .count();
    match refused {
        0 => ExitCode::Done,
        all if all == results.len() => ExitCode::Refused,
        _ => ExitCode::Partly,
    }
}

/// One line a package, and what was found about it below.
pub(super) fn results_text(results: &[AddedResult], context: &Context<'_>) -> String {
    let paint = context.paint();
    let mut text = String::new();
    for result in results {
        text.push_str(&line(result, paint));
        text.push('\n');
        if let Some(signed) = signed(result).filter(|_| !context.quiet) {
            text.push_str(&format!("    {signed}\n"));
        }
        let findings = result.findings.iter();
        for finding in findings.filter(|finding| context.shows(finding)) {
            text.push_str(&format!("    {}\n", paint.finding(finding)));
        }
    }
    text
}

/// Who signed a package, where that is good to know.
fn signed(result: &AddedResult) -> Option<String> {
    let name = result.signer_name.as_ref()?;
    let facts = result.signature.as_ref()?;
    let mut text = format!("signed by {}", printable(name));
    if let Some(kind) = facts.signer_kind {
        text.push_str(&format!(" ({})", kind.words()));
    }
    let date = facts.time_stamp.as_deref().and_then(|time| time.get(..10));
    if let Some(date) = date {
        text.push_str(&format!(", {date}"));
    }
    Some(text)
}

fn line(result: &AddedResult, paint: Paint) -> String {
    let outcome = match result.outcome {
        Outcome::Added => paint.good("added    "),
        Outcome::Pending => paint.good("pending  "),
        Outcome::Unchanged => paint.strong("unchanged"),
        Outcome::Superseded => paint.strong("superseded"),
        Outcome::Refused => paint.error("refused  "),
        Outcome::NotNeeded => paint.strong("left out "),
    };
    let class = [&result.class_name, &result.version];
    let class: Vec<&str> = class.into_iter().flatten().map(String::as_str).collect();
    let class = (!class.is_empty()).then(|| class.join(" "));
    let parts = [
        result.published_name.clone(),
        Some(result.inf.clone()),
        result.package_id.clone(),
        class,
    ];
    let mut text = outcome;
    for part in parts.into_iter().flatten() {
        text.push_str("  ");
        text.push_str(&printable(&part));
    }
    if let Some(reason) = &result.reason {
        text.push_str(": ");
        text.push_str(&printable(reason));
    }
    text
}
