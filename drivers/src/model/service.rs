//! Services, with everything that goes into their keys.
//!
//! Facts of the page "INF AddService directive".

use serde::Serialize;

use super::dirid::{self, Destination, DiridError, Root, WINDOWS};
use super::file_name::check_name;
use super::guid::Guid;
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

    pub(crate) fn from_number(number: u32) -> Option<Self> {
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

    pub(crate) fn read(text: String) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::target::Architecture;

    const W10: Target = Target {
        major: 10,
        minor: 0,
        build: 19041,
        product_type: crate::model::target::ProductType::Workstation,
        suite_mask: 0,
        architecture: Architecture::Amd64,
    };

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
