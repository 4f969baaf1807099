//! The driver database of Windows 8 and later, its SYSTEM node: the kernel
//! gives a device the driver that ranks best (driverstore 2.11 and 5).

use wimwright_servicing::registry::{Hive, HiveError, Key};
use wimwright_servicing::{FileTime, WindowsVersion};

use super::binding::{Binding, BoundPackage, Lookup, filters};
use crate::model::DriverVersion;
use crate::rank::{DevicePlace, IdentifierScore, Rank, Rules, SignatureClass, Standing};
use crate::store::device_id::DeviceIdFlags;
use crate::store::version_blob::VersionBlob;

const ROOT: &str = "DriverDatabase";

/// The best driver of a device whose ids these are, each with its place.
pub(super) fn find(
    hive: &Hive,
    version: WindowsVersion,
    ids: &[(&str, DevicePlace)],
) -> Result<Lookup, HiveError> {
    let Some(root) = hive.key(ROOT)? else {
        return Ok(Lookup::None);
    };
    let rules = Rules::of(version);
    let mut best: Option<(Standing, Binding)> = None;
    let mut broken: Option<String> = None;
    for (id, place) in ids.iter().copied() {
        let Some(key) = root.path(&format!("DeviceIds\\{id}"))? else {
            continue;
        };
        for value in key.values()? {
            let value = value?;
            let inf = value.name()?.to_string_lossy();
            let flags = value.data()?;
            let Some(flags) = DeviceIdFlags::decode(&flags) else {
                continue;
            };
            match candidate(root, &inf, id, ids)? {
                Candidate::Is {
                    binding,
                    score,
                    date,
                    version,
                } => {
                    let places = flags.places().map(|driver| {
                        let signature = SignatureClass::of_signer_score(score.unwrap_or(u32::MAX));
                        let identifier = IdentifierScore::new(place, driver);
                        Rank::new(rules, signature, flags.feature_score, identifier)
                    });
                    let Some(rank) = places.min() else { continue };
                    let standing = Standing {
                        rank,
                        date,
                        version,
                    };
                    if best.as_ref().is_none_or(|(known, _)| standing < *known) {
                        best = Some((standing, *binding));
                    }
                }
                Candidate::Excluded => {}
                Candidate::Broken(what) => broken = broken.or(Some(what)),
            }
        }
    }
    Ok(match (best, broken) {
        (Some((_, binding)), _) => Lookup::Bound(binding),
        (None, Some(what)) => Lookup::Broken(what),
        (None, None) => Lookup::None,
    })
}

/// What a published INF comes to for an id.
enum Candidate {
    Is {
        binding: Box<Binding>,
        score: Option<u32>,
        date: FileTime,
        version: DriverVersion,
    },
    /// Its section does not want this device.
    Excluded,
    /// The database contradicts itself; where.
    Broken(String),
}

fn candidate(
    root: Key<'_>,
    inf: &str,
    id: &str,
    ids: &[(&str, DevicePlace)],
) -> Result<Candidate, HiveError> {
    let broken = |what: String| Ok(Candidate::Broken(what));
    let file = root.path(&format!("DriverInfFiles\\{inf}"))?;
    let active = match file {
        Some(file) => text(file, "Active")?,
        None => None,
    };
    let Some(package_id) = active else {
        return broken(format!(
            "`{ROOT}\\DeviceIds\\{id}` names `{inf}`, which has no active package"
        ));
    };
    let at = format!("DriverPackages\\{package_id}");
    let Some(package) = root.path(&at)? else {
        return broken(format!(
            "`{inf}` is active as `{package_id}`, of which `{ROOT}\\DriverPackages` has nothing"
        ));
    };
    let descriptor = package.path(&format!("Descriptors\\{id}"))?;
    let configuration = match descriptor {
        Some(descriptor) => text(descriptor, "Configuration")?,
        None => None,
    };
    let Some(configuration) = configuration else {
        return broken(format!(
            "`{ROOT}\\{at}` has no descriptor of `{id}`: the kernel cannot configure the device \
             by it"
        ));
    };
    let Some(section) = package.path(&format!("Configurations\\{configuration}"))? else {
        return broken(format!(
            "`{ROOT}\\{at}` has no configuration `{configuration}`"
        ));
    };
    let excluded = section.value("ExcludeIds")?;
    let excluded = excluded.and_then(|excluded| excluded.as_multi_string());
    let has = |excluded: &String| ids.iter().any(|(id, _)| id.eq_ignore_ascii_case(excluded));
    if excluded.unwrap_or_default().iter().any(has) {
        return Ok(Candidate::Excluded);
    }
    let version = package.value("Version")?;
    let version = match version {
        Some(version) => VersionBlob::decode(&version.data()?),
        None => None,
    };
    let score = package
        .value("SignerScore")?
        .and_then(|value| value.as_u32());
    let at = format!("{ROOT}\\{at}\\Configurations\\{configuration}");
    let binding = Binding {
        service: text(section, "Service")?,
        class: version.as_ref().map(|version| version.class.to_string()),
        filters: filters(section, &at)?,
        id: id.to_owned(),
        at,
        package: Some(BoundPackage {
            inf: inf.to_owned(),
            score,
        }),
        ..Binding::default()
    };
    Ok(Candidate::Is {
        binding: Box::new(binding),
        score,
        date: version.as_ref().map_or(FileTime(0), |version| version.date),
        version: version.map_or(DriverVersion([0; 4]), |version| version.version),
    })
}

/// `SignerScore` of the active package of a published INF.
pub(super) fn score(hive: &Hive, inf: &str) -> Result<Option<u32>, HiveError> {
    let Some(root) = hive.key(ROOT)? else {
        return Ok(None);
    };
    let active = match root.path(&format!("DriverInfFiles\\{inf}"))? {
        Some(file) => text(file, "Active")?,
        None => None,
    };
    let Some(active) = active else {
        return Ok(None);
    };
    let Some(package) = root.path(&format!("DriverPackages\\{active}"))? else {
        return Ok(None);
    };
    let score = package.value("SignerScore")?;
    Ok(score.and_then(|score| score.as_u32()))
}

fn text(key: Key<'_>, name: &str) -> Result<Option<String>, HiveError> {
    let value = key.value(name)?.and_then(|value| value.as_string());
    Ok(value.filter(|text| !text.is_empty()))
}
