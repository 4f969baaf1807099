//! `/proc/cpuinfo`: processors as Linux sees them.

use std::collections::BTreeSet;

use super::Hardware;
use super::text_file::Line;
use crate::facts::Architecture;

/// Most features that are kept; processors have some two hundred.
const MAX_FEATURES: usize = 1024;

/// Whether a processor begins with this line.
pub(super) fn begins(line: &str) -> bool {
    let value = line.strip_prefix("processor").map(str::trim_start);
    let number = value.and_then(|value| value.strip_prefix(':'));
    number.is_some_and(|number| number.trim().parse::<u32>().is_ok())
}

/// Whether a line belongs to the processor before it.
pub(super) fn goes_on(line: &str) -> bool {
    let key = line.split_once(':').map(|(key, _)| key.trim_end());
    line.is_empty()
        || key.is_some_and(|key| {
            let letters = |c: char| c.is_ascii_alphanumeric() || " _/".contains(c);
            !key.is_empty() && key.len() < 24 && key.chars().all(letters)
        })
}

/// Reads processors into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut numbers = BTreeSet::new();
    let mut sockets = BTreeSet::new();
    let processors = &mut hardware.processors;
    for line in lines {
        let Some((key, value)) = line.pair() else {
            continue;
        };
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match key {
            // A report may hold the same file twice.
            "processor" => drop(numbers.insert(value)),
            "physical id" => drop(sockets.insert(value)),
            "vendor_id" => processors.vendor = processors.vendor.take().or_else(text),
            "model name" => processors.model = processors.model.take().or_else(text),
            "flags" | "Features" => {
                let room = MAX_FEATURES.saturating_sub(processors.features.len());
                let flags = value.split_whitespace().take(room).map(str::to_owned);
                processors.features.extend(flags);
                let wide = processors.features.contains("lm");
                if key == "flags" {
                    processors.architecture = Some(match wide {
                        true => Architecture::Amd64,
                        false => Architecture::X86,
                    });
                }
            }
            "CPU architecture" if value == "8" => {
                processors.architecture = Some(Architecture::Arm64);
            }
            _ => {}
        }
    }
    let count = |set: &BTreeSet<&str>| u32::try_from(set.len()).ok().filter(|count| *count > 0);
    processors.logical = count(&numbers).or(processors.logical);
    processors.sockets = count(&sockets).or(processors.sockets);
}
