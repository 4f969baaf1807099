//! `Version`: 48 bytes with class, date and version of the driver.

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::RegData;
use wimwright_servicing::{Draft, FileTime};

use super::fault::{Fix, in_hive};
use super::survey::{InfSays, PackageEntry, VersionState};
use super::{Check, DATABASE, Fault, Severity, Survey};
use crate::error::Error;
use crate::store::version_blob::VersionBlob;

pub(super) static CHECK: Check = Check {
    name: "version-value",
    severity: Severity::Error,
    description: "the value `Version` of a package can be read, and says what the package's INF says",
    effect: "DISM fails with error 1168, or takes the driver for an older or newer one than it is",
    source: "driverstore 2.4, 2.5",
    generations: DATABASE,
    run,
};

const VALUE: Basis = Basis::verified("driverstore 2.5");

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let architecture = draft.facts().architecture;
    for entry in survey.packages().filter(|entry| entry.has_key) {
        let says = entry.says.as_ref();
        let (wrong, right) = match &entry.version {
            VersionState::Missing => ("the value `Version` is missing".to_owned(), None),
            VersionState::Damaged(len) => (
                format!("the value `Version` has {len} bytes and not 48"),
                None,
            ),
            VersionState::Read(blob) => {
                let right = corrected(blob, architecture.number(), says);
                match difference(blob, &right) {
                    None => continue,
                    Some(wrong) => (wrong, Some(right)),
                }
            }
        };
        let new = says.and_then(|says| {
            let class = says.class?;
            let date = FileTime(says.date);
            Some(VersionBlob::third_party(
                architecture,
                class,
                date,
                says.version,
            ))
        });
        let place = in_hive(entry.stored.node.hive(), &entry.key());
        let fault = Fault::new(&CHECK, place, wrong);
        found.push(match (right.or(new), entry.stored.inbox) {
            (Some(blob), false) => {
                let fix = set(entry, &blob);
                fault.repaired_by(
                    "write it anew from the INF in the package's folder",
                    vec![fix],
                )
            }
            (None, false) => fault.added_again(entry.name()),
            (_, true) => fault.not_mended(
                "this is a driver of Windows itself, whose marks nothing else in the image holds: \
                 restore the hive from a copy of the image",
            ),
        });
    }
    Ok(())
}

/// The value as it must be; what nothing is known of stays.
fn corrected(blob: &VersionBlob, architecture: u16, says: Option<&InfSays>) -> VersionBlob {
    let mut right = VersionBlob {
        architecture,
        ..*blob
    };
    if let Some(says) = says {
        right.class = says.class.unwrap_or(blob.class);
        right.date = FileTime(says.date);
        right.version = says.version;
    }
    right
}

fn difference(is: &VersionBlob, right: &VersionBlob) -> Option<String> {
    if is.architecture != right.architecture {
        return Some(format!(
            "`Version` is for processor architecture {}, and this Windows is for {}",
            is.architecture, right.architecture
        ));
    }
    if is.class != right.class {
        return Some(format!(
            "`Version` says class {}, and the INF {}",
            is.class, right.class
        ));
    }
    if is.version != right.version {
        return Some(format!(
            "`Version` says {}, and the INF {}: the files are not those that were registered",
            is.version, right.version
        ));
    }
    (is.date != right.date).then(|| "`Version` has another date than the INF".to_owned())
}

fn set(entry: &PackageEntry, blob: &VersionBlob) -> Fix {
    let change = Change::SetValue {
        hive: entry.stored.node.hive(),
        key: entry.key(),
        name: "Version".into(),
        data: RegData::binary(blob.encode()),
    };
    Fix::Change(change, VALUE)
}
