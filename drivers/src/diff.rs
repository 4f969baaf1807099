//! Which driver packages two images differ in.
//!
//! A package is known by its id, the name of its folder in the driver store.
//! What is left on both sides is paired by the INF's original name: another
//! version of the same package, the same one built anew, or one of a Windows
//! without a store.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::list::{DriverPackage, order};

/// How two images differ in a driver package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriverDifference {
    /// Only the second image has it.
    Added(DriverPackage),
    /// Only the first image has it.
    Removed(DriverPackage),
    /// Both have it, or another version of it.
    Changed {
        /// In the first image.
        old: Box<DriverPackage>,
        /// In the second.
        new: Box<DriverPackage>,
        /// What differs; never empty.
        fields: Vec<Field>,
    },
}

/// What can differ in a package that both images have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `oem7.inf` became `oem8.inf`, or what waited for the first boot has a
    /// name now.
    PublishedName,
    /// The INF's name before it was published; only its case can differ.
    OriginalFileName,
    /// Whether it came with Windows.
    Inbox,
    /// The setup class's name.
    ClassName,
    /// The setup class.
    ClassGuid,
    /// Who made it.
    ProviderName,
    /// Its date.
    Date,
    /// Its version.
    Version,
    /// Whether the image needs it to boot.
    BootCritical,
    /// Whether its signature was checked.
    DriverSignature,
    /// Its folder in the driver store.
    PackageId,
    /// The processor architecture.
    Architecture,
    /// The ids that it serves.
    HardwareIds,
}

impl DriverDifference {
    /// Whether only the published name is another one.
    pub fn is_renumbered(&self) -> bool {
        matches!(
            self,
            DriverDifference::Changed { old, new, fields }
                if fields.as_slice() == [Field::PublishedName]
                    && !old.name().eq_ignore_ascii_case(new.name())
        )
    }

    /// The package as the second image has it, else as the first does.
    pub fn package(&self) -> &DriverPackage {
        match self {
            DriverDifference::Added(package) | DriverDifference::Removed(package) => package,
            DriverDifference::Changed { new, .. } => new,
        }
    }
}

/// Compares the packages of two images, as [`list`](crate::list()) gives them.
/// The differences stand in the order of published names.
pub fn diff(a: &[DriverPackage], b: &[DriverPackage]) -> Vec<DriverDifference> {
    let mut found = Vec::new();
    let by_id = |package: &DriverPackage| Some(package.package_id.as_ref()?.to_lowercase());
    let (old, new) = pair(a.iter().collect(), b.iter().collect(), by_id, &mut found);
    let by_version = |package: &DriverPackage| Some((inf(package), package.version.clone()));
    let (old, new) = pair(old, new, by_version, &mut found);
    let (old, new) = pair_only(old, new, &mut found);
    found.extend(old.into_iter().cloned().map(DriverDifference::Removed));
    found.extend(new.into_iter().cloned().map(DriverDifference::Added));
    found.sort_by_cached_key(|difference| order(difference.package()));
    found
}

/// What makes two packages versions of the same: the INF and whom it is for.
fn inf(package: &DriverPackage) -> (String, Option<String>) {
    let name = package.original_file_name.to_lowercase();
    (name, package.architecture.clone())
}

type Left<'p> = (Vec<&'p DriverPackage>, Vec<&'p DriverPackage>);

/// Pairs packages with the same key, in order; gives what is left, those
/// without a key among it.
fn pair<'p, K: Ord>(
    old: Vec<&'p DriverPackage>,
    new: Vec<&'p DriverPackage>,
    key: impl Fn(&DriverPackage) -> Option<K>,
    found: &mut Vec<DriverDifference>,
) -> Left<'p> {
    let mut by_key: BTreeMap<Option<K>, Vec<&DriverPackage>> = BTreeMap::new();
    for package in new.into_iter().rev() {
        by_key.entry(key(package)).or_default().push(package);
    }
    let mut keyless = by_key.remove(&None).unwrap_or_default();
    let mut left = Vec::new();
    for old in old {
        match by_key.get_mut(&key(old)).and_then(Vec::pop) {
            Some(new) => found.extend(changed(old, new)),
            None => left.push(old),
        }
    }
    keyless.extend(by_key.into_values().flatten());
    (left, keyless)
}

/// Pairs packages of the same INF where each image has one left: of several
/// nobody can say which became which.
fn pair_only<'p>(
    old: Vec<&'p DriverPackage>,
    new: Vec<&'p DriverPackage>,
    found: &mut Vec<DriverDifference>,
) -> Left<'p> {
    let mut by_inf: BTreeMap<_, Left<'p>> = BTreeMap::new();
    for package in old {
        by_inf.entry(inf(package)).or_default().0.push(package);
    }
    for package in new {
        by_inf.entry(inf(package)).or_default().1.push(package);
    }
    let mut left = Left::default();
    for (old, new) in by_inf.into_values() {
        if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
            found.extend(changed(old, new));
        } else {
            left.0.extend(old);
            left.1.extend(new);
        }
    }
    left
}

fn changed(old: &DriverPackage, new: &DriverPackage) -> Option<DriverDifference> {
    // Named one by one: a field that is added must be decided about here.
    let DriverPackage {
        published_name,
        original_file_name,
        inbox,
        class_name,
        class_guid,
        provider_name,
        date,
        version,
        boot_critical,
        driver_signature,
        package_id,
        architecture,
        hardware_ids,
        // Where the INF lies: a matter of files.
        inf: _,
    } = old;
    let differs = [
        (Field::PublishedName, *published_name != new.published_name),
        (
            Field::OriginalFileName,
            *original_file_name != new.original_file_name,
        ),
        (Field::Inbox, *inbox != new.inbox),
        (Field::ClassName, *class_name != new.class_name),
        (Field::ClassGuid, *class_guid != new.class_guid),
        (Field::ProviderName, *provider_name != new.provider_name),
        (Field::Date, *date != new.date),
        (Field::Version, *version != new.version),
        (Field::BootCritical, *boot_critical != new.boot_critical),
        (
            Field::DriverSignature,
            *driver_signature != new.driver_signature,
        ),
        (Field::PackageId, *package_id != new.package_id),
        (Field::Architecture, *architecture != new.architecture),
        (Field::HardwareIds, *hardware_ids != new.hardware_ids),
    ];
    let fields: Vec<Field> = differs
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect();
    (!fields.is_empty()).then(|| DriverDifference::Changed {
        old: Box::new(old.clone()),
        new: Box::new(new.clone()),
        fields,
    })
}

#[cfg(test)]
mod tests {
    use wimwright_servicing::ImagePath;

    use super::*;
    use crate::signature::DriverSignature;

    /// `oem0.inf viostor 1.0 abc`: published name, INF, version, id.
    fn package(text: &str) -> DriverPackage {
        let words: Vec<&str> = text.split(' ').collect();
        DriverPackage {
            published_name: Some(words[0].to_owned()),
            original_file_name: format!("{}.inf", words[1]),
            inbox: false,
            class_name: None,
            class_guid: "{4d36e97b-e325-11ce-bfc1-08002be10318}".to_owned(),
            provider_name: "Example".to_owned(),
            date: Some("2026-01-01".to_owned()),
            version: Some(words[2].to_owned()),
            boot_critical: false,
            driver_signature: DriverSignature::Unknown,
            package_id: (words[3] != "none")
                .then(|| format!("{}.inf_amd64_{}", words[1], words[3])),
            architecture: Some("amd64".to_owned()),
            hardware_ids: Vec::new(),
            inf: ImagePath::root(),
        }
    }

    fn told(a: &[&str], b: &[&str]) -> Vec<String> {
        let packages = |list: &[&str]| list.iter().map(|text| package(text)).collect::<Vec<_>>();
        let found = diff(&packages(a), &packages(b));
        let line = |difference: &DriverDifference| match difference {
            DriverDifference::Added(new) => format!("+ {}", new.name()),
            DriverDifference::Removed(old) => format!("- {}", old.name()),
            DriverDifference::Changed { old, new, fields } => {
                let (old, new) = (old.name(), new.name());
                format!("~ {old} > {new} {fields:?}")
            }
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn packages_are_paired_by_id_then_by_inf() {
        for (a, b, expected) in [
            (
                &["oem0.inf v 1.0 a"][..],
                &["oem0.inf v 1.0 a"][..],
                &[][..],
            ),
            (&[], &["oem0.inf v 1.0 a"], &["+ oem0.inf"]),
            (&["oem0.inf v 1.0 a"], &[], &["- oem0.inf"]),
            (
                &["oem0.inf v 1.0 a", "oem1.inf w 1.0 b"],
                &["oem0.inf w 1.0 B", "oem1.inf v 1.0 a"],
                &[
                    "~ oem1.inf > oem0.inf [PublishedName, PackageId]",
                    "~ oem0.inf > oem1.inf [PublishedName]",
                ],
            ),
            (
                &["oem0.inf v 1.0 a"],
                &["oem3.inf V 2.0 b"],
                &["~ oem0.inf > oem3.inf [PublishedName, OriginalFileName, Version, PackageId]"],
            ),
            // The same version built anew stays the same version.
            (
                &["oem0.inf v 1.0 a", "oem1.inf v 2.0 b"],
                &["oem0.inf v 2.0 c", "oem1.inf v 3.0 d"],
                &[
                    "~ oem1.inf > oem0.inf [PublishedName, PackageId]",
                    "~ oem0.inf > oem1.inf [PublishedName, Version, PackageId]",
                ],
            ),
            // Which of them became which nobody knows.
            (
                &["oem0.inf v 1.0 a", "oem1.inf v 2.0 b"],
                &["oem2.inf v 3.0 c"],
                &["- oem0.inf", "- oem1.inf", "+ oem2.inf"],
            ),
            // A Windows without a store has no ids.
            (
                &["oem0.inf v 1.0 none", "oem1.inf w 1.0 none"],
                &["oem0.inf w 1.0 none", "oem1.inf x 1.0 none"],
                &[
                    "~ oem1.inf > oem0.inf [PublishedName]",
                    "- oem0.inf",
                    "+ oem1.inf",
                ],
            ),
            (
                &["oem2.inf v 1.0 a", "oem10.inf w 1.0 a"],
                &[],
                &["- oem2.inf", "- oem10.inf"],
            ),
        ] {
            assert_eq!(told(a, b), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn every_field_counts() {
        let old = package("oem0.inf v 1.0 a");
        let mut new = old.clone();
        new.boot_critical = true;
        new.hardware_ids.push("PCI\\VEN_1AF4".to_owned());
        new.inbox = true;
        let found = diff(std::slice::from_ref(&old), &[new]);
        let [DriverDifference::Changed { fields, .. }] = found.as_slice() else {
            panic!("{found:?}");
        };
        let expected = [Field::Inbox, Field::BootCritical, Field::HardwareIds];
        assert_eq!(fields, &expected);
        assert!(!found[0].is_renumbered());
        for (name, renumbered) in [("oem9.inf", true), ("OEM0.inf", false)] {
            let new = package(&format!("{name} v 1.0 a"));
            let found = diff(std::slice::from_ref(&old), &[new]);
            assert_eq!(found[0].is_renumbered(), renumbered, "{name}");
        }
    }
}
