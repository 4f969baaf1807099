//! Adds a driver package to an image.

mod policy;
pub(crate) mod read;
pub(crate) mod refusal;
mod rival;
mod same_device;
mod superseded;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use refusal::Refusal;
use serde::Serialize;
use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Draft, FileTree as _, Finding, Generation};

use crate::error::Error;
use crate::list::require_store;
use crate::model::{InstallSection, Version};
use crate::package::Package;
use crate::signature::{self, DriverSignature, PackageSignature, SignatureFacts, Trust};
use crate::store::class_node::node_of_class;
use crate::store::first_boot::content::Content;
use crate::store::first_boot::{self, text_setup};
use crate::store::node::Node;
use crate::store::published_name::{OemNumber, lowest_free, numbers_in_map};
use crate::store::writer::{self, Placed};
use read::ReadPackage;
use refusal::Stop;
use rival::KnownInfs;

/// How packages are added. One value for all packages of a run spares reading
/// what was read before.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AddOptions {
    /// Adds packages that are not signed to 64-bit Windows, too.
    pub force_unsigned: bool,
    /// Adds packages although the image holds a newer one for the same devices.
    pub allow_older: bool,
    /// Whom to trust.
    pub trust: TrustStore,
    known_infs: KnownInfs,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It will be in the image.
    Added,
    /// What can be done offline is done, and Windows installs it at its first
    /// boot: before Windows 8 nothing else is possible.
    Pending,
    /// It was there already, complete.
    Unchanged,
    /// It will not be in the image, which holds a newer package for the same
    /// devices.
    Superseded,
    /// It will not be in the image; the reason says why.
    Refused,
    /// It was not added, because no device of the computers that it was wanted
    /// for would use it.
    NotNeeded,
}

/// The result for one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddResult {
    /// The INF, as a path in what the user gave.
    pub inf: String,
    /// What became of it.
    pub outcome: Outcome,
    /// `oem7.inf`; `None` for a refused, superseded or pending one.
    pub published_name: Option<String>,
    /// Its folder in the store, or `pending:` and the folder that waits for the
    /// first boot; `None` for a refused or superseded one.
    pub package_id: Option<String>,
    /// Whether its signature is good; `Unknown` where it was refused before
    /// that was looked at.
    pub driver_signature: DriverSignature,
    /// Who signed it, where the signature is good.
    pub signer_name: Option<String>,
    /// What its signature was judged by; `None` without a catalog.
    pub signature: Option<SignatureFacts>,
    /// Why it is not added.
    pub reason: Option<String>,
    /// It was refused because it is for other Windows: for another architecture
    /// or version. In a folder for many that is no fault of it.
    pub for_other_windows: bool,
    /// The newer package that supersedes it: its published name, or
    /// `pending:...`.
    pub superseded_by: Option<String>,
    /// The setup class's name, as the INF has it.
    pub class_name: Option<String>,
    /// The driver's version.
    pub version: Option<String>,
    /// What the user should know about it.
    pub findings: Vec<Finding>,
}

impl AddResult {
    /// A refused one without a reason yet: what is known is filled in.
    fn new(package: &Package) -> AddResult {
        AddResult {
            inf: package.inf().to_string(),
            outcome: Outcome::Refused,
            published_name: None,
            package_id: None,
            driver_signature: DriverSignature::Unknown,
            signer_name: None,
            signature: None,
            reason: None,
            for_other_windows: false,
            superseded_by: None,
            class_name: None,
            version: None,
            findings: Vec::new(),
        }
    }

    /// One that was left out, because it is good for none of the computers that
    /// packages are wanted for ([`matching::unneeded`](crate::matching::unneeded)).
    pub fn not_needed(package: &Package, reason: &str) -> AddResult {
        AddResult {
            outcome: Outcome::NotNeeded,
            reason: Some(reason.to_owned()),
            ..AddResult::new(package)
        }
    }

    /// With what its signature came to.
    fn judged(self, signature: PackageSignature) -> AddResult {
        let mut findings = self.findings;
        findings.extend(signature.findings.iter().cloned());
        AddResult {
            driver_signature: signature.state,
            signer_name: signature.signer_name().map(str::to_owned),
            signature: signature.facts,
            findings,
            ..self
        }
    }
}

/// Plans a package into the image of `draft`. A package that is refused leaves
/// the draft as it was, and is a result, not an error.
///
/// # Errors
/// [`Error`] for what is wrong with the image itself.
pub fn add(draft: &mut Draft, package: &Package, options: &AddOptions) -> Result<AddResult, Error> {
    require_store(draft)?;
    let generation = draft.facts().generation;
    let reported = draft.findings().len();
    let name = format!("drivers add {}", package.inf());
    // A package may be refused for its signature or for what comes after it;
    // what the signature came to is told either way.
    let mut signature = None;
    let planned = draft.operation(name, |draft| {
        policy::report(draft)?;
        if package.is_text_setup() {
            return plan_text_setup(draft, package);
        }
        let read = read_signed(draft, package, options, &mut signature)?;
        rivals(draft, package, &read, options)?;
        match generation {
            Generation::DriverDatabase => plan(draft, package, &read),
            Generation::Nt5 | Generation::Nt6 => plan_first_boot(draft, package, &read),
        }
    });
    let findings = draft.take_findings(reported);
    let mut result = match planned {
        Ok(result) => result,
        Err(Stop::Refused(refusal)) => AddResult {
            driver_signature: refusal.signature(),
            reason: Some(refusal.chain()),
            for_other_windows: refusal.is_for_other_windows(),
            outcome: match *refusal {
                Refusal::Superseded { .. } => Outcome::Superseded,
                _ => Outcome::Refused,
            },
            superseded_by: match *refusal {
                Refusal::Superseded { by, .. } => Some(by),
                _ => None,
            },
            ..AddResult::new(package)
        },
        Err(Stop::Failed(error)) => return Err(error),
    };
    result.findings.extend(findings);
    Ok(match signature {
        Some(signature) => result.judged(signature),
        None => result,
    })
}

/// Reads a package, judges its signature, and refuses it where the image does
/// not take it so.
fn read_signed(
    draft: &mut Draft,
    package: &Package,
    options: &AddOptions,
    judged: &mut Option<PackageSignature>,
) -> Result<ReadPackage, Stop> {
    let mut read = read::read(draft, package)?;
    let trust = Trust {
        anchors: &options.trust,
        now: draft.time(),
    };
    let signature = judged.insert(read.judge(package, trust)?);
    signature::look_up_digest(signature, draft)?;
    let facts = draft.facts();
    let forced = signature::decide(signature, facts, options.force_unsigned)?;
    let kernel = signature::report_kernel(signature, facts, read.has_kernel_driver());
    for finding in [forced, kernel].into_iter().flatten() {
        draft.report(finding);
    }
    Ok(read)
}

/// Refuses a package that a newer one in the image supersedes, or tells of
/// those that serve the same devices.
fn rivals(
    draft: &mut Draft,
    package: &Package,
    read: &ReadPackage,
    options: &AddOptions,
) -> Result<(), Stop> {
    let rivals = rival::all(draft, read, &options.known_infs)?;
    if !options.allow_older {
        let generation = draft.facts().generation;
        if let Some(newer) = superseded::by(read, &rivals, generation) {
            return Err(newer.into());
        }
    }
    same_device::report(draft, read, &package.inf_name(), &rivals);
    Ok(())
}

fn plan(draft: &mut Draft, package: &Package, read: &ReadPackage) -> Result<AddResult, Stop> {
    let class = read.model.version.class_guid.ok_or(Refusal::NoClass)?;
    let mut findings = read.findings.clone();
    let known = published(draft, read)?;
    let (node, number) = match known {
        Some(known) => known,
        None => {
            same_inf(draft, read, package, &mut findings)?;
            let (mut node, _) = node_of_class(draft, class)?;
            let boots = read
                .model
                .installs
                .iter()
                .any(InstallSection::has_boot_start_service);
            if node == Node::Drivers && boots {
                findings.push(Finding::warning(
                    "boot-driver-of-other-class",
                    "a service of this package starts at boot, but its class belongs to the \
                     DRIVERS hive, which the kernel does not see then: it goes to SYSTEM",
                ));
                node = Node::System;
            }
            if node == Node::Drivers
                && draft
                    .hive(HiveName::Drivers)
                    .map_err(Error::from)?
                    .is_none()
            {
                findings.push(Finding::warning(
                    "no-drivers-hive",
                    "the image has no DRIVERS hive: the package goes to SYSTEM",
                ));
                node = Node::System;
            }
            (node, free_number(draft)?)
        }
    };
    let placed = Placed {
        package,
        number,
        node,
        class,
    };
    let source = draft.add_source(package.name(), Arc::clone(package.tree()));
    let changed = writer::write(draft, read, &placed, source)?;
    let version = &read.model.version;
    Ok(AddResult {
        outcome: match changed {
            true => Outcome::Added,
            false => Outcome::Unchanged,
        },
        published_name: Some(number.to_string()),
        package_id: Some(read.id.to_string()),
        class_name: version.class.clone(),
        version: version_text(version),
        findings,
        ..AddResult::new(package)
    })
}

/// Before Windows 8: what can be done offline, for the first boot to finish.
fn plan_first_boot(
    draft: &mut Draft,
    package: &Package,
    read: &ReadPackage,
) -> Result<AddResult, Stop> {
    let source = draft.add_source(package.name(), Arc::clone(package.tree()));
    let content = Content::Source(source);
    let written = first_boot::write(draft, read, package, &content)?;
    let published = written.published.as_ref();
    let number = published.and_then(|published| published.number);
    let in_store = published.and_then(|published| published.package_id.clone());
    let folder = written.folder.as_ref().map(ToString::to_string);
    let version = &read.model.version;
    Ok(AddResult {
        outcome: match (written.changed, &folder) {
            (false, _) => Outcome::Unchanged,
            (true, Some(_)) => Outcome::Pending,
            (true, None) => Outcome::Added,
        },
        published_name: number.map(|number| number.to_string()),
        package_id: in_store.or(folder),
        class_name: version.class.clone(),
        version: version_text(version),
        findings: read.findings.clone(),
        ..AddResult::new(package)
    })
}

/// A package of text mode setup.
fn plan_text_setup(draft: &mut Draft, package: &Package) -> Result<AddResult, Stop> {
    if draft.facts().generation != Generation::Nt5 {
        return Err(Refusal::TextSetupOfOther.into());
    }
    let source = draft.add_source(package.name(), Arc::clone(package.tree()));
    let written = text_setup::write(draft, package, &Content::Source(source))?;
    let version = written.chosen.version.as_ref();
    Ok(AddResult {
        outcome: match written.changed {
            true => Outcome::Pending,
            false => Outcome::Unchanged,
        },
        package_id: Some(written.folder.to_string()),
        class_name: version.and_then(|version| version.class.clone()),
        version: version.and_then(version_text),
        findings: written.chosen.findings.clone(),
        ..AddResult::new(package)
    })
}

/// The driver's version, as people read it.
fn version_text(version: &Version) -> Option<String> {
    let driver_ver = version.driver_ver.as_ref();
    let version = driver_ver.and_then(|ver| ver.version);
    version.map(|version| version.to_string())
}

/// Where the very same package is published already.
fn published(draft: &Draft, read: &ReadPackage) -> Result<Option<(Node, OemNumber)>, Error> {
    for node in Node::ALL {
        let name = draft.value(node.hive(), &node.package(read.id.as_str()), "")?;
        let name = name.and_then(|data| data.as_text());
        let number = name.and_then(|name| OemNumber::parse(&name, ".inf"));
        if let Some(number) = number {
            return Ok(Some((node, number)));
        }
    }
    Ok(None)
}

/// Tells of other packages of the same INF: Windows chooses among them by
/// rank, date and version.
fn same_inf(
    draft: &Draft,
    read: &ReadPackage,
    package: &Package,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let prefix = format!("{}_", package.inf_name().to_lowercase());
    for node in Node::ALL {
        for id in draft.subkeys(node.hive(), &"DriverDatabase\\DriverPackages".into())? {
            if !id.to_lowercase().starts_with(&prefix) || id == read.id.as_str() {
                continue;
            }
            let name = draft.value(node.hive(), &node.package(&id), "")?;
            let name = name.and_then(|data| data.as_text()).unwrap_or_default();
            findings.push(Finding::note(
                "other-version-present",
                format!(
                    "the image holds another `{}` as {name} (`{id}`); Windows takes the better \
                     match, then the newer date and version",
                    package.inf_name()
                ),
            ));
        }
    }
    Ok(())
}

/// The lowest number that nothing in the image uses: no file, no catalog, no
/// database entry, no bit of the map.
fn free_number(draft: &Draft) -> Result<OemNumber, Stop> {
    let mut taken: BTreeSet<OemNumber> = BTreeSet::new();
    let map = draft
        .value(HiveName::System, &Node::System.root(), "OemInfMap")
        .map_err(Error::from)?;
    taken.extend(numbers_in_map(
        &map.map(|data| data.bytes).unwrap_or_default(),
    ));
    for node in Node::ALL {
        let names = draft.subkeys(node.hive(), &"DriverDatabase\\DriverInfFiles".into());
        let names = names.map_err(Error::from)?;
        taken.extend(
            names
                .iter()
                .filter_map(|name| OemNumber::parse(name, ".inf")),
        );
    }
    let windows = draft.facts().windows.clone();
    for (folder, ending) in [
        ("INF", ".inf"),
        (
            "System32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}",
            ".cat",
        ),
    ] {
        let path = windows.join(folder).map_err(Error::from)?;
        for entry in draft
            .read_dir(&path)
            .map_err(Error::from)?
            .unwrap_or_default()
        {
            taken.extend(OemNumber::parse(&entry.name.to_string(), ending));
        }
    }
    lowest_free(&taken).ok_or_else(|| Refusal::NoFreeName.into())
}
