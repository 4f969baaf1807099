//! Vista and later: nothing binds the image to a kind of computer, but some
//! things have to be there.

use wimwright_servicing::Architecture;

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::computer::Target;
use crate::decision::StopCode;
use crate::evidence::{Evidence, EvidenceKind};
use crate::level::Level;
use crate::survey::Survey;

const CHAPPELL: &str = "Geoff Chappell, \"Boot Options: detecthal, hal, kernel\"";

pub(super) const FILES: Check = Check {
    name: "hal-files",
    severity: Severity::Error,
    applies: Applies::Later,
    title: "hal.dll and ntoskrnl.exe are there and of one build, and so are the HALs to choose from",
    why: "from Vista on the loader chooses the HAL at boot: 32-bit Vista and 7 between halacpi.dll \
          and halmacpi.dll; it needs them, hal.dll and the kernel, of the same build",
    remedy: "mend the image with Windows' own files (DISM /RestoreHealth)",
    source: CHAPPELL,
    run: Run::Image(files),
};

fn files(survey: &Survey) -> Outcome {
    let hal = survey.hal.clone()?;
    let kernel = survey.ntoskrnl.clone()?;
    let mut found = Vec::new();
    for (name, is_there) in [
        ("hal.dll", hal.is_some()),
        ("ntoskrnl.exe", kernel.is_some()),
    ] {
        if !is_there {
            let place = format!("{}\\System32\\{name}", survey.facts.windows);
            let message = format!("there is no {name}: Windows does not start without it");
            let piece = Evidence::new(EvidenceKind::File, place, "is not there", CHAPPELL);
            found.push(Found::error(message).with([piece]).stops(None));
        }
    }
    let versions = (
        hal.as_ref().and_then(|file| file.version),
        kernel.as_ref().and_then(|file| file.version),
    );
    if let (Some(of_hal), Some(of_kernel)) = versions
        && !Level::of(of_hal).fits(Level::of(of_kernel))
    {
        let message = format!("hal.dll is of {of_hal}, and ntoskrnl.exe of {of_kernel}");
        let pieces = [("hal.dll", of_hal), ("ntoskrnl.exe", of_kernel)].map(|(name, version)| {
            let place = format!("{}\\System32\\{name}", survey.facts.windows);
            Evidence::new(EvidenceKind::VersionResource, place, version, CHAPPELL)
        });
        found.push(Found::warning(message).with(pieces));
    }
    for name in survey.missing_hals.clone()? {
        let place = format!("{}\\System32\\{name}", survey.facts.windows);
        let message = format!("there is no {name}, which the loader takes on some computers");
        let piece = Evidence::new(EvidenceKind::File, place, "is not there", CHAPPELL);
        found.push(Found::warning(message).with([piece]));
    }
    Ok(found)
}

pub(super) const BOOT_STORE: Check = Check {
    name: "boot-store-hal",
    severity: Severity::Warning,
    applies: Applies::Later,
    title: "the boot store names no HAL or kernel of its own",
    why: "a HAL or kernel that the boot store names is loaded whatever the computer needs",
    remedy: "bcdedit /deletevalue hal, bcdedit /deletevalue kernel",
    source: CHAPPELL,
    run: Run::Image(boot_store),
};

fn boot_store(survey: &Survey) -> Outcome {
    let Some(store) = survey.boot_store.clone()? else {
        return Ok(Vec::new());
    };
    let named = store.named.iter().map(|(key, name)| {
        let place = format!("{}\\{key}", store.path);
        let piece = Evidence::new(EvidenceKind::Registry, place, name, CHAPPELL);
        Found::warning(format!("the boot store has `{name}` loaded")).with([piece])
    });
    Ok(named.collect())
}

pub(super) const DETECT_HAL: Check = Check {
    name: "vista-detecthal",
    severity: Severity::Note,
    applies: Applies::Later,
    title: "the boot store of a 32-bit Vista has the loader choose the HAL",
    why: "Vista takes hal.dll as Setup left it, for computers with an APIC or for those without, \
          unless `detecthal` of the boot store is on; Windows 7 always chooses",
    remedy: "bcdedit /set detecthal yes, or generalize the image with Sysprep before it is taken",
    source: CHAPPELL,
    run: Run::Image(detect_hal),
};

fn detect_hal(survey: &Survey) -> Outcome {
    let facts = &survey.facts;
    let vista = (facts.version.major, facts.version.minor) == (6, 0);
    if !vista || facts.architecture != Architecture::X86 {
        return Ok(Vec::new());
    }
    let Some(store) = survey.boot_store.clone()?.filter(|store| !store.detects) else {
        return Ok(Vec::new());
    };
    let hal = survey.hal.clone()?;
    let hal = hal.as_ref().and_then(|file| file.identity.known());
    let is = hal.map(|hal| format!(" ({hal})")).unwrap_or_default();
    let message = format!("the boot store does not have the HAL detected: hal.dll{is} is taken");
    let place = format!("{}\\Objects\\..\\Elements\\26000010", store.path);
    let mut evidence = vec![Evidence::new(
        EvidenceKind::Registry,
        place,
        "is not there, or off",
        CHAPPELL,
    )];
    evidence.extend(
        survey
            .hal
            .clone()?
            .into_iter()
            .flat_map(|file| file.evidence),
    );
    Ok(vec![Found::note(message).with(evidence)])
}

pub(super) const NEEDS_ACPI: Check = Check {
    name: "needs-acpi",
    severity: Severity::Error,
    applies: Applies::Later,
    title: "the computer has ACPI, and where Windows is 64-bit an APIC",
    why: "from Vista on every Windows needs ACPI; the 64-bit ones need a MADT as well",
    remedy: "switch ACPI and the APIC on in the firmware's or hypervisor's settings",
    source: CHAPPELL,
    run: Run::Target(needs_acpi),
};

fn needs_acpi(survey: &Survey, target: &Target) -> Outcome {
    let mut found = Vec::new();
    let piece = |name: &str| Evidence::new(EvidenceKind::Hardware, name, "no", CHAPPELL);
    if target.firmware.acpi == Some(false) {
        let message = "the computer has no ACPI that is in use, and this Windows needs it";
        let stop = Some(StopCode::ACPI_BIOS_ERROR);
        found.push(
            Found::error(message)
                .with([piece("firmware: ACPI")])
                .stops(stop),
        );
    } else if target.firmware.io_apic == Some(false)
        && survey.facts.architecture == Architecture::Amd64
    {
        let message = "the computer has no APIC that is in use, and 64-bit Windows needs it";
        found.push(
            Found::error(message)
                .with([piece("firmware: I/O APIC")])
                .stops(None),
        );
    }
    Ok(found)
}
