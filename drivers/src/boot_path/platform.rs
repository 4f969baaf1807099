//! What of firmware and processor keeps a Windows from starting, as far as the
//! hardware description tells it. What is not told is not judged.

use wimwright_servicing::hardware::{FirmwareKind, Hardware};
use wimwright_servicing::{Architecture, Draft, FileTree as _, ImageFacts};

use super::check;
use super::obstacle::{Mend, Obstacle, Part};
use crate::error::Error;

/// 11 24H2.
const BUILD_24H2: u32 = 26_100;

/// Everything that is in the way before the disk matters.
pub(super) fn obstacles(draft: &Draft, hardware: &Hardware) -> Result<Vec<Obstacle>, Error> {
    let facts = draft.facts();
    let mut found = firmware(draft, hardware)?;
    if facts.version.major >= 6 && hardware.firmware.acpi == Some(false) {
        found.push(Obstacle::ends(
            &check::ACPI,
            Part::Loader,
            "this Windows needs ACPI, and the firmware has none: it stops with 0xA5".to_owned(),
        ));
    }
    found.extend(processor(facts, hardware));
    Ok(found)
}

fn firmware(draft: &Draft, hardware: &Hardware) -> Result<Vec<Obstacle>, Error> {
    let facts = draft.facts();
    let mut found = Vec::new();
    let ends = |message: String| Obstacle::ends(&check::FIRMWARE, Part::Loader, message);
    if let Some(kind) = hardware.firmware.kind {
        if facts.version.major < 6 {
            if kind == FirmwareKind::Uefi {
                found.push(ends(
                    "the computer starts by UEFI, and this Windows starts by BIOS only".to_owned(),
                ));
            }
        } else {
            let (words, loader) = match kind {
                FirmwareKind::Uefi => ("UEFI", "winload.efi"),
                FirmwareKind::Bios => ("BIOS", "winload.exe"),
            };
            let path = facts.windows.join(&format!("System32\\{loader}"))?;
            if !draft.has_file(&path)? {
                let missing = ends(format!(
                    "the computer starts by {words}, and there is no `{path}`"
                ));
                found.push(missing.mended_by([Mend::PutFile {
                    path: path.to_string(),
                }]));
            }
        }
    }
    let (major, minor) = (facts.version.major, facts.version.minor);
    if hardware.firmware.secure_boot == Some(true) && (major, minor) < (6, 2) {
        found.push(ends(
            "Secure Boot is on, and only Windows 8 and later start under it".to_owned(),
        ));
    }
    Ok(found)
}

/// Features by the names of `/proc/cpuinfo`, and what Windows calls them.
type Feature = (&'static str, &'static str);

fn processor(facts: &ImageFacts, hardware: &Hardware) -> Vec<Obstacle> {
    let processors = &hardware.processors;
    let mut found = Vec::new();
    if let Some(theirs) = processors.architecture
        && !runs(theirs, facts.architecture)
    {
        found.push(Obstacle::ends(
            &check::PROCESSOR,
            Part::Processor,
            format!(
                "the image is for {}, and the processor is {theirs}",
                facts.architecture
            ),
        ));
    }
    let lacking = needed(facts).into_iter().filter(|(feature, _)| {
        // Linux lists `nx` and `pae` only where it may use them.
        processors.has(feature) == Some(false)
    });
    let lacking: Vec<&str> = lacking.map(|(_, name)| name).collect();
    if !lacking.is_empty() {
        found.push(Obstacle::ends(
            &check::PROCESSOR,
            Part::Processor,
            format!(
                "this Windows needs a processor with {}, which the description does not list",
                lacking.join(", ")
            ),
        ));
    }
    found
}

/// Whether a processor runs Windows of an architecture.
fn runs(processor: Architecture, image: Architecture) -> bool {
    match processor {
        Architecture::Amd64 => matches!(image, Architecture::Amd64 | Architecture::X86),
        other => other == image,
    }
}

/// What the version asks of x86 and x64 processors.
fn needed(facts: &ImageFacts) -> Vec<Feature> {
    let version = facts.version;
    let mut needed = Vec::new();
    if !matches!(facts.architecture, Architecture::X86 | Architecture::Amd64) {
        return needed;
    }
    if (version.major, version.minor) >= (6, 2) {
        needed.extend([("pae", "PAE"), ("nx", "NX"), ("sse2", "SSE2")]);
    }
    if (version.major, version.minor) >= (6, 3) && facts.architecture == Architecture::Amd64 {
        needed.extend([("cx16", "CMPXCHG16B"), ("lahf_lm", "LAHF/SAHF")]);
    }
    if version.build >= BUILD_24H2 {
        needed.extend([("sse4_2", "SSE4.2"), ("popcnt", "POPCNT")]);
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_64_bit_processor_runs_both_and_others_their_own() {
        for (processor, image, expected) in [
            (Architecture::Amd64, Architecture::X86, true),
            (Architecture::Amd64, Architecture::Amd64, true),
            (Architecture::X86, Architecture::Amd64, false),
            (Architecture::Arm64, Architecture::Amd64, false),
            (Architecture::Arm64, Architecture::Arm64, true),
        ] {
            assert_eq!(runs(processor, image), expected, "{processor} {image}");
        }
    }
}
