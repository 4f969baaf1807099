//! Models sections: which device ids lead to which install section.

use serde::Serialize;
use wimwright_inf::Inf;

use super::expansion::{At, expand};
use super::finding::{Findings, Rule};
use super::manufacturer::ManufacturerLine;
use super::target::Architecture;

/// One line of a models section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// The manufacturer with its tokens.
    pub manufacturer_raw: String,
    /// The manufacturer, expanded.
    pub manufacturer: String,
    /// The description with its tokens: what the driver database records.
    pub description_raw: String,
    /// The description, expanded.
    pub description: String,
    /// The install section as the line names it.
    pub install_section: String,
    /// The section that is really used: with its decoration, spelled as its
    /// header. The named one if no form of it exists.
    pub actual_section: String,
    /// The first id of the line. Lines may have compatible ids only.
    pub hardware_id: Option<String>,
    /// The other ids, in the order of the line; empty ones keep no place.
    pub compatible_ids: Vec<String>,
    /// Line of the file, counted from 1.
    pub line: u32,
}

/// Reads a models section in the order of the INF.
pub(crate) fn models(
    inf: &Inf,
    manufacturer: &ManufacturerLine,
    section: &str,
    architecture: Architecture,
    findings: &mut Findings,
) -> Vec<Model> {
    let Some(section) = inf.section(section) else {
        return Vec::new();
    };
    let mut models = Vec::new();
    for line in section.lines() {
        let at = At {
            section: section.name(),
            line: line.number(),
        };
        let mut field = |index| {
            let raw = line.raw_field(index)?;
            Some(expand(inf, raw, at, findings))
        };
        let install_section = field(1).unwrap_or_default();
        let hardware_id = field(2).filter(|id| !id.is_empty());
        let compatible_ids: Vec<String> = (3..=line.field_count())
            .filter_map(&mut field)
            .filter(|id| !id.is_empty())
            .collect();
        let description_raw = line.raw_key().unwrap_or_default();
        let description = expand(inf, description_raw, at, findings);
        if !line.has_equals() || install_section.is_empty() {
            at.add(
                findings,
                Rule::NoInstallSection,
                "a models line has the form description = install section, ids".to_owned(),
            );
            continue;
        }
        if hardware_id.is_none() && compatible_ids.is_empty() {
            at.add(
                findings,
                Rule::NoDeviceId,
                format!("`{description}` has no device id"),
            );
        }
        let actual_section = match actual_section(inf, &install_section, architecture) {
            Some(actual) => actual,
            None => {
                at.add(
                    findings,
                    Rule::InstallSectionMissing,
                    format!("there is no [{install_section}], decorated or not"),
                );
                install_section.clone()
            }
        };
        models.push(Model {
            manufacturer_raw: manufacturer.name_raw.clone(),
            manufacturer: manufacturer.name.clone(),
            description_raw: description_raw.to_owned(),
            description,
            install_section,
            actual_section,
            hardware_id,
            compatible_ids,
            line: line.number(),
        });
    }
    models
}

/// The section that a Windows of the architecture uses for a name: with
/// `.nt<architecture>`, with `.nt`, or plain, whichever exists first; spelled
/// as its header. `None` if none exists. Versions have no say here
/// (`SetupDiGetActualSectionToInstall`).
pub fn actual_section(inf: &Inf, name: &str, architecture: Architecture) -> Option<String> {
    [
        format!("{name}.nt{architecture}"),
        format!("{name}.nt"),
        name.to_owned(),
    ]
    .iter()
    .find_map(|candidate| inf.section(candidate))
    .map(|section| section.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_inf::ParseOptions;

    fn maker() -> ManufacturerLine {
        ManufacturerLine {
            line: 1,
            name_raw: "%m%".to_owned(),
            name: "Maker".to_owned(),
            models: "M".to_owned(),
            decorations: Vec::new(),
        }
    }

    #[test]
    fn a_line_gives_description_section_and_ids() {
        let inf = Inf::parse(
            b"[M]\n%d% = Inst, PCI\\VEN_1, PCI\\VEN_2,,PCI\\CC_1\n\
              %d% = Inst,, *PNP0F13\n%lost% = None, %id%\nbad\n%d%=Inst\n\
              [Inst]\n[INST.NTamd64]\n[Strings]\nd=Device\nid=USB\\X\n",
            &ParseOptions::default(),
        );
        let mut findings = Findings::default();
        let models = models(&inf, &maker(), "m", Architecture::Amd64, &mut findings);
        let seen: Vec<_> = models
            .iter()
            .map(|model| {
                (
                    model.description.as_str(),
                    model.actual_section.as_str(),
                    model.hardware_id.as_deref(),
                    model.compatible_ids.join(" "),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (
                    "Device",
                    "INST.NTamd64",
                    Some("PCI\\VEN_1"),
                    "PCI\\VEN_2 PCI\\CC_1".to_owned()
                ),
                ("Device", "INST.NTamd64", None, "*PNP0F13".to_owned()),
                // A token without a value must not drop the line.
                ("%lost%", "None", Some("USB\\X"), String::new()),
                ("Device", "INST.NTamd64", None, String::new()),
            ]
        );
        let rules: Vec<_> = findings.as_slice().iter().map(|f| f.rule).collect();
        assert_eq!(
            rules,
            [
                Rule::UndefinedToken,
                Rule::InstallSectionMissing,
                Rule::NoInstallSection,
                Rule::NoDeviceId,
            ]
        );
        assert_eq!(models[0].description_raw, "%d%");
    }

    #[test]
    fn the_most_special_form_of_a_section_is_used() {
        let inf = Inf::parse(
            b"[a]\n[a.nt]\n[A.ntAMD64]\n[b]\n[b.ntx86]\n[c.NT]\n",
            &ParseOptions::default(),
        );
        for (name, architecture, expected) in [
            ("A", Architecture::Amd64, Some("A.ntAMD64")),
            ("a", Architecture::X86, Some("a.nt")),
            ("b", Architecture::Amd64, Some("b")),
            ("b", Architecture::X86, Some("b.ntx86")),
            ("c", Architecture::Arm64, Some("c.NT")),
            ("d", Architecture::X86, None),
        ] {
            let found = actual_section(&inf, name, architecture);
            assert_eq!(found.as_deref(), expected, "`{name}` on {architecture}");
        }
    }
}
