//! The hives of the corpus with what its `PROVENANCE.md` says about each.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: each test uses a part of it, and a wrong corpus ends the test"
)]

pub(crate) mod dump;

use std::path::{Path, PathBuf};

/// State of a file, as its base block shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Clean,
    Dirty { bad_checksum: bool },
    NotAHive,
}

/// One row of the table of files that is no log.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) state: State,
    facts: String,
}

impl Row {
    /// The number after `label`, or 0 where the row does not say it.
    pub(crate) fn number(&self, label: &str) -> usize {
        self.facts
            .split([';', ','])
            .filter_map(|fact| fact.trim().strip_prefix(label))
            .find_map(|rest| rest.trim().parse().ok())
            .unwrap_or(0)
    }

    /// The number before `label`, or 0.
    pub(crate) fn number_before(&self, label: &str) -> usize {
        let Some(end) = self.facts.find(label) else {
            return 0;
        };
        let words = self.facts[..end].trim().rsplit([' ', ';', ',']);
        words
            .into_iter()
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(0)
    }

    /// The count of one form of subkey list, such as `lf`.
    pub(crate) fn lists(&self, form: &str) -> usize {
        let (_, lists) = self.facts.split_once("; lists").unwrap();
        lists
            .split([';', '/'])
            .filter_map(|list| list.trim().strip_prefix(form))
            .find_map(|count| count.trim().parse().ok())
            .unwrap_or(0)
    }

    pub(crate) fn minor(&self) -> u32 {
        let (_, version) = self.facts.split_once("v1.").unwrap();
        version[..1].parse().unwrap()
    }

    pub(crate) fn read(&self, corpus: &Path) -> Vec<u8> {
        wimwright_testdata::read(&corpus.join("hives").join(&self.name))
    }
}

fn table<'t>(text: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let (_, section) = text.split_once(heading).unwrap();
    section
        .lines()
        .skip_while(|line| !line.starts_with("| ---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

fn provenance(corpus: &Path) -> String {
    std::fs::read_to_string(corpus.join("hives/PROVENANCE.md")).unwrap()
}

/// All files of the corpus that are or pretend to be hives.
pub(crate) fn hives(corpus: &Path) -> Vec<Row> {
    let text = provenance(corpus);
    let rows: Vec<Row> = table(&text, "## Files")
        .into_iter()
        .filter_map(|cells| {
            let (name, state, facts) = (cells[0], cells[6], cells[7]);
            let state = if state.starts_with("clean") {
                State::Clean
            } else if state.starts_with("dirty") {
                State::Dirty {
                    bad_checksum: state.ends_with("bad checksum"),
                }
            } else if facts.contains("no regf signature") {
                State::NotAHive
            } else {
                return None;
            };
            let name = name.strip_suffix(".zst").unwrap_or(name).to_owned();
            Some(Row {
                name,
                state,
                facts: facts.trim_end_matches('|').to_owned(),
            })
        })
        .collect();
    assert!(
        rows.len() > 70,
        "the table of files has another form: {} rows",
        rows.len()
    );
    rows
}

/// One row of the table of replayed states.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    /// Path of the hive below `hives`.
    pub(crate) name: String,
    /// First and last entry applied, where the log is of the new format.
    pub(crate) applied: Option<(u32, u32)>,
    pub(crate) pages: Option<usize>,
    pub(crate) bins_size: usize,
    pub(crate) keys: usize,
    pub(crate) values: usize,
    pub(crate) sha256: String,
}

/// The replayed states of the dirty hives.
pub(crate) fn goldens(corpus: &Path) -> Vec<Golden> {
    let text = provenance(corpus);
    let goldens: Vec<Golden> = table(&text, "## Replayed state")
        .into_iter()
        .map(|cells| {
            let (folder, file) = match cells[0].split_once('/') {
                Some((folder, name)) => (
                    format!("{folder}/{name}/"),
                    name.trim_end_matches(|digit: char| digit.is_ascii_digit()),
                ),
                None => (String::new(), cells[0]),
            };
            let entries = cells[2].split(' ').next().unwrap();
            let applied = entries
                .split_once("..")
                .map(|(first, last)| (first.parse().unwrap(), last.parse().unwrap()));
            let pages = [" page references", " dirty 512-byte pages"]
                .into_iter()
                .find_map(|label| {
                    let cell = [cells[1], cells[2]]
                        .into_iter()
                        .find(|cell| cell.contains(label))?;
                    let before = &cell[..cell.find(label)?];
                    before.rsplit([' ', '(']).next()?.parse().ok()
                });
            Golden {
                name: format!("{folder}{file}"),
                applied,
                pages,
                bins_size: cells[3].parse().unwrap(),
                keys: cells[4].parse().unwrap(),
                values: cells[5].parse().unwrap(),
                sha256: cells[6].trim_end_matches('|').trim().to_owned(),
            }
        })
        .collect();
    assert_eq!(
        goldens.len(),
        6,
        "the table of replayed states has another form"
    );
    goldens
}

/// The logs beside a hive, empty ones included.
pub(crate) fn logs(corpus: &Path, name: &str) -> Vec<Vec<u8>> {
    let beside = corpus.join("hives").join(name);
    [".LOG", ".LOG1", ".LOG2"]
        .into_iter()
        .filter_map(|suffix| {
            let mut path = beside.clone().into_os_string();
            path.push(suffix);
            let mut compressed = path.clone();
            compressed.push(".zst");
            let path = PathBuf::from(path);
            (path.exists() || Path::new(&compressed).exists())
                .then(|| wimwright_testdata::read(&path))
        })
        .collect()
}
