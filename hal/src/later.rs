//! Vista and later: what the boot store says of HAL and kernel.
//!
//! These choose their HAL at boot, so that nothing binds an image to a kind of
//! computer, unless the boot store names a HAL or kernel of its own (elements
//! 0x22000012 and 0x22000011 of a loader object; Geoff Chappell, "Boot Options:
//! detecthal, hal, kernel"). Vista of 32 bits chooses only where `detecthal`
//! (0x26000010) says so; 7 always does.

use wimwright_servicing::registry::{HiveError, HiveName, RegistryError};
use wimwright_servicing::{Draft, ImagePath};

use crate::survey::Part;

/// Where an image may hold a boot store: of BIOS systems, and of EFI ones whose
/// system partition was captured with it.
const PLACES: [&str; 2] = ["Boot\\BCD", "EFI\\Microsoft\\Boot\\BCD"];
const ELEMENT_HAL: &str = "22000012";
const ELEMENT_KERNEL: &str = "22000011";
const ELEMENT_DETECT_HAL: &str = "26000010";

/// What the loader of a 32-bit Vista or 7 chooses from, beside hal.dll.
pub(crate) const X86_HALS: [&str; 2] = ["halacpi.dll", "halmacpi.dll"];

/// A boot store's word on HAL and kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BootStore {
    /// Where it lies.
    pub path: String,
    /// The elements that name a HAL or kernel: key and value.
    pub named: Vec<(String, String)>,
    /// Whether one of its loaders detects the HAL.
    pub detects: bool,
}

impl BootStore {
    /// Reads the first boot store of the image; `None` where it has none.
    pub(crate) fn read(draft: &Draft) -> Part<Option<BootStore>> {
        for place in PLACES {
            let path = ImagePath::parse(place)?;
            let name = HiveName::of_file(&path, &draft.facts().windows)?;
            let Some(hive) = draft.hive(&name)? else {
                continue;
            };
            let mut store = BootStore {
                path: path.to_string(),
                named: Vec::new(),
                detects: false,
            };
            let mut read = || -> Result<(), HiveError> {
                let Some(objects) = hive.key("Objects")? else {
                    return Ok(());
                };
                for object in objects.subkeys()? {
                    let object = object?;
                    let key = object.path(&format!("Elements\\{ELEMENT_DETECT_HAL}"))?;
                    if let Some(key) = key
                        && let Some(value) = key.value("Element")?
                    {
                        store.detects |= value.data()?.first().is_some_and(|on| *on != 0);
                    }
                    for element in [ELEMENT_HAL, ELEMENT_KERNEL] {
                        let key = object.path(&format!("Elements\\{element}"))?;
                        let value = match key {
                            Some(key) => key.value("Element")?,
                            None => None,
                        };
                        if let Some(text) = value.and_then(|value| value.as_string()) {
                            let name = object.name()?.to_string_lossy();
                            store
                                .named
                                .push((format!("Objects\\{name}\\Elements\\{element}"), text));
                        }
                    }
                }
                Ok(())
            };
            read().map_err(|source| RegistryError::in_hive(&name, source))?;
            return Ok(Some(store));
        }
        Ok(None)
    }
}
