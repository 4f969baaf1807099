//! What `apply` and `extract` say.

use super::Verb;
use crate::context::Context;
use crate::render::json::AppliedImage;
use crate::render::text::{count, printable, size};

/// Says what was done with an image, or would be.
pub(super) fn show(
    verb: Verb,
    dry_run: bool,
    applied: &AppliedImage,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let done = match (verb, dry_run) {
        (Verb::Apply, false) => "applied",
        (Verb::Apply, true) => "would apply",
        (Verb::Extract, false) => "extracted",
        (Verb::Extract, true) => "would extract",
    };
    let head = format!("{done} {} to `{}`", applied.image, applied.target);
    context.log("result", &head);
    for damaged in &applied.damaged {
        let path = damaged.path.to_string();
        let error = anyhow::anyhow!("`{path}`: {}", damaged.error);
        context.error(&error);
    }
    if context.json {
        return Ok(());
    }
    let mut text = format!(
        "{}  {} to `{}`\n",
        context.paint().good(done),
        printable(&applied.image),
        printable(&applied.target)
    );
    text.push_str(&format!("  {}\n", counts(applied)));
    if let Some(moved) = &applied.moved {
        let names: Vec<String> = moved.names.iter().map(ToString::to_string).collect();
        let what = match dry_run {
            true => "to be moved into",
            false => "moved into",
        };
        let moved = format!("{what} `{}`: {}", moved.into, names.join(", "));
        text.push_str(&format!("  {}\n", printable(&moved)));
    }
    if applied.replaced > 0 {
        let what = match dry_run {
            true => ("file to be replaced", "files to be replaced"),
            false => ("file replaced", "files replaced"),
        };
        let what = count(applied.replaced as usize, what.0, what.1);
        text.push_str(&format!("  {what}\n"));
    }
    for path in applied.replaced_files.iter().flatten() {
        let path = path.to_string();
        text.push_str(&format!("    {}\n", printable(&path)));
    }
    for path in &applied.removed {
        let removed = match dry_run {
            true => "to be removed",
            false => "removed",
        };
        let line = format!("{removed}: `{path}`, the log of a hive that was replaced");
        text.push_str(&format!("  {}\n", printable(&line)));
    }
    if !context.quiet || dry_run {
        context.text(&text)?;
    }
    context.findings(&applied.findings);
    Ok(())
}

/// How much there is of what.
fn counts(applied: &AppliedImage) -> String {
    let mut parts = vec![
        count(applied.files as usize, "file", "files"),
        count(applied.directories as usize, "directory", "directories"),
    ];
    for (number, one, many) in [
        (applied.hard_links, "hard link", "hard links"),
        (applied.links, "link", "links"),
    ] {
        if number > 0 {
            parts.push(count(number as usize, one, many));
        }
    }
    parts.push(size(applied.bytes));
    parts.join(", ")
}
