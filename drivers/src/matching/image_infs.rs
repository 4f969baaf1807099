//! Drivers that stand in no driver database: the INFs of `Windows\INF`, of the
//! driver store of Vista and 7, and of the folders where Windows looks when it
//! meets new hardware (page "How Windows selects a driver package for a
//! device").

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use wimwright_inf::{Inf, ParseOptions};
use wimwright_servicing::catalog::MAX_CATALOG_LEN;
use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::{
    Blob, Draft, FileTree as _, Finding, Generation, ImagePath, Kind, TreeError, read_all,
};

use super::driver::{Driver, Source};
use super::index::{DriverIndex, Listing, Part};
use super::inf::{Known, model, part};
use super::parallel::on_all_cores;
use crate::add::read::target;
use crate::error::Error;
use crate::inbox::{MAX_INF, parse_options};
use crate::model::{DEFAULT_FEATURE_SCORE, DriverModel, Target, Version};
use crate::rank::SignatureClass;
use crate::signature::{PackageSignature, Trust, judge};
use crate::store::device_id::DeviceIdFlags;
use crate::store::first_boot::pending::{self, Pending};
use crate::store::first_boot::published::{self, inf_of_folder, same_content};
use crate::store::first_boot::text_setup;
use crate::store::published_name::OemNumber;
use crate::store::writer::files::DRIVER_CATALOGS;

/// Where the catalog of an INF is.
enum CatalogAt {
    /// It is Windows' own INF; the catalogs of those name other files.
    Inbox,
    /// This file.
    File(ImagePath),
    /// In this folder, under the name that the INF gives.
    Folder(ImagePath),
}

/// An INF to be read.
struct Job {
    path: ImagePath,
    known: Known,
    catalog: CatalogAt,
}

/// Reads those that `index` does not know by their published name.
pub(super) fn read(draft: &Draft, index: &DriverIndex) -> Result<Vec<Part>, Error> {
    let published = index.drivers().iter();
    let mut named: HashSet<String> = published
        .filter_map(|driver| Some(driver.published_name.as_ref()?.to_lowercase()))
        .collect();
    let mut jobs = Vec::new();
    if draft.facts().generation == Generation::Nt6 {
        jobs.extend(of_store(draft, &mut named)?);
    }
    jobs.extend(of_directory(draft, &named)?);
    let mut setups = Vec::new();
    for waiting in pending::all(draft)? {
        for name in &waiting.packages {
            match name.eq_ignore_ascii_case(text_setup::FILE_NAME) {
                true => setups.extend(of_text_setup(draft, &waiting)?),
                false => jobs.push(Job {
                    path: waiting.path.join(name)?,
                    known: Known {
                        published_name: None,
                        original_file_name: name.clone(),
                        package_id: Some(waiting.public_name()),
                        given: None,
                        source: Source::Pending,
                        inbox: false,
                    },
                    catalog: CatalogAt::Folder(waiting.path.clone()),
                }),
            }
        }
    }
    let reading = Reading {
        draft,
        parse: parse_options(draft)?,
        target: target(draft),
        anchors: TrustStore::default(),
    };
    let read = on_all_cores(&jobs, |job| {
        // One INF that cannot be read must not hide the others.
        Ok::<_, Error>(match reading.part(job) {
            Ok(part) => part,
            Err(error) => Some(Part {
                findings: vec![Finding::warning(
                    "driver-unreadable",
                    format!("`{}` cannot be read: {error}", job.path),
                )],
                ..Part::default()
            }),
        })
    })?;
    Ok(read.into_iter().flatten().chain(setups).collect())
}

/// What all INFs of an image are read with.
struct Reading<'d> {
    draft: &'d Draft,
    parse: ParseOptions,
    target: Target,
    anchors: TrustStore,
}

impl Reading<'_> {
    fn part(&self, job: &Job) -> Result<Option<Part>, Error> {
        let Some(blob) = self.draft.open(&job.path)? else {
            return Ok(None);
        };
        let unreadable = |error| TreeError::new(&job.path, error);
        let bytes = read_all(blob.as_ref(), MAX_INF).map_err(unreadable)?;
        let Ok(inf) = Inf::try_parse(&bytes, &self.parse) else {
            return Ok(None);
        };
        let Some(model) = model(&inf, &self.target) else {
            return Ok(None);
        };
        let signature = self.signature(job, &model, &blob)?;
        Ok(Some(part(&model, job.known.clone(), signature)))
    }

    /// What the signature of the INF is worth; nothing but the INF counts when
    /// drivers are chosen.
    fn signature(
        &self,
        job: &Job,
        model: &DriverModel,
        inf: &Arc<dyn Blob>,
    ) -> Result<SignatureClass, Error> {
        let path = match &job.catalog {
            CatalogAt::Inbox => return Ok(SignatureClass::Microsoft),
            CatalogAt::File(path) => path.clone(),
            CatalogAt::Folder(folder) => {
                match model.version.catalog_for(model.target.architecture) {
                    Some(name) => folder.join(name)?,
                    None => return Ok(SignatureClass::Unsigned),
                }
            }
        };
        let Some(bytes) = self.draft.read(&path, MAX_CATALOG_LEN as u64)? else {
            return Ok(SignatureClass::Unsigned);
        };
        let files = [(job.known.original_file_name.clone(), true, Arc::clone(inf))];
        let windows = (self.target.major, self.target.minor);
        let trust = Trust {
            anchors: &self.anchors,
            now: self.draft.time(),
        };
        let name = path.to_string();
        let judged = judge(Ok((&name, &bytes)), &files, windows, trust);
        let judged = judged.map_err(|(_, error)| TreeError::new(&job.path, error))?;
        Ok(judged.map_or(SignatureClass::Unknown, |judged| class(&judged)))
    }
}

/// What a judged signature is worth.
pub(super) fn class(signature: &PackageSignature) -> SignatureClass {
    SignatureClass::of_signer_score(signature.score().number())
}

/// The driver store of Vista and 7. Third parties' packages are published as
/// `oemN.inf`, Windows' own under their name.
fn of_store(draft: &Draft, named: &mut HashSet<String>) -> Result<Vec<Job>, Error> {
    let mut jobs = Vec::new();
    let mut by_len: HashMap<u64, Vec<usize>> = HashMap::new();
    for (folder, place) in published::store_folders(draft)? {
        let Some(name) = inf_of_folder(&folder) else {
            continue;
        };
        let path = place.join(name)?;
        let Some(found) = draft.metadata(&path)? else {
            continue;
        };
        by_len.entry(found.len).or_default().push(jobs.len());
        jobs.push(Job {
            path,
            known: Known {
                published_name: None,
                original_file_name: name.to_owned(),
                package_id: Some(folder),
                given: None,
                source: Source::DriverStore,
                inbox: false,
            },
            catalog: CatalogAt::Folder(place),
        });
    }
    for (number, path) in published::all(draft)? {
        let Some(content) = draft.open(&path)? else {
            continue;
        };
        for at in by_len.get(&content.len()).into_iter().flatten() {
            let Some(job) = jobs.get_mut(*at) else {
                continue;
            };
            let free = job.known.published_name.is_none();
            if free && same_content(draft, &job.path, content.as_ref())? {
                named.insert(number.to_string());
                job.known.published_name = Some(number.to_string());
                break;
            }
        }
    }
    for job in &mut jobs {
        if job.known.published_name.is_none() {
            let name = job.known.original_file_name.clone();
            named.insert(name.to_lowercase());
            job.known.published_name = Some(name);
            job.known.inbox = true;
            job.catalog = CatalogAt::Inbox;
        }
    }
    Ok(jobs)
}

/// `Windows\INF`, without what is `named` already.
fn of_directory(draft: &Draft, named: &HashSet<String>) -> Result<Vec<Job>, Error> {
    let windows = &draft.facts().windows;
    let root = windows.join("INF")?;
    let mut jobs = Vec::new();
    for entry in draft.read_dir(&root)?.unwrap_or_default() {
        let name = entry.name.to_string();
        let known = named.contains(&name.to_lowercase());
        if entry.kind != Kind::File || !entry.name.ends_with(".inf") || known {
            continue;
        }
        let number = OemNumber::parse(&name, ".inf");
        let catalog = match number {
            None => CatalogAt::Inbox,
            Some(number) => {
                let published = number.to_string();
                let stem = published.trim_end_matches(".inf");
                let file = format!("System32\\CatRoot\\{DRIVER_CATALOGS}\\{stem}.cat");
                CatalogAt::File(windows.join(&file)?)
            }
        };
        jobs.push(Job {
            path: root.child(entry.name),
            known: Known {
                published_name: Some(name.clone()),
                original_file_name: name,
                package_id: None,
                given: None,
                source: Source::InfDirectory,
                inbox: number.is_none(),
            },
            catalog,
        });
    }
    Ok(jobs)
}

/// A waiting package of text mode setup.
fn of_text_setup(draft: &Draft, waiting: &Pending) -> Result<Option<Part>, Error> {
    let found = text_setup::of_pending(draft, waiting)?;
    Ok(found.map(|(package, chosen)| {
        let known = Known {
            published_name: None,
            original_file_name: package.inf_name(),
            package_id: Some(waiting.public_name()),
            given: None,
            source: Source::Pending,
            inbox: false,
        };
        text_setup_part(&chosen.device_ids(), chosen.version.as_ref(), known)
    }))
}

/// The ids that text mode setup binds, which the kernel then takes as they are.
pub(super) fn text_setup_part(ids: &[String], version: Option<&Version>, known: Known) -> Part {
    let (date, number) = Driver::dated(version.and_then(|version| version.driver_ver.as_ref()));
    let listing = Listing {
        driver: 0,
        section: None,
        flags: DeviceIdFlags {
            hardware: true,
            compatible: false,
            feature_score: DEFAULT_FEATURE_SCORE,
            index: 0,
        },
    };
    Part {
        drivers: vec![Driver {
            published_name: known.published_name,
            original_file_name: known.original_file_name,
            package_id: known.package_id,
            given: known.given,
            source: known.source,
            inbox: known.inbox,
            class: version.and_then(|version| version.class_guid),
            class_name: version.and_then(|version| version.class.clone()),
            provider_name: version
                .and_then(|version| version.provider.clone())
                .unwrap_or_default(),
            date,
            version: number,
            signature: SignatureClass::Unknown,
            extension_id: None,
            boot_critical: true,
        }],
        ids: ids.iter().map(|id| (id.clone(), listing)).collect(),
        ..Part::default()
    }
}
