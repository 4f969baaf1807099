//! The drivers that fit one device, in Windows' order.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use wimwright_servicing::hardware::Device;

use super::driver::{Driver, Source};
use super::index::{DriverIndex, Listing, Section};
use crate::error::Error;
use crate::model::Guid;
use crate::rank::{
    DevicePlace, IdentifierScore, Lost, Rank, SignatureClass, Standing, device_places,
};

/// A driver that fits a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The driver.
    pub driver: Arc<Driver>,
    /// The id of the device that it was found by.
    pub matched_id: String,
    /// The install section; `None` where the image does not say it.
    pub section: Option<String>,
    /// What its signature counts for here.
    pub signature: SignatureClass,
    /// All that Windows compares of it.
    pub standing: Standing,
    /// Why it is not the one that Windows takes; `None` for that one.
    pub lost: Option<Lost>,
    /// Which of the indexes it came from.
    pub(super) index: usize,
    /// Its number there.
    pub(super) number: usize,
    pub(super) section_facts: Arc<Section>,
}

/// Whether a device has a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// It has one.
    Driven,
    /// None fits it.
    Missing,
    /// It has no ids, so there is nothing that a driver could be found by: the
    /// root of the device tree, or a device that its driver itself reports
    /// (`HTREE\ROOT\0` and `Root\LEGACY_...` in the hives of real Windows).
    WithoutIds,
}

/// What fits one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceMatch {
    /// The drivers, the one that Windows takes first.
    pub candidates: Vec<Candidate>,
    /// The extensions that it applies beside that driver, one for each
    /// `ExtensionId`. They count only where there is a driver.
    pub extensions: Vec<Candidate>,
    /// Extensions of the same ids that it does not apply, because those are
    /// newer.
    pub older_extensions: Vec<Candidate>,
}

impl DeviceMatch {
    /// The driver that Windows takes.
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates.first()
    }

    /// Those that fit, too.
    pub fn runners_up(&self) -> &[Candidate] {
        self.candidates.get(1..).unwrap_or_default()
    }

    /// Whether `device` has a driver by this.
    pub fn state(&self, device: &Device) -> DeviceState {
        match self.best() {
            Some(_) => DeviceState::Driven,
            None if device.ids().all(str::is_empty) => DeviceState::WithoutIds,
            None => DeviceState::Missing,
        }
    }
}

/// What of `indexes` fits `device`. Of drivers that are equal in all that
/// Windows compares, those of an earlier index come first, then by name.
///
/// # Errors
/// [`Error`] when a hive cannot be read.
pub fn match_device(indexes: &[&DriverIndex], device: &Device) -> Result<DeviceMatch, Error> {
    let mut found: BTreeMap<(usize, usize), Candidate> = BTreeMap::new();
    for (id, place) in device_places(device).filter(|(id, _)| !id.is_empty()) {
        for (number, index) in indexes.iter().enumerate() {
            for listing in index.listings(id) {
                let Some(candidate) = candidate(index, number, listing, device, id, place)? else {
                    continue;
                };
                let known = found.entry((number, listing.driver));
                let best = known.or_insert_with(|| candidate.clone());
                if candidate.standing < best.standing {
                    *best = candidate;
                }
            }
        }
    }
    let (extensions, candidates) = found
        .into_values()
        .partition::<Vec<_>, _>(|found| found.driver.is_extension());
    let (extensions, older_extensions) = one_of_each(extensions);
    Ok(DeviceMatch {
        candidates: in_order(candidates),
        extensions,
        older_extensions,
    })
}

/// A line as a candidate; `None` where it turns out not to be for the device.
fn candidate(
    index: &DriverIndex,
    number: usize,
    listing: &Listing,
    device: &Device,
    id: &str,
    place: DevicePlace,
) -> Result<Option<Candidate>, Error> {
    let Some(driver) = index.driver(listing) else {
        return Ok(None);
    };
    let Some(section) = index.section(listing, id)? else {
        return Ok(None);
    };
    let excluded = |id: &str| {
        let mut ids = section.exclude_ids.iter();
        ids.any(|excluded| excluded.eq_ignore_ascii_case(id))
    };
    if device.ids().any(excluded) {
        return Ok(None);
    }
    let places = listing.flags.places();
    let scores = places.map(|of_driver| IdentifierScore::new(place, of_driver));
    let Some(score) = scores.min() else {
        return Ok(None);
    };
    // The database knows which of the two an unsigned driver is.
    let in_database = matches!(
        driver.source,
        Source::SystemDatabase | Source::DriversDatabase
    );
    let signature = match (&section.name, driver.signature) {
        (Some(name), SignatureClass::Unsigned) if !in_database => SignatureClass::unsigned(name),
        (_, signature) => signature,
    };
    let (date, version) = match &section.version {
        Some(own) => Driver::dated(Some(own)),
        None => (driver.date, driver.version),
    };
    let rank = Rank::new(index.rules, signature, listing.flags.feature_score, score);
    Ok(Some(Candidate {
        driver: Arc::clone(driver),
        matched_id: id.to_owned(),
        section: section.name.clone(),
        signature,
        standing: Standing {
            rank,
            date,
            version,
        },
        lost: None,
        index: number,
        number: listing.driver,
        section_facts: section,
    }))
}

/// The best first, each other one with the reason.
fn in_order(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| {
        let key = |found: &Candidate| (found.standing, found.index);
        let names = (a.driver.name(), b.driver.name());
        key(a).cmp(&key(b)).then_with(|| names.0.cmp(names.1))
    });
    let best = candidates.first().map(|best| best.standing);
    if let Some(best) = best {
        for behind in candidates.iter_mut().skip(1) {
            behind.lost = Some(Lost::between(&behind.standing, &best));
        }
    }
    candidates
}

/// Of extensions with one `ExtensionId` the newest date wins, then the highest
/// version (page "Using an Extension INF File"). One without an id is by
/// itself. Gives those that are applied, and the others.
fn one_of_each(mut extensions: Vec<Candidate>) -> (Vec<Candidate>, Vec<Candidate>) {
    extensions.sort_by_key(|found| Reverse((found.standing.date, found.standing.version)));
    let mut kept: Vec<Candidate> = Vec::new();
    let mut older = Vec::new();
    for mut extension in extensions {
        let id: Option<Guid> = extension.driver.extension_id;
        let mut rivals = kept.iter().filter(|_| id.is_some());
        match rivals.find(|kept| kept.driver.extension_id == id) {
            Some(rival) => {
                let (own, newest) = (&extension.standing, &rival.standing);
                extension.lost = Some(match own.date == newest.date {
                    true if own.version == newest.version => Lost::Tie,
                    true => Lost::Version,
                    false => Lost::Date,
                });
                older.push(extension);
            }
            None => kept.push(extension),
        }
    }
    (kept, older)
}
