//! `drivers lint`.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;
use wimwright_drivers::{LintMode, LintOptions, Package, lint};

use super::open;
use crate::args::{LintCommand, ModeChoice};
use crate::context::Context;
use crate::exit::{ExitCode, code_of};
use crate::refusal::Refusal;
use crate::render::json::{DriversLint, LintFindingEntry, LintLevel, LintedInf};
use crate::render::sarif;
use crate::render::text::{Paint, printable};

/// Runs `drivers lint PACKAGE...`.
pub(crate) fn run(command: &LintCommand, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let LintCommand::Lint {
        packages,
        recurse,
        mode,
        strict,
        stampinf,
        sarif,
        force,
    } = command;
    if let Some(file) = sarif
        && file.exists()
        && !force
    {
        let path = file.clone();
        return Err(Refusal::SarifThere { path }.into());
    }
    let options = LintOptions {
        mode: mode_of(*mode),
        stampinf: *stampinf,
        now: Some(context.time),
    };
    let (mut infs, failed) = lint_all(packages, *recurse, &options);
    if *strict {
        for found in infs.iter_mut().flat_map(|inf| &mut inf.findings) {
            if found.severity == LintLevel::Warning {
                found.severity = LintLevel::Error;
            }
        }
    }
    if let Some(file) = sarif {
        save(file, &sarif::document(&infs, options.mode)?, *force)?;
    }
    let count = |level| {
        let findings = infs.iter().flat_map(|inf| &inf.findings);
        findings.filter(|found| found.severity == level).count()
    };
    let (errors, warnings) = (count(LintLevel::Error), count(LintLevel::Warning));
    for inf in &infs {
        for found in &inf.findings {
            context.log("finding", &line(&inf.inf, found, Paint(false)));
        }
    }
    if context.json {
        context.document(&DriversLint {
            mode: options.mode.into(),
            errors,
            warnings,
            infs,
        })?;
    } else {
        let text = text(&infs, context);
        context.text(&text)?;
        if !context.quiet {
            context.text(&summary(infs.len(), errors, warnings))?;
        }
    }
    for error in &failed {
        context.error(error);
    }
    Ok(match failed.first() {
        Some(error) => code_of(error),
        None if errors > 0 => ExitCode::Findings,
        None => ExitCode::Done,
    })
}

fn mode_of(choice: ModeChoice) -> LintMode {
    match choice {
        ModeChoice::Basic => LintMode::Basic,
        ModeChoice::Declarative => LintMode::Declarative,
        ModeChoice::Universal => LintMode::Universal,
        ModeChoice::Windows => LintMode::Windows,
    }
}

/// Lints everything that is named. What cannot be read keeps nothing else from
/// being linted.
fn lint_all(
    named: &[PathBuf],
    recurse: bool,
    options: &LintOptions,
) -> (Vec<LintedInf>, Vec<anyhow::Error>) {
    let mut infs = Vec::new();
    let mut failed = Vec::new();
    let mut fail = |inf: String, error: anyhow::Error, infs: &mut Vec<LintedInf>| {
        infs.push(LintedInf::unread(inf, format!("{error:#}")));
        failed.push(error);
    };
    let mut seen = HashSet::new();
    for given in named {
        let mut packages = match open::infs(given, recurse) {
            Ok(packages) => packages,
            Err(error) => {
                fail(given.display().to_string(), error, &mut infs);
                continue;
            }
        };
        // A file that is named twice is linted once.
        packages.retain(|package| seen.insert(path(package)));
        let results = lint(&packages, options, given.is_dir());
        for (package, result) in packages.iter().zip(results) {
            match result {
                Ok(linted) => infs.push(LintedInf::new(path(package), &linted)),
                Err(error) => fail(path(package), error.into(), &mut infs),
            }
        }
    }
    (infs, failed)
}

/// The host's path of an INF, from where the user named it.
fn path(package: &Package) -> String {
    let inf = package.inf().to_string().replace('\\', "/");
    let path = Path::new(package.name()).join(inf);
    let path = path.strip_prefix(".").unwrap_or(&path);
    path.display().to_string()
}

fn text(infs: &[LintedInf], context: &Context<'_>) -> String {
    let mut text = String::new();
    let mut hinted = HashSet::new();
    for inf in infs {
        if let (Some(architecture), false) = (&inf.stamped_for, context.quiet) {
            text.push_str(&format!(
                "{}: {} an input of a build, read as stampinf writes it for {architecture}\n",
                printable(&inf.inf),
                context.paint().strong("note:"),
            ));
        }
        for found in &inf.findings {
            text.push_str(&line(&inf.inf, found, context.paint()));
            text.push('\n');
            // A hint is worth reading once.
            if let Some(hint) = &found.hint
                && !context.quiet
                && hinted.insert(found.rule.as_str())
            {
                text.push_str(&format!("  {} {hint}\n", context.paint().strong("hint:")));
            }
        }
        if inf.truncated {
            text.push_str(&format!(
                "{}: only the first {} findings are listed\n",
                printable(&inf.inf),
                inf.findings.len()
            ));
        }
    }
    text
}

/// `FILE:LINE:COLUMN: error 1203: ...`, as compilers say it.
fn line(inf: &str, found: &LintFindingEntry, paint: Paint) -> String {
    let mut text = printable(inf).into_owned();
    if let (Some(line), Some(column)) = (found.line, found.column) {
        text.push_str(&format!(":{line}:{column}"));
    }
    let severity = match found.severity {
        LintLevel::Note => paint.strong("note"),
        LintLevel::Warning => paint.warning("warning"),
        LintLevel::Error => paint.error("error"),
    };
    let message = printable(&found.message);
    text.push_str(&format!(": {severity} {}: {message}", found.rule));
    text
}

fn summary(infs: usize, errors: usize, warnings: usize) -> String {
    let number = |count: usize, what: &str| match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "{}: {}, {}\n",
        number(infs, "file"),
        number(errors, "error"),
        number(warnings, "warning")
    )
}

/// Writes the file beside its place and renames it, so that a report is whole
/// or not there.
fn save(file: &Path, text: &str, replace: bool) -> anyhow::Result<()> {
    let named = || format!("SARIF file `{}`", file.display());
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut new = NamedTempFile::new_in(folder).with_context(named)?;
    new.write_all(text.as_bytes()).with_context(named)?;
    let kept = match replace {
        true => new.persist(file),
        false => new.persist_noclobber(file),
    };
    kept.map_err(|error| error.error).with_context(named)?;
    Ok(())
}
