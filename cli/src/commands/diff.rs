//! `diff`: how two images, or any two directories, differ.

mod as_plan;

use std::path::Path;

use wimwright_drivers::{Error, list};
use wimwright_servicing::diff::{
    self as images, DiffError, Exclude, Options, PatternError, Side, Step, UpdateDiffError,
};
use wimwright_servicing::{Access, Draft, FactsError, Finding, Image, ImageFiles, OpenError};

use super::{open, report_file};
use crate::args::DiffPart;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::diff::{Differences, text};
use crate::render::html;
use crate::render::json::{
    Compared, Diff, DiffPlan, DiffedImage, DriverDifferenceEntry, FeatureDifferenceEntry,
    FileDifferenceEntry, FindingEntry, LeftOut, PackageDifferenceEntry, RegistryDifferenceEntry,
};
use crate::render::text::wrapped;

/// What is never compared: its name, and what it is.
const NEVER: [(&str, &str); 3] = [
    (
        "file-metadata",
        "when a file was read last; and unless both images are in WIM files: attributes, short \
         names, security and named streams of files, and of reparse points all but where a link \
         leads, because a directory does not keep them",
    ),
    (
        "hive-storage",
        "how a hive is stored: where cells lie, the order of values, logs, sequence numbers, times \
         of last write and access bits of keys",
    ),
    (
        "names-not-of-windows",
        "names on this computer that Windows cannot have: a warning tells each",
    ),
];
const METADATA: (&str, &str) = (
    "file-times",
    "times and hard links of files, and of images in WIM files attributes, short names, security, \
     named streams and reparse data (--metadata compares them)",
);
const SECURITY: (&str, &str) = (
    "key-security",
    "the security of registry keys (--security compares it)",
);

/// What the help says of it.
pub(crate) fn not_compared() -> String {
    let mut text = "Not compared:".to_owned();
    for (_, what) in NEVER.iter().chain([&METADATA, &SECURITY]) {
        let what = wrapped(what, 4, 96);
        text.push_str(&format!("\n  * {}", what.trim()));
    }
    text
}

/// What the words ask for.
pub(crate) struct Asked<'a> {
    pub(crate) only: &'a [DiffPart],
    pub(crate) exclude: &'a [String],
    pub(crate) metadata: bool,
    pub(crate) security: bool,
    pub(crate) html: Option<&'a Path>,
    pub(crate) force: bool,
    pub(crate) as_plan: Option<&'a Path>,
}

impl Asked<'_> {
    fn wants(&self, part: DiffPart) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn options(&self) -> Result<Options, PatternError> {
        Ok(Options {
            exclude: Exclude::new(self.exclude)?,
            metadata: self.metadata,
            security: self.security,
        })
    }
}

/// What was found.
#[derive(Default)]
struct Found {
    differences: Differences,
    left_out: Vec<LeftOut>,
    /// The plan that was written.
    plan: Option<DiffPlan>,
    /// What the user asked for and does not get.
    missing: Vec<Finding>,
    findings: Vec<Finding>,
}

/// Runs `diff A B`.
pub(crate) fn run(
    named: [&Path; 2],
    asked: &Asked<'_>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let options = asked.options()?;
    if let Some(page) = asked.html {
        report_file::check(page, asked.force)?;
    }
    if let Some(bundle) = asked.as_plan {
        as_plan::check(bundle, asked)?;
    }
    let mut found = Found::default();
    let of_windows = [
        DiffPart::Registry,
        DiffPart::Drivers,
        DiffPart::Packages,
        DiffPart::Features,
    ];
    let images = match of_windows.iter().any(|part| asked.wants(*part)) {
        true => open_images(named, asked, &mut found, context)?,
        false => None,
    };
    let images = match images {
        Some(images) => of_images(&images, asked, &options, &mut found, context)?,
        None if asked.as_plan.is_some() => return Err(Refusal::PlanOfDirectories.into()),
        None => of_directories(named, &options, &mut found, context)?,
    };
    found.leave_out_the_rest(asked);
    if let Some(page) = asked.html {
        let text = html::diff(&found.differences, &found.page(&images), context);
        report_file::write(page, &text, asked.force)?;
    }
    show(&found, images, context)
}

/// Both images; `None` where files are all that can be compared, and nothing
/// else was asked for by name.
fn open_images(
    named: [&Path; 2],
    asked: &Asked<'_>,
    found: &mut Found,
    context: &Context<'_>,
) -> anyhow::Result<Option<[Image; 2]>> {
    let open = |image| open::image(image, Access::Read, context);
    let error = match named.map(open) {
        [Ok(old), Ok(new)] => return Ok(Some([old, new])),
        // That there is no such directory is worse than what is in one.
        [Err(error), Err(other)] if is_no_windows(&error) => match is_no_windows(&other) {
            true => error,
            false => return Err(other),
        },
        [Err(error), _] | [_, Err(error)] => error,
    };
    if !is_no_windows(&error) || !asked.only.is_empty() {
        return Err(error);
    }
    let parts = ["registry", "drivers", "packages", "features"];
    found.miss(&parts, &format!("{error:#}"));
    Ok(None)
}

fn is_no_windows(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref());
    causes.any(|cause| matches!(cause, OpenError::Facts(FactsError::NotWindows { .. })))
}

fn of_directories(
    named: [&Path; 2],
    options: &Options,
    found: &mut Found,
    context: &mut Context<'_>,
) -> anyhow::Result<[DiffedImage; 2]> {
    let [a, b] = [
        open::files(named[0], context)?,
        open::files(named[1], context)?,
    ];
    let names = [a.name().to_owned(), b.name().to_owned()];
    let [old, new] = [a.tree(), b.tree()];
    let files = images::files(old.as_ref(), new.as_ref(), options, &mut progress(context));
    found.differences.files = Some(files.map_err(|error| in_side(&names, error))?);
    let told = |image: &ImageFiles| DiffedImage {
        image: image.name().to_owned(),
        windows_directory: None,
        findings: image
            .name_findings()
            .iter()
            .map(FindingEntry::from)
            .collect(),
    };
    Ok([told(&a), told(&b)])
}

fn of_images(
    both: &[Image; 2],
    asked: &Asked<'_>,
    options: &Options,
    found: &mut Found,
    context: &mut Context<'_>,
) -> anyhow::Result<[DiffedImage; 2]> {
    let names = [both[0].name(), both[1].name()].map(str::to_owned);
    let mut drafts = [both[0].look(context.time), both[1].look(context.time)];
    if asked.wants(DiffPart::Drivers) {
        drivers(&names, &mut drafts, asked, found)?;
    }
    let [old, new] = &drafts;
    let updates = updates(&names, [old, new], asked, found)?;
    let failed = |error| in_side(&names, error);
    let mut progress = progress(context);
    match (
        asked.wants(DiffPart::Files),
        asked.wants(DiffPart::Registry),
    ) {
        (true, true) => {
            let differences = images::images(old, new, options, &mut progress).map_err(failed)?;
            found.differences.files = Some(differences.files);
            found.differences.registry = Some(differences.registry);
            found.findings.extend(differences.findings);
        }
        (true, false) => {
            let files = images::files(old, new, options, &mut progress).map_err(failed)?;
            found.differences.files = Some(files);
        }
        (false, true) => {
            let registry = images::registry(old, new, options, &mut progress).map_err(failed)?;
            found.differences.registry = Some(registry);
        }
        (false, false) => {}
    }
    let told = |image: &Image, draft: &Draft, updates: &[Finding]| {
        let names = image.name_findings();
        let findings = image
            .findings()
            .iter()
            .chain(draft.findings())
            .chain(&names)
            .chain(updates);
        DiffedImage {
            image: image.name().to_owned(),
            windows_directory: Some(image.facts().windows.to_string()),
            findings: findings.map(FindingEntry::from).collect(),
        }
    };
    let told = [
        told(&both[0], old, &updates[0]),
        told(&both[1], new, &updates[1]),
    ];
    if let Some(bundle) = asked.as_plan {
        as_plan::write(bundle, &names, &mut drafts, options, found)?;
    }
    Ok(told)
}

/// Compares update packages and features; gives what is odd in each image.
fn updates(
    names: &[String; 2],
    [old, new]: [&Draft; 2],
    asked: &Asked<'_>,
    found: &mut Found,
) -> anyhow::Result<[Vec<Finding>; 2]> {
    let (packages, features) = (
        asked.wants(DiffPart::Packages),
        asked.wants(DiffPart::Features),
    );
    if !packages && !features {
        return Ok(Default::default());
    }
    match images::updates(old, new) {
        Ok(updates) => {
            found.differences.packages = packages.then_some(updates.packages);
            found.differences.features = features.then_some(updates.features);
            Ok(updates.findings)
        }
        // Hives that cannot be read are told where the registry is compared.
        Err(error) if asked.only.is_empty() => {
            let UpdateDiffError { side, source } = error;
            let error = open::in_image(side_of(names, side), source);
            found.miss(&["packages", "features"], &format!("{error:#}"));
            Ok(Default::default())
        }
        Err(UpdateDiffError { side, source }) => Err(open::in_image(side_of(names, side), source)),
    }
}

fn side_of(names: &[String; 2], side: Side) -> &str {
    match side {
        Side::A => &names[0],
        Side::B => &names[1],
    }
}

/// Compares the driver packages. Images whose driver store is not that of
/// their version are told, and refused where drivers were asked for by name.
fn drivers(
    names: &[String; 2],
    drafts: &mut [Draft; 2],
    asked: &Asked<'_>,
    found: &mut Found,
) -> anyhow::Result<()> {
    let mut lists = Vec::new();
    for (name, draft) in names.iter().zip(drafts) {
        match list(draft, true) {
            Ok(packages) => lists.push(packages),
            Err(error @ (Error::NoDatabase { .. } | Error::UnexpectedDatabase { .. }))
                if asked.only.is_empty() =>
            {
                found.miss(&["drivers"], &format!("image `{name}`: {error}"));
                return Ok(());
            }
            Err(error) => return Err(open::in_image(name, error)),
        }
    }
    if let [old, new] = lists.as_slice() {
        found.differences.drivers = Some(wimwright_drivers::diff(old, new));
    }
    Ok(())
}

/// Shows every hundredth: a line for every file would be more than anyone
/// reads.
fn progress<'c>(context: &'c mut Context<'_>) -> impl FnMut(Step, u64, u64) + 'c {
    let mut last = None;
    move |step, done, total| {
        let now = (step, done * 100 / total.max(1));
        if last != Some(now) {
            last = Some(now);
            let what = match step {
                Step::Hives => "compare hives",
                Step::Files => "compare files",
            };
            context.progress(what, done, total);
        }
    }
}

/// An error with the image that it is about.
fn in_side(names: &[String; 2], error: DiffError) -> anyhow::Error {
    let name = side_of(names, error.side());
    match error {
        DiffError::Tree { source, .. } => open::in_image(name, source),
        DiffError::Registry { source, .. } => open::in_image(name, source),
    }
}

impl Found {
    /// Notes parts that were wanted and cannot be compared.
    fn miss(&mut self, parts: &[&str], reason: &str) {
        for part in parts {
            self.leave_out(part, reason);
        }
        self.missing.push(Finding::note(
            "not-compared",
            format!("{} not compared: {reason}", listed(parts)),
        ));
    }

    fn leave_out(&mut self, name: &str, reason: &str) {
        self.left_out.push(LeftOut {
            name: name.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// What a page says beside the differences.
    fn page<'f>(&'f self, images: &'f [DiffedImage; 2]) -> html::DiffPage<'f> {
        html::DiffPage {
            images,
            left_out: &self.left_out,
            findings: &self.findings,
        }
    }

    /// Notes what else was not compared.
    fn leave_out_the_rest(&mut self, asked: &Asked<'_>) {
        let parts = [
            ("files", self.differences.files.is_some()),
            ("registry", self.differences.registry.is_some()),
            ("drivers", self.differences.drivers.is_some()),
            ("packages", self.differences.packages.is_some()),
            ("features", self.differences.features.is_some()),
        ];
        for (part, compared) in parts {
            if !compared && !self.left_out.iter().any(|left| left.name == part) {
                self.leave_out(part, "not asked for");
            }
        }
        let (files, registry) = (
            self.differences.files.is_some(),
            self.differences.registry.is_some(),
        );
        for (applies, (name, what)) in [
            (files, NEVER[0]),
            (registry, NEVER[1]),
            (files, NEVER[2]),
            (files && !asked.metadata, METADATA),
            (registry && !asked.security, SECURITY),
        ] {
            if applies {
                self.leave_out(name, what);
            }
        }
        for pattern in asked.exclude {
            self.leave_out("excluded", &format!("what fits `{pattern}`"));
        }
    }
}

/// Words with commas, and `and` before the last.
fn listed(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn show(
    found: &Found,
    images: [DiffedImage; 2],
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let differs = |part: Option<usize>| part.is_some_and(|count| count > 0);
    let Differences {
        files,
        registry,
        drivers,
        packages,
        features,
    } = &found.differences;
    let different = differs(files.as_ref().map(Vec::len))
        || differs(registry.as_ref().map(Vec::len))
        || differs(drivers.as_ref().map(Vec::len))
        || differs(packages.as_ref().map(Vec::len))
        || differs(features.as_ref().map(Vec::len));
    let findings: Vec<FindingEntry> = found.findings.iter().map(FindingEntry::from).collect();
    if context.json {
        let compared = [
            (files.is_some(), Compared::Files),
            (registry.is_some(), Compared::Registry),
            (drivers.is_some(), Compared::Drivers),
            (packages.is_some(), Compared::Packages),
            (features.is_some(), Compared::Features),
        ];
        context.document(&Diff {
            different,
            images: images.into(),
            compared: compared
                .into_iter()
                .filter_map(|(compared, part)| compared.then_some(part))
                .collect(),
            left_out: found.left_out.clone(),
            files: entries::<_, FileDifferenceEntry>(files.as_ref()),
            registry: entries::<_, RegistryDifferenceEntry>(registry.as_ref()),
            drivers: entries::<_, DriverDifferenceEntry>(drivers.as_ref()),
            packages: entries::<_, PackageDifferenceEntry>(packages.as_ref()),
            features: entries::<_, FeatureDifferenceEntry>(features.as_ref()),
            plan: found.plan.clone(),
            findings,
        })?;
    } else {
        let text = text(&found.differences, context);
        context.text(&text)?;
        if let Some(plan) = &found.plan
            && !context.quiet
        {
            context.text(&as_plan::told(plan))?;
        }
        for image in images {
            let of_image = image.findings.into_iter().map(|finding| FindingEntry {
                message: format!("`{}`: {}", image.image, finding.message),
                ..finding
            });
            context.findings(&of_image.collect::<Vec<_>>());
        }
        context.findings(&findings);
        let missing: Vec<FindingEntry> = found.missing.iter().map(FindingEntry::from).collect();
        context.findings(&missing);
    }
    Ok(match different {
        true => ExitCode::Findings,
        false => ExitCode::Done,
    })
}

fn entries<'f, F: 'f, E: From<&'f F>>(found: Option<&'f Vec<F>>) -> Option<Vec<E>> {
    Some(found?.iter().map(E::from).collect())
}
