//! `lspci` itself lists functions whose configuration space is made here, and
//! every layout that it knows is read back: the ids are those of the numbers
//! that were put in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::fmt::Write as _;
use std::process::Command;

use wimwright_servicing::hardware::Hardware;
use wimwright_servicing::hardware::ids::{Enumerator, PciClass, PciFunction};
use wimwright_testdata::program;

/// A function as it was made.
struct Made {
    at: String,
    numbers: PciFunction,
    bridge: bool,
    space: [u8; 256],
}

/// Functions of every kind that ids tell apart, the same in every run.
fn functions() -> Vec<Made> {
    let mut state = 0x1234_5678_9ABC_DEF1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as u16
    };
    let classes: [[u8; 3]; 9] = [
        [1, 6, 1],
        [1, 1, 0x8A],
        [1, 8, 2],
        [6, 4, 0],
        [0x0C, 3, 0x30],
        [2, 0, 0],
        [3, 0, 0],
        [4, 3, 0],
        [0xFF, 0, 0],
    ];
    (0..240_u16)
        .map(|index| {
            let class = classes[usize::from(index) % classes.len()];
            let bridge = class == [6, 4, 0];
            let subsystem = match index % 4 {
                0 => (0, 0),
                _ => (0x1000 | random() & 0xFFF, random()),
            };
            let express =
                (index % 3 == 0).then_some([0, 1, 4, 5, 6, 7, 8, 9, 10][usize::from(index % 9)]);
            let numbers = PciFunction {
                vendor: 0x1000 | random() & 0xFFF,
                device: random(),
                subsystem: Some(subsystem),
                revision: Some((random() & 0x7F) as u8 * (index % 5 != 0) as u8),
                class: Some(PciClass {
                    base: class[0],
                    sub: class[1],
                    interface: Some(class[2]),
                }),
                express_type: express,
            };
            let (bus, slot) = (index / 32, index % 32);
            Made {
                at: format!("{:04x}:{bus:02x}:{slot:02x}.0", index % 2),
                space: space(&numbers, bridge),
                numbers,
                bridge,
            }
        })
        .collect()
}

/// The configuration space; layouts of the PCI specification, section 6.1, and
/// of its capabilities 0x0D and 0x10.
fn space(numbers: &PciFunction, bridge: bool) -> [u8; 256] {
    let mut space = [0; 256];
    let mut put = |at: usize, number: u16| space[at..at + 2].copy_from_slice(&number.to_le_bytes());
    put(0, numbers.vendor);
    put(2, numbers.device);
    let class = numbers.class.unwrap();
    put(
        8,
        u16::from(numbers.revision.unwrap()) | u16::from(class.interface.unwrap()) << 8,
    );
    put(0x0A, u16::from(class.sub) | u16::from(class.base) << 8);
    put(0x0E, u16::from(bridge));
    let (by, id) = numbers.subsystem.unwrap();
    let mut chain = Vec::new();
    if let Some(express) = numbers.express_type {
        put(0x42, 2 | u16::from(express) << 4);
        chain.push((0x40, 0x10));
    }
    if !bridge {
        put(0x2C, by);
        put(0x2E, id);
    } else if by != 0 {
        put(0x84, by);
        put(0x86, id);
        chain.push((0x80, 0x0D));
    }
    // One more, so that every bridge shows capabilities.
    chain.push((0xA0, 0x09));
    put(6, 0x10);
    put(0x34, chain[0].0);
    for (index, (at, kind)) in chain.iter().enumerate() {
        let next = chain.get(index + 1).map_or(0, |(at, _)| *at);
        put(usize::from(*at), *kind | next << 8);
    }
    put(0xA2, 8);
    space
}

/// What `lspci -x` would have written of the functions.
fn dump(functions: &[Made]) -> String {
    let mut text = String::new();
    for function in functions {
        writeln!(text, "{} made", function.at).unwrap();
        for (row, bytes) in function.space.chunks(16).enumerate() {
            write!(text, "{:02x}:", row * 16).unwrap();
            for byte in bytes {
                write!(text, " {byte:02x}").unwrap();
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_layout_of_lspci_gives_back_the_numbers() {
    if !program("lspci", "layouts of lspci") {
        return;
    }
    let functions = functions();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump");
    std::fs::write(&file, dump(&functions)).unwrap();
    let latest = Enumerator::default();
    for options in [
        "-nnv", "-nv", "-nnvv", "-Dnnvvv", "-nmm", "-Dnnmm", "-nvmm", "-nn", "-n",
    ] {
        let output = Command::new("lspci")
            .arg("-F")
            .arg(&file)
            .arg(options)
            .output()
            .unwrap();
        assert!(output.status.success(), "{options}: {output:?}");
        let hardware = Hardware::read("made", &output.stdout).unwrap();
        for made in &functions {
            // Some layouts leave out the domain 0000.
            let short = made.at.strip_prefix("0000:").unwrap_or(&made.at);
            let mut devices = hardware.devices.iter();
            let device = devices
                .find(|device| {
                    let at = device.location.as_deref();
                    at == Some(&made.at) || at == Some(short)
                })
                .unwrap_or_else(|| panic!("{options}: {} is missing", made.at));
            let verbose = options.contains('v') && !options.contains("mm");
            let machine = options.contains("mm");
            let mut numbers = made.numbers;
            if !verbose {
                numbers.express_type = None;
            }
            let mut possible = vec![numbers.ids(latest)];
            if !verbose && (!machine || made.bridge) {
                // Neither is there a subsystem, nor, in some versions, the
                // programming interface.
                numbers.subsystem = None;
                possible.push(numbers.ids(latest));
                numbers.class = numbers.class.map(|class| PciClass {
                    interface: class.interface.filter(|_| machine),
                    ..class
                });
                possible.push(numbers.ids(latest));
            }
            let found = (&device.hardware_ids, &device.compatible_ids);
            assert!(
                possible
                    .iter()
                    .any(|ids| (&ids.hardware, &ids.compatible) == found),
                "{options} {}: {device:#?}\nnot one of {possible:#?}",
                made.at
            );
        }
    }
}
