//! Whether the image holds a newer package that takes all devices of this one:
//! Windows would never use the older one (inf 9: of equal ranks the newer date,
//! then the higher version).
//!
//! Told only where it is certain: one package of the same class must list every
//! id at least as well, with a feature score and a signature that rank no
//! worse, and neither its date nor its version may be older. An extension INF
//! stands beside the driver of its device, not in its place: only another
//! version of the same extension supersedes it.

use std::collections::HashMap;

use wimwright_servicing::Generation;

use super::read::ReadPackage;
use super::refusal::Refusal;
use super::rival::Rival;
use crate::model::DriverVersion;
use crate::signature::{DriverSignature, SignerScore};
use crate::store::device_id::{DeviceIdFlags, ListedIds, listed_ids};

/// The package of the image that supersedes `package`, as the reason not to
/// add it.
pub(super) fn by(
    package: &ReadPackage,
    rivals: &[Rival],
    generation: Generation,
) -> Option<Refusal> {
    let own = Own::of(package, generation)?;
    // One that is there already is not superseded, but complete or not.
    if rivals.iter().any(|rival| rival.same_content) {
        return None;
    }
    let newer = rivals.iter().find(|rival| own.is_superseded_by(rival))?;
    let other = &newer.package;
    Some(Refusal::Superseded {
        by: other.name().to_owned(),
        inf: other.original_file_name.clone(),
        date: other.date.clone().unwrap_or_default(),
        version: other.version.clone().unwrap_or_default(),
    })
}

/// What counts of the package that is to be added.
struct Own<'p> {
    package: &'p ReadPackage,
    ids: ListedIds,
    date: String,
    version: DriverVersion,
    generation: Generation,
}

impl<'p> Own<'p> {
    /// `None` where it has no device, date or version to compare.
    fn of(package: &'p ReadPackage, generation: Generation) -> Option<Own<'p>> {
        let ids = listed_ids(&package.model);
        let driver_ver = package.model.version.driver_ver.as_ref()?;
        (!ids.is_empty()).then_some(())?;
        Some(Own {
            package,
            ids,
            date: driver_ver.date?.to_string(),
            version: driver_ver.version?,
            generation,
        })
    }

    fn is_superseded_by(&self, rival: &Rival) -> bool {
        self.is_same_kind(rival)
            && self.is_older(rival)
            && self.has_no_better_signature(rival)
            && self.has_no_better_match(rival)
    }

    fn is_same_kind(&self, rival: &Rival) -> bool {
        let version = &self.package.model.version;
        let class = version.class_guid.map(|class| class.to_string());
        let same_class = class.is_some_and(|class| class == rival.package.class_guid);
        let same_extension = !version.is_extension()
            || version.extension_id.is_some() && version.extension_id == rival.extension_id;
        same_class && same_extension
    }

    fn is_older(&self, rival: &Rival) -> bool {
        let version = rival.package.version.as_deref();
        let (Some(date), Some(version)) = (
            rival.package.date.as_deref(),
            version.and_then(DriverVersion::parse),
        ) else {
            return false;
        };
        // ISO dates compare as text.
        let (own_date, own_version) = (self.date.as_str(), self.version);
        own_date <= date && own_version <= version && (own_date, own_version) != (date, version)
    }

    /// Before the driver database an image does not record who signed what.
    fn has_no_better_signature(&self, rival: &Rival) -> bool {
        let recorded = rival.package.driver_signature;
        let unrecorded = self.generation != Generation::DriverDatabase;
        self.package.signer.score == SignerScore::Unsigned
            || recorded == DriverSignature::Signed
            || unrecorded && recorded == DriverSignature::Unknown
    }

    fn has_no_better_match(&self, rival: &Rival) -> bool {
        let shared = rival.ids.iter();
        let theirs: HashMap<&str, DeviceIdFlags> =
            shared.map(|(id, flags)| (id.as_str(), *flags)).collect();
        self.ids.values().all(|(id, own)| {
            let theirs = theirs.get(id.as_str());
            theirs.is_some_and(|theirs| matches_no_worse(*theirs, *own))
        })
    }
}

/// A hardware id of an INF ranks before a compatible one, among these the
/// earlier one, and within equal matches the lower feature score.
fn matches_no_worse(theirs: DeviceIdFlags, own: DeviceIdFlags) -> bool {
    let place = match own.hardware {
        true => theirs.hardware,
        false => theirs.hardware || theirs.compatible && theirs.index <= own.index,
    };
    place && theirs.feature_score <= own.feature_score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_better_place_and_score_are_never_given_up() {
        let flags = |bytes: [u8; 4]| DeviceIdFlags::decode(&bytes).unwrap();
        for (theirs, own, no_worse) in [
            ([1, 0xFF, 0, 0], [1, 0xFF, 0, 0], true),
            ([1, 0xFF, 0, 0], [2, 0xFF, 0, 0], true),
            ([3, 0xFF, 0, 0], [1, 0xFF, 0, 0], true),
            ([2, 0xFF, 0, 0], [1, 0xFF, 0, 0], false),
            ([2, 0xFF, 0, 0], [3, 0xFF, 0, 0], false),
            ([2, 0xFF, 0, 0], [2, 0xFF, 1, 0], true),
            ([2, 0xFF, 1, 0], [2, 0xFF, 0, 0], false),
            ([1, 0x80, 0, 0], [1, 0xFF, 0, 0], true),
            ([1, 0xFF, 0, 0], [1, 0x80, 0, 0], false),
            ([0, 0xFF, 0, 0], [2, 0xFF, 0, 0], false),
        ] {
            let found = matches_no_worse(flags(theirs), flags(own));
            assert_eq!(found, no_worse, "{theirs:x?} {own:x?}");
        }
    }
}
