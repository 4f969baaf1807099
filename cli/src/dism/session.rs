//! One run of DISM: its line, where its words go, and the commands of
//! wimwright that do its work.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wimwright_servicing::{Access, ImageName, Selector};

use super::failure::{Failure, NOT_SUPPORTED};
use super::line::Line;
use super::native::Native;
use super::path::Drives;
use super::shape;
use crate::args::Arguments;
use crate::commands::{self, open};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::text::printable;

/// What a command needs.
pub(super) struct Session<'c, 'w> {
    pub(super) context: &'c mut Context<'w>,
    pub(super) line: Line,
    drives: Drives,
}

/// What a command of wimwright came to.
pub(super) struct Done<D> {
    pub(super) code: ExitCode,
    pub(super) document: D,
}

/// One entry an image, as most documents have it.
#[derive(serde::Deserialize)]
pub(super) struct Images<I> {
    pub(super) images: Vec<I>,
}

impl<I> Images<I> {
    /// Of the one image that a command was about.
    pub(super) fn only(self) -> Result<I, Failure> {
        let only = self.images.into_iter().next();
        only.ok_or_else(|| Failure::new(NOT_SUPPORTED, "nothing was found out about the image"))
    }
}

impl<'c, 'w> Session<'c, 'w> {
    pub(super) fn new(context: &'c mut Context<'w>, line: Line, drives: Drives) -> Self {
        Session {
            context,
            line,
            drives,
        }
    }

    /// Writes what DISM says on standard output.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failure> {
        match self.line.quiet {
            true => Ok(()),
            false => Ok(self.context.text(&format!("{text}\n"))?),
        }
    }

    /// Says that something long is done, as DISM's bar ends.
    pub(super) fn bar(&mut self, what: &str) -> Result<(), Failure> {
        if !what.is_empty() {
            self.say(what)?;
        }
        self.say(shape::BAR)
    }

    /// The path of an option that has to be there.
    pub(super) fn path(&self, name: &'static str) -> Result<PathBuf, Failure> {
        self.drives.host(self.needed(name)?)
    }

    /// A path on this computer.
    pub(super) fn host(&self, given: &str) -> Result<PathBuf, Failure> {
        self.drives.host(given)
    }

    /// The paths of an option that may be there more than once.
    pub(super) fn paths(&self, name: &'static str) -> Result<Vec<PathBuf>, Failure> {
        self.needed(name)?;
        let given = self.line.values(name);
        given.map(|given| self.drives.host(given)).collect()
    }

    /// The value of an option that has to be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, Failure> {
        self.line.values(name).next().ok_or_else(|| {
            let command = self.line.command.map_or("", |command| command.name);
            Failure::words(format!("/{name} is missing"))
                .hint(format!("/{command} needs /{name}:VALUE"))
        })
    }

    /// The image that `/Image` names.
    pub(super) fn image(&self) -> Result<PathBuf, Failure> {
        let given = self.line.image.as_deref().ok_or_else(|| {
            let command = self.line.command.map_or("", |command| command.name);
            Failure::words("no image was named").hint(format!(
                "say which: `/Image:DIR /{command}`, or `/Image:install.wim:1 /{command}` without \
                 mounting it"
            ))
        })?;
        self.drives.host(given)
    }

    /// The image that a file, and a number or a name, mean; `None` where neither
    /// was said.
    pub(super) fn selected(
        &self,
        file: &'static str,
        index: &'static str,
        name: &'static str,
    ) -> Result<Option<OsString>, Failure> {
        let path = self.path(file)?;
        let index = self.line.values(index).next();
        let name = self.line.values(name).next();
        let selector = match (index, name) {
            (Some(index), None) => match index.parse::<u32>() {
                Ok(number) if number > 0 => number.to_string(),
                _ => {
                    let text = format!("`{index}` is no number of an image: they begin at 1");
                    return Err(Failure::words(text));
                }
            },
            (None, Some(name)) => format!("name={name}"),
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(Failure::words(
                    "an image is named by number or by name, not both",
                ));
            }
        };
        let mut image = path.into_os_string();
        image.push(":");
        image.push(selector);
        Ok(Some(image))
    }

    /// The same where one of them has to be said.
    pub(super) fn one_selected(
        &self,
        file: &'static str,
        index: &'static str,
        name: &'static str,
    ) -> Result<OsString, Failure> {
        let selected = self.selected(file, index, name)?;
        selected.ok_or_else(|| {
            Failure::words("which image of the file is meant was not said").hint(format!(
                "add /{index}:1 or /{name}:NAME; `/Get-ImageInfo /ImageFile:FILE` lists them"
            ))
        })
    }

    /// Says which Windows is in an image.
    pub(super) fn say_version(&mut self, image: &Path) -> Result<(), Failure> {
        if self.line.quiet {
            return Ok(());
        }
        let opened = open::image(image, Access::Read, self.context)?;
        let facts = opened.facts();
        let revision = facts.revision.map(|revision| format!(".{revision}"));
        let version = format!("{}{}", facts.version, revision.unwrap_or_default());
        self.say(&format!("Image Version: {version}\n"))
    }

    /// Runs a command of wimwright, and reads its document.
    pub(super) fn run<D: DeserializeOwned>(&mut self, native: &Native) -> Result<Done<D>, Failure> {
        let (code, document) = self.run_raw(native)?;
        let value: Value = match document.is_empty() {
            true => {
                let text = format!("`{}` did not succeed", native.typed());
                return Err(
                    Failure::new(NOT_SUPPORTED, text).hint("what it said stands on standard error")
                );
            }
            false => serde_json::from_slice(&document).map_err(anyhow::Error::from)?,
        };
        self.warn(&value);
        let document = serde_json::from_value(value).map_err(anyhow::Error::from)?;
        Ok(Done { code, document })
    }

    /// Runs a command of wimwright of which only the success matters.
    pub(super) fn carry_out(&mut self, native: &Native) -> Result<(), Failure> {
        let done: Done<Value> = self.run(native)?;
        match done.code {
            ExitCode::Done => Ok(()),
            ExitCode::Partly => {
                self.context
                    .remark("warning: not everything could be taken along: see above");
                Ok(())
            }
            code => {
                let text = format!("`{}` ended with {code}", native.typed());
                Err(Failure::new(NOT_SUPPORTED, text))
            }
        }
    }

    fn run_raw(&mut self, native: &Native) -> Result<(ExitCode, Vec<u8>), Failure> {
        let typed = native.typed();
        self.context.log("command", &typed);
        if self.context.verbose {
            self.context.remark(&typed);
        }
        let words = std::iter::once(OsString::from("wimwright")).chain(native.words());
        let arguments = Arguments::try_parse_from(words).map_err(|error| {
            if error.kind() == ErrorKind::InvalidSubcommand {
                let text = format!("`{typed}` is not in this build of wimwright");
                return Failure::new(NOT_SUPPORTED, text)
                    .hint("images are mounted by builds for Linux with the feature `fuse`");
            }
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Failure::words(line.trim_start_matches("error: ").to_owned())
        })?;
        let run = |context: &mut Context<'w>| commands::run(&arguments.command, context);
        Ok(self.context.captured(run)?)
    }

    /// Shows the warnings of a document: DISM writes such to its log alone.
    fn warn(&mut self, document: &Value) {
        let list = |value: &Value, name: &str| {
            let found = value.get(name).and_then(Value::as_array);
            found.cloned().unwrap_or_default()
        };
        let images = list(document, "images");
        let results = images.iter().flat_map(|image| list(image, "results"));
        let results: Vec<Value> = results.collect();
        let all = images.iter().chain(&results).chain([document]);
        for finding in all.flat_map(|value| list(value, "findings")) {
            let text = |name: &str| finding.get(name).and_then(Value::as_str);
            if text("severity") == Some("warning") {
                let message = printable(text("message").unwrap_or_default()).into_owned();
                self.context.remark(&format!("warning: {message}"));
            }
        }
    }
}

/// The file and the number of an image that `mounts` names.
pub(super) fn file_and_index(image: &str) -> (String, u32) {
    match ImageName::parse(image.as_ref()) {
        Ok(ImageName::Wim {
            file,
            selector: Some(Selector::Index(index)),
        }) => (file.display().to_string(), index),
        Ok(ImageName::Wim { file, .. }) => (file.display().to_string(), 1),
        _ => (image.to_owned(), 1),
    }
}
