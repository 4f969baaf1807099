//! All packages of third parties in an image, each with what vouches for it and
//! the checksums of its files.

use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::{Checksums, Draft, FileTree as _, Finding, ImagePath, TreeError};

use crate::error::Error;
use crate::info::{DriverDetails, details};
use crate::list::{DriverPackage, list};
use crate::stored;

/// What an image holds of drivers.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// Third parties' packages, by published name.
    pub drivers: Vec<InventoriedDriver>,
    /// How many came with Windows.
    pub inbox: usize,
}

/// A package of a third party.
#[derive(Clone, Debug)]
pub struct InventoriedDriver {
    /// What is known of it.
    pub details: DriverDetails,
    /// Its files: those of its folder in the driver store. Of a Windows without
    /// a store the INF, and what it copies as far as that is there.
    pub files: Vec<DriverFile>,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverFile {
    /// Where it lies in the image.
    pub path: ImagePath,
    /// What it holds.
    pub checksums: Checksums,
}

/// Reads all packages of third parties. What of one cannot be read is a finding
/// of that one.
///
/// # Errors
/// [`Error`] where the packages cannot be listed.
pub fn inventory(draft: &mut Draft, anchors: &TrustStore) -> Result<Inventory, Error> {
    let (inbox, own): (Vec<_>, Vec<_>) = list(draft, true)?
        .into_iter()
        .partition(|driver| driver.inbox);
    let stored = stored::all(draft)?;
    let mut drivers = Vec::with_capacity(own.len());
    for driver in own {
        let (mut details, places) = match details(draft, driver.clone(), &stored, anchors) {
            Ok(found) => found,
            Err(error) => (unread(driver, &error), Vec::new()),
        };
        let mut files = Vec::with_capacity(places.len());
        for path in places {
            match checksums(draft, &path) {
                Ok(Some(checksums)) => files.push(DriverFile { path, checksums }),
                Ok(None) => {}
                Err(error) => details.findings.push(Finding::warning(
                    "driver-file-not-read",
                    format!(
                        "a file of {} has no checksums: {}",
                        details.driver.name(),
                        chain(&error)
                    ),
                )),
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        drivers.push(InventoriedDriver { details, files });
    }
    Ok(Inventory {
        drivers,
        inbox: inbox.len(),
    })
}

fn checksums(draft: &Draft, path: &ImagePath) -> Result<Option<Checksums>, TreeError> {
    let Some(blob) = draft.open(path)? else {
        return Ok(None);
    };
    let found = Checksums::of_blob(blob.as_ref()).map_err(|error| TreeError::new(path, error))?;
    Ok(Some(found))
}

/// What `list` says of a package of which no more can be read.
fn unread(driver: DriverPackage, error: &Error) -> DriverDetails {
    let finding = Finding::warning(
        "driver-not-read",
        format!(
            "{} is listed, and no more is known: {}",
            driver.name(),
            chain(error)
        ),
    );
    DriverDetails {
        driver,
        models: Vec::new(),
        services: Vec::new(),
        files: Vec::new(),
        signature_reason: None,
        signature: None,
        findings: vec![finding],
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}
