//! Windows itself as oracle: `Enum` of a real SYSTEM hive holds each device's
//! ids, the driver that Windows chose for it, and the rank by which it did.
//! Asked for the same ids, the index of the driver database in the same hive
//! must name the same INF, section, id and rank.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use support::{Around, TestImage, now};
use wimwright_drivers::matching::{DriverIndex, Scope, match_device};
use wimwright_drivers::rank::{DevicePlace, DriverPlace, IdentifierScore, device_places};
use wimwright_servicing::hardware::Device;
use wimwright_servicing::registry::{HiveName, Key};
use wimwright_servicing::{Access, Draft};

/// A device of `Enum`, with what Windows chose.
struct Enumerated {
    /// `PCI\VEN_...\3&...`.
    instance: String,
    device: Device,
    inf: String,
    section: String,
    matched_id: String,
    rank: u32,
}

fn text(key: Key<'_>, name: &str) -> Option<String> {
    key.value(name).unwrap()?.as_string()
}

fn list(key: Key<'_>, name: &str) -> Vec<String> {
    let value = key.value(name).unwrap();
    value
        .and_then(|value| value.as_multi_string())
        .unwrap_or_default()
}

/// A device property: where Windows 8 and later keep it, or where 7 does.
fn property(device: Key<'_>, set: &str, id: u32) -> Option<Vec<u8>> {
    let set = device.subkey("Properties").unwrap()?.subkey(set).unwrap()?;
    if let Some(key) = set.subkey(&format!("{id:04X}")).unwrap() {
        return Some(key.value("").unwrap()?.data().unwrap().into_owned());
    }
    let key = set.subkey(&format!("{id:08x}")).unwrap()?;
    let key = key.subkey("00000000").unwrap()?;
    Some(key.value("Data").unwrap()?.data().unwrap().into_owned())
}

/// `DEVPKEY_Device_DriverRank` and its neighbours.
const DRIVER: &str = "{a8b865dd-2e3d-4094-ad97-e593a70c75d6}";

/// Every device with a driver, and how many have none.
fn enumerated(draft: &Draft) -> (Vec<Enumerated>, usize) {
    let hive = draft.hive(HiveName::System).unwrap().unwrap();
    let set = draft.facts().control_sets.default;
    let classes = hive
        .key(&format!("{set}\\Control\\Class"))
        .unwrap()
        .unwrap();
    let top = hive.key(&format!("{set}\\Enum")).unwrap().unwrap();
    let (mut found, mut without) = (Vec::new(), 0);
    let below = |key: Key<'_>| -> Vec<String> {
        let keys = key.subkeys().unwrap();
        keys.map(|key| key.unwrap().name().unwrap().to_string_lossy())
            .collect()
    };
    for enumerator in below(top) {
        if enumerator == "Properties" {
            continue;
        }
        let devices = top.subkey(&enumerator).unwrap().unwrap();
        for name in below(devices) {
            let instances = devices.subkey(&name).unwrap().unwrap();
            for instance in below(instances) {
                let key = instances.subkey(&instance).unwrap().unwrap();
                let Some(driver) = text(key, "Driver") else {
                    without += 1;
                    continue;
                };
                let (class, number) = driver.split_once('\\').unwrap();
                let class = classes.subkey(class).unwrap().unwrap();
                let chosen = class.subkey(number).unwrap().unwrap();
                let Some(rank) = property(key, DRIVER, 0x0E) else {
                    panic!("{name}: no rank");
                };
                let extension = text(chosen, "InfSectionExt").unwrap_or_default();
                found.push(Enumerated {
                    instance: format!("{enumerator}\\{name}\\{instance}"),
                    device: Device {
                        hardware_ids: list(key, "HardwareID"),
                        compatible_ids: list(key, "CompatibleIDs"),
                        ..Device::default()
                    },
                    inf: text(chosen, "InfPath").unwrap(),
                    section: text(chosen, "InfSection").unwrap() + &extension,
                    matched_id: text(chosen, "MatchingDeviceId").unwrap(),
                    rank: u32::from_le_bytes(rank.try_into().unwrap()),
                });
            }
        }
    }
    (found, without)
}

/// What a hive is known to give.
struct Expected {
    around: Around,
    /// Devices whose driver Windows chose from the node of SYSTEM.
    in_node: usize,
    /// Devices whose driver stands elsewhere, in DRIVERS.
    elsewhere: usize,
    /// Devices of the node where the image says the section.
    with_section: usize,
}

/// Where Windows holds another rank of the same driver and the same id.
const OTHER_RANK: &[(&str, u32, u32)] = &[(
    // Windows ranked the id as a compatible one of msports.inf, while its own
    // index in the same hive calls it a hardware id. The INF is not public.
    "ACPI\\PNP0501",
    0x00FF_1002,
    0x00FF_0002,
)];

#[test]
fn windows_chose_the_same_drivers() {
    let test = "Windows chose the same drivers";
    for expected in [
        Expected {
            around: Around::Windows10_2004,
            in_node: 169,
            elsewhere: 21,
            with_section: 169,
        },
        Expected {
            around: Around::Windows81,
            in_node: 37,
            elsewhere: 10,
            // Packages that Windows did not configure in advance (driverstore
            // 2.4), such as VirtualBox' guest driver here, name no section.
            with_section: 36,
        },
        Expected {
            around: Around::Windows10_1709,
            in_node: 92,
            elsewhere: 62,
            with_section: 90,
        },
    ] {
        let around = expected.around;
        let Some(image) = TestImage::new(around, test) else {
            return;
        };
        let image = image.open(Access::Read);
        let draft = image.look(now());
        let index = DriverIndex::of_image(&draft, Scope::SystemNode).unwrap();
        let (devices, without) = enumerated(&draft);
        // The root of the device tree has no driver and no ids.
        assert_eq!(without, 1, "{around:?}");
        let (mut in_node, mut elsewhere, mut with_section) = (0, 0, 0);
        let mut wrong = Vec::new();
        for windows in &devices {
            let found = match_device(&[&index], &windows.device).unwrap();
            let known = |inf: &str| {
                let mut drivers = index.drivers().iter();
                drivers.any(|driver| driver.name().eq_ignore_ascii_case(inf))
            };
            if !known(&windows.inf) {
                elsewhere += 1;
                // What Windows found elsewhere must be better than all here.
                if let Some(best) = found.best()
                    && best.standing.rank.number() <= windows.rank
                {
                    wrong.push(format!("{}: {best:?} is better", windows.instance));
                }
                continue;
            }
            in_node += 1;
            let Some(ours) = found.best() else {
                wrong.push(format!("{}: no driver", windows.instance));
                continue;
            };
            with_section += usize::from(ours.section.is_some());
            let same_section = ours
                .section
                .as_ref()
                .is_none_or(|section| section.eq_ignore_ascii_case(&windows.section));
            let rank = ours.standing.rank.number();
            let same_rank = rank == windows.rank
                || OTHER_RANK.iter().any(|(instance, theirs, own)| {
                    windows.instance.starts_with(instance)
                        && (windows.rank, rank) == (*theirs, *own)
                });
            let same = ours.driver.name().eq_ignore_ascii_case(&windows.inf)
                && ours.matched_id.eq_ignore_ascii_case(&windows.matched_id)
                && same_section
                && same_rank;
            if !same {
                wrong.push(format!(
                    "{}: Windows {} [{}] {} {:08X}, we {} [{:?}] {} {}",
                    windows.instance,
                    windows.inf,
                    windows.section,
                    windows.matched_id,
                    windows.rank,
                    ours.driver.name(),
                    ours.section,
                    ours.matched_id,
                    ours.standing.rank
                ));
            }
        }
        assert!(wrong.is_empty(), "{around:?}: {wrong:#?}");
        assert_eq!(
            (in_node, elsewhere, with_section),
            (expected.in_node, expected.elsewhere, expected.with_section),
            "{around:?}: devices compared"
        );
    }
}

/// The ranks of all hives, 7's among them: the number names the place in the
/// device's list where the id stands that Windows matched.
#[test]
fn the_ranks_that_windows_kept_name_the_ids_that_it_matched() {
    let test = "ranks that Windows kept";
    for (around, devices, other) in [
        (Around::Windows10_2004, 190, 0),
        (Around::Windows81, 47, 0),
        (Around::Windows10_1709, 154, 0),
        // Where the INF calls the id compatible, 7 keeps the first id of the
        // models line instead: `*pnp0f03` for `*pnp0f13`, and
        // `generic_hid_device` for `usb\class_03`, twice.
        (Around::Windows7X86, 202, 3),
    ] {
        let Some(image) = TestImage::new(around, test) else {
            return;
        };
        let image = image.open(Access::Read);
        let draft = image.look(now());
        let (found, _) = enumerated(&draft);
        let mut unnamed = Vec::new();
        for windows in &found {
            // All drivers of these machines were signed, some by Microsoft, some
            // by others: the signature counts nothing.
            assert_eq!(windows.rank >> 24, 0, "{}", windows.instance);
            let mut places = device_places(&windows.device);
            let named = places.any(|(id, place)| {
                id.eq_ignore_ascii_case(&windows.matched_id)
                    && scores(place).any(|score| u32::from(score) == windows.rank & 0xFFFF)
            });
            if !named {
                unnamed.push((&windows.instance, &windows.matched_id));
            }
        }
        assert_eq!(found.len(), devices, "{around:?}");
        assert_eq!(unnamed.len(), other, "{around:?}: {unnamed:#?}");
    }
}

/// What an id in this place can score.
fn scores(place: DevicePlace) -> impl Iterator<Item = u16> {
    let compatible = (0..16).map(DriverPlace::Compatible);
    let drivers = std::iter::once(DriverPlace::Hardware).chain(compatible);
    drivers.map(move |driver| IdentifierScore::new(place, driver).number())
}
