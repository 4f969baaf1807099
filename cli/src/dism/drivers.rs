//! DISM's commands about drivers.

use serde::Deserialize;

use super::command::{Choice, Command, Effect, FORMAT, Takes, choice, flag, value, works};
use super::failure::{FILE_NOT_FOUND, Failure, NOT_SUPPORTED};
use super::native::Native;
use super::session::{Done, Images, Session};
use super::shape::{block, date, is_table, rows, yes_no};
use crate::exit::ExitCode;
use crate::render::text::printable;

const DRIVER: Choice = value("Driver");

pub(super) const COMMANDS: &[Command] = &[
    works(
        "Get-Drivers",
        list,
        "drivers list IMAGE",
        &[flag("All"), FORMAT],
    )
    .on_image(),
    works(
        "Get-DriverInfo",
        describe,
        "drivers info IMAGE oemN.inf",
        &[DRIVER],
    )
    .on_image(),
    works(
        "Add-Driver",
        add,
        "drivers add IMAGE PACKAGE",
        &[
            DRIVER,
            flag("Recurse"),
            flag("ForceUnsigned"),
            choice(
                "Optimize",
                Takes::Nothing,
                Effect::Always("all packages go into the image in one step"),
            ),
        ],
    )
    .on_image(),
    works(
        "Remove-Driver",
        remove,
        "drivers remove IMAGE oemN.inf",
        &[
            DRIVER,
            choice(
                "Optimize",
                Takes::Nothing,
                Effect::Always("all packages leave the image in one step"),
            ),
        ],
    )
    .on_image(),
    works(
        "Export-Driver",
        export,
        "drivers export IMAGE DIR",
        &[value("Destination"), DRIVER],
    )
    .on_image(),
];

#[derive(Deserialize)]
struct Driver {
    published_name: Option<String>,
    original_file_name: String,
    inbox: bool,
    class_name: Option<String>,
    class_guid: String,
    provider_name: String,
    date: Option<String>,
    version: Option<String>,
    boot_critical: bool,
    package_id: Option<String>,
    architecture: Option<String>,
}

impl Driver {
    fn name(&self) -> String {
        let name = self.published_name.as_ref().or(self.package_id.as_ref());
        name.cloned().unwrap_or_default()
    }

    fn class(&self) -> String {
        self.class_name
            .clone()
            .unwrap_or_else(|| self.class_guid.clone())
    }
}

#[derive(Deserialize)]
struct Listed {
    drivers: Vec<Driver>,
}

fn list(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let table = is_table(session.line.values("Format").next())?;
    let all = session.line.said("All");
    let native = Native::new(&["drivers", "list"])
        .operand(session.image()?)
        .flag("--all", all);
    let found: Done<Images<Listed>> = session.run(&native)?;
    let drivers = found.document.only()?.drivers;
    let which = match all {
        true => "all drivers",
        false => "3rd party drivers",
    };
    session.say(&format!(
        "Obtaining list of {which} from the driver store...\n"
    ))?;
    session.say("Driver packages listing:\n")?;
    if drivers.is_empty() {
        return session.say("(No drivers found in the image matching the criteria)\n");
    }
    let names = [
        "Published Name",
        "Original File Name",
        "Inbox",
        "Class Name",
        "Provider Name",
        "Date",
        "Version",
    ];
    let cells = drivers.iter().map(|driver| {
        vec![
            driver.name(),
            driver.original_file_name.clone(),
            yes_no(driver.inbox),
            driver.class(),
            driver.provider_name.clone(),
            driver.date.as_deref().map_or_else(String::new, date),
            driver.version.clone().unwrap_or_default(),
        ]
    });
    let text = rows(&names, &cells.collect::<Vec<_>>(), table);
    session.say(text.trim_end_matches('\n'))?;
    session.say("")
}

#[derive(Deserialize)]
struct Model {
    manufacturer: String,
    description: String,
    hardware_id: Option<String>,
    compatible_ids: Vec<String>,
    service: Option<String>,
}

#[derive(Deserialize)]
struct OfImage {
    driver: Driver,
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Package {
    inf: String,
    class_name: Option<String>,
    class_guid: Option<String>,
    provider_name: Option<String>,
    date: Option<String>,
    version: Option<String>,
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Described {
    images: Vec<OfImage>,
    packages: Vec<Package>,
}

fn describe(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let given: Vec<String> = session.line.values("Driver").map(str::to_owned).collect();
    session.needed("Driver")?;
    for given in given {
        let path = session.host(&given).ok().filter(|path| path.is_file());
        let native = match path {
            Some(path) => Native::new(&["drivers", "info"]).operand(path),
            None if given.contains(['\\', '/']) => {
                let text = format!("`{given}` does not exist");
                return Err(Failure::new(FILE_NOT_FOUND, text));
            }
            None => Native::new(&["drivers", "info"])
                .operand(session.image()?)
                .operand(&given),
        };
        let found: Done<Described> = session.run(&native)?;
        session.say("Driver package information:\n")?;
        let of_image = found.document.images.iter().map(of_image);
        let packages = found.document.packages.into_iter().map(of_package);
        for text in of_image.chain(packages) {
            session.say(&text)?;
        }
    }
    Ok(())
}

fn of_image(found: &OfImage) -> String {
    let driver = &found.driver;
    let names = [
        "Published Name",
        "Driver Store Path",
        "Class Name",
        "Class GUID",
        "Provider Name",
        "Date",
        "Version",
        "Boot Critical",
    ];
    let folder = driver.package_id.as_deref().unwrap_or_default();
    let store = match folder.is_empty() || folder.contains(':') {
        true => folder.to_owned(),
        false => format!(
            r"Windows\System32\DriverStore\FileRepository\{folder}\{}",
            driver.original_file_name
        ),
    };
    let mut text = block(
        &names,
        &[
            driver.name(),
            store,
            driver.class(),
            driver.class_guid.clone(),
            driver.provider_name.clone(),
            driver.date.as_deref().map_or_else(String::new, date),
            driver.version.clone().unwrap_or_default(),
            yes_no(driver.boot_critical),
        ],
    );
    if let Some(architecture) = &driver.architecture {
        text.push_str(&format!("Drivers for architecture : {architecture}\n\n"));
    }
    text.push_str(&models(&found.models));
    text
}

fn of_package(found: Package) -> String {
    let names = [
        "Driver Store Path",
        "Class Name",
        "Class GUID",
        "Provider Name",
        "Date",
        "Version",
    ];
    let mut text = block(
        &names,
        &[
            found.inf,
            found.class_name.unwrap_or_default(),
            found.class_guid.unwrap_or_default(),
            found.provider_name.unwrap_or_default(),
            found.date.as_deref().map_or_else(String::new, date),
            found.version.unwrap_or_default(),
        ],
    );
    text.push_str(&models(&found.models));
    text
}

fn models(models: &[Model]) -> String {
    let names = [
        "    Manufacturer",
        "    Description",
        "    Hardware ID",
        "    Service Name",
        "    Compatible IDs",
    ];
    let one = |model: &Model| {
        block(
            &names,
            &[
                model.manufacturer.clone(),
                model.description.clone(),
                model.hardware_id.clone().unwrap_or_default(),
                model.service.clone().unwrap_or_default(),
                model.compatible_ids.join(", "),
            ],
        )
    };
    models.iter().map(one).collect()
}

#[derive(Deserialize)]
struct Result_ {
    #[serde(alias = "name")]
    inf: String,
    outcome: String,
    published_name: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Result_>,
}

fn add(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let paths = session.paths("Driver")?;
    let recurse = session.line.said("Recurse");
    let mut native = Native::new(&["drivers", "add"])
        .flag("--recurse", recurse)
        .flag("--force-unsigned", session.line.said("ForceUnsigned"))
        .operand(session.image()?);
    for path in &paths {
        if !path.exists() {
            let text = format!("`{}` does not exist", path.display());
            return Err(Failure::new(FILE_NOT_FOUND, text));
        }
        native = native.operand(path);
    }
    if paths.iter().any(|path| path.is_dir()) {
        session.say("Searching for driver packages to install...")?;
    }
    let done: Done<Images<Results>> = session.run(&native)?;
    let results = done.document.only()?.results;
    let count = results.len();
    session.say(&format!("Found {count} driver package(s) to install."))?;
    let given: Vec<String> = session.line.values("Driver").map(str::to_owned).collect();
    let folder = match (paths.as_slice(), given.as_slice()) {
        ([path], [given]) if path.is_dir() => Some(given),
        _ => None,
    };
    for (number, result) in (1..).zip(&results) {
        let inf = match folder {
            Some(folder) => below(folder, &result.inf),
            None => result.inf.clone(),
        };
        let what = match (result.outcome.as_str(), &result.reason) {
            ("refused", reason) => {
                format!("Error - {}", reason.as_deref().unwrap_or("it was refused"))
            }
            ("superseded" | "not-needed", Some(reason)) => format!("Not installed: {reason}"),
            _ => "The driver package was successfully installed.".to_owned(),
        };
        let line = format!("Installing {number} of {count} - {inf}: {what}");
        session.say(&printable(&line))?;
    }
    refused(session, &results, done.code, "installed")
}

/// An INF in a folder, as the folder was written.
fn below(folder: &str, inf: &str) -> String {
    let separator = match folder.contains('\\') || !folder.contains('/') {
        true => "\\",
        false => "/",
    };
    let folder = folder.trim_end_matches(['\\', '/']);
    format!("{folder}{separator}{}", inf.replace('\\', separator))
}

/// What DISM says where not all packages were taken.
fn refused(
    session: &Session<'_, '_>,
    results: &[Result_],
    code: ExitCode,
    verb: &str,
) -> Result<(), Failure> {
    let refused = results.iter().filter(|result| result.outcome == "refused");
    let refused: Vec<&Result_> = refused.collect();
    if code == ExitCode::Done && refused.is_empty() {
        return Ok(());
    }
    let reasons = refused.iter().map(|result| {
        let reason = result.reason.as_deref().unwrap_or("it was refused");
        format!("{}: {reason}", result.inf)
    });
    let why = match session.line.quiet {
        true => reasons.take(3).collect::<Vec<_>>().join("; "),
        false => "why stands above".to_owned(),
    };
    let text = format!(
        "{} of {} driver packages could not be {verb}: {why}",
        refused.len(),
        results.len()
    );
    let reasons = refused.iter().filter_map(|result| result.reason.as_deref());
    let signature = reasons.clone().any(|reason| reason.contains("sign"));
    let needed = reasons.clone().any(|reason| reason.contains("--force"));
    let failure = Failure::new(NOT_SUPPORTED, text);
    Err(match (verb, signature, needed) {
        ("installed", true, _) => {
            failure.hint("/ForceUnsigned adds packages that are not signed, too")
        }
        ("installed", ..) => {
            failure.hint("`wimwright drivers lint FOLDER` says what is wrong with a package")
        }
        ("removed", _, true) => failure.hint(
            "`wimwright drivers remove IMAGE NAME --force` removes what may be needed to boot",
        ),
        _ => failure.hint("/Get-Drivers lists the names"),
    })
}

fn remove(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    session.needed("Driver")?;
    let mut native = Native::new(&["drivers", "remove"]).operand(session.image()?);
    for name in session.line.values("Driver") {
        native = native.operand(name);
    }
    let done: Done<Images<Results>> = session.run(&native)?;
    let results = done.document.only()?.results;
    let count = results.len();
    session.say(&format!("Found {count} driver package(s) to remove."))?;
    let all = results.iter().all(|result| result.outcome == "removed");
    for (number, result) in (1..).zip(&results) {
        let name = result.published_name.as_deref().unwrap_or(&result.inf);
        let what = match (all, &result.reason) {
            (true, _) => "The driver package was successfully removed.".to_owned(),
            (false, Some(reason)) => format!("Error - {reason}"),
            (false, None) => "Not removed: all are removed, or none".to_owned(),
        };
        let line = format!("Removing {number} of {count} - {name}: {what}");
        session.say(&printable(&line))?;
    }
    refused(session, &results, done.code, "removed")
}

fn export(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let mut native = Native::new(&["drivers", "export"])
        .operand(session.image()?)
        .operand(session.path("Destination")?);
    for name in session.line.values("Driver") {
        native = native.operand(name);
    }
    let done: Done<Images<Results>> = session.run(&native)?;
    let results = done.document.only()?.results;
    let count = results.len();
    for (number, result) in (1..).zip(&results) {
        let name = result.published_name.as_deref().unwrap_or(&result.inf);
        let what = match &result.reason {
            None => "The driver package successfully exported.".to_owned(),
            Some(reason) => format!("Error - {reason}"),
        };
        let line = format!("Exporting {number} of {count} - {name}: {what}");
        session.say(&printable(&line))?;
    }
    refused(session, &results, done.code, "exported")
}
