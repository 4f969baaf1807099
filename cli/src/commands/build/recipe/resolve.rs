//! What the build file says, made sure of: sources, steps, outputs.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Spanned;
use wimwright_servicing::capture::Exclusions;
use wimwright_servicing::{ImageName, ImageNameError, ImagePath};

use super::names::{bad_name, real};
use super::{Form, Node, OutputRecipe, Recipe, SourceRecipe};
use crate::args::{hal_type, mebibytes};
use crate::commands::build::file::{Output, Source, Step};
use crate::commands::build::problem::Said;
use crate::commands::capture;

/// A recipe on its way.
pub(super) struct Resolver<'s> {
    pub(super) said: &'s Said,
    pub(super) recipe: Recipe,
}

impl Resolver<'_> {
    pub(super) fn source(&self, name: String, source: Source) -> anyhow::Result<SourceRecipe> {
        if let Some(wrong) = bad_name(&name) {
            return Err(self.said.wrong(&source.image, wrong));
        }
        let given = source.image.get_ref().clone();
        let path = self.recipe.path(&given);
        let image = match ImageName::parse(path.as_os_str()) {
            Ok(image) => image,
            Err(ImageNameError::Missing { .. }) => return Err(self.said.missing(&source.image)),
            Err(error) => return Err(self.said.wrong(&source.image, error.to_string())),
        };
        let is_directory = matches!(image, ImageName::Directory(_));
        let excludes = source.exclude.first().or(source.exclude_file.as_ref());
        if let Some(excludes) = excludes.filter(|_| !is_directory) {
            let wrong = "only of a directory something can be left out; of this one use the step \
                         `remove`";
            return Err(self.said.wrong(excludes, wrong));
        }
        let mut exclusions = Exclusions::windows();
        let mut exclusion_list = Vec::new();
        for pattern in &source.exclude {
            let list = format!("[ExclusionList]\n{}\n", pattern.get_ref());
            let added = exclusions.add(list.as_bytes());
            added.map_err(|error| self.said.wrong(pattern, error.to_string()))?;
            exclusion_list.extend_from_slice(list.as_bytes());
        }
        if let Some(file) = &source.exclude_file {
            let path = self.input(file)?;
            let list = capture::read_list(&path)?;
            let added = exclusions.add(&list);
            added.map_err(|error| self.said.wrong(file, error.to_string()))?;
            exclusion_list.extend_from_slice(&list);
        }
        Ok(SourceRecipe {
            name,
            image,
            given,
            image_name: source.name.map(Spanned::into_inner),
            description: source.description.map(Spanned::into_inner),
            accept_dirty_hive: source.accept_dirty_hive,
            exclusions,
            exclusion_list,
        })
    }

    /// A file or folder of the host that has to be there.
    pub(super) fn input(&self, word: &Spanned<String>) -> anyhow::Result<PathBuf> {
        let path = self.recipe.path(word.get_ref());
        match path.exists() {
            true => Ok(path),
            false => Err(self.said.missing(word)),
        }
    }

    pub(super) fn check_step(&self, step: &Step) -> anyhow::Result<()> {
        for source in step.sources() {
            self.find(source)?;
        }
        for input in step.inputs() {
            self.input(input)?;
        }
        match step {
            Step::Put(step) => self.image_path(&step.to),
            Step::Remove(step) => step.paths.iter().try_for_each(|path| self.image_path(path)),
            Step::Hal(step) => {
                let id = hal_type(step.set.get_ref());
                id.map(drop)
                    .map_err(|error| self.said.wrong(&step.set, error))
            }
            _ => Ok(()),
        }
    }

    fn image_path(&self, word: &Spanned<String>) -> anyhow::Result<()> {
        let path = ImagePath::parse(word.get_ref());
        path.map(drop)
            .map_err(|error| self.said.wrong(word, error.to_string()))
    }

    /// The number of a source.
    pub(super) fn find(&self, name: &Spanned<String>) -> anyhow::Result<usize> {
        let mut sources = self.recipe.sources.iter();
        let found = sources.position(|source| source.name == *name.get_ref());
        found.ok_or_else(|| {
            let known: Vec<&str> = self
                .recipe
                .sources
                .iter()
                .map(|s| s.name.as_str())
                .collect();
            let wrong = format!(
                "there is no source `{}`: there is `{}`",
                name.get_ref(),
                known.join("`, `")
            );
            self.said.wrong(name, wrong)
        })
    }

    /// The numbers of sources; all where none is named.
    pub(super) fn find_all(&self, names: &[Spanned<String>]) -> anyhow::Result<Vec<usize>> {
        match names {
            [] => Ok((0..self.recipe.sources.len()).collect()),
            names => names.iter().map(|name| self.find(name)).collect(),
        }
    }

    /// What the steps make of a source; the first who asks says in which form.
    pub(super) fn node(&mut self, source: usize, form: Form) -> usize {
        let mut nodes = self.recipe.nodes.iter();
        let known = nodes.position(|node| node.source == source && node.parent.is_none());
        if let Some(known) = known {
            return known;
        }
        let name = self.recipe.sources.get(source).map(|source| &source.name);
        let is_for = |step: &Step| {
            let only = step.sources();
            only.is_empty() || only.iter().any(|only| Some(only.get_ref()) == name)
        };
        let steps = self.recipe.steps.iter().take(self.recipe.common);
        let steps = steps
            .enumerate()
            .filter(|(_, step)| is_for(step))
            .map(|(at, _)| at);
        self.recipe.nodes.push(Node {
            source,
            parent: None,
            steps: steps.collect(),
            form,
        });
        self.recipe.nodes.len() - 1
    }

    pub(super) fn output(&mut self, output: &Output) -> anyhow::Result<()> {
        let path = self.recipe.path(output.file.get_ref());
        let name = match &output.name {
            Some(name) => name.get_ref().clone(),
            None => {
                let stem = path.file_stem().and_then(OsStr::to_str);
                stem.unwrap_or_default().to_owned()
            }
        };
        let form = Form {
            compress: output.compress,
            check: output.check,
        };
        let sources = self.find_all(&output.sources)?;
        let boot = match &output.boot {
            None => None,
            Some(boot) => {
                let source = self.find(boot)?;
                let place = sources.iter().position(|number| *number == source);
                let wrong = "the image that boots is not among those of the output";
                Some(place.ok_or_else(|| self.said.wrong(boot, wrong))?)
            }
        };
        let split = match &output.split {
            None => None,
            Some(size) => {
                let bytes = mebibytes(size.get_ref());
                Some(bytes.map_err(|error| self.said.wrong(size, error))?)
            }
        };
        let place = output.name.as_ref().unwrap_or(&output.file);
        self.check_output(place, &output.file, &name, &path)?;
        let nodes = sources.into_iter().map(|source| self.node(source, form));
        let nodes = nodes.collect();
        self.recipe.outputs.push(OutputRecipe {
            name,
            file: path,
            nodes,
            form,
            split,
            boot,
        });
        Ok(())
    }

    /// That an output's name and file are its own, and in nobody's way.
    pub(super) fn check_output(
        &self,
        place: &Spanned<String>,
        file: &Spanned<String>,
        name: &str,
        path: &Path,
    ) -> anyhow::Result<()> {
        if let Some(wrong) = bad_name(name) {
            return Err(self.said.wrong(place, wrong));
        }
        for other in &self.recipe.outputs {
            if other.name == name {
                let wrong = format!("two outputs have the name `{name}`");
                return Err(self.said.wrong(place, wrong));
            }
            if other.file == path {
                let wrong = format!("`{}` is the file of two outputs", path.display());
                return Err(self.said.wrong(file, wrong));
            }
        }
        let real = real(path);
        for source in &self.recipe.sources {
            let (in_the_way, what) = match &source.image {
                ImageName::Directory(folder) => (
                    fs::canonicalize(folder).is_ok_and(|folder| real.starts_with(folder)),
                    "lies in",
                ),
                ImageName::Wim { file, .. } => {
                    (fs::canonicalize(file).ok() == Some(real.clone()), "is")
                }
            };
            if in_the_way {
                let wrong = format!(
                    "`{}` {what} the source `{}`, which a build does not change",
                    path.display(),
                    source.name
                );
                return Err(self.said.wrong(file, wrong));
            }
        }
        Ok(())
    }
}
