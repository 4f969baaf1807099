//! `apply` and `extract`: files of an image into a directory.

mod show;

use std::path::Path;

use wimwright_servicing::apply::{
    ApplyError, ApplyOptions, Applying, Selection, directories_of_images,
};
use wimwright_servicing::{Access, ImageName, Name, Selector, WimFile};

use super::metered::metered;
use crate::args::ExtractionCommand;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{AppliedImage, Apply, Extract};

/// Runs a command that takes files out of images.
pub(super) fn run(
    command: &ExtractionCommand,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    match command {
        ExtractionCommand::Apply {
            image,
            directory,
            move_old,
            no_sidecar,
            previewing,
        } => {
            let options = ApplyOptions {
                selection: Selection::Whole,
                move_old: move_old.as_deref().map(Name::new).transpose()?,
                sidecar: !no_sidecar,
            };
            let words = Words {
                image,
                directory,
                dry_run: previewing.dry_run,
                verb: Verb::Apply,
            };
            words.run(&options, context)
        }
        ExtractionCommand::Extract {
            image,
            paths,
            to,
            preserve_dir_structure,
            previewing,
        } => {
            let options = ApplyOptions {
                selection: Selection::Matching {
                    patterns: paths.clone(),
                    with_directories: *preserve_dir_structure,
                },
                move_old: None,
                sidecar: false,
            };
            let words = Words {
                image,
                directory: to,
                dry_run: previewing.dry_run,
                verb: Verb::Extract,
            };
            words.run(&options, context)
        }
    }
}

/// Which of the two is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Apply,
    Extract,
}

/// What was asked for.
struct Words<'w> {
    image: &'w Path,
    directory: &'w Path,
    dry_run: bool,
    verb: Verb,
}

impl Words<'_> {
    fn run(&self, options: &ApplyOptions, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
        let (file, selector) = match ImageName::parse(self.image.as_os_str())? {
            ImageName::Wim { file, selector } => (file, selector),
            ImageName::Directory(path) => return Err(Refusal::ApplyDirectory { path }.into()),
        };
        let wim = WimFile::open(&file, &context.references()?, Access::Read)?;
        let indexes = Selector::resolve(selector.as_ref(), &file, wim.archive())?;
        if self.verb == Verb::Extract && indexes.len() > 1 {
            let image = self.image.display().to_string();
            return Err(Refusal::OneImage { image }.into());
        }
        let all = selector == Some(Selector::All);
        let targets = match all && self.verb == Verb::Apply {
            true => directories_of_images(wim.archive(), &indexes, self.directory),
            false => vec![self.directory.to_owned()],
        };
        let mut code = ExitCode::Done;
        let mut images = Vec::new();
        for (index, target) in indexes.into_iter().zip(targets) {
            let image = format!("{}:{index}", file.display());
            let applied = self
                .one(&wim, index, &target, &image, options, context)
                .map_err(|error| match error.is_of_image() {
                    true => anyhow::Error::from(error).context(format!("image `{image}`")),
                    false => error.into(),
                })?;
            show::show(self.verb, self.dry_run, &applied, context)?;
            if !applied.damaged.is_empty() {
                code = ExitCode::Damaged;
            }
            images.push(applied);
        }
        if context.json {
            let (changed, dry_run) = (!self.dry_run, self.dry_run);
            match self.verb {
                Verb::Apply => context.document(&Apply {
                    changed,
                    dry_run,
                    images,
                })?,
                Verb::Extract => context.document(&Extract {
                    changed,
                    dry_run,
                    images,
                })?,
            }
        }
        Ok(code)
    }

    fn one(
        &self,
        wim: &WimFile,
        index: u32,
        target: &Path,
        image: &str,
        options: &ApplyOptions,
        context: &mut Context<'_>,
    ) -> Result<AppliedImage, ApplyError> {
        let access = match self.dry_run {
            true => Access::Read,
            false => Access::Write,
        };
        let archive = wim.archive();
        let applying = Applying::new(archive, index, target, options.clone(), access)?;
        let (image, target) = (image.to_owned(), target.display().to_string());
        Ok(match self.dry_run {
            true => {
                let replaced = applying.replaced();
                AppliedImage::planned(image, target, applying.preview(), replaced)
            }
            false => {
                let step = match self.verb {
                    Verb::Apply => "apply",
                    Verb::Extract => "extract",
                };
                let report = metered(step, context, |meter| applying.run(meter))?;
                AppliedImage::done(image, target, &report)
            }
        })
    }
}
