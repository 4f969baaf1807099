//! A Windows 7 with an update state, and a package for one.

use std::fs;
use std::path::Path;

use wimwright_testdata::cabinet::{Cabinet, Method};
use wimwright_testdata::cbs_image::{self, CbsImage, Identity};
use wimwright_testdata::image::{self, Data};

/// A Windows 7 that was set up, with an update state.
pub(crate) fn seven(root: &Path) {
    CbsImage::windows_7().write(root);
    for (hive, key, values) in [
        (
            "SYSTEM",
            "Setup",
            vec![
                ("SetupType", Data::Dword(0)),
                ("SystemSetupInProgress", Data::Dword(0)),
                ("CmdLine", Data::Sz("")),
            ],
        ),
        (
            "SOFTWARE",
            "Microsoft\\Windows\\CurrentVersion\\Setup\\State",
            vec![("ImageState", Data::Sz("IMAGE_STATE_COMPLETE"))],
        ),
    ] {
        let path = root.join("Windows/System32/config").join(hive);
        let mut open = wimwright_hive::Hive::open(fs::read(&path).unwrap()).unwrap();
        for (name, data) in &values {
            image::set(&mut open, key, name, data);
        }
        fs::write(path, open.into_bytes()).unwrap();
    }
}

/// A package of one mum for a Windows of that version, nobody's signature on
/// its catalog.
pub(crate) fn package(path: &Path, parent: [u16; 4]) {
    let name = "Package_for_KB5041865";
    let own = Identity::package(name, [parent[0], parent[1], 1, 0], "amd64");
    let parent = Identity::package("Microsoft-Windows-Client-Features-Package", parent, "amd64");
    let mum = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><assembly \
         xmlns=\"urn:schemas-microsoft-com:asm.v3\" manifestVersion=\"1.0\">{}<package \
         identifier=\"{name}\" releaseType=\"Update\" restart=\"possible\"><parent \
         buildCompare=\"EQ\" serviceCompare=\"GE\" integrate=\"separate\" \
         disposition=\"detect\">{}</parent></package></assembly>",
        own.xml(),
        parent.xml()
    );
    let catalog = cbs_image::catalog(&[mum.clone().into_bytes()]);
    let files = [("update.mum", mum.as_bytes()), ("update.cat", &catalog)];
    fs::write(path, Cabinet::of(Method::Mszip, &files).build()).unwrap();
}
