//! DISM's commands that are not carried out here, each with its reason.

use super::command::{Command, later, online, refused};

const DISKS: &str = "disks in files (.ffu) hold partitions and are written sector by sector";
const DISKS_HINT: &str = "programs like `dd` copy disks; `capture` makes a WIM file of a \
                          volume";
const APPS: &str = "Store apps are put in place by a service of Windows, which checks licences and \
                    signatures of its own";
const APPS_HINT: &str = "let the first boot do it: SetupComplete.cmd may run \
                         `dism /Online /Add-ProvisionedAppxPackage ...`";
const REGISTRY: &str = "`wimwright registry get` and `registry set` reach the values behind it";
const WIMBOOT: &str = "WIMBoot needs a driver of Windows 8.1 at apply and at boot";
const WIMBOOT_HINT: &str = "apply the image whole: /Apply-Image";

pub(super) const IMAGES: &[Command] = &[
    refused("Apply-FfuImage", DISKS, DISKS_HINT).also(&["Apply-Ffu"]),
    refused("Capture-FfuImage", DISKS, DISKS_HINT).also(&["Capture-Ffu"]),
    refused("Optimize-FfuImage", DISKS, DISKS_HINT).also(&["Optimize-Ffu"]),
    refused("Split-FfuImage", DISKS, DISKS_HINT).also(&["Split-Ffu"]),
    refused(
        "Optimize-Image",
        "what makes the first boot of an image shorter is prepared by Windows' own installers",
        "`wimwright optimize FILE.wim` makes the file itself smaller",
    ),
    refused("Get-WIMBootEntry", WIMBOOT, WIMBOOT_HINT),
    refused("Update-WIMBootEntry", WIMBOOT, WIMBOOT_HINT),
    refused(
        "Capture-CustomImage",
        WIMBOOT,
        "`wimwright capture DIR FILE.wim` captures all of it",
    ),
    refused(
        "Apply-CustomDataImage",
        WIMBOOT,
        "add the files themselves: `wimwright files put`",
    ),
    refused(
        "Apply-SiloedPackage",
        "what ScanState captured is put in place by the deployment tools of the ADK",
        "run the ADK's DISM from Windows PE",
    ),
];

pub(super) const APP_PACKAGES: &[Command] = &[
    later(
        "Get-ProvisionedAppxPackages",
        "`wimwright dir IMAGE 'Program Files/WindowsApps'` shows their folders",
    ),
    refused("Add-ProvisionedAppxPackage", APPS, APPS_HINT),
    refused("Remove-ProvisionedAppxPackage", APPS, APPS_HINT),
    refused("Optimize-ProvisionedAppxPackages", APPS, APPS_HINT),
    refused("Set-ProvisionedAppxDataFile", APPS, APPS_HINT),
    refused("Get-NonRemovableAppPolicy", APPS, APPS_HINT).also(&["Get-NonRemovableAppsPolicy"]),
    refused("Set-NonRemovableAppPolicy", APPS, APPS_HINT).also(&["Set-NonRemovableAppsPolicy"]),
];

pub(super) const PATCHES: &[Command] = &[
    later("Check-AppPatch", MSI_HINT),
    later("Get-AppPatchInfo", MSI_HINT),
    later("Get-AppPatches", MSI_HINT),
    later("Get-AppInfo", MSI_HINT),
    later(
        "Get-Apps",
        "`wimwright describe IMAGE` lists installed programs",
    ),
];

const MSI_HINT: &str = "`wimwright describe IMAGE` lists installed programs, not their patches";

pub(super) const ASSOCIATIONS: &[Command] = &[
    later("Get-DefaultAppAssociations", ASSOCIATIONS_HINT),
    later("Import-DefaultAppAssociations", ASSOCIATIONS_HINT).takes_value(),
    later("Remove-DefaultAppAssociations", ASSOCIATIONS_HINT),
];

const ASSOCIATIONS_HINT: &str = "the file is Windows/System32/OEMDefaultAssociations.xml: \
                                 `wimwright cat` and `wimwright files put` reach it";

pub(super) const LANGUAGES: &[Command] = &[
    later(
        "Get-Intl",
        "`wimwright info FILE.wim` lists the languages that the file names",
    ),
    later("Set-UILang", REGISTRY).takes_value(),
    later("Set-UILangFallback", REGISTRY).takes_value(),
    later("Set-SysUILang", REGISTRY).takes_value(),
    later("Set-SysLocale", REGISTRY).takes_value(),
    later("Set-UserLocale", REGISTRY).takes_value(),
    later("Set-InputLocale", REGISTRY).takes_value(),
    later("Set-AllIntl", ANSWER_FILE).takes_value(),
    later("Set-TimeZone", ANSWER_FILE).takes_value(),
    later("Set-SKUIntlDefaults", ANSWER_FILE).takes_value(),
    later("Set-LayeredDriver", REGISTRY).takes_value(),
    later(
        "Gen-LangINI",
        "write the file `lang.ini` of the media by hand",
    ),
    later(
        "Set-SetupUILang",
        "write the file `lang.ini` of the media by hand",
    )
    .takes_value(),
];

const ANSWER_FILE: &str = "say it in an answer file (International-Core, TimeZone), and stage it \
                           with `generalize stage`";

const CAPABILITIES: &str = "installers that are part of Windows add and remove capabilities";
const CAPABILITIES_HINT: &str = "let the first boot do it: SetupComplete.cmd may run \
                                 `dism /Online /Add-Capability ...`";

pub(super) const CAPABILITY: &[Command] = &[
    refused("Add-Capability", CAPABILITIES, CAPABILITIES_HINT),
    later(
        "Get-Capabilities",
        "/Get-Packages lists those that are installed as packages",
    ),
    later(
        "Get-CapabilityInfo",
        "/Get-PackageInfo describes one as a package",
    ),
    refused("Remove-Capability", CAPABILITIES, CAPABILITIES_HINT),
    refused(
        "Export-Source",
        "a repository of capabilities is put together by Windows' own servicing stack",
        "take the whole repository from the media of languages and features",
    ),
];

pub(super) const PROVISIONING: &[Command] = &[
    refused(
        "Add-ProvisioningPackage",
        "a provisioning package is carried out by a service of Windows",
        "put the .ppkg into Recovery/Customizations with `wimwright files put`: Windows takes it at \
         the first boot",
    ),
    later(
        "Get-ProvisioningPackageInfo",
        "a .ppkg is a WIM file: try `wimwright info FILE.ppkg`",
    ),
];

pub(super) const WINDOWS_PE: &[Command] = &[
    later("Get-PESettings", REGISTRY),
    later("Get-ScratchSpace", REGISTRY),
    later("Get-TargetPath", REGISTRY),
    later("Set-ScratchSpace", REGISTRY).takes_value(),
    later("Set-TargetPath", REGISTRY).takes_value(),
];

const EDGE: &str = "the installer of Edge runs inside Windows";
const EDGE_HINT: &str = "let the first boot run it, from SetupComplete.cmd";

/// Commands that came after the list of the documentation.
pub(super) const EDGE_COMMANDS: &[Command] = &[
    refused("Add-Edge", EDGE, EDGE_HINT),
    refused("Add-EdgeBrowser", EDGE, EDGE_HINT),
    refused("Add-EdgeWebView", EDGE, EDGE_HINT),
];

/// What DISM has for a running Windows only.
pub(super) const RUNNING: &[Command] = &[
    online("Export-DefaultAppAssociations").takes_value(),
    online("Get-ReservedStorageState"),
    online("Set-ReservedStorageState"),
    online("Initiate-OSUninstall"),
    online("Remove-OSUninstall"),
    online("Get-OSUninstallWindow"),
    online("Set-OSUninstallWindow"),
];
