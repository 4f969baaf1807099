//! What images are made from: their source, or what an earlier build made of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::Keys;
use super::recipe::{Form, OutputRecipe, Recipe};
use super::record::{Record, There, Written};

/// What the images of a node are made from.
pub(super) enum Origin {
    /// Nobody needs them.
    Nothing,
    /// Its source.
    Source,
    /// The images of its parent.
    Parent(usize),
    /// A file that an earlier build made of its parent.
    File(Made),
}

/// A file that an earlier build made.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) file: PathBuf,
    /// What it was like when it was looked at.
    pub(super) left: Written,
}

/// What the images of each node are made from.
pub(super) struct Origins(Vec<Origin>);

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
        let mut made: BTreeMap<usize, Option<Made>> = BTreeMap::new();
        for (node, found) in recipe.nodes.iter().enumerate() {
            let Some(parent) = &found.parent else {
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
                made.insert(*parent, made_of(recipe, keys, *parent, found.form)?);
            }
            match made.get(parent).cloned().flatten() {
                Some(found) => put(node, Origin::File(found)),
                None => {
                    put(node, Origin::Parent(*parent));
                    put(*parent, Origin::Source);
                }
            }
        }
        for (node, needed) in needed.into_iter().enumerate() {
            if needed
                && recipe
                    .nodes
                    .get(node)
                    .is_some_and(|node| node.parent.is_none())
            {
                put(node, Origin::Source);
            }
        }
        Ok(Origins(origins))
    }

    /// That of a node.
    pub(super) fn get(&self, node: usize) -> Option<&Origin> {
        self.0.get(node)
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

/// The file of an output that holds what a node makes and nothing else, in this
/// form, where it is there and made from the same.
fn made_of(recipe: &Recipe, keys: &Keys, node: usize, form: Form) -> anyhow::Result<Option<Made>> {
    let holds = |output: &&OutputRecipe| {
        let alone = output.nodes == [node] && output.form == form;
        alone && output.split.is_none() && output.boot.is_none()
    };
    for output in recipe.outputs.iter().filter(holds) {
        if let There::Ours(there) = Record::read(&output.file)?.there(&output.file)
            && there.key == keys.of(output)?
        {
            return Ok(Some(Made {
                file: output.file.clone(),
                left: there,
            }));
        }
    }
    Ok(None)
}
