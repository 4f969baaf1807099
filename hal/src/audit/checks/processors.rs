//! What of a computer's processors an image is not made for.

use wimwright_servicing::ProductType;

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::computer::Target;
use crate::decision::StopCode;
use crate::evidence::{Evidence, EvidenceKind};
use crate::survey::Survey;

const INTELPPM: &str = "KB 953356";
/// `VER_SUITE_PERSONAL`: a Home edition.
const SUITE_PERSONAL: u32 = 0x200;

pub(super) const DRIVER: Check = Check {
    name: "processor-driver",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "no driver of another vendor's processors starts with Windows",
    why: "intelppm started on a processor that is not Intel's stops with 0x7E or hangs, mostly \
          after a service pack brought the file; images that were made on Intel have it. A driver \
          that Plug and Play starts for the processor that it finds (Start 3) does no harm",
    remedy: "set the service's Start to 4",
    source: "KB 953356; Services\\intelppm of a real XP SP3 (Start 1) and XP x64 (Start 3)",
    run: Run::Target(driver),
};

/// Drivers and the vendor whose processors they are for, as CPUID names it.
const DRIVERS: [(&str, &str); 8] = [
    ("intelppm", "GenuineIntel"),
    ("p3", "GenuineIntel"),
    ("amdk8", "AuthenticAMD"),
    ("AmdK8", "AuthenticAMD"),
    ("AmdPPM", "AuthenticAMD"),
    ("AmdK7", "AuthenticAMD"),
    ("AmdK6", "AuthenticAMD"),
    ("crusoe", "GenuineTMx86"),
];

fn driver(survey: &Survey, target: &Target) -> Outcome {
    let Some(vendor) = &target.processors.vendor else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for service in survey.system.clone()?.services {
        let mut drivers = DRIVERS.iter();
        let Some((_, of)) = drivers.find(|(name, _)| *name == service.name) else {
            continue;
        };
        let Some(start) = service.start.filter(|start| *start <= 2) else {
            continue;
        };
        if of.eq_ignore_ascii_case(vendor) {
            continue;
        }
        let message = format!(
            "the driver `{}` is for processors of {of}, starts by itself, and the computer's are \
             of {vendor}",
            service.name
        );
        let piece = Evidence::new(
            EvidenceKind::Registry,
            format_args!("SYSTEM\\{}\\Start", service.key),
            start,
            INTELPPM,
        );
        let processor = Evidence::new(EvidenceKind::Hardware, "processor vendor", vendor, INTELPPM);
        let mut one = Found::warning(message).with([piece, processor]);
        if service.name == "intelppm" {
            one.stop_code = Some(StopCode::SYSTEM_THREAD_EXCEPTION);
        }
        one.remedy = Some(format!(
            "wimwright registry set IMAGE 'SYSTEM\\{}' Start 4 --type dword",
            service.key
        ));
        found.push(one);
    }
    Ok(found)
}

pub(super) const EDITION: Check = Check {
    name: "edition-limits",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "the edition uses all sockets of the computer",
    why: "Windows uses as many sockets as its licence says: one in Home editions, two in \
          Professional; Microsoft's documentation says that XP Home does not support several \
          processors at all, though cores of one socket are used in practice",
    remedy: "use an edition for as many sockets, or leave the others unused",
    source: "deploy.chm of XP SP3, h_multiproc.htm; Session Manager\\LicensedProcessors of a real \
             XP SP3; cores of one socket recalled",
    run: Run::Target(edition),
};

fn edition(survey: &Survey, target: &Target) -> Outcome {
    let Some(sockets) = target.processors.sockets else {
        return Ok(Vec::new());
    };
    let home = survey.facts.suite_mask & SUITE_PERSONAL != 0
        && survey.facts.product_type == Some(ProductType::Workstation);
    let licensed = survey.system.clone()?.licensed_processors;
    let (limit, piece) = match (home, licensed.filter(|number| *number > 0)) {
        (true, _) => (
            1,
            Evidence::new(
                EvidenceKind::Registry,
                "SYSTEM\\..\\Control\\ProductOptions\\ProductSuite",
                "Personal",
                "deploy.chm of XP SP3",
            ),
        ),
        (false, Some(limit)) => (
            limit,
            Evidence::new(
                EvidenceKind::Registry,
                "SYSTEM\\..\\Control\\Session Manager\\LicensedProcessors",
                limit,
                "Session Manager of a real XP SP3",
            ),
        ),
        (false, None) => return Ok(Vec::new()),
    };
    if sockets <= limit {
        return Ok(Vec::new());
    }
    let message = format!("the computer has {sockets} sockets, and this edition uses {limit}");
    Ok(vec![Found::warning(message).with([piece])])
}
