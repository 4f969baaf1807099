//! What of a computer's processors an image is not made for.

use wimwright_servicing::{Architecture, ProductType};

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
    title: "the edition uses all sockets and processors of the computer",
    why: "Windows uses as many sockets as its licence says, one in Home editions, two in \
          Professional, and no more than 32 logical processors, 64-bit ones 64; Microsoft's documentation says that XP Home does not support several \
          processors at all, though cores of one socket are used in practice",
    remedy: "use an edition for as many sockets, or leave the others unused",
    source: "deploy.chm of XP SP3, h_multiproc.htm; Session Manager\\LicensedProcessors of a real \
             XP SP3; cores of one socket, and the most logical processors, recalled",
    run: Run::Target(edition),
};

fn edition(survey: &Survey, target: &Target) -> Outcome {
    let mut found = logical(survey, target);
    let Some(sockets) = target.processors.sockets else {
        return Ok(found);
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
        (false, None) => return Ok(found),
    };
    if sockets > limit {
        let message = format!("the computer has {sockets} sockets, and this edition uses {limit}");
        found.push(Found::warning(message).with([piece]));
    }
    Ok(found)
}

/// The masks of processors in the kernel have as many bits as its words.
fn logical(survey: &Survey, target: &Target) -> Vec<Found> {
    let most = match survey.facts.architecture {
        Architecture::X86 => 32,
        _ => 64,
    };
    let Some(count) = target.processors.logical.filter(|count| *count > most) else {
        return Vec::new();
    };
    let message =
        format!("the computer has {count} logical processors, and this Windows uses {most}");
    let piece = Evidence::new(EvidenceKind::Hardware, "processors", count, "recalled");
    vec![Found::note(message).with([piece])]
}

pub(super) const MEMORY: Check = Check {
    name: "memory-limit",
    severity: Severity::Note,
    applies: Applies::Nt5,
    title: "this Windows uses all memory of the computer",
    why: "32-bit editions for workstations use 4 GiB at most, with PAE as well, and less where \
          devices take addresses below; XP x64 uses 128 GiB",
    remedy: "nothing has to be done: the rest of the memory stays unused",
    source: "Microsoft, \"Memory Limits for Windows and Windows Server Releases\"",
    run: Run::Target(memory),
};

fn memory(survey: &Survey, target: &Target) -> Outcome {
    const GIB: u64 = 1 << 30;
    let Some(bytes) = target.memory else {
        return Ok(Vec::new());
    };
    let facts = &survey.facts;
    // Those of servers depend on the edition; XP has none for servers.
    let workstation =
        facts.version.minor == 1 || facts.product_type == Some(ProductType::Workstation);
    let limit = match facts.architecture {
        _ if !workstation => return Ok(Vec::new()),
        Architecture::X86 => 4,
        Architecture::Amd64 => 128,
        _ => return Ok(Vec::new()),
    };
    if bytes <= limit * GIB {
        return Ok(Vec::new());
    }
    let size = bytes as f64 / GIB as f64;
    let message =
        format!("the computer has {size:.1} GiB of memory, and this Windows uses {limit} at most");
    let piece = Evidence::new(EvidenceKind::Hardware, "memory", bytes, MEMORY.source);
    Ok(vec![Found::note(message).with([piece])])
}
