//! `features`: what can be turned on and off.

use std::path::Path;

use wimwright_servicing::Access;
use wimwright_servicing::update::store::{PackageStore, features};

use super::open;
use super::write::heading;
use crate::args::FeaturesCommand;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{FeatureEntry, FeaturesList, FindingEntry, ListedFeatures};
use crate::render::text::{Column, Table};

/// Runs a command about features.
pub(super) fn run(
    command: &FeaturesCommand,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    match command {
        FeaturesCommand::List { image } => list(image, context),
        FeaturesCommand::Enable { image, .. } => Err(refused("enable", image)),
        FeaturesCommand::Disable { image, .. } => Err(refused("disable", image)),
    }
}

/// Turning a feature on runs installers that are part of Windows.
fn refused(verb: &'static str, image: &Path) -> anyhow::Error {
    let image = image.display().to_string();
    open::in_image(&image, Refusal::FeatureChange { verb })
}

fn list(image: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let set = open::images(image, Access::Read, context)?;
    let mut listed = Vec::new();
    for image in set.images() {
        let draft = image.look(context.time);
        let read = PackageStore::read(&draft).and_then(|store| features(&draft, &store));
        let (features, found) = read.map_err(|error| open::in_image(image.name(), error))?;
        let findings = image
            .findings()
            .iter()
            .chain(draft.findings())
            .chain(&found);
        listed.push((
            image.title().map(str::to_owned),
            ListedFeatures {
                image: image.name().to_owned(),
                features: features.iter().map(FeatureEntry::from).collect(),
                findings: findings.map(FindingEntry::from).collect(),
            },
        ));
    }
    if context.json {
        let images = listed.into_iter().map(|(_, image)| image).collect();
        context.document(&FeaturesList { images })?;
        return Ok(ExitCode::Done);
    }
    for (title, image) in &listed {
        if listed.len() > 1 {
            context.text(&heading(&image.image, title.as_deref(), context))?;
        }
        if image.features.is_empty() {
            context.text("no features\n")?;
        } else {
            let mut table = Table::new(&[
                Column::Whole("Feature"),
                Column::Whole("State"),
                Column::Cut("Title"),
            ]);
            for feature in &image.features {
                table.row(&[
                    feature.feature_name.clone(),
                    feature.state.clone(),
                    feature.display_name.clone().unwrap_or_default(),
                ]);
            }
            let table = table.show(context.width(), context.paint());
            context.text(&table)?;
        }
        context.findings(&image.findings);
    }
    Ok(ExitCode::Done)
}
