//! `AddInterface` and `[InterfaceInstall32]`: device interfaces.

use serde::Serialize;
use wimwright_inf::Line;

use super::files::CopyFile;
use super::finding::Rule;
use super::guid::Guid;
use super::models::actual_section;
use super::property::PropertyChange;
use super::reader::{Part, Reader, directive};
use super::registry::RegistryChange;

/// An interface of a device, or a class of interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Interface {
    /// The interface class.
    pub class: Guid,
    /// Reference string; of a device's interface only.
    pub reference: Option<String>,
    /// Name of the section, if one is named.
    pub section: Option<String>,
    /// Changes relative to the interface's key, or to the class's key.
    pub registry: Vec<RegistryChange>,
    /// Properties of the interface.
    pub properties: Vec<PropertyChange>,
    /// Files the section copies.
    pub copy_files: Vec<CopyFile>,
    /// Line of the entry, counted from 1.
    pub line: u32,
}

impl<'a> Reader<'a, '_> {
    /// Reads the `AddInterface` lines of a `.Interfaces` section.
    pub(crate) fn interfaces(&mut self, part: &Part<'a>, into: &mut Vec<Interface>) {
        for line in part.lines() {
            if directive(line).as_deref() == Some("addinterface") && self.one_more() {
                let class = self.field(part, line, 1).unwrap_or_default();
                let reference = self.field(part, line, 2).filter(|text| !text.is_empty());
                let section = self.field(part, line, 3).unwrap_or_default();
                self.interface(part, line, &class, reference, &section, into);
            }
        }
    }

    /// Reads `[InterfaceInstall32]`: `{class}=section[,flags]`.
    pub(crate) fn interface_classes(&mut self) -> Vec<Interface> {
        let mut found = Vec::new();
        for part in self.parts("InterfaceInstall32").list {
            for line in part.lines().into_iter().filter(|line| line.has_equals()) {
                let class = self.field(&part, line, 0).unwrap_or_default();
                let named = self.field(&part, line, 1).unwrap_or_default();
                let architecture = self.target.architecture;
                let section = actual_section(self.own, &named, architecture).unwrap_or(named);
                self.interface(&part, line, &class, None, &section, &mut found);
            }
        }
        found
    }

    fn interface(
        &mut self,
        part: &Part<'a>,
        line: Line<'_>,
        class: &str,
        reference: Option<String>,
        section: &str,
        into: &mut Vec<Interface>,
    ) {
        let class = match class.parse() {
            Ok(class) => class,
            Err(error) => {
                let message = format!("interface class `{class}`: {error}");
                self.report(part, line, Rule::BadEntry, message);
                return;
            }
        };
        let mut interface = Interface {
            class,
            reference,
            section: None,
            registry: Vec::new(),
            properties: Vec::new(),
            copy_files: Vec::new(),
            line: line.number(),
        };
        if !section.is_empty()
            && let Some(section) = self.named(part, line, section)
        {
            for line in section.lines() {
                match directive(line).as_deref() {
                    Some("copyfiles") => {
                        self.copy_files(&section, line, &mut interface.copy_files);
                    }
                    Some("addproperty") => {
                        self.properties(&section, line, &mut interface.properties);
                    }
                    _ => {}
                }
            }
            self.registry_of(&section, &mut interface.registry);
            interface.section = Some(section.section);
        }
        into.push(interface);
    }
}
