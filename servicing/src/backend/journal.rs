//! The journal: a record of every step of a commit, from which the steps can
//! be carried out again.
//!
//! Lines of JSON. The first names the format; then one line per step, in the
//! order of carrying out; the last is the SHA-1 of all before it. What the
//! n-th removal moves away is `old-n`, what the n-th new content was staged as
//! is `new-n`, and where the n-th move waits between its two paths is
//! `moved-n`, counted from 0.
//!
//! A commit with moves has two phases, which the journal's name tells: first
//! all that goes or moves is taken out of the image, then what moves and what
//! is new is put where it belongs. In the second phase a name in the image may
//! be an old or a new thing's, and nothing is taken away any more.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha1::{Digest as _, Sha1};

use super::RESERVED;
use super::error::BackendError;
use super::host::Host;
use crate::blob::{ContentId, read_all};
use crate::hex::Hex;
use crate::plan::Times;
use crate::text::Text;
use crate::tree::directory::{is_reserved, path_from_text, path_text};

const FORMAT: &str = "wimwright journal";
/// 2 has moves and stamps; a program that knows 1 refuses it.
const VERSION: u32 = 2;
/// Longest journal that is read, in bytes: a million steps. The file may be a
/// stranger's.
const MAX_LEN: u64 = 256 * 1024 * 1024;

/// The journal while it is written: not valid yet, whatever it holds.
pub(crate) fn draft_path() -> PathBuf {
    Path::new(RESERVED).join("journal.new")
}

/// The journal in force: its steps are to be carried out.
pub(crate) fn path() -> PathBuf {
    Path::new(RESERVED).join("journal")
}

/// The journal in force when all that goes or moves was taken out of the image.
pub(crate) fn placing_path() -> PathBuf {
    Path::new(RESERVED).join("journal.placing")
}

/// The journal whose steps are all carried out.
pub(crate) fn done_path() -> PathBuf {
    Path::new(RESERVED).join("done")
}

/// Where the new content of a put lies until its step.
pub(crate) fn staged_path(put: usize) -> PathBuf {
    Path::new(RESERVED).join(format!("new-{put}"))
}

/// Where a removal moves to.
pub(crate) fn removed_path(removal: usize) -> PathBuf {
    Path::new(RESERVED).join(format!("old-{removal}"))
}

/// Where a move waits between its two paths.
pub(crate) fn moved_path(number: usize) -> PathBuf {
    Path::new(RESERVED).join(format!("moved-{number}"))
}

/// Whether a name in the reserved directory is one that may be swept away:
/// one of the above, but not what a move left waiting, which is the user's.
pub(crate) fn is_ours(name: &str) -> bool {
    let numbered = |prefix| {
        let number: Option<&str> = name.strip_prefix(prefix);
        number
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(name, "journal" | "journal.new" | "journal.placing" | "done")
        || numbered("new-")
        || numbered("old-")
}

/// How new content gets to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The staged file is given the name.
    Rename,
    /// The staged content is written over the file that is there.
    InPlace,
}

/// New content and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) path: PathBuf,
    pub(crate) content: ContentId,
    pub(crate) how: How,
}

/// A name that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The path before the commit.
    pub(crate) from: PathBuf,
    /// The path after it.
    pub(crate) to: PathBuf,
}

/// Attributes and times of a file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) path: PathBuf,
    pub(crate) attributes: Option<u32>,
    pub(crate) times: Times,
}

/// The steps of a commit. Paths are below the image root, without links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Journal {
    /// How many changes were asked for.
    pub(crate) changes: usize,
    /// First, in this order: names that go, with all below them.
    pub(crate) removals: Vec<PathBuf>,
    /// With them the first half, then the second: names that get another path.
    pub(crate) moves: Vec<Move>,
    /// Then: directories that come, the upper ones first.
    pub(crate) directories: Vec<PathBuf>,
    /// Then: new content.
    pub(crate) puts: Vec<Put>,
    /// At last: attributes and times.
    pub(crate) stamps: Vec<Stamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    changes: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Remove(HostPath),
    Move {
        from: HostPath,
        to: HostPath,
    },
    MakeDirectory(HostPath),
    Rename {
        path: HostPath,
        content: ContentId,
    },
    WriteInPlace {
        path: HostPath,
        content: ContentId,
    },
    Stamp {
        path: HostPath,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attributes: Option<u32>,
        times: Times,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    #[serde(with = "crate::hex")]
    sha1: [u8; 20],
}

struct HostPath(PathBuf);

impl Serialize for HostPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let text = path_text(&self.0);
        text.ok_or_else(|| S::Error::custom("a host name that is no Windows name"))?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HostPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<HostPath, D::Error> {
        use serde::de::Error as _;
        let text = Text::deserialize(deserializer)?;
        let path = path_from_text(&text).filter(|path| !is_reserved(path));
        let path =
            path.ok_or_else(|| D::Error::custom(format!("`{text}` is no path in an image")))?;
        Ok(HostPath(path))
    }
}

/// Why bytes are no journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("it has no checksum at its end")]
    NoSeal,
    #[error("its checksum is {stored}, but its content gives {computed}")]
    Checksum { stored: String, computed: String },
    #[error("line {line}: {reason}")]
    Line { line: usize, reason: String },
    #[error("line {line} is out of order")]
    Order { line: usize },
    #[error("format version {0}")]
    Version(u32),
}

impl Journal {
    /// Whether there is nothing to do.
    pub(crate) fn has_no_steps(&self) -> bool {
        self.removals.is_empty()
            && self.moves.is_empty()
            && self.directories.is_empty()
            && self.puts.is_empty()
            && self.stamps.is_empty()
    }

    /// The journal's bytes.
    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            changes: self.changes,
        };
        push_line(&mut bytes, &header)?;
        for path in &self.removals {
            push_line(&mut bytes, &Line::Remove(HostPath(path.clone())))?;
        }
        for Move { from, to } in &self.moves {
            let (from, to) = (HostPath(from.clone()), HostPath(to.clone()));
            push_line(&mut bytes, &Line::Move { from, to })?;
        }
        for path in &self.directories {
            push_line(&mut bytes, &Line::MakeDirectory(HostPath(path.clone())))?;
        }
        for put in &self.puts {
            let (path, content) = (HostPath(put.path.clone()), put.content);
            let line = match put.how {
                How::Rename => Line::Rename { path, content },
                How::InPlace => Line::WriteInPlace { path, content },
            };
            push_line(&mut bytes, &line)?;
        }
        for stamp in &self.stamps {
            let line = Line::Stamp {
                path: HostPath(stamp.path.clone()),
                attributes: stamp.attributes,
                times: stamp.times,
            };
            push_line(&mut bytes, &line)?;
        }
        let sha1 = Sha1::digest(&bytes).into();
        push_line(&mut bytes, &Seal { sha1 })?;
        Ok(bytes)
    }

    /// Reads what [`Journal::encode`] gave.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Journal, Malformed> {
        let inner = bytes.strip_suffix(b"\n").ok_or(Malformed::NoSeal)?;
        let body_len = inner
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let (body, seal) = inner.split_at_checked(body_len).ok_or(Malformed::NoSeal)?;
        let seal: Seal = serde_json::from_slice(seal).map_err(|_| Malformed::NoSeal)?;
        let computed: [u8; 20] = Sha1::digest(body).into();
        if seal.sha1 != computed {
            return Err(Malformed::Checksum {
                stored: Hex(&seal.sha1).to_string(),
                computed: Hex(&computed).to_string(),
            });
        }
        let mut lines = body.split_inclusive(|byte| *byte == b'\n').zip(1..);
        let (header, _) = lines.next().ok_or(Malformed::NoSeal)?;
        let header: Header = parse_line(header, 1)?;
        if header.format != FORMAT {
            let reason = format!("format `{}`, not `{FORMAT}`", header.format);
            return Err(Malformed::Line { line: 1, reason });
        }
        // 1 has the same steps, but fewer kinds.
        if header.version == 0 || header.version > VERSION {
            return Err(Malformed::Version(header.version));
        }
        let mut journal = Journal {
            changes: header.changes,
            ..Journal::default()
        };
        for (bytes, line) in lines {
            journal
                .push(parse_line(bytes, line)?)
                .ok_or(Malformed::Order { line })?;
        }
        Ok(journal)
    }

    /// Adds a step; `None` where it comes too late.
    fn push(&mut self, line: Line) -> Option<()> {
        let (path, content, how) = match line {
            Line::Remove(HostPath(path)) => {
                self.removals.push(path);
                return (self.moves.is_empty() && self.has_no_later_steps(true)).then_some(());
            }
            Line::Move { from, to } => {
                let (HostPath(from), HostPath(to)) = (from, to);
                self.moves.push(Move { from, to });
                return self.has_no_later_steps(true).then_some(());
            }
            Line::MakeDirectory(HostPath(path)) => {
                let in_time = self.has_no_later_steps(false);
                self.directories.push(path);
                return in_time.then_some(());
            }
            Line::Stamp {
                path: HostPath(path),
                attributes,
                times,
            } => {
                self.stamps.push(Stamp {
                    path,
                    attributes,
                    times,
                });
                return Some(());
            }
            Line::Rename { path, content } => (path, content, How::Rename),
            Line::WriteInPlace { path, content } => (path, content, How::InPlace),
        };
        let HostPath(path) = path;
        self.puts.push(Put { path, content, how });
        self.stamps.is_empty().then_some(())
    }

    /// Whether no step is there that comes after those of names; of
    /// directories, too, with `directories`.
    fn has_no_later_steps(&self, directories: bool) -> bool {
        (!directories || self.directories.is_empty())
            && self.puts.is_empty()
            && self.stamps.is_empty()
    }

    /// Writes the journal down, not in force yet.
    pub(crate) fn write(&self, host: &dyn Host) -> Result<(), BackendError> {
        let path = draft_path();
        let failed = |error| BackendError::host(host, &path, error);
        let bytes = self.encode().map_err(failed)?;
        if bytes.len() as u64 > MAX_LEN {
            return Err(BackendError::JournalTooLong {
                len: bytes.len() as u64,
                max: MAX_LEN,
            });
        }
        let mut file = host.create(&path).map_err(failed)?;
        file.write_at(0, &bytes).map_err(failed)?;
        drop(file);
        host.sync_file(&path).map_err(failed)
    }

    /// Reads the journal at `path`.
    pub(crate) fn read(host: &dyn Host, path: &Path) -> Result<Journal, BackendError> {
        let damaged = |reason: String| BackendError::JournalDamaged {
            path: host.locate(path),
            reason,
        };
        let bytes = host
            .read(path)
            .and_then(|blob| read_all(blob.as_ref(), MAX_LEN));
        let bytes = match bytes {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Err(damaged(error.to_string()));
            }
            other => other.map_err(|error| BackendError::host(host, path, error))?,
        };
        Journal::decode(&bytes).map_err(|error| match error {
            Malformed::Version(found) => BackendError::JournalFormat {
                path: host.locate(path),
                found,
                known: VERSION,
            },
            other => damaged(other.to_string()),
        })
    }
}

fn push_line<T: Serialize>(bytes: &mut Vec<u8>, line: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *bytes, line)?;
    bytes.push(b'\n');
    Ok(())
}

fn parse_line<'de, T: Deserialize<'de>>(bytes: &'de [u8], line: usize) -> Result<T, Malformed> {
    serde_json::from_slice(bytes).map_err(|error| Malformed::Line {
        line,
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        let put = |path: &str, how| Put {
            path: path.into(),
            content: ContentId::of(path.as_bytes()),
            how,
        };
        Journal {
            changes: 5,
            removals: vec!["Windows/old.sys".into(), "Temp".into()],
            moves: vec![Move {
                from: "Windows/a".into(),
                to: "Windows/new/b".into(),
            }],
            directories: vec!["Windows/new".into()],
            puts: vec![
                put("Windows/new/gr\u{FC}n", How::Rename),
                put("Windows/System32/config/SYSTEM", How::InPlace),
            ],
            stamps: vec![Stamp {
                path: "Windows/new/b".into(),
                attributes: Some(0x21),
                times: Times {
                    written: Some(crate::time::from_unix_seconds(1)),
                    ..Times::default()
                },
            }],
        }
    }

    fn sealed(body: &str) -> Vec<u8> {
        let sha1 = Sha1::digest(body).into();
        let mut bytes = body.as_bytes().to_vec();
        push_line(&mut bytes, &Seal { sha1 }).unwrap();
        bytes
    }

    #[test]
    fn a_journal_is_read_back() {
        for journal in [journal(), Journal::default()] {
            let bytes = journal.encode().unwrap();
            assert_eq!(Journal::decode(&bytes).unwrap(), journal);
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_with_lone_surrogates_survive() {
        use std::os::unix::ffi::OsStringExt as _;
        let name = std::ffi::OsString::from_vec(b"a\xED\xA0\xBD".to_vec());
        let journal = Journal {
            removals: vec![name.into()],
            ..Journal::default()
        };
        assert_eq!(
            Journal::decode(&journal.encode().unwrap()).unwrap(),
            journal
        );
    }

    #[test]
    fn any_other_byte_anywhere_is_noticed() {
        let bytes = journal().encode().unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x04;
            assert!(Journal::decode(&damaged).is_err(), "byte {at}");
            assert!(Journal::decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_sealed_journal_must_still_make_sense() {
        let head = r#"{"format":"wimwright journal","version":1,"changes":1}"#;
        for (body, reason) in [
            (
                format!("{head}\n{{\"remove\":\"../x\"}}\n"),
                "no path in an image",
            ),
            (
                format!("{head}\n{{\"remove\":\"/etc\"}}\n"),
                "no path in an image",
            ),
            (
                format!("{head}\n{{\"remove\":\".WimWright/new-0\"}}\n"),
                "no path in an image",
            ),
            (
                format!("{head}\n{{\"remove\":\"\"}}\n"),
                "no path in an image",
            ),
            (
                format!("{head}\n{{\"rename\":{{\"path\":\"a\"}}}}\n"),
                "missing field",
            ),
            (
                format!("{head}\n{{\"make_directory\":\"a\"}}\n{{\"remove\":\"b\"}}\n"),
                "out of order",
            ),
            (
                head.replace("version\":1", "version\":3") + "\n",
                "format version 3",
            ),
            (
                head.replace("wimwright j", "another j") + "\n",
                "another journal",
            ),
            (String::new(), "no checksum"),
        ] {
            let error = Journal::decode(&sealed(&body)).unwrap_err().to_string();
            assert!(error.contains(reason), "{body}: {error}");
        }
    }

    #[test]
    fn only_names_of_a_commit_are_ours() {
        for (name, ours) in [
            ("journal", true),
            ("new-17", true),
            ("old-0", true),
            ("moved-0", false),
            ("journal.placing", true),
            ("new-", false),
            ("new-1a", false),
            ("notes.txt", false),
        ] {
            assert_eq!(is_ours(name), ours, "{name}");
        }
    }
}
