//! `build`: a whole job in one file.
//!
//! | step | file |
//! |---|---|
//! | what the file says, and what is wrong with it | `file`, `problem` |
//! | which steps make which images, and which files hold them | `recipe` |
//! | what is there already | `keys`, `listing`, `record`, `origin` |
//! | what the steps read, and do | `steps` |
//! | images on their way, and files in their place | `stage`, `workplace`, `parallel`, `write` |
//! | what it will cost, and what came of it | `sizes`, `show` |
//! | the matrix as jobs for others to run | `jobs` |

pub(crate) mod file;
mod jobs;
mod keys;
mod listing;
mod origin;
mod parallel;
mod problem;
mod recipe;
mod record;
mod show;
mod sizes;
mod stage;
mod steps;
mod workplace;
mod write;

use std::collections::BTreeMap;

use self::keys::Keys;
use self::origin::Origins;
pub(crate) use self::problem::Problem;
use self::recipe::Recipe;
use self::record::{Record, There, Written};
use self::stage::{Bench, Done};
use self::steps::{Opened, Opener};
use crate::args::BuildWords;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::OutputOutcome;

/// What is to become of an output, or became of it.
struct Asked {
    /// Its number in the recipe.
    output: usize,
    key: String,
    outcome: OutputOutcome,
    /// What is there, where a build left it.
    there: Option<Written>,
    /// Files that nobody knows may be replaced.
    force: bool,
}

/// The images of a node, done or planned.
struct Images {
    node: usize,
    done: Vec<Done>,
}

/// Runs `build FILE.toml`.
pub(super) fn run(words: &BuildWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let recipe = Recipe::of(file::read(&words.file)?)?;
    if let Some(engine) = words.engine {
        return jobs::run(words, engine, &recipe, context);
    }
    let wanted = recipe.wanted(&words.only)?;
    let references = context.references()?;
    context.progress("look", 0, 1);
    let mut known = BTreeMap::new();
    for output in wanted.iter().filter_map(|at| recipe.outputs.get(*at)) {
        known.extend(Record::read(&output.file)?.inputs);
    }
    let time = context.reproducible.then_some(context.time);
    let keys = Keys::read(&recipe, &wanted, &known, &references, time)?;
    let asked: Vec<Asked> = wanted
        .iter()
        .map(|number| ask(&recipe, &keys, *number, words.force))
        .collect::<anyhow::Result<_>>()?;
    let is_to_build = |asked: &&Asked| asked.outcome != OutputOutcome::Unchanged;
    let to_build: Vec<&Asked> = asked.iter().filter(is_to_build).collect();
    if to_build.is_empty() {
        return show::all(words, &recipe, &asked, &[], &BTreeMap::new(), context);
    }

    let of_asked = to_build.iter().map(|asked| asked.output);
    let outputs: Vec<usize> = of_asked.collect();
    let origins = match words.dry_run {
        true => Origins::of_dry_run(&recipe, &outputs),
        false => Origins::find(&recipe, &keys, &outputs)?,
    };
    let opened = open_steps(&recipe, &origins, context)?;
    let bench = Bench {
        recipe: &recipe,
        opened: &opened,
        references: &references,
        time: context.time,
        reproducible: context.reproducible,
    };
    if words.dry_run {
        let nodes = origins.planned(&recipe, &outputs);
        let total = nodes.len() as u64;
        let plan = |node: &usize| -> anyhow::Result<Images> {
            let done = match recipe.nodes.get(*node) {
                Some(found) => bench.plan(found)?,
                None => Vec::new(),
            };
            Ok(Images { node: *node, done })
        };
        let images = parallel::each(&nodes, plan, |done| {
            context.progress("plan", done as u64, total);
        })?;
        let sizes = sizes::planned(&bench, &outputs, &images)?;
        return show::all(words, &recipe, &asked, &images, &sizes, context);
    }
    let written = write::write(&bench, &keys, &origins, &to_build, context)?;
    show::all(
        words,
        &recipe,
        &asked,
        &written.images,
        &written.files,
        context,
    )
}

/// What is to become of an output.
fn ask(recipe: &Recipe, keys: &Keys, number: usize, force: bool) -> anyhow::Result<Asked> {
    use anyhow::Context as _;
    let output = recipe
        .outputs
        .get(number)
        .context("an output has a number")?;
    let key = keys.of(output)?;
    let (outcome, there) = match Record::read(&output.file)?.there(&output.file) {
        There::Nothing => (OutputOutcome::Built, None),
        There::Ours(there) if there.key == key => (OutputOutcome::Unchanged, Some(there)),
        There::Ours(there) => (OutputOutcome::Replaced, Some(there)),
        There::Foreign if force => (OutputOutcome::Replaced, None),
        There::Foreign => {
            return Err(Problem::Foreign {
                path: output.file.clone(),
            }
            .into());
        }
    };
    Ok(Asked {
        output: number,
        key,
        outcome,
        there,
        force,
    })
}

/// Opens what the steps read that are to be done, each once.
fn open_steps(
    recipe: &Recipe,
    origins: &Origins,
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<Option<Opened>>> {
    let mut needed = vec![false; recipe.steps.len()];
    for node in origins.nodes().filter_map(|node| recipe.nodes.get(node)) {
        for step in &node.steps {
            if let Some(place) = needed.get_mut(*step) {
                *place = true;
            }
        }
    }
    let opener = Opener::new(recipe);
    let steps = recipe.steps.iter().zip(needed);
    let opened = steps.map(|(step, needed)| match needed {
        true => opener.open(step, context).map(Some),
        false => Ok(None),
    });
    opened.collect()
}
