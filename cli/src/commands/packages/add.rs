//! `packages add`: update packages, each the surest way.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wimwright_servicing::update::add::{
    AddOptions, AddOutcome, AddResult, Given, How, add, by_answer_file,
};
use wimwright_servicing::update::container::Container;
use wimwright_servicing::update::deferral::Place;
use wimwright_servicing::update::package::Trust;
use wimwright_servicing::{Access, Draft, FileTime, ImagePath};

use super::{answer_file, first_boot};
use crate::args::{HowChoice, PackagesAddWords};
use crate::commands::write::{ENDING, Edit, Ending, Steps, heading};
use crate::commands::{open, trust};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{
    AddedPackage, AddedPackages, FindingEntry, OfImage, PackageOutcome, PackagesAdd,
};
use crate::render::text::{Paint, printable, wrapped};

/// Columns of a text that does not go to a terminal.
const WIDTH: usize = 100;

/// What words name: packages, or why they are none.
pub(in crate::commands) struct Words {
    packages: Vec<Given>,
    /// Where the packages stand among the words.
    places: Vec<usize>,
    /// Those that are none, by their place.
    refused: Vec<(usize, AddedPackage)>,
}

/// Runs `packages add IMAGE FILE...`.
pub(super) fn run(words: &PackagesAddWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let total = 1 + words.packages.len() as u64 + ENDING;
    let given = Words::open(
        &words.packages,
        &words.trust,
        context.time,
        &mut |name, done| {
            context.progress(&format!("read {name}"), done, total);
        },
    )?;
    match &words.answer_file {
        Some(file) => into_answer_file(words, &given, file, context),
        None => into_image(words, &given, context, total),
    }
}

fn into_image(
    words: &PackagesAddWords,
    given: &Words,
    context: &mut Context<'_>,
    total: u64,
) -> anyhow::Result<ExitCode> {
    let writing = &words.writing;
    let done = words.packages.len() as u64;
    context.progress("open", done, total);
    let mut edit = Edit::begin(&words.image, writing, context)?;
    context.progress("plan", done, total);
    let how = match words.how {
        HowChoice::Auto => How::Auto,
        HowChoice::FirstBoot => How::FirstBoot,
        HowChoice::Stage => How::Stage,
        HowChoice::Install => How::Install,
    };
    let results = edit.run("packages add", |draft| {
        given.plan(draft, how, words.force_unsigned)
    })?;
    for result in results.iter().flatten() {
        context.log("result", &line(result, Paint(false)));
    }
    let code = code(&results.concat());
    let edited = edit.images();
    let done = 1 + done;
    let ending = match code {
        ExitCode::Refused => Ending::Done(Vec::new()),
        _ => edit.end(writing, context, Steps { done, total })?,
    };
    if context.json {
        let images = edited.into_iter().zip(results).enumerate();
        let images = images.map(|(index, (image, results))| AddedPackages {
            image: image.name,
            results,
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&PackagesAdd {
            changed: ending.changed(),
            images: images.collect(),
            answer_file: None,
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(code);
    }
    ending.show(&edited, &results, context, |results, context| {
        text(results, context)
    })?;
    if code == ExitCode::Refused {
        context.text("nothing was changed\n")?;
    }
    Ok(code)
}

fn into_answer_file(
    words: &PackagesAddWords,
    given: &Words,
    file: &Path,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let images = open::images(&words.image, Access::Read, context)?.into_images();
    let mut of_images = Vec::new();
    let mut wanted = vec![false; given.packages.len()];
    for image in &images {
        let results = by_answer_file(image.facts(), &given.packages, words.force_unsigned);
        for (wanted, result) in wanted.iter_mut().zip(&results) {
            *wanted |= result.outcome != AddOutcome::Refused;
        }
        of_images.push((image, given.all(results)));
    }
    let written = answer_file::write(file, &given.packages, &wanted, words.writing.dry_run)?;
    if !written.changed {
        for result in of_images.iter_mut().flat_map(|(_, results)| results) {
            if result.outcome == PackageOutcome::FirstBoot {
                result.outcome = PackageOutcome::Unchanged;
                result.reason = "the answer file installs it already".to_owned();
            }
        }
    }
    let all: Vec<AddedPackage> = of_images
        .iter()
        .flat_map(|(_, results)| results.clone())
        .collect();
    for result in &all {
        context.log("result", &line(result, Paint(false)));
    }
    let code = code(&all);
    if context.json {
        let images = of_images.into_iter().map(|(image, results)| AddedPackages {
            image: image.name().to_owned(),
            results,
            findings: image.findings().iter().map(FindingEntry::from).collect(),
            done: OfImage::default(),
        });
        context.document(&PackagesAdd {
            changed: written.changed,
            images: images.collect(),
            answer_file: Some(written),
            plan: None,
            receipt: None,
        })?;
        return Ok(code);
    }
    let several = of_images.len() > 1;
    for (image, results) in &of_images {
        if several {
            context.text(&heading(image.name(), image.title(), context))?;
        }
        context.text(&text(results, context))?;
    }
    let said = answer_file::text(&written, words.writing.dry_run);
    context.text(&said)?;
    Ok(code)
}

impl Words {
    /// Opens what the words name, each of which is told of before. What one of
    /// them names badly must not spoil the others.
    pub(in crate::commands) fn open(
        files: &[PathBuf],
        trusted: &[PathBuf],
        now: FileTime,
        tell: &mut dyn FnMut(&str, u64),
    ) -> anyhow::Result<Words> {
        let anchors = trust::store(trusted)?;
        let trust = Trust {
            anchors: &anchors,
            now,
        };
        let mut given = Words {
            packages: Vec::new(),
            places: Vec::new(),
            refused: Vec::new(),
        };
        for (place, file) in files.iter().enumerate() {
            let name = file.file_name().unwrap_or(file.as_os_str());
            let name = name.to_string_lossy().into_owned();
            tell(&name, place as u64);
            match package(file, &name, trust) {
                Ok(package) => {
                    given.packages.push(package);
                    given.places.push(place);
                }
                Err(error) => {
                    let refused = AddedPackage::refused(name, format!("{error:#}"));
                    given.refused.push((place, refused));
                }
            }
        }
        Ok(given)
    }

    /// Plans the packages; the results stand in the order of the words.
    pub(in crate::commands) fn plan(
        &self,
        draft: &mut Draft,
        how: How,
        force_unsigned: bool,
    ) -> anyhow::Result<Vec<AddedPackage>> {
        let options = AddOptions {
            how,
            state: first_boot::state(draft)?,
            force_unsigned,
        };
        Ok(self.all(add(draft, &self.packages, &options)?))
    }

    /// The results of the packages, and of words that name none, in the order of
    /// the words.
    fn all(&self, results: Vec<AddResult>) -> Vec<AddedPackage> {
        let results = results.into_iter().map(AddedPackage::from);
        let mut all: Vec<(usize, AddedPackage)> =
            self.places.iter().copied().zip(results).collect();
        all.extend(self.refused.iter().cloned());
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, result)| result).collect()
    }
}

fn package(file: &Path, name: &str, trust: Trust<'_>) -> anyhow::Result<Given> {
    if !file.exists() {
        let path = file.to_owned();
        return Err(Refusal::Missing { path }.into());
    }
    // Trees do not follow links; what a link leads to is the package.
    let real = match file.is_symlink() {
        true => file.canonicalize()?,
        false => file.to_owned(),
    };
    let folder = match real.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let real_name = real.file_name().map(|name| name.to_string_lossy());
    let path = ImagePath::parse(real_name.as_deref().unwrap_or(name));
    let place = Place {
        folder: folder.display().to_string(),
        tree: open::open_folder(folder)?,
        path: path.context("the name of a package file")?,
    };
    Ok(Given::new(&Container::open(file)?, place, trust)?)
}

fn code(results: &[AddedPackage]) -> ExitCode {
    let refused = results
        .iter()
        .filter(|result| result.outcome == PackageOutcome::Refused)
        .count();
    match refused {
        0 => ExitCode::Done,
        all if all == results.len() => ExitCode::Refused,
        _ => ExitCode::Partly,
    }
}

/// A line a package, its identity and signer below; in the end what installs
/// those that wait, once.
fn text(results: &[AddedPackage], context: &Context<'_>) -> String {
    let width = context.width().unwrap_or(WIDTH);
    let mut text = String::new();
    let mut reasons: Vec<&str> = Vec::new();
    for result in results {
        let waits = result.outcome == PackageOutcome::FirstBoot;
        match waits && !context.verbose {
            true => {
                text.push_str(&head(result, context.paint()));
                if !reasons.contains(&result.reason.as_str()) {
                    reasons.push(&result.reason);
                }
            }
            false => text.push_str(&line(result, context.paint())),
        }
        text.push('\n');
        if context.quiet {
            continue;
        }
        if let Some(identity) = &result.identity {
            text.push_str(&format!("    {}\n", printable(identity)));
        }
        // Of one that is refused the reason says what its signature is worth.
        let signer = result.signer_name.as_ref();
        if let Some(signer) = signer.filter(|_| result.outcome != PackageOutcome::Refused) {
            text.push_str(&format!("    signed by {}\n", printable(signer)));
        }
        if let Some(doubt) = &result.doubt {
            text.push_str(&wrapped(&printable(doubt), 4, width));
        }
        if let Some(reason) = &result.not_staged {
            let reason = format!("not staged: {reason}");
            text.push_str(&wrapped(&printable(&reason), 4, width));
        }
    }
    if !context.quiet {
        for reason in reasons {
            text.push_str(&wrapped(&printable(reason), 0, width));
        }
    }
    text
}

fn line(result: &AddedPackage, paint: Paint) -> String {
    format!("{}: {}", head(result, paint), printable(&result.reason))
}

fn head(result: &AddedPackage, paint: Paint) -> String {
    let outcome = match result.outcome {
        PackageOutcome::FirstBoot => paint.good("first-boot"),
        PackageOutcome::Staged => paint.good("staged    "),
        PackageOutcome::Installed => paint.good("installed "),
        PackageOutcome::Unchanged => paint.strong("unchanged "),
        PackageOutcome::Refused => paint.error("refused   "),
    };
    let number = match result.number {
        Some(number) => format!("  {number}"),
        None => String::new(),
    };
    format!("{outcome}{number}  {}", printable(&result.package))
}
