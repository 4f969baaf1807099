//! What is wrong with a build file, with the line and the column.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::exit::ExitCode;

/// Why a build is not begun, or not ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// Something in the file.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Said {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
        /// What it names is not there.
        missing: bool,
    },
    #[error("`{}` is longer than the {max} bytes that a build file has at most", path.display())]
    TooLong { path: PathBuf, max: u64 },
    #[error("`{}` is no UTF-8 text: byte {at} is wrong", path.display())]
    NotText { path: PathBuf, at: usize },
    #[error("the build has no output `{name}`")]
    NoOutput { name: String, known: Vec<String> },
    #[error("output `{}` exists, and is no file that this build left there", path.display())]
    Foreign { path: PathBuf },
    #[error("output `{}` is being built by another process", path.display())]
    Busy { path: PathBuf },
    #[error("`{}` was changed while it was copied", path.display())]
    Changed { path: PathBuf },
    #[error("source `{name}`, step `{step}`: refused: {subjects}")]
    Refused {
        name: String,
        step: String,
        subjects: String,
        can_skip: bool,
    },
    #[error("output `{output}`: source `{source_name}` has {images} images, and one boots")]
    BootOfSeveral {
        output: String,
        source_name: String,
        images: u32,
    },
    #[error("source `{name}`: {lost} files and folders could not be captured: {first}")]
    Lost {
        name: String,
        lost: u64,
        first: String,
    },
    #[error("`{}` has no `[matrix]`", path.display())]
    NoMatrix { path: PathBuf },
    #[error("`{}` holds {character:?}, which cannot stand in a list of jobs", path.display())]
    JobPath { path: PathBuf, character: char },
}

impl Problem {
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Problem::Said { missing: true, .. } => ExitCode::Damaged,
            Problem::Said { .. }
            | Problem::TooLong { .. }
            | Problem::NotText { .. }
            | Problem::NoOutput { .. }
            | Problem::NoMatrix { .. } => ExitCode::Usage,
            _ => ExitCode::Refused,
        }
    }

    /// What the user can do about it, where that is known.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Problem::NoOutput { known, .. } => format!("there is `{}`", known.join("`, `")),
            Problem::Foreign { .. } => "it is another file, or was changed since; `--force` \
                                        replaces it"
                .to_owned(),
            Problem::Busy { .. } => "wait for it, and run the build again: what is done then is \
                                     left as it is"
                .to_owned(),
            Problem::BootOfSeveral { .. } => {
                "make two sources of it, one with the image that boots: `FILE.wim:2`".to_owned()
            }
            Problem::Changed { .. } => "run the build again".to_owned(),
            Problem::Refused { can_skip: true, .. } => {
                "`skip-refused = true` in the step goes on without them".to_owned()
            }
            Problem::NoMatrix { .. } => {
                "`[matrix]` names bases and models; without one, `build FILE.toml` makes everything"
                    .to_owned()
            }
            _ => return None,
        })
    }
}

/// The text of a build file, to say where something stands in it.
pub(super) struct Said {
    path: PathBuf,
    text: String,
}

impl Said {
    pub(super) fn new(path: &Path, text: String) -> Said {
        let path = path.to_owned();
        Said { path, text }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong at this byte.
    pub(super) fn problem(&self, at: usize, message: impl Into<String>) -> Problem {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        Problem::Said {
            path: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
            message: message.into(),
            missing: false,
        }
    }

    /// What is wrong with this value.
    pub(super) fn wrong<T>(&self, value: &Spanned<T>, message: impl Into<String>) -> anyhow::Error {
        self.problem(value.span().start, message).into()
    }

    /// That what this value names is not there.
    pub(super) fn missing(&self, value: &Spanned<String>) -> anyhow::Error {
        let message = format!("`{}` does not exist", value.get_ref());
        match self.problem(value.span().start, message) {
            Problem::Said {
                path,
                line,
                column,
                message,
                ..
            } => Problem::Said {
                path,
                line,
                column,
                message,
                missing: true,
            },
            other => other,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_lines_and_columns_of_characters() {
        let said = Said::new(Path::new("b.toml"), "a = 1\nü = \"x\"\n".to_owned());
        for (at, expected) in [
            (0, "b.toml:1:1: x"),
            (4, "b.toml:1:5: x"),
            (6, "b.toml:2:1: x"),
            (11, "b.toml:2:5: x"),
            (999, "b.toml:3:1: x"),
        ] {
            assert_eq!(said.problem(at, "x").to_string(), expected);
        }
    }
}
