//! What a container's packages are, for `packages inspect`.

use wimwright_servicing::update::container::Container;
use wimwright_servicing::update::package::Trust;

use super::opened;
use crate::context::Context;
use crate::render::json::{
    CatalogStateEntry, PackageVerdictEntry, UnderstoodPackage, VerifiedEntry,
};
use crate::render::text::{Paint, count, printable, wrapped};

/// Columns of text where nobody says how many there are.
const WIDTH: usize = 100;

/// Columns of a label.
const LABEL: usize = 12;

/// Most of a list that is told without `--verbose`.
const TOLD: usize = 4;

/// Understands the packages in a container: every file is expanded and compared.
pub(super) fn of(
    container: &Container,
    trust: Trust<'_>,
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<UnderstoodPackage>> {
    let mut understood = Vec::new();
    for package in opened::of(container, trust)? {
        let total = package.payload().files()?.len() as u64;
        let mut files = Vec::new();
        package.verify_files(|file| {
            files.push(file);
            context.progress("verify", files.len() as u64, total.max(files.len() as u64));
        })?;
        let judged = package.judge(&files);
        understood.push(UnderstoodPackage::new(&package, &files, judged));
    }
    Ok(understood)
}

/// A package as text.
pub(super) fn text(package: &UnderstoodPackage, context: &Context<'_>) -> String {
    let width = context.width().unwrap_or(WIDTH);
    let (paint, whole) = (context.paint(), context.verbose);
    let mut text = format!("{}\n", paint.strong(&printable(&package.identity)));
    let mut line = |label: &str, value: &str| {
        let lines = wrapped(value, LABEL + 2, width);
        text.push_str(&format!(
            "  {label:<width$}{}",
            lines.trim_start(),
            width = LABEL
        ));
    };
    let told = |list: &[String]| -> String {
        let most = if whole { list.len() } else { TOLD };
        let mut text = list.get(..most).unwrap_or(list).join(", ");
        if list.len() > most {
            text.push_str(&format!(" and {} more (--verbose)", list.len() - most));
        }
        printable(&text).into_owned()
    };
    if let Some(about) = &package.description {
        line("About", &printable(about));
    }
    if let Some(more) = &package.support_information {
        line("More", &printable(more));
    }
    let mut kind = package.release_type.clone().unwrap_or("package".to_owned());
    if let Some(restart) = &package.restart {
        kind.push_str(&format!(", restart {restart}"));
    }
    if let Some(format) = &package.format {
        kind.push_str(&format!(", payload as {format}"));
    }
    line("Type", &printable(&kind));
    if let Some(stack) = &package.servicing_stack {
        line("Needs", &format!("servicing stack {stack} or newer"));
    }
    if let Some(stack) = &package.brings_servicing_stack {
        line("Brings", &format!("servicing stack {stack}"));
    }
    for (compare, names) in parents(package) {
        let any = if names.len() > 1 { "any of " } else { "" };
        line("Parent", &format!("{any}{} ({compare})", told(&names)));
    }
    line("Contents", &contents(package));
    if !package.features.is_empty() {
        line("Features", &told(&package.features));
    }
    let mut beyond: Vec<String> = package
        .components
        .iter()
        .flat_map(|component| component.beyond.clone())
        .collect();
    beyond.sort();
    beyond.dedup();
    if !beyond.is_empty() {
        line("Installers", &told(&beyond));
    }
    line("Files", &files(package));
    line("Signed", &signed(package, paint));
    line("Verdict", &verdict(package.verdict, paint));
    for reason in &package.reasons {
        line("", &printable(reason));
    }
    if whole {
        for file in package.files.iter().filter(|file| file.reason.is_some()) {
            let reason = file.reason.as_deref().unwrap_or_default();
            line("File", &printable(&format!("{}: {reason}", file.name)));
        }
    }
    text
}

fn contents(package: &UnderstoodPackage) -> String {
    let deployments = package
        .components
        .iter()
        .filter(|one| one.deployment)
        .count();
    let components = package.components.len() - deployments;
    let keys: usize = package.components.iter().map(|one| one.registry_keys).sum();
    format!(
        "{}, {}, {}, {}",
        count(package.packages.len(), "inner package", "inner packages"),
        count(deployments, "deployment", "deployments"),
        count(components, "component", "components"),
        count(keys, "registry key", "registry keys"),
    )
}

/// The parents by how they compare, as name, version and language.
fn parents(package: &UnderstoodPackage) -> Vec<(&str, Vec<String>)> {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for parent in &package.parents {
        let parts: Vec<&str> = parent.identity.split('~').collect();
        let name = match parts.as_slice() {
            [name, _, _, "", version] => format!("{name} {version}"),
            [name, _, _, language, version] => format!("{name} {version} {language}"),
            _ => parent.identity.clone(),
        };
        match groups
            .iter_mut()
            .find(|(compare, _)| *compare == parent.compare)
        {
            Some((_, names)) => names.push(name),
            None => groups.push((&parent.compare, vec![name])),
        }
    }
    groups
}

fn files(package: &UnderstoodPackage) -> String {
    let files = &package.files;
    let all = count(files.len(), "file", "files");
    let had = match files.iter().filter(|file| file.decodable).count() {
        had if had == files.len() => "all of them expanded".to_owned(),
        had => format!("{had} of them expanded"),
    };
    let differ = files
        .iter()
        .filter(|file| file.verified == VerifiedEntry::Differs);
    let differ = match differ.count() {
        0 => "none differs from what the package vouches for".to_owned(),
        1 => "1 differs from what the package vouches for".to_owned(),
        count => format!("{count} differ from what the package vouches for"),
    };
    format!("{all}, {had}; {differ}")
}

fn signed(package: &UnderstoodPackage, paint: Paint) -> String {
    let catalog = &package.catalog;
    let names = catalog.signer.join(", ");
    let names = printable(&names);
    let signer = match (catalog.state, catalog.signer.is_empty()) {
        (_, true) => paint.warning("by nobody"),
        (CatalogStateEntry::Signed, _) => format!("by {names}"),
        // Anybody can write any name into a certificate.
        _ => paint.warning(&format!("not by anybody known: it claims the name {names}")),
    };
    let covered = count(catalog.covered, "description", "descriptions");
    let missing = match catalog.missing.len() {
        0 => String::new(),
        count => format!(", {count} not covered"),
    };
    let catalogs = count(catalog.catalogs.len(), "catalog", "catalogs");
    format!("{signer}; {catalogs}, {covered} covered{missing}")
}

fn verdict(verdict: PackageVerdictEntry, paint: Paint) -> String {
    match verdict {
        PackageVerdictEntry::Complete => paint.good("complete: everything is here and verified"),
        PackageVerdictEntry::NeedsWindows => {
            paint.warning("needs Windows: some files are stored in a way that only Windows reads")
        }
        PackageVerdictEntry::Untrusted => paint.error("untrusted"),
        PackageVerdictEntry::Damaged => paint.error("damaged"),
    }
}
