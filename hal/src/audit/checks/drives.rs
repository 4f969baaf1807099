//! The drive letters that an image remembers.

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::evidence::{Evidence, EvidenceKind};
use crate::survey::Survey;
use crate::system::MiniSetup;

const FORMS: &str = "SYSTEM\\MountedDevices of real installations";
/// Length of a value that stands for a partition of an MBR disk, and of the
/// disk's signature at its front.
const MBR_LEN: usize = 12;
const SIGNATURE_LEN: usize = 4;

pub(super) const DRIVE_LETTERS: Check = Check {
    name: "drive-letters",
    severity: Severity::Note,
    applies: Applies::Nt5,
    title: "the image remembers no drive letters of the disk that it came from",
    why: "drive letters are kept with the signature of their disk; on a disk with another signature \
          Windows may get another letter than C: and end in an endless logon. Sysprep clears them",
    remedy: "run Sysprep before taking the image, or give the new disk the same signature, or \
             delete the values below SYSTEM\\MountedDevices",
    source: FORMS,
    run: Run::Image(drive_letters),
};

fn drive_letters(survey: &Survey) -> Outcome {
    let system = survey.system.clone()?;
    let letters: Vec<Evidence> = system
        .drive_letters
        .iter()
        .filter_map(|(letter, data)| {
            if data.len() != MBR_LEN {
                return None;
            }
            let signature = data.get(..SIGNATURE_LEN)?;
            let signature = signature.iter().rev().map(|byte| format!("{byte:02X}"));
            let value = format!("disk with signature {}", signature.collect::<String>());
            let place = format!("SYSTEM\\MountedDevices\\{letter}");
            Some(Evidence::new(EvidenceKind::Registry, place, value, FORMS))
        })
        .collect();
    if letters.is_empty() || system.setup.mini_setup() == MiniSetup::Waits {
        return Ok(Vec::new());
    }
    let message = "the image remembers drive letters of the disk that it came from";
    Ok(vec![Found::note(message).with(letters)])
}
