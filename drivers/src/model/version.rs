//! `[Version]`: what kind of INF this is, its class, date, version, catalogs.

use serde::Serialize;
use wimwright_inf::{Inf, Line, Section};

use super::driver_ver::DriverVer;
use super::expansion::{At, expand};
use super::file_name::check_name;
use super::finding::{Findings, Rule};
use super::guid::Guid;
use super::target::Architecture;

/// The class of extension INFs (page "Using an Extension INF File"):
/// `{e2f84ce7-8efa-411c-aa69-97454ca4cb57}`.
pub const EXTENSION_CLASS: Guid = Guid([
    0xE7, 0x4C, 0xF8, 0xE2, 0xFA, 0x8E, 0x1C, 0x41, 0xAA, 0x69, 0x97, 0x45, 0x4C, 0xA4, 0xCB, 0x57,
]);

/// Longest class name in characters (page "INF Version Section").
const MAX_CLASS_LEN: usize = 32;

/// The `Signature` of `[Version]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// `$Windows NT$`.
    WindowsNt,
    /// `$Chicago$`: means the same.
    Chicago,
    /// Anything else: not an INF of Setup.
    Other(String),
    /// No signature.
    Missing,
}

/// A `CatalogFile` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogFile {
    /// Lower case, without the dot: `nt`, `ntamd64`; empty for the plain one.
    pub decoration: String,
    /// File name beside the INF; on disk in any case.
    pub name: String,
}

/// What an INF is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InfKind {
    /// It has `[Manufacturer]`: drivers for devices.
    Device,
    /// It has `[DefaultInstall]` only: a driver without devices, such as a
    /// file system filter.
    Primitive,
    /// It only installs a device class or an interface class.
    Class,
    /// An input of the build with stampinf variables, not yet an INF.
    Template,
    /// No INF of Setup, or one that installs nothing.
    Other,
    /// No INF at all, but the `txtsetup.oem` of text mode setup.
    TextSetup,
}

/// `[Version]` of an INF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The signature.
    pub signature: Signature,
    /// What the INF is for.
    pub kind: InfKind,
    /// `Class`, expanded.
    pub class: Option<String>,
    /// `ClassGuid`.
    pub class_guid: Option<Guid>,
    /// `Provider` with its tokens.
    pub provider_raw: Option<String>,
    /// `Provider`, expanded.
    pub provider: Option<String>,
    /// `DriverVer`; an install section can have its own, which wins.
    pub driver_ver: Option<DriverVer>,
    /// All `CatalogFile` entries whose names are usable.
    pub catalogs: Vec<CatalogFile>,
    /// Whether `PnpLockdown` is 1.
    pub pnp_lockdown: bool,
    /// `ExtensionId` of an extension INF.
    pub extension_id: Option<Guid>,
    /// `LayoutFile`: only INFs of Windows itself have it, and then no
    /// `[SourceDisksFiles]`.
    pub layout_files: Vec<String>,
    /// First stampinf variable found (`$ARCH$`), if there is one.
    pub template_variable: Option<String>,
}

impl Version {
    /// Reads `[Version]`.
    pub fn read(inf: &Inf, findings: &mut Findings) -> Version {
        if let Some(refused) = inf.refused_by_setupapi() {
            findings.add(Rule::NotAnInf, "", refused.line, refused.message.clone());
        }
        let section = inf.section("Version");
        let mut reader = Reader {
            inf,
            section,
            name: section.map_or("Version", Section::name),
            findings,
        };
        reader.version()
    }

    /// The catalog for an architecture: the entry of the architecture, else
    /// `.nt`, else the plain one. (The documentation states that a decorated
    /// entry beats the plain one; that `.nt` stands between is the natural
    /// reading.)
    pub fn catalog_for(&self, architecture: Architecture) -> Option<&str> {
        let decorated = format!("nt{architecture}");
        [decorated.as_str(), "nt", ""]
            .into_iter()
            .find_map(|wanted| {
                self.catalogs
                    .iter()
                    .find(|catalog| catalog.decoration == wanted)
                    .map(|catalog| catalog.name.as_str())
            })
    }

    /// Whether the INF extends other drivers.
    pub fn is_extension(&self) -> bool {
        self.class_guid == Some(EXTENSION_CLASS)
    }

    /// Whether Windows takes the file for an INF at all.
    pub fn is_inf(&self) -> bool {
        matches!(self.signature, Signature::WindowsNt | Signature::Chicago)
    }
}

/// Whether a decoration is `.nt`, or `.nt` with an architecture, in lower case.
fn is_platform(decoration: &str) -> bool {
    decoration.strip_prefix(".nt").is_some_and(|architecture| {
        architecture.is_empty() || Architecture::from_name(architecture).is_some()
    })
}

struct Reader<'a, 'f> {
    inf: &'a Inf,
    section: Option<Section<'a>>,
    name: &'a str,
    findings: &'f mut Findings,
}

impl<'a> Reader<'a, '_> {
    fn line(&self, key: &str) -> Option<Line<'a>> {
        self.section?.line_for_key(key)
    }

    fn at(&self, line: u32) -> At<'a> {
        At {
            section: self.name,
            line,
        }
    }

    fn report(&mut self, line: u32, rule: Rule, message: String) {
        self.at(line).add(self.findings, rule, message);
    }

    /// First value of a key, raw, and its line. An empty one counts as absent.
    fn raw(&self, key: &str) -> Option<(&'a str, u32)> {
        let line = self.line(key)?;
        let raw = line.raw_field(1)?;
        (line.has_equals() && !raw.is_empty()).then_some((raw, line.number()))
    }

    fn text(&mut self, key: &str) -> Option<(String, u32)> {
        let (raw, line) = self.raw(key)?;
        let at = self.at(line);
        Some((expand(self.inf, raw, at, self.findings), line))
    }

    fn version(&mut self) -> Version {
        let template_variable = self.template();
        let signature = self.signature();
        let kind = self.kind(&signature, template_variable.is_some());
        let class = self.class();
        let class_guid = self.guid("ClassGuid", Rule::BadClassGuid);
        let is_device = kind == InfKind::Device;
        if class_guid.is_none() && is_device && self.raw("ClassGuid").is_none() {
            self.report(0, Rule::BadClassGuid, "there is no ClassGuid".to_owned());
        }
        let is_extension = class_guid == Some(EXTENSION_CLASS);
        let extension_id = self.guid("ExtensionId", Rule::BadExtensionId);
        if is_extension && extension_id.is_none() && self.raw("ExtensionId").is_none() {
            let message = "an extension INF needs an ExtensionId".to_owned();
            self.report(0, Rule::BadExtensionId, message);
        }
        let provider_raw = self.raw("Provider").map(|(raw, _)| raw.to_owned());
        let provider = self.provider();
        let driver_ver = self.driver_ver(kind);
        let catalogs = self.catalogs(kind);
        let pnp_lockdown = self.line("PnpLockdown").and_then(|line| line.int_field(1)) == Some(1);
        if !pnp_lockdown && is_device {
            let message = "PnpLockdown is not 1: programs may replace the files".to_owned();
            self.report(0, Rule::NoPnpLockdown, message);
        }
        let layout_files = self.line("LayoutFile").map_or_else(Vec::new, |line| {
            line.fields().map(std::borrow::Cow::into_owned).collect()
        });
        Version {
            signature,
            kind,
            class,
            class_guid,
            provider_raw,
            provider,
            driver_ver,
            catalogs,
            pnp_lockdown,
            extension_id,
            layout_files,
            template_variable,
        }
    }

    /// The first stampinf variable in a header or a field. They are written in
    /// upper case and replaced in the whole file, so any place counts.
    fn template(&mut self) -> Option<String> {
        const VARIABLES: [&str; 5] = [
            "$ARCH$",
            "$KMDFVERSION$",
            "$KMDFCOINSTALLERVERSION$",
            "$UMDFVERSION$",
            "$UMDFCOINSTALLERVERSION$",
        ];
        let find = |text: &str| {
            VARIABLES
                .into_iter()
                .find(|variable| text.contains(variable))
        };
        for section in self.inf.sections() {
            let mut found = find(section.name()).map(|found| (found, section.header_line()));
            for line in section.lines() {
                found = found.or_else(|| {
                    let mut texts = line.raw_key().into_iter().chain(line.raw_fields());
                    texts.find_map(find).map(|found| (found, line.number()))
                });
            }
            if let Some((variable, line)) = found {
                let message =
                    format!("`{variable}` is a variable of stampinf, replaced in a build");
                self.findings
                    .add(Rule::Template, section.name(), line, message);
                return Some(variable.to_owned());
            }
        }
        None
    }

    fn signature(&mut self) -> Signature {
        let Some((text, line)) = self.text("Signature") else {
            let message = match self.section {
                Some(_) => "there is no signature",
                None => "there is no [Version]",
            };
            self.report(0, Rule::BadSignature, message.to_owned());
            return Signature::Missing;
        };
        if text.eq_ignore_ascii_case("$Windows NT$") {
            Signature::WindowsNt
        } else if text.eq_ignore_ascii_case("$Chicago$") {
            Signature::Chicago
        } else {
            let message = format!("`{text}` is neither `$Windows NT$` nor `$Chicago$`");
            self.report(line, Rule::BadSignature, message);
            Signature::Other(text)
        }
    }

    fn kind(&mut self, signature: &Signature, template: bool) -> InfKind {
        let starts_with = |prefix: &str| {
            self.inf.sections().any(|section| {
                let name = section.name();
                name.get(..prefix.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
                    && name
                        .get(prefix.len()..)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let manufacturer = self.inf.section("Manufacturer");
        if !matches!(signature, Signature::WindowsNt | Signature::Chicago) {
            return InfKind::Other;
        }
        let default_install = starts_with("DefaultInstall");
        if let Some(manufacturer) = manufacturer.filter(|_| default_install) {
            let line = manufacturer.header_line();
            self.findings.add(
                Rule::DefaultInstallAndManufacturer,
                manufacturer.name(),
                line,
                "the file has [DefaultInstall] too".to_owned(),
            );
        }
        if template {
            InfKind::Template
        } else if manufacturer.is_some() {
            InfKind::Device
        } else if default_install {
            InfKind::Primitive
        } else if starts_with("ClassInstall32") || starts_with("InterfaceInstall32") {
            InfKind::Class
        } else {
            InfKind::Other
        }
    }

    fn class(&mut self) -> Option<String> {
        let (class, line) = self.text("Class")?;
        if class.chars().count() > MAX_CLASS_LEN {
            let message = format!("class name `{class}` is longer than {MAX_CLASS_LEN} characters");
            self.report(line, Rule::BadClass, message);
        }
        Some(class)
    }

    fn guid(&mut self, key: &str, rule: Rule) -> Option<Guid> {
        let (text, line) = self.text(key)?;
        match text.trim().parse() {
            Ok(guid) => Some(guid),
            Err(error) => {
                self.report(line, rule, format!("{key} is `{text}`: {error}"));
                None
            }
        }
    }

    fn provider(&mut self) -> Option<String> {
        let Some((provider, line)) = self.text("Provider") else {
            self.report(0, Rule::NoProvider, "there is no Provider".to_owned());
            return None;
        };
        if provider.eq_ignore_ascii_case("Microsoft") {
            let message = "Provider says Microsoft".to_owned();
            self.report(line, Rule::ProviderMicrosoft, message);
        }
        Some(provider)
    }

    fn driver_ver(&mut self, kind: InfKind) -> Option<DriverVer> {
        let Some(line) = self.line("DriverVer") else {
            if kind == InfKind::Device {
                self.report(0, Rule::BadDate, "there is no DriverVer".to_owned());
            }
            return None;
        };
        let at = self.at(line.number());
        Some(DriverVer::read(self.inf, line, at, self.findings))
    }

    fn catalogs(&mut self, kind: InfKind) -> Vec<CatalogFile> {
        let mut catalogs: Vec<CatalogFile> = Vec::new();
        let lines = self.section.into_iter().flat_map(|section| section.lines());
        for line in lines {
            let key = line.key().unwrap_or_default().to_ascii_lowercase();
            let decoration = match key.strip_prefix("catalogfile") {
                Some("") => "",
                Some(rest) if is_platform(rest) => rest.trim_start_matches('.'),
                _ => continue,
            };
            let at = self.at(line.number());
            let raw = line.raw_field(1).unwrap_or_default();
            if raw.is_empty() || !line.has_equals() {
                continue;
            }
            let name = expand(self.inf, raw, at, self.findings);
            let is_cat = name.len() > 4
                && name
                    .get(name.len() - 4..)
                    .is_some_and(|extension| extension.eq_ignore_ascii_case(".cat"));
            let problem = match check_name(&name) {
                Err(error) => error.to_string(),
                Ok(()) if name.contains('\\') => format!("`{name}` is not beside the INF"),
                Ok(()) if !is_cat => format!("`{name}` does not end in .cat"),
                Ok(()) => {
                    // The first entry of a key counts, as everywhere.
                    if catalogs.iter().all(|known| known.decoration != decoration) {
                        catalogs.push(CatalogFile {
                            decoration: decoration.to_owned(),
                            name,
                        });
                    }
                    continue;
                }
            };
            self.report(line.number(), Rule::BadCatalogName, problem);
        }
        let installs = matches!(kind, InfKind::Device | InfKind::Primitive);
        if catalogs.is_empty() && installs {
            let message = "no CatalogFile: the package counts as unsigned".to_owned();
            self.report(0, Rule::NoCatalog, message);
        }
        catalogs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_inf::ParseOptions;

    fn read(text: &str) -> (Version, Vec<Rule>) {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let mut findings = Findings::default();
        let version = Version::read(&inf, &mut findings);
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (version, rules)
    }

    #[test]
    fn the_class_of_extensions_is_the_documented_one() {
        let documented = "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}";
        assert_eq!(EXTENSION_CLASS.to_string(), documented);
    }

    #[test]
    fn the_catalog_of_an_architecture_is_the_most_special_one() {
        let (version, _) = read(
            "[Version]\nSignature=\"$Windows NT$\"\nCatalogFile=a.cat\n\
             CatalogFile.NT=b.cat\nCatalogFile.ntAMD64=%n%.cat\n[Strings]\nn=c\n",
        );
        assert_eq!(version.catalog_for(Architecture::Amd64), Some("c.cat"));
        assert_eq!(version.catalog_for(Architecture::X86), Some("b.cat"));
        let (version, _) = read("[Version]\nSignature=$CHICAGO$\nCatalogFile=a.cat\n");
        assert_eq!(version.signature, Signature::Chicago);
        assert_eq!(version.catalog_for(Architecture::X86), Some("a.cat"));
    }

    #[test]
    fn what_the_inf_is_for_is_seen_from_its_sections() {
        let signed = "[Version]\nSignature=\"$Windows NT$\"\n";
        for (rest, kind) in [
            ("[Manufacturer]\n", InfKind::Device),
            ("[DefaultInstall.NTamd64]\n", InfKind::Primitive),
            ("[DefaultInstallation]\n", InfKind::Other),
            ("[ClassInstall32]\n", InfKind::Class),
            ("[Manufacturer]\n%x%=y,NT$ARCH$\n", InfKind::Template),
            ("", InfKind::Other),
        ] {
            let (version, _) = read(&format!("{signed}{rest}"));
            assert_eq!(version.kind, kind, "{rest:?}");
        }
        assert_eq!(read("[Manufacturer]\n").0.kind, InfKind::Other);
    }

    #[test]
    fn oddities_of_the_section_are_findings() {
        let start = "[Version]\nSignature=\"$Windows NT$\"\nClass=x\nProvider=y\nPnpLockdown=1\n\
                     DriverVer=01/01/2020,1.0.0.0\nCatalogFile=x.cat\n[Manufacturer]\n[Version]\n";
        let guid = "ClassGuid={4D36E97B-E325-11CE-BFC1-08002BE10318}\n";
        for (text, expected) in [
            (format!("{start}{guid}"), vec![]),
            (start.to_owned(), vec![Rule::BadClassGuid]),
            (
                format!("{start}ClassGuid={{1}}\n"),
                vec![Rule::BadClassGuid],
            ),
            (
                format!("{start}ClassGuid={{E2F84CE7-8EFA-411C-AA69-97454CA4CB57}}\n"),
                vec![Rule::BadExtensionId],
            ),
            (
                "[Version]\nSignature=foo\n".to_owned(),
                vec![Rule::BadSignature, Rule::NoProvider],
            ),
            (String::new(), vec![Rule::BadSignature, Rule::NoProvider]),
            (
                format!("{start}{guid}CatalogFile.nt=..\\x.cat\nCatalogFile.ntx86=a\\x.cat\n"),
                vec![Rule::BadCatalogName, Rule::BadCatalogName],
            ),
        ] {
            assert_eq!(read(&text).1, expected, "{text}");
        }
    }
}
