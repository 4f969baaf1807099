//! The outputs of a build: made beside their places, and put there when all are
//! complete.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use wimwright_servicing::container::{Edits, Meter, set, split};
use wimwright_servicing::plan::Change;
use wimwright_servicing::{Access, Overwrite, Plan, WimFile};

use super::keys::Keys;
use super::parallel;
use super::recipe::{Form, OutputRecipe, Recipe};
use super::record::{Record, There, Written};
use super::stage::{self, Bench};
use super::workplace::Workplace;
use super::{Asked, Images};
use crate::context::Context;

/// What the images of a node are made from.
enum Origin {
    /// Nobody needs them.
    Nothing,
    /// Its source.
    Source,
    /// The images of its parent.
    Parent(usize),
    /// A file that an earlier build made of its parent.
    File(PathBuf, Form),
}

/// What the images of each node are made from.
pub(super) struct Origins(Vec<Origin>);

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

impl Origins {
    /// For a dry run everything is planned from the sources.
    pub(super) fn of_dry_run(recipe: &Recipe, outputs: &[usize]) -> Origins {
        let outputs = outputs.iter().filter_map(|at| recipe.outputs.get(*at));
        let needed = recipe.needed(outputs).into_iter();
        Origins(
            needed
                .map(|needed| match needed {
                    true => Origin::Source,
                    false => Origin::Nothing,
                })
                .collect(),
        )
    }

    /// Finds what the nodes of `outputs` are made from: what an output that is
    /// there already holds is not made again.
    pub(super) fn find(recipe: &Recipe, keys: &Keys, outputs: &[usize]) -> anyhow::Result<Origins> {
        let mut origins: Vec<Origin> = recipe.nodes.iter().map(|_| Origin::Nothing).collect();
        let mut put = |node: usize, origin: Origin| {
            if let Some(place) = origins.get_mut(node) {
                *place = origin;
            }
        };
        let mut needed = vec![false; recipe.nodes.len()];
        let in_outputs = outputs.iter().filter_map(|at| recipe.outputs.get(*at));
        for &node in in_outputs.flat_map(|output| &output.nodes) {
            if let Some(place) = needed.get_mut(node) {
                *place = true;
            }
        }
        let mut made: BTreeMap<usize, Option<(PathBuf, Form)>> = BTreeMap::new();
        let parents = recipe.nodes.iter().map(|node| node.parent);
        let parents: Vec<Option<usize>> = parents.collect();
        for (node, parent) in parents.iter().enumerate() {
            let Some(parent) = parent else {
                continue;
            };
            if needed.get(node) != Some(&true) {
                continue;
            }
            if needed.get(*parent) == Some(&true) {
                put(node, Origin::Parent(*parent));
                continue;
            }
            if !made.contains_key(parent) {
                made.insert(*parent, made_of(recipe, keys, *parent)?);
            }
            match made.get(parent).cloned().flatten() {
                Some((file, form)) => put(node, Origin::File(file, form)),
                None => {
                    put(node, Origin::Parent(*parent));
                    put(*parent, Origin::Source);
                }
            }
        }
        for (node, needed) in needed.into_iter().enumerate() {
            if needed && parents.get(node) == Some(&None) {
                put(node, Origin::Source);
            }
        }
        Ok(Origins(origins))
    }

    /// The nodes that are made.
    pub(super) fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.0.iter().enumerate();
        all.filter(|(_, origin)| !matches!(origin, Origin::Nothing))
            .map(|(node, _)| node)
    }

    /// The nodes that outputs hold, each once.
    pub(super) fn planned(&self, recipe: &Recipe, outputs: &[usize]) -> Vec<usize> {
        let outputs = outputs.iter().filter_map(|at| recipe.outputs.get(*at));
        let mut nodes: Vec<usize> = outputs.flat_map(|output| output.nodes.clone()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

/// The file of an output that holds what a node makes and nothing else, where it
/// is there and made from the same.
fn made_of(recipe: &Recipe, keys: &Keys, node: usize) -> anyhow::Result<Option<(PathBuf, Form)>> {
    let holds = |output: &&OutputRecipe| {
        output.nodes == [node] && output.split.is_none() && output.boot.is_none()
    };
    for output in recipe.outputs.iter().filter(holds) {
        if let There::Ours(there) = Record::read(&output.file)?.there(&output.file)
            && there.key == keys.of(output)?
        {
            return Ok(Some((output.file.clone(), output.form)));
        }
    }
    Ok(None)
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
    let mut files = BTreeMap::new();
    for (making, parts) in making.iter().zip(parts) {
        files.insert(making.asked.output, publish(making, &parts, keys)?);
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
        let of_source = matches!(origins.0.get(node), Some(Origin::Source));
        of_source == (self == Level::Sources)
    }
}

/// Where each node is made: in the folder of the first output that needs it.
fn stages(recipe: &Recipe, origins: &Origins, making: &[Making<'_>]) -> BTreeMap<usize, PathBuf> {
    let mut stages = BTreeMap::new();
    for making in making {
        for &node in &making.output.nodes {
            let above = match origins.0.get(node) {
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
    let done = match origins.0.get(node) {
        Some(Origin::Parent(parent)) => {
            let from = stages.get(parent).context(nowhere)?;
            let form = bench.recipe.nodes.get(*parent).context(nowhere)?.form;
            bench.make_of_file(recipe, (from, form), to)?
        }
        Some(Origin::File(file, form)) => bench.make_of_file(recipe, (file, *form), to)?,
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
            anyhow::ensure!(
                images == 1,
                "output `{}`: source `{name}` has {images} images, and one boots",
                output.name
            );
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

/// Puts an output in its place.
fn publish(making: &Making<'_>, parts: &[PathBuf], keys: &Keys) -> anyhow::Result<Files> {
    let output = making.output;
    let about = || format!("output `{}`", output.name);
    let mut places = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        places.push(match number {
            0 => output.file.clone(),
            _ => output
                .file
                .with_file_name(part.file_name().unwrap_or_default()),
        });
    }
    let mut new = Written::of(&making.asked.key, parts).with_context(about)?;
    let names = places.iter().filter_map(|place| place.file_name());
    new.files = names.map(PathBuf::from).collect();
    let old = match Record::read(&output.file)?.there(&output.file) {
        There::Ours(old) => Some(old),
        _ => None,
    };
    Record::write(&output.file, &new, old.as_ref(), &keys.inputs).with_context(about)?;
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

/// About how large the outputs will be: what the sources take, and what is new
/// before it is compressed.
pub(super) fn planned_sizes(
    bench: &Bench<'_>,
    outputs: &[usize],
    images: &[Images],
) -> anyhow::Result<BTreeMap<usize, Files>> {
    let mut sources: BTreeMap<usize, u64> = BTreeMap::new();
    let mut sizes = BTreeMap::new();
    for &number in outputs {
        let Some(output) = bench.recipe.outputs.get(number) else {
            continue;
        };
        let mut size = 0_u64;
        for node in &output.nodes {
            let Some(source) = bench.recipe.nodes.get(*node).map(|node| node.source) else {
                continue;
            };
            let known = match (sources.get(&source), bench.recipe.sources.get(source)) {
                (Some(known), _) => *known,
                (None, Some(found)) => bench.size(found)?,
                (None, None) => 0,
            };
            sources.insert(source, known);
            size = size.saturating_add(known);
            let planned = images.iter().filter(|images| images.node == *node);
            for plan in planned.flat_map(|images| &images.done) {
                let new = plan.plan.as_ref().map_or(0, new_bytes);
                size = size.saturating_add(new);
            }
        }
        let paths = vec![output.file.clone()];
        sizes.insert(number, Files { paths, size });
    }
    Ok(sizes)
}

/// Bytes of the files that a plan puts into an image.
fn new_bytes(plan: &Plan) -> u64 {
    let lens = plan.steps.iter().map(|step| match &step.change {
        Change::PutFile { content, .. } => content.id().len,
        _ => 0,
    });
    lens.fold(0, u64::saturating_add)
}
