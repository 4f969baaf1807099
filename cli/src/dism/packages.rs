//! DISM's commands about update packages.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::command::{Choice, Command, Effect, FORMAT, Takes, choice, refused, value, works};
use super::failure::{FILE_NOT_FOUND, Failure, INVALID_PACKAGE, NOT_APPLICABLE, NOT_SUPPORTED};
use super::native::Native;
use super::session::{Done, Images, Session};
use super::shape::{BAR, block, is_table, minute, rows, words, yes_no};
use crate::exit::ExitCode;
use crate::render::text::printable;

const PATH: Choice = value("PackagePath");
const NAME: Choice = value("PackageName");

pub(super) const COMMANDS: &[Command] = &[
    works("Get-Packages", list, "packages list IMAGE", &[FORMAT]).on_image(),
    works(
        "Get-PackageInfo",
        describe,
        "packages info IMAGE NAME",
        &[NAME, PATH],
    )
    .on_image(),
    works(
        "Add-Package",
        add,
        "packages add IMAGE FILE",
        &[
            PATH,
            choice(
                "IgnoreCheck",
                Takes::Nothing,
                Effect::Noted(
                    "a package that certainly does not fit is refused all the same; what cannot be \
                     told here, Windows checks when it installs it",
                ),
            ),
            choice(
                "PreventPending",
                Takes::Nothing,
                Effect::Always("an image with pending actions gets nothing staged or installed"),
            ),
        ],
    )
    .on_image(),
    works(
        "Remove-Package",
        remove,
        "packages remove IMAGE NAME",
        &[NAME, PATH],
    )
    .on_image(),
    refused(
        "Cleanup-Image",
        "what a component store can do without, and how it is repaired, only Windows' own \
         servicing stack decides",
        "run `dism /Online /Cleanup-Image ...` on the computer, or DISM on Windows with this image; \
         `wimwright optimize FILE.wim` drops what a WIM file holds and no image uses",
    ),
];

#[derive(Deserialize)]
struct Listed {
    packages: Vec<Package>,
    first_boot: Vec<Waiting>,
}

#[derive(Deserialize)]
struct Package {
    package_name: String,
    package_state: String,
    release_type: Option<String>,
    install_time: Option<String>,
    install_client: Option<String>,
    visible: bool,
}

#[derive(Deserialize)]
struct Waiting {
    name: String,
    package_name: Option<String>,
    result: Option<String>,
}

fn list(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let table = is_table(session.line.values("Format").next())?;
    let native = Native::new(&["packages", "list"]).operand(session.image()?);
    let found: Done<Images<Listed>> = session.run(&native)?;
    let listed = found.document.only()?;
    let stored = listed.packages.iter().map(|package| {
        vec![
            package.package_name.clone(),
            words(&package.package_state),
            package.release_type.clone().unwrap_or_default(),
            package
                .install_time
                .as_deref()
                .map_or_else(String::new, minute),
        ]
    });
    // What waits for the first boot is what DISM calls pending.
    let waiting = listed.first_boot.iter().map(|package| {
        let state = package.result.as_deref().unwrap_or("Install Pending");
        let name = package.package_name.as_ref().unwrap_or(&package.name);
        vec![name.clone(), state.to_owned(), String::new(), String::new()]
    });
    let cells: Vec<Vec<String>> = stored.chain(waiting).collect();
    session.say("Packages listing:\n")?;
    if cells.is_empty() {
        return session.say("(No packages found)\n");
    }
    let names = ["Package Identity", "State", "Release Type", "Install Time"];
    let text = rows(&names, &cells, table);
    session.say(text.trim_end_matches('\n'))?;
    session.say("")
}

#[derive(Deserialize)]
struct Described {
    #[serde(flatten)]
    package: Package,
    description: Option<String>,
    support_information: Option<String>,
    restart: Option<String>,
    updates: Vec<Update>,
}

#[derive(Deserialize)]
struct Update {
    name: String,
    state: Option<String>,
}

fn describe(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let names: Vec<String> = session
        .line
        .values("PackageName")
        .map(str::to_owned)
        .collect();
    let given = session.line.values("PackagePath").next().map(str::to_owned);
    match (names.as_slice(), given) {
        ([name], None) => of_store(session, name),
        ([], Some(given)) => of_file(session, &given),
        _ => Err(Failure::words("one package is described at a time")
            .hint("say /PackageName:NAME, as /Get-Packages lists it, or /PackagePath:FILE")),
    }
}

fn of_store(session: &mut Session<'_, '_>, name: &str) -> Result<(), Failure> {
    let native = Native::new(&["packages", "info"])
        .operand(session.image()?)
        .operand(name);
    let found: Done<Images<Described>> = session.run(&native)?;
    let one = found.document.only()?;
    let package = &one.package;
    session.say("Package information:\n")?;
    let text = block(
        &[
            "Package Identity",
            "Description",
            "Install Client",
            "Install Time",
            "Release Type",
            "Restart Required",
            "Support Information",
            "State",
            "Visible",
        ],
        &[
            package.package_name.clone(),
            one.description.clone().unwrap_or_default(),
            package.install_client.clone().unwrap_or_default(),
            package
                .install_time
                .as_deref()
                .map_or_else(String::new, minute),
            package.release_type.clone().unwrap_or_default(),
            one.restart.as_deref().map_or_else(String::new, words),
            one.support_information.clone().unwrap_or_default(),
            words(&package.package_state),
            yes_no(package.visible),
        ],
    );
    session.say(text.trim_end())?;
    let identity = printable(&package.package_name).into_owned();
    session.say(&format!("\nFeatures listing for package : {identity}\n"))?;
    let features = one.updates.iter().filter_map(|update| {
        let state = update.state.as_deref()?;
        Some(block(
            &["Feature Name", "State"],
            &[update.name.clone(), words(state)],
        ))
    });
    let features: String = features.collect();
    match features.is_empty() {
        true => session.say("(No features found for this package)\n"),
        false => session
            .say(features.trim_end_matches('\n'))
            .and_then(|()| session.say("")),
    }
}

#[derive(Deserialize)]
struct Checked {
    packages: Vec<CheckedPackage>,
}

#[derive(Deserialize)]
struct CheckedPackage {
    package_name: String,
    verdict: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    rule: String,
    outcome: String,
    asked: String,
    found: String,
}

impl CheckedPackage {
    fn applies(&self) -> bool {
        self.verdict != "not-applicable"
    }
}

/// What `packages check` says of files.
fn check(session: &mut Session<'_, '_>, files: &[PathBuf]) -> Result<Checked, Failure> {
    let mut native = Native::new(&["packages", "check"]).operand(session.image()?);
    for file in files {
        native = native.operand(file);
    }
    let found: Done<Images<Checked>> = session.run(&native)?;
    found.document.only()
}

fn of_file(session: &mut Session<'_, '_>, given: &str) -> Result<(), Failure> {
    let file = session.host(given)?;
    there(&file, given)?;
    let checked = check(session, &[file])?;
    session.say("Package information:\n")?;
    for package in &checked.packages {
        let text = block(
            &["Package Identity", "Applicable", "Verdict"],
            &[
                package.package_name.clone(),
                yes_no(package.applies()),
                words(&package.verdict),
            ],
        );
        session.say(text.trim_end_matches('\n'))?;
        let failed = package.rules.iter().filter(|rule| rule.outcome == "fails");
        for rule in failed {
            let line = format!("{} : asked {}, found {}", rule.rule, rule.asked, rule.found);
            session.say(&printable(&line))?;
        }
        session.say("")?;
    }
    Ok(())
}

fn there(file: &Path, given: &str) -> Result<(), Failure> {
    match file.exists() {
        true => Ok(()),
        false => Err(Failure::new(
            FILE_NOT_FOUND,
            format!("`{given}` does not exist"),
        )),
    }
}

/// The packages that a path names: of a folder those that lie in it, unless it
/// is an unpacked one itself.
fn packages_at(path: PathBuf, given: &str) -> Result<Vec<PathBuf>, Failure> {
    there(&path, given)?;
    if !path.is_dir() || path.join("update.mum").exists() {
        return Ok(vec![path]);
    }
    let listed = fs::read_dir(&path).map_err(anyhow::Error::from)?;
    let packages = listed.flatten().map(|entry| entry.path()).filter(|file| {
        let end = file.extension().and_then(|end| end.to_str());
        let end = end.map(str::to_ascii_lowercase);
        file.is_file() && matches!(end.as_deref(), Some("cab" | "msu"))
    });
    let mut packages: Vec<PathBuf> = packages.collect();
    packages.sort();
    match packages.is_empty() {
        false => Ok(packages),
        true => Err(Failure::new(
            FILE_NOT_FOUND,
            format!("`{given}` holds no package: no .cab and no .msu file"),
        )),
    }
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    package: String,
    outcome: Option<String>,
    reason: Option<String>,
    doubt: Option<String>,
    identity: Option<String>,
}

fn add(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    session.needed("PackagePath")?;
    let given: Vec<String> = session
        .line
        .values("PackagePath")
        .map(str::to_owned)
        .collect();
    let mut files = Vec::new();
    for given in &given {
        files.extend(packages_at(session.host(given)?, given)?);
    }
    let mut native = Native::new(&["packages", "add"]).operand(session.image()?);
    for file in &files {
        native = native.operand(file);
    }
    let done: Done<Images<Results>> = session.run(&native)?;
    let results = done.document.only()?.results;
    let count = results.len();
    let mut refused = Vec::new();
    for (number, result) in (1..).zip(&results) {
        let name = result.identity.as_ref().unwrap_or(&result.package);
        let line = format!("Processing {number} of {count} - Adding package {name}");
        session.say(&printable(&line))?;
        let reason = result.reason.as_deref().unwrap_or_default();
        let what = match result.outcome.as_deref() {
            Some("refused") => {
                refused.push(result);
                format!("Error - {reason}")
            }
            Some("first-boot") => {
                format!(
                    "{BAR}\nThe package is in the image; Windows installs it at the first boot."
                )
            }
            Some("staged") => format!("{BAR}\nThe package is staged in the component store."),
            Some("unchanged") => format!("{BAR}\nThe package was there already."),
            _ => BAR.to_owned(),
        };
        session.say(&what)?;
        if let Some(doubt) = &result.doubt {
            session
                .context
                .remark(&format!("note: {}", printable(doubt)));
        }
    }
    if refused.is_empty() && done.code == ExitCode::Done {
        return Ok(());
    }
    let reasons = refused.iter().map(|result| {
        let reason = result.reason.as_deref().unwrap_or("it was refused");
        format!("{}: {reason}", result.package)
    });
    let reasons: Vec<String> = reasons.take(3).collect();
    let text = format!(
        "{} of {count} packages could not be added: {}",
        refused.len(),
        reasons.join("; ")
    );
    // Only whether they apply is asked for; that they cannot be read was said.
    let checked = check(session, &files);
    let inapplicable = checked.is_ok_and(|found| found.packages.iter().any(|one| !one.applies()));
    Err(match inapplicable {
        true => Failure::new(NOT_APPLICABLE, text)
            .hint("`wimwright packages check IMAGE FILE` shows every rule, and what the image has"),
        false => Failure::new(NOT_SUPPORTED, text)
            .hint("`wimwright packages inspect FILE` shows what is in a package"),
    })
}

fn remove(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let mut names: Vec<String> = session
        .line
        .values("PackageName")
        .map(str::to_owned)
        .collect();
    for given in session.line.values("PackagePath") {
        let name = given.rsplit(['\\', '/']).next().unwrap_or(given);
        names.push(name.to_owned());
    }
    if names.is_empty() {
        return Err(Failure::words("no package was named")
            .hint("say /PackageName:NAME, as /Get-Packages lists it"));
    }
    let mut native = Native::new(&["packages", "remove"]).operand(session.image()?);
    for name in &names {
        native = native.operand(name);
    }
    let done: Result<Done<Images<Results>>, Failure> = session.run(&native);
    let results = done?.document.only()?.results;
    let count = results.len();
    for (number, result) in (1..).zip(&results) {
        let name = result.identity.as_ref().unwrap_or(&result.package);
        let line = format!("Processing {number} of {count} - Removing package {name}");
        session.say(&printable(&line))?;
        session.say(BAR)?;
    }
    match count {
        0 => Err(Failure::new(INVALID_PACKAGE, "no package was removed")),
        _ => Ok(()),
    }
}
