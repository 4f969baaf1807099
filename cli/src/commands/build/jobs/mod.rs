//! `build --matrix`: the matrix as a list of jobs that an engine runs unchanged.
//!
//! A job is `wimwright build FILE --only OUTPUT`. It does nothing where its
//! output is there already, so whatever was killed is run again. A job for a
//! model takes the file of its base where that is there, and else does what
//! makes it as well: so jobs may run in any order, and where an engine knows of
//! order, bases come first.

mod kubernetes;
mod make;
mod slurm;
mod snakemake;

use std::path::Path;

use anyhow::Context as _;

use super::problem::Problem;
use super::recipe::Recipe;
use crate::args::{BuildWords, Engine};
use crate::commands::report_file;
use crate::context::Context;
use crate::exit::ExitCode;

/// A job of the matrix.
struct Job {
    /// Its output's name: letters, digits, `.`, `-`, `_`.
    name: String,
    /// The file that it makes.
    file: String,
    /// The job that makes its base, by its place in the list.
    base: Option<usize>,
    /// The files and folders that it reads.
    inputs: Vec<String>,
}

/// What is to be run.
struct List {
    /// The build file, as it was named.
    file: String,
    jobs: Vec<Job>,
}

impl List {
    /// How many jobs make bases; they stand in front.
    fn bases(&self) -> usize {
        let is_base = |number: &usize| self.jobs.iter().any(|job| job.base == Some(*number));
        (0..self.jobs.len()).filter(is_base).count()
    }
}

/// Runs `build FILE.toml --matrix --as ENGINE`.
pub(super) fn run(
    words: &BuildWords,
    engine: Engine,
    recipe: &Recipe,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let list = list(words, recipe)?;
    let text = match engine {
        Engine::Make => make::text(&list),
        Engine::Snakemake => snakemake::text(&list)?,
        Engine::Slurm => slurm::text(&list),
        Engine::Kubernetes => kubernetes::text(&list)?,
    };
    match &words.output {
        None => context.text(&text)?,
        Some(path) => {
            report_file::write(path, &text, words.force)?;
            context.log("result", &format!("jobs {}", path.display()));
        }
    }
    Ok(ExitCode::Done)
}

/// The jobs, those of bases in front.
fn list(words: &BuildWords, recipe: &Recipe) -> anyhow::Result<List> {
    if recipe.matrix.is_empty() {
        let path = words.file.clone();
        return Err(Problem::NoMatrix { path }.into());
    }
    let is_base = |output: usize| recipe.matrix.iter().any(|job| job.base == Some(output));
    let mut order: Vec<usize> = (0..recipe.matrix.len()).collect();
    order.sort_by_key(|at| {
        recipe
            .matrix
            .get(*at)
            .is_some_and(|job| !is_base(job.output))
    });
    let outputs: Vec<usize> = order
        .iter()
        .filter_map(|at| recipe.matrix.get(*at))
        .map(|job| job.output)
        .collect();
    let mut jobs = Vec::new();
    for job in order.iter().filter_map(|at| recipe.matrix.get(*at)) {
        let output = recipe
            .outputs
            .get(job.output)
            .context("a job has an output")?;
        let mut inputs = vec![plain(&words.file)?];
        for path in recipe.read_by(job.output) {
            inputs.push(plain(&path)?);
        }
        jobs.push(Job {
            name: output.name.clone(),
            file: plain(&output.file)?,
            base: outputs.iter().position(|output| Some(*output) == job.base),
            inputs,
        });
    }
    let file = plain(&words.file)?;
    Ok(List { file, jobs })
}

/// A path that can stand in a line of text.
fn plain(path: &Path) -> Result<String, Problem> {
    let text = path.to_str().unwrap_or("\u{FFFD}");
    let odd = |c: &char| c.is_control() || *c == '\u{FFFD}';
    match text.chars().find(odd) {
        None => Ok(text.to_owned()),
        Some(character) => Err(Problem::JobPath {
            path: path.to_owned(),
            character,
        }),
    }
}

/// A word for a POSIX shell.
fn shell(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._-/=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(safe) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// What stands at the head of each list, with the engine's mark of a comment.
fn head(list: &List, engine: &str) -> String {
    format!(
        "# {} jobs of {}, one command each. Run it again after whatever happened:\n\
         # what is done is left as it is. Made by `wimwright build --matrix --as {engine}`.\n",
        list.jobs.len(),
        list.file
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        for (word, expected) in [
            ("out/a-1.wim", "out/a-1.wim"),
            ("a b", "'a b'"),
            ("it's $x", "'it'\\''s $x'"),
            ("", "''"),
        ] {
            assert_eq!(shell(word), expected);
        }
        assert!(plain(Path::new("a\nb")).is_err());
    }
}
