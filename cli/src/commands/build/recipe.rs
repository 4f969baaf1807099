//! What a build comes to: which steps make which images of what, and which
//! files hold them. Everything that can be known without opening an image is
//! checked here.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Spanned;
use wimwright_servicing::capture::Exclusions;
use wimwright_servicing::container::{Compression, PackingChoice};
use wimwright_servicing::{ImageName, ImageNameError, ImagePath};

use super::file::{self, BuildFile, Compress, DriversStep, Given, Matrix, Model, Source, Step};
use super::problem::{Problem, Said};
use crate::args::{hal_type, mebibytes};
use crate::commands::capture;

/// A build, resolved.
pub(super) struct Recipe {
    /// How many of the steps are those of `[[steps]]`; behind them are those of
    /// models.
    common: usize,
    /// The folder that paths are told from; empty for the current one.
    pub(super) folder: PathBuf,
    /// Changes that rest on recalled or inferred facts are refused.
    pub(super) strict: bool,
    pub(super) sources: Vec<SourceRecipe>,
    pub(super) steps: Vec<Step>,
    /// Parents stand before their children.
    pub(super) nodes: Vec<Node>,
    pub(super) outputs: Vec<OutputRecipe>,
    /// The outputs that are jobs of the matrix, by base.
    pub(super) matrix: Vec<Job>,
}

/// An image to begin with.
pub(super) struct SourceRecipe {
    pub(super) name: String,
    pub(super) image: ImageName,
    /// As the file names it.
    pub(super) given: String,
    pub(super) image_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) accept_dirty_hive: bool,
    pub(super) exclusions: Exclusions,
    /// What goes into the key for the exclusions.
    pub(super) exclusion_list: Vec<u8>,
}

/// Images that steps make of a source, or of what others made of it.
pub(super) struct Node {
    pub(super) source: usize,
    pub(super) parent: Option<usize>,
    pub(super) steps: Vec<usize>,
    pub(super) form: Form,
}

/// What a WIM file is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) compress: Option<Compress>,
    /// With an integrity table.
    pub(super) check: bool,
}

/// A file that comes out.
pub(super) struct OutputRecipe {
    pub(super) name: String,
    /// The file, or the first part of the set.
    pub(super) file: PathBuf,
    pub(super) nodes: Vec<usize>,
    pub(super) form: Form,
    /// Largest size of a part, in bytes.
    pub(super) split: Option<u64>,
    /// Which of the nodes boots.
    pub(super) boot: Option<usize>,
}

/// What a job of the matrix makes, and from what.
pub(super) struct Job {
    /// Its output.
    pub(super) output: usize,
    /// The output with its base, where that is one.
    pub(super) base: Option<usize>,
}

impl Form {
    pub(super) fn packing(self) -> PackingChoice {
        PackingChoice {
            compression: self.compress.map(|compress| match compress {
                Compress::None => Compression::None,
                Compress::Xpress => Compression::Xpress,
                Compress::Lzx => Compression::Lzx,
            }),
            chunk_size: None,
        }
    }
}

impl Recipe {
    /// Resolves a build file.
    pub(super) fn of(given: Given) -> anyhow::Result<Recipe> {
        let Given { file, said } = given;
        let BuildFile {
            sources,
            steps,
            outputs,
            matrix,
            strict,
        } = file;
        if outputs.is_empty() && matrix.is_none() {
            let nothing = "nothing comes out: there is neither `[[outputs]]` nor `[matrix]`";
            return Err(said.problem(0, nothing).into());
        }
        let folder = file::folder(said.path());
        let mut resolver = Resolver {
            said: &said,
            recipe: Recipe {
                common: 0,
                folder,
                strict,
                sources: Vec::new(),
                steps: Vec::new(),
                nodes: Vec::new(),
                outputs: Vec::new(),
                matrix: Vec::new(),
            },
        };
        for (name, source) in sources {
            let source = resolver.source(name, source)?;
            resolver.recipe.sources.push(source);
        }
        for step in &steps {
            resolver.check_step(step)?;
        }
        resolver.recipe.common = steps.len();
        resolver.recipe.steps = steps;
        for output in &outputs {
            resolver.output(output)?;
        }
        if let Some(matrix) = matrix {
            resolver.matrix(&matrix)?;
        }
        Ok(resolver.recipe)
    }

    /// The numbers of the outputs of these names; of all where none is named.
    pub(super) fn wanted(&self, only: &[String]) -> anyhow::Result<Vec<usize>> {
        for name in only {
            if !self.outputs.iter().any(|output| output.name == *name) {
                let known = self.outputs.iter().map(|output| output.name.clone());
                return Err(Problem::NoOutput {
                    name: name.clone(),
                    known: known.collect(),
                }
                .into());
            }
        }
        let outputs = self.outputs.iter().enumerate();
        let wanted = outputs.filter(|(_, output)| only.is_empty() || only.contains(&output.name));
        Ok(wanted.map(|(number, _)| number).collect())
    }

    /// Which nodes these outputs need, with the parents of those.
    pub(super) fn needed<'o>(&self, outputs: impl Iterator<Item = &'o OutputRecipe>) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        let mut mark = |node: usize| {
            if let Some(place) = needed.get_mut(node) {
                *place = true;
            }
        };
        for &node in outputs.flat_map(|output| &output.nodes) {
            mark(node);
            if let Some(parent) = self.nodes.get(node).and_then(|node| node.parent) {
                mark(parent);
            }
        }
        needed
    }

    /// The files and folders of the host that an output is made from.
    pub(super) fn read_by(&self, output: usize) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        let needed = self.needed(self.outputs.get(output).into_iter());
        let nodes = self.nodes.iter().zip(needed).filter(|(_, needed)| *needed);
        for (node, _) in nodes {
            let source = self.sources.get(node.source).map(|source| &source.image);
            paths.extend(source.map(|image| match image {
                ImageName::Directory(path) | ImageName::Wim { file: path, .. } => path.clone(),
            }));
            for step in node.steps.iter().filter_map(|at| self.steps.get(*at)) {
                let words = step.inputs().into_iter();
                paths.extend(words.map(|word| self.path(word.get_ref())));
            }
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// A path of the file, from the folder that it is told from.
    pub(super) fn path(&self, word: &str) -> PathBuf {
        self.folder.join(word)
    }
}

struct Resolver<'s> {
    said: &'s Said,
    recipe: Recipe,
}

impl Resolver<'_> {
    fn source(&self, name: String, source: Source) -> anyhow::Result<SourceRecipe> {
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
    fn input(&self, word: &Spanned<String>) -> anyhow::Result<PathBuf> {
        let path = self.recipe.path(word.get_ref());
        match path.exists() {
            true => Ok(path),
            false => Err(self.said.missing(word)),
        }
    }

    fn check_step(&self, step: &Step) -> anyhow::Result<()> {
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
    fn find(&self, name: &Spanned<String>) -> anyhow::Result<usize> {
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
    fn find_all(&self, names: &[Spanned<String>]) -> anyhow::Result<Vec<usize>> {
        match names {
            [] => Ok((0..self.recipe.sources.len()).collect()),
            names => names.iter().map(|name| self.find(name)).collect(),
        }
    }

    /// What the steps make of a source; the first who asks says in which form.
    fn node(&mut self, source: usize, form: Form) -> usize {
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

    fn output(&mut self, output: &file::Output) -> anyhow::Result<()> {
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
    fn check_output(
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
                    real.starts_with(fs::canonicalize(folder).unwrap_or_default()),
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

    fn matrix(&mut self, matrix: &Matrix) -> anyhow::Result<()> {
        let form = Form {
            compress: matrix.compress,
            check: matrix.check,
        };
        for (word, needed) in [
            (Some(&matrix.file), &["{base}", "{model}"][..]),
            (matrix.base_file.as_ref(), &["{base}"]),
        ] {
            for (word, needed) in word
                .into_iter()
                .flat_map(|w| needed.iter().map(move |n| (w, n)))
            {
                if !word.get_ref().contains(needed) {
                    let wrong = format!("`{needed}` has to stand in the name, or files would meet");
                    return Err(self.said.wrong(word, wrong));
                }
            }
        }
        for folder in &matrix.drivers {
            self.input(folder)?;
        }
        let mut steps = Vec::new();
        for (number, model) in matrix.models.iter().enumerate() {
            if let Some(wrong) = bad_name(model.name.get_ref()) {
                return Err(self.said.wrong(&model.name, wrong));
            }
            let mut before = matrix.models.iter().take(number);
            if before.any(|other| other.name.get_ref() == model.name.get_ref()) {
                let wrong = format!("two models have the name `{}`", model.name.get_ref());
                return Err(self.said.wrong(&model.name, wrong));
            }
            // The same step for all bases: what it reads is read once.
            let step = drivers_of(matrix, model);
            if let Some(step) = &step {
                self.check_step(step)?;
            }
            steps.push(step.map(|step| {
                self.recipe.steps.push(step);
                self.recipe.steps.len() - 1
            }));
        }
        let bases = self.find_all(&matrix.bases)?;
        for &source in &bases {
            self.base(matrix, &steps, form, source)?;
        }
        for model in &matrix.models {
            for only in &model.bases {
                if !bases.contains(&self.find(only)?) {
                    let wrong = format!("`{}` is no base of the matrix", only.get_ref());
                    return Err(self.said.wrong(only, wrong));
                }
            }
        }
        Ok(())
    }

    /// The jobs of one base.
    fn base(
        &mut self,
        matrix: &Matrix,
        steps: &[Option<usize>],
        form: Form,
        source: usize,
    ) -> anyhow::Result<()> {
        let Some(base) = self.recipe.sources.get(source) else {
            return Ok(());
        };
        let base = base.name.clone();
        let parent = self.node(source, form);
        let mut base_output = None;
        if let Some(file) = &matrix.base_file {
            let path = self.recipe.path(&file.get_ref().replace("{base}", &base));
            self.check_output(file, file, &base, &path)?;
            base_output = Some(self.recipe.outputs.len());
            self.job(base.clone(), path, parent, form, None);
        }
        for (model, step) in matrix.models.iter().zip(steps) {
            let is_for = |only: &Spanned<String>| *only.get_ref() == base;
            if !model.bases.is_empty() && !model.bases.iter().any(is_for) {
                continue;
            }
            let name = format!("{base}-{}", model.name.get_ref());
            let file = matrix.file.get_ref().replace("{base}", &base);
            let path = self
                .recipe
                .path(&file.replace("{model}", model.name.get_ref()));
            self.check_output(&model.name, &matrix.file, &name, &path)?;
            self.recipe.nodes.push(Node {
                source,
                parent: Some(parent),
                steps: step.iter().copied().collect(),
                form,
            });
            let node = self.recipe.nodes.len() - 1;
            self.job(name, path, node, form, base_output);
        }
        Ok(())
    }

    fn job(&mut self, name: String, file: PathBuf, node: usize, form: Form, base: Option<usize>) {
        let output = self.recipe.outputs.len();
        self.recipe.matrix.push(Job { output, base });
        self.recipe.outputs.push(OutputRecipe {
            name,
            file,
            nodes: vec![node],
            form,
            split: None,
            boot: None,
        });
    }
}

/// The step for a model's drivers; `None` where it has none.
fn drivers_of(matrix: &Matrix, model: &Model) -> Option<Step> {
    let from: Vec<_> = matrix
        .drivers
        .iter()
        .chain(&model.drivers)
        .cloned()
        .collect();
    (!from.is_empty()).then(|| {
        Step::Drivers(DriversStep {
            from,
            hardware: model.hardware.clone(),
            include_winre: false,
            force_unsigned: model.force_unsigned,
            allow_older: false,
            trust: Vec::new(),
            skip_refused: false,
            sources: Vec::new(),
        })
    })
}

/// What is wrong with a name that becomes part of names of files and jobs.
fn bad_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (!begins || !name.chars().all(fits)).then(|| {
        format!(
            "`{name}` is no name: letters, digits, `.`, `-` and `_` make one, a letter or digit in \
             front"
        )
    })
}

/// A path without links, as far as there is something.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let above = match path.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    match (path.file_name(), above != path) {
        (Some(name), true) if above != Path::new(".") => real(above).join(name),
        (Some(name), _) => fs::canonicalize(above).unwrap_or_default().join(name),
        (None, _) => path.to_owned(),
    }
}
