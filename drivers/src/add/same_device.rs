//! Other third parties' packages in the image that serve the same devices: of
//! two, Windows takes the one that ranks better, which need not be this one
//! (driverstore 10, item 13).

use wimwright_servicing::{Draft, Finding, Generation};

use super::read::ReadPackage;
use super::rival::Rival;

/// Tells of those among `rivals` without those of the same INF, which are told
/// of as other versions.
pub(super) fn report(draft: &mut Draft, package: &ReadPackage, inf_name: &str, rivals: &[Rival]) {
    let generation = draft.facts().generation;
    for rival in rivals {
        let other = &rival.package;
        let same_inf = other.original_file_name.eq_ignore_ascii_case(inf_name);
        let itself = other.package_id.as_deref() == Some(package.id.as_str());
        if !other.inbox && !same_inf && !itself {
            draft.report(told(rival, generation));
        }
    }
}

fn told(rival: &Rival, generation: Generation) -> Finding {
    let other = &rival.package;
    let first = rival.ids.first().map_or("", |(id, _)| id.as_str());
    let more = match rival.ids.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let version = other.version.as_deref().unwrap_or("without version");
    let date = other.date.as_deref().unwrap_or("without date");
    let rule = match generation {
        Generation::Nt5 => "signed before unsigned, then the better match, then the newer date",
        _ => "the better match, then the newer date, then the higher version",
    };
    Finding::warning(
        "same-device",
        format!(
            "`{first}`{more} is served by `{}` (`{}`, {date}, {version}), too: Windows takes \
             {rule}",
            other.name(),
            other.original_file_name
        ),
    )
}
