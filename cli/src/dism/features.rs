//! DISM's commands about features of Windows.

use serde::Deserialize;

use super::command::{Command, FORMAT, refused, value, works};
use super::failure::{Failure, UNKNOWN_FEATURE};
use super::native::Native;
use super::session::{Done, Images, Session};
use super::shape::{block, is_table, rows, words};
use crate::render::text::printable;

const WHY: &str = "installers that are part of Windows turn features on and off";
const HINT: &str = "let the first boot do it (`generalize stage` puts an answer file with a \
                    `servicing` section there, SetupComplete.cmd may run `dism /Online`), or use \
                    DISM on Windows";

pub(super) const COMMANDS: &[Command] = &[
    works(
        "Get-Features",
        list,
        "features list IMAGE",
        &[FORMAT, value("PackageName")],
    )
    .on_image(),
    works(
        "Get-FeatureInfo",
        describe,
        "features list IMAGE --json",
        &[value("FeatureName"), value("PackageName")],
    )
    .on_image(),
    refused("Enable-Feature", WHY, HINT),
    refused("Disable-Feature", WHY, HINT),
];

#[derive(Deserialize)]
struct Listed {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    feature_name: String,
    state: String,
    display_name: Option<String>,
    description: Option<String>,
    parents: Vec<String>,
    package_name: String,
}

/// The features of the image, or of the package that was named.
fn found(session: &mut Session<'_, '_>) -> Result<Vec<Feature>, Failure> {
    let native = Native::new(&["features", "list"]).operand(session.image()?);
    let done: Done<Images<Listed>> = session.run(&native)?;
    let mut features = done.document.only()?.features;
    if let Some(package) = session.line.values("PackageName").next() {
        features.retain(|feature| feature.package_name.eq_ignore_ascii_case(package));
    }
    Ok(features)
}

fn list(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let table = is_table(session.line.values("Format").next())?;
    let features = found(session)?;
    let mut packages: Vec<&String> = Vec::new();
    for feature in &features {
        if !packages.contains(&&feature.package_name) {
            packages.push(&feature.package_name);
        }
    }
    if packages.is_empty() {
        return session.say("(No features found)\n");
    }
    for package in packages {
        let package_name = printable(package).into_owned();
        session.say(&format!("Features listing for package : {package_name}\n"))?;
        let of_package = features
            .iter()
            .filter(|feature| feature.package_name == *package);
        let cells =
            of_package.map(|feature| vec![feature.feature_name.clone(), words(&feature.state)]);
        let text = rows(
            &["Feature Name", "State"],
            &cells.collect::<Vec<_>>(),
            table,
        );
        session.say(text.trim_end_matches('\n'))?;
        session.say("")?;
    }
    Ok(())
}

fn describe(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let name = session.needed("FeatureName")?.to_owned();
    let features = found(session)?;
    let is = |feature: &&Feature| feature.feature_name.eq_ignore_ascii_case(&name);
    let feature = features.iter().find(is).ok_or_else(|| {
        Failure::new(UNKNOWN_FEATURE, format!("feature name {name} is unknown"))
            .hint("/Get-Features lists the names")
    })?;
    session.say("Feature Information:\n")?;
    session.say(&block(
        &[
            "Feature Name",
            "Display Name",
            "Description",
            "Parent Features",
            "Package Identity",
            "State",
        ],
        &[
            feature.feature_name.clone(),
            feature.display_name.clone().unwrap_or_default(),
            feature.description.clone().unwrap_or_default(),
            feature.parents.join(", "),
            feature.package_name.clone(),
            words(&feature.state),
        ],
    ))
}
