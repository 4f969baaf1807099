//! Every installed HAL on every class of computer, over images whose files say
//! of themselves what the real ones say.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use support::{audited, classes, grave};
use wimwright_hal::audit::TargetVerdict;
use wimwright_hal::{HalType, StopCode, Target, Verdict};
use wimwright_testdata::image::Windows;
use wimwright_testdata::nt5::{Nt5, SERVER_2003_SP2, XP_SP1, XP_SP3, hal_ids};

/// The table, cell by cell, as the sources have it.
const TABLE: &str = include_str!("data/decision_table.txt");

/// What the table says of a pair.
#[derive(Clone, Debug)]
struct Cell {
    installed: &'static str,
    class: &'static str,
    verdict: &'static str,
    note: Option<&'static str>,
}

/// What a note says: stop code, a word of the reason, a word of the source.
type Note = (Option<StopCode>, &'static str, &'static str);

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter(|line| line.contains('|'))
        .map(|line| line.split('|').map(str::trim).collect())
}

fn cells() -> Vec<Cell> {
    let mut rows = rows().filter(|row| row.len() == 7);
    let classes = rows.next().unwrap();
    let cells = rows.flat_map(|row| {
        let pairs: Vec<_> = classes.iter().copied().zip(row.clone()).skip(1).collect();
        pairs.into_iter().map(move |(class, cell)| {
            let mut words = cell.split(' ');
            Cell {
                installed: row[0],
                class,
                verdict: words.next().unwrap(),
                note: words.next(),
            }
        })
    });
    cells.collect()
}

fn note(name: &str) -> Note {
    let mut notes = rows().filter(|row| row.len() == 4);
    let note = notes.find(|row| row[0] == name).unwrap();
    let stop = note[1].strip_prefix("0x");
    let stop = stop.map(|code| StopCode(u32::from_str_radix(code, 16).unwrap()));
    (stop, note[2], note[3])
}

/// Checks a verdict against its cell: what becomes of it, stop code, support,
/// reason, source and what to do.
fn check(cell: &Cell, found: &TargetVerdict, on: &str) {
    let (verdict, supported) = match cell.verdict {
        "OK" => (Verdict::Boots, true),
        "DEG" => (Verdict::BootsDegraded, false),
        "SW" => (Verdict::NeedsHalSwitch, true),
        "NO" => (Verdict::WillNotBoot, false),
        other => panic!("{other}"),
    };
    assert_eq!(found.verdict, verdict, "{on}");
    assert_eq!(found.supported, Some(supported), "{on}");
    let (stop, reason, source) = cell.note.map_or((None, "is the one", "deploy.chm"), note);
    assert_eq!(found.stop_code, stop, "{on}");
    assert!(found.reason.contains(reason), "{on}: {}", found.reason);
    assert!(found.source.contains(source), "{on}: {}", found.source);
    assert!(found.evidence.len() >= 2, "{on}: {:?}", found.evidence);
    let remedy = found.remedy.as_deref().unwrap_or_default();
    let switch = format!("`wimwright hal set IMAGE {}`", cell.class);
    let wanted = match (cell.verdict, cell.note) {
        ("OK", None) => String::new(),
        ("OK", _) => format!("not needed; for speed: {switch}"),
        ("SW", _) => switch,
        _ => format!(
            "use an image that was made on a computer with the HAL {}",
            cell.class
        ),
    };
    assert!(remedy.starts_with(&wanted), "{on}: {remedy}");
    assert_eq!(remedy.is_empty(), wanted.is_empty(), "{on}: {remedy}");
}

/// Windows, its service pack as the registry has it, and the versions of its
/// HAL and kernels.
type Release = ((u32, u32, u32), u32, [u16; 4]);

const RELEASES: [Release; 3] = [
    ((5, 0, 2195), 0x400, [5, 0, 2195, 6717]),
    ((5, 1, 2600), 0x300, XP_SP3),
    ((5, 2, 3790), 0x200, SERVER_2003_SP2),
];

fn release(id: &str, number: usize) -> Nt5 {
    let ((major, minor, build), pack, version) = RELEASES[number];
    let mut image = Nt5::x86(id);
    image.windows = Windows::new(major, minor, build);
    image.number("ControlSet001\\Control\\Windows", "CSDVersion", pack);
    image.put_hal(id, version);
    image.put_kernels(id.ends_with("_mp"), version);
    image
}

#[test]
fn every_installed_hal_is_judged_on_every_class_of_computer() {
    let cells = cells();
    assert_eq!(cells.len(), 8 * 6);
    let mut judged = 0;
    for number in 0..RELEASES.len() {
        for id in hal_ids() {
            let audit = audited(&release(id, number), &classes());
            assert_eq!(audit.installed.hal, HalType::from_id(id), "{id}");
            assert!(audit.installed.consistent, "{id}: {:?}", audit.findings);
            for found in &audit.targets {
                let mut cells = cells.iter();
                let cell = cells.find(|cell| (cell.installed, cell.class) == (id, &found.target));
                let on = format!("{id} of release {number} on {}", found.target);
                check(cell.unwrap(), found, &on);
                judged += 1;
            }
            // What the registry would not have is no part of the table.
            let odd: Vec<_> = grave(&audit)
                .into_iter()
                .filter(|name| *name != "hal-inf")
                .collect();
            assert_eq!(odd, [""; 0], "{id}: {:?}", audit.findings);
        }
    }
    assert_eq!(judged, 3 * 8 * 6);
}

#[test]
fn a_hal_of_one_make_boots_on_that_make_and_needs_it() {
    let own = |id: &str| Target::of_class(HalType::from_id(id).unwrap());
    for id in ["syspro_mp", "sgi_mps_mp"] {
        let verdict = |installed: &str| {
            let audit = audited(&Nt5::x86(installed), &[own(id)]);
            audit.targets[0].verdict
        };
        assert_eq!(verdict(id), Verdict::Boots, "{id}");
        assert_eq!(verdict("acpiapic_mp"), Verdict::WillNotBoot, "{id}");
    }
}

#[test]
fn other_builds_are_known_by_what_is_in_them() {
    for version in [XP_SP1, [5, 1, 2600, 5657]] {
        for id in hal_ids() {
            let mut image = Nt5::x86(id);
            image.put_hal(id, version);
            image.put_kernels(id.ends_with("_mp"), version);
            let audit = audited(&image, &[]);
            assert_eq!(
                audit.installed.hal,
                HalType::from_id(id),
                "{id} {version:?}"
            );
        }
    }
}

#[test]
fn x64_is_one_row() {
    // Any computer with ACPI and an APIC; one kernel until Plug and Play changes
    // it; elsewhere 0xA5.
    for (several, class) in [(false, HalType::AcpiApicUp), (true, HalType::AcpiApicMp)] {
        let audit = audited(&Nt5::x64(several), &classes());
        assert_eq!(audit.installed.hal, Some(class));
        assert_eq!(grave(&audit), [""; 0], "{:?}", audit.findings);
        for found in &audit.targets {
            let (verdict, stop) = match (several, found.target.as_str()) {
                (false, "acpiapic_mp") => (Verdict::NeedsHalSwitch, None),
                (_, "acpiapic_up" | "acpiapic_mp") => (Verdict::Boots, None),
                _ => (Verdict::WillNotBoot, Some(StopCode(0xA5))),
            };
            let found = (found.verdict, found.stop_code);
            assert_eq!(found, (verdict, stop), "x64, several: {several}");
        }
    }
}

#[test]
fn an_image_that_waits_for_mini_setup_is_told_the_line_of_sysprep_inf() {
    let mut image = Nt5::x86("acpiapic_up");
    let remedy = |image: &Nt5| {
        let audit = audited(image, &classes());
        audit.targets.into_iter().nth(3).unwrap().remedy.unwrap()
    };
    assert_eq!(remedy(&image), "`wimwright hal set IMAGE acpiapic_mp`");
    image.sysprepped();
    let line = "UpdateHAL = \"ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\"";
    assert!(remedy(&image).contains(line), "{}", remedy(&image));
    let with_line = format!("[Unattended]\r\n{line}\r\n");
    image.put("Sysprep/sysprep.inf", with_line.as_bytes());
    assert!(
        remedy(&image).starts_with("nothing: "),
        "{}",
        remedy(&image)
    );
}

#[test]
fn xp_switches_by_itself_where_its_driver_cache_has_the_files() {
    let notes = |image: &Nt5| {
        let audit = audited(image, &classes());
        audit.targets.into_iter().nth(3).unwrap().by_itself
    };
    let lacking = notes(&release("acpiapic_up", 1)).unwrap();
    assert!(lacking.contains("they ask for the CD"), "{lacking}");
    let mut image = release("acpiapic_up", 1);
    image.put_cache("sp3.cab", XP_SP3);
    let with = notes(&image).unwrap();
    assert!(with.contains("switch by themselves"), "{with}");
    assert!(!with.contains("lacks"), "{with}");
    // Windows 2000 does not.
    assert_eq!(notes(&release("acpiapic_up", 0)), None);
}

#[test]
fn what_can_be_set_otherwise_is_told() {
    let mut guest = wimwright_servicing::hardware::Hardware::default();
    guest.firmware.manufacturer = Some("innotek GmbH".to_owned());
    guest.firmware.acpi = Some(true);
    guest.firmware.io_apic = Some(false);
    guest.processors.logical = Some(2);
    let remedy = |image: &Nt5| {
        let audit = audited(image, &[Target::of(&guest)]);
        assert_eq!(audit.targets[0].verdict, Verdict::WillNotBoot);
        audit.targets[0].remedy.clone().unwrap()
    };
    let of_x86 = remedy(&Nt5::x86("acpiapic_mp"));
    let settings =
        "set the virtual machine to what the HAL needs (ACPI on, I/O APIC on), or use an";
    assert!(of_x86.starts_with(settings), "{of_x86}");
    // No image of 64-bit Windows is made for such a computer.
    let of_x64 = remedy(&Nt5::x64(true));
    assert!(of_x64.contains("use a 32-bit image"), "{of_x64}");
    let no_settings = remedy(&Nt5::x86("syspro_mp"));
    assert!(no_settings.starts_with("use an image"), "{no_settings}");
}
