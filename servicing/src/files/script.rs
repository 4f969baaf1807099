//! Commands on files, one a line, as `wimlib-imagex update` reads them.
//!
//! `add SOURCE DESTINATION`, `delete [--force] [--recursive] PATH` and
//! `rename OLD NEW`. Words are separated by blanks; in single or double quotes
//! they may hold some. A line that begins with `#` is a comment. Source: the
//! page wimupdate(1), "Available commands" and "Notes".

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use super::{DeleteOptions, FilesError, HostSource, delete, put_known, rename};
use crate::draft::{Draft, SourceId};
use crate::path::ImagePath;

/// The longest script that is read, in bytes: some hundred thousand lines.
const MAX_SCRIPT: usize = 64 * 1024 * 1024;

/// A command of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A file or directory of the host is put into the image.
    Add {
        /// On the host.
        source: PathBuf,
        /// In the image.
        destination: ImagePath,
    },
    /// Something goes.
    Delete {
        /// What.
        path: ImagePath,
        /// How.
        options: DeleteOptions,
    },
    /// Something gets another path; what has that makes way as rename(3) says.
    Rename {
        /// What.
        from: ImagePath,
        /// Its path from then on.
        to: ImagePath,
    },
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Add {
                source,
                destination,
            } => write!(f, "add {} {destination}", source.display()),
            Command::Delete { path, .. } => write!(f, "delete {path}"),
            Command::Rename { from, to } => write!(f, "rename {from} {to}"),
        }
    }
}

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ScriptError {
    /// Which line, from 1 on; 0 for the whole text.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Commands in the order to carry them out, each with its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    commands: Vec<(usize, Command)>,
}

impl Script {
    /// Reads a script. `options` are those of every `delete` besides its own.
    ///
    /// # Errors
    /// [`ScriptError`] at the first line that is none.
    pub fn parse(bytes: &[u8], options: DeleteOptions) -> Result<Script, ScriptError> {
        let whole = |reason: String| ScriptError { line: 0, reason };
        if bytes.len() > MAX_SCRIPT {
            let reason = format!("{} bytes, at most {MAX_SCRIPT} are read", bytes.len());
            return Err(whole(reason));
        }
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|error| whole(format!("it is not UTF-8: {error}")))?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut commands = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let at_line = |reason| ScriptError {
                line: number + 1,
                reason,
            };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words = words(line).map_err(at_line)?;
            let command = command(&words, options).map_err(at_line)?;
            commands.push((number + 1, command));
        }
        Ok(Script { commands })
    }

    /// Its commands.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().map(|(_, command)| command)
    }
}

/// Splits a line into words; quotes, where a word begins with one, keep blanks
/// in it.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' | '\'' => {
                let inner = rest.get(1..).unwrap_or_default();
                let (word, after) = inner
                    .split_once(first)
                    .ok_or_else(|| format!("a quote `{first}` is not closed"))?;
                if after.starts_with(|next: char| !next.is_whitespace()) {
                    return Err(format!("a blank is missing behind {first}{word}{first}"));
                }
                (word, after)
            }
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}

fn command(words: &[String], options: DeleteOptions) -> Result<Command, String> {
    let path = |word: &str| ImagePath::parse(word).map_err(|error| error.to_string());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["add", source, destination] if !source.starts_with("--") => Ok(Command::Add {
            source: PathBuf::from(source),
            destination: path(destination)?,
        }),
        ["delete", given @ .., target] if !target.starts_with("--") => {
            let mut options = options;
            for option in given {
                match *option {
                    "--force" => options.missing_is_fine = true,
                    "--recursive" | "--recurse" => options.recurse = true,
                    other => return Err(format!("`delete` has no option `{other}`")),
                }
            }
            Ok(Command::Delete {
                path: path(target)?,
                options,
            })
        }
        ["rename", from, to] => Ok(Command::Rename {
            from: path(from)?,
            to: path(to)?,
        }),
        ["add", ..] => Err("`add` takes two words: SOURCE DESTINATION".to_owned()),
        ["delete", ..] => Err("`delete` takes options and one word: PATH".to_owned()),
        ["rename", ..] => Err("`rename` takes two words: OLD NEW".to_owned()),
        [other, ..] => Err(format!(
            "there is no command `{other}`: add, delete, rename"
        )),
        [] => Err("there is no command".to_owned()),
    }
}

/// Carries a script out; all of it, or nothing.
///
/// # Errors
/// [`FilesError::Line`] at the first command that cannot be carried out.
pub fn run_script(draft: &mut Draft, script: &Script) -> Result<(), FilesError> {
    draft.attempt(|draft| {
        let mut known = HashMap::new();
        for (line, command) in &script.commands {
            run(draft, command, &mut known).map_err(|source| FilesError::Line {
                line: *line,
                command: command.to_string(),
                source: Box::new(source),
            })?;
        }
        Ok(())
    })
}

/// Carries one command out. A directory that several commands take files from
/// is one source.
fn run(
    draft: &mut Draft,
    command: &Command,
    known: &mut HashMap<String, SourceId>,
) -> Result<(), FilesError> {
    match command {
        Command::Add {
            source,
            destination,
        } => {
            let from = HostSource::open(source)?;
            let id = *known
                .entry(from.name())
                .or_insert_with(|| draft.add_source(from.name(), from.tree()));
            put_known(draft, &from, id, destination)
        }
        Command::Delete { path, options } => delete(draft, path, *options).map(drop),
        Command::Rename { from, to } => rename(draft, from, to, true).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Script, ScriptError> {
        Script::parse(text.as_bytes(), DeleteOptions::default())
    }

    fn path(text: &str) -> ImagePath {
        ImagePath::parse(text).unwrap()
    }

    #[test]
    fn commands_are_read_with_quotes_and_comments() {
        let script = parse(
            "\u{FEFF}# a comment\n\n  add 'C:\\My Dir' '\\My Dir'\r\n\
             add \"it's\"   /dir/file\ndelete --force --recursive /old\n\
             rename a \"b c\"\n\t# more\n",
        );
        let script = script.unwrap();
        let recurse = DeleteOptions {
            recurse: true,
            missing_is_fine: true,
        };
        assert_eq!(
            script.commands().cloned().collect::<Vec<_>>(),
            [
                Command::Add {
                    source: PathBuf::from("C:\\My Dir"),
                    destination: path("My Dir"),
                },
                Command::Add {
                    source: PathBuf::from("it's"),
                    destination: path("dir\\file"),
                },
                Command::Delete {
                    path: path("old"),
                    options: recurse,
                },
                Command::Rename {
                    from: path("a"),
                    to: path("b c"),
                },
            ]
        );
        let lines: Vec<usize> = script.commands.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4, 5, 6]);
    }

    #[test]
    fn what_is_no_command_is_named_by_its_line() {
        for (text, line, reason) in [
            ("add a", 1, "two words"),
            ("\nadd --no-acls a b", 2, "two words"),
            ("delete", 1, "one word"),
            ("delete --now a", 1, "no option `--now`"),
            ("rename a b c", 1, "two words"),
            ("move a b", 1, "no command `move`"),
            ("delete 'a", 1, "not closed"),
            ("delete 'a'b", 1, "blank is missing"),
            ("delete ../a", 1, "cannot go up"),
            ("rename a C:\\b", 1, "names a drive"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
        let error = Script::parse(b"delete \xFF", DeleteOptions::default()).unwrap_err();
        assert_eq!(error.line, 0);
        assert!(error.reason.contains("UTF-8"), "{error}");
    }
}
