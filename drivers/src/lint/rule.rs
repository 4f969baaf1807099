//! The rules, as data: number, name, how much each weighs, its page, a hint.
//!
//! Numbers are those of Microsoft's InfVerif, and of Inf2Cat (`22.9.1`), where
//! they check the same. What a number means is taken from Microsoft's pages,
//! and where these do not list it, from messages of InfVerif in public
//! reports; `docs/guide/lint.md` says for each which.

use serde::{Serialize, Serializer};

use crate::model::Severity;

/// Which demands are made, as InfVerif's options do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LintMode {
    /// Those of every INF: InfVerif without a mode.
    #[default]
    Basic,
    /// Those of a declarative driver, which a submission must meet: `/k`.
    Declarative,
    /// Those of a universal driver: `/u`.
    Universal,
    /// Those of a Windows driver, with package isolation: `/w`.
    Windows,
}

/// How much breaking a rule weighs in each mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Error,
    Warning,
    /// A warning; an error in every mode but the basic one.
    ErrorInModes,
    /// A warning; an error for Windows drivers.
    ErrorForWindows,
    /// Not said but in the modes, and there an error.
    OnlyInModes,
    /// Not said but for Windows drivers, and there an error.
    OnlyForWindows,
}

impl Weight {
    fn severity(self, mode: LintMode) -> Option<Severity> {
        let (in_mode, for_windows) = (mode != LintMode::Basic, mode == LintMode::Windows);
        match self {
            Weight::Error => Some(Severity::Error),
            Weight::Warning => Some(Severity::Warning),
            Weight::ErrorInModes if in_mode => Some(Severity::Error),
            Weight::ErrorForWindows if for_windows => Some(Severity::Error),
            Weight::ErrorInModes | Weight::ErrorForWindows => Some(Severity::Warning),
            Weight::OnlyInModes => in_mode.then_some(Severity::Error),
            Weight::OnlyForWindows => for_windows.then_some(Severity::Error),
        }
    }
}

/// Pages of Microsoft's driver documentation, below
/// `https://learn.microsoft.com/windows-hardware/drivers/`.
mod page {
    pub(super) const CODES: &str = "devtest/inf-validation-errors-and-warnings";
    pub(super) const CONFLICTS: &str = "devtest/inf-verif-error-1330";
    pub(super) const INF2CAT: &str = "devtest/inf2cat";
    pub(super) const SYNTAX: &str = "install/general-syntax-rules-for-inf-files";
    pub(super) const VERSION: &str = "install/inf-version-section";
    pub(super) const DRIVER_VER: &str = "install/inf-driverver-directive";
    pub(super) const STRINGS: &str = "install/inf-strings-section";
    pub(super) const CLASSES: &str =
        "install/system-defined-device-setup-classes-available-to-vendors";
    pub(super) const EXTENSION: &str = "install/using-an-extension-inf-file";
    pub(super) const MANUFACTURER: &str = "install/inf-manufacturer-section";
    pub(super) const DDINSTALL: &str = "install/inf-ddinstall-section";
    pub(super) const UNIVERSAL: &str = "install/using-a-universal-inf-file";
    pub(super) const ISOLATION: &str = "develop/driver-isolation";
    pub(super) const PRIMITIVE: &str = "develop/creating-a-primitive-driver";
    pub(super) const ADD_SERVICE: &str = "install/inf-addservice-directive";
    pub(super) const ADD_REG: &str = "install/inf-addreg-directive";
    pub(super) const COPY_FILES: &str = "install/inf-copyfiles-directive";
    pub(super) const SOURCE_FILES: &str = "install/inf-sourcedisksfiles-section";
    pub(super) const SOURCE_NAMES: &str = "install/inf-sourcedisksnames-section";
    pub(super) const DESTINATIONS: &str = "install/inf-destinationdirs-section";
    pub(super) const DIRIDS: &str = "install/using-dirids";
    pub(super) const TXTSETUP: &str = "install/txtsetup-oem-files";
}

macro_rules! rules {
    ($($variant:ident, $id:literal, $name:literal, $weight:ident, $page:expr, $title:literal, $hint:expr;)+) => {
        /// A rule of [`lint`](crate::lint()).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LintRule {
            $(#[doc = concat!("Rule `", $name, "`: see [`LintRule::title`].")] $variant,)+
        }

        impl LintRule {
            /// Every rule, for listings.
            pub const ALL: &'static [LintRule] = &[$(LintRule::$variant,)+];

            /// The number of InfVerif or Inf2Cat; the name of a rule that
            /// neither has.
            pub fn id(self) -> &'static str {
                let id = match self { $(LintRule::$variant => $id,)+ };
                if id.is_empty() { self.name() } else { id }
            }

            /// Its name in kebab-case, stable across releases.
            pub fn name(self) -> &'static str {
                match self { $(LintRule::$variant => $name,)+ }
            }

            /// One sentence about what is wrong.
            pub fn title(self) -> &'static str {
                match self { $(LintRule::$variant => $title,)+ }
            }

            /// What to do about it, where that is known.
            pub fn hint(self) -> Option<&'static str> {
                match self { $(LintRule::$variant => $hint,)+ }
            }

            /// The address of the page that states the rule.
            pub fn page(self) -> String {
                let page = match self { $(LintRule::$variant => $page,)+ };
                format!("https://learn.microsoft.com/windows-hardware/drivers/{page}")
            }

            /// How much breaking it weighs; `None` where a mode does not ask.
            pub fn severity(self, mode: LintMode) -> Option<Severity> {
                let weight = match self { $(LintRule::$variant => Weight::$weight,)+ };
                weight.severity(mode)
            }
        }
    };
}

impl Serialize for LintRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

rules! {
    BadSignature, "1001", "bad-signature", Error, page::VERSION,
        "[Version] is missing or has no signature of Windows",
        Some("write Signature = \"$Windows NT$\" under [Version]");
    Syntax, "1002", "syntax", Error, page::SYNTAX,
        "the text cannot be read as it was meant", None;
    Encoding, "1003", "encoding", Error, page::CODES,
        "the file is neither ANSI nor UTF-16LE",
        Some("save it as UTF-16LE with a byte order mark");
    NoSectionName, "1005", "no-section-name", Error, page::CODES,
        "an entry lacks the section that it must name", None;
    BadDiskId, "1008", "bad-disk-id", Error, page::SOURCE_NAMES,
        "a disk id is no number", None;
    BadClassGuid, "1010", "bad-class-guid", Error, page::VERSION,
        "ClassGuid is missing or is no GUID", None;
    NoModelsName, "1011", "no-models-name", Error, page::MANUFACTURER,
        "a manufacturer has no models section", None;
    NoServiceValue, "1013", "no-service-value", Error, page::ADD_SERVICE,
        "a service lacks a value that it must have", None;
    StoreNameMismatch, "1100", "store-name-mismatch", Error, page::CODES,
        "a file that stays in the driver store gets another name or folder there",
        Some("with directory id 13 a file keeps its name and its folder of [SourceDisksFiles]");
    NewSyntax, "1199", "new-syntax", OnlyInModes, page::CODES,
        "a directive is newer than the Windows that the models are for",
        Some("give the models section a build number, as in NTamd64.10.0...17763");
    SectionNotFound, "1203", "section-not-found", Error, page::CODES,
        "a section that is named does not exist", None;
    ProviderMicrosoft, "1204", "provider-microsoft", Error, page::CODES,
        "Provider cannot be Microsoft",
        Some("name the organization that wrote the INF");
    TwoDirectives, "1205", "two-directives", Warning, page::CODES,
        "one section is named by two different directives",
        Some("give each directive a section of its own");
    SectionTwice, "1209", "section-twice", Error, page::CODES,
        "a section is defined more than once", Some("merge the sections");
    TwoAssociated, "1211", "two-associated-services", Error, page::ADD_SERVICE,
        "a device has two function drivers", None;
    DefaultInstallAndManufacturer, "1212", "default-install-and-manufacturer", Error, page::CODES,
        "the INF has both [DefaultInstall] and [Manufacturer]", Some("remove one of the two");
    CatalogAsSource, "1213", "catalog-as-source", Error, page::SOURCE_FILES,
        "a catalog is listed as a source file",
        Some("name it in CatalogFile alone");
    BadCatalogName, "1214", "bad-catalog-name", Error, page::VERSION,
        "CatalogFile does not name a catalog beside the INF", None;
    BadDriverVersion, "1217", "bad-driver-version", Error, page::DRIVER_VER,
        "the version in DriverVer is not w.x.y.z", None;
    BadDriverDate, "1218", "bad-driver-date", Error, page::DRIVER_VER,
        "the date in DriverVer is not mm/dd/yyyy", None;
    SectionOfIncluded, "1220", "section-of-included", Error, page::CODES,
        "a section is not in this INF, and one of an included INF cannot be named so",
        Some("use Needs to take over a section of an included INF");
    ServicesKey, "1221", "services-key", Error, page::CODES,
        "the key of services is written directly",
        Some("use HKR in a list that the service's section names");
    BadRoot, "1222", "bad-registry-root", Error, page::ADD_REG,
        "a registry root is none of HKCR, HKCU, HKLM, HKU, HKR", None;
    NoSourceEntry, "1230", "no-source-entry", Error, page::CODES,
        "a file is not listed in [SourceDisksFiles]",
        Some("list it, for each architecture if the sections are decorated");
    CompressedName, "1231", "compressed-name", Error, page::SOURCE_FILES,
        "a file is listed under its compressed name", None;
    NoCatalog, "1233", "no-catalog", Error, page::CODES,
        "[Version] names no catalog, so the package counts as unsigned",
        Some("add CatalogFile = NAME.cat");
    UndefinedToken, "1235", "undefined-token", Error, page::CODES,
        "a token is not defined in [Strings]",
        Some("write %% for a percent sign, as in %%SystemRoot%%");
    BadDirid, "1241", "bad-dirid", Error, page::DIRIDS,
        "a directory id is no number, or names no directory", None;
    AssociatedDisabled, "1251", "associated-service-disabled", Error, page::ADD_SERVICE,
        "the function driver is disabled", None;
    BadServiceBinary, "1254", "bad-service-binary", Error, page::ADD_SERVICE,
        "ServiceBinary is no path of the form %dirid%\\file", None;
    BadData, "1267", "bad-registry-data", Error, page::ADD_REG,
        "registry data do not fit their type", None;
    DiskNotListed, "1273", "disk-not-listed", Error, page::SOURCE_NAMES,
        "a disk id is not in [SourceDisksNames]", None;
    StampinfVariable, "1274", "stampinf-variable", Error, page::CODES,
        "the file still has a variable of stampinf in it",
        Some("run stampinf, or lint it as an input of the build with --stampinf");
    NoDestination, "1275", "no-destination", Error, page::DESTINATIONS,
        "[DestinationDirs] gives a list of files no directory",
        Some("add it, or DefaultDestDir");
    ClassNameMismatch, "1280", "class-name-mismatch", Error, page::CLASSES,
        "Class does not fit the ClassGuid of Windows",
        Some("for a class of your own make a new ClassGuid");
    ClassGuidMismatch, "1281", "class-guid-mismatch", Error, page::CLASSES,
        "ClassGuid does not fit the Class of Windows",
        Some("for a class of your own choose another name");
    SampleClass, "1284", "sample-class", Error, page::CODES,
        "the class of Microsoft's samples is reserved",
        Some("choose a class, or make one with its own name and ClassGuid");
    SystemClassInstall, "1285", "system-class-install", Error, page::CODES,
        "[ClassInstall32] is for a class that Windows defines", Some("remove the section");
    BadDecoration, "1287", "bad-decoration", Error, page::MANUFACTURER,
        "a decoration of a models section is none", None;
    NoAssociated, "1296", "no-associated-service", Error, page::CODES,
        "a device gets no function driver",
        Some("say so with AddService = ,2 or take one over with Include and Needs");
    NoDevices, "1297", "no-devices", Error, page::CODES,
        "the INF installs on no device",
        Some("add hardware ids, or make it a primitive driver with [DefaultInstall]");
    LegacySection, "1300", "legacy-section", ErrorInModes, page::UNIVERSAL,
        "the section is no longer supported", None;
    LegacyDirective, "1301", "legacy-directive", ErrorInModes, page::UNIVERSAL,
        "the directive is no longer supported", None;
    LegacyDelete, "1302", "legacy-delete", ErrorInModes, page::UNIVERSAL,
        "something outside the package is deleted", None;
    CoInstaller, "1303", "co-installer", ErrorInModes, page::CODES,
        "a co-installer is registered", None;
    NonRelativeKey, "1304", "non-relative-key", ErrorInModes, page::UNIVERSAL,
        "a registry root other than HKR is written", None;
    AppendedString, "1305", "appended-string", ErrorInModes, page::CODES,
        "a list of strings of others is changed", None;
    OutsideWindows, "1306", "outside-windows", ErrorInModes, page::UNIVERSAL,
        "a file is copied to a place outside the Windows directory", None;
    ClassInstaller, "1307", "class-installer", ErrorInModes, page::CODES,
        "a class installer is registered", None;
    NeedsOtherKind, "1310", "needs-other-kind", ErrorInModes, page::CODES,
        "Needs takes over a section of another kind",
        Some("a .Services section needs a .Services section, and so on");
    NeedsWithoutInclude, "1313", "needs-without-include", ErrorInModes, page::CODES,
        "Needs names a section of another INF, and the section includes none",
        Some("repeat Include in each section that has Needs");
    KeyNotIsolated, "1320", "key-not-isolated", OnlyForWindows, page::ISOLATION,
        "a registry key is not relative to the device", None;
    ValueNotIsolated, "1321", "value-not-isolated", OnlyForWindows, page::ISOLATION,
        "a registry value is not relative to the device", None;
    FileNotIsolated, "1322", "file-not-isolated", OnlyForWindows, page::ISOLATION,
        "a file does not stay in the driver store", Some("copy it to directory id 13");
    NotInParameters, "1323", "not-in-parameters", OnlyForWindows, page::ISOLATION,
        "a value of a service is not under its Parameters key", None;
    NoPnpLockdown, "1324", "no-pnp-lockdown", ErrorForWindows, page::CODES,
        "[Version] should say PnpLockdown = 1",
        Some("add it, so that programs cannot replace the files");
    FileConflict, "1330", "file-conflict", Error, page::CONFLICTS,
        "different source files are copied to one destination", None;
    ValueConflict, "1331", "value-conflict", Error, page::CONFLICTS,
        "a registry value outside the device is set to different data", None;
    ServiceValueConflict, "1332", "service-value-conflict", Error, page::CONFLICTS,
        "a registry value of a service is set to different data", None;
    ServiceConflict, "1333", "service-conflict", Error, page::CONFLICTS,
        "a service is set up in different ways", None;
    NotPrimitive, "1420", "not-primitive", ErrorInModes, page::PRIMITIVE,
        "the INF cannot be a primitive driver", None;
    DefaultInstallDecoration, "1421", "default-install-decoration", ErrorInModes, page::PRIMITIVE,
        "the section should have an architecture decoration",
        Some("write [DefaultInstall.NTamd64], and one for each architecture");
    SectionUnused, "2083", "section-unused", Warning, page::CODES,
        "nothing uses the section", None;
    BinaryNotCopied, "2084", "binary-not-copied", Warning, page::CODES,
        "no CopyFiles copies the service's binary", None;
    LegacyIgnored, "2222", "legacy-ignored", Warning, page::CODES,
        "the directive is no longer read", None;
    ArchlessModels, "2223", "archless-models", Warning, page::CODES,
        "the models have no architecture, and serve x86 alone",
        Some("add decorations such as NTamd64");
    FileMissing, "22.9.1", "file-missing", Error, page::INF2CAT,
        "a file of the package is not where the INF says", None;
    DateInFuture, "22.9.7", "date-in-future", Error, page::INF2CAT,
        "the date in DriverVer lies in the future", None;
    Utf8AsAnsi, "", "utf-8-as-ansi", Warning, page::CODES,
        "the file is UTF-8, which Windows reads as ANSI",
        Some("save it as UTF-16LE with a byte order mark");
    ChicagoSignature, "", "chicago-signature", Warning, page::VERSION,
        "the signature is that of Windows 95",
        Some("write Signature = \"$Windows NT$\"");
    NoByteOrderMark, "", "no-byte-order-mark", Warning, page::CODES,
        "the file is UTF-16LE without a byte order mark", None;
    TextIgnored, "", "text-ignored", Warning, page::SYNTAX,
        "Windows does not read part of the text", None;
    StringTwice, "", "string-twice", Warning, page::STRINGS,
        "a token is defined twice, and the first one counts", None;
    BadClass, "", "bad-class", Error, page::VERSION,
        "the name of the class is too long", None;
    NoProvider, "", "no-provider", Error, page::VERSION,
        "[Version] names no Provider", None;
    BadExtensionId, "", "bad-extension-id", Error, page::EXTENSION,
        "an extension INF has no usable ExtensionId", None;
    ExtensionService, "", "extension-associates-service", Error, page::EXTENSION,
        "an extension INF gives the device a function driver", None;
    NestedNeeds, "", "nested-needs", Warning, page::DDINSTALL,
        "a section that others need has Needs of its own, which are not followed", None;
    BadServiceValue, "", "bad-service-value", Error, page::ADD_SERVICE,
        "a value of a service is not one that it can have", None;
    BadServiceName, "", "bad-service-name", Error, page::ADD_SERVICE,
        "a name is none that a service can have", None;
    BadFlags, "", "bad-registry-flags", Error, page::ADD_REG,
        "the flags of a registry entry are no number", None;
    BadEntry, "", "bad-entry", Error, page::DDINSTALL,
        "an entry cannot be read", None;
    BadFileName, "", "bad-file-name", Error, page::COPY_FILES,
        "a file name is none that Windows allows, or leads out of the package", None;
    InfCopied, "", "inf-copied", Warning, page::COPY_FILES,
        "an INF is copied as a file", Some("use CopyINF");
    TooMuch, "", "too-much", Error, page::SYNTAX,
        "the INF has more than is read", None;
    TextSetup, "", "text-setup", Error, page::TXTSETUP,
        "text mode setup cannot use the entry", None;
    TextSetupUnused, "", "text-setup-unused", Warning, page::TXTSETUP,
        "text mode setup does not read the entry", None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_say_themselves() {
        let names: BTreeSet<_> = LintRule::ALL.iter().map(|rule| rule.name()).collect();
        let ids: BTreeSet<_> = LintRule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(names.len(), LintRule::ALL.len());
        assert_eq!(ids.len(), LintRule::ALL.len());
        for rule in LintRule::ALL {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(rule.name().chars().all(kebab), "{}", rule.name());
            assert!(!rule.title().ends_with('.'), "{}", rule.title());
            assert!(rule.page().starts_with("https://learn.microsoft.com/"));
        }
    }

    #[test]
    fn modes_weigh_as_infverif_weighs() {
        use Severity::{Error, Warning};
        for (rule, basic, universal, windows) in [
            (
                LintRule::SectionNotFound,
                Some(Error),
                Some(Error),
                Some(Error),
            ),
            (
                LintRule::CoInstaller,
                Some(Warning),
                Some(Error),
                Some(Error),
            ),
            (
                LintRule::NoPnpLockdown,
                Some(Warning),
                Some(Warning),
                Some(Error),
            ),
            (LintRule::FileNotIsolated, None, None, Some(Error)),
            (LintRule::NewSyntax, None, Some(Error), Some(Error)),
            (
                LintRule::SectionUnused,
                Some(Warning),
                Some(Warning),
                Some(Warning),
            ),
        ] {
            let modes = [LintMode::Basic, LintMode::Universal, LintMode::Windows];
            let found = modes.map(|mode| rule.severity(mode));
            assert_eq!(found, [basic, universal, windows], "{}", rule.name());
        }
        assert_eq!(
            LintRule::CoInstaller.severity(LintMode::Declarative),
            Some(Error)
        );
    }
}
