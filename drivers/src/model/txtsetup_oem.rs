//! `txtsetup.oem`: mass storage drivers for the text mode setup of Windows
//! 2000, XP and 2003, what is loaded by pressing F6.
//!
//! Facts of the pages "TxtSetup.oem File Format" and those of its sections:
//! `[Disks]`, `[Defaults]`, `[scsi]`, `[Files.scsi.ID]`, `[HardwareIds.scsi.ID]`
//! and `[Config.DriverKey]`.

use serde::Serialize;
use wimwright_inf::{Inf, Line, same_name};

use super::dirid::join;
use super::file_name::{check_folder, check_name};
use super::finding::{Finding, Findings, Rule};
use super::registry::{REG_BINARY, REG_EXPAND_SZ, REG_SZ, RegistryData};

/// The hardware component that means mass storage.
const MASS_STORAGE: &str = "scsi";

/// What a `txtsetup.oem` offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TextSetup {
    /// The mass storage options, in the order of `[scsi]`.
    pub options: Vec<SetupOption>,
    /// Components that are no mass storage, such as `computer`.
    pub others: Vec<String>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
}

/// One option that a user of text mode setup can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetupOption {
    /// Its name in the file.
    pub id: String,
    /// What the user sees.
    pub description: String,
    /// Whether `[Defaults]` names it.
    pub is_default: bool,
    /// The drivers, with their services.
    pub drivers: Vec<SetupDriver>,
    /// Other files: DLLs, which go to `System32`.
    pub dlls: Vec<String>,
    /// The INFs that install the device later.
    pub infs: Vec<String>,
    /// The catalogs of those.
    pub catalogs: Vec<String>,
    /// Device ids, each with the service that drives it.
    pub hardware_ids: Vec<(String, String)>,
}

/// A driver of an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetupDriver {
    /// The file, from the folder of the `txtsetup.oem`.
    pub path: String,
    /// Its service.
    pub service: String,
    /// `[Config.<service>]`.
    pub values: Vec<ConfigValue>,
}

/// A registry value below the key of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigValue {
    /// Key below that of the service; may be empty.
    pub subkey: String,
    /// Name of the value.
    pub name: String,
    /// Its type and data.
    pub data: RegistryData,
}

impl TextSetup {
    /// Reads the file, which was parsed with
    /// [`ParseOptions::txtsetup_oem`](wimwright_inf::ParseOptions::txtsetup_oem).
    pub fn read(inf: &Inf) -> TextSetup {
        let mut setup = TextSetup::default();
        let mut findings = Findings::default();
        let disks = disks(inf, &mut findings);
        let default = default_option(inf);
        for section in inf.sections() {
            let Some((component, _)) = split(section.name(), "Files.") else {
                continue;
            };
            if !same_name(component, MASS_STORAGE) && !setup.others.iter().any(|o| o == component) {
                setup.others.push(component.to_owned());
            }
        }
        let listed = inf.section(MASS_STORAGE);
        for line in listed.iter().flat_map(|section| section.lines()) {
            let Some(id) = line.key() else { continue };
            let files = format!("Files.{MASS_STORAGE}.{id}");
            let Some(section) = inf.section(&files) else {
                findings.add(
                    Rule::TextSetupOption,
                    MASS_STORAGE,
                    line.number(),
                    format!("option `{id}` has no section [{files}]: it cannot be installed"),
                );
                continue;
            };
            let mut option = SetupOption {
                description: line.field(1).unwrap_or_default().into_owned(),
                is_default: default.as_deref().is_some_and(|name| same_name(name, &id)),
                id: id.into_owned(),
                drivers: Vec::new(),
                dlls: Vec::new(),
                infs: Vec::new(),
                catalogs: Vec::new(),
                hardware_ids: Vec::new(),
            };
            for line in section.lines() {
                read_file(inf, line, &files, &disks, &mut option, &mut findings);
            }
            option.hardware_ids = hardware_ids(inf, &option.id, &mut findings);
            setup.options.push(option);
        }
        unused_configs(inf, &setup, &mut findings);
        setup.findings = findings.into_vec();
        setup
    }
}

/// `prefix` taken off a section name, and the rest at its first dot.
fn split<'n>(name: &'n str, prefix: &str) -> Option<(&'n str, &'n str)> {
    let start = name.get(..prefix.len())?;
    let rest = name.get(prefix.len()..)?;
    start.eq_ignore_ascii_case(prefix).then_some(())?;
    rest.split_once('.')
}

fn default_option(inf: &Inf) -> Option<String> {
    let line = inf.section("Defaults")?.line_for_key(MASS_STORAGE)?;
    line.field(1).map(|name| name.into_owned())
}

/// `id = description, tag file, directory`: the directories, by disk.
fn disks(inf: &Inf, findings: &mut Findings) -> Vec<(String, String)> {
    let mut disks = Vec::new();
    for line in inf.section("Disks").iter().flat_map(|s| s.lines()) {
        let Some(id) = line.key() else { continue };
        let folder = line.field(3).unwrap_or_default();
        match check_folder(folder.trim()) {
            Ok(folder) => disks.push((id.into_owned(), folder.to_owned())),
            Err(error) => findings.add(
                Rule::TextSetupFile,
                "Disks",
                line.number(),
                format!("the directory of disk `{id}`: {error}"),
            ),
        }
    }
    disks
}

/// `filetype = disk, name[, service]`.
fn read_file(
    inf: &Inf,
    line: Line<'_>,
    section: &str,
    disks: &[(String, String)],
    option: &mut SetupOption,
    findings: &mut Findings,
) {
    let field = |index| {
        let text = line.field(index).unwrap_or_default();
        text.trim().to_owned()
    };
    let (kind, disk, name, service) = (field(0), field(1), field(2), field(3));
    let mut broken = |message: String| {
        findings.add(Rule::TextSetupFile, section, line.number(), message);
    };
    let Some((_, folder)) = disks.iter().find(|(id, _)| same_name(id, &disk)) else {
        return broken(format!("disk `{disk}` is not in [Disks]"));
    };
    if let Err(error) = check_name(&name) {
        return broken(error.to_string());
    }
    let path = join([folder.as_str(), name.as_str()]);
    match kind.to_ascii_lowercase().as_str() {
        "driver" => {
            // Without a key of its own a driver's service is called like its
            // file.
            let service = match service.is_empty() {
                true => name.split('.').next().unwrap_or(&name).to_owned(),
                false => service,
            };
            let values = config(inf, &service, findings);
            option.drivers.push(SetupDriver {
                path,
                service,
                values,
            });
        }
        "dll" => option.dlls.push(path),
        "inf" => option.infs.push(path),
        "catalog" => option.catalogs.push(path),
        other => findings.add(
            Rule::TextSetupOption,
            section,
            line.number(),
            format!("a file of type `{other}` is left alone: mass storage has none"),
        ),
    }
}

/// `id = "device id", "service"`.
fn hardware_ids(inf: &Inf, option: &str, findings: &mut Findings) -> Vec<(String, String)> {
    let name = format!("HardwareIds.{MASS_STORAGE}.{option}");
    let mut ids = Vec::new();
    let Some(section) = inf.section(&name) else {
        findings.add(
            Rule::TextSetupOption,
            &name,
            0,
            "the option names no device: its driver cannot be bound to one".to_owned(),
        );
        return ids;
    };
    for line in section.lines_for_key("id") {
        let id = line.field(1).unwrap_or_default().trim().to_owned();
        let service = line.field(2).unwrap_or_default().trim().to_owned();
        if id.is_empty() || service.is_empty() {
            findings.add(
                Rule::TextSetupOption,
                &name,
                line.number(),
                "the line lacks the device id or the service".to_owned(),
            );
        } else {
            ids.push((id, service));
        }
    }
    ids
}

/// `[Config.<service>]`: `value = subkey, name, type, data...`.
fn config(inf: &Inf, service: &str, findings: &mut Findings) -> Vec<ConfigValue> {
    let section_name = format!("Config.{service}");
    let mut values = Vec::new();
    let section = inf.section(&section_name);
    for line in section.iter().flat_map(|s| s.lines_for_key("value")) {
        let text = |index| line.field(index).unwrap_or_default().into_owned();
        let kind = text(3);
        match data(kind.trim(), line) {
            Some(data) => values.push(ConfigValue {
                subkey: text(1).trim_matches('\\').to_owned(),
                name: text(2),
                data,
            }),
            None => findings.add(
                Rule::TextSetupValue,
                &section_name,
                line.number(),
                format!("`{}` is no data of type `{}`", text(4), kind.trim()),
            ),
        }
    }
    values
}

/// The data of a `value` line. Numbers are hexadecimal digits without `0x`.
fn data(kind: &str, line: Line<'_>) -> Option<RegistryData> {
    let text = line.field(4).unwrap_or_default();
    match kind.to_ascii_uppercase().as_str() {
        "REG_DWORD" => {
            let digits = text.trim();
            let digits = digits.strip_prefix("0x").unwrap_or(digits);
            u32::from_str_radix(digits, 16)
                .ok()
                .map(RegistryData::dword)
        }
        "REG_SZ" => Some(RegistryData::string(REG_SZ, &text)),
        "REG_EXPAND_SZ" => Some(RegistryData::string(REG_EXPAND_SZ, &text)),
        "REG_MULTI_SZ" => {
            let strings: Vec<String> = line
                .fields()
                .skip(3)
                .map(|text| text.into_owned())
                .collect();
            Some(RegistryData::strings(&strings))
        }
        "REG_BINARY" => {
            let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
            let bytes: Option<Vec<u8>> = digits
                .chunks(2)
                .map(|pair| {
                    let pair: String = pair.iter().collect();
                    (pair.len() == 2)
                        .then(|| u8::from_str_radix(&pair, 16).ok())
                        .flatten()
                })
                .collect();
            bytes.map(|bytes| RegistryData {
                kind: REG_BINARY,
                bytes,
            })
        }
        _ => None,
    }
}

/// Sections of values that no driver asks for: real files name them after the
/// option by mistake, and Windows does not read them then.
fn unused_configs(inf: &Inf, setup: &TextSetup, findings: &mut Findings) {
    let services: Vec<&str> = setup
        .options
        .iter()
        .flat_map(|option| &option.drivers)
        .map(|driver| driver.service.as_str())
        .collect();
    for section in inf.sections() {
        let prefix = "Config.";
        let Some(start) = section.name().get(..prefix.len()) else {
            continue;
        };
        let key = section.name().get(prefix.len()..).unwrap_or_default();
        if start.eq_ignore_ascii_case(prefix)
            && !services.iter().any(|service| same_name(service, key))
        {
            findings.add(
                Rule::TextSetupUnused,
                section.name(),
                section.header_line(),
                format!("no driver has the key `{key}`: Windows does not read these values"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{REG_MULTI_SZ, Severity};
    use wimwright_inf::ParseOptions;

    fn read(text: &str) -> TextSetup {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::txtsetup_oem());
        TextSetup::read(&inf)
    }

    const SAMPLE: &str = "# a comment\r\n[Disks]\r\nd1 = \"Disk\", \\tag, \\\r\nd2 = \"Disk\", \\tag, \\amd64\\2003\r\n\
        [Defaults]\r\nSCSI = ONE\r\n[SCSI]\r\nONE = \"First\"\r\nTWO = \"Second\"\r\n\
        [Files.scsi.one]\r\ndriver = d1, one.sys, OneSvc\r\ninf = d1, one.inf\r\ncatalog = d1, one.cat\r\n\
        [Files.SCSI.TWO]\r\ndriver = d2, two.sys, two\r\ndll = d2, two.dll\r\n\
        [HardwareIds.scsi.ONE]\r\nid = \"PCI\\VEN_1&DEV_2\", \"OneSvc\"\r\n\
        [HardwareIds.scsi.TWO]\r\nid = \"PCI\\VEN_1&DEV_3\", \"two\"\r\n\
        [Config.OneSvc]\r\nvalue = \"\", tag, REG_DWORD, 1b\r\nvalue = Parameters\\PnpInterface,5,REG_DWORD,00000001\r\n\
        value = p,S,REG_SZ,\"a b\"\r\nvalue = p,M,REG_MULTI_SZ,String1,\"String 2\",string3\r\n\
        value = p,B,REG_BINARY,0034eC4D045a\r\n[Config.TWO_]\r\nvalue = p,x,REG_DWORD,1\r\n";

    #[test]
    fn options_have_drivers_ids_and_values() {
        let setup = read(SAMPLE);
        let [one, two] = setup.options.as_slice() else {
            panic!("{setup:?}");
        };
        assert!(one.is_default && !two.is_default);
        assert_eq!(one.description, "First");
        assert_eq!(one.infs, ["one.inf"]);
        assert_eq!(one.catalogs, ["one.cat"]);
        assert_eq!(
            one.hardware_ids,
            [("PCI\\VEN_1&DEV_2".to_owned(), "OneSvc".to_owned())]
        );
        let values = &one.drivers[0].values;
        assert_eq!(one.drivers[0].path, "one.sys");
        assert_eq!(
            (values[0].subkey.as_str(), values[0].name.as_str()),
            ("", "tag")
        );
        assert_eq!(values[0].data, RegistryData::dword(0x1b));
        assert_eq!(values[1].subkey, "Parameters\\PnpInterface");
        assert_eq!(values[1].data, RegistryData::dword(1));
        assert_eq!(values[2].data.as_text().as_deref(), Some("a b"));
        assert_eq!(values[3].data.kind, REG_MULTI_SZ);
        assert_eq!(
            values[3].data.as_strings().unwrap(),
            ["String1", "String 2", "string3"]
        );
        assert_eq!(values[4].data.bytes, [0, 0x34, 0xec, 0x4d, 4, 0x5a]);
        assert_eq!(two.drivers[0].path, "amd64\\2003\\two.sys");
        assert_eq!(two.dlls, ["amd64\\2003\\two.dll"]);
        let rules: Vec<Rule> = setup.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, [Rule::TextSetupUnused]);
    }

    #[test]
    fn paths_that_lead_elsewhere_are_errors() {
        for text in [
            SAMPLE.replace("\\amd64\\2003", "\\..\\up"),
            SAMPLE.replace("one.sys", "..\\one.sys"),
            SAMPLE.replace("d1, one.sys", "d9, one.sys"),
            SAMPLE.replace("REG_DWORD, 1b", "REG_DWORD, zz"),
        ] {
            let setup = read(&text);
            let mut findings = setup.findings.iter();
            assert!(
                findings.any(|finding| finding.severity == Severity::Error),
                "{text}"
            );
        }
    }
}
