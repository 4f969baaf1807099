//! What universal drivers may no longer do: 1300, 1301, 1302, 2222.
//!
//! The sections and directives of the page "Using a Universal INF File".
//! `[DefaultUninstall]` is left out, as InfVerif leaves it out: Windows does
//! not carry it out.

use super::Subject;
use super::finding::Found;
use super::role::Role;
use super::rule::LintRule;

const DIRECTIVES: [&str; 10] = [
    "BitReg",
    "DelProperty",
    "DelReg",
    "Ini2Reg",
    "ProfileItems",
    "RegisterDlls",
    "UnregisterDlls",
    "RenFiles",
    "UpdateIniFields",
    "UpdateInis",
];

/// What deletes something that other packages may use.
const DELETES: [&str; 2] = ["DelFiles", "DelService"];

/// Checks every section with directives.
pub(super) fn check(subject: &Subject<'_>, found: &mut Found) {
    for (section, role) in subject.usage.sections() {
        if let Role::Sub(suffix @ ("FactDef" | "LogConfigOverride")) = role {
            found.at_header(LintRule::LegacySection, section, || {
                format!("[{}] is a .{suffix} section", section.name())
            });
        }
        if !role.has_directives() || role == Role::Uninstall {
            continue;
        }
        for line in section.lines().filter(|line| line.has_equals()) {
            let key = line.key().unwrap_or_default();
            let is = |name: &&&str| name.eq_ignore_ascii_case(&key);
            if let Some(name) = DIRECTIVES.iter().find(is) {
                found.at_field(LintRule::LegacyDirective, section, line, 0, || {
                    format!("{name} is a legacy operation")
                });
            }
            if let Some(name) = DELETES.iter().find(is) {
                let what = line.field(1).unwrap_or_default();
                found.at_field(LintRule::LegacyDelete, section, line, 0, || {
                    format!("{name} deletes `{what}`")
                });
            }
            if key.eq_ignore_ascii_case("LogConfig") {
                found.at_field(LintRule::LegacyIgnored, section, line, 0, || {
                    "LogConfig is no longer read".to_owned()
                });
            }
        }
    }
}
