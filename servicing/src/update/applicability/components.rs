//! What a package's updates are for: components of the image that are older.

use super::super::mum::{Condition, Elevate, Update};
use super::super::package::Package;
use super::super::store::{PackageStore, StoreError, winner};
use super::super::version::AssemblyVersion;
use super::{Before, Outcome, Rule, parents};
use crate::draft::Draft;

/// Most components that are told one by one.
const TOLD: usize = 3;

/// How the updates of a package stand to the image.
#[derive(Default)]
struct Tally {
    /// Some that apply, in words.
    applies: Vec<String>,
    /// Components that the image has as new, or newer.
    newer: Vec<String>,
    /// Components that the image does not have, or not on that branch.
    absent: Vec<String>,
    /// Mums that ask for parents that are not there.
    without_parent: usize,
    /// Conditions that are not known here.
    unknown: Vec<String>,
    /// Updates that apply whenever the package does.
    unconditional: usize,
}

/// The rules about a package's contents: whether it has anything for the image.
///
/// A package that only asks for a parent, such as a feature, applies with that.
pub(super) fn rules(
    draft: &Draft,
    store: &PackageStore,
    package: &Package,
    before: &Before<'_>,
) -> Result<Vec<Rule>, StoreError> {
    let mut tally = Tally::default();
    for entry in package.brought() {
        let mum = &entry.mum;
        let asks = mum
            .updates
            .iter()
            .any(|update| !update.applicable.is_empty());
        let brings = mum.deployments().next().is_some();
        if !asks && !brings {
            continue;
        }
        let own = std::ptr::eq(mum, package.mum());
        if !own && parents::rule(store, mum, before).outcome == Outcome::Fails {
            tally.without_parent += 1;
            continue;
        }
        for update in &mum.updates {
            tally.count(draft, update)?;
        }
    }
    Ok(tally.rules())
}

impl Tally {
    fn count(&mut self, draft: &Draft, update: &Update) -> Result<(), StoreError> {
        let mut decided = false;
        for applicable in &update.applicable {
            for condition in &applicable.conditions {
                match condition {
                    Condition::UpdateComponent {
                        elevate,
                        components,
                    } => {
                        decided = true;
                        for component in components {
                            let there = winner(draft, component)?;
                            let elevate = elevate.unwrap_or(Elevate::Install);
                            self.component(component, there, elevate);
                        }
                    }
                    // Features of other packages, and the like: turned on
                    // later, whatever is there now.
                    Condition::DetectUpdate { .. } | Condition::DetectNone { .. } => {}
                    Condition::Unknown { name } => {
                        decided = true;
                        self.unknown.push(name.clone());
                    }
                    Condition::DetectComponent { components } => {
                        decided = true;
                        for component in components {
                            match winner(draft, component)? {
                                Some(version) => self
                                    .applies
                                    .push(format!("`{}` {version} is there", component.name)),
                                None => self.absent.push(format!("`{}`", component.name)),
                            }
                        }
                    }
                    Condition::And { .. } | Condition::Or { .. } | Condition::Not { .. } => {
                        decided = true;
                        self.unknown.push("combined conditions".to_owned());
                    }
                }
            }
        }
        if !decided && !update.parts.is_empty() {
            self.unconditional += 1;
        }
        Ok(())
    }

    fn component(
        &mut self,
        component: &super::super::identity::Identity,
        there: Option<AssemblyVersion>,
        elevate: Elevate,
    ) {
        let (name, version) = (&component.name, component.version);
        let architecture = &component.architecture;
        match there {
            None if elevate == Elevate::Install => self.applies.push(format!(
                "`{name}` ({architecture}) {version} may be new, and the image has none"
            )),
            None => self
                .absent
                .push(format!("`{name}` ({architecture}) is not in the image")),
            Some(there) if there >= version => self.newer.push(format!(
                "`{name}` ({architecture}) is {there}, not below {version}"
            )),
            Some(there) if reaches(elevate, there, version) => self.applies.push(format!(
                "`{name}` ({architecture}) is {there}, below {version}"
            )),
            Some(there) => self.absent.push(format!(
                "`{name}` ({architecture}) is {there}, on another branch than {version} \
                 (elevate {})",
                elevate.word()
            )),
        }
    }

    fn rules(self) -> Vec<Rule> {
        const NAME: &str = "components";
        let asked = "a component in the image that it is newer than";
        if !self.applies.is_empty() {
            return vec![Rule::new(NAME, Outcome::Holds, asked, told(&self.applies))];
        }
        if self.unconditional > 0 {
            return Vec::new();
        }
        if let Some(name) = self.unknown.first() {
            let found = format!("a condition that is not known here: {name}");
            return vec![Rule::new(NAME, Outcome::Unclear, asked, found)];
        }
        if !self.newer.is_empty() {
            let rule = Rule::new("components-newer", Outcome::Fails, asked, told(&self.newer));
            return vec![rule];
        }
        if !self.absent.is_empty() {
            return vec![Rule::new(NAME, Outcome::Fails, asked, told(&self.absent))];
        }
        match self.without_parent {
            0 => Vec::new(),
            count => vec![Rule::new(
                NAME,
                Outcome::Fails,
                asked,
                format!("none of its {count} inner packages finds its parent"),
            )],
        }
    }
}

/// Whether an update with `elevate` goes from version `there` to `new`.
///
/// The service level is the third number in Windows 6.x, where 7602 updates
/// 7601; GDR and LDR are told by the thousands of the fourth (16xxx to 19xxx
/// and 20xxx to 23xxx). From Windows 10 on there are no branches.
pub(in crate::update) fn reaches(
    elevate: Elevate,
    there: AssemblyVersion,
    new: AssemblyVersion,
) -> bool {
    if there.family() != new.family() {
        return false;
    }
    let branches = new.family().0 == 6;
    let level = there.build() == new.build();
    let is_ldr = |version: AssemblyVersion| version.revision() >= 20000;
    match elevate {
        Elevate::Install | Elevate::ServiceLevel => true,
        Elevate::Distribution => level,
        Elevate::Revision => level && (!branches || is_ldr(there) == is_ldr(new)),
    }
}

fn told(list: &[String]) -> String {
    let mut text = list.get(..TOLD).unwrap_or(list).join("; ");
    if list.len() > TOLD {
        text.push_str(&format!("; and {} more", list.len() - TOLD));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn how_much_must_be_there_is_as_real_packages_have_it() {
        let version = |text: &str| text.parse::<AssemblyVersion>().unwrap();
        let gdr = version("6.1.7601.17514");
        // KB2999226: the LDR twin is for LDR systems, the other for all.
        let ldr_fix = version("6.1.7601.23140");
        assert!(!reaches(Elevate::Revision, gdr, ldr_fix));
        assert!(reaches(
            Elevate::Revision,
            version("6.1.7601.21701"),
            ldr_fix
        ));
        // KB4528069: from 7601 to 7602.
        let later = version("6.1.7602.20587");
        assert!(reaches(Elevate::ServiceLevel, gdr, later));
        assert!(!reaches(Elevate::Distribution, gdr, later));
        // Windows 10 has no branches.
        let ten = |revision: &str| version(&format!("10.0.19041.{revision}"));
        assert!(reaches(Elevate::Revision, ten("1"), ten("22000")));
    }
}
