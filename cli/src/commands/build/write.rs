//! The outputs of a build: made beside their places, and put there when all are
//! complete.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use wimwright_servicing::container::{Edits, Meter, set, split};
use wimwright_servicing::{Access, Overwrite, WimFile};

use super::keys::Keys;
use super::origin::{Origin, Origins};
use super::parallel;
use super::problem::Problem;
use super::recipe::{OutputRecipe, Recipe};
use super::record::{Record, There, Written};
use super::stage::{self, Bench};
use super::workplace::Workplace;
use super::{Asked, Images};
use crate::context::Context;

/// What was written.
pub(super) struct Built {
    pub(super) images: Vec<Images>,
    /// Files and sizes, by number of the output.
    pub(super) files: BTreeMap<usize, Files>,
}

/// Files of an output, and their length together in bytes.
#[derive(Clone, Default)]
pub(super) struct Files {
    pub(super) paths: Vec<PathBuf>,
    pub(super) size: u64,
}

/// An output that is being made.
struct Making<'m> {
    asked: &'m Asked,
    output: &'m OutputRecipe,
    place: Workplace,
}

/// Makes the outputs and puts them in their places.
pub(super) fn write(
    bench: &Bench<'_>,
    keys: &Keys,
    origins: &Origins,
    to_build: &[&Asked],
    context: &mut Context<'_>,
) -> anyhow::Result<Built> {
    let recipe = bench.recipe;
    let mut making = Vec::new();
    for asked in to_build {
        if let Some(output) = recipe.outputs.get(asked.output) {
            making.push(Making {
                asked,
                output,
                place: Workplace::take(&output.file)?,
            });
        }
    }
    let stages = stages(recipe, origins, &making);
    let total = origins.nodes().count() as u64 + making.len() as u64;
    let mut images = Vec::new();
    for level in [Level::Sources, Level::Others] {
        let nodes = origins.nodes().filter(|node| level.holds(origins, *node));
        let nodes: Vec<usize> = nodes.collect();
        let before = images.len() as u64;
        let make = |node: &usize| make(bench, origins, &stages, *node);
        images.extend(parallel::each(&nodes, make, |done| {
            context.progress("images", before + done as u64, total);
        })?);
    }
    images.sort_by_key(|images| images.node);

    let mut users: BTreeMap<usize, usize> = BTreeMap::new();
    for node in making.iter().flat_map(|making| &making.output.nodes) {
        *users.entry(*node).or_default() += 1;
    }
    let before = images.len() as u64;
    let assemble = |making: &Making<'_>| assemble(recipe, making, &stages, &users);
    let parts = parallel::each(&making, assemble, |done| {
        context.progress("files", before + done as u64, total);
    })?;

    // Everything is complete: now it takes its place.
    let mut complete = Vec::new();
    for (making, parts) in making.iter().zip(parts) {
        let places = places(making, &parts)?;
        complete.push((making, parts, places));
    }
    let mut files = BTreeMap::new();
    for (making, parts, places) in complete {
        files.insert(making.asked.output, publish(making, &parts, places, keys)?);
    }
    context.progress("done", total, total);
    Ok(Built { images, files })
}

/// In which order nodes are made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Those of sources.
    Sources,
    /// Those of others.
    Others,
}

impl Level {
    fn holds(self, origins: &Origins, node: usize) -> bool {
        let of_source = matches!(origins.get(node), Some(Origin::Source));
        of_source == (self == Level::Sources)
    }
}

/// Where each node is made: in the folder of the first output that needs it.
fn stages(recipe: &Recipe, origins: &Origins, making: &[Making<'_>]) -> BTreeMap<usize, PathBuf> {
    let mut stages = BTreeMap::new();
    for making in making {
        for &node in &making.output.nodes {
            let above = match origins.get(node) {
                Some(Origin::Parent(parent)) => Some(*parent),
                _ => None,
            };
            for node in above.into_iter().chain([node]) {
                let path = making.place.path(&format!("stage-{node}.wim"));
                stages.entry(node).or_insert(path);
            }
        }
    }
    debug_assert!(stages.keys().all(|node| recipe.nodes.get(*node).is_some()));
    stages
}

fn make(
    bench: &Bench<'_>,
    origins: &Origins,
    stages: &BTreeMap<usize, PathBuf>,
    node: usize,
) -> anyhow::Result<Images> {
    let nowhere = "a node is made in a folder";
    let recipe = bench.recipe.nodes.get(node).context(nowhere)?;
    let to = stages.get(&node).context(nowhere)?;
    let done = match origins.get(node) {
        Some(Origin::Parent(parent)) => {
            let from = stages.get(parent).context(nowhere)?;
            let form = bench.recipe.nodes.get(*parent).context(nowhere)?.form;
            bench.make_of_file(recipe, (from, form), to)?
        }
        Some(Origin::File(made)) => {
            stage::copy(&made.file, recipe.form, to, recipe.form)?;
            // Another build may have put a newer one there meanwhile.
            if !made.left.is_like(to)? {
                let path = made.file.clone();
                return Err(Problem::Changed { path }.into());
            }
            bench.edit(recipe, to)?
        }
        _ => bench.make_of_source(recipe, to)?,
    };
    Ok(Images { node, done })
}

/// Makes the file, or the parts, of an output in its folder.
fn assemble(
    recipe: &Recipe,
    making: &Making<'_>,
    stages: &BTreeMap<usize, PathBuf>,
    users: &BTreeMap<usize, usize>,
) -> anyhow::Result<Vec<PathBuf>> {
    let output = making.output;
    let about = || format!("output `{}`", output.name);
    let new = making.place.path("new.wim");
    let mut boot = None;
    let mut count = 0;
    for (place, node) in output.nodes.iter().enumerate() {
        let (Some(stage), Some(form)) = (
            stages.get(node),
            recipe.nodes.get(*node).map(|node| node.form),
        ) else {
            continue;
        };
        let images = image_count(stage).with_context(about)?;
        if output.boot == Some(place) {
            let name = recipe
                .nodes
                .get(*node)
                .and_then(|node| recipe.sources.get(node.source));
            let name = name.map_or("", |source| source.name.as_str());
            if images != 1 {
                return Err(Problem::BootOfSeveral {
                    output: output.name.clone(),
                    source_name: name.to_owned(),
                    images,
                }
                .into());
            }
            boot = Some(count + 1);
        }
        count += images;
        let alone = output.nodes.len() == 1 && form == output.form;
        match alone {
            true if users.get(node) == Some(&1) => {
                fs::rename(stage, &new).with_context(about)?;
            }
            true => stage::copy(stage, form, &new, form).with_context(about)?,
            false => stage::add(stage, &new, output.form).with_context(about)?,
        }
    }
    if let Some(boot) = boot {
        let wim = WimFile::open(&new, &[], Access::Write)?;
        let edits = Edits {
            boot: Some(true),
            ..Edits::default()
        };
        set(&wim, &[boot], &edits).with_context(about)?;
    }
    let Some(size) = output.split else {
        let file = File::open(&new).and_then(|file| file.sync_all());
        file.with_context(about)?;
        return Ok(vec![new]);
    };
    let name = output.file.file_name().and_then(|name| name.to_str());
    let first = making.place.path(name.context("an output has a name")?);
    let wim = WimFile::open(&new, &[], Access::Read)?;
    let meter = Arc::new(Meter::default());
    let done = split(&wim, &first, size, Overwrite::Refuse, &meter).with_context(about)?;
    Ok(done.parts.into_iter().map(|part| part.file).collect())
}

fn image_count(file: &Path) -> anyhow::Result<u32> {
    let wim = WimFile::open(file, &[], Access::Read)?;
    Ok(wim.archive().image_count())
}

/// Where the parts of an output go; the first one's place was looked at before.
fn places(making: &Making<'_>, parts: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let output = making.output;
    let record = Record::read(&output.file)?;
    let mut places = vec![output.file.clone()];
    for part in parts.iter().skip(1) {
        let name = part.file_name().unwrap_or_default();
        let place = output.file.with_file_name(name);
        if place.exists() && !record.names(&place) && !making.asked.force {
            return Err(Problem::Foreign { path: place }.into());
        }
        places.push(place);
    }
    Ok(places)
}

/// Puts an output in its place.
fn publish(
    making: &Making<'_>,
    parts: &[PathBuf],
    places: Vec<PathBuf>,
    keys: &Keys,
) -> anyhow::Result<Files> {
    let output = making.output;
    let about = || format!("output `{}`", output.name);
    let mut new = Written::of(&making.asked.key, parts).with_context(about)?;
    let names = places.iter().filter_map(|place| place.file_name());
    new.files = names.map(PathBuf::from).collect();
    let old = match Record::read(&output.file)?.there(&output.file) {
        There::Ours(old) => Some(old),
        _ => None,
    };
    let workplace = parts.first().and_then(|part| part.parent());
    let workplace = workplace.with_context(about)?;
    Record::write(&output.file, workplace, &new, old.as_ref(), &keys.inputs).with_context(about)?;
    if places.len() > 1 && output.file.exists() {
        // Half of one set and half of another must not look like a set.
        fs::remove_file(&output.file).with_context(about)?;
    }
    // Who finds the first part finds them all.
    for (part, place) in parts.iter().zip(&places).rev() {
        fs::rename(part, place).with_context(|| format!("`{}`", place.display()))?;
    }
    for left in old.iter().flat_map(|old| &old.files) {
        if !new.files.contains(left) {
            let left = output.file.with_file_name(left);
            fs::remove_file(&left).with_context(|| format!("`{}`", left.display()))?;
        }
    }
    let folder = match output.file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.with_context(about)?;
    Ok(Files {
        paths: places,
        size: new.size,
    })
}
