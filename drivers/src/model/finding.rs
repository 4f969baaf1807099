//! What is odd about a driver INF: data for the caller.
//!
//! Rule names are stable. Where Microsoft's InfVerif checks the same, its
//! number is given (devtest pages "InfVerif" and "INF Validation Errors and
//! Warnings").

use std::fmt;

use serde::{Serialize, Serializer};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// Windows copes, or this reading is a guess.
    Warning,
    /// The entry cannot be used, or the package cannot be staged.
    Error,
}

/// One oddity, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which rule was broken.
    pub rule: Rule,
    /// How much it weighs.
    pub severity: Severity,
    /// Name of the section; empty where the whole file is meant. Findings in
    /// an included INF have its file name before it: `winusb.inf: Section`.
    pub section: String,
    /// Line of the file, counted from 1; 0 where no line is meant.
    pub line: u32,
    /// One sentence for a person: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.section.is_empty() {
            write!(f, "[{}] ", self.section)?;
        }
        if self.line != 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}: {}", self.rule, self.message)
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $severity:ident, $number:expr;)+) => {
        /// The rules of driver INFs that the model checks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Rule {
            /// Every rule, for listings.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant,)+];

            /// The rule's name in kebab-case, stable across releases.
            pub fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name,)+ }
            }

            /// How much breaking the rule weighs.
            pub fn severity(self) -> Severity {
                match self { $(Rule::$variant => Severity::$severity,)+ }
            }

            /// The number of the same rule in InfVerif, where it has one.
            pub fn infverif(self) -> Option<u16> {
                match self { $(Rule::$variant => $number,)+ }
            }
        }
    };
}

rules! {
    /// `SetupOpenInfFile` refuses the whole file for its text.
    NotAnInf, "not-an-inf", Error, Some(1002);
    /// No `[Version]`, or a signature that is not Windows'.
    BadSignature, "bad-signature", Error, Some(1001);
    /// A `$ARCH$` or other stampinf variable: the file is an input of the
    /// build, not yet an INF.
    Template, "template", Error, Some(1274);
    /// `ClassGuid` is missing or is no GUID.
    BadClassGuid, "bad-class-guid", Error, Some(1010);
    /// `Class` is missing or longer than 32 characters.
    BadClass, "bad-class", Warning, None;
    /// `Provider` is missing.
    NoProvider, "no-provider", Warning, None;
    /// `Provider` says Microsoft in somebody else's INF.
    ProviderMicrosoft, "provider-microsoft", Note, Some(1204);
    /// `DriverVer` is missing, or its date is none.
    BadDate, "bad-driver-date", Warning, Some(1218);
    /// The version in `DriverVer` is missing or not four numbers.
    BadVersion, "bad-driver-version", Warning, Some(1217);
    /// No `CatalogFile`: the package counts as unsigned.
    NoCatalog, "no-catalog", Warning, Some(1233);
    /// `CatalogFile` names no `.cat` beside the INF.
    BadCatalogName, "bad-catalog-name", Error, Some(1214);
    /// `PnpLockdown` is not set to 1.
    NoPnpLockdown, "no-pnp-lockdown", Note, None;
    /// An extension INF without a usable `ExtensionId`.
    BadExtensionId, "bad-extension-id", Error, None;
    /// An extension INF that associates a service with the device.
    ExtensionAssociatesService, "extension-associates-service", Error, None;
    /// Both `[DefaultInstall]` and `[Manufacturer]`.
    DefaultInstallAndManufacturer, "default-install-and-manufacturer", Warning, Some(1212);
    /// A `%token%` without a value.
    UndefinedToken, "undefined-token", Warning, Some(1235);
    /// A `[Manufacturer]` line without a models section.
    NoModelsName, "no-models-name", Error, Some(1011);
    /// A decoration that is none.
    BadDecoration, "bad-decoration", Warning, Some(1287);
    /// A models section that `[Manufacturer]` names and the file lacks.
    ModelsSectionMissing, "models-section-missing", Warning, Some(1203);
    /// Models without architecture, used for (or lost to) another than x86.
    ArchlessModels, "archless-models", Warning, Some(2010);
    /// A models line without an install section.
    NoInstallSection, "no-install-section", Error, Some(1005);
    /// A models line without any device id, as printers may have it.
    NoDeviceId, "no-device-id", Note, None;
    /// An install section that a models line names and the file lacks.
    InstallSectionMissing, "install-section-missing", Warning, Some(1203);
    /// A section that a directive names and the file lacks.
    SectionMissing, "section-missing", Warning, Some(1203);
    /// A directive that names a section of an included INF.
    SectionOfIncluded, "section-of-included", Note, Some(1220);
    /// The sub-section exists under another decoration than the one in use.
    UnusedSubsection, "unused-subsection", Warning, Some(2083);
    /// An included INF that the image lacks.
    IncludeMissing, "include-missing", Warning, Some(1202);
    /// A needed section that neither the INF nor an included one has.
    NeedsMissing, "needs-missing", Warning, Some(1203);
    /// A needed section that needs others, which the documentation forbids.
    NestedNeeds, "nested-needs", Note, None;
    /// A directive that this model records but does not interpret.
    DirectiveRecorded, "directive-recorded", Note, None;
    /// A feature score that is no byte.
    BadFeatureScore, "bad-feature-score", Warning, None;
    /// More than one associated service in one install section.
    TwoAssociatedServices, "two-associated-services", Error, Some(1211);
    /// No associated service where a device INF needs one.
    NoAssociatedService, "no-associated-service", Note, Some(1296);
    /// The associated service is disabled.
    AssociatedServiceDisabled, "associated-service-disabled", Warning, Some(1251);
    /// A service without a value that it must have.
    ServiceIncomplete, "service-incomplete", Warning, Some(1013);
    /// A value of a service that is not one it can have.
    BadServiceValue, "bad-service-value", Warning, None;
    /// A service binary that is not `%dirid%\\file`.
    BadServiceBinary, "bad-service-binary", Warning, Some(1254);
    /// A service binary that no `CopyFiles` of the section copies.
    ServiceBinaryNotCopied, "service-binary-not-copied", Note, Some(2084);
    /// A service name that is no single registry key name.
    BadServiceName, "bad-service-name", Error, None;
    /// A `txtsetup.oem` that names a file or folder outside its own, or a disk
    /// that it does not list.
    TextSetupFile, "text-setup-file", Error, None;
    /// Data in a `txtsetup.oem` that is none of its type.
    TextSetupValue, "text-setup-value", Error, None;
    /// An option of a `txtsetup.oem` that cannot be carried out as a whole.
    TextSetupOption, "text-setup-option", Warning, None;
    /// Values of a `txtsetup.oem` that Windows does not read.
    TextSetupUnused, "text-setup-unused", Warning, None;
    /// A registry root that is none of HKCR, HKCU, HKLM, HKU, HKR.
    BadRegistryRoot, "bad-registry-root", Error, Some(1222);
    /// A registry root that the place does not have.
    RootNotAllowed, "registry-root-not-allowed", Warning, None;
    /// A registry operation outside the device's own keys.
    NonRelativeKey, "non-relative-key", Note, Some(1304);
    /// Registry flags that are no number.
    BadRegistryFlags, "bad-registry-flags", Error, None;
    /// Registry data that do not fit their type.
    BadRegistryData, "bad-registry-data", Error, Some(1267);
    /// An interface, property or filter entry that cannot be read.
    BadEntry, "bad-entry", Warning, None;
    /// A text with a directory whose drive letter only the installed system
    /// knows; `C:` was assumed.
    AssumedDriveLetter, "assumed-drive-letter", Note, None;
    /// A text with a directory id that has no place in an image.
    UnusableDirid, "unusable-dirid", Warning, Some(1241);
    /// A file name that leads elsewhere, or that Windows does not allow.
    BadFileName, "bad-file-name", Error, None;
    /// A source file without an entry in `[SourceDisksFiles]`.
    NoSourceEntry, "no-source-entry", Error, Some(1230);
    /// A disk id that is no number.
    BadDiskId, "bad-disk-id", Error, Some(1008);
    /// A disk id that `[SourceDisksNames]` does not list.
    DiskIdNotListed, "disk-id-not-listed", Warning, Some(1273);
    /// The compressed name of a file, `x.sy_`, in place of its own.
    CompressedName, "compressed-name", Warning, Some(1231);
    /// A catalog in `[SourceDisksFiles]`.
    CatalogListed, "catalog-listed", Warning, Some(1213);
    /// An INF in `CopyFiles`.
    InfCopied, "inf-copied", Warning, None;
    /// A file list that `[DestinationDirs]` gives no directory.
    NoDestination, "no-destination", Warning, Some(1275);
    /// A directory id that is no number or has no place in an image.
    BadDirid, "bad-dirid", Error, Some(1241);
    /// The lists of the install sections add up to more than is read.
    TooManyEntries, "too-many-entries", Error, None;
    /// A file of dirid 13 under another name or folder than its source.
    StoreNameMismatch, "store-name-mismatch", Error, Some(1100);
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How many findings are kept for one INF: a hostile one could hold a finding
/// per line, and a section can be referenced many times.
const MAX_FINDINGS: usize = 1000;

/// Collects findings, each once: install sections share the sections they
/// refer to.
#[derive(Clone, Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds a finding unless it is known already.
    pub(crate) fn add(&mut self, rule: Rule, section: &str, line: u32, message: String) {
        let known = |found: &Finding| {
            found.rule == rule
                && found.line == line
                && found.section == section
                && found.message == message
        };
        if self.0.len() < MAX_FINDINGS && !self.0.iter().any(known) {
            self.0.push(Finding {
                rule,
                severity: rule.severity(),
                section: section.to_owned(),
                line,
                message,
            });
        }
    }

    /// The findings, in the order in which they were made.
    pub fn into_vec(self) -> Vec<Finding> {
        self.0
    }

    /// The findings so far.
    pub fn as_slice(&self) -> &[Finding] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_names_are_kebab_case_and_differ() {
        let mut names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        for name in &names {
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{name}"
            );
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Rule::ALL.len());
    }

    #[test]
    fn the_same_finding_is_kept_once() {
        let mut findings = Findings::default();
        for line in [1, 1, 2] {
            findings.add(Rule::Template, "a", line, "x".to_owned());
        }
        assert_eq!(findings.as_slice().len(), 2);
        assert_eq!(
            findings.as_slice()[1].to_string(),
            "[a] line 2: template: x"
        );
        for line in 0..5000 {
            findings.add(Rule::Template, "a", line, "x".to_owned());
        }
        assert_eq!(findings.into_vec().len(), MAX_FINDINGS);
    }
}
