//! Names of files and jobs.

use std::fs;
use std::path::{Path, PathBuf};

/// What is wrong with a name that becomes part of names of files and jobs.
pub(super) fn bad_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (!begins || !name.chars().all(fits)).then(|| {
        format!(
            "`{name}` is no name: letters, digits, `.`, `-` and `_` make one, a letter or digit in \
             front"
        )
    })
}

/// A path without links, as far as there is something.
pub(super) fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let above = match path.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    match (path.file_name(), above != path) {
        (Some(name), true) if above != Path::new(".") => real(above).join(name),
        (Some(name), _) => fs::canonicalize(above).unwrap_or_default().join(name),
        (None, _) => path.to_owned(),
    }
}
