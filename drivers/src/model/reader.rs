//! The INF being read, the INFs it includes, and what each reading step needs.
//!
//! `Include` names INFs of Windows itself, which lie in the image; the caller
//! hands them in. `Needs` names sections of those INFs, or of the INF itself,
//! whose directives count as if they stood in the section, after its own
//! (page "INF AddProperty Directive": "Windows processes the INF sections that
//! are referenced by Include and Needs directives after Windows processes all
//! other directives"). "Needs entries cannot be nested" (page "INF DDInstall
//! Section").

use std::collections::BTreeMap;
use std::sync::Arc;

use wimwright_inf::{Inf, Line};

use super::dirid::DirectoryTexts;
use super::expansion::{At, PathForm, expand, expand_paths};
use super::finding::{Findings, Rule};
use super::registry::RegistryChange;
use super::registry_list::{ListContext, ListKind, changes};
use super::target::Target;

/// Finds an included INF by its file name, in any case. `None` if the image
/// does not have it.
pub type Resolve<'a> = dyn Fn(&str) -> Option<Arc<Inf>> + 'a;

/// How many entries of lists are kept for one INF, all its install sections
/// together. Sections share lists, so a hostile INF could ask for the square
/// of its length; the largest real ones stay far below.
const MAX_ENTRIES: usize = 1_000_000;

/// How many lines are looked at for that, again and again the same: what takes
/// time, but no memory.
const MAX_LINES: usize = 50_000_000;

/// How many `Include` and how many `Needs` names of one section are followed;
/// real ones have up to a dozen.
const MAX_INCLUDES: usize = 256;

/// An INF and where it comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a> {
    /// The INF being read.
    Own(&'a Inf),
    /// One it includes, with its file name.
    Included(String, Arc<Inf>),
}

impl Source<'_> {
    pub(crate) fn inf(&self) -> &Inf {
        match self {
            Source::Own(inf) => inf,
            Source::Included(_, inf) => inf,
        }
    }

    /// File name of an included INF.
    pub(crate) fn from(&self) -> Option<&str> {
        match self {
            Source::Own(_) => None,
            Source::Included(name, _) => Some(name),
        }
    }
}

/// A section to process, as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) source: Source<'a>,
    /// Name of the section as its header spells it.
    pub(crate) section: String,
    /// Name for findings: that of an included INF stands before it.
    pub(crate) title: String,
    /// What the section that led here includes.
    included: Arc<Included<'a>>,
}

/// The INFs that a section includes.
#[derive(Clone, Debug, Default)]
struct Included<'a> {
    sources: Vec<Source<'a>>,
    /// Whether the image lacks one.
    incomplete: bool,
}

impl<'a> Part<'a> {
    fn new(source: Source<'a>, section: &str, included: Arc<Included<'a>>) -> Self {
        let title = match source.from() {
            Some(from) => format!("{from}: {section}"),
            None => section.to_owned(),
        };
        Part {
            source,
            section: section.to_owned(),
            title,
            included,
        }
    }

    pub(crate) fn lines(&self) -> Vec<Line<'_>> {
        self.source
            .inf()
            .section(&self.section)
            .map_or_else(Vec::new, |section| section.lines().collect())
    }

    pub(crate) fn at(&self, line: Line<'_>) -> At<'_> {
        At {
            section: &self.title,
            line: line.number(),
        }
    }
}

/// A section with all it needs.
#[derive(Debug, Default)]
pub(crate) struct Parts<'a> {
    /// The section itself first.
    pub(crate) list: Vec<Part<'a>>,
    /// File names of its `Include` lines.
    pub(crate) includes: Vec<String>,
    /// Section names of its `Needs` lines.
    pub(crate) needs: Vec<String>,
}

/// Counts what [`MAX_ENTRIES`] and [`MAX_LINES`] limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    entries: usize,
    lines: usize,
}

/// Reads sections of one INF for one target.
pub(crate) struct Reader<'a, 'f> {
    pub(crate) own: &'a Inf,
    pub(crate) target: &'a Target,
    pub(crate) texts: &'a DirectoryTexts,
    resolve: &'a Resolve<'a>,
    /// Included INFs by lower-case file name, asked for once.
    included: BTreeMap<String, Option<Arc<Inf>>>,
    /// What was read so far.
    pub(crate) spent: Spent,
    /// Whether a section read so far includes an INF that the image lacks.
    pub(crate) incomplete: bool,
    pub(crate) findings: &'f mut Findings,
}

impl<'a, 'f> Reader<'a, 'f> {
    pub(crate) fn new(
        own: &'a Inf,
        target: &'a Target,
        texts: &'a DirectoryTexts,
        resolve: &'a Resolve<'a>,
        findings: &'f mut Findings,
    ) -> Self {
        Reader {
            own,
            target,
            texts,
            resolve,
            included: BTreeMap::new(),
            spent: Spent::default(),
            incomplete: false,
            findings,
        }
    }

    /// A section and the sections it needs. Empty if it does not exist.
    pub(crate) fn parts(&mut self, name: &str) -> Parts<'a> {
        let mut parts = Parts::default();
        let Some(section) = self.own.section(name) else {
            return parts;
        };
        let title = section.name();
        let mut included = Included::default();
        for line in section.lines_for_key("Include") {
            for name in line.fields().filter(|name| !name.is_empty()) {
                if parts.includes.len() >= MAX_INCLUDES {
                    break;
                }
                let name = name.into_owned();
                match self.include(&name) {
                    Some(inf) => included.sources.push(Source::Included(name.clone(), inf)),
                    None => {
                        included.incomplete = true;
                        self.incomplete = true;
                        let message = format!("the included `{name}` is not in the image");
                        self.findings
                            .add(Rule::IncludeMissing, title, line.number(), message);
                    }
                }
                parts.includes.push(name);
            }
        }
        let own = Part::new(Source::Own(self.own), title, Arc::new(included));
        parts.list.push(own.clone());
        for line in section.lines_for_key("Needs") {
            for needed in line.fields().filter(|name| !name.is_empty()) {
                if parts.needs.len() >= MAX_INCLUDES {
                    break;
                }
                parts.needs.push(needed.to_string());
                self.needed(&own, line, &needed, &mut parts.list);
            }
        }
        parts
    }

    fn needed(&mut self, own: &Part<'a>, line: Line<'_>, needed: &str, list: &mut Vec<Part<'a>>) {
        let Some((source, name)) = find_section(own, needed) else {
            let message = format!("the needed [{needed}] is in no INF at hand");
            self.report(own, line, Rule::NeedsMissing, message);
            return;
        };
        let part = Part::new(source, &name, Arc::clone(&own.included));
        if !self.look_at(part.lines().len()) {
            return;
        }
        let nested = part
            .lines()
            .into_iter()
            .find(|line| directive(*line).as_deref() == Some("needs"));
        if let Some(nested) = nested {
            let message = "its own Needs are not followed: they cannot be nested".to_owned();
            self.report(&part, nested, Rule::NestedNeeds, message);
        }
        // A section that needs itself would be processed twice.
        if !list.iter().any(|known| known.title == part.title) {
            list.push(part);
        }
    }

    fn include(&mut self, name: &str) -> Option<Arc<Inf>> {
        let resolve = self.resolve;
        self.included
            .entry(name.to_lowercase())
            .or_insert_with(|| resolve(name))
            .clone()
    }

    /// Counts one more entry. Past the limit it says no, and a finding says so.
    pub(crate) fn one_more(&mut self) -> bool {
        self.many_more(1)
    }

    /// Counts that many more entries, see [`Reader::one_more`].
    pub(crate) fn many_more(&mut self, entries: usize) -> bool {
        self.spent.entries = self.spent.entries.saturating_add(entries);
        self.within_limits()
    }

    /// Counts lines that are looked at, see [`Reader::one_more`].
    pub(crate) fn look_at(&mut self, lines: usize) -> bool {
        self.spent.lines = self.spent.lines.saturating_add(lines);
        self.within_limits()
    }

    fn within_limits(&mut self) -> bool {
        let within = self.spent.entries <= MAX_ENTRIES && self.spent.lines <= MAX_LINES;
        if !within {
            let message = format!("only the first {MAX_ENTRIES} entries of all lists are read");
            self.findings.add(Rule::TooManyEntries, "", 0, message);
        }
        within
    }

    pub(crate) fn report(&mut self, part: &Part<'_>, line: Line<'_>, rule: Rule, message: String) {
        part.at(line).add(self.findings, rule, message);
    }

    /// A field with its tokens replaced; directory ids stay.
    pub(crate) fn field(
        &mut self,
        part: &Part<'_>,
        line: Line<'_>,
        index: usize,
    ) -> Option<String> {
        let raw = line.raw_field(index)?;
        Some(expand(part.source.inf(), raw, part.at(line), self.findings))
    }

    /// A field with its tokens and directory ids replaced.
    pub(crate) fn path_field(
        &mut self,
        part: &Part<'_>,
        line: Line<'_>,
        index: usize,
        form: PathForm,
    ) -> Option<String> {
        Some(expand_paths(
            part.source.inf(),
            line.raw_field(index)?,
            part.at(line),
            form,
            self.target,
            self.texts,
            self.findings,
        ))
    }

    /// The values of a directive that are not empty.
    pub(crate) fn fields(&mut self, part: &Part<'_>, line: Line<'_>) -> Vec<String> {
        (1..=line.field_count())
            .filter_map(|index| self.field(part, line, index))
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// The section that a directive names: in the INF of the directive, else in
    /// one that its section includes. The latter is wrong to InfVerif ("Cannot
    /// directly reference a section defined in an included INF"), but the CDC
    /// INFs of many makers rely on it. `None`, with a finding, if there is none.
    pub(crate) fn named(
        &mut self,
        part: &Part<'a>,
        line: Line<'_>,
        name: &str,
    ) -> Option<Part<'a>> {
        let key = line.key().unwrap_or_default();
        let Some((source, found)) = find_section(part, name) else {
            let place = match part.included.incomplete {
                true => "in the INFs at hand; one it includes is missing",
                false => "in the INF",
            };
            let message = format!("{key} names [{name}], which is not {place}");
            self.report(part, line, Rule::SectionMissing, message);
            return None;
        };
        if source.from() != part.source.from() {
            let from = source.from().unwrap_or_default();
            let message = format!("{key} names [{name}] of the included `{from}`");
            self.report(part, line, Rule::SectionOfIncluded, message);
        }
        let named = Part::new(source, &found, Arc::clone(&part.included));
        self.look_at(named.lines().len()).then_some(named)
    }

    /// Reads the registry lists that a directive names.
    fn registry(
        &mut self,
        part: &Part<'a>,
        line: Line<'_>,
        kind: ListKind,
        into: &mut Vec<RegistryChange>,
    ) {
        for name in self.fields(part, line) {
            let Some(list) = self.named(part, line, &name) else {
                continue;
            };
            self.registry_list(&list, kind, into);
        }
    }

    fn registry_list(&mut self, list: &Part<'a>, kind: ListKind, into: &mut Vec<RegistryChange>) {
        let inf = list.source.inf();
        let Some(section) = inf.section(&list.section) else {
            return;
        };
        if !self.many_more(section.line_count()) {
            return;
        }
        let context = ListContext {
            inf,
            target: self.target,
            texts: self.texts,
            from: list.source.from(),
            section: &list.title,
        };
        into.extend(changes(&context, section, kind, self.findings));
    }

    /// Reads all registry lists that a section names: what it removes, then
    /// what it adds, whatever the order of its lines. (No page says so; Wine's
    /// setupapi does it, and INFs that replace a value rely on it.)
    pub(crate) fn registry_of(&mut self, part: &Part<'a>, into: &mut Vec<RegistryChange>) {
        for kind in [ListKind::Delete, ListKind::Add, ListKind::Bits] {
            for line in part.lines() {
                if directive(line).as_deref().and_then(registry_list_kind) == Some(kind) {
                    self.registry(part, line, kind, into);
                }
            }
        }
    }
}

/// Which kind of list a directive names, if it is one of the registry.
pub(crate) fn registry_list_kind(directive: &str) -> Option<ListKind> {
    match directive {
        "addreg" => Some(ListKind::Add),
        "delreg" => Some(ListKind::Delete),
        "bitreg" => Some(ListKind::Bits),
        _ => None,
    }
}

/// Finds a section in the INF of a part, else in those it includes; gives its
/// name as the header spells it.
fn find_section<'a>(part: &Part<'a>, name: &str) -> Option<(Source<'a>, String)> {
    std::iter::once(&part.source)
        .chain(&part.included.sources)
        .find_map(|source| {
            let section = source.inf().section(name)?;
            Some((source.clone(), section.name().to_owned()))
        })
}

/// The key of a directive line in lower case; `None` for a list of values.
pub(crate) fn directive(line: Line<'_>) -> Option<String> {
    line.has_equals()
        .then(|| line.key())
        .flatten()
        .map(|key| key.to_ascii_lowercase())
}
