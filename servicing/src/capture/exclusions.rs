//! What is left out of a capture: lists as `WimScript.ini` has them.
//!
//! ```ini
//! [ExclusionList]
//! \pagefile.sys
//! *.tmp
//! [ExclusionException]
//! \Windows\keep.tmp
//! [CompressionExclusionList]
//! *.zip
//! ```
//!
//! A pattern with a separator in front is read from the root of the image;
//! any other fits wherever its names stand. What lies below a directory that
//! fits shares its fate: left out, or kept. An exception from the root is found
//! below directories that are left out, too. (Microsoft's "DISM Configuration
//! List and WimScript.ini Files", and wimlib's manual.)

use crate::diff::{NamePattern, fits_name, parse_pattern};
use crate::path::Name;

/// The list that Windows' own tools have built in.
const DEFAULT: &str = r"[ExclusionList]
\$ntfs.log
\hiberfil.sys
\pagefile.sys
\swapfile.sys
\System Volume Information
\RECYCLER
\$Recycle.Bin
\Windows\CSC
";

/// Sections that Windows and wimlib know and that say nothing of a capture.
const OTHER_SECTIONS: [&str; 3] = ["PrepopulateList", "AlignmentList", "CompressionFolderList"];

/// Why a list was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExclusionError {
    /// Neither UTF-8 nor UTF-16.
    #[error("the list is neither UTF-8 nor UTF-16 with a byte order mark")]
    Encoding,
    /// A section that nobody knows.
    #[error("line {line}: section `[{section}]` is not known")]
    Section {
        /// Where, from 1 on.
        line: usize,
        /// Its name.
        section: String,
    },
    /// A pattern before the first section.
    #[error("line {line}: `{text}` stands in no section; `[ExclusionList]` has to come first")]
    NoSection {
        /// Where, from 1 on.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A pattern that can fit nothing.
    #[error("line {line}: `{pattern}` is no pattern of paths: {reason}")]
    Pattern {
        /// Where, from 1 on.
        line: usize,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// A pattern for paths.
#[derive(Clone, Debug)]
struct PathPattern {
    from_root: bool,
    names: Vec<NamePattern>,
}

impl PathPattern {
    fn parse(text: &str) -> Result<PathPattern, &'static str> {
        let separators = ['\\', '/'];
        // A drive letter means nothing: there is one root.
        let text = match text.as_bytes() {
            [letter, b':', ..] if letter.is_ascii_alphabetic() => text.get(2..).unwrap_or_default(),
            _ => text,
        };
        let inner = text.trim_start_matches(separators);
        let from_root = inner.len() < text.len();
        let inner = inner.trim_end_matches(separators);
        if inner.is_empty() {
            return Err("it holds no name");
        }
        let names = inner.split(separators).map(|name| match name {
            "" => Err("it has an empty name between two separators"),
            "." | ".." => Err("it goes up, or stays"),
            // A single name fits anywhere: the last part is the name.
            name => parse_pattern(name)
                .ok()
                .and_then(|mut parts| parts.pop())
                .ok_or("a name in it holds a colon"),
        });
        Ok(PathPattern {
            from_root,
            names: names.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it fits a whole path.
    fn fits(&self, path: &[Name]) -> bool {
        let Some(above) = path.len().checked_sub(self.names.len()) else {
            return false;
        };
        if self.from_root && above > 0 {
            return false;
        }
        let tail = path.get(above..).unwrap_or_default();
        let mut pairs = self.names.iter().zip(tail);
        pairs.all(|(pattern, name)| fits_name(pattern, name))
    }

    /// Whether something that it fits can lie below `path`.
    fn leads_through(&self, path: &[Name]) -> bool {
        let mut pairs = self.names.iter().zip(path);
        self.from_root
            && path.len() < self.names.len()
            && pairs.all(|(pattern, name)| fits_name(pattern, name))
    }
}

/// What is left out of a capture, and what is not compressed.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    left_out: Vec<PathPattern>,
    kept: Vec<PathPattern>,
    stored: Vec<PathPattern>,
}

/// What the lists say of a directory, and so of what is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fate {
    rule: Rule,
    /// Content is not compressed.
    pub(super) stored: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rule {
    /// Nothing fits so far.
    #[default]
    Open,
    /// An exception fits it, or a directory above.
    Kept,
    /// Left out, but an exception leads through it.
    Passage,
}

impl Exclusions {
    /// Leaves out nothing.
    pub fn nothing() -> Exclusions {
        Exclusions::default()
    }

    /// What Windows' own tools leave out: page and hibernation files, the
    /// recycle bin, restore points and the cache of offline files.
    pub fn windows() -> Exclusions {
        let mut exclusions = Exclusions::nothing();
        // A test reads the list; it cannot fail.
        let _ = exclusions.add_text(DEFAULT);
        exclusions
    }

    /// Adds what a `WimScript.ini` says: UTF-8, or UTF-16 with a byte order
    /// mark.
    ///
    /// # Errors
    /// [`ExclusionError`].
    pub fn add(&mut self, list: &[u8]) -> Result<(), ExclusionError> {
        let text = match list {
            [0xFF, 0xFE, rest @ ..] => {
                let units = rest.chunks(2).map(|pair| match pair {
                    [low, high] => u16::from_le_bytes([*low, *high]),
                    // A lone byte is no unit: an unpaired surrogate is none.
                    _ => 0xD800,
                });
                let text: Result<String, _> = char::decode_utf16(units).collect();
                text.map_err(|_| ExclusionError::Encoding)?
            }
            [0xEF, 0xBB, 0xBF, rest @ ..] | rest => std::str::from_utf8(rest)
                .map_err(|_| ExclusionError::Encoding)?
                .to_owned(),
        };
        self.add_text(&text)
    }

    fn add_text(&mut self, text: &str) -> Result<(), ExclusionError> {
        let mut lists = self.clone();
        let mut section = None;
        let mut ignore = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = text.strip_prefix('[') {
                let name = name.strip_suffix(']').unwrap_or(name).trim();
                section = Some(name.to_owned());
                lists.list(name, &mut ignore, line)?;
                continue;
            }
            let Some(section) = &section else {
                let text = text.to_owned();
                return Err(ExclusionError::NoSection { line, text });
            };
            let quoted = ['"', '\''].into_iter().find_map(|quote| {
                let inner = text.strip_prefix(quote)?;
                inner.strip_suffix(quote)
            });
            let pattern = quoted.unwrap_or(text).trim();
            let parsed = PathPattern::parse(pattern).map_err(|reason| ExclusionError::Pattern {
                line,
                pattern: pattern.to_owned(),
                reason,
            })?;
            lists.list(section, &mut ignore, line)?.push(parsed);
        }
        *self = lists;
        Ok(())
    }

    fn list<'l>(
        &'l mut self,
        section: &str,
        ignore: &'l mut Vec<PathPattern>,
        line: usize,
    ) -> Result<&'l mut Vec<PathPattern>, ExclusionError> {
        let is = |name: &str| section.eq_ignore_ascii_case(name);
        match () {
            () if is("ExclusionList") => Ok(&mut self.left_out),
            () if is("ExclusionException") => Ok(&mut self.kept),
            () if is("CompressionExclusionList") => Ok(&mut self.stored),
            () if OTHER_SECTIONS.iter().any(|name| is(name)) => Ok(ignore),
            () => Err(ExclusionError::Section {
                line,
                section: section.to_owned(),
            }),
        }
    }

    /// What becomes of `path` in a directory with this fate; `None` when it is left out. `Some` of something that is not a
    /// directory may still mean nothing: see [`Fate::takes_files`].
    pub(super) fn fate(&self, above: Fate, path: &[Name]) -> Option<Fate> {
        let fits = |list: &[PathPattern]| list.iter().any(|pattern| pattern.fits(path));
        let rule = match above.rule {
            Rule::Kept => Rule::Kept,
            _ if fits(&self.kept) => Rule::Kept,
            Rule::Open if !fits(&self.left_out) => Rule::Open,
            _ if self.kept.iter().any(|kept| kept.leads_through(path)) => Rule::Passage,
            _ => return None,
        };
        let stored = above.stored || fits(&self.stored);
        Some(Fate { rule, stored })
    }
}

impl Fate {
    /// Whether a file with this fate is captured; a directory always is.
    pub(super) fn takes_files(self) -> bool {
        self.rule != Rule::Passage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ImagePath;

    /// What becomes of a path, going down to it: `None`, or whether its
    /// content is stored as it is.
    fn taken(exclusions: &Exclusions, path: &str) -> Option<bool> {
        let path = ImagePath::parse(path).unwrap();
        let names = path.names();
        let mut fate = Fate::default();
        for depth in 1..=names.len() {
            fate = exclusions.fate(fate, &names[..depth])?;
        }
        fate.takes_files().then_some(fate.stored)
    }

    #[test]
    fn the_lists_say_what_is_taken() {
        let mut exclusions = Exclusions::nothing();
        let list = "; a comment\r\n[exclusionlist]\r\n\\pagefile.sys\r\n*.tmp\r\n\
                    \"\\System Volume Information\"\r\nC:/Windows/Temp\r\n'cache\\old?'\r\n# more\r\n\
                    [ExclusionException]\r\nkeep.tmp\r\n\\Windows\\Temp\\logs\\last.txt\r\n\
                    [CompressionExclusionList]\r\n*.zip\r\n\\media\r\n\
                    [PrepopulateList]\r\n\\Windows\\x\r\n";
        exclusions.add(list.as_bytes()).unwrap();
        for (path, expected) in [
            ("PAGEFILE.SYS", None),
            ("a\\pagefile.sys", Some(false)),
            ("a\\b\\x.TMP", None),
            ("dir.tmp\\file", None),
            ("a\\keep.tmp", Some(false)),
            ("keep.tmp\\x.tmp", Some(false)),
            ("x.tmp\\keep.tmp", None),
            ("system volume information\\a", None),
            ("Windows\\Temp\\a", None),
            ("Windows\\Temp\\logs\\a", None),
            ("Windows\\Temp\\logs\\LAST.txt", Some(false)),
            ("Windows\\Temporary", Some(false)),
            ("a\\cache\\old1", None),
            ("a\\cache\\old12", Some(false)),
            ("a\\x.zip", Some(true)),
            ("media\\film", Some(true)),
            ("a\\media\\film", Some(false)),
            ("Windows\\x", Some(false)),
        ] {
            assert_eq!(taken(&exclusions, path), expected, "{path}");
        }
    }

    #[test]
    fn windows_leaves_out_what_is_made_anew_at_every_start() {
        let exclusions = Exclusions::windows();
        for path in [
            "$ntfs.log",
            "hiberfil.sys",
            "pagefile.sys",
            "swapfile.sys",
            "System Volume Information\\x",
            "RECYCLER\\S-1-5",
            "$RECYCLE.BIN\\S-1-5",
            "Windows\\CSC\\v2.0.6",
        ] {
            assert_eq!(taken(&exclusions, path), None, "{path}");
        }
        assert_eq!(taken(&exclusions, "Windows\\CSCx"), Some(false));
    }

    #[test]
    fn utf16_is_read_and_what_is_wrong_is_named() {
        let mut exclusions = Exclusions::nothing();
        let utf16 = |text: &str| -> Vec<u8> {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            [0xFF, 0xFE].into_iter().chain(units).collect()
        };
        exclusions
            .add(&utf16("[ExclusionList]\r\nGrüße.*\r\n"))
            .unwrap();
        assert_eq!(taken(&exclusions, "a\\GRÜßE.txt"), None);
        let odd = [utf16("[ExclusionList]"), vec![0x41]].concat();
        for (list, word) in [
            (
                b"[ExclusionLst]\n".to_vec(),
                "line 1: section `[ExclusionLst]`",
            ),
            (b"\n\\x\n".to_vec(), "line 2: `\\x` stands in no section"),
            (b"[ExclusionList]\n\\\n".to_vec(), "no name"),
            (b"[ExclusionList]\na\\\\b\n".to_vec(), "empty name"),
            (b"[ExclusionList]\n..\\b\n".to_vec(), "goes up"),
            (b"[ExclusionList]\n\xFF\n".to_vec(), "UTF-8"),
            (odd, "UTF-16"),
        ] {
            let error = exclusions.add(&list).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        // What was refused changed nothing.
        assert_eq!(taken(&exclusions, "x"), Some(false));
    }
}
