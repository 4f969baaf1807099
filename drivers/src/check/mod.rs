//! Is an image's driver store in order?
//!
//! Each check is an entry of [`CHECKS`]: a name, a weight, what a fault of its
//! kind does to the user, where the rule comes from, and a function over a
//! `Survey` of the image. A rule is only a check where real images keep it:
//! nothing that Windows itself leaves behind is called a fault (the tests hold
//! every check against every real hive of the corpus).
//!
//! A fault that can be mended from what the image itself holds carries its
//! fixes; [`repair`] plans them. Whether the machine boots is another question,
//! and not asked here.

mod active_package;
mod boot_file;
mod class_index;
mod configurations;
mod configured_service;
mod critical_device;
mod critical_package;
mod descriptors;
mod device_index;
mod device_path;
mod driver_database;
mod drivers_hive;
mod drvload;
mod fault;
mod index_inf;
mod index_orphan;
mod index_value;
mod name_form;
mod oem_map;
mod orphan_folder;
mod orphan_published;
mod package_files;
mod package_folder;
mod package_inf;
mod published_catalog;
mod published_folder;
mod published_inf;
mod published_name;
mod rebuild;
mod repair;
mod same_package;
mod service_owners;
mod shared_name;
mod stale_pnf;
mod store_catalog;
mod survey;
mod version_value;
mod virt_v2v;
mod waiting_package;
mod waiting_parts;
mod whole_entry;

use std::fmt;

use wimwright_servicing::{Draft, Generation};

use crate::error::Error;
pub use crate::model::Severity;
pub use fault::{Fault, Mend};
pub use repair::{Repair, RepairOptions, repair};
use survey::Survey;

/// A rule that driver stores keep.
pub struct Check {
    /// Its kebab-case name.
    pub name: &'static str,
    /// How much breaking it weighs.
    pub severity: Severity,
    /// What it looks at, in one sentence.
    pub description: &'static str,
    /// What a fault of this kind does, in one sentence.
    pub effect: &'static str,
    /// The sections of the reference that the rule rests on.
    pub source: &'static str,
    /// The Windows that it is about.
    pub generations: &'static [Generation],
    run: fn(&Draft, &Survey, &mut Vec<Fault>) -> Result<(), Error>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Windows 8 and later.
const DATABASE: &[Generation] = &[Generation::DriverDatabase];
/// Windows 2000 to 7.
const FIRST_BOOT: &[Generation] = &[Generation::Nt5, Generation::Nt6];
/// Every Windows.
const EVERY: &[Generation] = &[Generation::Nt5, Generation::Nt6, Generation::DriverDatabase];

/// Every check, in the order in which faults are told.
pub static CHECKS: &[&Check] = &[
    &driver_database::CHECK,
    &drivers_hive::CHECK,
    &boot_file::CHECK,
    &virt_v2v::CHECK,
    &shared_name::CHECK,
    &active_package::CHECK,
    &published_name::CHECK,
    &version_value::CHECK,
    &whole_entry::CHECK,
    &package_folder::CHECK,
    &package_inf::CHECK,
    &package_files::CHECK,
    &store_catalog::CHECK,
    &published_inf::CHECK,
    &published_catalog::CHECK,
    &configurations::CHECK,
    &descriptors::CHECK,
    &device_index::CHECK,
    &class_index::CHECK,
    &index_orphan::CHECK,
    &index_value::CHECK,
    &index_inf::CHECK,
    &oem_map::CHECK,
    &oem_map::UNUSED,
    &configured_service::CHECK,
    &service_owners::CHECK,
    &same_package::CHECK,
    &name_form::CHECK,
    &orphan_published::CHECK,
    &orphan_folder::CHECK,
    &critical_device::CHECK,
    &critical_package::CHECK,
    &waiting_package::CHECK,
    &waiting_parts::CHECK,
    &device_path::CHECK,
    &device_path::FOREIGN,
    &drvload::CHECK,
    &published_folder::CHECK,
    &stale_pnf::CHECK,
];

/// Looks for faults in the driver store of an image, planned changes included.
/// Plans nothing.
///
/// # Errors
/// [`Error`] when the image cannot be read.
pub fn check(draft: &Draft) -> Result<Vec<Fault>, Error> {
    let survey = Survey::of(draft)?;
    let generation = draft.facts().generation;
    let mut faults = Vec::new();
    for check in CHECKS {
        // Of a database that is not there nothing more can be said, and what
        // would mend its parts would hide that.
        let lost = faults
            .first()
            .is_some_and(|first: &Fault| first.check.name == driver_database::CHECK.name);
        let of_database = check.generations == DATABASE;
        if check.generations.contains(&generation) && !(lost && of_database) {
            (check.run)(draft, &survey, &mut faults)?;
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own_and_says_what_it_is_about() {
        let mut names = BTreeSet::new();
        for check in CHECKS {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(check.name.chars().all(kebab), "{}", check.name);
            assert!(names.insert(check.name), "{} twice", check.name);
            for text in [check.description, check.effect, check.source] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", check.name);
            }
            assert!(check.source.starts_with("driverstore "), "{}", check.name);
            assert!(!check.generations.is_empty(), "{}", check.name);
        }
    }
}
