//! Differences of driver packages, a line each.

use wimwright_drivers::{DriverDifference, DriverPackage, Field};

use super::{Line, Mark};
use crate::render::json::signature;
use crate::render::text::count;

pub(super) fn mark_of(difference: &DriverDifference) -> Mark {
    match difference {
        DriverDifference::Added(_) => Mark::Added,
        DriverDifference::Removed(_) => Mark::Removed,
        DriverDifference::Changed { .. } => Mark::Changed,
    }
}

pub(super) fn line(difference: &DriverDifference) -> Line {
    let mark = mark_of(difference);
    let package = difference.package();
    let published = package.name();
    let name = match published.eq_ignore_ascii_case(&package.original_file_name) {
        true => published.to_owned(),
        false => format!("{published} ({})", package.original_file_name),
    };
    match difference {
        DriverDifference::Added(_) | DriverDifference::Removed(_) => {
            let told = [&package.version, &package.date].into_iter().flatten();
            let parts: Vec<&str> = std::iter::once(&package.provider_name)
                .chain(told)
                .map(String::as_str)
                .filter(|part| !part.is_empty())
                .collect();
            Line::new(mark, name, format!("  {}", parts.join(", ")))
        }
        DriverDifference::Changed { old, new, fields } => {
            // Another version has another folder: nobody needs to be told.
            let fields = fields
                .iter()
                .filter(|field| **field != Field::PackageId || !fields.contains(&Field::Version));
            let fields = fields.map(|field| change_text(*field, old, new));
            let fields: Vec<String> = fields.collect();
            Line::new(mark, name, format!("  {}", fields.join(", ")))
        }
    }
}

fn change_text(field: Field, old: &DriverPackage, new: &DriverPackage) -> String {
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let yes_no = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let each = |tell: &dyn Fn(&DriverPackage) -> String| [tell(old), tell(new)];
    let (what, [old, new]) = match field {
        Field::PublishedName => {
            let names = each(&|driver| driver.name().to_owned());
            let same = names[0].eq_ignore_ascii_case(&names[1]);
            (if same { "spelled" } else { "renumbered" }, names)
        }
        Field::OriginalFileName => ("INF", each(&|driver| driver.original_file_name.clone())),
        Field::Inbox => ("inbox", each(&|driver| yes_no(driver.inbox))),
        Field::ClassName => ("class", each(&|driver| optional(&driver.class_name))),
        Field::ClassGuid => ("class id", each(&|driver| driver.class_guid.clone())),
        Field::ProviderName => ("provider", each(&|driver| driver.provider_name.clone())),
        Field::Date => ("date", each(&|driver| optional(&driver.date))),
        Field::Version => ("version", each(&|driver| optional(&driver.version))),
        Field::BootCritical => ("boot", each(&|driver| yes_no(driver.boot_critical))),
        Field::DriverSignature => (
            "signature",
            each(&|driver| signature(driver.driver_signature)),
        ),
        Field::PackageId => ("package id", each(&|driver| optional(&driver.package_id))),
        Field::Architecture => ("for", each(&|driver| optional(&driver.architecture))),
        Field::HardwareIds => {
            let missing = |from: &DriverPackage, there: &DriverPackage| {
                let ids = from.hardware_ids.iter();
                ids.filter(|id| !there.hardware_ids.contains(id)).count()
            };
            let (more, less) = (missing(new, old), missing(old, new));
            return format!("serves {} more, {less} fewer", count(more, "id", "ids"));
        }
    };
    format!("{what} {old} -> {new}")
}
