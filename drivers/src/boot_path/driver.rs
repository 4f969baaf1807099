//! One driver on the way: from its service to its file.

use wimwright_servicing::{Architecture, Generation, ImagePath};

use super::binding::Binding;
use super::file::Flaw;
use super::image_path::{Located, locate};
use super::obstacle::{Mend, Obstacle, Part};
use super::service::Service;
use super::walk::Walk;
use super::{check, database};
use crate::error::Error;
use crate::stored::in_hive;

use wimwright_servicing::registry::HiveName;

/// A driver that the way to the disk leads through.
#[derive(Clone, Debug)]
pub struct PathDriver {
    /// Where on the way.
    pub part: Part,
    /// What it filters; `None` for the driver of the device itself.
    pub filters: Option<String>,
    /// Its service.
    pub service: String,
    /// The service's `Start`.
    pub start: Option<u32>,
    /// What `StartOverride` makes of it.
    pub start_override: Option<u32>,
    /// The service's load order group.
    pub group: Option<String>,
    /// Its file, there or not.
    pub file: Option<ImagePath>,
    /// The key that gives it to the device, with its hive.
    pub bound_at: Option<String>,
}

/// From `0x80000000` on, scores are of packages without a valid signature
/// (driverstore 2.6).
const UNSIGNED: u32 = 0x8000_0000;

impl Walk<'_> {
    /// Checks a driver of `part`; `filters` says what it filters.
    pub(super) fn driver(
        &mut self,
        part: Part,
        name: &str,
        bound: Option<&Binding>,
        filters: Option<&str>,
    ) -> Result<Vec<Obstacle>, Error> {
        let service = Service::read(&self.hive, self.set, name);
        let service = service.map_err(in_hive(HiveName::System))?;
        let at = format!("SYSTEM\\{}\\Services\\{name}", self.set);
        let mut driver = PathDriver {
            part,
            filters: filters.map(str::to_owned),
            service: name.to_owned(),
            start: None,
            start_override: None,
            group: None,
            file: None,
            bound_at: bound.map(|bound| format!("SYSTEM\\{}", bound.at)),
        };
        let Some(service) = service else {
            self.drivers.push(driver);
            let message = format!("{part} needs the service `{name}`, and there is no `{at}`");
            let mend = bound.map(|bound| Mend::AddDriver {
                id: bound.id.clone(),
            });
            return Ok(vec![
                Obstacle::stops(&check::SERVICE, part, message).mended_by(mend),
            ]);
        };
        driver.service.clone_from(&service.name);
        driver.start = service.start;
        driver.start_override = self.start_override(&service);
        driver.group.clone_from(&service.group);
        let located = locate(
            &self.draft.facts().windows,
            &service.name,
            service.image_path.as_deref(),
        );
        if let Located::At(path) = &located {
            driver.file = Some(path.clone());
        }
        self.drivers.push(driver);

        let mut obstacles = Vec::new();
        if !service.is_driver() {
            let kind = service.kind;
            let kind = kind.map_or("no Type".to_owned(), |kind| format!("Type {kind}"));
            let message = format!("the service `{name}` of {part} is no driver: `{at}` has {kind}");
            obstacles.push(Obstacle::stops(&check::SERVICE, part, message));
        }
        obstacles.extend(self.start(part, &service, &at)?);
        match located {
            Located::At(path) => obstacles.extend(self.file(part, &service, &path)?),
            Located::Elsewhere(path) => {
                let message = format!(
                    "the ImagePath of `{at}` is `{path}`, which the loader cannot be told to \
                     resolve"
                );
                obstacles.push(Obstacle::may(&check::FILE, part, message));
            }
        }
        obstacles.extend(self.signature(part, &service, bound)?);
        Ok(obstacles)
    }

    /// What `StartOverride` says, where this Windows reads it.
    fn start_override(&self, service: &Service) -> Option<u32> {
        let heeded = self.draft.facts().generation == Generation::DriverDatabase;
        service.start_override.filter(|_| heeded)
    }

    fn start(&self, part: Part, service: &Service, at: &str) -> Result<Option<Obstacle>, Error> {
        let name = &service.name;
        if service.start == Some(0) {
            let Some(start) = self.start_override(service).filter(|start| *start != 0) else {
                return Ok(None);
            };
            let message = format!(
                "the driver `{name}` of {part} starts {}: `{at}\\StartOverride` overrides its \
                 Start 0",
                start_words(start)
            );
            let key = format!("{at}\\StartOverride");
            let found = Obstacle::stops(&check::START_OVERRIDE, part, message);
            return Ok(Some(found.mended_by([Mend::DeleteKey { key }])));
        }
        let words = service.start.map_or("not at all".to_owned(), start_words);
        let start = service.start;
        let start = start.map_or("has no Start".to_owned(), |start| {
            format!("has Start {start}")
        });
        if service.start == Some(3) && service.boot_flags & self.boot_driver_flags()? != 0 {
            let message = format!(
                "the driver `{name}` of {part} starts {words} (`{at}` {start}), but by its \
                 BootFlags the loader may take it when the computer starts from such a bus"
            );
            return Ok(Some(Obstacle::may(&check::START, part, message)));
        }
        let message = format!(
            "the driver `{name}` of {part} starts {words}, not with the kernel: `{at}` {start}"
        );
        Ok(Some(
            Obstacle::stops(&check::START, part, message).mended_by([Mend::SetValue {
                key: at.to_owned(),
                name: "Start".to_owned(),
                kind: "dword",
                data: vec!["0".to_owned()],
            }]),
        ))
    }

    /// Which `BootFlags` this Windows heeds: none before 8, 0x1c in real hives
    /// of 8.1 and 10.
    fn boot_driver_flags(&self) -> Result<u32, Error> {
        let read = || {
            let key = self.hive.key(&format!("{}\\Control", self.set))?;
            let value = match key {
                Some(key) => key.value("BootDriverFlags")?,
                None => None,
            };
            Ok(value.and_then(|value| value.as_u32()).unwrap_or_default())
        };
        read().map_err(in_hive(HiveName::System))
    }

    fn file(
        &mut self,
        part: Part,
        service: &Service,
        path: &ImagePath,
    ) -> Result<Vec<Obstacle>, Error> {
        let name = &service.name;
        let architecture = self.draft.facts().architecture;
        let flaws = self.files.flaws(path)?.into_iter();
        Ok(flaws
            .map(|flaw| match flaw {
                Flaw::Missing(file) => Obstacle::stops(
                    &check::FILE,
                    part,
                    format!("the driver `{name}` of {part} has no file: there is no `{file}`"),
                )
                .mended_by([put(&file)]),
                Flaw::Damaged(file, what) => Obstacle::stops(
                    &check::FILE,
                    part,
                    format!("the file `{file}` of the driver `{name}` is damaged: {what}"),
                )
                .mended_by([put(&file)]),
                Flaw::Machine(file, machine) => Obstacle::stops(
                    &check::MACHINE,
                    part,
                    format!(
                        "the file `{file}` of the driver `{name}` is for {machine}, and the image \
                         is {architecture}"
                    ),
                )
                .mended_by([put(&file)]),
                Flaw::Import { by, module } => Obstacle::stops(
                    &check::IMPORTS,
                    part,
                    format!(
                        "the driver `{name}` of {part} cannot be loaded: `{by}` imports \
                         `{module}`, which is neither among the drivers nor in System32"
                    ),
                ),
            })
            .collect())
    }

    /// Whether the loader takes the driver's signature, as far as the driver
    /// database tells it.
    fn signature(
        &self,
        part: Part,
        service: &Service,
        bound: Option<&Binding>,
    ) -> Result<Option<Obstacle>, Error> {
        let facts = self.draft.facts();
        if facts.version.major < 6 || facts.architecture == Architecture::X86 {
            return Ok(None);
        }
        let package = bound.and_then(|bound| bound.package.as_ref());
        let mut owners: Vec<(String, Option<u32>)> = Vec::new();
        match package {
            Some(package) => owners.push((package.inf.clone(), package.score)),
            None => {
                for inf in service.owners.iter().filter(|inf| !inf.contains('\\')) {
                    let score = database::score(&self.hive, inf);
                    owners.push((inf.clone(), score.map_err(in_hive(HiveName::System))?));
                }
            }
        }
        let unsigned = |score: &Option<u32>| score.is_some_and(|score| score >= UNSIGNED);
        let Some((inf, _)) = owners.first() else {
            return Ok(None);
        };
        if !owners.iter().all(|(_, score)| unsigned(score)) {
            return Ok(None);
        }
        let message = format!(
            "the driver `{}` of {part} is of the package `{inf}`, which is not signed: the loader \
             refuses it unless test signing is on",
            service.name
        );
        let id = bound.map(|bound| bound.id.clone());
        let mend = id.map(|id| Mend::AddDriver { id });
        Ok(Some(
            Obstacle::stops(&check::SIGNATURE, part, message).mended_by(mend),
        ))
    }
}

fn put(file: &ImagePath) -> Mend {
    Mend::PutFile {
        path: file.to_string(),
    }
}

/// What a `Start` means.
fn start_words(start: u32) -> String {
    match start {
        1 => "after the boot drivers".to_owned(),
        2 => "with the services".to_owned(),
        3 => "on demand".to_owned(),
        4 => "never (it is disabled)".to_owned(),
        other => format!("in a way that is not known ({other})"),
    }
}
