//! `packages list`: the update packages of an image.

use std::path::Path;

use wimwright_servicing::update::deferral::deferred;
use wimwright_servicing::update::store::{self, PackageStore, StoreError};
use wimwright_servicing::{Access, Draft};

use crate::commands::open;
use crate::commands::write::heading;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    FindingEntry, ListedPackage, ListedPackages, PackagesList, UpdateState, WaitingPackage,
};
use crate::render::text::{Column, Paint, Table, count, printable};

/// Runs `packages list IMAGE [--all]`.
pub(super) fn run(image: &Path, all: bool, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let set = open::images(image, Access::Read, context)?;
    let mut listed = Vec::new();
    for image in set.images() {
        let draft = image.look(context.time);
        let read = read(&draft, all);
        let (state, packages, first_boot, found) =
            read.map_err(|error| open::in_image(image.name(), error))?;
        let findings = image
            .findings()
            .iter()
            .chain(draft.findings())
            .chain(&found);
        listed.push((
            image.title().map(str::to_owned),
            ListedPackages {
                image: image.name().to_owned(),
                state,
                packages,
                first_boot,
                findings: findings.map(FindingEntry::from).collect(),
            },
        ));
    }
    if context.json {
        let images = listed.into_iter().map(|(_, image)| image).collect();
        context.document(&PackagesList { images })?;
        return Ok(ExitCode::Done);
    }
    for (title, image) in &listed {
        if listed.len() > 1 {
            context.text(&heading(&image.image, title.as_deref(), context))?;
        }
        let text = text(image, all, context.width(), context.paint());
        context.text(&text)?;
        context.findings(&image.findings);
    }
    Ok(ExitCode::Done)
}

/// What an image says of its updates: the state as a whole, its packages, those
/// that wait for the first boot, and what is odd.
pub(in crate::commands) type Read = (
    UpdateState,
    Vec<ListedPackage>,
    Vec<WaitingPackage>,
    Vec<wimwright_servicing::Finding>,
);

/// Reads the packages of an image; without `all` those that people see.
pub(in crate::commands) fn read(draft: &Draft, all: bool) -> anyhow::Result<Read> {
    let waiting = WaitingPackage::all(deferred(draft)?.as_ref());
    let store = match PackageStore::read(draft) {
        Ok(store) => store,
        // Hotfixes wait in Windows XP, too.
        Err(StoreError::NoState) if !waiting.is_empty() => {
            return Ok((UpdateState::default(), Vec::new(), waiting, Vec::new()));
        }
        Err(error) => return Err(error.into()),
    };
    let mut findings = store.findings.clone();
    let mut packages = Vec::new();
    for package in store.packages.iter().filter(|one| all || one.is_visible()) {
        // A package without its description is listed all the same.
        let mum = match store::mum(draft, &package.identity) {
            Ok(mum) => mum,
            Err(error @ StoreError::Mum { .. }) => {
                let text = format!("{:#}", anyhow::Error::from(error));
                findings.push(wimwright_servicing::Finding::warning("mum-damaged", text));
                None
            }
            Err(other) => return Err(other.into()),
        };
        packages.push(ListedPackage::new(package, mum.as_ref()));
    }
    Ok((UpdateState::new(&store), packages, waiting, findings))
}

fn text(image: &ListedPackages, all: bool, width: Option<usize>, paint: Paint) -> String {
    let mut text = state(&image.state, paint);
    if image.packages.is_empty() {
        text.push_str(match all {
            true => "no packages\n",
            false => "no packages that people see (--all shows the others)\n",
        });
    } else {
        let mut table = Table::new(&[
            Column::Cut("Package"),
            Column::Whole("Version"),
            Column::Whole("State"),
            Column::Cut("Type"),
            Column::Whole("Installed"),
        ]);
        for package in &image.packages {
            let language = match package.language.as_str() {
                "" => String::new(),
                language => format!(" {language}"),
            };
            let time = package.install_time.as_deref().unwrap_or_default();
            table.row(&[
                format!("{}{language}", package.name),
                package.version.clone(),
                package.package_state.clone(),
                package.release_type.clone().unwrap_or_default(),
                time.split('T').next().unwrap_or_default().to_owned(),
            ]);
        }
        text.push_str(&table.show(width, paint));
    }
    if !image.first_boot.is_empty() {
        let number = count(image.first_boot.len(), "package waits", "packages wait");
        text.push_str(&format!("\n{number} for the first boot, in this order:\n"));
        for package in &image.first_boot {
            let state = match (&package.result, package.complete) {
                (Some(result), _) => result.clone(),
                (None, true) => "waits".to_owned(),
                (None, false) => paint.warning("not in place as it was made"),
            };
            text.push_str(&format!(
                "  {}  {}  {state} ({})\n",
                package.number,
                printable(&package.name),
                package.mechanism
            ));
        }
    }
    text
}

/// The servicing stack, and what is pending.
pub(super) fn state(state: &UpdateState, paint: Paint) -> String {
    let stack = state.servicing_stack.as_deref().unwrap_or("not known");
    let mut text = format!("servicing stack {}", printable(stack));
    match state.pending.as_slice() {
        [] => text.push_str(", nothing pending\n"),
        signs => {
            text.push('\n');
            for sign in signs {
                let label = paint.warning("pending");
                let (what, place) = (printable(&sign.what), printable(&sign.place));
                text.push_str(&format!("{label}: {what} in `{place}`\n"));
            }
        }
    }
    text
}
