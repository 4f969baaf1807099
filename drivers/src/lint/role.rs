//! What sections are for, and which directives lead from one to the next.

/// Whose key `HKR` is in a registry list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// A device: its hardware, software or interface key.
    Device,
    /// A device setup class.
    Class,
    /// A service.
    Service,
    /// Anything else.
    Other,
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// Found by its own name: `[Version]`, `[SourceDisksFiles]`.
    ByName,
    /// A models section.
    Models,
    /// An install section, `[ClassInstall32]` or `[DefaultInstall]`.
    Install(Scope),
    /// `[DefaultUninstall]`, which only old installers carry out.
    Uninstall,
    /// A sub-section of an install section that has directives, with its
    /// suffix as in [`SUFFIXES`].
    Sub(&'static str),
    /// The section of a service.
    Service,
    /// A section with directives that a `Sub` or a `Service` names.
    Part(Scope),
    AddReg(Scope),
    DelReg(Scope),
    BitReg(Scope),
    CopyFiles,
    DelFiles,
    RenFiles,
    /// A list of another kind.
    List,
    /// Named somewhere, by something that is not known.
    Named,
}

impl Role {
    /// Whether its lines are `directive = values`.
    pub(super) fn has_directives(self) -> bool {
        matches!(
            self,
            Role::Install(_) | Role::Uninstall | Role::Sub(_) | Role::Service | Role::Part(_)
        )
    }

    /// The scope of the registry lists that it names.
    fn scope(self) -> Scope {
        match self {
            Role::Install(scope) | Role::Part(scope) => scope,
            Role::Service => Scope::Service,
            Role::Sub("HW" | "Interfaces" | "CoInstallers") => Scope::Device,
            _ => Scope::Other,
        }
    }
}

/// Sub-sections of install sections that have directives (pages "INF
/// DDInstall.*").
pub(super) const SUFFIXES: [&str; 14] = [
    "HW",
    "Services",
    "CoInstallers",
    "Interfaces",
    "Wdf",
    "Filters",
    "Components",
    "Software",
    "Events",
    "COM",
    "WMI",
    "LogConfigOverride",
    "FactDef",
    "PosDup",
];

/// The known suffix of that name, in any case.
pub(super) fn suffix(name: &str) -> Option<&'static str> {
    SUFFIXES
        .into_iter()
        .find(|suffix| suffix.eq_ignore_ascii_case(name))
}

/// Which values of a directive name sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// All of them.
    All,
    /// The one of this number, counted from 1.
    At(usize),
}

/// A directive that names sections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directive {
    pub(super) name: &'static str,
    pub(super) values: Values,
    leads_to: fn(Scope) -> Role,
}

impl Directive {
    /// What a section is for that it names in a section of that role.
    pub(super) fn leads_to(&self, from: Role) -> Role {
        (self.leads_to)(from.scope())
    }
}

const fn directive(name: &'static str, values: Values, leads_to: fn(Scope) -> Role) -> Directive {
    Directive {
        name,
        values,
        leads_to,
    }
}

/// The directives (pages "INF ... Directive"). `Include` and `Needs` are not
/// among them: they name no section of this kind.
const DIRECTIVES: &[Directive] = &[
    directive("CopyFiles", Values::All, |_| Role::CopyFiles),
    directive("DelFiles", Values::All, |_| Role::DelFiles),
    directive("RenFiles", Values::All, |_| Role::RenFiles),
    directive("AddReg", Values::All, Role::AddReg),
    directive("DelReg", Values::All, Role::DelReg),
    directive("BitReg", Values::All, Role::BitReg),
    directive("AddProperty", Values::All, |_| Role::List),
    directive("DelProperty", Values::All, |_| Role::List),
    directive("AddPowerSetting", Values::All, |_| Role::List),
    directive("LogConfig", Values::All, |_| Role::List),
    directive("ProfileItems", Values::All, |_| Role::List),
    directive("UpdateInis", Values::All, |_| Role::List),
    directive("UpdateIniFields", Values::All, |_| Role::List),
    directive("Ini2Reg", Values::All, |_| Role::List),
    directive("RegisterDlls", Values::All, |_| Role::List),
    directive("UnregisterDlls", Values::All, |_| Role::List),
    directive("AddInterface", Values::At(3), |_| Role::Part(Scope::Device)),
    directive("KmdfService", Values::At(2), |_| Role::List),
    directive("UmdfService", Values::At(2), |_| Role::List),
    directive("AddFilter", Values::At(3), |_| Role::List),
    directive("AddComponent", Values::At(3), |_| Role::List),
    directive("AddSoftware", Values::At(3), |_| Role::List),
    directive("AddEventProvider", Values::At(2), |_| {
        Role::Part(Scope::Other)
    }),
    directive("AddChannel", Values::At(3), |_| Role::List),
    directive("AddTrigger", Values::All, |_| Role::List),
    directive("FailureActions", Values::At(1), |_| Role::List),
    directive("WMIInterface", Values::At(3), |_| Role::List),
];

/// The directive of a line, by its key in lower case.
pub(super) fn directive_of(key: &str) -> Option<&'static Directive> {
    DIRECTIVES
        .iter()
        .find(|directive| directive.name.eq_ignore_ascii_case(key))
}
