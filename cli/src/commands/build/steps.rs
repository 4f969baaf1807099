//! The steps of a build: what they read is opened once, however many images
//! they are for; on a draft they do what the command of their name does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::Spanned;
use wimwright_drivers::AddOptions;
use wimwright_hal::generalize::{StageOptions, clean, stage};
use wimwright_hal::{HalType, Media, set};
use wimwright_servicing::files::{DeleteOptions, HostSource, delete, put};
use wimwright_servicing::hardware::Hardware;
use wimwright_servicing::registry::{LocationOptions, Locator, import};
use wimwright_servicing::update::add::How;
use wimwright_servicing::{Draft, FileTree as _, ImagePath};

use super::file::{
    AnswerFileStep, DriversStep, HalStep, RegistryStep, Step, UpdatesHow, UpdatesStep,
};
use super::problem::Problem;
use super::recipe::Recipe;
use crate::args::{Reading, hal_type};
use crate::commands::generalize::stage as answer_file;
use crate::commands::packages::Words;
use crate::commands::registry::reg_file::{self, GivenFile};
use crate::commands::{drivers_add, drivers_match, open, trust};
use crate::context::Context;
use crate::render::json::BuildResult;
use crate::render::text::count;

/// What a step reads, opened.
pub(super) enum Opened {
    Drivers {
        given: Vec<drivers_add::Given>,
        computers: Vec<Hardware>,
        options: AddOptions,
        include_winre: bool,
        skip_refused: bool,
    },
    Updates {
        words: Words,
        how: How,
        force_unsigned: bool,
        skip_refused: bool,
    },
    Registry {
        files: Vec<GivenFile>,
        reading: Reading,
        options: LocationOptions,
    },
    Put {
        source: HostSource,
        to: ImagePath,
    },
    Remove {
        paths: Vec<ImagePath>,
    },
    Hal {
        to: HalType,
        media: Option<Media>,
    },
    Clean {
        only: Vec<String>,
    },
    AnswerFile {
        options: StageOptions,
        /// What the image is called where drivers come from it.
        name: String,
    },
}

/// Opens what steps read. Packages that several steps name are read once.
pub(super) struct Opener<'r> {
    recipe: &'r Recipe,
    /// Holds what was read of INFs of images.
    drivers: AddOptions,
}

impl<'r> Opener<'r> {
    pub(super) fn new(recipe: &'r Recipe) -> Opener<'r> {
        Opener {
            recipe,
            drivers: AddOptions::default(),
        }
    }

    /// Opens what a step reads.
    pub(super) fn open(&self, step: &Step, context: &mut Context<'_>) -> anyhow::Result<Opened> {
        Ok(match step {
            Step::Drivers(step) => self.drivers(step, context)?,
            Step::Updates(step) => self.updates(step, context)?,
            Step::Registry(step) => self.registry(step)?,
            Step::Put(step) => Opened::Put {
                source: HostSource::open(&self.recipe.path(step.from.get_ref()))?,
                to: ImagePath::parse(step.to.get_ref())?,
            },
            Step::Remove(step) => {
                let paths = step
                    .paths
                    .iter()
                    .map(|path| ImagePath::parse(path.get_ref()));
                Opened::Remove {
                    paths: paths.collect::<Result<_, _>>()?,
                }
            }
            Step::Hal(step) => self.hal(step)?,
            Step::Clean(step) => Opened::Clean {
                only: step.only.clone(),
            },
            Step::AnswerFile(step) => self.answer_file(step)?,
        })
    }

    fn paths(&self, words: &[Spanned<String>]) -> Vec<PathBuf> {
        let paths = words.iter().map(|word| self.recipe.path(word.get_ref()));
        paths.collect()
    }

    fn drivers(&self, step: &DriversStep, context: &mut Context<'_>) -> anyhow::Result<Opened> {
        let mut options = self.drivers.clone();
        options.force_unsigned = step.force_unsigned;
        options.allow_older = step.allow_older;
        options.trust = trust::store(&self.paths(&step.trust))?;
        Ok(Opened::Drivers {
            given: drivers_add::given(&self.paths(&step.from), true),
            computers: drivers_match::computers(&self.paths(&step.hardware), context)?,
            options,
            include_winre: step.include_winre,
            skip_refused: step.skip_refused,
        })
    }

    fn updates(&self, step: &UpdatesStep, context: &mut Context<'_>) -> anyhow::Result<Opened> {
        let mut files = Vec::new();
        for path in self.paths(&step.from) {
            match path.is_dir() {
                true => files.extend(packages_in(&path)?),
                false => files.push(path),
            }
        }
        let trusted = self.paths(&step.trust);
        let (total, now) = (files.len() as u64, context.time);
        let words = Words::open(&files, &trusted, now, &mut |name, done| {
            context.progress(&format!("read {name}"), done, total);
        })?;
        Ok(Opened::Updates {
            words,
            how: match step.how {
                UpdatesHow::Auto => How::Auto,
                UpdatesHow::FirstBoot => How::FirstBoot,
                UpdatesHow::Stage => How::Stage,
                UpdatesHow::Install => How::Install,
            },
            force_unsigned: step.force_unsigned,
            skip_refused: step.skip_refused,
        })
    }

    fn registry(&self, step: &RegistryStep) -> anyhow::Result<Opened> {
        let options = LocationOptions {
            user: step.user.clone(),
            ..LocationOptions::default()
        };
        Ok(Opened::Registry {
            files: reg_file::read(&self.paths(&step.import))?,
            reading: Reading {
                code_page: None,
                skip_bad_lines: step.skip_bad_lines,
            },
            options,
        })
    }

    fn hal(&self, step: &HalStep) -> anyhow::Result<Opened> {
        let to = hal_type(step.set.get_ref()).map_err(anyhow::Error::msg)?;
        let media = match &step.media {
            None => None,
            Some(word) => {
                let folder = self.recipe.path(word.get_ref());
                Some(Media {
                    name: folder.display().to_string(),
                    tree: open::open_folder(&folder)?,
                })
            }
        };
        Ok(Opened::Hal { to, media })
    }

    fn answer_file(&self, step: &AnswerFileStep) -> anyhow::Result<Opened> {
        let file = self.recipe.path(step.file.get_ref());
        Ok(Opened::AnswerFile {
            options: StageOptions {
                answer_file: Some(answer_file::source(&file)?),
                hal: None,
                arm_audit: step.arm_audit,
                force: step.replace,
            },
            name: file.display().to_string(),
        })
    }
}

/// The package files of a folder, by name.
fn packages_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let named = || format!("`{}`", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(named)? {
        let path = entry.with_context(named)?.path();
        let end = path.extension().and_then(|end| end.to_str());
        let is_package = end.is_some_and(|end| {
            let mut ends = ["msu", "cab", "exe"].into_iter();
            ends.any(|known| end.eq_ignore_ascii_case(known))
        });
        if is_package && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

impl Opened {
    /// Whether it changes files alone, of whatever image.
    pub(super) fn is_of_files(&self) -> bool {
        matches!(self, Opened::Put { .. } | Opened::Remove { .. })
    }

    /// Whether recovery environments inside the images get it, too.
    pub(super) fn is_for_winre(&self) -> bool {
        matches!(
            self,
            Opened::Drivers {
                include_winre: true,
                ..
            }
        )
    }

    /// Plans it on a draft.
    pub(super) fn plan(&self, draft: &mut Draft) -> anyhow::Result<Vec<BuildResult>> {
        Ok(match self {
            Opened::Drivers {
                given,
                computers,
                options,
                ..
            } => {
                let done = drivers_add::plan(draft, given, computers, options, &mut |_, _| {})?;
                done.into_iter().map(BuildResult::from).collect()
            }
            Opened::Updates {
                words,
                how,
                force_unsigned,
                ..
            } => {
                let done = words.plan(draft, *how, *force_unsigned)?;
                done.into_iter().map(BuildResult::from).collect()
            }
            Opened::Registry {
                files,
                reading,
                options,
            } => {
                // It knows the profiles of one image.
                let locator = Locator::new(options.clone())?;
                let files = reg_file::parse(files, reading, draft)?;
                let (done, _) = import(draft, &locator, &files)?;
                let done = done.into_iter().map(|file| {
                    let asked = [
                        count(file.keys, "key", "keys"),
                        count(file.values, "value", "values"),
                    ];
                    BuildResult::new(file.file, "imported", Some(asked.join(", ")))
                });
                done.collect()
            }
            Opened::Put { source, to } => {
                put(draft, source, to)?;
                vec![BuildResult::new(to.to_string(), "put", None)]
            }
            Opened::Remove { paths } => {
                let options = DeleteOptions {
                    recurse: true,
                    missing_is_fine: true,
                };
                let mut done = Vec::new();
                for path in paths {
                    let was_there = draft.metadata(path)?.is_some();
                    let _ = delete(draft, path, options)?;
                    let outcome = match was_there {
                        true => "removed",
                        false => "unchanged",
                    };
                    done.push(BuildResult::new(path.to_string(), outcome, None));
                }
                done
            }
            Opened::Hal { to, media } => {
                let done = set(draft, *to, media.as_ref())?;
                let outcome = match done.changed {
                    true => "set",
                    false => "unchanged",
                };
                vec![BuildResult::new(done.to.id().to_owned(), outcome, None)]
            }
            Opened::Clean { only } => {
                let done = clean(draft, only)?.into_iter().map(|cleaned| {
                    let outcome = match cleaned.removed {
                        0 => "unchanged",
                        _ => "removed",
                    };
                    let places = cleaned.places.join(", ");
                    let places = (!places.is_empty()).then_some(places);
                    BuildResult::new(cleaned.name.to_string(), outcome, places)
                });
                done.collect()
            }
            Opened::AnswerFile { options, name } => {
                let report = stage(draft, options)?;
                let outcome = match report.changed {
                    true => "staged",
                    false => "unchanged",
                };
                let placed = report.placed.iter();
                let mut done: Vec<BuildResult> = placed
                    .map(|path| BuildResult::new(path.clone(), outcome, None))
                    .collect();
                let drivers = answer_file::storage(draft, name, &report.mass_storage)?;
                done.extend(drivers.into_iter().map(|driver| BuildResult {
                    subject: driver.inf,
                    outcome: driver.outcome,
                    reason: driver.reason,
                }));
                done
            }
        })
    }

    /// That nothing was refused that may not be.
    pub(super) fn check(
        &self,
        source: &str,
        step: &Step,
        results: &[BuildResult],
    ) -> Result<(), Problem> {
        let can_skip = matches!(self, Opened::Drivers { .. } | Opened::Updates { .. });
        if let Opened::Drivers {
            skip_refused: true, ..
        }
        | Opened::Updates {
            skip_refused: true, ..
        } = self
        {
            return Ok(());
        }
        let refused = results.iter().filter(|result| result.is_refused());
        let refused: Vec<String> = refused.map(BuildResult::with_reason).collect();
        match refused.is_empty() {
            true => Ok(()),
            false => Err(Problem::Refused {
                name: source.to_owned(),
                step: step.word().to_owned(),
                subjects: refused.join("; "),
                can_skip,
            }),
        }
    }
}
