//! Which paths of an image are left out, by patterns with wildcards.
//!
//! `*` stands for any characters within a name, `?` for one, `**` for any
//! number of names. A pattern of one name fits at any depth; one with a
//! separator is read from the image root. What lies below a path that fits is
//! left out with it. Case does not count, as in all names of Windows.

use wimwright_hive::upcase;

use crate::path::{ImagePath, Name};

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// No name in it.
    #[error("pattern `{pattern}` holds no name")]
    Empty {
        /// The pattern as given.
        pattern: String,
    },
    /// Two separators in a row.
    #[error("pattern `{pattern}` has an empty name between two separators")]
    EmptyName {
        /// The pattern as given.
        pattern: String,
    },
    /// `.` or `..`, which no path in an image holds.
    #[error("pattern `{pattern}` has the name `{name}`, which no path in an image holds")]
    Relative {
        /// The pattern as given.
        pattern: String,
        /// The name.
        name: String,
    },
    /// A colon: patterns begin at the image root, not at a drive.
    #[error("pattern `{pattern}` names a drive; give it from the image root, like `Windows\\Temp`")]
    Drive {
        /// The pattern as given.
        pattern: String,
    },
}

/// A part of a pattern for one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// This UTF-16 unit, upper-cased.
    Unit(u16),
    /// Any one unit.
    One,
    /// Any units.
    Many,
}

/// A pattern for one name of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamePattern {
    /// A name that fits.
    Name(Vec<Part>),
    /// Any names.
    Many,
}

/// Patterns of paths that are left out.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    patterns: Vec<Vec<NamePattern>>,
}

impl Exclude {
    /// Leaves out nothing.
    pub fn nothing() -> Exclude {
        Exclude::default()
    }

    /// Leaves out what fits one of `patterns`.
    ///
    /// # Errors
    /// [`PatternError`] for a pattern that could fit nothing.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Exclude, PatternError> {
        let parsed = patterns.iter().map(|pattern| parse(pattern.as_ref()));
        Ok(Exclude {
            patterns: parsed.collect::<Result<_, _>>()?,
        })
    }

    /// Whether nothing is left out.
    pub fn is_nothing(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether `path`, or a directory above it, is left out.
    pub fn covers(&self, path: &ImagePath) -> bool {
        let names = path.names();
        self.patterns.iter().any(|pattern| {
            (1..=names.len())
                .filter_map(|depth| names.get(..depth))
                .any(|names| {
                    let many = |part: &NamePattern| *part == NamePattern::Many;
                    glob(pattern, names, many, fits_name)
                })
        })
    }
}

/// Reads a pattern: one for each name.
pub(crate) fn parse(pattern: &str) -> Result<Vec<NamePattern>, PatternError> {
    let given = || pattern.to_owned();
    if pattern.contains(':') {
        return Err(PatternError::Drive { pattern: given() });
    }
    let separators = ['\\', '/'];
    let from_root = pattern.strip_prefix(separators);
    let inner = from_root.unwrap_or(pattern);
    let inner = inner.strip_suffix(separators).unwrap_or(inner);
    if inner.is_empty() {
        return Err(PatternError::Empty { pattern: given() });
    }
    let mut names = Vec::new();
    // One name fits wherever it stands.
    if from_root.is_none() && !inner.contains(separators) {
        names.push(NamePattern::Many);
    }
    for name in inner.split(separators) {
        names.push(match name {
            "" => return Err(PatternError::EmptyName { pattern: given() }),
            "." | ".." => {
                return Err(PatternError::Relative {
                    pattern: given(),
                    name: name.to_owned(),
                });
            }
            "**" => NamePattern::Many,
            name => NamePattern::Name(
                name.encode_utf16()
                    .map(|unit| match unit {
                        STAR => Part::Many,
                        QUESTION => Part::One,
                        unit => Part::Unit(upcase(unit)),
                    })
                    .collect(),
            ),
        });
    }
    Ok(names)
}

const STAR: u16 = b'*' as u16;
const QUESTION: u16 = b'?' as u16;

/// Whether a name fits; any does where any number of names may be.
pub(crate) fn fits_name(pattern: &NamePattern, name: &Name) -> bool {
    let NamePattern::Name(parts) = pattern else {
        return true;
    };
    let units: Vec<u16> = name.as_text().units().map(upcase).collect();
    glob(
        parts,
        &units,
        |part| *part == Part::Many,
        |part, unit| match part {
            Part::Unit(wanted) => wanted == unit,
            Part::One | Part::Many => true,
        },
    )
}

/// Whether `pattern` fits all of `text`, where a part that is `many` stands
/// for any number of items and any other for one that it `fits`. Going back to
/// the last `many` is enough, so the time is bounded by the product of the
/// lengths, whatever the pattern.
fn glob<P, T>(
    pattern: &[P],
    text: &[T],
    many: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry = None;
    loop {
        match (pattern.get(at), text.get(from)) {
            (None, None) => return true,
            (Some(part), _) if many(part) => {
                retry = Some((at, from));
                at += 1;
                continue;
            }
            (Some(part), Some(item)) if fits(part, item) => {
                at += 1;
                from += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            // The last `many` takes one item more.
            Some((star, taken)) if taken < text.len() => {
                retry = Some((star, taken + 1));
                at = star + 1;
                from = taken + 1;
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_their_table_says() {
        for (pattern, path, covered) in [
            ("pagefile.sys", "pagefile.sys", true),
            ("pagefile.sys", "Windows\\PAGEFILE.SYS", true),
            ("\\pagefile.sys", "Windows\\pagefile.sys", false),
            ("/pagefile.sys", "pagefile.sys", true),
            ("*.log", "Windows\\INF\\setupapi.dev.LOG", true),
            ("*.log", "Windows\\INF\\setupapi.logs", false),
            ("Windows\\Temp", "windows\\TEMP\\a\\b", true),
            ("Windows/Temp/", "Windows\\Temp", true),
            ("Windows\\Temp", "Users\\Windows\\Temp", false),
            ("Windows\\Temp\\*", "Windows\\Temp", false),
            ("Windows\\Temp\\*", "Windows\\Temp\\x\\y", true),
            ("Windows\\*\\drivers", "Windows\\System32\\drivers", true),
            ("Windows\\*\\drivers", "Windows\\a\\b\\drivers", false),
            ("Windows\\**\\drivers", "Windows\\a\\b\\drivers", true),
            ("Windows\\**\\drivers", "Windows\\drivers", true),
            ("**\\x\\*.txt", "a\\b\\x\\y.txt", true),
            ("config\\*", "Windows\\config\\a", false),
            ("SYSTEM.LOG?", "a\\SYSTEM.LOG1", true),
            ("SYSTEM.LOG?", "a\\SYSTEM.LOG", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("*", "anything", true),
            ("gr\u{FC}\u{DF}e", "GR\u{DC}\u{DF}E", true),
        ] {
            let exclude = Exclude::new(&[pattern]).unwrap();
            let path = ImagePath::parse(path).unwrap();
            assert_eq!(exclude.covers(&path), covered, "`{pattern}` on `{path}`");
        }
        assert!(!Exclude::nothing().covers(&ImagePath::parse("a").unwrap()));
        assert!(!Exclude::new(&["*"]).unwrap().covers(&ImagePath::root()));
    }

    #[test]
    fn patterns_that_fit_nothing_are_refused() {
        for (pattern, word) in [
            ("", "no name"),
            ("\\", "no name"),
            ("a\\\\b", "empty name"),
            ("..\\x", "`..`"),
            ("C:\\Windows", "drive"),
        ] {
            let error = Exclude::new(&[pattern]).unwrap_err().to_string();
            assert!(error.contains(word), "`{pattern}`: {error}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_the_product_of_the_lengths() {
        let pattern = "a*".repeat(120) + "b";
        let name = "a".repeat(255);
        let exclude = Exclude::new(&[pattern]).unwrap();
        assert!(!exclude.covers(&ImagePath::parse(&name).unwrap()));
    }
}
