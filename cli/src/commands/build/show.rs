//! What came of a build, for people and as JSON.

use std::collections::BTreeMap;

use super::recipe::Recipe;
use super::stage::Done;
use super::write::Files;
use super::{Asked, Images};
use crate::args::BuildWords;
use crate::commands::write::{plan_text, summary};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    Build, BuiltImage, BuiltOutput, BuiltStep, FindingEntry, OutputOutcome, PlanDocument,
    ReceiptDocument,
};
use crate::render::text::{Paint, printable, size};

/// Shows images and outputs.
pub(super) fn all(
    words: &BuildWords,
    recipe: &Recipe,
    asked: &[Asked],
    images: &[Images],
    files: &BTreeMap<usize, Files>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let outputs = asked
        .iter()
        .filter_map(|asked| output(recipe, asked, files));
    let outputs: Vec<BuiltOutput> = outputs.collect();
    let changed = asked
        .iter()
        .any(|asked| asked.outcome != OutputOutcome::Unchanged);
    for output in &outputs {
        context.log("result", &line(output, words.dry_run, Paint(false)));
    }
    let mut built = Vec::new();
    for of_node in images {
        let names = users(recipe, asked, of_node.node);
        let source = recipe
            .nodes
            .get(of_node.node)
            .and_then(|node| recipe.sources.get(node.source));
        let source = source.map_or_else(String::new, |source| source.name.clone());
        let done = of_node.done.iter();
        built.extend(done.map(|done| (done, image(done, &source, &names))));
    }
    if context.json {
        let images = built.into_iter().map(|(_, image)| image);
        context.document(&Build {
            changed,
            dry_run: words.dry_run,
            file: words.file.display().to_string(),
            images: images.collect(),
            outputs,
        })?;
        return Ok(ExitCode::Done);
    }
    // A matrix has many.
    let shown = match context.quiet && !words.dry_run {
        true => &[][..],
        false => &built,
    };
    for (done, image) in shown {
        let text = image_text(done, image, context);
        context.text(&text)?;
        context.findings(&image.findings);
    }
    for output in &outputs {
        let line = line(output, words.dry_run, context.paint());
        context.text(&format!("{line}\n"))?;
    }
    if words.dry_run {
        context.text("dry run: nothing was written\n")?;
    } else if !changed && !context.quiet {
        context.text("nothing to build\n")?;
    }
    Ok(ExitCode::Done)
}

/// The names of the outputs that hold what a node makes, as it is or with more.
fn users(recipe: &Recipe, asked: &[Asked], node: usize) -> Vec<String> {
    let holds = |of: &usize| {
        *of == node
            || recipe
                .nodes
                .get(*of)
                .is_some_and(|found| found.parent == Some(node))
    };
    let outputs = asked
        .iter()
        .filter_map(|asked| recipe.outputs.get(asked.output));
    let outputs = outputs.filter(|output| output.nodes.iter().any(holds));
    outputs.map(|output| output.name.clone()).collect()
}

fn output(recipe: &Recipe, asked: &Asked, files: &BTreeMap<usize, Files>) -> Option<BuiltOutput> {
    let output = recipe.outputs.get(asked.output)?;
    let found = match (files.get(&asked.output), &asked.there) {
        (Some(found), _) => found.clone(),
        (None, Some(there)) => {
            let paths = there.files.iter();
            Files {
                paths: paths.map(|name| output.file.with_file_name(name)).collect(),
                size: there.size,
            }
        }
        (None, None) => Files::default(),
    };
    let paths = found.paths.iter();
    Some(BuiltOutput {
        name: output.name.clone(),
        files: paths.map(|path| path.display().to_string()).collect(),
        outcome: asked.outcome,
        key: asked.key.clone(),
        size: found.size,
    })
}

fn image<'d>(done: &'d Done, source: &str, outputs: &[String]) -> BuiltImage<'d> {
    BuiltImage {
        source: source.to_owned(),
        outputs: outputs.to_vec(),
        image_name: done.title.clone(),
        steps: done.steps.clone(),
        findings: done.findings.iter().map(FindingEntry::from).collect(),
        plan: done.plan.as_ref().map(PlanDocument::new),
        receipt: done.receipt.as_ref().map(ReceiptDocument::from),
    }
}

/// An image, its steps, and its plan or what was written.
fn image_text(done: &Done, image: &BuiltImage<'_>, context: &Context<'_>) -> String {
    let title = image.image_name.as_ref();
    let title = title.map_or_else(String::new, |title| format!(" ({title})"));
    let mut names = image.outputs.join(", ");
    if image.outputs.len() > 3 {
        names = format!("{} outputs", image.outputs.len());
    }
    let head = format!("{}{title} for {names}", image.source);
    let mut text = format!("{}\n", context.paint().strong(&printable(&head)));
    for step in &image.steps {
        step_text(step, context, &mut text);
    }
    if let Some(plan) = &done.plan {
        text.push_str(&plan_text(plan, context.verbose));
    }
    if let Some(receipt) = done.receipt.as_ref().filter(|_| !context.quiet) {
        for line in summary(receipt).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// How many things came out in which way; what was refused one by one.
fn step_text(step: &BuiltStep, context: &Context<'_>, text: &mut String) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for result in &step.results {
        *counts.entry(&result.outcome).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(outcome, count)| format!("{count} {outcome}"));
    let mut counts: Vec<String> = counts.collect();
    if counts.is_empty() {
        counts.push("nothing for this image".to_owned());
    }
    text.push_str(&format!("  {}: {}\n", step.step, counts.join(", ")));
    for result in &step.results {
        let line = format!("    {}  {}", result.outcome, result.with_reason());
        let line = printable(&line);
        match result.is_refused() {
            true => text.push_str(&format!("{}\n", context.paint().error(&line))),
            false if context.verbose => text.push_str(&format!("{line}\n")),
            false => {}
        }
    }
}

fn line(output: &BuiltOutput, dry_run: bool, paint: Paint) -> String {
    let word = match (output.outcome, dry_run) {
        (OutputOutcome::Unchanged, _) => paint.strong("unchanged"),
        (OutputOutcome::Built, false) => paint.good("built    "),
        (OutputOutcome::Replaced, false) => paint.good("replaced "),
        (OutputOutcome::Built, true) => paint.good("would build  "),
        (OutputOutcome::Replaced, true) => paint.good("would replace"),
    };
    let about = match dry_run && output.outcome != OutputOutcome::Unchanged {
        true => "about ",
        false => "",
    };
    let files = output.files.join(", ");
    format!(
        "{word}  {}: {about}{}",
        printable(&files),
        size(output.size)
    )
}
