//! The PE images that tests make say the same to goblin as to us.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use wimwright_servicing::pe::{Checksum, Machine, PeFacts};
use wimwright_testdata::pe::{AMD64, DEBUG_BUILD, Pe, Version, X86};

#[test]
fn a_made_image_is_read_alike_by_goblin_and_by_us() {
    for (machine, known, len) in [
        (X86, Machine::X86, Some(131_840)),
        (AMD64, Machine::Amd64, None),
    ] {
        let mut version = Version::of_windows([5, 1, 2600, 5512], "halmacpi.dll", "A HAL");
        version.flags = DEBUG_BUILD;
        let made = Pe {
            machine,
            dll: true,
            time_date_stamp: 0x4802_517f,
            version: Some(version),
            pdb: Some("halmacpi.pdb".to_owned()),
            len,
            ..Pe::default()
        };
        let bytes = made.build();
        assert!(len.is_none_or(|len| len == bytes.len()));
        let facts = PeFacts::read(&bytes).unwrap().unwrap();
        assert_eq!(facts.machine, known);
        assert!(facts.is_dll && facts.is_driver());
        assert_eq!(facts.time_date_stamp, 0x4802_517f);
        assert_eq!(facts.pdb.unwrap().as_deref(), Some("halmacpi.pdb"));
        let version = facts.version.unwrap().unwrap();
        assert_eq!(version.string("InternalName"), Some("halmacpi.dll"));
        let fixed = version.fixed.unwrap();
        assert_eq!(fixed.file_version.to_string(), "5.1.2600.5512");
        assert_eq!(fixed.file_flags, DEBUG_BUILD);
        assert!(Checksum::of(&bytes).unwrap().unwrap().is_right());

        let theirs = goblin::pe::PE::parse(&bytes).unwrap();
        assert_eq!(theirs.header.coff_header.machine, machine);
        let info = theirs.resource_data.unwrap().version_info.unwrap();
        assert_eq!(
            info.string_info.original_filename().as_deref(),
            Some("halmacpi.dll")
        );
        let debug = theirs.debug_data.unwrap();
        let record = debug.codeview_pdb70_debug_info.unwrap();
        assert_eq!(record.filename, b"halmacpi.pdb\0");
    }
}
