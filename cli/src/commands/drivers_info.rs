//! `drivers info`: one driver of an image, or the packages of a folder.

use std::path::{Path, PathBuf};

use wimwright_drivers::{Trust, describe, info};
use wimwright_servicing::Access;

use super::{open, trust};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    CheckedFile, DescribedDriver, DescribedPackage, DriversInfo, FileSignatureName, Model, Service,
    SignatureEntry,
};
use crate::render::text::printable;

/// Runs `drivers info IMAGE oemN.inf`.
pub(crate) fn of_image(
    image: &Path,
    name: &str,
    trusted: &[PathBuf],
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let trust = trust::store(trusted)?;
    let image = open::image(image, Access::Read, context)?;
    let mut draft = image.look(context.time);
    let found =
        info(&mut draft, name, &trust).map_err(|error| open::in_image(image.name(), error))?;
    let mut of_image = image.findings().to_vec();
    of_image.extend_from_slice(draft.findings());
    let driver = DescribedDriver::new(image.name(), &found, &of_image);
    if context.json {
        context.document(&DriversInfo {
            images: vec![driver],
            packages: Vec::new(),
        })?;
        return Ok(ExitCode::Done);
    }
    context.text(&driver_text(&driver))?;
    context.findings(&driver.findings);
    Ok(ExitCode::Done)
}

/// Runs `drivers info PACKAGE`.
pub(crate) fn of_packages(
    given: &Path,
    trusted: &[PathBuf],
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let anchors = trust::store(trusted)?;
    let trust = Trust {
        anchors: &anchors,
        now: context.time,
    };
    let mut packages = Vec::new();
    for package in open::packages(given, false)? {
        let found = describe(&package, trust)?;
        packages.push(DescribedPackage::new(package.name(), &found));
    }
    if context.json {
        context.document(&DriversInfo {
            images: Vec::new(),
            packages,
        })?;
        return Ok(ExitCode::Done);
    }
    for package in &packages {
        context.text(&package_text(package))?;
        context.findings(&package.findings);
    }
    Ok(ExitCode::Done)
}

/// Lines of a label and a value.
struct Lines(String);

impl Lines {
    fn line(&mut self, label: &str, value: &str) {
        self.0
            .push_str(&format!("  {label:<14} {}\n", printable(value)));
    }

    fn maybe(&mut self, label: &str, value: Option<&String>) {
        self.line(label, value.map_or("not said", String::as_str));
    }

    fn models(&mut self, models: &[Model]) {
        for model in models {
            let device = match model.manufacturer.as_str() {
                "" => model.description.clone(),
                maker => format!("{} ({maker})", model.description),
            };
            self.line("Device", &device);
            if let Some(id) = &model.hardware_id {
                self.line("  hardware id", id);
            }
            for id in &model.compatible_ids {
                self.line("  compatible", id);
            }
            self.line("  service", model.service.as_deref().unwrap_or("none"));
            self.line("  section", &model.section);
        }
    }

    fn signature(&mut self, state: &str, reason: Option<&String>, facts: Option<&SignatureEntry>) {
        match reason {
            Some(reason) => self.line("Signature", &format!("{state}: {reason}")),
            None => self.line("Signature", state),
        }
        let Some(facts) = facts else { return };
        if let (Some(name), Some(kind)) = (&facts.signer_name, facts.signer_kind) {
            self.line("  signer", &format!("{name} ({})", kind.words()));
        }
        if let Some(anchor) = &facts.trust_anchor {
            self.line("  trusted by", anchor);
        }
        if let Some(time) = &facts.time_stamp {
            self.line("  time stamp", time);
        }
        match (&facts.digest_algorithm, facts.digest_supported) {
            (Some(digest), Some(false)) => {
                self.line("  digest", &format!("{digest}, not known to this Windows"));
            }
            (Some(digest), _) => self.line("  digest", digest),
            (None, _) => {}
        }
        if facts.for_this_windows == Some(false) {
            self.line("  signed for", "other versions of Windows");
        }
        let listed = |file: &&CheckedFile| file.signature == FileSignatureName::Listed;
        let count = facts.files.iter().filter(listed).count();
        let all = facts.files.len();
        let catalog = &facts.catalog;
        self.line("  listed", &format!("{count} of {all} files in {catalog}"));
        for file in facts.files.iter().filter(|file| !listed(file)) {
            let path = &file.path;
            self.line(
                "  not listed",
                &format!("{path} ({})", file.signature.words()),
            );
        }
    }

    fn services(&mut self, services: &[Service]) {
        for service in services {
            self.line("Service", &service.name);
            self.maybe("  starts", service.start.as_ref());
            self.maybe("  binary", service.binary.as_ref());
            if let Some(group) = &service.group {
                self.line("  group", group);
            }
        }
    }
}

fn driver_text(found: &DescribedDriver) -> String {
    let driver = &found.driver;
    let mut lines = Lines(format!("{}\n", printable(driver.name())));
    lines.line("Original", &driver.original_file_name);
    lines.maybe("Package id", driver.package_id.as_ref());
    let class = driver.class_name.as_deref().unwrap_or("unknown");
    lines.line("Class", &format!("{class} {}", driver.class_guid));
    lines.line("Provider", &driver.provider_name);
    lines.maybe("Date", driver.date.as_ref());
    lines.maybe("Version", driver.version.as_ref());
    lines.maybe("Architecture", driver.architecture.as_ref());
    lines.line("Inbox", if driver.inbox { "yes" } else { "no" });
    lines.line(
        "Boot critical",
        if driver.boot_critical { "yes" } else { "no" },
    );
    let reason = found.signature_reason.as_ref();
    lines.signature(&driver.driver_signature, reason, found.signature.as_ref());
    lines.models(&found.models);
    lines.services(&found.services);
    for file in &found.files {
        lines.line("File", file);
    }
    lines.0
}

fn package_text(found: &DescribedPackage) -> String {
    let mut lines = Lines(format!("{}\n", printable(&found.inf)));
    lines.line("Folder", &found.package);
    let class = found.class_name.as_deref().unwrap_or("unknown");
    let guid = found.class_guid.as_deref().unwrap_or_default();
    lines.line("Class", format!("{class} {guid}").trim_end());
    lines.maybe("Provider", found.provider_name.as_ref());
    lines.maybe("Date", found.date.as_ref());
    lines.maybe("Version", found.version.as_ref());
    lines.maybe("Catalog", found.catalog.as_ref());
    let reason = found.signature_reason.as_ref();
    lines.signature(&found.driver_signature, reason, found.signature.as_ref());
    lines.line("Seen from", &format!("Windows {}", found.target));
    if let Some(reason) = &found.not_applicable {
        lines.line("Not for it", reason);
    }
    lines.models(&found.models);
    lines.services(&found.services);
    for file in &found.files {
        let missing = if file.present { "" } else { "  (missing)" };
        lines.line("File", &format!("{}{missing}", file.path));
    }
    lines.0
}
