//! Which database node a package of a class goes to.
//!
//! The rule is the class (driverstore 2.1). The image itself says it best: the
//! node where packages of the class, or the class in `DeviceIds`, already are.
//! Where it does not, the classes seen in the SYSTEM node of three real images
//! (8.1, 10 1709, 10 2004) decide, and any other goes to DRIVERS.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::Basis;

use super::node::Node;
use crate::error::Error;
use crate::model::Guid;

/// The setup classes seen in SYSTEM nodes. Classes are Windows' own
/// vocabulary, not products.
const SYSTEM_CLASSES: &[&str] = &[
    "6bdd1fc1-810f-11d0-bec7-08002be2092f", // 1394
    "72631e54-78a4-11d0-bcf7-00aa00b7b32a", // Battery
    "4d36e965-e325-11ce-bfc1-08002be10318", // CDROM
    "4d36e966-e325-11ce-bfc1-08002be10318", // Computer
    "4d36e967-e325-11ce-bfc1-08002be10318", // DiskDrive
    "9da2b80f-f89f-4a49-a5c2-511b085b9e8a", // EhStorSilo
    "e2f84ce7-8efa-411c-aa69-97454ca4cb57", // Extension
    "4d36e969-e325-11ce-bfc1-08002be10318", // FDC
    "f2e7dd72-6468-4e36-b6f1-6488f42c1b52", // Firmware
    "4d36e980-e325-11ce-bfc1-08002be10318", // FloppyDisk
    "4d36e96a-e325-11ce-bfc1-08002be10318", // HDC
    "745a17a0-74d3-11d0-b6fe-00a0c90f57da", // HIDClass
    "4d36e96b-e325-11ce-bfc1-08002be10318", // Keyboard
    "5099944a-f6b9-4057-a056-8c550228544c", // Memory
    "4d36e96f-e325-11ce-bfc1-08002be10318", // Mouse
    "4d36e977-e325-11ce-bfc1-08002be10318", // PCMCIA
    "4d36e978-e325-11ce-bfc1-08002be10318", // Ports
    "50127dc3-0f36-415e-a6cc-4cb3be910b65", // Processor
    "d48179be-ec20-11d1-b6b8-00c04fa372a7", // SBP2
    "4d36e97b-e325-11ce-bfc1-08002be10318", // SCSIAdapter
    "a0a588a4-c46f-4b37-b7ea-c82fe89870c6", // SDHost
    "53966cb1-4d46-4166-bf23-c522403cd495", // ScmDisk
    "53ccb149-e543-4c84-b6e0-bce4f6b7e806", // ScmVolume
    "d94ee5d8-d189-4994-83d2-f68d7d41b0e6", // SecurityDevices
    "53487c23-680f-4585-acc3-1f10d6777e82", // SmrDisk
    "53b3cf03-8f5a-4788-91b6-d19ed9fcccbf", // SmrVolume
    "4d36e97d-e325-11ce-bfc1-08002be10318", // System
    "e6f1aa1c-7f3b-4473-b2e8-c97d8ac71d53", // UCM
    "36fc9e60-c465-11cf-8056-444553540000", // USB
    "88bae032-5a81-49f0-bc3d-a4ff138216d6", // USBDevice
    "bbbe8734-08fa-4966-b6a6-4e5ad010cdd7", // USBFunctionController
    "71a27cdd-812a-11d0-bec7-08002be2092f", // Volume
    "533c5b84-ec70-11d2-9505-00c04f79deaf", // VolumeSnapshot
];

/// The node for packages of `class`, and how sure that is.
///
/// # Errors
/// When a hive cannot be read.
pub fn node_of_class(draft: &Draft, class: Guid) -> Result<(Node, Basis), Error> {
    for node in Node::ALL {
        // The class index has a value for every package of the class.
        if draft.has_key(node.hive(), &node.device_id(&class.to_string()))? {
            return Ok((node, Basis::verified("driverstore 2.1")));
        }
    }
    let listed = SYSTEM_CLASSES
        .iter()
        .any(|known| format!("{{{known}}}").parse() == Ok(class));
    Ok(match listed {
        true => (Node::System, Basis::verified("driverstore 2.1")),
        false => (Node::Drivers, Basis::inferred("driverstore 2.1")),
    })
}
