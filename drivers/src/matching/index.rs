//! All drivers of an image by the ids that they serve.

use std::collections::HashMap;
use std::sync::Arc;

use wimwright_servicing::registry::Hive;
use wimwright_servicing::{Draft, Finding, Generation};

use super::driver::Driver;
use super::{database, image_infs};
use crate::error::Error;
use crate::list::{class_names, require_store};
use crate::rank::Rules;
use crate::store::device_id::DeviceIdFlags;
use crate::store::node::Node;

/// Which drivers of an image are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All that Windows can find.
    #[default]
    Everything,
    /// Only the driver database of SYSTEM: what the kernel sees at boot from
    /// Windows 8 on.
    SystemNode,
}

/// What an install section says to whoever chooses a driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Its name, decorated; `None` where nothing says it.
    pub(super) name: Option<String>,
    /// `ExcludeID`: devices that it is not for.
    pub(super) exclude_ids: Vec<String>,
    /// Its own date and version, which beat the INF's.
    pub(super) version: Option<crate::model::DriverVer>,
    /// The hardware ids of the software components that it makes.
    pub(super) components: Vec<String>,
    /// `CopyINF`: INFs that come with it.
    pub(super) copy_infs: Vec<String>,
}

/// One driver's line under one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) driver: usize,
    /// `None` for the driver database, where it is looked up when needed.
    pub(super) section: Option<usize>,
    pub(super) flags: DeviceIdFlags,
}

/// Drivers that were read together, with their ids. Numbers count within it.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) drivers: Vec<Driver>,
    pub(super) sections: Vec<Section>,
    pub(super) ids: Vec<(String, Listing)>,
    pub(super) findings: Vec<Finding>,
}

/// All drivers of an image, or of a folder of packages, by the ids that they
/// serve. Built once, asked for each device.
pub struct DriverIndex {
    pub(super) rules: Rules,
    drivers: Vec<Arc<Driver>>,
    sections: Vec<Arc<Section>>,
    ids: HashMap<String, Vec<Listing>>,
    nodes: Vec<(Node, Arc<Hive>)>,
    findings: Vec<Finding>,
}

impl DriverIndex {
    /// Reads the drivers of the image of `draft`, on all cores.
    ///
    /// # Errors
    /// [`Error`] when the image's version and store contradict each other, or
    /// it cannot be read. A driver that cannot be read is a finding.
    pub fn of_image(draft: &Draft, scope: Scope) -> Result<DriverIndex, Error> {
        require_store(draft)?;
        let mut index = DriverIndex::new(Rules::of(draft.facts().version));
        if draft.facts().generation == Generation::DriverDatabase {
            let (nodes, parts) = database::read(draft, scope)?;
            if scope == Scope::Everything && !nodes.iter().any(|(node, _)| *node == Node::Drivers) {
                index.findings.push(Finding::warning(
                    "no-drivers-hive",
                    "the image has no DRIVERS hive: of Windows' own drivers only those that it \
                     needs to start are known",
                ));
            }
            index.nodes = nodes;
            for part in parts {
                index.take(part);
            }
        }
        if scope == Scope::Everything {
            for part in image_infs::read(draft, &index)? {
                index.take(part);
            }
        }
        let names = class_names(draft)?;
        for driver in &mut index.drivers {
            let name = driver.class.and_then(|class| names.get(&class.to_string()));
            if let Some(name) = name {
                Arc::make_mut(driver).class_name = Some(name.clone());
            }
        }
        Ok(index)
    }

    /// One without drivers.
    pub(super) fn new(rules: Rules) -> DriverIndex {
        DriverIndex {
            rules,
            drivers: Vec::new(),
            sections: Vec::new(),
            ids: HashMap::new(),
            nodes: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Adds what was read, and says at which number its drivers begin.
    pub(super) fn take(&mut self, part: Part) -> usize {
        let (drivers, sections) = (self.drivers.len(), self.sections.len());
        self.drivers.extend(part.drivers.into_iter().map(Arc::new));
        self.sections
            .extend(part.sections.into_iter().map(Arc::new));
        self.findings.extend(part.findings);
        for (id, mut listing) in part.ids {
            listing.driver += drivers;
            listing.section = listing.section.map(|section| section + sections);
            self.ids.entry(key(&id)).or_default().push(listing);
        }
        drivers
    }

    /// The drivers.
    pub fn drivers(&self) -> &[Arc<Driver>] {
        &self.drivers
    }

    /// How many different ids they serve.
    pub fn id_count(&self) -> usize {
        self.ids.len()
    }

    /// What is odd about them.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The lines under an id.
    pub(super) fn listings(&self, id: &str) -> &[Listing] {
        self.ids.get(&key(id)).map_or(&[], Vec::as_slice)
    }

    /// The driver of a line.
    pub(super) fn driver(&self, listing: &Listing) -> Option<&Arc<Driver>> {
        self.drivers.get(listing.driver)
    }

    /// The install section of a line under `id`; `None` where the driver turns
    /// out not to be for it.
    pub(super) fn section(
        &self,
        listing: &Listing,
        id: &str,
    ) -> Result<Option<Arc<Section>>, Error> {
        if let Some(section) = listing.section.and_then(|at| self.sections.get(at)) {
            return Ok(Some(Arc::clone(section)));
        }
        let driver = self.driver(listing);
        let found = match driver.and_then(|driver| driver.package_id.as_deref().zip(Some(driver))) {
            Some((package, driver)) => {
                let mut nodes = self.nodes.iter();
                match nodes.find(|(node, _)| driver.source == (*node).into()) {
                    Some((node, hive)) => database::section(*node, hive, package, id)?,
                    None => Some(Section::default()),
                }
            }
            None => Some(Section::default()),
        };
        Ok(found.map(Arc::new))
    }
}

/// Ids are the same without case.
fn key(id: &str) -> String {
    id.to_lowercase()
}
