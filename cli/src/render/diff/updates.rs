//! Differences of update packages and features, a line each.

use wimwright_servicing::diff::{FeatureDifference, PackageDifference, PackageField};
use wimwright_servicing::update::store::StoredPackage;

use super::{Line, Mark};

pub(super) fn mark_of_package(difference: &PackageDifference) -> Mark {
    match difference {
        PackageDifference::Added(_) => Mark::Added,
        PackageDifference::Removed(_) => Mark::Removed,
        PackageDifference::Changed { .. } => Mark::Changed,
    }
}

pub(super) fn mark_of_feature(difference: &FeatureDifference) -> Mark {
    match difference {
        FeatureDifference::Added(_) => Mark::Added,
        FeatureDifference::Removed(_) => Mark::Removed,
        FeatureDifference::Changed { .. } => Mark::Changed,
    }
}

pub(super) fn package(difference: &PackageDifference) -> Line {
    let mark = mark_of_package(difference);
    let name = difference.package().identity.to_string();
    let what = match difference {
        PackageDifference::Added(package) | PackageDifference::Removed(package) => {
            package.state.to_string()
        }
        PackageDifference::Changed { old, new, fields } => {
            let fields = fields.iter().map(|field| change_text(*field, old, new));
            fields.collect::<Vec<_>>().join(", ")
        }
    };
    Line::new(mark, name, format!("  {what}"))
}

fn change_text(field: PackageField, old: &StoredPackage, new: &StoredPackage) -> String {
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let (what, old, new) = match field {
        PackageField::Version => (
            "version",
            old.identity.version.to_string(),
            new.identity.version.to_string(),
        ),
        PackageField::State => ("state", old.state.to_string(), new.state.to_string()),
        PackageField::Visibility => {
            let seen = |package: &StoredPackage| match package.visibility {
                None => "not said".to_owned(),
                Some(number) => number.to_string(),
            };
            ("visibility", seen(old), seen(new))
        }
        PackageField::Client => ("brought by", optional(&old.client), optional(&new.client)),
        PackageField::Owners => (
            "owners",
            old.owners.len().to_string(),
            new.owners.len().to_string(),
        ),
        PackageField::Updates => {
            let differ = new
                .updates
                .iter()
                .filter(|update| !old.updates.contains(update));
            let gone = old.updates.iter().filter(|(name, _)| {
                let mut names = new.updates.iter().map(|(name, _)| name);
                !names.any(|other| other == name)
            });
            return format!("{} updates in it differ", differ.count() + gone.count());
        }
    };
    format!("{what} {old} -> {new}")
}

pub(super) fn feature(difference: &FeatureDifference) -> Line {
    let mark = mark_of_feature(difference);
    let feature = difference.feature();
    let what = match difference {
        FeatureDifference::Added(feature) | FeatureDifference::Removed(feature) => {
            feature.state.to_string()
        }
        FeatureDifference::Changed { old, new } => format!("{} -> {}", old.state, new.state),
    };
    Line::new(mark, feature.name.clone(), format!("  {what}"))
}
