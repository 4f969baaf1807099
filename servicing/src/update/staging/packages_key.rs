//! What SOFTWARE says of the packages: `Component Based Servicing`.

use super::super::identity::Identity;
use super::super::store::{CBS_KEY, PackageState};
use super::super::version::AssemblyVersion;
use super::contents::{Contents, StagedPackage};
use super::error::StageError;
use crate::draft::Draft;
use crate::plan::{Basis, Change};
use crate::registry::{HiveName, KeyPath, RegData};

/// Who installed it, as the values of the package say; by it packages are known
/// again that may be taken back.
pub(in crate::update) const CLIENT: &str = "wimwright";

/// SYSTEM.
const USER: &str = "S-1-5-18";

/// Names of values and what they hold are stated by several sources.
const VALUES: Basis = Basis::stated("cbs 6.2");
/// What the numbers mean is recalled.
const MEANING: Basis = Basis::recalled("cbs 6.2");
/// That it is there is stated, what it holds is not known.
const DATA: Basis = Basis::inferred("cbs 6.2");

/// The key of a package.
pub(in crate::update) fn package_key(package: &Identity) -> KeyPath {
    KeyPath::from(format!("{CBS_KEY}\\Packages\\{package}"))
}

/// The key that names the newest version of a package.
pub(in crate::update) fn index_key(package: &Identity) -> KeyPath {
    let any = package.with_version(AssemblyVersion([0; 4]));
    KeyPath::from(format!("{CBS_KEY}\\PackageIndex\\{any}"))
}

/// Plans the keys of all packages, in `state`.
pub(in crate::update) fn set(
    draft: &mut Draft,
    source_name: &str,
    contents: &Contents<'_>,
    state: PackageState,
) -> Result<(), StageError> {
    for package in &contents.packages {
        set_package(draft, source_name, package, state)?;
    }
    Ok(())
}

fn set_package(
    draft: &mut Draft,
    source_name: &str,
    package: &StagedPackage<'_>,
    state: PackageState,
) -> Result<(), StageError> {
    let identity = &package.mum.mum.identity;
    let key = package_key(identity);
    let state = state.0.cast_unsigned();
    // What another one brings is not shown to people.
    let visibility = match package.owner {
        None => 1,
        Some(_) => 2,
    };
    let owner = package.owner.as_ref().unwrap_or(identity);
    if draft.has_key(HiveName::Software, &key)? {
        // Two packages may bring a third: it is there, and has one more owner;
        // and what is staged may go on to be installed.
        let there = draft.value(HiveName::Software, &key, "CurrentState")?;
        if there.and_then(|data| data.as_dword()) < Some(state) {
            let data = RegData::dword(state);
            let _ = draft.set_value(HiveName::Software, &key, "CurrentState", data, &VALUES)?;
        }
        return set_owner(draft, identity, owner, visibility, state);
    }
    let time = draft.time().0;
    let location = format!("\\\\?\\{CLIENT}\\{source_name}\\");
    for (name, data, basis) in [
        (
            "InstallName",
            RegData::sz(&format!("{identity}.mum")),
            VALUES,
        ),
        ("InstallLocation", RegData::sz(&location), DATA),
        ("InstallClient", RegData::sz(CLIENT), VALUES),
        ("InstallUser", RegData::sz(USER), VALUES),
        (
            "InstallTimeHigh",
            RegData::dword((time >> 32) as u32),
            VALUES,
        ),
        ("InstallTimeLow", RegData::dword(time as u32), VALUES),
        ("CurrentState", RegData::dword(state), VALUES),
        ("SelfUpdate", RegData::dword(0), VALUES),
        ("Visibility", RegData::dword(visibility), MEANING),
    ] {
        let _ = draft.set_value(HiveName::Software, &key, name, data, &basis)?;
    }
    set_owner(draft, identity, owner, visibility, state)?;
    let index = index_key(identity);
    let data = RegData::dword(0);
    let _ = draft.set_value(
        HiveName::Software,
        &index,
        &identity.package_name(),
        data,
        &DATA,
    )?;
    // What was found out about it before.
    let evaluated = KeyPath::from(format!(
        "{CBS_KEY}\\ApplicabilityEvaluationCache\\{identity}"
    ));
    if draft.has_key(HiveName::Software, &evaluated)? {
        let change = Change::DeleteKey {
            hive: HiveName::Software,
            key: evaluated,
        };
        let _ = draft.plan_change(change, &MEANING)?;
    }
    Ok(())
}

fn set_owner(
    draft: &mut Draft,
    package: &Identity,
    owner: &Identity,
    visibility: u32,
    state: u32,
) -> Result<(), StageError> {
    let key = package_key(package).join("Owners");
    let data = RegData::dword(visibility << 16 | state);
    let owner = owner.package_name();
    let _ = draft.set_value(HiveName::Software, &key, &owner, data, &MEANING)?;
    Ok(())
}
