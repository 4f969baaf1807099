//! `verify`: whether a WIM file is sound.

use std::path::Path;

use wimwright_servicing::container::{Verified, VerifySeverity, verify};
use wimwright_servicing::{Access, WimFile};

use super::metered::metered;
use super::whole_file;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::Verify;
use crate::render::text::{count, printable, size};

/// Findings that are listed: of a file with thousands of them, the first tell
/// what there is to know.
const SHOWN: usize = 50;

/// Runs `verify WIM`.
pub(super) fn run(word: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let file = whole_file(word)?;
    let wim = WimFile::open(&file, &context.references()?, Access::Read)?;
    let found = metered("verify", context, |meter| verify(&wim, meter))?;
    let name = file.display().to_string();
    let code = match found.is_sound() {
        true => ExitCode::Done,
        false => ExitCode::Findings,
    };
    if context.json {
        context.document(&Verify::new(&name, &found))?;
        return Ok(code);
    }
    let text = text(&name, &found, context);
    context.text(&text)?;
    Ok(code)
}

fn text(name: &str, found: &Verified, context: &Context<'_>) -> String {
    let paint = context.paint();
    let mut text = String::new();
    let shown = match context.verbose {
        true => usize::MAX,
        false => SHOWN,
    };
    for finding in found.findings.iter().take(shown) {
        let severity = match finding.severity {
            VerifySeverity::Note if context.quiet => continue,
            VerifySeverity::Note => paint.strong("note:"),
            VerifySeverity::Warning => paint.warning("warning:"),
            VerifySeverity::Damage => paint.error("damage:"),
        };
        let message = printable(&finding.message);
        text.push_str(&format!("{severity} {message} [{}]\n", finding.name));
    }
    let more = found.findings.len().saturating_sub(shown);
    if more > 0 {
        let findings = count(more, "more finding", "more findings");
        text.push_str(&format!("and {findings}: --verbose lists all\n"));
    }
    let verdict = match found.is_sound() {
        true => paint.good("sound"),
        false => paint.error("not sound"),
    };
    text.push_str(&format!("{}: {verdict}\n", printable(name)));
    if !context.quiet {
        let images = count(found.images as usize, "image", "images");
        let integrity = match found.integrity {
            true => "the integrity table",
            false => "no integrity table is there",
        };
        text.push_str(&format!(
            "checked: {images}, {} files and directories, {} contents of {}, {integrity}\n",
            found.entries,
            found.blobs,
            size(found.bytes)
        ));
    }
    text
}
