//! Every rule of lint, broken and not.
//!
//! One INF without a finding in any mode is the base. Each row says which
//! change to it breaks the rule, and which change that looks much like it does
//! not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use wimwright_drivers::model::Severity;
use wimwright_drivers::{LintMode, LintOptions, LintRule as R, Linted, Package, lint, lint_bytes};
use wimwright_servicing::{ImagePath, MemoryTree, time};

const BASE: &str = r#"[Version]
Signature = "$Windows NT$"
Class = Net
ClassGuid = {4d36e972-e325-11ce-bfc1-08002be10318}
Provider = %maker%
DriverVer = 01/31/2020,1.2.3.4
CatalogFile = x.cat
PnpLockdown = 1

[Manufacturer]
%maker% = Models,NTamd64.10.0...19041

[Models.NTamd64.10.0...19041]
%device% = Device, PCI\VEN_1234&DEV_5678
%device% = Other, PCI\VEN_1234&DEV_5679

[Device.NT]
CopyFiles = Files
AddReg = Reg

[Device.NT.Services]
AddService = x, 2, Service

[Other.NT]
CopyFiles = Files

[Other.NT.Services]
AddService = x, 2, Service

[Service]
DisplayName = %device%
ServiceType = 1
StartType = 3
ErrorControl = 1
ServiceBinary = %13%\x.sys
AddReg = ServiceReg

[ServiceReg]
HKR,Parameters,Depth,0x00010001,5

[Reg]
HKR,,Speed,0x00010001,1

[Files]
x.sys

[DestinationDirs]
DefaultDestDir = 13

[SourceDisksNames]
1 = %device%

[SourceDisksFiles]
x.sys = 1

[Strings]
maker = "Maker"
device = "Device"
"#;

/// A change to the base: each text with what stands for it.
type Change = &'static [(&'static str, &'static str)];

fn changed(change: Change) -> String {
    change.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in the base");
        text.replace(from, to)
    })
}

fn found(text: &str) -> Vec<(R, u32, u32)> {
    let options = LintOptions {
        mode: LintMode::Windows,
        ..LintOptions::default()
    };
    let linted = lint_bytes("x.inf", text.as_bytes(), &options);
    let findings = linted.findings.iter();
    findings.map(|f| (f.rule, f.line, f.column)).collect()
}

#[test]
fn the_base_has_no_finding() {
    assert_eq!(found(BASE), []);
}

/// Rule; a change that breaks it, and where that is seen; a change that is
/// much like it and does not.
const ROWS: &[(R, Change, (u32, u32), Change)] = &[
    (
        R::BadSignature,
        &[("$Windows NT$", "$Windows 95$")],
        (2, 13),
        &[("\"$Windows NT$\"", "$WINDOWS NT$")],
    ),
    (
        R::ChicagoSignature,
        &[("$Windows NT$", "$Chicago$")],
        (2, 13),
        &[],
    ),
    (
        R::Syntax,
        &[("maker = \"Maker\"", "maker = \"Maker")],
        (57, 9),
        &[("maker = \"Maker\"", "maker = Maker")],
    ),
    (
        R::NoSectionName,
        &[(
            "AddService = x, 2, Service\n\n[Other",
            "AddService = x, 2\n\n[Other",
        )],
        (22, 1),
        &[(
            "AddService = x, 2, Service\n\n[Other",
            "AddService = , 2\n\n[Other",
        )],
    ),
    (
        R::NoSectionName,
        &[("%device% = Other,", "%device% = ,")],
        (15, 1),
        &[("%device% = Other,", "%device% = Device,")],
    ),
    (
        R::BadDiskId,
        &[("x.sys = 1", "x.sys = one")],
        (54, 1),
        &[("x.sys = 1", "x.sys = 1,,")],
    ),
    (
        R::BadClassGuid,
        &[("{4d36e972-e325", "{4d36e972e325")],
        (4, 13),
        &[("{4d36e972-e325", "{4D36E972-E325")],
    ),
    (
        R::NoModelsName,
        &[(
            "%maker% = Models,NTamd64.10.0...19041\n",
            "%maker% = Models,NTamd64.10.0...19041\n%device% =\n",
        )],
        (12, 1),
        &[],
    ),
    (
        R::NoServiceValue,
        &[("ErrorControl = 1\n", "")],
        (22, 1),
        &[("ErrorControl = 1\n", "ErrorControl = 0\n")],
    ),
    (
        R::StoreNameMismatch,
        &[("[Files]\nx.sys", "[Files]\ny.sys,x.sys")],
        (45, 1),
        &[("[Files]\nx.sys", "[Files]\nX.SYS,x.sys")],
    ),
    (
        R::NewSyntax,
        &[
            ("10.0...19041", "10.0...17763"),
            (
                "[Service]\n",
                "[Device.NT.Filters]\nAddFilter = x,,Filter\n[Filter]\nFilterPosition = Upper\n\n[Service]\n",
            ),
        ],
        (31, 1),
        &[(
            "[Service]\n",
            "[Device.NT.Filters]\nAddFilter = x,,Filter\n[Filter]\nFilterPosition = Upper\n\n[Service]\n",
        )],
    ),
    (
        R::SectionNotFound,
        &[("AddReg = Reg", "AddReg = Reg, None")],
        (19, 15),
        &[("CopyFiles = Files\nAddReg", "CopyFiles = @x.sys\nAddReg")],
    ),
    (
        R::ProviderMicrosoft,
        &[("\"Maker\"", "Microsoft")],
        (5, 12),
        &[("\"Maker\"", "\"Microsoft's friend\"")],
    ),
    (
        R::TwoDirectives,
        &[("AddReg = Reg", "AddReg = Reg\nDelReg = Reg")],
        (42, 1),
        // From two sections, but by one directive.
        &[("[Other.NT]\n", "[Other.NT]\nAddReg = Reg\n")],
    ),
    (
        R::SectionTwice,
        &[("[Strings]", "[files]\n[Strings]")],
        (56, 1),
        &[("[Strings]", "[Strings.0409]\n[Strings]")],
    ),
    (
        R::TwoAssociated,
        &[(
            "AddService = x, 2, Service\n\n[Other",
            "AddService = x, 2, Service\nAddService = , 2\n\n[Other",
        )],
        (23, 1),
        &[],
    ),
    (
        R::DefaultInstallAndManufacturer,
        &[(
            "[Strings]",
            "[DefaultInstall.NTamd64]\nCopyFiles = Files\n[Strings]",
        )],
        (10, 1),
        &[],
    ),
    (
        R::CatalogAsSource,
        &[("x.sys = 1", "x.sys = 1\nx.cat = 1")],
        (55, 1),
        &[("x.sys = 1", "x.sys = 1\nx.cat.txt = 1")],
    ),
    (
        R::BadCatalogName,
        &[("x.cat", "x.txt")],
        (7, 15),
        &[("x.cat", "X.CAT")],
    ),
    (
        R::BadDriverVersion,
        &[("1.2.3.4", "1.2.3")],
        (6, 24),
        &[("1.2.3.4", " 0.0.0.1")],
    ),
    (
        R::BadDriverVersion,
        &[("AddReg = Reg", "AddReg = Reg\nDriverVer = 01/31/2020,7")],
        (20, 24),
        &[(
            "AddReg = Reg",
            "AddReg = Reg\nDriverVer = 01/31/2020,7.0.0.0",
        )],
    ),
    (
        R::BadDriverDate,
        &[("01/31/2020", "31.01.2020")],
        (6, 13),
        &[("01/31/2020", "01-31-2020")],
    ),
    (
        R::SectionOfIncluded,
        &[("AddReg = Reg\n", "AddReg = Reg, None\nInclude = y.inf\n")],
        (19, 15),
        &[(
            "AddReg = Reg\n",
            "AddReg = Reg\nInclude = y.inf\nNeeds = None\n",
        )],
    ),
    (
        R::ServicesKey,
        &[(
            "HKR,,Speed",
            r"HKLM,SYSTEM\CurrentControlSet\Services\x,Speed",
        )],
        (42, 6),
        &[("HKR,,Speed", r"HKR,Services,Speed")],
    ),
    (
        R::BadRoot,
        &[("HKR,,Speed", "HKX,,Speed")],
        (42, 1),
        &[("HKR,,Speed", "hkr,,Speed")],
    ),
    (
        R::NoSourceEntry,
        &[("x.sys = 1", "y.sys = 1")],
        (45, 1),
        &[("x.sys = 1", "X.SYS = 1")],
    ),
    (
        R::CompressedName,
        &[("x.sys = 1", "x.sys = 1\nx.sy_ = 1")],
        (55, 1),
        &[],
    ),
    (
        R::NoCatalog,
        &[("CatalogFile = x.cat\n", "")],
        (1, 1),
        &[("CatalogFile = x.cat", "CatalogFile.NTamd64 = x.cat")],
    ),
    (
        R::UndefinedToken,
        &[("HKR,,Speed,0x00010001,1", r"HKR,,Speed,,%SystemRoot%\x")],
        (42, 13),
        &[(
            "HKR,,Speed,0x00010001,1",
            r"HKR,,Speed,,%%SystemRoot%%\%11%",
        )],
    ),
    (
        R::BadDirid,
        &[("DefaultDestDir = 13", "DefaultDestDir = 13\nFiles = 14")],
        (49, 9),
        &[("DefaultDestDir = 13", "DefaultDestDir = 13\nFiles = 13")],
    ),
    (
        R::AssociatedDisabled,
        &[("StartType = 3", "StartType = 4")],
        (22, 1),
        &[("StartType = 3", "StartType = 0")],
    ),
    (
        R::BadServiceBinary,
        &[(r"%13%\x.sys", "x.sys")],
        (35, 1),
        &[],
    ),
    (
        R::BadData,
        &[("0x00010001,1\n", "0x00010001,one\n")],
        (42, 1),
        &[("0x00010001,1\n", "0x00010001,1,0,0,0\n")],
    ),
    (
        R::DiskNotListed,
        &[("x.sys = 1", "x.sys = 2")],
        (54, 1),
        &[],
    ),
    (
        R::StampinfVariable,
        &[("NTamd64", "NT$ARCH$")],
        (11, 18),
        &[("\"Device\"", "\"$ARCH\"")],
    ),
    (
        R::NoDestination,
        &[("DefaultDestDir = 13", "List = 13")],
        (45, 1),
        &[("DefaultDestDir = 13", "Files = 13")],
    ),
    (
        R::ClassNameMismatch,
        &[("Class = Net\n", "Class = Nets\n")],
        (3, 9),
        &[("Class = Net\n", "Class = NET\n")],
    ),
    (
        R::ClassGuidMismatch,
        &[("{4d36e972", "{4d36e900")],
        (4, 13),
        &[
            ("{4d36e972", "{4d36e900"),
            ("Class = Net\n", "Class = Own\n"),
        ],
    ),
    (
        R::SampleClass,
        &[
            (
                "{4d36e972-e325-11ce-bfc1-08002be10318}",
                "{78A1C341-4539-11d3-B88D-00C04FAD5171}",
            ),
            ("Class = Net\n", "Class = Sample\n"),
        ],
        (3, 9),
        &[],
    ),
    (
        R::SystemClassInstall,
        &[("[Strings]", "[ClassInstall32]\nAddReg = Reg\n[Strings]")],
        (56, 1),
        &[
            ("[Strings]", "[ClassInstall32]\nAddReg = Reg\n[Strings]"),
            ("{4d36e972", "{4d36e900"),
            ("Class = Net\n", "Class = Own\n"),
        ],
    ),
    (
        R::BadDecoration,
        &[("NTamd64.10.0...19041\n\n", "NTamd64.10.0...19041,alpha\n\n")],
        (11, 39),
        // A comma at the end of the line.
        &[("NTamd64.10.0...19041\n\n", "NTamd64.10.0...19041,\n\n")],
    ),
    (
        R::NoAssociated,
        &[(
            "AddService = x, 2, Service\n\n[Other",
            "AddService = x,, Service\n\n[Other",
        )],
        (17, 1),
        &[(
            "AddService = x, 2, Service\n\n[Other",
            "AddService = x,, Service\nAddService = ,2\n\n[Other",
        )],
    ),
    (
        R::NoDevices,
        &[
            (r", PCI\VEN_1234&DEV_5678", ",,"),
            (r", PCI\VEN_1234&DEV_5679", ""),
        ],
        (0, 0),
        // A compatible id alone is one.
        &[(r", PCI\VEN_1234&DEV_5678", r",,PCI\VEN_1234")],
    ),
    (
        R::LegacySection,
        &[("[Strings]", "[Device.NT.FactDef]\nx=1\n[Strings]")],
        (56, 1),
        &[],
    ),
    (
        R::LegacyDirective,
        &[("AddReg = Reg", "AddReg = Reg\nRegisterDlls = Files")],
        (20, 1),
        &[],
    ),
    (
        R::LegacyDelete,
        &[(
            "AddService = x, 2, Service\n\n[Other",
            "AddService = x, 2, Service\nDelService = y\n\n[Other",
        )],
        (23, 1),
        // Windows itself never carries that out.
        &[(
            "[Strings]",
            "[DefaultUninstall.NTamd64.Services]\nDelService = y\n[Strings]",
        )],
    ),
    (
        R::CoInstaller,
        &[(
            "HKR,,Speed,0x00010001,1",
            "HKR,,CoInstallers32,0x00010000,\"x.dll\"",
        )],
        (42, 6),
        &[(
            "HKR,,Speed,0x00010001,1",
            "HKR,,CoInstallers,0x00010000,\"x.dll\"",
        )],
    ),
    (
        R::NonRelativeKey,
        &[("HKR,,Speed", r"HKLM,SOFTWARE\x,Speed")],
        (42, 1),
        &[("HKR,,Speed", r"HKLM,SOFTWARE\Classes\x,Speed")],
    ),
    (
        R::AppendedString,
        &[("HKR,,Speed,0x00010001,1", "HKR,,Filters,0x00010008,x")],
        (42, 14),
        &[("HKR,,Speed,0x00010001,1", "HKR,,Filters,0x00010000,x")],
    ),
    (
        R::OutsideWindows,
        &[("DefaultDestDir = 13", "DefaultDestDir = 24")],
        (45, 1),
        &[("DefaultDestDir = 13", "DefaultDestDir = 10,Maker")],
    ),
    (
        R::ClassInstaller,
        &[(
            "[Strings]",
            "[ClassInstall32]\nAddReg = Class\n[Class]\nHKR,,Installer32,,x\n[Strings]",
        )],
        (59, 6),
        &[("HKR,,Speed,0x00010001,1", "HKR,,Installer32,,x")],
    ),
    (
        R::NeedsOtherKind,
        &[(
            "AddReg = Reg\n",
            "AddReg = Reg\nInclude = y.inf\nNeeds = Y.Services\n",
        )],
        (21, 9),
        &[(
            "AddReg = Reg\n",
            "AddReg = Reg\nInclude = y.inf\nNeeds = Y\n",
        )],
    ),
    (
        R::NeedsWithoutInclude,
        &[("AddReg = Reg\n", "AddReg = Reg\nNeeds = Y\n")],
        (20, 9),
        &[("AddReg = Reg\n", "AddReg = Reg\nNeeds = Other.NT\n")],
    ),
    (
        R::KeyNotIsolated,
        &[("HKR,,Speed", r"HKCR,CLSID\x,")],
        (42, 1),
        &[("HKR,,Speed", "HKR,x,")],
    ),
    (
        R::ValueNotIsolated,
        &[("HKR,,Speed", r"HKCR,CLSID\x,Speed")],
        (42, 1),
        &[],
    ),
    (
        R::FileNotIsolated,
        &[("DefaultDestDir = 13", "DefaultDestDir = 12")],
        (45, 1),
        &[],
    ),
    (
        R::NotInParameters,
        &[("HKR,Parameters,", "HKR,Parameter,")],
        (39, 5),
        &[("HKR,Parameters,", r"HKR,Parameters\x,")],
    ),
    (R::NoPnpLockdown, &[("PnpLockdown = 1\n", "")], (1, 1), &[]),
    (
        R::FileConflict,
        &[
            ("DefaultDestDir = 13", "DefaultDestDir = 12"),
            (
                "[Other.NT]\nCopyFiles = Files",
                "[Other.NT]\nCopyFiles = More",
            ),
            ("[Files]\n", "[More]\nx.sys,y.sys\n[Files]\n"),
        ],
        (45, 1),
        &[(
            "[Other.NT]\nCopyFiles = Files",
            "[Other.NT]\nCopyFiles = @X.sys",
        )],
    ),
    (
        R::ValueConflict,
        &[
            ("HKR,,Speed", r"HKLM,SOFTWARE\x,Speed"),
            ("[Other.NT]\n", "[Other.NT]\nAddReg = More\n"),
            (
                "[Files]\n",
                "[More]\nHKLM,SOFTWARE\\X,speed,0x00010001,2\n[Files]\n",
            ),
        ],
        (46, 1),
        &[
            ("[Other.NT]\n", "[Other.NT]\nAddReg = More\n"),
            ("[Files]\n", "[More]\nHKR,,speed,0x00010001,2\n[Files]\n"),
        ],
    ),
    (
        R::ServiceValueConflict,
        &[(
            "AddService = x, 2, Service\n\n[Service]",
            "AddService = x, 2, More\n\n[More]\nServiceType = 1\nStartType = 3\nErrorControl = 1\nServiceBinary = %13%\\x.sys\nAddReg = MoreReg\n[MoreReg]\nHKR,Parameters,Depth,0x00010001,6\n\n[Service]",
        )],
        (37, 1),
        &[],
    ),
    (
        R::ServiceConflict,
        &[(
            "AddService = x, 2, Service\n\n[Service]",
            "AddService = x, 2, More\n\n[More]\nServiceType = 1\nStartType = 2\nErrorControl = 1\nServiceBinary = %13%\\x.sys\n\n[Service]",
        )],
        (28, 1),
        &[(
            "AddService = x, 2, Service\n\n[Service]",
            "AddService = y, 2, More\n\n[More]\nServiceType = 1\nStartType = 2\nErrorControl = 1\nServiceBinary = %13%\\x.sys\n\n[Service]",
        )],
    ),
    (
        R::SectionUnused,
        &[("[Strings]", "[Nobody]\nx=1\n[Strings]")],
        (56, 1),
        // Class installers have sub-sections and directives of their own.
        &[
            (
                "[Strings]",
                "[Device.NT.Remove]\nx=1\n[Named]\nx=1\n[Strings]",
            ),
            ("AddReg = Reg", "AddReg = Reg\nOwnDirective = Named"),
        ],
    ),
    (
        R::BinaryNotCopied,
        &[(r"%13%\x.sys", r"%12%\x.sys")],
        (22, 1),
        &[],
    ),
    (
        R::LegacyIgnored,
        &[("AddReg = Reg", "AddReg = Reg\nLogConfig = Files")],
        (20, 1),
        &[],
    ),
    (
        R::ArchlessModels,
        &[
            ("Models,NTamd64.10.0...19041", "Models"),
            ("[Models.NTamd64.10.0...19041]", "[Models]"),
        ],
        (13, 1),
        &[],
    ),
    (
        R::TextIgnored,
        &[("[Version]", "/*\n[Version]")],
        (1, 1),
        &[("[Version]", ";\n[Version]")],
    ),
    (
        R::StringTwice,
        &[("device = \"Device\"", "device = \"Device\"\nDEVICE = x")],
        (59, 1),
        &[],
    ),
    (
        R::BadClass,
        &[
            ("{4d36e972", "{4d36e900"),
            (
                "Class = Net\n",
                "Class = AVeryLongNameOfAClassThatNobodyCanRead\n",
            ),
        ],
        (3, 9),
        &[],
    ),
    (R::NoProvider, &[("Provider = %maker%\n", "")], (1, 1), &[]),
    (
        R::BadExtensionId,
        &[
            (
                "{4d36e972-e325-11ce-bfc1-08002be10318}",
                "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}",
            ),
            ("Class = Net\n", "Class = Extension\n"),
            ("x, 2, Service", "x,, Service"),
        ],
        (1, 1),
        &[
            (
                "{4d36e972-e325-11ce-bfc1-08002be10318}",
                "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}\nExtensionId = {4d36e972-e325-11ce-bfc1-08002be10318}",
            ),
            ("Class = Net\n", "Class = Extension\n"),
            ("x, 2, Service", "x,, Service"),
        ],
    ),
    (
        R::ExtensionService,
        &[
            (
                "{4d36e972-e325-11ce-bfc1-08002be10318}",
                "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}\nExtensionId = {4d36e972-e325-11ce-bfc1-08002be10318}",
            ),
            ("Class = Net\n", "Class = Extension\n"),
        ],
        (18, 1),
        &[],
    ),
    (
        R::NestedNeeds,
        &[
            ("AddReg = Reg\n", "AddReg = Reg\nNeeds = Other.NT\n"),
            ("[Other.NT]\n", "[Other.NT]\nNeeds = Device.NT\n"),
        ],
        (26, 1),
        &[],
    ),
    (
        R::BadServiceValue,
        &[("ServiceType = 1", "ServiceType = kernel")],
        (32, 1),
        &[("ServiceType = 1", "ServiceType = 0x1")],
    ),
    (
        R::BadServiceName,
        &[(
            "AddService = x, 2, Service\n\n[Other",
            "AddService = x\\y, 2, Service\n\n[Other",
        )],
        (22, 1),
        &[],
    ),
    (
        R::BadFlags,
        &[("Speed,0x00010001", "Speed,dword")],
        (42, 1),
        &[("Speed,0x00010001", "Speed,65537")],
    ),
    (
        R::BadEntry,
        &[("AddReg = Reg", "AddReg = Reg\nFeatureScore = best")],
        (20, 1),
        &[("AddReg = Reg", "AddReg = Reg\nFeatureScore = F0")],
    ),
    (
        R::BadFileName,
        &[("[Files]\nx.sys", "[Files]\n..\\x.sys")],
        (45, 1),
        &[],
    ),
    (
        R::InfCopied,
        &[
            ("[Files]\nx.sys", "[Files]\nx.sys\ny.inf"),
            ("x.sys = 1", "x.sys = 1\ny.inf = 1"),
        ],
        (46, 1),
        &[("AddReg = Reg", "AddReg = Reg\nCopyINF = y.inf")],
    ),
];

#[test]
fn every_rule_is_broken_by_what_breaks_it_and_by_nothing_like_it() {
    let mut wrong = Vec::new();
    for (rule, broken, (line, column), fine) in ROWS {
        let name = rule.name();
        let all = found(&changed(broken));
        if !all.contains(&(*rule, *line, *column)) {
            wrong.push(format!("{name} is not at {line}:{column}: {all:?}"));
        }
        let all = found(&changed(fine));
        if all.iter().any(|(found, _, _)| found == rule) {
            wrong.push(format!("{name} is broken by what is fine: {all:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rules that another INF or another way to lint breaks, in tests below.
const ELSEWHERE: &[R] = &[
    R::Encoding,
    R::NotPrimitive,
    R::DefaultInstallDecoration,
    R::FileMissing,
    R::DateInFuture,
    R::Utf8AsAnsi,
    R::NoByteOrderMark,
    R::TooMuch,
    R::TextSetup,
    R::TextSetupUnused,
];

#[test]
fn every_rule_has_a_row() {
    let rows = ROWS.iter().map(|row| row.0);
    let tested: BTreeSet<R> = rows.chain(ELSEWHERE.iter().copied()).collect();
    let all: BTreeSet<R> = R::ALL.iter().copied().collect();
    let missing: Vec<_> = all.difference(&tested).map(|rule| rule.name()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn rules(name: &str, bytes: &[u8], options: &LintOptions) -> BTreeSet<R> {
    let linted = lint_bytes(name, bytes, options);
    linted.findings.iter().map(|found| found.rule).collect()
}

#[test]
fn the_encoding_is_judged_by_the_bytes() {
    let options = LintOptions::default();
    let utf16 = |mark: &[u8]| -> Vec<u8> {
        let units = BASE.encode_utf16().flat_map(u16::to_le_bytes);
        mark.iter().copied().chain(units).collect()
    };
    let umlaut = BASE.replace("Maker", "Gerät");
    let marked = |text: &str| [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    for (bytes, rule) in [
        (utf16(&[0xFF, 0xFE]), None),
        (utf16(&[]), Some(R::NoByteOrderMark)),
        (umlaut.clone().into_bytes(), Some(R::Utf8AsAnsi)),
        (marked(BASE), Some(R::Encoding)),
        // The same word in the code page of Western Europe.
        (umlaut.chars().map(|c| c as u8).collect(), None),
    ] {
        let found = rules("x.inf", &bytes, &options);
        assert_eq!(found, rule.into_iter().collect(), "{:02x?}", &bytes[..8]);
    }
}

#[test]
fn a_primitive_driver_has_an_architecture() {
    let primitive = |decoration: &str| {
        let manufacturer = BASE.find("[Manufacturer]").unwrap();
        let end = BASE.find("[Service]").unwrap();
        format!(
            "{}[DefaultInstall{decoration}]\nCopyFiles = Files\nAddReg = Reg\n\
             [DefaultInstall{decoration}.Services]\nAddService = x,,Service\n{}",
            &BASE[..manufacturer],
            &BASE[end..]
        )
    };
    let options = LintOptions::default();
    let found = rules("x.inf", primitive(".NTamd64").as_bytes(), &options);
    assert_eq!(found, BTreeSet::new());
    let found = rules("x.inf", primitive("").as_bytes(), &options);
    let expected = [R::NotPrimitive, R::DefaultInstallDecoration];
    assert_eq!(found, expected.into_iter().collect());
}

#[test]
fn a_date_lies_in_the_future_of_the_day_that_is_given() {
    for (now, expected) in [
        (Some(0), true),
        // 2020-01-31, its first second and the one before it.
        (Some(1_580_428_800), false),
        (Some(1_580_428_799), true),
        (None, false),
    ] {
        let options = LintOptions {
            now: now.map(time::from_unix_seconds),
            ..LintOptions::default()
        };
        let found = rules("x.inf", BASE.as_bytes(), &options);
        assert_eq!(found.contains(&R::DateInFuture), expected, "{now:?}");
    }
}

#[test]
fn a_text_mode_setup_file_is_read_as_one() {
    let text = "[Disks]\nd1 = \"x\",\\x.tag,\\\n[Defaults]\nscsi = X\n[scsi]\nX = \"x\"\n\
                [Files.scsi.X]\ndriver = d1,x.sys,x\n[HardwareIds.scsi.X]\nid = \"PCI\\VEN_1\",\"x\"\n\
                [Config.x]\nvalue = \"\",Tag,REG_DWORD,1\n";
    let options = LintOptions::default();
    assert_eq!(
        rules("TXTSETUP.OEM", text.as_bytes(), &options),
        BTreeSet::new()
    );
    let unused = format!("{text}[Config.y]\nvalue = \"\",Tag,REG_DWORD,1\n");
    let found = rules("txtsetup.oem", unused.as_bytes(), &options);
    assert_eq!(found, [R::TextSetupUnused].into());
    let damaged = text.replace("REG_DWORD,1", "REG_DWORD,one");
    let found = rules("txtsetup.oem", damaged.as_bytes(), &options);
    assert_eq!(found, [R::TextSetup].into());
}

#[test]
fn a_huge_file_and_many_findings_stay_bounded() {
    let options = LintOptions::default();
    let huge = vec![b'a'; 17 << 20];
    assert!(rules("x.inf", &huge, &options).contains(&R::TooMuch));
    let many = (0..5000).fold(BASE.to_owned(), |text, n| text + &format!("[s{n}]\nx=1\n"));
    let linted = lint_bytes("x.inf", many.as_bytes(), &options);
    assert_eq!(linted.findings.len(), wimwright_drivers::MAX_LINT_FINDINGS);
    assert!(linted.truncated);
}

#[test]
fn an_input_of_a_build_is_read_as_stampinf_writes_it() {
    let text = BASE
        .replace("NTamd64", "NT$ARCH$")
        .replace("DriverVer = 01/31/2020,1.2.3.4\n", "");
    let plain = LintOptions::default();
    let stamping = LintOptions {
        stampinf: true,
        ..plain
    };
    let stamped = |name, options: &LintOptions| -> (Option<String>, BTreeSet<R>) {
        let linted = lint_bytes(name, text.as_bytes(), options);
        let findings = linted.findings.iter().map(|found| found.rule).collect();
        (linted.stamped_for.map(|a| a.to_string()), findings)
    };
    let amd64 = Some("amd64".to_owned());
    assert_eq!(stamped("x.inx", &plain), (amd64.clone(), BTreeSet::new()));
    assert_eq!(stamped("x.inf", &stamping), (amd64, BTreeSet::new()));
    assert_eq!(
        stamped("x.inf", &plain),
        (None, [R::StampinfVariable].into())
    );
    // Sections for another architecture alone say what it is for.
    let arm = text.replace("[Models.NT$ARCH$", "[Models.NTarm64");
    let linted = lint_bytes("x.inx", arm.as_bytes(), &plain);
    assert_eq!(
        linted.stamped_for.map(|a| a.to_string()).as_deref(),
        Some("arm64")
    );
    assert_eq!(linted.findings, []);
}

#[test]
fn columns_of_an_input_of_a_build_are_those_of_the_file() {
    let text = BASE
        .replace("NTamd64", "NT$ARCH$")
        .replace("...19041\n\n", "...19041,beta\n\n");
    let linted = lint_bytes("x.inx", text.as_bytes(), &LintOptions::default());
    let found = &linted.findings[0];
    assert_eq!((found.rule, found.line), (R::BadDecoration, 11));
    let line = text.lines().nth(10).unwrap();
    assert_eq!(found.column as usize, line.find("beta").unwrap() + 1);
}

#[test]
fn files_are_looked_for_where_the_inf_says_and_a_bad_inf_stops_no_other() {
    let text = BASE.replace("x.sys = 1", "x.sys = 1,sub");
    let text = text.replace("DefaultDestDir = 13", "DefaultDestDir = 13,sub");
    let lint_with = |files: &[&str]| -> Vec<Linted> {
        let mut tree = MemoryTree::new();
        tree.insert("a.inf", text.clone().into_bytes()).unwrap();
        tree.insert("bad.inf", *b"\xFF\xFE[").unwrap();
        tree.insert("b.inx", text.clone().into_bytes()).unwrap();
        for file in files {
            tree.insert(file, *b"x").unwrap();
        }
        let tree = Arc::new(tree);
        let packages: Vec<Package> = ["a.inf", "bad.inf", "b.inx"]
            .iter()
            .map(|inf| Package::new("memory", "", tree.clone(), ImagePath::parse(inf).unwrap()))
            .collect();
        let results = lint(&packages, &LintOptions::default(), true);
        results.into_iter().map(Result::unwrap).collect()
    };
    for (files, missing) in [
        (&["x.sys"][..], true),
        (&["sub\\X.SYS"], false),
        (&["sub\\x.sy_"], false),
    ] {
        let linted = lint_with(files);
        let rules: Vec<_> = linted[0].findings.iter().map(|f| f.rule).collect();
        assert_eq!(
            rules.contains(&R::FileMissing),
            missing,
            "{files:?}: {rules:?}"
        );
        assert_eq!(linted[0].count(Severity::Error), usize::from(missing));
        assert_eq!(linted[1].findings[0].rule, R::BadSignature);
        // Nothing is built yet.
        assert!(linted[2].findings.iter().all(|f| f.rule != R::FileMissing));
    }
}

#[test]
fn the_guide_lists_every_rule_under_its_number() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/lint.md");
    let guide = std::fs::read_to_string(path).unwrap();
    for rule in R::ALL {
        let number = match rule.id() == rule.name() {
            true => String::new(),
            false => format!(" {}", rule.id()),
        };
        let row = format!("\n|{number} | {} |", rule.name());
        assert!(guide.contains(&row), "no row `{}`", row.trim());
    }
}
