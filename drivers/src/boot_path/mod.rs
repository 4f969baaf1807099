//! Whether an image reaches its boot disk on a computer, or stops with 0x7B.
//!
//! The kernel reaches its disk through a chain of devices: buses, controller,
//! channel, disk, volume. Each needs a driver before anything can be installed,
//! and each driver must be one that the loader has already loaded. [`boot_path`]
//! walks that chain in the registry and among the files of an image, as the
//! kernel of its generation does (reference: hal-sysprep A9 and A11, driverstore
//! 2, 4 and 5), and names what is in the way. What decides and is not known is
//! said to be unknown, never guessed.

mod binding;
mod check;
mod controllers;
mod critical;
mod database;
mod driver;
mod file;
mod filter;
mod image_path;
mod instance;
mod kernel_service;
mod loader;
mod obstacle;
mod platform;
mod service;
mod untold;
mod walk;

use wimwright_servicing::hardware::{Device, Hardware};
use wimwright_servicing::registry::{ControlSet, HiveName, RegistryError};
use wimwright_servicing::{Draft, Finding};

pub use check::{BootCheck, CHECKS};
pub use driver::PathDriver;
pub use kernel_service::{KernelService, kernel_services};
pub use obstacle::{Mend, Obstacle, Part, Verdict};

use crate::error::Error;
use crate::list::require_store;
use obstacle::{first, worst};
use walk::Walk;

/// What is asked beside image and computer.
#[derive(Clone, Debug, Default)]
pub struct BootPathOptions {
    /// Only the controllers whose location, or one of whose ids, is this carry
    /// the boot disk.
    pub controller: Option<String>,
}

/// What becomes of an image on a computer.
#[derive(Clone, Debug)]
pub struct BootPath {
    /// The computer's name.
    pub hardware: String,
    /// Whether it reaches its boot disk.
    pub verdict: Verdict,
    /// What matters first; `None` where it boots.
    pub reason: Option<Obstacle>,
    /// The controllers that may carry the boot disk.
    pub controllers: Vec<ControllerPath>,
    /// What the user should know beside that.
    pub findings: Vec<Finding>,
}

/// The way to the disk through one controller.
#[derive(Clone, Debug)]
pub struct ControllerPath {
    /// The controller's most telling id.
    pub id: String,
    /// What the hardware description calls it.
    pub description: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// Whether the disk is reached through it.
    pub verdict: Verdict,
    /// Everything in the way, in the order in which a boot meets it; what is
    /// the same for all controllers included.
    pub obstacles: Vec<Obstacle>,
    /// The drivers on the way, in the same order.
    pub drivers: Vec<PathDriver>,
}

impl ControllerPath {
    /// The controller's own driver.
    pub fn driver(&self) -> Option<&PathDriver> {
        let mut drivers = self.drivers.iter();
        drivers.find(|driver| driver.part == Part::Controller && driver.filters.is_none())
    }

    /// What matters first.
    pub fn reason(&self) -> Option<&Obstacle> {
        first(&self.obstacles)
    }
}

/// Predicts whether the image in `draft` reaches its boot disk on a computer.
///
/// The control set is the one that the next boot takes; where the last boot took
/// another one, and that one fares differently, a finding says so.
///
/// # Errors
/// [`Error`] when the image cannot be read, when its version and its driver
/// store contradict each other, or when the computer has no controller as
/// [`BootPathOptions::controller`] names it.
pub fn boot_path(
    draft: &Draft,
    hardware: &Hardware,
    options: &BootPathOptions,
) -> Result<BootPath, Error> {
    require_store(draft)?;
    let controllers = named(hardware, options)?;
    let sets = draft.facts().control_sets.clone();
    let mut path = in_set(draft, hardware, &controllers, sets.default)?;
    for other in sets
        .targets()
        .into_iter()
        .filter(|set| *set != sets.default)
    {
        let there = in_set(draft, hardware, &controllers, other)?;
        if there.verdict != path.verdict {
            path.findings.push(Finding::note(
                "other-control-set",
                format!(
                    "this is about {}, which the next boot takes; with {other}, which the last one \
                     took, it would be `{}`",
                    sets.default,
                    there.verdict.name()
                ),
            ));
        }
    }
    Ok(path)
}

/// The controllers that are asked for.
fn named<'h>(hardware: &'h Hardware, options: &BootPathOptions) -> Result<Vec<&'h Device>, Error> {
    let all = controllers::of(hardware);
    let Some(wanted) = &options.controller else {
        return Ok(all);
    };
    let is = |text: &str| text.eq_ignore_ascii_case(wanted);
    let devices = hardware.devices.iter();
    let found: Vec<&Device> = devices
        .filter(|device| device.location.as_deref().is_some_and(is) || device.ids().any(is))
        .collect();
    match found.is_empty() {
        true => Err(Error::NoSuchController {
            wanted: wanted.clone(),
            hardware: hardware.name.clone(),
            known: all.iter().map(|device| device.id().to_owned()).collect(),
        }),
        false => Ok(found),
    }
}

fn in_set(
    draft: &Draft,
    hardware: &Hardware,
    devices: &[&Device],
    set: ControlSet,
) -> Result<BootPath, Error> {
    let absent = || RegistryError::Absent {
        hive: HiveName::System,
    };
    let hive = draft.hive(HiveName::System)?.ok_or_else(absent)?;
    let mut walk = Walk::new(draft, hive, set);
    let mut before = platform::obstacles(draft, hardware)?;
    before.extend(walk.loader_files()?);
    let after = walk.volume()?;
    let drivers_after = std::mem::take(&mut walk.drivers);

    let mut controllers = Vec::new();
    for device in devices {
        let mut obstacles = before.clone();
        obstacles.extend(walk.buses(hardware, device)?);
        let (binding, found) = walk.controller(device)?;
        obstacles.extend(found);
        if let Some(binding) = binding {
            obstacles.extend(walk.channels(device, &binding)?);
        }
        obstacles.extend(walk.disk(hardware, device)?);
        obstacles.extend(after.iter().cloned());
        let mut drivers = std::mem::take(&mut walk.drivers);
        drivers.extend(drivers_after.iter().cloned());
        controllers.push(ControllerPath {
            id: device.id().to_owned(),
            description: device.description.clone(),
            location: device.location.clone(),
            verdict: worst(&obstacles),
            obstacles,
            drivers,
        });
    }
    let (verdict, reason) = together(&controllers, &before, &after);
    Ok(BootPath {
        hardware: hardware.name.clone(),
        verdict,
        reason,
        controllers,
        findings: Vec::new(),
    })
}

/// What the controllers come to together, and why.
fn together(
    controllers: &[ControllerPath],
    before: &[Obstacle],
    after: &[Obstacle],
) -> (Verdict, Option<Obstacle>) {
    let worst_one = controllers.iter().max_by(|left, right| {
        // The first of several that are equally bad.
        left.verdict
            .cmp(&right.verdict)
            .then(std::cmp::Ordering::Greater)
    });
    let Some(worst_one) = worst_one else {
        let message = "the hardware description names no storage controller".to_owned();
        let nothing = Obstacle::may(&check::CONTROLLER, Part::Controller, message);
        let mut obstacles = before.to_vec();
        obstacles.push(nothing);
        obstacles.extend(after.iter().cloned());
        return (worst(&obstacles), first(&obstacles).cloned());
    };
    let reason = worst_one.reason().cloned();
    let verdict = match controllers.iter().map(|path| path.verdict).min() {
        // It depends on which of them has the disk.
        Some(Verdict::Boots | Verdict::Unknown) if worst_one.verdict != Verdict::Boots => {
            Verdict::Unknown
        }
        _ => worst_one.verdict,
    };
    (verdict, reason)
}
