//! All devices of a computer.

use wimwright_servicing::hardware::{Device, Hardware};

use super::candidate::{DeviceMatch, DeviceState, match_device};
use super::index::DriverIndex;
use crate::error::Error;

/// What fits the devices of a computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputerMatch {
    /// What the computer is called.
    pub name: String,
    /// Its devices, in the order of its description.
    pub devices: Vec<(Device, DeviceMatch)>,
}

impl ComputerMatch {
    /// How many devices have no driver.
    pub fn missing(&self) -> usize {
        let states = self
            .devices
            .iter()
            .map(|(device, found)| found.state(device));
        states
            .filter(|state| *state == DeviceState::Missing)
            .count()
    }
}

/// Matches every device of `computer`.
///
/// # Errors
/// [`Error`] when a hive cannot be read.
pub fn match_computer(
    indexes: &[&DriverIndex],
    computer: &Hardware,
) -> Result<ComputerMatch, Error> {
    let devices = computer.devices.iter().map(|device| {
        let found = match_device(indexes, device)?;
        Ok((device.clone(), found))
    });
    Ok(ComputerMatch {
        name: computer.name.clone(),
        devices: devices.collect::<Result<_, Error>>()?,
    })
}
