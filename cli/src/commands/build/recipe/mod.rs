//! What a build comes to: which steps make which images of what, and which
//! files hold them. Everything that can be known without opening an image is
//! checked here.

mod matrix;
mod names;
mod resolve;

use std::path::PathBuf;

use wimwright_servicing::ImageName;
use wimwright_servicing::capture::Exclusions;
use wimwright_servicing::container::{Compression, PackingChoice};

use self::resolve::Resolver;
use super::file::{self, BuildFile, Compress, Given, Step};
use super::problem::Problem;

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
