//! Adding the missing driver turns the verdict.

use wimwright_drivers::Outcome;
use wimwright_drivers::boot_path::{BootPathOptions, Part, boot_path};
use wimwright_servicing::Access;
use wimwright_servicing::hardware::Hardware;

use crate::in_each_store;
use crate::support::boot::{
    BOOTS, Real, SEVEN, Short, TEN_1709, TEN_2004, XP, computer, fill_around, pci, short, stops,
};
use crate::support::{self, TestImage, package};

/// A package of the corpus, a computer that needs it, and the check that says
/// so before it is there.
type Case = (Real, (&'static str, &'static str), Hardware, &'static str);

fn cases() -> [Case; 4] {
    let viostor = ("virtio-viostor-w10-amd64", "viostor.inf");
    let raid = ("intel-iastor-xp-f6", "iaStor.inf");
    let ahci = ("intel-iastor-xp-f6", "iaAHCI.inf");
    let on = |vendor, device, class| computer(vec![pci(vendor, device, class)]);
    let unbound = "boot-driver-bound";
    [
        (TEN_2004, viostor, on(0x1AF4, 0x1001, "010000"), unbound),
        (TEN_1709, viostor, on(0x1AF4, 0x1001, "010000"), unbound),
        (XP, raid, on(0x8086, 0x2822, "010400"), unbound),
        // Windows 7 has a driver for all AHCI controllers, which is off.
        (SEVEN, ahci, on(0x8086, 0x2922, "010601"), "boot-start"),
    ]
}

fn predict(image: &TestImage, hardware: &Hardware) -> Short {
    let image = image.open(Access::Read);
    let draft = image.look(support::now());
    short(&boot_path(&draft, hardware, &BootPathOptions::default()).unwrap())
}

in_each_store! {
fn adding_the_missing_driver_makes_it_boot() {
    let test = "boot path after adding";
    for (real, (folder, inf), hardware, check) in cases() {
        let Some(package) = package(test, folder, inf) else {
            return;
        };
        let mut made = None;
        let image = TestImage::made(|root| made = fill_around(root, &real, test));
        if made.is_none() {
            return;
        }
        let before = predict(&image, &hardware);
        let (results, _) = image.add(&[package], false);
        let refused = results.iter().any(|result| result.outcome == Outcome::Refused);
        assert!(!refused, "{results:?}");
        let after = predict(&image, &hardware);
        let missing = stops(check, Part::Controller);
        assert_eq!((before, after), (missing, BOOTS), "{} {inf}", real.hive);
    }
}
}
