//! Services that a driver needs before its device is installed: those started
//! at boot, and those of classes that the kernel must see early (write-list
//! 11.2, rows 24 to 27 and 29).

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Finding};

use super::applied::apply;
use crate::error::Error;
use crate::model::{
    Condition, DisplayText, ImagePathForm, Operation, RegistryChange, Service, StartType, Target,
    service_flag,
};

const SEEN: Basis = Basis::verified("driverstore 2.12");
const STATED: Basis = Basis::stated("driverstore 2.12");
const CONCLUDED: Basis = Basis::inferred("driverstore 11.2");
const RECALLED: Basis = Basis::recalled("driverstore 2.12");

/// The values whose shape was seen in real images.
const DOCUMENTED: &[&str] = &[
    "Type",
    "Start",
    "ErrorControl",
    "ImagePath",
    "Group",
    "DisplayName",
    "DependOnService",
    "DependOnGroup",
];

/// Who publishes the service, and where its package lies.
pub(crate) struct Publisher<'a> {
    /// `oem7.inf`; `None` before Windows 8, which records no owners, and where
    /// the package is published only by the first boot.
    pub(crate) published: Option<&'a str>,
    /// The package's folder, relative to the Windows directory.
    pub(crate) package_folder: &'a str,
    pub(crate) target: &'a Target,
    /// Only what is missing is set: others have a say in the service, too.
    pub(crate) only_missing: bool,
}

/// Writes `service` into every control set that edits go to.
pub(crate) fn write(
    draft: &mut Draft,
    service: &Service,
    publisher: &Publisher<'_>,
) -> Result<(), Error> {
    let below = format!("Services\\{}", service.name);
    for key in draft.facts().control_set_keys(&below) {
        write_key(draft, &key, service, publisher)?;
    }
    if let Some(log) = &service.event_log {
        let below = format!("Services\\EventLog\\{}\\{}", log.log, log.name);
        for key in draft.facts().control_set_keys(&below) {
            let _ = draft.create_key(HiveName::System, &key, &STATED)?;
            apply(draft, &HiveName::System, &key, &log.registry, &STATED)?;
        }
    }
    Ok(())
}

fn write_key(
    draft: &mut Draft,
    key: &KeyPath,
    service: &Service,
    publisher: &Publisher<'_>,
) -> Result<(), Error> {
    let hive = &HiveName::System;
    let existed = draft.has_key(hive, key)?;
    // Of several owners the last one added has set the values. One that is
    // added again only puts back what is missing, or two owners would undo
    // each other for ever.
    let shared = match publisher.published {
        Some(published) => is_shared(draft, hive, key, published)?,
        None => false,
    };
    let shared = shared || publisher.only_missing;
    let mut values = Values {
        draft,
        key,
        existed,
        flags: service.flags,
        shared,
    };
    let boot = service.start == Some(StartType::Boot);
    values.dword("Type", service.kind, 0)?;
    // A driver that the machine boots from must start, whatever another INF
    // of the same service asked for.
    let keep_start = if boot {
        0
    } else {
        service_flag::KEEP_START_TYPE
    };
    values.dword("Start", service.start.map(StartType::number), keep_start)?;
    values.dword(
        "ErrorControl",
        service.error_control,
        service_flag::KEEP_ERROR_CONTROL,
    )?;
    if let Some(binary) = &service.binary {
        let form = match (service.is_driver(), boot) {
            (true, true) => ImagePathForm::Relative,
            (true, false) => ImagePathForm::SystemRoot,
            (false, _) => ImagePathForm::Variable,
        };
        let folder = Some(publisher.package_folder);
        match binary.image_path(form, publisher.target, folder) {
            Ok(path) => values.set("ImagePath", RegData::expand_sz(&path), 0)?,
            Err(error) => values.draft.report(Finding::warning(
                "no-image-path",
                format!("service `{}` gets no ImagePath: {error}", service.name),
            )),
        }
    }
    let group = service.load_order_group.as_deref();
    values.text("Group", group, service_flag::KEEP_LOAD_ORDER_GROUP)?;
    let display = service.display_name.as_ref();
    let display = display.map(|text| indirect(text, publisher.published));
    values.text(
        "DisplayName",
        display.as_deref(),
        service_flag::KEEP_DISPLAY_NAME,
    )?;
    let description = service.description.as_ref();
    let description = description.map(|text| indirect(text, publisher.published));
    values.text(
        "Description",
        description.as_deref(),
        service_flag::KEEP_DESCRIPTION,
    )?;
    if !service.is_driver() {
        let account = service.start_name.as_deref().unwrap_or("LocalSystem");
        values.text("ObjectName", Some(account), 0)?;
    }
    let services: Vec<&str> = service.service_dependencies().collect();
    values.strings(
        "DependOnService",
        &services,
        service_flag::KEEP_DEPENDENCIES,
    )?;
    let groups: Vec<&str> = service.group_dependencies().collect();
    values.strings("DependOnGroup", &groups, service_flag::KEEP_DEPENDENCIES)?;
    values.dword(
        "BootFlags",
        service.boot_flags,
        service_flag::KEEP_BOOT_FLAGS,
    )?;
    values.dword(
        "ServiceSidType",
        service.sid_type,
        service_flag::KEEP_SID_TYPE,
    )?;
    let delayed = service.delayed_auto_start.map(u32::from);
    values.dword(
        "DelayedAutostart",
        delayed,
        service_flag::KEEP_DELAYED_AUTO_START,
    )?;
    let privileges: Vec<&str> = service
        .required_privileges
        .iter()
        .map(String::as_str)
        .collect();
    values.strings(
        "RequiredPrivileges",
        &privileges,
        service_flag::KEEP_REQUIRED_PRIVILEGES,
    )?;
    if let Some(published) = publisher.published {
        add_owner(draft, hive, key, published, &SEEN)?;
    }
    match shared {
        true => apply(draft, hive, key, &if_absent(&service.registry), &SEEN)?,
        false => apply(draft, hive, key, &service.registry, &SEEN)?,
    }

    // Windows 8 and later turn boot drivers that a machine did not need off this
    // way.
    let change = Change::DeleteKey {
        hive: hive.clone(),
        key: key.join("StartOverride"),
    };
    let _ = draft.plan_change(change, &Basis::stated("driverstore 2.12"))?;
    Ok(())
}

/// The values of a list, to be set only where there are none.
fn if_absent(changes: &[RegistryChange]) -> Vec<RegistryChange> {
    let values = changes.iter().filter_map(|change| match &change.operation {
        Operation::CreateKey => Some(change.clone()),
        Operation::SetValue { name, data, .. } => Some(RegistryChange {
            operation: Operation::SetValue {
                name: name.clone(),
                data: data.clone(),
                condition: Condition::IfAbsent,
            },
            ..change.clone()
        }),
        _ => None,
    });
    values.collect()
}

/// Whether `published` owns `key` already, together with others.
pub(super) fn is_shared(
    draft: &Draft,
    hive: &HiveName,
    key: &KeyPath,
    published: &str,
) -> Result<bool, Error> {
    let owners = draft
        .value(hive, key, "Owners")?
        .and_then(|data| data.as_texts());
    let owners = owners.unwrap_or_default();
    let ours = |owner: &&String| owner.eq_ignore_ascii_case(published);
    Ok(owners.len() > 1 && owners.iter().any(|owner| ours(&owner)))
}

/// Adds `published` to the MULTI_SZ of owners at `key`.
pub(super) fn add_owner(
    draft: &mut Draft,
    hive: &HiveName,
    key: &KeyPath,
    published: &str,
    basis: &Basis,
) -> Result<(), Error> {
    let owners = draft
        .value(hive, key, "Owners")?
        .and_then(|data| data.as_texts());
    let mut owners = owners.unwrap_or_default();
    if !owners
        .iter()
        .any(|owner| owner.eq_ignore_ascii_case(published))
    {
        owners.push(published.to_owned());
    }
    let _ = draft.set_value(hive, key, "Owners", RegData::multi_sz(&owners), basis)?;
    Ok(())
}

/// `@oem2.inf,%token%;text` where the INF is published and gives a token, else
/// the text.
fn indirect(text: &DisplayText, published: Option<&str>) -> String {
    let Some(published) = published else {
        return text.text.clone();
    };
    let token = text.raw.trim();
    let inner = token
        .strip_prefix('%')
        .and_then(|rest| rest.strip_suffix('%'));
    match inner {
        Some(name) if !name.is_empty() && !name.contains('%') => {
            format!("@{published},{token};{}", text.text)
        }
        _ => text.text.clone(),
    }
}

/// The values of one service key.
struct Values<'d> {
    draft: &'d mut Draft,
    key: &'d KeyPath,
    existed: bool,
    flags: u32,
    /// Nothing that is there is replaced.
    shared: bool,
}

impl Values<'_> {
    /// Sets a value, unless `AddService` says with the bit `keep` that an
    /// existing one stays.
    fn set(&mut self, name: &str, data: RegData, keep: u32) -> Result<(), Error> {
        let hive = &HiveName::System;
        let stays = self.shared || self.flags & keep != 0;
        if stays && self.draft.value(hive, self.key, name)?.is_some() {
            return Ok(());
        }
        let basis = match (self.existed, DOCUMENTED.contains(&name)) {
            (true, _) => &CONCLUDED,
            (false, true) => &SEEN,
            (false, false) => &RECALLED,
        };
        let _ = self.draft.set_value(hive, self.key, name, data, basis)?;
        Ok(())
    }

    fn dword(&mut self, name: &str, number: Option<u32>, keep: u32) -> Result<(), Error> {
        match number {
            Some(number) => self.set(name, RegData::dword(number), keep),
            None => Ok(()),
        }
    }

    fn text(&mut self, name: &str, text: Option<&str>, keep: u32) -> Result<(), Error> {
        match text {
            Some(text) => self.set(name, RegData::sz(text), keep),
            None => Ok(()),
        }
    }

    fn strings(&mut self, name: &str, strings: &[&str], keep: u32) -> Result<(), Error> {
        match strings {
            [] => Ok(()),
            strings => self.set(name, RegData::multi_sz(strings), keep),
        }
    }
}
