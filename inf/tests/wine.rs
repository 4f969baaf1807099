//! Somebody to disagree with: Wine's setupapi reads the same INFs.
//!
//! `peer/infdump.c` runs under Wine once, over every INF of the corpus and
//! over made-up ones; sections, line counts and every field after substitution
//! are compared. Each difference must be one of [`Explained`], and each of
//! those must occur: an explanation that explains nothing has to go.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support"
)]

mod infs;
mod peer;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wimwright_inf::{Inf, Line, ParseOptions, Rule, number, same_name};

use peer::Peer;

/// Why Wine and this crate may differ in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Explained {
    /// Wine replaces directory ids; this crate knows no Windows folder and
    /// leaves them to its caller ([`Inf::expand_with`]). The test does it with
    /// the folders that Wine itself names.
    DirectoryId,
    /// Wine keeps the blanks behind an unquoted `\`, as in `a\ ,b`. The page
    /// "General Syntax Rules for INF Files" has blanks at the end only inside
    /// quotes ("INF Strings Section": trailing white space must be quoted "to
    /// prevent its leading and/or trailing whitespaces from being discarded").
    BlankAfterBackslash,
    /// Wine takes the carriage return of a CRLF into an open quote. The page
    /// "General Syntax Rules": an entry "ends with a return or linefeed".
    ReturnInOpenQuote,
    /// Wine cuts fields at 511 characters, as Windows before Vista did. The
    /// page "General Syntax Rules", "INF Size Limits": 4096.
    LongField,
}

/// What Wine said about one file.
#[derive(Debug, Default)]
struct Said {
    /// Why it refused the file, if it did.
    error: Option<u32>,
    /// What it read; also of a file that only lacks a signature.
    sections: Vec<SaidSection>,
}

#[derive(Debug)]
struct SaidSection {
    name: String,
    line_count: usize,
    lines: Vec<SaidLine>,
}

#[derive(Debug, Default)]
struct SaidLine {
    field_count: usize,
    key: Option<String>,
    fields: Vec<String>,
}

fn parse_dump(dump: &str) -> Vec<Said> {
    let mut files: Vec<Said> = Vec::new();
    for item in dump.split_terminator('\n') {
        let (kind, rest) = item.split_at(1);
        if kind == "F" {
            files.push(Said::default());
            continue;
        }
        let file = files.last_mut().unwrap();
        match kind {
            "E" => {
                let code = rest.split(' ').next().unwrap().parse().unwrap();
                assert_ne!(code, 0, "Wine agrees with itself");
                file.error = Some(code);
            }
            "S" => {
                let (count, name) = rest.split_once(' ').unwrap();
                file.sections.push(SaidSection {
                    name: unescape(name),
                    line_count: count.parse().unwrap(),
                    lines: Vec::new(),
                });
            }
            _ => {
                let lines = &mut file.sections.last_mut().unwrap().lines;
                match kind {
                    "L" => lines.push(SaidLine {
                        field_count: rest.parse().unwrap(),
                        ..SaidLine::default()
                    }),
                    "K" => lines.last_mut().unwrap().key = Some(unescape(rest)),
                    "V" => lines.last_mut().unwrap().fields.push(unescape(rest)),
                    _ => panic!("unknown item {item}"),
                }
            }
        }
    }
    files
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                _ => '\\',
            },
            c => c,
        });
    }
    plain
}

/// The folders behind directory ids, as Wine names them.
struct Directories(BTreeMap<i64, String>);

impl Directories {
    /// Writes a file that asks for them.
    fn ask(folder: &Path) -> PathBuf {
        let ids = (0..100).chain(16384..16450).chain(65535..65536);
        let mut text = "[Version]\nSignature=\"$Windows NT$\"\n[Ids]\n".to_owned();
        for id in ids {
            text.push_str(&format!("{id}=%{id}%\n"));
        }
        let path = folder.join("ids.inf");
        fs::write(&path, text).unwrap();
        path
    }

    fn answered(said: &Said) -> Self {
        let ids = said.sections.iter().find(|section| section.name == "Ids");
        let lines = ids.unwrap().lines.iter();
        let known = lines.filter(|line| !line.fields[0].starts_with('%'));
        Directories(
            known
                .map(|line| {
                    let id = line.key.as_ref().unwrap().parse().unwrap();
                    (id, line.fields[0].clone())
                })
                .collect(),
        )
    }

    /// The field as Wine would have it, of a file in that folder.
    fn expand(&self, inf: &Inf, raw: &str, folder: &str) -> String {
        inf.expand_with(raw, |token| {
            let id = number(token).filter(|_| token.bytes().all(|b| b.is_ascii_digit()))?;
            let text = match id {
                1 => folder,
                _ => self.0.get(&id)?,
            };
            // Where a backslash follows, Wine drops the folder's own.
            let doubled = raw.contains(&format!("%{token}%\\"));
            let text = match doubled {
                true => text.strip_suffix('\\').unwrap_or(text),
                false => text,
            };
            Some(Cow::Owned(text.to_owned()))
        })
        .into_owned()
    }
}

struct Comparison<'a> {
    inf: &'a Inf,
    directories: &'a Directories,
    /// Folder of the file, as Wine calls it, with a backslash at its end.
    folder: String,
    explained: &'a mut BTreeMap<Explained, usize>,
    fields: &'a mut usize,
}

impl Comparison<'_> {
    /// The first difference that is not explained.
    fn difference(&mut self, said: &Said) -> Option<String> {
        let ours: Vec<_> = self.inf.sections().collect();
        let names = |names: &mut dyn Iterator<Item = (String, usize)>| names.collect::<Vec<_>>();
        let our_names = names(&mut ours.iter().map(|s| (s.name().to_owned(), s.line_count())));
        let their_names = names(&mut said.sections.iter().map(|s| (s.name.clone(), s.line_count)));
        if our_names != their_names {
            return Some(format!("sections\n {our_names:?}\n {their_names:?}"));
        }
        for (section, theirs) in ours.iter().zip(&said.sections) {
            for (line, their_line) in section.lines().zip(&theirs.lines) {
                let place = format!("[{}] line {}", section.name(), line.number());
                if line.field_count() != their_line.field_count
                    || line.raw_key().is_some() != their_line.key.is_some()
                {
                    return Some(format!("{place}: {their_line:?}"));
                }
                let key = their_line.key.iter().map(|key| (0, key));
                let fields = (1..).zip(&their_line.fields);
                for (index, theirs) in key.chain(fields) {
                    *self.fields += 1;
                    if !self.same(line, index, theirs) {
                        let ours = line.field(index).unwrap();
                        return Some(format!("{place} field {index}\n {ours:?}\n {theirs:?}"));
                    }
                }
            }
        }
        None
    }

    fn same(&mut self, line: Line<'_>, index: usize, theirs: &str) -> bool {
        let (raw, ours) = (line.raw_field(index).unwrap(), line.field(index).unwrap());
        if ours == theirs {
            return true;
        }
        let with_directories = self.directories.expand(self.inf, raw, &self.folder);
        // In a continued line the open quote may be in a later one.
        let open_quote = || {
            let mut found = self.inf.findings().iter();
            found.any(|f| f.rule == Rule::QuoteUnclosed && f.line >= line.number())
        };
        let reason = if with_directories == theirs {
            Explained::DirectoryId
        } else if ours.ends_with('\\') && theirs.trim_end() == ours {
            Explained::BlankAfterBackslash
        } else if open_quote() && theirs.strip_suffix('\r') == Some(&*ours) {
            Explained::ReturnInOpenQuote
        } else if raw.chars().count() > 511 && raw.chars().take(511).eq(theirs.chars()) {
            Explained::LongField
        } else {
            return false;
        };
        *self.explained.entry(reason).or_insert(0) += 1;
        true
    }
}

/// Random texts out of the characters that mean something, and one with long
/// fields.
fn make_up(folder: &Path, files: &mut Vec<PathBuf>) {
    let head = "[Version]\nSignature=$Chicago$\n[Strings]\nt=x\nu=\"%t%\"\n[Test]\n";
    let mut write = |number: usize, text: &str| {
        // As ANSI: whether a made-up text is UTF-16, Wine guesses.
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let path = folder.join(format!("{number}.inf"));
        fs::write(&path, bytes).unwrap();
        files.push(path);
    };
    // A small generator of our own: the same texts in every run.
    let mut state = 0x0123_4567_89AB_CDEF_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let pieces = [
        "a",
        "b",
        "a b",
        "=",
        "=",
        ",",
        ",",
        ";",
        "\"",
        "\"",
        "\"\"",
        "\\",
        "\\",
        " ",
        "\t",
        "%",
        "%",
        "%t%",
        "%u%",
        "%%",
        "[",
        "]",
        "[s]",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\\\n",
        " \\ ; c\r\n",
        "\u{A0}",
        "ä",
    ];
    for number in 0..600 {
        let mut text = head.to_owned();
        for _ in 0..5 + random(60) {
            text.push_str(pieces[random(pieces.len())]);
        }
        write(number, &text);
    }
    let long = format!("{head}a={},b\n", "x".repeat(600));
    write(600, &long);
}

#[test]
fn wine_reads_the_same_sections_and_fields() {
    let test = "wine_reads_the_same_sections_and_fields";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let Some(wine) = Peer::build(test) else {
        return;
    };
    let mut files = vec![Directories::ask(wine.folder())];
    infs::inf_files(&corpus.canonicalize().unwrap().join("drivers"), &mut files);
    let real = files.len();
    let made_up = wine.folder().join("made-up");
    fs::create_dir(&made_up).unwrap();
    make_up(&made_up, &mut files);

    let said = parse_dump(&wine.run("dump", &files));
    assert_eq!(said.len(), files.len());
    let directories = Directories::answered(&said[0]);
    let mut explained = BTreeMap::new();
    let mut differences = Vec::new();
    let (mut fields, mut unsigned, mut refused) = (0, 0, 0);
    for (at, (path, said)) in files.iter().zip(&said).enumerate() {
        let inf = Inf::parse(&fs::read(path).unwrap(), &ParseOptions::default());
        match said.error {
            // ERROR_WRONG_INF_STYLE: no signature; text-mode setup files.
            Some(0xE000_0100) => {
                assert!(!has_signature(&inf), "{}", path.display());
                unsigned += 1;
            }
            // ERROR_BAD_SECTION_NAME_LINE: the whole file.
            Some(0xE000_0001) => {
                assert!(at >= real, "{}", path.display());
                let finding = inf.refused_by_setupapi().unwrap();
                assert_eq!(finding.rule, Rule::SectionNameUnclosed);
                refused += 1;
                continue;
            }
            Some(code) => panic!("{}: {code:#x}", path.display()),
            None => assert_eq!(inf.refused_by_setupapi(), None, "{}", path.display()),
        }
        let folder = peer::windows_path(path.parent().unwrap()) + "\\";
        let mut comparison = Comparison {
            inf: &inf,
            directories: &directories,
            folder,
            explained: &mut explained,
            fields: &mut fields,
        };
        if let Some(difference) = comparison.difference(said) {
            differences.push(format!("{}: {difference}", path.display()));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differences, first {}",
        differences.len(),
        differences[0]
    );
    // Eleven txtsetup.oem and two autorun.inf have no [Version].
    assert_eq!(unsigned, 13);
    assert_eq!(refused, 67, "made-up files with an unclosed header");
    assert!(fields > 100_000, "{fields} fields compared");
    let reasons: Vec<_> = explained.keys().copied().collect();
    assert_eq!(
        reasons,
        [
            Explained::DirectoryId,
            Explained::BlankAfterBackslash,
            Explained::ReturnInOpenQuote,
            Explained::LongField,
        ]
    );
}

/// Whether a file has a signature that setupapi accepts.
fn has_signature(inf: &Inf) -> bool {
    let line = inf
        .section("Version")
        .and_then(|version| version.line_for_key("Signature"));
    line.and_then(|line| line.field(1)).is_some_and(|text| {
        let accepted = ["$Windows NT$", "$Chicago$", "$Windows 95$"];
        accepted.iter().any(|known| same_name(known, &text))
    })
}
