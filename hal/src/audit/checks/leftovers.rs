//! Services that fit the computer which the image came from, and no other.

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::computer::{Hypervisor, Machine, Target};
use crate::evidence::{Evidence, EvidenceKind};
use crate::survey::Survey;
use crate::system::Service;

const VCL: &str = "VMware's migration guide; Services of a real XP x64 in VirtualBox";
const AGP_SOURCE: &str = "VirtualBox manual, migrating existing Windows installations";

fn start(service: &Service) -> Evidence {
    let value = service
        .start
        .map_or_else(|| "absent".to_owned(), |start| start.to_string());
    let place = format!("SYSTEM\\{}\\Start", service.key);
    Evidence::new(EvidenceKind::Registry, place, value, VCL)
}

/// Whether it starts by itself: at boot, with the system, or automatically.
fn starts(service: &Service) -> bool {
    service.start.is_some_and(|start| start <= 2)
}

fn disable(service: &Service) -> String {
    format!(
        "wimwright registry set IMAGE 'SYSTEM\\{}' Start 4 --type dword",
        service.key
    )
}

pub(super) const HYPERVISOR: Check = Check {
    name: "hypervisor-leftovers",
    severity: Severity::Warning,
    applies: Applies::All,
    title: "no guest services of another hypervisor start with Windows",
    why: "an image that was made in a virtual machine carries the services of its guest tools; on \
          other computers they fail at best, and hang or stop Windows at worst",
    remedy: "remove the guest tools before taking the image, or set their Start to 4",
    source: VCL,
    run: Run::Target(hypervisor),
};

fn hypervisor(survey: &Survey, target: &Target) -> Outcome {
    let on = match target.machine {
        Machine::Virtual(hypervisor) => Some(hypervisor),
        Machine::Physical => None,
        Machine::Unknown => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    for service in survey.system.clone()?.services {
        let Some(of) = Hypervisor::of_service(service.name) else {
            continue;
        };
        // Windows 7 and later bring Hyper-V's own parts, and start them where
        // they belong.
        if on == Some(of) || !starts(&service) || of == Hypervisor::HyperV && !is_nt5(survey) {
            continue;
        }
        let place = on.map_or_else(
            || "no virtual machine".to_owned(),
            |on| format!("one of {on}"),
        );
        let message = format!(
            "the service `{}` is of a guest of {of}, and the computer is {place}",
            service.name
        );
        let remedy = disable(&service);
        found.push(
            Found::warning(message)
                .with([start(&service)])
                .remedy(remedy),
        );
    }
    Ok(found)
}

fn is_nt5(survey: &Survey) -> bool {
    survey.facts.generation == wimwright_servicing::Generation::Nt5
}

pub(super) const AGP: Check = Check {
    name: "agp-filter",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "no AGP filter driver starts at boot in a virtual machine",
    why: "AGP filters of Windows start for the chipset that the image was made on; in a virtual \
          machine there is no such chipset, and agp440 is known to stop Windows there",
    remedy: "set the service's Start to 4",
    source: AGP_SOURCE,
    run: Run::Target(agp),
};

const AGP_FILTERS: [&str; 8] = [
    "agp440", "agpCPQ", "alim1541", "amdagp", "sisagp", "viaagp", "uagp35", "gagp30kx",
];

fn agp(survey: &Survey, target: &Target) -> Outcome {
    let Machine::Virtual(on) = target.machine else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for service in survey.system.clone()?.services {
        if AGP_FILTERS.contains(&service.name) && service.start == Some(0) {
            let message = format!(
                "the AGP filter `{}` starts at boot, and the computer is a virtual one of {on}",
                service.name
            );
            let remedy = disable(&service);
            found.push(
                Found::warning(message)
                    .with([start(&service)])
                    .remedy(remedy),
            );
        }
    }
    Ok(found)
}

pub(super) const APM: Check = Check {
    name: "apm",
    severity: Severity::Warning,
    applies: Applies::Nt5X86,
    title: "APM does not start on a computer with ACPI",
    why: "NtApm is the power management of computers without ACPI; on one with ACPI in use both \
          would switch the same hardware",
    remedy: "set the service's Start to 4",
    source: "QuickInstall, which deletes it when it makes an installation one with ACPI",
    run: Run::Target(apm),
};

fn apm(survey: &Survey, target: &Target) -> Outcome {
    if !target.hal.is_some_and(crate::HalType::is_acpi) {
        return Ok(Vec::new());
    }
    let services = survey.system.clone()?.services.into_iter();
    let apm = services.filter(|service| service.name == "NtApm" && starts(service));
    let found = apm.map(|service| {
        let message = "the service NtApm (APM) starts, and the computer uses ACPI";
        let remedy = disable(&service);
        Found::warning(message)
            .with([start(&service)])
            .remedy(remedy)
    });
    Ok(found.collect())
}
