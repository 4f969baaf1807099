//! `AddService`: services with everything that goes into their keys.
//!
//! Facts of the page "INF AddService directive".

use serde::Serialize;
use wimwright_inf::Line;

use super::dirid::{self, Destination, DiridError, Root, WINDOWS};
use super::expansion::PathForm;
use super::file_name::check_name;
use super::finding::Rule;
use super::guid::Guid;
use super::reader::{Part, Reader, directive};
use super::registry::RegistryChange;
use super::target::Target;

/// Flags of `AddService` (setupapi.h).
pub mod service_flag {
    /// The service moves to the front of its group.
    pub const TAG_TO_FRONT: u32 = 0x1;
    /// The service is the function driver of the device.
    pub const ASSOCIATED: u32 = 0x2;
    /// An existing display name stays.
    pub const KEEP_DISPLAY_NAME: u32 = 0x8;
    /// An existing start type stays.
    pub const KEEP_START_TYPE: u32 = 0x10;
    /// An existing error control stays.
    pub const KEEP_ERROR_CONTROL: u32 = 0x20;
    /// An existing load order group stays.
    pub const KEEP_LOAD_ORDER_GROUP: u32 = 0x40;
    /// Existing dependencies stay.
    pub const KEEP_DEPENDENCIES: u32 = 0x80;
    /// An existing description stays.
    pub const KEEP_DESCRIPTION: u32 = 0x100;
    /// Existing security is replaced.
    pub const REPLACE_SECURITY: u32 = 0x400;
    /// The service is started once it is installed.
    pub const START_SERVICE: u32 = 0x800;
    /// Existing required privileges stay.
    pub const KEEP_REQUIRED_PRIVILEGES: u32 = 0x1000;
    /// Existing triggers stay.
    pub const KEEP_TRIGGERS: u32 = 0x2000;
    /// An existing SID type stays.
    pub const KEEP_SID_TYPE: u32 = 0x4000;
    /// An existing delay of the start stays.
    pub const KEEP_DELAYED_AUTO_START: u32 = 0x8000;
    /// Existing failure actions stay.
    pub const KEEP_FAILURE_ACTIONS: u32 = 0x2_0000;
    /// Existing boot flags stay.
    pub const KEEP_BOOT_FLAGS: u32 = 0x4_0000;
}

/// When a service starts, by the number that the registry stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartType {
    /// 0: loaded by the boot loader.
    Boot,
    /// 1: during initialization of the system.
    System,
    /// 2: by the service control manager.
    Auto,
    /// 3: when a device or a program asks for it.
    Demand,
    /// 4: never.
    Disabled,
}

impl StartType {
    /// The number of the registry.
    pub fn number(self) -> u32 {
        match self {
            StartType::Boot => 0,
            StartType::System => 1,
            StartType::Auto => 2,
            StartType::Demand => 3,
            StartType::Disabled => 4,
        }
    }

    fn from_number(number: u32) -> Option<Self> {
        [
            StartType::Boot,
            StartType::System,
            StartType::Auto,
            StartType::Demand,
            StartType::Disabled,
        ]
        .into_iter()
        .find(|start| start.number() == number)
    }
}

/// A text that is shown to people, usually a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct DisplayText {
    /// With its tokens: Windows 8 and later store `@oem1.inf,%token%;text`.
    pub raw: String,
    /// Expanded.
    pub text: String,
}

/// `ServiceBinary`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ServiceBinary {
    /// As written, strings expanded, directory ids kept: `%12%\viostor.sys`.
    pub text: String,
    /// The file, where the text is nothing but a path that the image can know.
    pub destination: Option<Destination>,
}

/// How the path of a service's binary is written in `ImagePath`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImagePathForm {
    /// `System32\drivers\x.sys`: the form of every boot-start driver.
    Relative,
    /// `\SystemRoot\System32\drivers\x.sys`: of drivers that start later.
    SystemRoot,
    /// `%SystemRoot%\System32\x.exe`: of programs.
    Variable,
}

/// Why a service's binary has no image path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImagePathError {
    /// The text is no plain path.
    #[error("service binary `{0}` is no path of the form %dirid%\\file")]
    NotAPath(String),
    /// The directory has no place in the image.
    #[error(transparent)]
    Dirid(#[from] DiridError),
    /// The file is on the system drive outside the Windows directory, which
    /// this form cannot say.
    #[error("service binary `{0}` lies outside the Windows directory")]
    OutsideWindows(String),
    /// The file stays in the driver store, and its folder is not known.
    #[error("service binary `{0}` lies in the driver store, in a folder not known yet")]
    NoPackageFolder(String),
}

impl ServiceBinary {
    /// The text of `ImagePath`. `package` is the package's folder in the
    /// driver store, relative to the Windows directory.
    ///
    /// # Errors
    /// Why there is none, see [`ImagePathError`].
    pub fn image_path(
        &self,
        form: ImagePathForm,
        target: &Target,
        package: Option<&str>,
    ) -> Result<String, ImagePathError> {
        let destination = self
            .destination
            .as_ref()
            .ok_or_else(|| ImagePathError::NotAPath(self.text.clone()))?;
        let location = destination.location(target)?;
        let path = match location.root {
            Root::Windows => location.path,
            Root::Package => {
                let folder =
                    package.ok_or_else(|| ImagePathError::NoPackageFolder(self.text.clone()))?;
                dirid::join([folder, &location.path])
            }
            Root::SystemDrive => {
                return match form {
                    ImagePathForm::Variable => Ok(format!(r"%SystemDrive%\{}", location.path)),
                    _ => Err(ImagePathError::OutsideWindows(self.text.clone())),
                };
            }
        };
        Ok(match form {
            ImagePathForm::Relative => path,
            ImagePathForm::SystemRoot => format!(r"\SystemRoot\{path}"),
            ImagePathForm::Variable => format!(r"%SystemRoot%\{path}"),
        })
    }

    fn read(text: String) -> Self {
        let destination = binary_path(&text);
        ServiceBinary { text, destination }
    }
}

/// Reads `%dirid%\path`, and the forms of `ImagePath` that real INFs write
/// out.
fn binary_path(text: &str) -> Option<Destination> {
    let unquoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let strip = |prefix: &str| {
        let start = unquoted.get(..prefix.len())?;
        start
            .eq_ignore_ascii_case(prefix)
            .then(|| unquoted.get(prefix.len()..))?
    };
    let (id, path) = if let Some(path) = strip(r"%SystemRoot%\").or_else(|| strip(r"\SystemRoot\"))
    {
        (WINDOWS, path)
    } else if strip(r"System32\").is_some() {
        (WINDOWS, unquoted)
    } else {
        let (id, path) = unquoted.strip_prefix('%')?.split_once('%')?;
        let id = wimwright_inf::number(id).filter(|_| !id.is_empty())?;
        (dirid::from_number(id).ok()?, path)
    };
    let path = path.trim_start_matches('\\');
    check_name(path).ok()?;
    // An extension with a blank in it is the start of an argument list.
    let (folder, name) = path.rsplit_once('\\').unwrap_or(("", path));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    (!extension.contains(' ')).then(|| Destination {
        dirid: id,
        subdir: folder.to_owned(),
        name: name.to_owned(),
    })
}

/// The event log source that a service registers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct EventLog {
    /// `System`, `Security` or `Application`.
    pub log: String,
    /// Name of the source.
    pub name: String,
    /// Changes relative to the source's key.
    pub registry: Vec<RegistryChange>,
}

/// An event that starts or stops a program service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ServiceTrigger {
    /// `TriggerType`; 1 is the arrival of a device interface.
    pub kind: u32,
    /// `Action`: 1 starts, 2 stops.
    pub action: u32,
    /// `SubType`: for a device interface its class.
    pub subtype: Option<Guid>,
    /// `DataItem`s: type and text.
    pub data: Vec<(u32, String)>,
}

/// What is done when a program service fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct FailureActions {
    /// `ResetPeriod` in seconds.
    pub reset_period: Option<u32>,
    /// `NonCrashFailures`.
    pub non_crash_failures: bool,
    /// `Action`s: type and delay.
    pub actions: Vec<(u32, u32)>,
}

/// A service that an install section adds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Service {
    /// Name of its key.
    pub name: String,
    /// Flags, see [`service_flag`].
    pub flags: u32,
    /// Name of its install section.
    pub section: String,
    /// `ServiceType`: 1 kernel driver, 2 file system, 0x10 and 0x20 program.
    pub kind: Option<u32>,
    /// `StartType`.
    pub start: Option<StartType>,
    /// `ErrorControl`, 0 to 3.
    pub error_control: Option<u32>,
    /// `ServiceBinary`.
    pub binary: Option<ServiceBinary>,
    /// `LoadOrderGroup`.
    pub load_order_group: Option<String>,
    /// `Dependencies`; a name with `+` before it is a group.
    pub dependencies: Vec<String>,
    /// `DisplayName`.
    pub display_name: Option<DisplayText>,
    /// `Description`.
    pub description: Option<DisplayText>,
    /// `StartName`.
    pub start_name: Option<String>,
    /// `Security` of the service as SDDL.
    pub security: Option<String>,
    /// `RequiredPrivileges`.
    pub required_privileges: Vec<String>,
    /// `ServiceSidType`.
    pub sid_type: Option<u32>,
    /// `DelayedAutoStart`.
    pub delayed_auto_start: Option<bool>,
    /// `BootFlags`: when the system makes it a boot driver.
    pub boot_flags: Option<u32>,
    /// `AddTrigger`.
    pub triggers: Vec<ServiceTrigger>,
    /// `FailureActions`.
    pub failure_actions: Option<FailureActions>,
    /// Changes relative to the service's key.
    pub registry: Vec<RegistryChange>,
    /// Event log source.
    pub event_log: Option<EventLog>,
    /// File name of the included INF it comes from.
    pub from: Option<String>,
    /// Line of the `AddService`, counted from 1.
    pub line: u32,
}

impl Service {
    /// Whether it is the function driver of the device.
    pub fn is_associated(&self) -> bool {
        self.flags & service_flag::ASSOCIATED != 0
    }

    /// Whether it is a driver of the kernel (1 or 2) rather than a program.
    pub fn is_driver(&self) -> bool {
        self.kind.is_some_and(|kind| kind & 0x3 != 0)
    }

    /// Services it depends on.
    pub fn service_dependencies(&self) -> impl Iterator<Item = &str> {
        let names = self.dependencies.iter().map(String::as_str);
        names.filter(|name| !name.starts_with('+'))
    }

    /// Groups it depends on, without their sign.
    pub fn group_dependencies(&self) -> impl Iterator<Item = &str> {
        let names = self.dependencies.iter();
        names.filter_map(|name| name.strip_prefix('+'))
    }
}

/// A service that an install section removes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct DeletedService {
    /// Name of its key.
    pub name: String,
    /// Flags; 0x200 stops it before (`SPSVCINST_STOPSERVICE`).
    pub flags: u32,
    /// Line of the `DelService`, counted from 1.
    pub line: u32,
}

/// The driver of a device, as its install section says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssociatedService {
    /// The section does not say.
    #[default]
    Unsaid,
    /// `AddService = ,2`: the device needs none.
    Null,
    /// The service of that name.
    Named(String),
}

/// What a `.Services` section says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    pub(crate) added: Vec<Service>,
    pub(crate) deleted: Vec<DeletedService>,
    pub(crate) associated: AssociatedService,
}

impl<'a> Reader<'a, '_> {
    /// Reads one `.Services` section.
    pub(crate) fn services(&mut self, part: &Part<'a>, into: &mut Services) {
        for line in part.lines() {
            match directive(line).as_deref() {
                Some("addservice") => self.add_service(part, line, into),
                Some("delservice") => {
                    let name = self.field(part, line, 1).unwrap_or_default();
                    if self.is_service_name(part, line, &name) {
                        into.deleted.push(DeletedService {
                            name,
                            flags: self.flags(part, line, 2),
                            line: line.number(),
                        });
                    }
                }
                _ => {}
            }
        }
    }

    fn flags(&mut self, part: &Part<'a>, line: Line<'_>, index: usize) -> u32 {
        let text = self.field(part, line, index).unwrap_or_default();
        let flags = wimwright_inf::number(&text).and_then(|flags| u32::try_from(flags).ok());
        flags.unwrap_or_else(|| {
            let message = format!("flags `{text}` are no number");
            self.report(part, line, Rule::BadServiceValue, message);
            0
        })
    }

    /// A service name becomes a key, so it must be one key's name.
    fn is_service_name(&mut self, part: &Part<'a>, line: Line<'_>, name: &str) -> bool {
        let fine = !name.is_empty()
            && name.chars().count() <= 256
            && !name.contains(['\\', '/'])
            && !name.contains(|c: char| c < ' ');
        if !fine {
            let message = format!("`{name}` is no name of a service");
            self.report(part, line, Rule::BadServiceName, message);
        }
        fine
    }

    fn add_service(&mut self, part: &Part<'a>, line: Line<'_>, into: &mut Services) {
        if !self.one_more() {
            return;
        }
        let name = self.field(part, line, 1).unwrap_or_default();
        let flags = self.flags(part, line, 2);
        let associated = flags & service_flag::ASSOCIATED != 0;
        let is_null = name.is_empty() && associated;
        if !is_null && !self.is_service_name(part, line, &name) {
            return;
        }
        if associated {
            let new = match is_null {
                true => AssociatedService::Null,
                false => AssociatedService::Named(name.clone()),
            };
            if into.associated != AssociatedService::Unsaid && into.associated != new {
                let message = "the device gets a second associated service".to_owned();
                self.report(part, line, Rule::TwoAssociatedServices, message);
            } else {
                into.associated = new;
            }
        }
        if is_null {
            return;
        }
        let section = self.field(part, line, 3).unwrap_or_default();
        let Some(install) = self.named(part, line, &section) else {
            return;
        };
        let mut service = Service {
            name,
            flags,
            section: install.section.clone(),
            kind: None,
            start: None,
            error_control: None,
            binary: None,
            load_order_group: None,
            dependencies: Vec::new(),
            display_name: None,
            description: None,
            start_name: None,
            security: None,
            required_privileges: Vec::new(),
            sid_type: None,
            delayed_auto_start: None,
            boot_flags: None,
            triggers: Vec::new(),
            failure_actions: None,
            registry: Vec::new(),
            event_log: None,
            from: part.source.from().map(str::to_owned),
            line: line.number(),
        };
        self.service_section(&install, &mut service);
        self.complete(part, line, &service);
        service.event_log = self.event_log(part, line, &service.name);
        into.added.push(service);
    }

    fn service_section(&mut self, part: &Part<'a>, service: &mut Service) {
        for line in part.lines() {
            let Some(key) = directive(line) else {
                continue;
            };
            match key.as_str() {
                "servicetype" => service.kind = self.value(part, line),
                "starttype" => {
                    service.start = self.value(part, line).and_then(|number| {
                        let start = StartType::from_number(number);
                        if start.is_none() {
                            let message = format!("{number} is no start type");
                            self.report(part, line, Rule::BadServiceValue, message);
                        }
                        start
                    });
                }
                "errorcontrol" => service.error_control = self.value(part, line),
                "servicebinary" => service.binary = self.binary(part, line),
                "loadordergroup" => service.load_order_group = self.text(part, line),
                "dependencies" => service.dependencies = self.fields(part, line),
                "displayname" => service.display_name = self.display_text(part, line),
                "description" => service.description = self.display_text(part, line),
                "startname" => service.start_name = self.text(part, line),
                "security" => service.security = self.text(part, line),
                "requiredprivileges" => service.required_privileges = self.fields(part, line),
                "servicesidtype" => service.sid_type = self.value(part, line),
                "delayedautostart" => {
                    service.delayed_auto_start = self.value(part, line).map(|value| value != 0);
                }
                "bootflags" => service.boot_flags = self.value(part, line),
                "addtrigger" => self.triggers(part, line, &mut service.triggers),
                "failureactions" => service.failure_actions = self.failure_actions(part, line),
                _ => {}
            }
        }
        self.registry_of(part, &mut service.registry);
    }

    fn text(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<String> {
        let text = self.field(part, line, 1)?;
        (!text.is_empty()).then_some(text)
    }

    fn display_text(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<DisplayText> {
        let raw = line.raw_field(1).filter(|raw| !raw.is_empty())?;
        Some(DisplayText {
            raw: raw.to_owned(),
            text: self.field(part, line, 1)?,
        })
    }

    /// The number of a `key = number` line, with a finding if it is none.
    fn value(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<u32> {
        let text = self.field(part, line, 1).unwrap_or_default();
        let value = wimwright_inf::number(&text)
            .filter(|_| !text.is_empty())
            .and_then(|value| u32::try_from(value).ok());
        if value.is_none() {
            let key = line.raw_key().unwrap_or_default();
            let message = format!("{key} is `{text}`, which is no number");
            self.report(part, line, Rule::BadServiceValue, message);
        }
        value
    }

    fn binary(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<ServiceBinary> {
        let binary = ServiceBinary::read(self.text(part, line)?);
        let problem = match &binary.destination {
            None => Some(format!(
                "`{}` is no path of the form %dirid%\\file",
                binary.text
            )),
            Some(destination) => dirid::directory(destination.dirid, self.target)
                .err()
                .map(|error| error.to_string()),
        };
        if let Some(message) = problem {
            self.report(part, line, Rule::BadServiceBinary, message);
        }
        Some(binary)
    }

    /// "Each service-install-section must have at least the ServiceType,
    /// StartType, ErrorControl, and ServiceBinary entries".
    fn complete(&mut self, part: &Part<'a>, line: Line<'_>, service: &Service) {
        let missing: Vec<&str> = [
            ("ServiceType", service.kind.is_none()),
            ("StartType", service.start.is_none()),
            ("ErrorControl", service.error_control.is_none()),
            ("ServiceBinary", service.binary.is_none()),
        ]
        .into_iter()
        .filter(|(_, missing)| *missing)
        .map(|(name, _)| name)
        .collect();
        if !missing.is_empty() {
            let message = format!("service `{}` lacks {}", service.name, missing.join(", "));
            self.report(part, line, Rule::BadServiceValue, message);
        }
        if service.is_associated() && service.start == Some(StartType::Disabled) {
            let message = format!("`{}` drives the device but is disabled", service.name);
            self.report(part, line, Rule::AssociatedServiceDisabled, message);
        }
    }

    fn event_log(&mut self, part: &Part<'a>, line: Line<'_>, service: &str) -> Option<EventLog> {
        let section = self.field(part, line, 4).filter(|name| !name.is_empty())?;
        let install = self.named(part, line, &section)?;
        let mut registry = Vec::new();
        self.registry_of(&install, &mut registry);
        let or = |text: Option<String>, default: &str| {
            text.filter(|text| !text.is_empty())
                .unwrap_or_else(|| default.to_owned())
        };
        let log = or(self.field(part, line, 5), "System");
        let name = or(self.field(part, line, 6), service);
        if !self.is_service_name(part, line, &log) || !self.is_service_name(part, line, &name) {
            return None;
        }
        Some(EventLog {
            log,
            name,
            registry,
        })
    }

    fn triggers(&mut self, part: &Part<'a>, line: Line<'_>, into: &mut Vec<ServiceTrigger>) {
        for name in self.fields(part, line) {
            let Some(section) = self.named(part, line, &name) else {
                continue;
            };
            let mut trigger = ServiceTrigger {
                kind: 0,
                action: 0,
                subtype: None,
                data: Vec::new(),
            };
            for line in section.lines() {
                match directive(line).as_deref() {
                    Some("triggertype") => {
                        trigger.kind = self.value(&section, line).unwrap_or_default();
                    }
                    Some("action") => {
                        trigger.action = self.value(&section, line).unwrap_or_default();
                    }
                    Some("subtype") => {
                        let text = self.text(&section, line).unwrap_or_default();
                        trigger.subtype = text.parse().ok();
                    }
                    Some("dataitem") => {
                        let kind = self.value(&section, line).unwrap_or_default();
                        let text = self.field(&section, line, 2).unwrap_or_default();
                        trigger.data.push((kind, text));
                    }
                    _ => {}
                }
            }
            into.push(trigger);
        }
    }

    fn failure_actions(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<FailureActions> {
        let name = self.text(part, line)?;
        let section = self.named(part, line, &name)?;
        let mut found = FailureActions::default();
        for line in section.lines() {
            match directive(line).as_deref() {
                Some("resetperiod") => found.reset_period = self.value(&section, line),
                Some("noncrashfailures") => {
                    found.non_crash_failures =
                        self.value(&section, line).is_some_and(|value| value != 0);
                }
                Some("action") => {
                    let kind = self.value(&section, line).unwrap_or_default();
                    let delay = self
                        .path_field(&section, line, 2, PathForm::Absolute)
                        .and_then(|text| wimwright_inf::number(&text))
                        .and_then(|delay| u32::try_from(delay).ok())
                        .unwrap_or_default();
                    found.actions.push((kind, delay));
                }
                _ => {}
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dirid::DirectoryTexts;
    use crate::model::finding::Findings;
    use crate::model::target::Architecture;
    use wimwright_inf::{Inf, ParseOptions};

    const W10: Target = Target {
        major: 10,
        minor: 0,
        build: 19041,
        product_type: crate::model::target::ProductType::Workstation,
        suite_mask: 0,
        architecture: Architecture::Amd64,
    };

    fn read(text: &str) -> (Services, Vec<Rule>) {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let texts = DirectoryTexts::default();
        let resolve = |_: &str| None;
        let mut findings = Findings::default();
        let mut reader = Reader::new(&inf, &W10, &texts, &resolve, &mut findings);
        let mut services = Services::default();
        for part in reader.parts("S").list {
            reader.services(&part, &mut services);
        }
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (services, rules)
    }

    #[test]
    fn a_service_has_all_that_its_section_says() {
        let (services, rules) = read(
            "[S]\nAddService = viostor, 0x00000002 , Inst, Log, , Source\nDelService=old,0x200\n\
             [Inst]\nDisplayName=%n%\nDescription=plain\nServiceType=%one%\nStartType=0\n\
             ErrorControl=1\nServiceBinary=%12%\\viostor.sys\nLoadOrderGroup=SCSI miniport\n\
             Dependencies=a,+b\nAddReg=Reg\nBootFlags=0x14\nSecurity=\"D:\"\n\
             AddTrigger=Trig\nRequiredPrivileges=SeAuditPrivilege\nDelayedAutoStart=1\n\
             FailureActions=Fail\n\
             [Fail]\nResetPeriod=10\nAction=1,100\nAction=0,0\n\
             [Trig]\nTriggerType=1\nAction=1\nSubType={4D36E97B-E325-11CE-BFC1-08002BE10318}\n\
             DataItem=2,\"USB\\x\"\n\
             [Reg]\nHKR,Parameters,BusType,0x00010001,1\n\
             [Log]\nAddReg=LogReg\n[LogReg]\nHKR,,TypesSupported,0x00010001,7\n\
             [Strings]\nn=Name\none=1\n",
        );
        assert_eq!(rules, []);
        let service = &services.added[0];
        assert_eq!(service.name, "viostor");
        assert!(service.is_associated() && service.is_driver());
        assert_eq!(service.kind, Some(1));
        assert_eq!(service.start, Some(StartType::Boot));
        assert_eq!(service.error_control, Some(1));
        assert_eq!(service.load_order_group.as_deref(), Some("SCSI miniport"));
        assert_eq!(service.service_dependencies().collect::<Vec<_>>(), ["a"]);
        assert_eq!(service.group_dependencies().collect::<Vec<_>>(), ["b"]);
        let display = service.display_name.as_ref().unwrap();
        assert_eq!(
            (display.raw.as_str(), display.text.as_str()),
            ("%n%", "Name")
        );
        assert_eq!(service.boot_flags, Some(0x14));
        assert_eq!(service.security.as_deref(), Some("D:"));
        assert_eq!(service.delayed_auto_start, Some(true));
        assert_eq!(service.required_privileges, ["SeAuditPrivilege"]);
        assert_eq!(service.registry.len(), 1);
        let log = service.event_log.as_ref().unwrap();
        assert_eq!((log.log.as_str(), log.name.as_str()), ("System", "Source"));
        assert_eq!(log.registry.len(), 1);
        let trigger = &service.triggers[0];
        assert_eq!((trigger.kind, trigger.action), (1, 1));
        assert!(trigger.subtype.is_some());
        assert_eq!(trigger.data, [(2, "USB\\x".to_owned())]);
        let failure = service.failure_actions.as_ref().unwrap();
        assert_eq!(failure.reset_period, Some(10));
        assert_eq!(failure.actions, [(1, 100), (0, 0)]);
        assert_eq!(
            services.associated,
            AssociatedService::Named("viostor".to_owned())
        );
        assert_eq!(services.deleted[0].name, "old");
        assert_eq!(services.deleted[0].flags, 0x200);
    }

    #[test]
    fn a_null_driver_is_no_service() {
        let (services, rules) = read("[S]\nAddService = ,2    ; no value for the name\n");
        assert!(services.added.is_empty());
        assert_eq!(services.associated, AssociatedService::Null);
        assert_eq!(rules, []);
    }

    #[test]
    fn bad_services_are_findings() {
        let whole = "ServiceType=1\nStartType=3\nErrorControl=1\nServiceBinary=%12%\\x.sys\n";
        for (text, added, expected) in [
            (
                format!("[S]\nAddService=a,2,I\nAddService=b,2,I\n[I]\n{whole}"),
                2,
                vec![Rule::TwoAssociatedServices],
            ),
            (
                "[S]\nAddService=a,2,I\n".to_owned(),
                0,
                vec![Rule::SectionMissing],
            ),
            (
                format!("[S]\nAddService=a\\b,,I\n[I]\n{whole}"),
                0,
                vec![Rule::BadServiceName],
            ),
            (
                format!("[S]\nAddService=,,I\n[I]\n{whole}"),
                0,
                vec![Rule::BadServiceName],
            ),
            (
                "[S]\nAddService=a,,I\n[I]\nServiceType=1\n".to_owned(),
                1,
                vec![Rule::BadServiceValue],
            ),
            (
                format!("[S]\nAddService=a,2,I\n[I]\n{whole}StartType=4\n"),
                1,
                vec![Rule::AssociatedServiceDisabled],
            ),
            (
                format!("[S]\nAddService=a,,I\n[I]\n{whole}ServiceBinary=12\\x.sys\n"),
                1,
                vec![Rule::BadServiceBinary],
            ),
            (
                format!("[S]\nAddService=a,,I\n[I]\n{whole}StartType=9\n"),
                1,
                vec![Rule::BadServiceValue, Rule::BadServiceValue],
            ),
        ] {
            let (services, rules) = read(&text);
            assert_eq!(services.added.len(), added, "{text}");
            assert_eq!(rules, expected, "{text}");
        }
    }

    #[test]
    fn the_image_path_is_written_in_the_form_of_the_start_type() {
        use ImagePathForm::{Relative, SystemRoot, Variable};
        let store = Some(r"System32\DriverStore\FileRepository\p");
        for (text, form, package, path) in [
            (
                r"%12%\x.sys",
                Relative,
                None,
                Some(r"System32\drivers\x.sys"),
            ),
            (
                r"%12%\x.sys",
                SystemRoot,
                None,
                Some(r"\SystemRoot\System32\drivers\x.sys"),
            ),
            (
                r"%11%\x.exe",
                Variable,
                None,
                Some(r"%SystemRoot%\System32\x.exe"),
            ),
            (
                r"%12%\UMDF\x.dll",
                Relative,
                None,
                Some(r"System32\drivers\UMDF\x.dll"),
            ),
            (
                r"%13%\x.sys",
                SystemRoot,
                store,
                Some(r"\SystemRoot\System32\DriverStore\FileRepository\p\x.sys"),
            ),
            (r"%13%\x.sys", SystemRoot, None, None),
            (
                r"%16422%\x.exe",
                Variable,
                None,
                Some(r"%SystemDrive%\Program Files\x.exe"),
            ),
            (r"%16422%\x.exe", Relative, None, None),
            (
                r"%SystemRoot%\System32\drivers\x.sys",
                Relative,
                None,
                Some(r"System32\drivers\x.sys"),
            ),
            (
                r"system32\drivers\x.sys",
                Relative,
                None,
                Some(r"system32\drivers\x.sys"),
            ),
            (r"%11%\svchost.exe -k x", Variable, None, None),
            (r"%12%\..\x.sys", Relative, None, None),
            (r"%1%\x.sys", Relative, None, None),
            (r"C:\x.sys", Relative, None, None),
        ] {
            let binary = ServiceBinary::read(text.to_owned());
            let found = binary.image_path(form, &W10, package).ok();
            assert_eq!(found.as_deref(), path, "`{text}`");
        }
    }
}
