//! Which sections are used, what for, and by whom.
//!
//! Starting at what Windows finds by name (`[Version]`, `[Manufacturer]`,
//! `[DefaultInstall]`), every reference is followed, whatever Windows it is
//! for. The model reads an INF for one Windows; a checker has to see all of it
//! at once. On the way the references themselves are checked: 1005, 1203,
//! 1205, 1220, 1310, 1313, and at the end what nothing led to, 2083.

use std::collections::{BTreeSet, HashMap, HashSet};

use wimwright_inf::{Inf, Line, Section};

use super::finding::Found;
use super::role::{Role, Scope, Values, directive_of, suffix};
use super::rule::LintRule;
use crate::model::{Architecture, ManufacturerLine, actual_section};

/// Longer names are not taken apart: each dot costs the part before it. It is
/// what Windows allows.
const MAX_NAME_LEN: usize = 255;

/// The sections of an INF with what they are for.
pub(super) struct Usage<'i> {
    inf: &'i Inf,
    /// Each section, once for everything it is for.
    visited: Vec<(Section<'i>, Role)>,
    known: HashSet<(String, Role)>,
    /// Lower-case names of all that are used.
    used: HashSet<String>,
    /// Which directives name a section, by its lower-case name.
    named_by: HashMap<String, BTreeSet<&'static str>>,
    /// Architectures that install sections are looked up for.
    architectures: BTreeSet<Architecture>,
    /// Install sections that exist, as models name them and for which
    /// architectures: many models share one.
    installs: HashMap<(String, Option<Architecture>), bool>,
}

impl<'i> Usage<'i> {
    /// Follows all references of an INF.
    pub(super) fn of(inf: &'i Inf, makers: &[ManufacturerLine], found: &mut Found) -> Self {
        let mut usage = Usage {
            inf,
            visited: Vec::new(),
            known: HashSet::new(),
            used: HashSet::new(),
            named_by: HashMap::new(),
            architectures: BTreeSet::new(),
            installs: HashMap::new(),
        };
        usage.by_name();
        usage.models(makers, found);
        let mut next = 0;
        while let Some(&(section, role)) = usage.visited.get(next) {
            next += 1;
            usage.follow(section, role, found);
        }
        usage.check_directives(found);
        usage.check_unused(found);
        usage
    }

    /// The sections with what they are for.
    pub(super) fn sections(&self) -> impl Iterator<Item = (Section<'i>, Role)> {
        self.visited.iter().copied()
    }

    /// The architectures that models are for.
    pub(super) fn architectures(&self) -> &BTreeSet<Architecture> {
        &self.architectures
    }

    fn visit(&mut self, name: &str, role: Role) -> bool {
        let Some(section) = self.inf.section(name) else {
            return false;
        };
        let lower = name.to_lowercase();
        if self.known.insert((lower.clone(), role)) {
            self.visited.push((section, role));
        }
        self.used.insert(lower);
        true
    }

    /// What Windows finds by its name.
    fn by_name(&mut self) {
        let inf = self.inf;
        for section in inf.sections() {
            let lower = section.name().to_ascii_lowercase();
            let (stem, rest) = lower.split_once('.').unwrap_or((&lower, ""));
            let role = match stem {
                "version"
                | "manufacturer"
                | "strings"
                | "sourcedisksnames"
                | "sourcedisksfiles"
                | "destinationdirs"
                | "controlflags"
                | "signatureattributes"
                | "deviceinstall32"
                | "interfaceinstall32"
                | "printerpackageinstallation"
                | "previousnames" => Role::ByName,
                "classinstall32" => entry(rest, Role::Install(Scope::Class)),
                "defaultinstall" => entry(rest, Role::Install(Scope::Device)),
                "defaultuninstall" => match entry(rest, Role::Uninstall) {
                    // Nothing of it is carried out by Windows itself.
                    Role::Sub(_) => Role::Uninstall,
                    role => role,
                },
                _ => continue,
            };
            self.visit(section.name(), role);
        }
    }

    fn models(&mut self, makers: &[ManufacturerLine], found: &mut Found) {
        let mut known = HashSet::new();
        for maker in makers {
            let mut listed: Vec<(String, Option<Architecture>)> = maker
                .decorations
                .iter()
                .filter_map(|listed| {
                    let parsed = listed.parsed.as_ref().ok()?;
                    Some((
                        format!("{}.{}", maker.models, listed.text),
                        parsed.architecture,
                    ))
                })
                .collect();
            let has_x86 = listed.iter().any(|(_, architecture)| {
                architecture.is_none_or(|architecture| architecture == Architecture::X86)
            });
            // Beside decorations for x86 the plain section is never used.
            if !has_x86 {
                listed.push((maker.models.clone(), None));
            }
            let exists = listed
                .iter()
                .any(|(name, _)| self.inf.section(name).is_some());
            for (name, architecture) in listed {
                if !known.insert((name.to_lowercase(), architecture)) {
                    continue;
                }
                let is_plain = name == maker.models;
                match self.inf.section(&name) {
                    Some(section) => {
                        self.visit(&name, Role::Models);
                        self.installs(section, architecture, found);
                    }
                    // The plain section need not exist beside decorated ones.
                    None if is_plain && exists => {}
                    None => not_found_at(self.inf, maker, &name, found),
                }
            }
        }
    }

    /// The install sections of a models section.
    fn installs(
        &mut self,
        models: Section<'i>,
        architecture: Option<Architecture>,
        found: &mut Found,
    ) {
        // Models without an architecture served every one before Server 2003
        // SP1, so a section for any of them may be meant.
        let all = [
            Architecture::X86,
            Architecture::Amd64,
            Architecture::Ia64,
            Architecture::Arm,
            Architecture::Arm64,
        ];
        let architectures = match &architecture {
            Some(one) => std::slice::from_ref(one),
            None => &all,
        };
        self.architectures
            .extend(architecture.or(Some(Architecture::X86)));
        for line in models.lines().filter(|line| line.has_equals()) {
            let named = line.field(1).unwrap_or_default();
            if named.is_empty() {
                continue;
            }
            let key = (named.to_lowercase(), architecture);
            let exists = match self.installs.get(&key) {
                Some(&exists) => exists,
                None => {
                    let exists = self.install(&named, architectures);
                    self.installs.insert(key, exists);
                    exists
                }
            };
            if !exists {
                found.at_field(LintRule::SectionNotFound, models, line, 1, || {
                    format!("the install section [{named}] does not exist, decorated or not")
                });
            }
        }
    }

    /// Visits an install section by the name that models give it, and says
    /// whether it exists in any form.
    fn install(&mut self, named: &str, architectures: &[Architecture]) -> bool {
        let mut exists = false;
        for &architecture in architectures {
            let actual = actual_section(self.inf, named, architecture);
            exists |= actual.is_some();
            let name = actual.as_deref().unwrap_or(named);
            self.used.insert(name.to_lowercase());
            self.visit(name, Role::Install(Scope::Device));
            exists |= self.sub_sections(name);
        }
        exists
    }

    /// Visits the sub-sections of an install section, and says whether there
    /// is any.
    fn sub_sections(&mut self, name: &str) -> bool {
        let mut any = false;
        for suffix in super::role::SUFFIXES {
            any |= self.visit(&format!("{name}.{suffix}"), Role::Sub(suffix));
        }
        any
    }

    fn follow(&mut self, section: Section<'i>, role: Role, found: &mut Found) {
        // Directives of class installers name sections too; any value that is
        // the name of one is taken for its use. Names of models and of install
        // sections are not: a decorated form may be used in their place.
        let names_others = match role {
            Role::Models => false,
            Role::ByName => {
                let name = section.name();
                let stem = name.split('.').next().unwrap_or(name);
                let of_names = ["SignatureAttributes", "ControlFlags", "DeviceInstall32"];
                of_names.iter().any(|name| name.eq_ignore_ascii_case(stem))
            }
            _ => true,
        };
        for line in section.lines() {
            let key = line.key().unwrap_or_default();
            if role.has_directives() && line.has_equals() {
                match directive_of(&key) {
                    Some(directive) => {
                        let leads_to = directive.leads_to(role);
                        match directive.values {
                            Values::All => {
                                for field in 1..=line.field_count() {
                                    self.reference(
                                        section,
                                        line,
                                        field,
                                        directive.name,
                                        leads_to,
                                        found,
                                    );
                                }
                            }
                            Values::At(field) => {
                                self.reference(
                                    section,
                                    line,
                                    field,
                                    directive.name,
                                    leads_to,
                                    found,
                                );
                            }
                        }
                    }
                    None if key.eq_ignore_ascii_case("AddService") => {
                        self.add_service(section, line, role, found);
                    }
                    None if key.eq_ignore_ascii_case("Needs") => {
                        self.needs(section, line, role, found);
                    }
                    None => {}
                }
            }
            if role == Role::ByName {
                self.interface_class(section, line);
            }
            if names_others {
                for value in line.fields().filter(|value| !value.is_empty()) {
                    self.visit(&value, Role::Named);
                }
            }
        }
        let security = format!("{}.security", section.name());
        self.visit(&security, Role::List);
        if role == Role::Install(Scope::Class) {
            self.sub_sections(section.name());
        }
    }

    /// A field that names a section.
    fn reference(
        &mut self,
        section: Section<'i>,
        line: Line<'i>,
        field: usize,
        directive: &'static str,
        leads_to: Role,
        found: &mut Found,
    ) {
        let name = line.field(field).unwrap_or_default();
        // `@file` is a single file.
        if name.is_empty() || name.starts_with('@') {
            return;
        }
        if self.visit(&name, leads_to) {
            self.named_by
                .entry(name.to_lowercase())
                .or_default()
                .insert(directive);
            return;
        }
        let (rule, why) = match section.line_for_key("Include") {
            Some(_) => (
                LintRule::SectionOfIncluded,
                "is not in this INF; one of an included INF is reached through Needs only",
            ),
            None => (LintRule::SectionNotFound, "does not exist"),
        };
        found.at_field(rule, section, line, field, || {
            format!("{directive} names [{name}], which {why}")
        });
    }

    fn add_service(&mut self, section: Section<'i>, line: Line<'i>, role: Role, found: &mut Found) {
        let named = |field| line.field(field).is_some_and(|name| !name.is_empty());
        if named(1) && !named(3) {
            found.at_field(LintRule::NoSectionName, section, line, 0, || {
                "AddService names no section that sets up the service".to_owned()
            });
        }
        let uninstall = role == Role::Uninstall;
        let service = if uninstall {
            Role::Uninstall
        } else {
            Role::Service
        };
        self.reference(section, line, 3, "AddService", service, found);
        let log = Role::Part(Scope::Other);
        self.reference(section, line, 4, "AddService", log, found);
    }

    fn needs(&mut self, section: Section<'i>, line: Line<'i>, role: Role, found: &mut Found) {
        let own = known_suffix(section.name());
        for field in 1..=line.field_count() {
            let name = line.field(field).unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            // A section of Windows without a suffix may be meant for any:
            // `Needs = PciD3ColdSupported` stands in .HW sections.
            if let Some(needed) = known_suffix(&name)
                && Some(needed) != own
            {
                found.at_field(LintRule::NeedsOtherKind, section, line, field, || {
                    format!(
                        "[{name}] is a .{needed} section, and [{}] is none",
                        section.name()
                    )
                });
            }
            if !self.visit(&name, role) && section.line_for_key("Include").is_none() {
                found.at_field(LintRule::NeedsWithoutInclude, section, line, field, || {
                    format!(
                        "[{name}] is not in this INF, and [{}] includes none",
                        section.name()
                    )
                });
            }
        }
    }

    /// `{class}=section` of `[InterfaceInstall32]`.
    fn interface_class(&mut self, section: Section<'i>, line: Line<'i>) {
        if !section.name().eq_ignore_ascii_case("InterfaceInstall32") {
            return;
        }
        let named = line.field(1).unwrap_or_default();
        for decoration in [
            "", ".nt", ".ntx86", ".ntamd64", ".ntarm64", ".ntarm", ".ntia64",
        ] {
            self.visit(&format!("{named}{decoration}"), Role::Part(Scope::Device));
        }
    }

    fn check_directives(&self, found: &mut Found) {
        for (name, directives) in &self.named_by {
            let (Some(section), true) = (self.inf.section(name), directives.len() > 1) else {
                continue;
            };
            found.at_header(LintRule::TwoDirectives, section, || {
                let names: Vec<_> = directives.iter().copied().collect();
                format!("[{}] is named by {}", section.name(), names.join(" and "))
            });
        }
    }

    fn check_unused(&self, found: &mut Found) {
        for section in self.inf.sections() {
            let lower = section.name().to_lowercase();
            if self.used.contains(&lower) || self.belongs_to_used(&lower) {
                continue;
            }
            found.at_header(LintRule::SectionUnused, section, || {
                format!("nothing uses [{}]", section.name())
            });
        }
    }

    /// Whether it is a sub-section, of whatever kind, of a section that is
    /// used: class installers have their own. A decoration is none: Windows
    /// chose another section then.
    fn belongs_to_used(&self, lower: &str) -> bool {
        if lower.len() > MAX_NAME_LEN {
            return false;
        }
        lower.match_indices('.').any(|(dot, _)| {
            let (base, rest) = lower.split_at_checked(dot).unwrap_or((lower, ""));
            let first = rest.get(1..).unwrap_or_default();
            let first = first.split('.').next().unwrap_or_default();
            self.used.contains(base) && !is_platform(first) && suffix(first).is_none()
        })
    }
}

/// What a section is for whose name goes on after `[DefaultInstall` or
/// `[ClassInstall32`: itself, decorated, or a sub-section.
fn entry(rest: &str, whole: Role) -> Role {
    match rest.split('.').rfind(|part| !is_platform(part)) {
        None | Some("") => whole,
        Some(last) => suffix(last).map_or(Role::Named, Role::Sub),
    }
}

fn is_platform(part: &str) -> bool {
    let name = part.get(..2).filter(|nt| nt.eq_ignore_ascii_case("nt"));
    let rest = part.get(2..).unwrap_or_default();
    name.is_some() && (rest.is_empty() || Architecture::from_name(rest).is_some())
}

fn known_suffix(name: &str) -> Option<&'static str> {
    suffix(name.rsplit_once('.')?.1)
}

/// A models section that `[Manufacturer]` names and the file lacks.
fn not_found_at(inf: &Inf, maker: &ManufacturerLine, name: &str, found: &mut Found) {
    let Some(section) = inf.section("Manufacturer").filter(|_| !found.is_full()) else {
        return;
    };
    let line = section.lines().find(|line| line.number() == maker.line);
    if let Some(line) = line {
        found.at_field(LintRule::SectionNotFound, section, line, 1, || {
            format!("the models section [{name}] does not exist")
        });
    }
}
