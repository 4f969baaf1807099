//! `.Filters`, `.Components` and `.Software`: the declarative directives of
//! Windows 10.
//!
//! Facts of the pages "INF AddFilter Directive" (from 1903), "INF AddComponent
//! Directive" and "INF AddSoftware Directive" (from 1703).

use serde::Serialize;
use wimwright_inf::Line;

use super::finding::Rule;
use super::reader::{Part, Reader, directive};
use super::service::DisplayText;

/// A filter driver that a device gets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Filter {
    /// Name of the filter's service.
    pub service: String,
    /// `FilterLevel`: a level that the base driver defines.
    pub level: Option<String>,
    /// `FilterPosition`: `Upper` or `Lower`.
    pub position: Option<String>,
    /// Line of the `AddFilter`, counted from 1.
    pub line: u32,
}

/// A software component: a child device that other INFs serve.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Component {
    /// Name of the component.
    pub name: String,
    /// Flags, reserved.
    pub flags: u32,
    /// `ComponentIDs`; the hardware ids have `SWC\` before them.
    pub ids: Vec<String>,
    /// `Description`.
    pub description: Option<DisplayText>,
    /// Line of the `AddComponent`, counted from 1.
    pub line: u32,
}

/// Software that is installed after the device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Software {
    /// Name of the software.
    pub name: String,
    /// Flags; 1 means once for each device.
    pub flags: u32,
    /// `SoftwareType`: 1 a program, 2 an app of the store.
    pub kind: Option<u32>,
    /// `SoftwareBinary`, as written, strings expanded.
    pub binary: Option<String>,
    /// `SoftwareArguments`.
    pub arguments: Vec<String>,
    /// `SoftwareVersion`.
    pub version: Option<String>,
    /// `SoftwareID`, `pfn://...`.
    pub id: Option<String>,
    /// Line of the `AddSoftware`, counted from 1.
    pub line: u32,
}

impl<'a> Reader<'a, '_> {
    /// Reads the `AddFilter` lines of a `.Filters` section.
    pub(crate) fn filters(&mut self, part: &Part<'a>, into: &mut Vec<Filter>) {
        for (line, name, _, section) in self.additions(part, "addfilter") {
            let mut filter = Filter {
                service: name,
                level: None,
                position: None,
                line: line.number(),
            };
            for line in section.iter().flat_map(Part::lines) {
                let value = || line.field(1).map(std::borrow::Cow::into_owned);
                match directive(line).as_deref() {
                    Some("filterlevel") => filter.level = value(),
                    Some("filterposition") => filter.position = value(),
                    _ => {}
                }
            }
            if filter.level.is_some() == filter.position.is_some() {
                let message = format!(
                    "filter `{}` needs a level or a position, and not both",
                    filter.service
                );
                self.report(part, line, Rule::BadEntry, message);
            }
            into.push(filter);
        }
    }

    /// Reads the `AddComponent` lines of a `.Components` section.
    pub(crate) fn components(&mut self, part: &Part<'a>, into: &mut Vec<Component>) {
        for (line, name, flags, section) in self.additions(part, "addcomponent") {
            let mut component = Component {
                name,
                flags,
                ids: Vec::new(),
                description: None,
                line: line.number(),
            };
            if let Some(section) = &section {
                for line in section.lines() {
                    match directive(line).as_deref() {
                        Some("componentids") => component.ids = self.fields(section, line),
                        Some("description") => {
                            component.description = line.raw_field(1).map(|raw| DisplayText {
                                raw: raw.to_owned(),
                                text: self.field(section, line, 1).unwrap_or_default(),
                            });
                        }
                        _ => {}
                    }
                }
            }
            if component.ids.is_empty() {
                let message = format!("component `{}` has no ComponentIDs", component.name);
                self.report(part, line, Rule::BadEntry, message);
            }
            into.push(component);
        }
    }

    /// Reads the `AddSoftware` lines of a `.Software` section.
    pub(crate) fn software(&mut self, part: &Part<'a>, into: &mut Vec<Software>) {
        for (line, name, flags, section) in self.additions(part, "addsoftware") {
            let mut software = Software {
                name,
                flags,
                kind: None,
                binary: None,
                arguments: Vec::new(),
                version: None,
                id: None,
                line: line.number(),
            };
            if let Some(section) = &section {
                for line in section.lines() {
                    let mut value = || self.field(section, line, 1);
                    match directive(line).as_deref() {
                        Some("softwaretype") => {
                            software.kind =
                                line.int_field(1).and_then(|kind| u32::try_from(kind).ok());
                        }
                        Some("softwarebinary") => software.binary = value(),
                        Some("softwareversion") => software.version = value(),
                        Some("softwareid") => software.id = value(),
                        Some("softwarearguments") => {
                            software.arguments = self.fields(section, line);
                        }
                        _ => {}
                    }
                }
            }
            if software.kind.is_none() {
                let message = format!("software `{}` has no SoftwareType", software.name);
                self.report(part, line, Rule::BadEntry, message);
            }
            into.push(software);
        }
    }

    /// The lines `key = name,[flags],section` of a section, with the section.
    fn additions<'p>(
        &mut self,
        part: &'p Part<'a>,
        key: &str,
    ) -> Vec<(Line<'p>, String, u32, Option<Part<'a>>)> {
        let mut found = Vec::new();
        for line in part.lines() {
            if directive(line).as_deref() != Some(key) || !self.one_more() {
                continue;
            }
            let name = self.field(part, line, 1).unwrap_or_default();
            if name.is_empty() {
                let message = "the entry has no name".to_owned();
                self.report(part, line, Rule::BadEntry, message);
                continue;
            }
            let flags = line
                .int_field(2)
                .and_then(|flags| u32::try_from(flags).ok())
                .unwrap_or(0);
            let section = self.field(part, line, 3).unwrap_or_default();
            let section = self.named(part, line, &section);
            found.push((line, name, flags, section));
        }
        found
    }
}
