//! `.Wdf`: what a driver asks of the driver frameworks.
//!
//! Facts of the pages "Specifying WDF Directives in INF Files" and "INF
//! DDInstall.WDF Section". The framework's co-installer, or Windows itself
//! from Vista on, writes `KmdfLibraryVersion` to the service; the many UMDF
//! directives are recorded as they are.

use serde::Serialize;

use super::reader::{Part, Reader, directive};

/// A kernel-mode driver of the framework.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct KmdfService {
    /// Name of the service.
    pub service: String,
    /// `KmdfLibraryVersion`, such as `1.15`.
    pub library_version: Option<String>,
}

/// A user-mode driver of the framework.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct UmdfService {
    /// Name of the driver.
    pub service: String,
    /// Directives of its section: `UmdfLibraryVersion`, `ServiceBinary`,
    /// `DriverCLSID` and others, with their values.
    pub entries: Vec<(String, Vec<String>)>,
}

/// A `.Wdf` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Wdf {
    /// `KmdfService` directives.
    pub kmdf: Vec<KmdfService>,
    /// `UmdfService` directives.
    pub umdf: Vec<UmdfService>,
    /// Every other directive, such as `UmdfServiceOrder`, with its values.
    pub directives: Vec<(String, Vec<String>)>,
}

impl<'a> Reader<'a, '_> {
    /// Reads one `.Wdf` section.
    pub(crate) fn wdf(&mut self, part: &Part<'a>, into: &mut Wdf) {
        for line in part.lines() {
            let Some(key) = directive(line).filter(|_| self.one_more()) else {
                continue;
            };
            let values = self.fields(part, line);
            let (service, section) = (values.first().cloned(), values.get(1).cloned());
            match (key.as_str(), service) {
                ("include" | "needs", _) => {}
                ("kmdfservice", Some(service)) => {
                    let entries = self.wdf_entries(part, line, section);
                    let version = entries
                        .iter()
                        .find(|(key, _)| key.eq_ignore_ascii_case("KmdfLibraryVersion"))
                        .and_then(|(_, values)| values.first().cloned());
                    into.kmdf.push(KmdfService {
                        service,
                        library_version: version,
                    });
                }
                ("umdfservice", Some(service)) => {
                    let entries = self.wdf_entries(part, line, section);
                    into.umdf.push(UmdfService { service, entries });
                }
                _ => {
                    let key = line.raw_key().unwrap_or_default().to_owned();
                    into.directives.push((key, values));
                }
            }
        }
    }

    fn wdf_entries(
        &mut self,
        part: &Part<'a>,
        line: wimwright_inf::Line<'_>,
        section: Option<String>,
    ) -> Vec<(String, Vec<String>)> {
        let Some(section) = section.and_then(|name| self.named(part, line, &name)) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        for line in section.lines().into_iter().filter(|line| line.has_equals()) {
            let key = self.field(&section, line, 0).unwrap_or_default();
            let values = self.fields(&section, line);
            entries.push((key, values));
        }
        entries
    }
}
