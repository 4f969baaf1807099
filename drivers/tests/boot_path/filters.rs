//! Filter drivers that cannot load.

use wimwright_drivers::boot_path::Part;

use crate::support::boot::{
    BOOTS, Booting, Cases, EIGHT_ONE, Edit, Real, SEVEN, TEN_2004, XP, mends, set_list, set_number,
    stops,
};

const HDC: &str = "{4D36E96A-E325-11CE-BFC1-08002BE10318}";
const SCSI: &str = "{4D36E97B-E325-11CE-BFC1-08002BE10318}";
const DISK: &str = "{4D36E967-E325-11CE-BFC1-08002BE10318}";
const VOLUME: &str = "{71A27CDD-812A-11D0-BEC7-08002BE2092F}";

/// What the image has in the lists of these classes as it comes, by their
/// upper and lower filters.
struct Lists {
    real: Real,
    controller: &'static str,
    disk: [&'static [&'static str]; 2],
    volume: [&'static [&'static str]; 2],
}

#[test]
fn a_filter_without_a_service_stops_the_boot_wherever_it_is_named() {
    let test = "boot path with stale filters";
    let partmgr: &[&str] = &["PartMgr"];
    let none: &[&str] = &[];
    let mut cases = Cases::default();
    for lists in [
        Lists {
            real: XP,
            controller: HDC,
            disk: [partmgr, none],
            volume: [&["VolSnap"], none],
        },
        Lists {
            real: SEVEN,
            controller: SCSI,
            disk: [partmgr, none],
            volume: [none, &["fvevol", "rdyboost"]],
        },
        Lists {
            real: EIGHT_ONE,
            controller: HDC,
            disk: [partmgr, &["EhStorClass"]],
            volume: [none, &["fvevol", "rdyboost"]],
        },
        Lists {
            real: TEN_2004,
            controller: SCSI,
            disk: [partmgr, &["EhStorClass"]],
            volume: [&["volsnap"], &["fvevol", "iorate", "rdyboost"]],
        },
    ] {
        let hive = lists.real.hive;
        let (id, instance) = lists.real.controller;
        let Some(image) = Booting::new(lists.real, test) else {
            return;
        };
        let class = |class: &str| format!("ControlSet001\\Control\\Class\\{class}");
        let device = format!("ControlSet001\\Enum\\{id}\\{instance}");
        for (key, own, part) in [
            (class(lists.controller), [none, none], Part::Controller),
            (device, [none, none], Part::Controller),
            (class(DISK), lists.disk, Part::Disk),
            (class(VOLUME), lists.volume, Part::Volume),
        ] {
            for (value, own) in ["UpperFilters", "LowerFilters"].into_iter().zip(own) {
                let name = |what: &str| format!("{hive}, {value} of {key}: {what}");
                let with = |more: &str| {
                    let all: Vec<&str> = own.iter().copied().chain([more]).collect();
                    set_list(&key, value, &all)
                };
                let expected = stops("boot-filter", part);
                let path = image.with_edits(&[with("ghost")], &image.hardware);
                cases.check(&name("without service"), &path, expected);
                let edits: Vec<Edit> = std::iter::once(with("ghost"))
                    .chain(mends(&path).unwrap())
                    .collect();
                let path = image.with_edits(&edits, &image.hardware);
                cases.check(&name("mended"), &path, BOOTS);
                // A service of the image whose file is there, but which starts
                // too late; and one that is fine.
                let late = "ControlSet001\\Services\\fastfat";
                let path = image.with_edits(&[with("fastfat")], &image.hardware);
                cases.check(&name("too late"), &path, expected);
                let edits = [with("fastfat"), set_number(late, "Start", 0)];
                let path = image.with_edits(&edits, &image.hardware);
                cases.check(&name("in time"), &path, BOOTS);
            }
        }
        let without = set_list(&class(DISK), "UpperFilters", &[]);
        let path = image.with_edits(std::slice::from_ref(&without), &image.hardware);
        cases.check(
            &format!("{hive}: no partmgr"),
            &path,
            stops("boot-filter", Part::Disk),
        );
        let edits: Vec<Edit> = std::iter::once(without)
            .chain(mends(&path).unwrap())
            .collect();
        let path = image.with_edits(&edits, &image.hardware);
        cases.check(&format!("{hive}: partmgr again"), &path, BOOTS);
    }
    cases.end(130);
}
