//! An update for the generated images, in the form of their Windows.

use super::catalog::CatalogForm;
use super::description::{Brings, Component, Deployment, Package};
use crate::cbs_image::CbsImage;

/// A new version of the calculator that made images have, and a component that
/// they do not have, in the form of Windows 7 (two branches) or 10.
pub fn update_for(image: &CbsImage) -> (Package, CatalogForm) {
    let [major, minor, build, revision] = image.stack;
    let stack = format!("{major}.{minor}.{build}.{revision}");
    let components = |version: &str| {
        vec![
            Component::new("Microsoft-Windows-calc", "amd64", version)
                .file(
                    "calc.exe",
                    Some("$(runtime.system32)\\"),
                    version.as_bytes(),
                )
                .key(
                    "HKEY_LOCAL_MACHINE\\SOFTWARE\\Test\\Calculator",
                    &[
                        ("Version", "REG_SZ", version),
                        ("Mode", "REG_DWORD", "0x00000002"),
                    ],
                    true,
                ),
            Component::new("Microsoft-Windows-calc", "x86", version)
                .file("calc.exe", Some("$(runtime.system32)\\"), b"32 bits")
                .file("template.dat", None, b"stays in the store"),
        ]
    };
    let parent_version = format!(
        "{major}.{minor}.{build}.{}",
        if major == 6 { 17514 } else { 1 }
    );
    let parent = (
        "Microsoft-Windows-Client-Features-Package",
        parent_version.as_str(),
    );
    let (package_version, form) = match major {
        6 => ("6.1.1.0", CatalogForm::V1),
        _ => ("10.0.1.0", CatalogForm::V2),
    };
    let mut inner = Package::new("Package_1_for_KB9000001", package_version, parent);
    inner.stack.clone_from(&stack);
    let inner = match major {
        6 => {
            let gdr = components("6.1.7601.18000");
            let ldr = components("6.1.7601.22200");
            inner
                .with(
                    "9000001-1_neutral_LDR",
                    Some("revision"),
                    Brings::Deployment(Deployment::new(1, "6.1.7601.22200", ldr)),
                )
                .with(
                    "9000001-2_neutral_GDR",
                    Some("install"),
                    Brings::Deployment(Deployment::new(2, "6.1.7601.18000", gdr)),
                )
        }
        _ => {
            let new = components("10.0.19041.900");
            inner.with(
                "9000001-1_neutral",
                Some("install"),
                Brings::Deployment(Deployment::new(3, "10.0.19041.900", new)),
            )
        }
    };
    let mut top = Package::new("Package_for_KB9000001", package_version, parent);
    top.stack = stack;
    let top = top.with("9000001-3_neutral_PACKAGE", None, Brings::Package(inner));
    (top, form)
}
