//! `.Services`: `AddService` with the sections it names, and `DelService`.
//!
//! Facts of the page "INF AddService directive".

use wimwright_inf::Line;

use super::dirid;
use super::expansion::PathForm;
use super::finding::Rule;
use super::reader::{Part, Reader, directive};
use super::service::{
    AssociatedService, DeletedService, DisplayText, EventLog, FailureActions, Service,
    ServiceBinary, ServiceTrigger, StartType, service_flag,
};

/// What a `.Services` section says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    pub(crate) added: Vec<Service>,
    pub(crate) deleted: Vec<DeletedService>,
    pub(crate) associated: AssociatedService,
}

impl<'a> Reader<'a, '_> {
    /// Reads one `.Services` section.
    pub(crate) fn services(&mut self, part: &Part<'a>, into: &mut Services) {
        for line in part.lines() {
            match directive(line).as_deref() {
                Some("addservice") => self.add_service(part, line, into),
                Some("delservice") => {
                    let name = self.field(part, line, 1).unwrap_or_default();
                    if self.is_service_name(part, line, &name) {
                        into.deleted.push(DeletedService {
                            name,
                            flags: self.flags(part, line, 2),
                            line: line.number(),
                        });
                    }
                }
                _ => {}
            }
        }
    }

    fn flags(&mut self, part: &Part<'a>, line: Line<'_>, index: usize) -> u32 {
        let text = self.field(part, line, index).unwrap_or_default();
        let flags = wimwright_inf::number(&text).and_then(|flags| u32::try_from(flags).ok());
        flags.unwrap_or_else(|| {
            let message = format!("flags `{text}` are no number");
            self.report(part, line, Rule::BadServiceValue, message);
            0
        })
    }

    /// A service name becomes a key, so it must be one key's name.
    fn is_service_name(&mut self, part: &Part<'a>, line: Line<'_>, name: &str) -> bool {
        let fine = !name.is_empty()
            && name.chars().count() <= 256
            && !name.contains(['\\', '/'])
            && !name.contains(|c: char| c < ' ');
        if !fine {
            let message = format!("`{name}` is no name of a service");
            self.report(part, line, Rule::BadServiceName, message);
        }
        fine
    }

    fn add_service(&mut self, part: &Part<'a>, line: Line<'_>, into: &mut Services) {
        if !self.one_more() {
            return;
        }
        let name = self.field(part, line, 1).unwrap_or_default();
        let flags = self.flags(part, line, 2);
        let associated = flags & service_flag::ASSOCIATED != 0;
        let is_null = name.is_empty() && associated;
        if !is_null && !self.is_service_name(part, line, &name) {
            return;
        }
        if associated {
            let new = match is_null {
                true => AssociatedService::Null,
                false => AssociatedService::Named(name.clone()),
            };
            if into.associated != AssociatedService::Unsaid && into.associated != new {
                let message = "the device gets a second associated service".to_owned();
                self.report(part, line, Rule::TwoAssociatedServices, message);
            } else {
                into.associated = new;
            }
        }
        if is_null {
            return;
        }
        let section = self.field(part, line, 3).unwrap_or_default();
        let Some(install) = self.named(part, line, &section) else {
            return;
        };
        let mut service = Service {
            name,
            flags,
            section: install.section.clone(),
            kind: None,
            start: None,
            error_control: None,
            binary: None,
            load_order_group: None,
            dependencies: Vec::new(),
            display_name: None,
            description: None,
            start_name: None,
            security: None,
            required_privileges: Vec::new(),
            sid_type: None,
            delayed_auto_start: None,
            boot_flags: None,
            triggers: Vec::new(),
            failure_actions: None,
            registry: Vec::new(),
            event_log: None,
            from: part.source.from().map(str::to_owned),
            line: line.number(),
        };
        self.service_section(&install, &mut service);
        self.complete(part, line, &service);
        service.event_log = self.event_log(part, line, &service.name);
        into.added.push(service);
    }

    fn service_section(&mut self, part: &Part<'a>, service: &mut Service) {
        for line in part.lines() {
            let Some(key) = directive(line) else {
                continue;
            };
            match key.as_str() {
                "servicetype" => service.kind = self.value(part, line),
                "starttype" => {
                    service.start = self.value(part, line).and_then(|number| {
                        let start = StartType::from_number(number);
                        if start.is_none() {
                            let message = format!("{number} is no start type");
                            self.report(part, line, Rule::BadServiceValue, message);
                        }
                        start
                    });
                }
                "errorcontrol" => service.error_control = self.value(part, line),
                "servicebinary" => service.binary = self.binary(part, line),
                "loadordergroup" => service.load_order_group = self.text(part, line),
                "dependencies" => service.dependencies = self.fields(part, line),
                "displayname" => service.display_name = self.display_text(part, line),
                "description" => service.description = self.display_text(part, line),
                "startname" => service.start_name = self.text(part, line),
                "security" => service.security = self.text(part, line),
                "requiredprivileges" => service.required_privileges = self.fields(part, line),
                "servicesidtype" => service.sid_type = self.value(part, line),
                "delayedautostart" => {
                    service.delayed_auto_start = self.value(part, line).map(|value| value != 0);
                }
                "bootflags" => service.boot_flags = self.value(part, line),
                "addtrigger" => self.triggers(part, line, &mut service.triggers),
                "failureactions" => service.failure_actions = self.failure_actions(part, line),
                _ => {}
            }
        }
        self.registry_of(part, &mut service.registry);
    }

    fn text(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<String> {
        let text = self.field(part, line, 1)?;
        (!text.is_empty()).then_some(text)
    }

    fn display_text(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<DisplayText> {
        let raw = line.raw_field(1).filter(|raw| !raw.is_empty())?;
        Some(DisplayText {
            raw: raw.to_owned(),
            text: self.field(part, line, 1)?,
        })
    }

    /// The number of a `key = number` line, with a finding if it is none.
    fn value(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<u32> {
        let text = self.field(part, line, 1).unwrap_or_default();
        let value = wimwright_inf::number(&text)
            .filter(|_| !text.is_empty())
            .and_then(|value| u32::try_from(value).ok());
        if value.is_none() {
            let key = line.raw_key().unwrap_or_default();
            let message = format!("{key} is `{text}`, which is no number");
            self.report(part, line, Rule::BadServiceValue, message);
        }
        value
    }

    fn binary(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<ServiceBinary> {
        let binary = ServiceBinary::read(self.text(part, line)?);
        let problem = match &binary.destination {
            None => Some(format!(
                "`{}` is no path of the form %dirid%\\file",
                binary.text
            )),
            Some(destination) => dirid::directory(destination.dirid, self.target)
                .err()
                .map(|error| error.to_string()),
        };
        if let Some(message) = problem {
            self.report(part, line, Rule::BadServiceBinary, message);
        }
        Some(binary)
    }

    /// "Each service-install-section must have at least the ServiceType,
    /// StartType, ErrorControl, and ServiceBinary entries".
    fn complete(&mut self, part: &Part<'a>, line: Line<'_>, service: &Service) {
        let missing: Vec<&str> = [
            ("ServiceType", service.kind.is_none()),
            ("StartType", service.start.is_none()),
            ("ErrorControl", service.error_control.is_none()),
            ("ServiceBinary", service.binary.is_none()),
        ]
        .into_iter()
        .filter(|(_, missing)| *missing)
        .map(|(name, _)| name)
        .collect();
        if !missing.is_empty() {
            let message = format!("service `{}` lacks {}", service.name, missing.join(", "));
            self.report(part, line, Rule::ServiceIncomplete, message);
        }
        if service.is_associated() && service.start == Some(StartType::Disabled) {
            let message = format!("`{}` drives the device but is disabled", service.name);
            self.report(part, line, Rule::AssociatedServiceDisabled, message);
        }
    }

    fn event_log(&mut self, part: &Part<'a>, line: Line<'_>, service: &str) -> Option<EventLog> {
        let section = self.field(part, line, 4).filter(|name| !name.is_empty())?;
        let install = self.named(part, line, &section)?;
        let mut registry = Vec::new();
        self.registry_of(&install, &mut registry);
        let or = |text: Option<String>, default: &str| {
            text.filter(|text| !text.is_empty())
                .unwrap_or_else(|| default.to_owned())
        };
        let log = or(self.field(part, line, 5), "System");
        let name = or(self.field(part, line, 6), service);
        if !self.is_service_name(part, line, &log) || !self.is_service_name(part, line, &name) {
            return None;
        }
        Some(EventLog {
            log,
            name,
            registry,
        })
    }

    fn triggers(&mut self, part: &Part<'a>, line: Line<'_>, into: &mut Vec<ServiceTrigger>) {
        for name in self.fields(part, line) {
            let Some(section) = self.named(part, line, &name) else {
                continue;
            };
            let mut trigger = ServiceTrigger {
                kind: 0,
                action: 0,
                subtype: None,
                data: Vec::new(),
            };
            for line in section.lines() {
                match directive(line).as_deref() {
                    Some("triggertype") => {
                        trigger.kind = self.value(&section, line).unwrap_or_default();
                    }
                    Some("action") => {
                        trigger.action = self.value(&section, line).unwrap_or_default();
                    }
                    Some("subtype") => {
                        let text = self.text(&section, line).unwrap_or_default();
                        trigger.subtype = text.parse().ok();
                    }
                    Some("dataitem") => {
                        let kind = self.value(&section, line).unwrap_or_default();
                        let text = self.field(&section, line, 2).unwrap_or_default();
                        trigger.data.push((kind, text));
                    }
                    _ => {}
                }
            }
            into.push(trigger);
        }
    }

    fn failure_actions(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<FailureActions> {
        let name = self.text(part, line)?;
        let section = self.named(part, line, &name)?;
        let mut found = FailureActions::default();
        for line in section.lines() {
            match directive(line).as_deref() {
                Some("resetperiod") => found.reset_period = self.value(&section, line),
                Some("noncrashfailures") => {
                    found.non_crash_failures =
                        self.value(&section, line).is_some_and(|value| value != 0);
                }
                Some("action") => {
                    let kind = self.value(&section, line).unwrap_or_default();
                    let delay = self
                        .path_field(&section, line, 2, PathForm::Absolute)
                        .and_then(|text| wimwright_inf::number(&text))
                        .and_then(|delay| u32::try_from(delay).ok())
                        .unwrap_or_default();
                    found.actions.push((kind, delay));
                }
                _ => {}
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dirid::DirectoryTexts;
    use crate::model::finding::Findings;
    use crate::model::target::Architecture;
    use crate::model::target::Target;
    use wimwright_inf::{Inf, ParseOptions};

    const W10: Target = Target {
        major: 10,
        minor: 0,
        build: 19041,
        product_type: crate::model::target::ProductType::Workstation,
        suite_mask: 0,
        architecture: Architecture::Amd64,
    };

    fn read(text: &str) -> (Services, Vec<Rule>) {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let texts = DirectoryTexts::default();
        let resolve = |_: &str| None;
        let mut findings = Findings::default();
        let mut reader = Reader::new(&inf, &W10, &texts, &resolve, &mut findings);
        let mut services = Services::default();
        for part in reader.parts("S").list {
            reader.services(&part, &mut services);
        }
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (services, rules)
    }

    #[test]
    fn a_service_has_all_that_its_section_says() {
        let (services, rules) = read(
            "[S]\nAddService = viostor, 0x00000002 , Inst, Log, , Source\nDelService=old,0x200\n\
             [Inst]\nDisplayName=%n%\nDescription=plain\nServiceType=%one%\nStartType=0\n\
             ErrorControl=1\nServiceBinary=%12%\\viostor.sys\nLoadOrderGroup=SCSI miniport\n\
             Dependencies=a,+b\nAddReg=Reg\nBootFlags=0x14\nSecurity=\"D:\"\n\
             AddTrigger=Trig\nRequiredPrivileges=SeAuditPrivilege\nDelayedAutoStart=1\n\
             FailureActions=Fail\n\
             [Fail]\nResetPeriod=10\nAction=1,100\nAction=0,0\n\
             [Trig]\nTriggerType=1\nAction=1\nSubType={4D36E97B-E325-11CE-BFC1-08002BE10318}\n\
             DataItem=2,\"USB\\x\"\n\
             [Reg]\nHKR,Parameters,BusType,0x00010001,1\n\
             [Log]\nAddReg=LogReg\n[LogReg]\nHKR,,TypesSupported,0x00010001,7\n\
             [Strings]\nn=Name\none=1\n",
        );
        assert_eq!(rules, []);
        let service = &services.added[0];
        assert_eq!(service.name, "viostor");
        assert!(service.is_associated() && service.is_driver());
        assert_eq!(service.kind, Some(1));
        assert_eq!(service.start, Some(StartType::Boot));
        assert_eq!(service.error_control, Some(1));
        assert_eq!(service.load_order_group.as_deref(), Some("SCSI miniport"));
        assert_eq!(service.service_dependencies().collect::<Vec<_>>(), ["a"]);
        assert_eq!(service.group_dependencies().collect::<Vec<_>>(), ["b"]);
        let display = service.display_name.as_ref().unwrap();
        assert_eq!(
            (display.raw.as_str(), display.text.as_str()),
            ("%n%", "Name")
        );
        assert_eq!(service.boot_flags, Some(0x14));
        assert_eq!(service.security.as_deref(), Some("D:"));
        assert_eq!(service.delayed_auto_start, Some(true));
        assert_eq!(service.required_privileges, ["SeAuditPrivilege"]);
        assert_eq!(service.registry.len(), 1);
        let log = service.event_log.as_ref().unwrap();
        assert_eq!((log.log.as_str(), log.name.as_str()), ("System", "Source"));
        assert_eq!(log.registry.len(), 1);
        let trigger = &service.triggers[0];
        assert_eq!((trigger.kind, trigger.action), (1, 1));
        assert!(trigger.subtype.is_some());
        assert_eq!(trigger.data, [(2, "USB\\x".to_owned())]);
        let failure = service.failure_actions.as_ref().unwrap();
        assert_eq!(failure.reset_period, Some(10));
        assert_eq!(failure.actions, [(1, 100), (0, 0)]);
        assert_eq!(
            services.associated,
            AssociatedService::Named("viostor".to_owned())
        );
        assert_eq!(services.deleted[0].name, "old");
        assert_eq!(services.deleted[0].flags, 0x200);
    }

    #[test]
    fn a_null_driver_is_no_service() {
        let (services, rules) = read("[S]\nAddService = ,2    ; no value for the name\n");
        assert!(services.added.is_empty());
        assert_eq!(services.associated, AssociatedService::Null);
        assert_eq!(rules, []);
    }

    #[test]
    fn bad_services_are_findings() {
        let whole = "ServiceType=1\nStartType=3\nErrorControl=1\nServiceBinary=%12%\\x.sys\n";
        for (text, added, expected) in [
            (
                format!("[S]\nAddService=a,2,I\nAddService=b,2,I\n[I]\n{whole}"),
                2,
                vec![Rule::TwoAssociatedServices],
            ),
            (
                "[S]\nAddService=a,2,I\n".to_owned(),
                0,
                vec![Rule::SectionMissing],
            ),
            (
                format!("[S]\nAddService=a\\b,,I\n[I]\n{whole}"),
                0,
                vec![Rule::BadServiceName],
            ),
            (
                format!("[S]\nAddService=,,I\n[I]\n{whole}"),
                0,
                vec![Rule::BadServiceName],
            ),
            (
                "[S]\nAddService=a,,I\n[I]\nServiceType=1\n".to_owned(),
                1,
                vec![Rule::ServiceIncomplete],
            ),
            (
                format!("[S]\nAddService=a,2,I\n[I]\n{whole}StartType=4\n"),
                1,
                vec![Rule::AssociatedServiceDisabled],
            ),
            (
                format!("[S]\nAddService=a,,I\n[I]\n{whole}ServiceBinary=12\\x.sys\n"),
                1,
                vec![Rule::BadServiceBinary],
            ),
            (
                format!("[S]\nAddService=a,,I\n[I]\n{whole}StartType=9\n"),
                1,
                vec![Rule::BadServiceValue, Rule::ServiceIncomplete],
            ),
        ] {
            let (services, rules) = read(&text);
            assert_eq!(services.added.len(), added, "{text}");
            assert_eq!(rules, expected, "{text}");
        }
    }
}
