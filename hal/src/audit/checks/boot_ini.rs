//! What boot.ini does to HAL and kernel.

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::boot_ini::{BootEntry, BootIni};
use crate::evidence::{Evidence, EvidenceKind};
use crate::survey::Survey;

const OPTIONS: &str = "Geoff Chappell, \"Boot Options: hal, kernel\"";

fn line(entry: &BootEntry) -> Evidence {
    let place = format!("boot.ini, line {}", entry.line);
    Evidence::new(EvidenceKind::BootIni, place, &entry.text, OPTIONS)
}

pub(super) const BOOT_INI: Check = Check {
    name: "boot-ini",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "boot.ini starts this Windows when nobody chooses",
    why: "ntldr starts what `default` names; where that is not in the list or names another \
          folder, another Windows is started, or none",
    remedy: "edit boot.ini: `default` has to be the path of the line that starts this Windows",
    source: "the form of boot.ini in Microsoft's documentation",
    run: Run::Image(boot_ini),
};

fn boot_ini(survey: &Survey) -> Outcome {
    let Some(ini) = survey.boot_ini.clone()? else {
        let message = "the image has no boot.ini: ntldr then starts \\WINDOWS of the first \
                       partition, and options for HAL and kernel are not known";
        return Ok(vec![Found::note(message)]);
    };
    let mut found = Vec::new();
    let Some(entry) = ini.default_entry() else {
        return Ok(vec![Found::warning("boot.ini lists no operating system")]);
    };
    if !ini.default_is_listed() {
        let default = ini.default.clone().unwrap_or_default();
        let message = "what `default` of boot.ini names is not in its list";
        found.push(Found::warning(message).with([Evidence::new(
            EvidenceKind::BootIni,
            "boot.ini, default",
            default,
            OPTIONS,
        )]));
    }
    let windows = survey.facts.windows.to_string();
    if !entry.directory().eq_ignore_ascii_case(&windows) {
        let message = format!(
            "boot.ini starts `{}` when nobody chooses, and this Windows is in `{windows}`",
            entry.directory()
        );
        found.push(Found::warning(message).with([line(entry)]));
    }
    Ok(found)
}

/// boot.ini and the entry that is started.
fn started(survey: &Survey) -> Result<Option<(BootIni, BootEntry)>, crate::survey::Unreadable> {
    let Some(ini) = survey.boot_ini.clone()? else {
        return Ok(None);
    };
    let entry = ini.default_entry().cloned();
    Ok(entry.map(|entry| (ini, entry)))
}

pub(super) const OVERRIDE: Check = Check {
    name: "boot-ini-override",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "boot.ini names HAL and kernel together or not at all, and both are there",
    why: "/HAL= and /KERNEL= have ntldr load other files than hal.dll and ntoskrnl.exe; with one \
          of the two alone the pair no longer fits, and a file that is missing ends the boot",
    remedy: "remove the options from boot.ini, or give both and put the files into System32",
    source: OPTIONS,
    run: Run::Image(overrides),
};

fn overrides(survey: &Survey) -> Outcome {
    let mut found = other_choices(survey)?;
    found.extend(last_boot(survey)?);
    let Some((_, entry)) = started(survey)? else {
        return Ok(found);
    };
    let overrides = survey.overrides.clone()?;
    let named = [
        overrides
            .hal
            .as_ref()
            .map(|(name, file)| (name, file.is_some())),
        overrides
            .kernel
            .as_ref()
            .map(|(name, file)| (name, file.is_some())),
    ];
    for (name, is_there) in named.iter().flatten() {
        if !is_there {
            let message = format!("boot.ini has `{name}` loaded, which is not in System32");
            found.push(Found::error(message).with([line(&entry)]).stops(None));
        }
    }
    match (&overrides.hal, &overrides.kernel) {
        (Some((hal, _)), Some((kernel, _))) => found.push(
            Found::note(format!(
                "boot.ini has `{hal}` and `{kernel}` loaded in place of hal.dll and ntoskrnl.exe: \
                 they are judged"
            ))
            .with([line(&entry)]),
        ),
        (Some((name, _)), None) | (None, Some((name, _))) => found.push(
            Found::warning(format!(
                "boot.ini has `{name}` loaded, and says nothing of its other half"
            ))
            .with([line(&entry)]),
        ),
        (None, None) => {}
    }
    Ok(found)
}

/// What somebody who chooses another line of boot.ini gets.
fn other_choices(survey: &Survey) -> Outcome {
    let mut found = Vec::new();
    let Some(ini) = survey.boot_ini.clone()? else {
        return Ok(found);
    };
    for (number, overrides) in survey.other_choices.clone()? {
        let Some(entry) = ini.entries.get(number) else {
            continue;
        };
        let hal = overrides.hal.map(|(name, file)| {
            let kind = file.map(|file| file.identity.known().map(|hal| hal.to_string()));
            (name, kind)
        });
        let kernel = overrides.kernel.map(|(name, file)| {
            let kind = file.map(|file| file.identity.known().map(|kernel| kernel.to_string()));
            (name, kind)
        });
        let files: Vec<_> = [hal, kernel].into_iter().flatten().collect();
        let missing = files.iter().any(|(_, kind)| kind.is_none());
        let files = files.into_iter().map(|(name, kind)| match kind {
            None => format!("`{name}`, which is not in System32"),
            Some(None) => format!("`{name}`"),
            Some(Some(kind)) => format!("`{name}` ({kind})"),
        });
        let files: Vec<String> = files.collect();
        let message = format!(
            "another choice of boot.ini has {} loaded: it is not judged",
            files.join(" and ")
        );
        found.push(match missing {
            true => Found::warning(message).with([line(entry)]),
            false => Found::note(message).with([line(entry)]),
        });
    }
    Ok(found)
}

/// What the last boot was with, where boot.ini says another thing now.
fn last_boot(survey: &Survey) -> Outcome {
    let Some(options) = survey.system.clone()?.start_options else {
        return Ok(Vec::new());
    };
    let named = |name: &str| {
        let mut options = options.split_whitespace();
        options.find_map(|word| {
            let (key, value) = word.trim_start_matches('/').split_once('=')?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let entry = started(survey)?.map(|(_, entry)| entry);
    let mut found = Vec::new();
    for name in ["HAL", "KERNEL"] {
        let Some(last) = named(name) else {
            continue;
        };
        let now = entry.as_ref().and_then(|entry| entry.value(name));
        if now.is_some_and(|now| now.eq_ignore_ascii_case(&last)) {
            continue;
        }
        let now = now.map_or_else(
            || "does not name one".to_owned(),
            |now| format!("names `{now}`"),
        );
        let message = format!(
            "the last boot was with /{name}={last}, and the line of boot.ini that is started {now}"
        );
        let place = format!(
            "SYSTEM\\{}\\Control\\SystemStartOptions",
            survey.facts.control_sets.default
        );
        let piece = Evidence::new(EvidenceKind::Registry, place, &options, OPTIONS);
        found.push(Found::warning(message).with([piece]));
    }
    Ok(found)
}

pub(super) const PAE_KERNEL: Check = Check {
    name: "pae-kernel",
    severity: Severity::Error,
    applies: Applies::Nt5X86,
    title: "the kernel for PAE is there",
    why: "with /PAE, and with /NOEXECUTE on processors that can do it, ntldr loads ntkrnlpa.exe in \
          place of ntoskrnl.exe",
    remedy: "put ntkrnlpa.exe of the same level into System32, or switch PAE off in boot.ini with \
             /NOPAE /NOEXECUTE=AlwaysOff",
    source: "Geoff Chappell, \"Kernel Versions\"",
    run: Run::Image(pae_kernel),
};

fn pae_kernel(survey: &Survey) -> Outcome {
    if survey.ntkrnlpa.clone()?.is_some() {
        return Ok(Vec::new());
    }
    let started = started(survey)?;
    let entry = started.as_ref().map(|(_, entry)| entry);
    if entry.is_some_and(|entry| entry.value("KERNEL").is_some()) {
        return Ok(Vec::new());
    }
    let place = Evidence::new(
        EvidenceKind::File,
        format_args!("{}\\System32\\ntkrnlpa.exe", survey.facts.windows),
        "is not there",
        OPTIONS,
    );
    Ok(vec![match entry.filter(|entry| entry.asks_for_pae()) {
        Some(entry) => Found::error(
            "boot.ini asks for the kernel for PAE on processors that can do it, and there is none",
        )
        .with([place, line(entry)]),
        None => Found::warning("there is no kernel for PAE").with([place]),
    }])
}
