//! `packages info`: a package of an image.

use std::path::Path;

use wimwright_servicing::update::store::{self, PackageStore, StoredPackage};
use wimwright_servicing::{Access, Draft};

use crate::commands::open;
use crate::commands::write::heading;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{DescribedStoredPackage, FindingEntry, PackagesInfo};
use crate::render::text::printable;

/// Runs `packages info IMAGE NAME`.
pub(super) fn run(image: &Path, name: &str, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let set = open::images(image, Access::Read, context)?;
    let mut described = Vec::new();
    for image in set.images() {
        let draft = image.look(context.time);
        let described_one = describe(&draft, name, image.name(), || {
            let findings = image.findings().iter().chain(draft.findings());
            findings.map(FindingEntry::from).collect()
        });
        let one = described_one.map_err(|error| open::in_image(image.name(), error))?;
        described.push((image.title().map(str::to_owned), one));
    }
    if context.json {
        let images = described.into_iter().map(|(_, one)| one).collect();
        context.document(&PackagesInfo { images })?;
        return Ok(ExitCode::Done);
    }
    for (title, one) in &described {
        if described.len() > 1 {
            context.text(&heading(&one.image, title.as_deref(), context))?;
        }
        context.text(&text(one))?;
        context.findings(&one.findings);
    }
    Ok(ExitCode::Done)
}

fn describe(
    draft: &Draft,
    name: &str,
    image: &str,
    findings: impl FnOnce() -> Vec<FindingEntry>,
) -> anyhow::Result<DescribedStoredPackage> {
    let store = PackageStore::read(draft)?;
    let package = find(&store, name)?;
    let mum = store::mum(draft, &package.identity)?;
    Ok(DescribedStoredPackage::new(
        image,
        package,
        mum.as_ref(),
        findings(),
    ))
}

/// The package that is meant: by its whole name, its name alone, or a part of
/// it that no other has.
fn find<'s>(store: &'s PackageStore, name: &str) -> anyhow::Result<&'s StoredPackage> {
    match store.matching(name).as_slice() {
        [only] => Ok(only),
        [] => Err(Refusal::NoPackage {
            name: name.to_owned(),
        }
        .into()),
        several => {
            let names = several.iter().take(4);
            let names: Vec<String> = names.map(|one| format!("`{}`", one.identity)).collect();
            Err(Refusal::SeveralPackages {
                name: name.to_owned(),
                names: names.join(", "),
                count: several.len(),
            }
            .into())
        }
    }
}

fn text(one: &DescribedStoredPackage) -> String {
    let package = &one.package;
    let mut text = format!("{}\n", printable(&package.package_name));
    let mut line = |label: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&format!("  {label:<12} {}\n", printable(value)));
        }
    };
    line("State", Some(&package.package_state));
    line("Type", package.release_type.as_deref());
    line("About", one.description.as_deref());
    line("More", one.support_information.as_deref());
    line("Restart", one.restart.as_deref());
    line("Installed", package.install_time.as_deref());
    line("Brought by", package.install_client.as_deref());
    let visible = if package.visible {
        "yes"
    } else {
        "no, only others need it"
    };
    line("Visible", Some(visible));
    for owner in &one.owners {
        line("Held by", Some(owner));
    }
    for parent in &one.parents {
        line("Parent", Some(parent));
    }
    for update in &one.updates {
        let title = update.display_name.as_ref();
        let title = title.map_or(String::new(), |title| format!(" ({title})"));
        let state = update.state.as_ref();
        let state = state.map_or(String::new(), |state| format!(": {state}"));
        line("Update", Some(&format!("{}{title}{state}", update.name)));
        for inner in update.packages.iter().chain(&update.components) {
            line("", Some(&format!("  {inner}")));
        }
    }
    text
}
