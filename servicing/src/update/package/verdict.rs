//! What all that is known of a package comes to.

use serde::Serialize;

use super::{CatalogState, FileRole, Package, PackageFile, Verified};

/// Most files that a reason names.
const TOLD: usize = 3;

/// What can be done with a package here, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageVerdict {
    /// Signed by somebody who is trusted; all of it is covered, and all its
    /// files can be had.
    Complete,
    /// The same, but some files can be expanded by Windows only.
    NeedsWindows,
    /// Nobody who is trusted vouches for it, or nobody signed it.
    Untrusted,
    /// Something is missing, changed or not covered.
    Damaged,
}

/// A verdict with its reasons, the gravest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JudgedPackage {
    /// The verdict.
    pub verdict: PackageVerdict,
    /// Why it is not [`PackageVerdict::Complete`].
    pub reasons: Vec<String>,
}

impl Package {
    /// What is known of the package and of these files of it
    /// ([`Package::verify_files`]) comes to.
    pub fn judge(&self, files: &[PackageFile]) -> JudgedPackage {
        let mut reasons: Vec<(PackageVerdict, String)> = Vec::new();
        let missing = self.missing();
        if !missing.is_empty() {
            let reason = format!("it names what it does not have: {}", told(&missing));
            reasons.push((PackageVerdict::Damaged, reason));
        }
        let named = |test: &dyn Fn(&PackageFile) -> bool| -> Vec<String> {
            let wanted = files.iter().filter(|file| test(file));
            wanted.map(|file| format!("`{}`", file.name)).collect()
        };
        let changed =
            named(&|file| file.verified == Verified::Differs && file.role == FileRole::Payload);
        if !changed.is_empty() {
            let reason = format!("not as their manifests say: {}", told(&changed));
            reasons.push((PackageVerdict::Damaged, reason));
        }
        let lost = named(&|file| !file.decodable && !file.beyond_us);
        if !lost.is_empty() {
            let reason = format!("missing or damaged: {}", told(&lost));
            reasons.push((PackageVerdict::Damaged, reason));
        }
        for catalog in self.catalogs() {
            let verdict = match catalog.state {
                CatalogState::Signed => continue,
                CatalogState::Invalid => PackageVerdict::Damaged,
                CatalogState::Untrusted | CatalogState::Unsigned => PackageVerdict::Untrusted,
            };
            let reason = catalog.reason.clone().unwrap_or_default();
            reasons.push((verdict, reason));
        }
        let uncovered: Vec<String> = self
            .uncovered()
            .iter()
            .map(|path| format!("`{path}`"))
            .collect();
        if !uncovered.is_empty() {
            let verdict = match self.catalogs().is_empty() {
                true => PackageVerdict::Untrusted,
                false => PackageVerdict::Damaged,
            };
            let reason = format!("no valid catalog of it covers {}", told(&uncovered));
            reasons.push((verdict, reason));
        }
        let beyond = named(&|file| file.beyond_us);
        if !beyond.is_empty() {
            let reason = format!("only Windows can expand {}", told(&beyond));
            reasons.push((PackageVerdict::NeedsWindows, reason));
        }
        reasons.sort_by(|(a, _), (b, _)| b.cmp(a));
        JudgedPackage {
            verdict: reasons
                .first()
                .map_or(PackageVerdict::Complete, |(verdict, _)| *verdict),
            reasons: reasons.into_iter().map(|(_, reason)| reason).collect(),
        }
    }
}

fn told(list: &[String]) -> String {
    let mut text = list.get(..TOLD).unwrap_or(list).join(", ");
    if list.len() > TOLD {
        text.push_str(&format!(" and {} more", list.len() - TOLD));
    }
    text
}
