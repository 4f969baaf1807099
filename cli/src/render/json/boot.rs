//! `boot predict`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::boot_path as lib;

use super::Document;
use super::image::FindingEntry;

/// `boot predict`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct BootPredict {
    /// One entry for each image on each computer.
    pub images: Vec<PredictedImage>,
}

impl Document for BootPredict {
    const NAME: &'static str = "boot-predict";
}

/// An image on a computer.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PredictedImage {
    /// The image as it was named.
    pub image: String,
    /// The computer.
    pub hardware: String,
    /// What becomes of it.
    pub verdict: BootVerdict,
    /// What matters first; null where it boots.
    pub reason: Option<ObstacleEntry>,
    /// The controllers that may have the boot disk.
    pub controllers: Vec<ControllerEntry>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

/// What becomes of an image on a computer.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
pub enum BootVerdict {
    /// It reaches its boot disk.
    #[serde(rename = "boots")]
    Boots,
    /// What would decide is not known.
    #[serde(rename = "unknown")]
    Unknown,
    /// It does not reach its boot disk.
    #[serde(rename = "stop-0x7b")]
    Stop7b,
    /// It does not get as far as looking for it.
    #[serde(rename = "will-not-start")]
    WillNotStart,
}

impl From<lib::Verdict> for BootVerdict {
    fn from(verdict: lib::Verdict) -> BootVerdict {
        match verdict {
            lib::Verdict::Boots => BootVerdict::Boots,
            lib::Verdict::Unknown => BootVerdict::Unknown,
            lib::Verdict::Stop7b => BootVerdict::Stop7b,
            lib::Verdict::WillNotStart => BootVerdict::WillNotStart,
        }
    }
}

/// The way to the disk through one controller.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ControllerEntry {
    /// The controller's most telling id.
    pub id: String,
    /// What the hardware file calls it.
    pub description: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// What becomes of an image whose disk it has.
    pub verdict: BootVerdict,
    /// The service that drives it; null where nothing does.
    pub service: Option<String>,
    /// The service's `Start`.
    pub start: Option<u32>,
    /// What `StartOverride` makes of it.
    pub start_override: Option<u32>,
    /// The service's load order group.
    pub group: Option<String>,
    /// The driver's file, there or not.
    pub file: Option<String>,
    /// What matters first; null where the disk is reached.
    pub reason: Option<String>,
    /// Everything in the way, in the order in which a boot meets it.
    pub obstacles: Vec<ObstacleEntry>,
    /// The drivers on the way, in the same order.
    pub drivers: Vec<BootDriverEntry>,
}

/// A driver on the way.
#[derive(Debug, JsonSchema, Serialize)]
pub struct BootDriverEntry {
    /// Where on the way: `bus`, `controller`, `channel`, `disk`,
    /// `volume-manager` or `volume`.
    pub part: String,
    /// The value that makes it a filter; null for the driver of a device.
    pub filters: Option<String>,
    /// Its service.
    pub service: String,
    /// The service's `Start`.
    pub start: Option<u32>,
    /// What `StartOverride` makes of it.
    pub start_override: Option<u32>,
    /// The service's load order group.
    pub group: Option<String>,
    /// Its file, there or not.
    pub file: Option<String>,
    /// The key that gives it to the device.
    pub bound_at: Option<String>,
}

impl From<&lib::PathDriver> for BootDriverEntry {
    fn from(driver: &lib::PathDriver) -> BootDriverEntry {
        BootDriverEntry {
            part: driver.part.name().to_owned(),
            filters: driver.filters.clone(),
            service: driver.service.clone(),
            start: driver.start,
            start_override: driver.start_override,
            group: driver.group.clone(),
            file: driver.file.as_ref().map(ToString::to_string),
            bound_at: driver.bound_at.clone(),
        }
    }
}

/// Something in the way.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ObstacleEntry {
    /// The check that found it, such as `boot-start`.
    pub check: String,
    /// What it comes to.
    pub verdict: BootVerdict,
    /// Where on the way: `loader`, `processor`, `bus`, `controller`, `channel`,
    /// `disk`, `volume-manager` or `volume`.
    pub part: String,
    /// What is wrong.
    pub message: String,
    /// Commands that mend it, all of them together; empty where none is known.
    pub mend: Vec<String>,
}

impl ObstacleEntry {
    /// The obstacle; `commands` are what mends it.
    pub(crate) fn new(obstacle: &lib::Obstacle, commands: Vec<String>) -> ObstacleEntry {
        ObstacleEntry {
            check: obstacle.check.name.to_owned(),
            verdict: obstacle.verdict.into(),
            part: obstacle.part.name().to_owned(),
            message: obstacle.message.clone(),
            mend: commands,
        }
    }
}
