//! The key of an output: a digest of everything that its bytes depend on.
//!
//! | of | goes into it |
//! |---|---|
//! | this program | its version; the time, where SOURCE_DATE_EPOCH gives it |
//! | a WIM source | its header and tables |
//! | a directory | paths, sizes and times of last write, of files and folders |
//! | a step | its part of the build file, and the content of what it reads |
//! | the output | how it is packed, split and which image boots |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wimwright_servicing::container::Fingerprint;
use wimwright_servicing::{Access, FileTime, ImageName, WimFile};

use super::file::{Compress, Step};
use super::listing::{Listing, hex};
use super::recipe::{OutputRecipe, Recipe};
use super::record::Remembered;

/// The format of keys: another one makes all outputs anew.
const FORMAT: u32 = 1;

/// What keys are made of.
pub(super) struct Keys {
    /// Of each node that an output needs.
    nodes: Vec<Option<String>>,
    /// What was read, with its digests.
    pub(super) inputs: BTreeMap<PathBuf, Remembered>,
    time: Option<FileTime>,
}

#[derive(Serialize)]
struct OfSource<'k> {
    image: String,
    name: Option<&'k str>,
    description: Option<&'k str>,
    accept_dirty_hive: bool,
    exclusions: &'k [u8],
}

#[derive(Serialize)]
struct OfNode<'k> {
    source: OfSource<'k>,
    parent: Option<&'k str>,
    steps: Vec<(&'k Step, Vec<String>)>,
    strict: bool,
}

#[derive(Serialize)]
struct OfOutput<'k> {
    format: u32,
    version: &'static str,
    /// 100 ns since 1601.
    time: Option<u64>,
    compress: Option<Compress>,
    check: bool,
    split: Option<u64>,
    boot: Option<usize>,
    nodes: Vec<&'k str>,
}

impl Keys {
    /// Reads what the keys of the outputs need. What is listed as `known` says
    /// is not read again.
    pub(super) fn read(
        recipe: &Recipe,
        wanted: &[usize],
        known: &BTreeMap<PathBuf, Remembered>,
        references: &[PathBuf],
        time: Option<FileTime>,
    ) -> anyhow::Result<Keys> {
        let mut keys = Keys {
            nodes: recipe.nodes.iter().map(|_| None).collect(),
            inputs: BTreeMap::new(),
            time,
        };
        let mut sources: BTreeMap<usize, String> = BTreeMap::new();
        let wanted = wanted.iter().filter_map(|at| recipe.outputs.get(*at));
        let needed = recipe.needed(wanted);
        let numbered = recipe.nodes.iter().zip(needed).enumerate();
        for (number, node) in numbered.filter_map(|(at, (node, is))| is.then_some((at, node))) {
            let Some(source) = recipe.sources.get(node.source) else {
                continue;
            };
            let image = match sources.get(&node.source) {
                Some(known) => known.clone(),
                None => {
                    let image = of_image(&source.image, references)?;
                    sources.insert(node.source, image.clone());
                    image
                }
            };
            let mut steps = Vec::new();
            for step in node.steps.iter().filter_map(|at| recipe.steps.get(*at)) {
                let mut inputs = Vec::new();
                for word in step.inputs() {
                    let path = recipe.path(word.get_ref());
                    inputs.push(keys.input(&path, known, matches!(step, Step::Put(_)))?);
                }
                steps.push((step, inputs));
            }
            let parent = node.parent.and_then(|parent| keys.nodes.get(parent));
            let key = digest(&OfNode {
                source: OfSource {
                    image,
                    name: source.image_name.as_deref(),
                    description: source.description.as_deref(),
                    accept_dirty_hive: source.accept_dirty_hive,
                    exclusions: &source.exclusion_list,
                },
                parent: parent.and_then(Option::as_deref),
                steps,
                strict: recipe.strict,
            })?;
            if let Some(place) = keys.nodes.get_mut(number) {
                *place = Some(key);
            }
        }
        Ok(keys)
    }

    /// The key of an output.
    pub(super) fn of(&self, output: &OutputRecipe) -> anyhow::Result<String> {
        let nodes = output.nodes.iter().filter_map(|node| self.nodes.get(*node));
        digest(&OfOutput {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION"),
            time: self.time.map(|time| time.0),
            compress: output.form.compress,
            check: output.form.check,
            split: output.split,
            boot: output.boot,
            nodes: nodes.filter_map(Option::as_deref).collect(),
        })
    }

    /// The digest of an input; with the times of its files where these become
    /// part of an image.
    fn input(
        &mut self,
        path: &Path,
        known: &BTreeMap<PathBuf, Remembered>,
        with_times: bool,
    ) -> anyhow::Result<String> {
        let found = match self.inputs.get(path) {
            Some(found) => found.clone(),
            None => {
                let listing = Listing::of(path)?;
                let digest = listing.digest()?;
                let same = known.get(path).filter(|known| known.listing == digest);
                let content = match same {
                    Some(known) => known.content.clone(),
                    None => listing.content()?,
                };
                let found = Remembered {
                    listing: digest,
                    content,
                };
                self.inputs.insert(path.to_owned(), found.clone());
                found
            }
        };
        Ok(match with_times {
            true => format!("{}{}", found.listing, found.content),
            false => found.content,
        })
    }
}

fn of_image(image: &ImageName, references: &[PathBuf]) -> anyhow::Result<String> {
    Ok(match image {
        ImageName::Directory(path) => Listing::of(path)?.digest()?,
        ImageName::Wim { file, selector } => {
            let wim = WimFile::open(file, references, Access::Read)?;
            let selector = selector.as_ref().map(ToString::to_string);
            format!("{}{}", Fingerprint::of(&wim), selector.unwrap_or_default())
        }
    })
}

fn digest(of: &impl Serialize) -> anyhow::Result<String> {
    Ok(hex(&Sha256::digest(serde_json::to_vec(of)?)))
}
