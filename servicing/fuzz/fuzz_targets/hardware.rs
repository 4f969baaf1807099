//! Invariant: any bytes give a computer or an error, in bounded time and
//! memory. What was read is named, and its profile says the same again; its
//! devices have ids.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_servicing::hardware::Hardware;
use wimwright_servicing::hardware::ids::Enumerator;

fuzz_target!(|bytes: &[u8]| {
    let Ok(hardware) = Hardware::read("fuzz", bytes) else {
        return;
    };
    assert!(!hardware.name.is_empty());
    for device in &hardware.devices {
        device.ids_by(Enumerator::Nt5);
        device.pci_class();
    }
    let profile = hardware.to_profile().expect("these types have a profile");
    let again = Hardware::read("fuzz", profile.as_bytes()).expect("a profile is read");
    assert_eq!(again.devices, hardware.devices);
    assert_eq!(again.name, hardware.name);
});
