//! `explain`: a check, a code or a log, in words.

mod checks;
mod log;

use std::ffi::OsString;
use std::path::Path;

use wimwright_servicing::explain::{self, Code};

use crate::args::ExplainWords;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::explain as text;
use crate::render::json::{ExitEntry, Explained, ExplainedCode, ExplainedKind};

/// Runs `explain WORD...`.
pub(super) fn run(words: &ExplainWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let words = words.words.as_slice();
    let joined = words.iter().map(|word| word.to_str());
    let joined: Option<Vec<&str>> = joined.collect();
    let joined = joined.map(|words| words.join(" "));
    if let Some(explained) = joined.as_deref().and_then(known) {
        return show(&explained, context);
    }
    match words {
        [file] => of_file(file, joined.as_deref(), context),
        [image, path] => log::in_image(Path::new(image), path, context),
        _ => Err(nothing(joined.as_deref().unwrap_or_default()).into()),
    }
}

/// What the lists say of a word: an exit code, a check, a code.
fn known(word: &str) -> Option<Explained> {
    if let Some(number) = exit_number(word) {
        let code = ExitCode::ALL
            .into_iter()
            .find(|code| *code as u8 == number)?;
        let mut explained = Explained::new(word, ExplainedKind::Exit);
        explained.exit = Some(ExitEntry::from(code));
        return Some(explained);
    }
    let checks = checks::find(word.trim_matches(['[', ']']));
    let code = Code::parse(word).or_else(|| of_name(word));
    if checks.is_empty() && code.is_none() {
        return None;
    }
    let kind = match checks.is_empty() {
        false => ExplainedKind::Check,
        true => ExplainedKind::Code,
    };
    let mut explained = Explained::new(word, kind);
    explained.checks = checks;
    explained.code = code.map(|code| ExplainedCode::from(&explain::explain(code)));
    if !explained.checks.is_empty() {
        // A rule's number is an error's as well only where it is one that is met.
        explained.code = explained.code.filter(|code| code.known);
    }
    Some(explained)
}

/// The code with this name.
fn of_name(word: &str) -> Option<Code> {
    explain::by_name(word).map(|entry| entry.code())
}

/// The number in `exit 4`.
fn exit_number(word: &str) -> Option<u8> {
    let (first, rest) = word.split_once(' ')?;
    let rest = rest.strip_prefix("code ").unwrap_or(rest);
    first
        .eq_ignore_ascii_case("exit")
        .then(|| rest.trim().parse().ok())?
}

fn show(explained: &Explained, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    match context.json {
        true => context.document(explained)?,
        false => {
            let text = text::known(explained, context);
            context.text(&text)?;
        }
    }
    Ok(ExitCode::Done)
}

fn of_file(
    file: &OsString,
    word: Option<&str>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let path = Path::new(file);
    if path == Path::new("-") {
        return log::of_input(context);
    }
    match path.metadata() {
        Ok(found) if found.is_dir() => {
            let path = path.to_owned();
            Err(Refusal::LogDirectory { path }.into())
        }
        Ok(_) => log::of_file(path, context),
        Err(_) => {
            let word = word.unwrap_or_default();
            // What has a folder or an ending was meant as a file.
            let is_path = path.components().count() > 1 || path.extension().is_some();
            match is_path {
                true => Err(Refusal::Missing {
                    path: path.to_owned(),
                }
                .into()),
                false => Err(nothing(word).into()),
            }
        }
    }
}

fn nothing(word: &str) -> Refusal {
    Refusal::NothingToExplain {
        word: word.to_owned(),
        near: checks::near(word),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use clap::Parser as _;
    use wimwright_servicing::explain::entries;
    use wimwright_servicing::explain::logs::facts;

    use super::*;
    use crate::args::Arguments;

    /// Words as a shell makes them of a line with single quotes.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec!["wimwright".to_owned()];
        let mut quoted = false;
        let mut word = String::new();
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(std::mem::take(&mut word)),
                _ => word.push(c),
            }
        }
        assert!(!quoted, "{line}");
        words.push(word);
        words
    }

    #[test]
    fn every_command_that_is_advised_is_one() {
        let of_codes = entries().flat_map(|entry| entry.steps);
        let of_facts = facts().iter().flat_map(|fact| fact.steps);
        let mut count = 0;
        for command in of_codes.chain(of_facts).filter_map(|step| step.command) {
            let parsed = Arguments::try_parse_from(words(command));
            assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
            count += 1;
        }
        assert!(count > 200, "{count}");
    }

    #[test]
    fn words_are_told_apart() {
        for (word, kind) in [
            ("exit 4", ExplainedKind::Exit),
            ("Exit code 0", ExplainedKind::Exit),
            ("kernel-kind", ExplainedKind::Check),
            ("[boot-start]", ExplainedKind::Check),
            ("section-not-found", ExplainedKind::Check),
            ("22.9.1", ExplainedKind::Check),
            ("0x800f081e", ExplainedKind::Code),
            ("STOP 0x7B", ExplainedKind::Code),
            ("inaccessible_boot_device", ExplainedKind::Code),
        ] {
            let found = known(word).map(|explained| explained.kind);
            assert_eq!(found, Some(kind), "{word}");
        }
        for word in ["exit 9", "exit x", "dism.log", "", "exit"] {
            assert!(known(word).is_none(), "{word}");
        }
    }
}
