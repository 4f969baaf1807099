//! The descriptors of a device, as `lsusb -v` prints them.

use crate::hardware::ids::{UsbClass, UsbDevice};
use crate::hardware::text_file::Line;

/// What of the descriptors ids are made from.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    /// `bcdDevice`.
    pub(super) revision: Option<u16>,
    /// The class of the device descriptor.
    pub(super) class: Option<UsbClass>,
    /// The text of `iProduct`.
    pub(super) product_name: Option<String>,
    /// The text of `iSerial`, of root hubs only: elsewhere it names one device.
    pub(super) serial: Option<String>,
    /// The functions of the first configuration, each by its first interface.
    pub(super) functions: Vec<UsbFunction>,
    /// How many interfaces and configurations the device says it has.
    interfaces: u8,
    configurations: u8,
}

/// An interface, or interfaces that belong together.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsbFunction {
    /// The number of its first interface.
    pub(super) number: u8,
    pub(super) class: UsbClass,
}

/// An interface descriptor while it is read, or an association.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    number: u8,
    count: u8,
    class: u8,
    sub_class: u8,
    protocol: u8,
}

impl Numbers {
    fn class(self) -> UsbClass {
        UsbClass {
            class: self.class,
            sub_class: self.sub_class,
            protocol: self.protocol,
        }
    }
}

/// Which descriptor a line is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Device,
    Configuration,
    Association,
    Interface,
    /// One of which nothing is needed.
    Other,
}

impl Descriptors {
    /// Reads the lines below a device's own.
    pub(super) fn read(lines: &[Line<'_>]) -> Descriptors {
        let mut descriptors = Descriptors::default();
        let (mut interfaces, mut associations) = (Vec::<Numbers>::new(), Vec::<Numbers>::new());
        let (mut part, mut configurations) = (Part::Other, 0_u32);
        let mut class = Numbers::default();
        for line in lines {
            let text = line.text.trim_start();
            if let Some(next) = title(text) {
                part = next;
                configurations += u32::from(part == Part::Configuration);
                match part {
                    Part::Interface => fresh(&mut interfaces, configurations),
                    Part::Association => fresh(&mut associations, configurations),
                    _ => {}
                }
                continue;
            }
            let Some((field, value)) = text.split_once(char::is_whitespace) else {
                continue;
            };
            let value = value.trim_start();
            let first = value.split(char::is_whitespace).next().unwrap_or_default();
            let name = value.get(first.len()..).unwrap_or_default().trim();
            let name = || Some(name.to_owned()).filter(|name| !name.is_empty());
            let byte = first.parse::<u8>();
            if configurations > 1 {
                continue;
            }
            match (part, field) {
                (Part::Device, "bcdDevice") => descriptors.revision = binary_decimal(first),
                (Part::Device, "iProduct") => descriptors.product_name = name(),
                (Part::Device, "iSerial") => descriptors.serial = name(),
                (Part::Device, "bNumConfigurations") => {
                    descriptors.configurations = byte.unwrap_or(0);
                }
                (Part::Device, "bDeviceClass") => {
                    class.class = byte.unwrap_or(0);
                    descriptors.class = Some(class.class());
                }
                (Part::Device, "bDeviceSubClass") => class.sub_class = byte.unwrap_or(0),
                (Part::Device, "bDeviceProtocol") => {
                    class.protocol = byte.unwrap_or(0);
                    descriptors.class = Some(class.class());
                }
                (Part::Configuration, "bNumInterfaces") => {
                    descriptors.interfaces = byte.unwrap_or(0);
                }
                (Part::Interface, field) => {
                    if let (Some(interface), Ok(byte)) = (interfaces.last_mut(), byte) {
                        match field {
                            "bInterfaceNumber" => interface.number = byte,
                            // Another setting of an interface is no other one.
                            "bAlternateSetting" if byte > 0 => drop(interfaces.pop()),
                            "bInterfaceClass" => interface.class = byte,
                            "bInterfaceSubClass" => interface.sub_class = byte,
                            "bInterfaceProtocol" => interface.protocol = byte,
                            _ => {}
                        }
                        if field == "bAlternateSetting" && byte > 0 {
                            part = Part::Other;
                        }
                    }
                }
                (Part::Association, field) => {
                    if let (Some(association), Ok(byte)) = (associations.last_mut(), byte) {
                        match field {
                            "bFirstInterface" => association.number = byte,
                            "bInterfaceCount" => association.count = byte,
                            "bFunctionClass" => association.class = byte,
                            "bFunctionSubClass" => association.sub_class = byte,
                            "bFunctionProtocol" => association.protocol = byte,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        descriptors.functions = functions(&interfaces, &associations);
        descriptors
    }

    /// Whether the generic parent driver takes the device.
    pub(super) fn is_composite(&self) -> bool {
        self.class.is_some_and(|class| {
            UsbDevice::is_composite(class, self.interfaces, self.configurations)
        })
    }
}

/// Begins a descriptor of the first configuration; their numbers are bytes.
fn fresh(descriptors: &mut Vec<Numbers>, configuration: u32) {
    if configuration <= 1 && descriptors.len() < 256 {
        descriptors.push(Numbers::default());
    }
}

/// The descriptor that a line begins.
fn title(text: &str) -> Option<Part> {
    let title = text.strip_suffix(':')?;
    Some(match title {
        "Device Descriptor" => Part::Device,
        "Configuration Descriptor" => Part::Configuration,
        "Interface Association" => Part::Association,
        "Interface Descriptor" => Part::Interface,
        title if title.contains("Descriptor") || title.starts_with("Device Qualifier") => {
            Part::Other
        }
        _ => return None,
    })
}

/// `28.06` is 0x2806.
fn binary_decimal(text: &str) -> Option<u16> {
    let (high, low) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |text: &str| u8::from_str_radix(text, 16).ok().filter(|_| digits(text));
    Some(u16::from(byte(high)?) << 8 | u16::from(byte(low)?))
}

/// The functions that the generic parent driver makes: an association is one;
/// without associations, so are neighbours of the audio class whose sub-class
/// is not that of the first ("Enumeration of Interface Collections on Audio
/// Devices without IADs", Windows driver documentation).
fn functions(interfaces: &[Numbers], associations: &[Numbers]) -> Vec<UsbFunction> {
    const AUDIO: u8 = 1;
    let mut functions: Vec<UsbFunction> = Vec::new();
    for interface in interfaces {
        let association = associations.iter().find(|association| {
            let last = u16::from(association.number) + u16::from(association.count);
            interface.number >= association.number && u16::from(interface.number) < last
        });
        let (number, class) = match association {
            Some(association) => (association.number, association.class()),
            None => (interface.number, interface.class()),
        };
        let joins = functions.last().is_some_and(|last| match association {
            Some(_) => last.number == number,
            None => {
                associations.is_empty()
                    && class.class == AUDIO
                    && last.class.class == AUDIO
                    && last.class.sub_class != class.sub_class
            }
        });
        if !joins {
            functions.push(UsbFunction { number, class });
        }
    }
    functions
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use crate::hardware::Hardware;

    fn interface(number: u8, setting: u8, class: [u8; 3]) -> String {
        format!(
            "    Interface Descriptor:\n      bInterfaceNumber        {number}\n      \
             bAlternateSetting       {setting}\n      bInterfaceClass         {} X\n      \
             bInterfaceSubClass      {} \n      bInterfaceProtocol      {} \n      Endpoint \
             Descriptor:\n        bLength                 7\n",
            class[0], class[1], class[2]
        )
    }

    /// A device on an xHCI bus with these classes and what follows.
    fn device(class: [u8; 3], interfaces: u8, configurations: u8, rest: &str) -> Vec<Vec<String>> {
        let text = format!(
            "Bus 001 Device 001: ID 1d6b:0002 Linux Foundation 2.0 root hub\nDevice \
             Descriptor:\n  iProduct                2 xHCI Host Controller\n  iSerial                 \
             1 0000:00:14.0\n\nBus 001 Device 002: ID 0c45:643f Webcam\nDevice Descriptor:\n  \
             bDeviceClass          {} X\n  bDeviceSubClass         {} \n  bDeviceProtocol         \
             {} \n  bcdDevice           28.06\n  bNumConfigurations      {configurations}\n  \
             Configuration Descriptor:\n    bNumInterfaces          {interfaces}\n{rest}",
            class[0], class[1], class[2]
        );
        let hardware = Hardware::read("x", text.as_bytes()).unwrap();
        let devices = hardware.devices.iter();
        devices
            .map(|device| device.ids().map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn an_association_makes_one_function_of_its_interfaces() {
        let association = "    Interface Association:\n      bFirstInterface         0\n      \
                           bInterfaceCount         2\n      bFunctionClass         14 Video\n      \
                           bFunctionSubClass       3 \n      bFunctionProtocol       0 \n";
        let rest = [
            association.to_owned(),
            interface(0, 0, [14, 1, 0]),
            interface(1, 0, [14, 2, 0]),
            interface(1, 1, [14, 2, 0]),
        ];
        let found = device([239, 2, 1], 2, 1, &rest.concat());
        let expected: [&[&str]; 2] = [
            &[
                "USB\\VID_0C45&PID_643F&REV_2806",
                "USB\\VID_0C45&PID_643F",
                "USB\\DevClass_EF&SubClass_02&Prot_01",
                "USB\\DevClass_EF&SubClass_02",
                "USB\\DevClass_EF",
                "USB\\COMPOSITE",
            ],
            &[
                "USB\\VID_0C45&PID_643F&REV_2806&MI_00",
                "USB\\VID_0C45&PID_643F&MI_00",
                "USB\\Class_0e&SubClass_03&Prot_00",
                "USB\\Class_0e&SubClass_03",
                "USB\\Class_0e",
            ],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn audio_interfaces_without_an_association_are_one_function() {
        let rest = [
            interface(0, 0, [1, 1, 0]),
            interface(1, 0, [1, 2, 0]),
            interface(2, 0, [1, 2, 0]),
            interface(3, 0, [3, 0, 0]),
        ];
        let found = device([0, 0, 0], 4, 1, &rest.concat());
        let first: Vec<&str> = found.iter().map(|ids| ids[1].as_str()).collect();
        assert_eq!(
            first,
            [
                "USB\\VID_0C45&PID_643F",
                "USB\\VID_0C45&PID_643F&MI_00",
                "USB\\VID_0C45&PID_643F&MI_03"
            ]
        );
    }

    #[test]
    fn a_device_with_two_configurations_is_not_composite() {
        let rest = [
            interface(0, 0, [255, 1, 1]),
            interface(1, 0, [3, 0, 0]),
            "  Configuration Descriptor:\n    bNumInterfaces          1\n".to_owned(),
            interface(0, 0, [8, 6, 80]),
        ];
        let found = device([0, 0, 0], 2, 2, &rest.concat());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0][2], "USB\\Class_FF&SubClass_01&Prot_01");
    }

    #[test]
    fn a_hub_below_xhci_is_told_by_what_it_speaks() {
        let found = device([9, 0, 1], 1, 1, &interface(0, 0, [9, 0, 0]));
        assert_eq!(found[0].last().unwrap(), "USB\\USB20_HUB");
    }
}
