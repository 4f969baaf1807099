//! A section: all lines under headers of one name.

use crate::inf::Inf;
use crate::line::Line;
use crate::name::same_name;
use crate::position::Position;
use crate::scan::SectionRecord;

/// A section of an [`Inf`]. Headers of the same name are one section.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    pub(crate) inf: &'a Inf,
    pub(crate) record: &'a SectionRecord,
}

impl<'a> Section<'a> {
    /// The name as the first header spells it, blanks included.
    pub fn name(self) -> &'a str {
        self.inf.text_of(self.record.name)
    }

    /// Line of the first header, counted from 1.
    pub fn header_line(self) -> u32 {
        self.record.header
    }

    /// Where the first header stands in the file.
    pub fn header_position(self) -> Position {
        self.inf.header_of(self.record)
    }

    /// How many lines there are, as `SetupGetLineCount` counts.
    pub fn line_count(self) -> usize {
        self.record.line_count as usize
    }

    /// The lines in the order of the file.
    pub fn lines(self) -> impl DoubleEndedIterator<Item = Line<'a>> + ExactSizeIterator {
        let inf = self.inf;
        inf.lines_of(self.record)
            .iter()
            .map(move |record| Line { inf, record })
    }

    /// The first line whose expanded key is `key`, without case, as
    /// `SetupFindFirstLine` finds it.
    pub fn line_for_key(self, key: &str) -> Option<Line<'a>> {
        self.lines()
            .find(|line| line.key().is_some_and(|found| same_name(&found, key)))
    }

    /// All lines whose expanded key is `key`, without case.
    pub fn lines_for_key<'k>(self, key: &'k str) -> impl Iterator<Item = Line<'a>> + use<'a, 'k> {
        self.lines()
            .filter(move |line| line.key().is_some_and(|found| same_name(&found, key)))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Inf, ParseOptions};

    #[test]
    fn sections_of_one_name_are_merged_in_the_order_of_the_file() {
        let inf = Inf::parse(
            b"[b]\n1\n[a]\n2\n[B]\n3=x\n3=y\n[A]\n4\n",
            &ParseOptions::default(),
        );
        let found: Vec<_> = inf
            .sections()
            .map(|section| {
                let numbers: Vec<_> = section.lines().map(|line| line.number()).collect();
                (section.name(), section.header_line(), numbers)
            })
            .collect();
        assert_eq!(found, [("b", 1, vec![2, 6, 7]), ("a", 3, vec![4, 9])]);
        let b = inf.section("B").unwrap();
        assert_eq!(b.line_count(), 3);
        assert_eq!(b.line_for_key("3").unwrap().raw_field(1), Some("x"));
        let all: Vec<_> = b
            .lines_for_key("3")
            .map(|line| line.raw_field(1).unwrap())
            .collect();
        assert_eq!(all, ["x", "y"]);
        assert!(b.line_for_key("x").is_none());
    }

    #[test]
    fn keys_are_found_by_their_expanded_form_only() {
        let inf = Inf::parse(
            b"[a]\n%k%=1\nSingle\n[Strings]\nk=Key\n",
            &ParseOptions::default(),
        );
        let a = inf.section("a").unwrap();
        assert!(a.line_for_key("key").is_some());
        assert!(a.line_for_key("%k%").is_none());
        assert!(a.line_for_key("single").is_some());
    }
}
