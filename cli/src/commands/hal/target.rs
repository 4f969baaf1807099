//! `hal target`: which HAL a computer needs; and the computers that other
//! commands judge images against.

use std::path::{Path, PathBuf};

use wimwright_hal::{HalType, Target};
use wimwright_servicing::hardware::Hardware;

use crate::commands::hardware;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{HalTarget, HalTargetEntry};
use crate::render::text::{printable, wrapped};

/// A computer to judge images against, with what is known of it where that
/// came from a file.
pub(super) struct Computer {
    pub(super) target: Target,
    pub(super) hardware: Option<Hardware>,
}

/// The computers that words name: files, or HAL classes where there is no such
/// file.
pub(super) fn computers(
    words: &[PathBuf],
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<Computer>> {
    let mut computers = Vec::new();
    for word in words {
        let class = word.to_str().and_then(HalType::from_id);
        // A directory of that name is an image rather than a hardware file.
        if let Some(class) = class.filter(|_| !word.exists() || word.is_dir()) {
            computers.push(Computer {
                target: Target::of_class(class),
                hardware: None,
            });
            continue;
        }
        for hardware in hardware::read(std::slice::from_ref(word), context)? {
            computers.push(Computer {
                target: Target::of(&hardware),
                hardware: Some(hardware),
            });
        }
    }
    Ok(computers)
}

/// Runs `hal target [FILE...]`.
pub(super) fn run(files: &[PathBuf], context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let computers = match files {
        [] => vec![this_computer(context)?],
        some => computers(some, context)?,
    };
    let targets: Vec<&Target> = computers.iter().map(|computer| &computer.target).collect();
    let known = targets.iter().all(|target| target.hal.is_some());
    let code = match known {
        true => ExitCode::Done,
        false => ExitCode::Findings,
    };
    if context.json {
        let targets = targets.into_iter().map(HalTargetEntry::from).collect();
        context.document(&HalTarget { targets })?;
        return Ok(code);
    }
    for target in targets {
        let text = text(target, context);
        context.text(&text)?;
    }
    Ok(code)
}

fn text(target: &Target, context: &Context<'_>) -> String {
    let width = context.width().unwrap_or(80).clamp(40, 100);
    let name = context.paint().strong(&printable(&target.name));
    let mut text = match (target.hal, target.confidence) {
        (Some(hal), Some(confidence)) => format!(
            "{name}: {hal} ({}), {confidence}\n{}",
            hal.description(),
            wrapped(&format!("that is {}", hal.plain()), 2, width)
        ),
        _ => format!("{name}: not known\n"),
    };
    for input in &target.inputs {
        text.push_str(&wrapped(&printable(&format!("from {input}")), 2, width));
    }
    for note in &target.notes {
        text.push_str(&wrapped(&printable(&format!("note: {note}")), 2, width));
    }
    text
}

/// What Linux shows of the computer that this runs on.
const OWN_TABLES: &str = "/sys/firmware/acpi/tables";
const OWN_PROCESSORS: &str = "/proc/cpuinfo";

/// The computer that this runs on. Its ACPI tables are for the administrator
/// alone to read; without them the answer is less sure.
fn this_computer(context: &mut Context<'_>) -> anyhow::Result<Computer> {
    let mut hardware = own(Path::new(OWN_PROCESSORS), context)?.unwrap_or_default();
    hardware.name = "this computer".to_owned();
    for table in ["APIC", "FACP"] {
        let path = Path::new(OWN_TABLES).join(table);
        if let Ok(Some(tables)) = own(&path, context) {
            hardware.acpi_tables.extend(tables.acpi_tables);
        }
    }
    Ok(Computer {
        target: Target::of(&hardware),
        hardware: Some(hardware),
    })
}

fn own(path: &Path, context: &mut Context<'_>) -> anyhow::Result<Option<Hardware>> {
    match path.exists() {
        true => Ok(hardware::read(&[path.to_owned()], context)?
            .into_iter()
            .next()),
        false => Ok(None),
    }
}
