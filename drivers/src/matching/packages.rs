//! What packages that are not in the image would win there, and what they cost.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use wimwright_servicing::hardware::{Device, Hardware};
use wimwright_servicing::{Draft, Generation};

use super::candidate::{Candidate, DeviceMatch, match_device};
use super::computer::{ComputerMatch, match_computer};
use super::driver::{Driver, Source};
use super::image_infs::{class, text_setup_part};
use super::index::{DriverIndex, Part, Scope, Section};
use super::inf::{Known, part};
use super::parallel::on_all_cores;
use crate::add::AddOptions;
use crate::add::read;
use crate::add::refusal::{Refusal, Stop};
use crate::error::Error;
use crate::package::Package;
use crate::rank::{Lost, Rules};
use crate::signature::{Trust, decide};
use crate::store::first_boot::folder::PREFIX;
use crate::store::first_boot::text_setup;

/// A package that could be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contender {
    /// Its driver.
    pub driver: Arc<Driver>,
    /// The id that it would have in the driver store.
    pub package_id: String,
    /// What its INF, its catalog and its files come to, in bytes, expanded: what
    /// it adds to the driver store.
    pub bytes: u64,
    /// Whether the image holds it already.
    pub in_image: bool,
    /// The INF of the very same package, where an earlier one is that.
    pub same_as: Option<String>,
    /// Its number in the index.
    number: usize,
}

/// Packages that were read for an image, as drivers of their own index.
pub struct ReadPackages {
    index: DriverIndex,
    /// One entry a package: its INF, and what it is or why it is refused.
    packages: Vec<(String, Result<Contender, String>)>,
}

/// Why a package is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Need {
    /// Windows would take it for a device.
    Drives {
        /// The computer.
        computer: String,
        /// The device's most specific id.
        device: String,
        /// The image's driver that it would take without it.
        instead_of: Option<String>,
    },
    /// It is an extension that Windows applies to a device.
    Extends {
        /// The computer.
        computer: String,
        /// The device's most specific id.
        device: String,
    },
    /// It serves a software component that a needed package makes.
    Component {
        /// The component's id.
        id: String,
        /// The INF that makes it.
        of: String,
    },
    /// A needed package brings it along (`CopyINF`).
    Copied {
        /// The INF that does.
        of: String,
    },
}

/// What a package is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageVerdict {
    /// The INF, as a path in what the user gave.
    pub inf: String,
    /// What it is, or why `drivers add` would refuse it.
    pub package: Result<Contender, String>,
    /// What it is needed for; empty for one that is superfluous.
    pub needs: Vec<Need>,
    /// The devices that it fits, but that another driver wins: id, the winner,
    /// why.
    pub loses: Vec<(String, String, Lost)>,
}

impl PackageVerdict {
    /// Whether these computers need it.
    pub fn needed(&self) -> bool {
        !self.needs.is_empty()
    }

    /// Why they do not need it; `None` for one that they need, and for one that
    /// is refused.
    pub fn superfluous(&self) -> Option<String> {
        let package = self.package.as_ref().ok()?;
        if self.needed() {
            return None;
        }
        if let Some(first) = &package.same_as {
            return Some(format!("the same package as {first}"));
        }
        Some(match self.loses.as_slice() {
            [] => "fits none of the devices".to_owned(),
            [(device, winner, lost), others @ ..] => {
                let more = match others.len() {
                    0 => String::new(),
                    more => format!(", and for {more} more"),
                };
                format!("{winner} is better for {device}{more}: {lost}")
            }
        })
    }
}

/// What packages are good for on some computers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackagesMatch {
    /// One entry a package, in their order.
    pub verdicts: Vec<PackageVerdict>,
    /// The devices of each computer with the packages in the image.
    pub computers: Vec<ComputerMatch>,
}

/// Reads packages as `drivers add` would with these options, on all cores.
///
/// # Errors
/// [`Error`] for what is wrong with the image itself. What is wrong with a
/// package is that package's result.
pub fn read_packages(
    draft: &Draft,
    image: &DriverIndex,
    packages: &[Package],
    options: &AddOptions,
) -> Result<ReadPackages, Error> {
    let read = on_all_cores(packages, |package| match read(draft, package, options) {
        Ok(read) => Ok(Ok(read)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal.chain())),
        Err(Stop::Failed(error)) => Err(error),
    })?;
    let known: HashSet<String> = image
        .drivers()
        .iter()
        .filter_map(|driver| Some(bare(driver.package_id.as_deref()?)))
        .collect();
    let mut index = DriverIndex::new(Rules::of(draft.facts().version));
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut found = Vec::new();
    for (package, read) in packages.iter().zip(read) {
        let contender = read.map(|(part, package_id, bytes)| {
            let number = index.take(part);
            index.drivers().get(number).map(|driver| Contender {
                driver: Arc::clone(driver),
                in_image: known.contains(&package_id.to_lowercase()),
                same_as: match seen.entry(package_id.to_lowercase()) {
                    Entry::Occupied(first) => Some(first.get().clone()),
                    Entry::Vacant(new) => {
                        new.insert(package.inf().to_string());
                        None
                    }
                },
                package_id,
                bytes,
                number,
            })
        });
        let contender = match contender {
            Ok(Some(contender)) => Ok(contender),
            Ok(None) => Err("it has no driver".to_owned()),
            Err(reason) => Err(reason),
        };
        found.push((package.inf().to_string(), contender));
    }
    Ok(ReadPackages {
        index,
        packages: found,
    })
}

/// A package id without the mark of one that waits, in lower case.
fn bare(id: &str) -> String {
    id.strip_prefix(PREFIX).unwrap_or(id).to_lowercase()
}

/// A package as a driver, its id, and its size.
fn read(
    draft: &Draft,
    package: &Package,
    options: &AddOptions,
) -> Result<(Part, String, u64), Stop> {
    let known = |id: &str| Known {
        published_name: None,
        original_file_name: package.inf_name(),
        package_id: Some(id.to_owned()),
        given: Some(package.inf().to_string()),
        source: Source::Package,
        inbox: false,
    };
    if package.is_text_setup() {
        if draft.facts().generation != Generation::Nt5 {
            return Err(Refusal::TextSetupOfOther.into());
        }
        let chosen = text_setup::choose(draft, package)?;
        let id = chosen.package_id(draft, package)?.to_string();
        let bytes = chosen.len();
        let version = chosen.version.as_ref();
        let part = text_setup_part(&chosen.device_ids(), version, known(&id));
        return Ok((part, id, bytes));
    }
    let mut read = read::read(draft, package)?;
    let trust = Trust {
        anchors: &options.trust,
        now: draft.time(),
    };
    let signature = read.judge(package, trust)?;
    let _ = decide(&signature, draft.facts(), options.force_unsigned)?;
    let files = read.files.iter().map(|found| found.blob.len());
    let catalog = read.catalog.iter().map(|found| found.blob.len());
    let bytes = files.chain(catalog).chain([read.inf_blob.len()]);
    let id = read.id.to_string();
    let part = part(&read.model, known(&id), class(&signature));
    Ok((part, id, bytes.fold(0, u64::saturating_add)))
}

/// What each of `packages` would win on `computers` against the drivers of the
/// image, and against each other.
///
/// # Errors
/// [`Error`] when a hive cannot be read.
pub fn match_packages(
    image: &DriverIndex,
    packages: &ReadPackages,
    computers: &[Hardware],
) -> Result<PackagesMatch, Error> {
    let indexes = [image, &packages.index];
    let mut tally = Tally::new(packages);
    let mut matched = Vec::new();
    for computer in computers {
        let found = match_computer(&indexes, computer)?;
        for (device, found) in &found.devices {
            tally.device(&computer.name, device, found);
        }
        matched.push(found);
    }
    tally.consequences(&indexes)?;
    Ok(PackagesMatch {
        verdicts: tally.verdicts,
        computers: matched,
    })
}

/// Why each of `packages` need not be added to the image of `draft` for these
/// computers, by its place in the list. One that is not named is needed, or
/// will be refused when it is added.
///
/// # Errors
/// [`Error`] for what is wrong with the image itself.
pub fn unneeded(
    draft: &Draft,
    packages: &[Package],
    computers: &[Hardware],
    options: &AddOptions,
) -> Result<HashMap<usize, String>, Error> {
    let image = DriverIndex::of_image(draft, Scope::Everything)?;
    let read = read_packages(draft, &image, packages, options)?;
    let found = match_packages(&image, &read, computers)?;
    let reasons = found.verdicts.iter().enumerate();
    Ok(reasons
        .filter_map(|(at, verdict)| Some((at, verdict.superfluous()?)))
        .collect())
}

/// Collects what packages are needed for.
struct Tally {
    verdicts: Vec<PackageVerdict>,
    /// Which verdict a driver of the packages' index has.
    by_number: HashMap<usize, usize>,
    /// Which verdict a package has that the image holds already, by id.
    by_id: HashMap<String, usize>,
    /// Sections that will be installed, with the INF that they are of.
    installed: Vec<(String, Arc<Section>)>,
}

impl Tally {
    fn new(packages: &ReadPackages) -> Tally {
        let mut tally = Tally {
            verdicts: Vec::new(),
            by_number: HashMap::new(),
            by_id: HashMap::new(),
            installed: Vec::new(),
        };
        for (inf, package) in &packages.packages {
            if let Ok(contender) = package {
                let at = tally.verdicts.len();
                tally.by_number.insert(contender.number, at);
                if contender.in_image {
                    let id = contender.package_id.to_lowercase();
                    tally.by_id.entry(id).or_insert(at);
                }
            }
            tally.verdicts.push(PackageVerdict {
                inf: inf.clone(),
                package: package.clone(),
                needs: Vec::new(),
                loses: Vec::new(),
            });
        }
        tally
    }

    /// The package that a candidate is, whether it comes from the image or is
    /// to be added.
    fn package_of(&self, candidate: &Candidate) -> Option<usize> {
        match candidate.index {
            0 => {
                let id = candidate.driver.package_id.as_deref()?;
                self.by_id.get(&bare(id)).copied()
            }
            _ => self.by_number.get(&candidate.number).copied(),
        }
    }

    fn need(&mut self, candidate: &Candidate, need: Need) {
        let inf = candidate.driver.original_file_name.clone();
        let section = Arc::clone(&candidate.section_facts);
        self.installed.push((inf, section));
        let verdict = self.package_of(candidate);
        if let Some(verdict) = verdict.and_then(|at| self.verdicts.get_mut(at))
            && !verdict.needs.contains(&need)
        {
            verdict.needs.push(need);
        }
    }

    fn device(&mut self, computer: &str, device: &Device, found: &DeviceMatch) {
        let Some(best) = found.best() else {
            return;
        };
        let computer = computer.to_owned();
        let mut others = found.candidates.iter().filter(|found| found.index == 0);
        let image = others.next().filter(|image| image.driver != best.driver);
        self.need(
            best,
            Need::Drives {
                computer: computer.clone(),
                device: device.id().to_owned(),
                instead_of: image.map(|image| image.driver.name().to_owned()),
            },
        );
        for extension in &found.extensions {
            let (computer, device) = (computer.clone(), device.id().to_owned());
            self.need(extension, Need::Extends { computer, device });
        }
        for behind in found.runners_up() {
            self.lose(device, behind, best);
        }
        for older in &found.older_extensions {
            let mut newest = found.extensions.iter();
            let id = older.driver.extension_id;
            if let Some(newest) = newest.find(|newest| newest.driver.extension_id == id) {
                self.lose(device, older, newest);
            }
        }
    }

    fn lose(&mut self, device: &Device, behind: &Candidate, winner: &Candidate) {
        let at = self.package_of(behind);
        // A package that the image holds is there twice.
        if at == self.package_of(winner) {
            return;
        }
        let loss = behind.lost.map(|lost| {
            let winner = winner.driver.name().to_owned();
            (device.id().to_owned(), winner, lost)
        });
        if let (Some(loss), Some(verdict)) = (loss, at.and_then(|at| self.verdicts.get_mut(at)))
            && !verdict.loses.contains(&loss)
        {
            verdict.loses.push(loss);
        }
    }

    /// What follows from what is installed: components, and INFs that are
    /// brought along.
    fn consequences(&mut self, indexes: &[&DriverIndex]) -> Result<(), Error> {
        let mut seen: HashSet<String> = HashSet::new();
        while let Some((of, section)) = self.installed.pop() {
            for id in &section.components {
                if !seen.insert(id.to_lowercase()) {
                    continue;
                }
                let component = Device {
                    hardware_ids: vec![id.clone()],
                    ..Device::default()
                };
                let found = match_device(indexes, &component)?;
                let (id, of) = (id.clone(), of.clone());
                let need = Need::Component { id, of };
                for candidate in found.best().into_iter().chain(&found.extensions) {
                    self.need(candidate, need.clone());
                }
            }
            for name in &section.copy_infs {
                let need = Need::Copied { of: of.clone() };
                for verdict in &mut self.verdicts {
                    let brought = verdict.package.as_ref().is_ok_and(|package| {
                        let own = &package.driver.original_file_name;
                        own.eq_ignore_ascii_case(name)
                    });
                    if brought && !verdict.needs.contains(&need) {
                        verdict.needs.push(need.clone());
                    }
                }
            }
        }
        Ok(())
    }
}
