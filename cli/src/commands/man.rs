//! `man`: the manual pages of all commands, made of what `--help` says.

use std::io;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use wimwright_servicing::{FileTime, time};

use super::report_file;
use crate::args::Arguments;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::ManPages;
use crate::render::text::{count, printable};

/// Runs `man DIR`.
pub(super) fn run(
    directory: &Path,
    force: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let pages = pages(context.time).context("the manual pages")?;
    let files: Vec<_> = pages
        .iter()
        .map(|(name, text)| (directory.join(name), text.as_str()))
        .collect();
    for (path, _) in &files {
        report_file::check(path, force)?;
    }
    std::fs::create_dir_all(directory).with_context(|| format!("`{}`", directory.display()))?;
    report_file::write_all(&files, force)?;
    let directory = directory.display().to_string();
    if context.json {
        let pages = pages.into_iter().map(|(name, _)| name).collect();
        context.document(&ManPages { directory, pages })?;
    } else if !context.quiet {
        let number = count(pages.len(), "manual page", "manual pages");
        let text = format!("wrote {number} to `{}`\n", printable(&directory));
        context.text(&text)?;
    }
    Ok(ExitCode::Done)
}

/// Every page by its file name, those of commands behind those above them.
fn pages(date: FileTime) -> io::Result<Vec<(String, String)>> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    let mut open = vec![(command, None)];
    while let Some((command, above)) = open.pop() {
        let below: Vec<_> = { command.get_subcommands() }
            .filter(|below| !below.is_hide_set())
            .cloned()
            .collect();
        let name = name_of(&command).to_owned();
        pages.push((
            format!("{name}.1"),
            page(command, above.as_deref(), &below, date)?,
        ));
        // The last one put here is the next one taken out.
        open.extend(
            below
                .into_iter()
                .rev()
                .map(|below| (below, Some(name.clone()))),
        );
    }
    Ok(pages)
}

/// `wimwright-drivers-add`.
fn name_of(command: &clap::Command) -> &str {
    let name = command.get_display_name();
    name.unwrap_or_else(|| command.get_name())
}

fn page(
    command: clap::Command,
    above: Option<&str>,
    below: &[clap::Command],
    date: FileTime,
) -> io::Result<String> {
    // What stands behind the whole program's help are its exit codes.
    let has_more = above.is_some()
        && (command.get_after_long_help().is_some() || command.get_after_help().is_some());
    let man = Man::new(command)
        .date(time::date(date))
        .source(concat!("wimwright ", env!("CARGO_PKG_VERSION")))
        .manual("wimwright manual");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if !below.is_empty() {
        man.render_subcommands_section(&mut text)?;
    }
    if has_more {
        man.render_extra_section(&mut text)?;
    }
    ending(above).to_writer(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    // What clap writes between paragraphs, mandoc calls a mistake.
    let text = text.replace("\n.br\n\n.br\n", "\n.sp\n");
    Ok(text.replace("\n.SH EXTRA\n", "\n.SH NOTES\n"))
}

/// The exit codes, and the page above.
fn ending(above: Option<&str>) -> Roff {
    let mut roff = Roff::default();
    roff.control("SH", ["EXIT STATUS"]);
    for code in ExitCode::ALL {
        roff.control("TP", []);
        roff.text([bold((code as u8).to_string())]);
        roff.text([roman(code.meaning())]);
    }
    if let Some(above) = above {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold(above), roman("(1)")]);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_every_page_its_parts() {
        let pages = pages(FileTime(0)).unwrap();
        let find = |name: &str| {
            let mut found = pages.iter().filter(|(page, _)| page == name);
            let (_, text) = found.next().unwrap_or_else(|| panic!("no {name}"));
            assert!(found.next().is_none(), "{name} twice");
            text
        };
        assert!(pages.len() > 50, "{}", pages.len());
        assert_eq!(pages[0].0, "wimwright.1");
        let top = find("wimwright.1");
        assert!(top.contains("wimwright\\-drivers(1)"), "{top}");
        let add = find("wimwright-drivers-add.1");
        for words in [
            ".TH wimwright-drivers-add 1 1601-01-01 \"wimwright ",
            "\\-\\-undo\\-out",
            "done in part",
            "\\fBwimwright\\-drivers\\fR(1)",
        ] {
            assert!(add.contains(words), "no `{words}`: {add}");
        }
        // What only the long help says stands there, too.
        let diff = find("wimwright-diff.1");
        assert!(diff.contains(".SH NOTES"), "{diff}");
        for (name, text) in &pages {
            for part in [
                ".SH NAME",
                ".SH SYNOPSIS",
                ".SH OUTPUT",
                ".SH \"EXIT STATUS\"",
            ] {
                assert!(text.contains(part), "{name}: no {part}");
            }
        }
    }
}
