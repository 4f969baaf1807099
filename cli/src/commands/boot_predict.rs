//! `boot predict`: will the boot disk be reached?

use std::path::{Path, PathBuf};

use wimwright_drivers::boot_path::{
    BootPath, BootPathOptions, ControllerPath, Mend, Obstacle, PathDriver, Verdict, boot_path,
};
use wimwright_servicing::Access;

use super::{hardware, open};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    BootDriverEntry, BootPredict, ControllerEntry, FindingEntry, ObstacleEntry, PredictedImage,
};
use crate::render::text::{Column, Paint, Table, printable, wrapped};

/// Runs `boot predict IMAGE --hardware FILE...`.
pub(crate) fn run(
    image: &Path,
    files: &[PathBuf],
    controller: Option<&str>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let computers = hardware::read(files, context)?;
    let set = open::images(image, Access::Read, context)?;
    let options = BootPathOptions {
        controller: controller.map(str::to_owned),
    };
    let mut predicted = Vec::new();
    for image in set.images() {
        let draft = image.look(context.time);
        for computer in &computers {
            let path = boot_path(&draft, computer, &options);
            let path = path.map_err(|error| open::in_image(image.name(), error))?;
            let findings = image.findings().iter().chain(draft.findings());
            let findings = findings.chain(&computer.findings).chain(&path.findings);
            let findings: Vec<FindingEntry> = findings.map(FindingEntry::from).collect();
            predicted.push((image, path, findings));
        }
    }
    let all_boot = predicted
        .iter()
        .all(|(_, path, _)| path.verdict == Verdict::Boots);
    let code = match all_boot {
        true => ExitCode::Done,
        false => ExitCode::Findings,
    };
    if context.json {
        let images = predicted.into_iter();
        let images = images.map(|(image, path, findings)| entry(image.name(), &path, findings));
        context.document(&BootPredict {
            images: images.collect(),
        })?;
        return Ok(code);
    }
    for (number, (image, path, findings)) in predicted.iter().enumerate() {
        if number > 0 {
            context.text("\n")?;
        }
        show(image.name(), path, context)?;
        context.findings(findings);
    }
    Ok(code)
}

fn entry(image: &str, path: &BootPath, findings: Vec<FindingEntry>) -> PredictedImage {
    let obstacle = |found: &Obstacle| ObstacleEntry::new(found, commands(image, &found.mends));
    let controllers = path.controllers.iter().map(|controller| {
        let driver = controller.driver();
        ControllerEntry {
            id: controller.id.clone(),
            description: controller.description.clone(),
            location: controller.location.clone(),
            verdict: controller.verdict.into(),
            service: driver.map(|driver| driver.service.clone()),
            start: driver.and_then(|driver| driver.start),
            start_override: driver.and_then(|driver| driver.start_override),
            group: driver.and_then(|driver| driver.group.clone()),
            file: driver.and_then(file_of),
            reason: controller.reason().map(|reason| reason.message.clone()),
            obstacles: controller.obstacles.iter().map(obstacle).collect(),
            drivers: controller
                .drivers
                .iter()
                .map(BootDriverEntry::from)
                .collect(),
        }
    });
    PredictedImage {
        image: image.to_owned(),
        hardware: path.hardware.clone(),
        verdict: path.verdict.into(),
        reason: path.reason.as_ref().map(obstacle),
        controllers: controllers.collect(),
        findings,
    }
}

fn file_of(driver: &PathDriver) -> Option<String> {
    driver.file.as_ref().map(ToString::to_string)
}

/// Commands that do what would mend an obstacle.
pub(super) fn commands(image: &str, mends: &[Mend]) -> Vec<String> {
    let image = quoted(image);
    let mut commands = Vec::new();
    for mend in mends {
        commands.push(match mend {
            Mend::AddDriver { .. } => format!("wimwright drivers add {image} PACKAGE"),
            Mend::SetValue {
                key,
                name,
                kind,
                data,
            } => {
                let data: Vec<String> = data.iter().map(|word| quoted(word)).collect();
                format!(
                    "wimwright registry set {image} {} {} {} -t {kind}",
                    quoted(key),
                    quoted(name),
                    data.join(" ")
                )
            }
            Mend::DeleteKey { key } => {
                format!("wimwright registry delete {image} {}", quoted(key))
            }
            Mend::DeleteValue { key, name } => format!(
                "wimwright registry delete {image} {} {}",
                quoted(key),
                quoted(name)
            ),
            Mend::PutFile { path } => {
                format!("wimwright files put {image} FILE {}", quoted(path))
            }
        });
    }
    commands.dedup();
    commands
}

/// A word as shells read it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn show(image: &str, path: &BootPath, context: &mut Context<'_>) -> anyhow::Result<()> {
    let paint = context.paint();
    let width = context.width().unwrap_or(100);
    let verdict = verdict_words(path.verdict, paint);
    let mut text = format!(
        "{} on {}: {verdict}\n",
        paint.strong(&printable(image)),
        paint.strong(&printable(&path.hardware))
    );
    if let Some(reason) = &path.reason {
        let depends = path.verdict == Verdict::Unknown && reason.verdict != Verdict::Unknown;
        if depends {
            text.push_str(&wrapped(
                "it depends on which controller has the boot disk (--controller says it)",
                2,
                width,
            ));
        }
        text.push_str(&obstacle_text(image, reason, width));
    }
    if !path.controllers.is_empty() {
        text.push('\n');
        text.push_str(&table(&path.controllers).show(context.width(), paint));
    }
    if context.verbose {
        for controller in &path.controllers {
            text.push_str(&format!("\n{}\n", paint.strong(&printable(&controller.id))));
            text.push_str(&drivers(&controller.drivers).show(context.width(), paint));
            for obstacle in &controller.obstacles {
                text.push_str(&obstacle_text(image, obstacle, width));
            }
        }
    }
    context.text(&text)
}

fn verdict_words(verdict: Verdict, paint: Paint) -> String {
    match verdict {
        Verdict::Boots => paint.good("boots"),
        Verdict::Unknown => paint.warning("not known"),
        Verdict::Stop7b => paint.error("stops with 0x7B, the boot disk is not reached"),
        Verdict::WillNotStart => paint.error("does not start"),
    }
}

/// An obstacle, and what mends it.
fn obstacle_text(image: &str, obstacle: &Obstacle, width: usize) -> String {
    let message = printable(&obstacle.message);
    let mut text = wrapped(&format!("{message} [{}]", obstacle.check.name), 2, width);
    for mend in &obstacle.mends {
        if let Mend::AddDriver { id } = mend {
            let needed = format!("needed: a driver package for {}", printable(id));
            text.push_str(&wrapped(&needed, 2, width));
        }
    }
    for command in commands(image, &obstacle.mends) {
        // One line, to be copied.
        text.push_str(&format!("  mend: {}\n", printable(&command)));
    }
    text
}

fn table(controllers: &[ControllerPath]) -> Table {
    let described = |controller: &ControllerPath| controller.description.is_some();
    let mut columns = vec![Column::Cut("Controller")];
    if controllers.iter().any(described) {
        columns.push(Column::Cut("Name"));
    }
    columns.extend([
        Column::Whole("Driver"),
        Column::Whole("Start"),
        Column::Cut("File"),
        Column::Whole("Verdict"),
    ]);
    let mut table = Table::new(&columns);
    for controller in controllers {
        let driver = controller.driver();
        let mut row = vec![controller.id.clone()];
        if controllers.iter().any(described) {
            row.push(controller.description.clone().unwrap_or_default());
        }
        row.extend([
            driver.map_or("none".to_owned(), |driver| driver.service.clone()),
            driver.map(start).unwrap_or_default(),
            driver.and_then(file_of).unwrap_or_default(),
            controller.verdict.name().to_owned(),
        ]);
        table.row(&row);
    }
    table
}

fn drivers(drivers: &[PathDriver]) -> Table {
    let mut table = Table::new(&[
        Column::Whole("Part"),
        Column::Whole("Driver"),
        Column::Whole("Start"),
        Column::Cut("File"),
        Column::Cut("By"),
    ]);
    for driver in drivers {
        let by = driver.filters.clone().or_else(|| driver.bound_at.clone());
        table.row(&[
            driver.part.name().to_owned(),
            driver.service.clone(),
            start(driver),
            file_of(driver).unwrap_or_default(),
            by.unwrap_or_default(),
        ]);
    }
    table
}

/// A driver's start, with what overrides it.
fn start(driver: &PathDriver) -> String {
    let number = |start: Option<u32>| start.map_or("none".to_owned(), |start| start.to_string());
    match driver.start_override {
        Some(start) => format!("{} ({start})", number(driver.start)),
        None => number(driver.start),
    }
}
