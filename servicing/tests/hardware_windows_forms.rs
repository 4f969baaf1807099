//! What Windows' own tools write, in the languages that they write it in.
//!
//! The XML of pnputil and the files of MSInfo are made here after what is
//! published of their form: nobody publishes theirs whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use wimwright_servicing::Architecture;
use wimwright_servicing::hardware::{Bus, Device, FirmwareKind, Hardware, HardwareError, IdOrigin};

fn read(text: &str) -> Hardware {
    Hardware::read("file", text.as_bytes()).unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes);
    b"\xff\xfe".iter().copied().chain(wide).collect()
}

fn names(hardware: &Hardware) -> Vec<&str> {
    hardware
        .findings
        .iter()
        .map(|finding| finding.name)
        .collect()
}

const PNPUTIL: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<PnpUtil Version="10.0.26100" Command="/enum-devices /ids /drivers /relations /format xml">
    <Device InstanceId="PCI\VEN_8086&amp;DEV_A0ED&amp;SUBSYS_22C117AA&amp;REV_20\3&amp;11583659&amp;0&amp;A0">
        <DeviceDescription>Intel(R) USB 3.10-eXtensible-Hostcontroller</DeviceDescription>
        <ClassName>USB</ClassName>
        <ClassGuid>{36FC9E60-C465-11CF-8056-444553540000}</ClassGuid>
        <ManufacturerName>Generic USB xHCI Host Controller</ManufacturerName>
        <Status>Started</Status>
        <DriverName>usbxhci.inf</DriverName>
        <ParentInstanceId>ACPI\PNP0A08\0</ParentInstanceId>
        <HardwareIds>
            <HardwareId>PCI\VEN_8086&amp;DEV_A0ED&amp;SUBSYS_22C117AA&amp;REV_20</HardwareId>
            <HardwareId>PCI\VEN_8086&amp;DEV_A0ED&amp;CC_0C0330</HardwareId>
        </HardwareIds>
        <CompatibleIds>
            <CompatibleId>PCI\VEN_8086&amp;DEV_A0ED</CompatibleId>
            <CompatibleId>PCI\CC_0C0330</CompatibleId>
        </CompatibleIds>
        <MatchingDrivers>
            <DriverName DriverName="usbxhci.inf">
                <MatchingDeviceId>PCI\CC_0C0330</MatchingDeviceId>
            </DriverName>
        </MatchingDrivers>
    </Device>
    <Device InstanceId="USBSTOR\DISK&amp;VEN_X\1&amp;2">
        <Status>Disconnected</Status>
        <HardwareIds><HardwareId>GenDisk</HardwareId></HardwareIds>
    </Device>
</PnpUtil>
"#;

fn check_controller(device: &Device) {
    assert_eq!(device.bus, Bus::Pci);
    assert_eq!(device.origin, IdOrigin::Reported);
    assert_eq!(
        device.hardware_ids,
        [
            "PCI\\VEN_8086&DEV_A0ED&SUBSYS_22C117AA&REV_20",
            "PCI\\VEN_8086&DEV_A0ED&CC_0C0330"
        ]
    );
    assert_eq!(
        device.compatible_ids,
        ["PCI\\VEN_8086&DEV_A0ED", "PCI\\CC_0C0330"]
    );
    assert_eq!(
        device.class_guid.as_deref(),
        Some("{36fc9e60-c465-11cf-8056-444553540000}")
    );
    assert_eq!(device.parent.as_deref(), Some("ACPI\\PNP0A08\\0"));
    let driver = device.installed.as_ref().unwrap();
    assert_eq!(driver.name, "usbxhci.inf");
    assert_eq!(driver.matched_id.as_deref(), Some("PCI\\CC_0C0330"));
}

#[test]
fn the_xml_of_pnputil_gives_ids_driver_and_relation() {
    for bytes in [PNPUTIL.as_bytes().to_vec(), utf16(PNPUTIL)] {
        let hardware = Hardware::read("file", &bytes).unwrap();
        check_controller(&hardware.devices[0]);
        // The disconnected disk is none of this computer.
        assert_eq!(names(&hardware), ["disconnected-devices"]);
        assert_eq!(hardware.devices.len(), 1);
    }
    let cut = PNPUTIL.find("<CompatibleIds>").unwrap();
    let hardware = read(&PNPUTIL[..cut]);
    assert_eq!(hardware.devices[0].hardware_ids.len(), 2);
    assert_eq!(names(&hardware), ["truncated"]);
}

#[test]
fn the_text_of_pnputil_is_read_in_any_language() {
    let english = r"Microsoft PnP Utility

Instance ID:                PCI\VEN_8086&DEV_A0ED&SUBSYS_22C117AA&REV_20\3&11583659&0&A0
Device Description:         Intel(R) USB 3.10 eXtensible Host Controller
Class Name:                 USB
Class GUID:                 {36fc9e60-c465-11cf-8056-444553540000}
Manufacturer Name:          Generic USB xHCI Host Controller
Status:                     Started
Driver Name:                usbxhci.inf
Parent Instance ID:         ACPI\PNP0A08\0
Child Instance IDs:         USB\ROOT_HUB30\4&2d689036&0&0
                            USB\ROOT_HUB30\4&2d689036&0&1
                            USB\ROOT_HUB30\4&2d689036&0&2
Hardware IDs:               PCI\VEN_8086&DEV_A0ED&SUBSYS_22C117AA&REV_20
                            PCI\VEN_8086&DEV_A0ED&CC_0C0330
Compatible IDs:             PCI\VEN_8086&DEV_A0ED
                            PCI\CC_0C0330
Matching Drivers:
    Driver Name:            usbxhci.inf
    Matching Device ID:     PCI\CC_0C0330
    Driver Rank:            00FF2006

Instance ID:                HID\VID_0E0F&PID_0003&MI_00\8&367bfb7c&0&0000
Device Description:         HID-compliant mouse
Status:                     Disconnected
Hardware IDs:               HID\VID_0E0F&UP:0001_U:0002
                            HID_DEVICE_UP:0001_U:0002
";
    let hardware = read(english);
    check_controller(&hardware.devices[0]);
    assert_eq!(names(&hardware), ["disconnected-devices"]);

    let german = r"Microsoft-PnP-Dienstprogramm

Instanz-ID:                 HID\VID_0E0F&PID_0003&MI_00\8&367bfb7c&0&0000
Gerätebeschreibung:         HID-konforme Maus
Klassenname:                Mouse
Klassen-GUID:               {4d36e96f-e325-11ce-bfc1-08002be10318}
Herstellername:             Microsoft
Status:                     Gestartet
Treibername:                msmouse.inf
Hardware-IDs:               HID\VID_0E0F&PID_0003&REV_0102&MI_00
                            HID\VID_0E0F&UP:0001_U:0002
                            HID_DEVICE
Kompatible IDs:             GenMouse
";
    let hardware = read(german);
    let device = &hardware.devices[0];
    assert_eq!(device.hardware_ids.len(), 3);
    assert_eq!(device.hardware_ids[2], "HID_DEVICE");
    assert_eq!(device.compatible_ids, ["GenMouse"]);
    assert_eq!(device.description.as_deref(), Some("HID-konforme Maus"));
}

#[test]
fn pnputil_without_ids_gives_what_the_instance_ids_say() {
    let text = "Instance ID:                ACPI\\PNP0303\\4&1BD7F811&0\nDevice Description:         \
                Standard PS/2 Keyboard\nClass Name:                 Keyboard\nStatus:                     \
                Started\nDriver Name:                keyboard.inf\n";
    let hardware = read(text);
    assert_eq!(hardware.devices[0].hardware_ids[1], "ACPI\\PNP0303");
    assert_eq!(hardware.devices[0].origin, IdOrigin::Derived);
    assert_eq!(names(&hardware), ["pnputil-without-ids"]);
}

#[test]
fn devcon_tells_hardware_ids_from_compatible_ones_by_place() {
    let text = "ROOT\\ACPI_HAL\\0000\r\n    Name: ACPI-Multiprozessor-PC\r\n    \
                Hardware-IDs:\r\n        acpiapic_mp\r\nUSB\\ROOT_HUB\\4&28FEF180&0\r\n    Name: \
                USB-Root-Hub\r\n    Hardware-IDs:\r\n        \
                USB\\ROOT_HUB&VID8086&PID24C4&REV0001\r\n        USB\\ROOT_HUB\r\n\
                STORAGE\\VOLUME\\1&2\r\n    Name: Volume\r\n    Compatible IDs:\r\n        \
                STORAGE\\Volume\r\n3 passende(s) Ger\u{e4}t(e) gefunden.\r\n";
    let hardware = read(text);
    let found: Vec<(&str, usize, usize)> = hardware
        .devices
        .iter()
        .map(|device| {
            (
                device.id(),
                device.hardware_ids.len(),
                device.compatible_ids.len(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("acpiapic_mp", 1, 0),
            ("USB\\ROOT_HUB&VID8086&PID24C4&REV0001", 2, 0),
            ("STORAGE\\Volume", 0, 1)
        ]
    );
}

fn nfo(rows: &[(&str, &str)], devices: &str) -> String {
    let rows: String = rows
        .iter()
        .map(|(item, value)| {
            format!(
                "<Data>\n<Item><![CDATA[{item}]]></Item>\n<Value><![CDATA[{value}]]></Value>\n\
                 </Data>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?>\n<MsInfo>\n<Metadata>\n<Version>8.0</Version>\n</Metadata>\n\
         <Category name=\"System Summary\">\n{rows}<Category name=\"Components\">\n<Category \
         name=\"Display\">\n{devices}</Category>\n</Category>\n</Category>\n</MsInfo>\n"
    )
}

#[test]
fn a_report_of_msinfo_is_read_by_place_in_any_language() {
    let text = nfo(
        &[
            ("Betriebssystemname", "Microsoft Windows 10 Pro"),
            ("Systemname", "PC1"),
            ("Systemhersteller", "LENOVO"),
            ("Systemmodell", "20W0CTO1WW"),
            ("Systemtyp", "x64-basierter PC"),
            (
                "Prozessor",
                "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz, 2803 MHz, 4 Kern(e), 8 logische(r) \
                 Prozessor(en)",
            ),
            ("BIOS-Modus", "UEFI"),
        ],
        "<Data>\n<Item><![CDATA[Name]]></Item>\n<Value><![CDATA[Intel(R) Iris(R) Xe \
         Graphics]]></Value>\n</Data>\n<Data>\n<Item><![CDATA[PNP-Ger\u{e4}tekennung]]></Item>\n\
         <Value><![CDATA[PCI\\VEN_8086&amp;DEV_9A49&amp;SUBSYS_508D17AA&amp;REV_01\\3&amp;11583659&\
         amp;0&amp;10]]></Value>\n</Data>\n<Data>\n<Item><![CDATA[]]></Item>\n<Value><![CDATA[]]>\
         </Value>\n</Data>\n<Data><Device><![CDATA[Basissystemger\u{e4}t]]></Device><PNP_Device_ID>\
         <![CDATA[PCI\\VEN_8086&DEV_A0EF&SUBSYS_508D17AA&REV_20\\3&11583659&0&A2]]></PNP_Device_ID>\
         </Data>\n",
    );
    for bytes in [text.as_bytes().to_vec(), utf16(&text)] {
        let hardware = Hardware::read("file", &bytes).unwrap();
        assert_eq!(hardware.name, "LENOVO 20W0CTO1WW");
        assert_eq!(hardware.firmware.kind, Some(FirmwareKind::Uefi));
        assert_eq!(hardware.processors.logical, Some(8));
        assert_eq!(hardware.processors.vendor.as_deref(), Some("GenuineIntel"));
        assert_eq!(hardware.processors.architecture, Some(Architecture::Amd64));
        let found: Vec<(&str, Option<&str>)> = hardware
            .devices
            .iter()
            .map(|device| (device.id(), device.description.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (
                    "PCI\\VEN_8086&DEV_9A49&SUBSYS_508D17AA&REV_01",
                    Some("Intel(R) Iris(R) Xe Graphics")
                ),
                (
                    "PCI\\VEN_8086&DEV_A0EF&SUBSYS_508D17AA&REV_20",
                    Some("Basissystemger\u{e4}t")
                ),
            ]
        );
        assert_eq!(hardware.devices[0].origin, IdOrigin::Derived);
    }
}

#[test]
fn documents_that_say_nothing_of_a_computer_are_refused_each_as_what_they_are() {
    let of = |text: &str| Hardware::read("file", text.as_bytes()).unwrap_err();
    assert_eq!(of("Dear Sir"), HardwareError::UnknownForm);
    assert_eq!(of(""), HardwareError::UnknownForm);
    assert_eq!(of("<html><p>lspci</p></html>"), HardwareError::UnknownForm);
    assert_eq!(of("<PnpUtil/>"), HardwareError::Empty);
    assert_eq!(of("<MsInfo></MsInfo>"), HardwareError::Empty);
    assert!(matches!(
        of("<MsInfo></Category>"),
        HardwareError::Malformed { line: 1, .. }
    ));
}
