//! `AddReg`, `DelReg` and `BitReg` lists: whose keys they write.
//!
//! 1221, 1222, 1303, 1304, 1305, 1307, and for Windows drivers 1320, 1321,
//! 1323. What is allowed outside `HKR` is on the page "Using a Universal INF
//! File"; that values of a service belong under `Parameters` on the page
//! "Driver Package Isolation".

use wimwright_inf::{Line, Section};

use super::Subject;
use super::finding::Found;
use super::role::{Role, Scope};
use super::rule::LintRule;
use crate::model::Root;

/// Keys that a universal driver may write beside its own: COM registration
/// and media transforms.
const ALLOWED: [&str; 4] = [
    r"software\classes",
    r"software\microsoft\windows media foundation",
    r"software\wow6432node\microsoft\windows media foundation",
    r"software\wow3232node\microsoft\windows media foundation",
];

/// Where services are registered, whatever the number of the control set.
const SERVICES: &str = r"system\currentcontrolset\services";

/// `FLG_ADDREG_APPEND`, and the flag that removes a string from a list.
const APPEND: i64 = 0x8;
const DELETE_STRING: i64 = 0x1_8002;

/// Checks every list.
pub(super) fn check(subject: &Subject<'_>, found: &mut Found) {
    for (section, role) in subject.usage.sections() {
        let scope = match role {
            Role::AddReg(scope) | Role::DelReg(scope) | Role::BitReg(scope) => scope,
            _ => continue,
        };
        for line in section.lines() {
            let mut entry = Entry {
                section,
                line,
                scope,
                adds: matches!(role, Role::AddReg(_)),
                found,
            };
            entry.check();
        }
    }
}

struct Entry<'i, 'f> {
    section: Section<'i>,
    line: Line<'i>,
    scope: Scope,
    adds: bool,
    found: &'f mut Found,
}

impl Entry<'_, '_> {
    fn report(&mut self, rule: LintRule, field: usize, message: impl FnOnce() -> String) {
        self.found
            .at_field(rule, self.section, self.line, field, message);
    }

    fn check(&mut self) {
        let line = self.line;
        let field = |index| line.field(index).unwrap_or_default();
        let (root, subkey, name) = (field(1), field(2), field(3));
        let Some(known) = Root::from_text(&root) else {
            self.report(LintRule::BadRoot, 1, || format!("`{root}` is no root key"));
            return;
        };
        let flags = line.int_field(4).unwrap_or(0);
        if flags & DELETE_STRING == DELETE_STRING || (self.adds && flags & APPEND != 0) {
            self.report(LintRule::AppendedString, 4, || {
                format!("the list of strings `{name}` is changed, not set")
            });
        }
        if known == Root::Relative {
            self.relative(&subkey, &name);
            return;
        }
        let lower = subkey.trim_matches('\\').to_ascii_lowercase();
        let is_machine = known == Root::LocalMachine;
        if is_machine && is_below(&lower, SERVICES) {
            self.report(LintRule::ServicesKey, 2, || {
                format!("`{root}\\{subkey}` is the key of services")
            });
            return;
        }
        let allowed = known == Root::ClassesRoot
            || (is_machine && ALLOWED.iter().any(|key| is_below(&lower, key)));
        if !allowed {
            self.report(LintRule::NonRelativeKey, 1, || {
                format!("`{root}\\{subkey}` is not the device's own key")
            });
        }
        if name.is_empty() {
            self.report(LintRule::KeyNotIsolated, 1, || {
                format!("the key `{root}\\{subkey}` is not isolated to HKR")
            });
        } else {
            self.report(LintRule::ValueNotIsolated, 1, || {
                format!("the value `{name}` of `{root}\\{subkey}` is not isolated to HKR")
            });
        }
    }

    fn relative(&mut self, subkey: &str, name: &str) {
        if name.eq_ignore_ascii_case("CoInstallers32") {
            self.report(LintRule::CoInstaller, 3, || {
                format!("`{name}` registers a co-installer")
            });
        }
        if self.scope == Scope::Class && name.eq_ignore_ascii_case("Installer32") {
            self.report(LintRule::ClassInstaller, 3, || {
                format!("`{name}` registers a class installer")
            });
        }
        let lower = subkey.trim_matches('\\').to_ascii_lowercase();
        if self.scope == Scope::Service && self.adds && !is_below(&lower, "parameters") {
            self.report(LintRule::NotInParameters, 2, || {
                let place = match subkey {
                    "" => "the service's key itself".to_owned(),
                    subkey => format!("`{subkey}`"),
                };
                format!("`{name}` is in {place}, not under Parameters")
            });
        }
    }
}

/// Whether a key is another one or lies below it; both in lower case.
fn is_below(key: &str, above: &str) -> bool {
    key.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
}
