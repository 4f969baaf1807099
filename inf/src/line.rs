//! A line: its key and its fields, raw and expanded.

use std::borrow::Cow;

use crate::field::{Field, number};
use crate::inf::Inf;
use crate::position::Position;
use crate::scan::LineRecord;

/// One line with content. Fields are counted as `SetupGetStringField` counts:
/// 0 is the key, 1 the first value.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub(crate) inf: &'a Inf,
    pub(crate) record: &'a LineRecord,
}

impl<'a> Line<'a> {
    /// The line of the file, counted from 1; of a continued line the first.
    pub fn number(self) -> u32 {
        self.record.number
    }

    /// The key, expanded: what stands before `=`, or the only value of a line
    /// without `=`. `None` for a list of values.
    pub fn key(self) -> Option<Cow<'a, str>> {
        self.raw_key().map(|key| self.inf.expand(key))
    }

    /// [`Line::key`] with its tokens unexpanded.
    pub fn raw_key(self) -> Option<&'a str> {
        self.raw_field(0)
    }

    /// Whether the line has a key before `=`, rather than being one value.
    pub fn has_equals(self) -> bool {
        self.record.has_key()
    }

    /// How many values there are, without the key, as `SetupGetFieldCount`
    /// counts.
    pub fn field_count(self) -> usize {
        self.record.field_count() as usize - usize::from(self.record.has_key())
    }

    /// A field, expanded: 0 is the key, 1 the first value. `None` if the line
    /// has no such field, which is not the same as an empty one.
    pub fn field(self, index: usize) -> Option<Cow<'a, str>> {
        self.raw_field(index).map(|field| self.inf.expand(field))
    }

    /// [`Line::field`] with its tokens unexpanded. Quotes and continued lines
    /// are undone.
    pub fn raw_field(self, index: usize) -> Option<&'a str> {
        Some(self.inf.text_of(self.record_of(index)?))
    }

    /// Where a field stands in the file: 0 is the key, 1 the first value; the
    /// line itself for a field that it does not have. Variables that were
    /// replaced count as they stand in the file.
    pub fn position(self, index: usize) -> Position {
        self.inf.position_of(self.record, self.record_of(index))
    }

    /// Whether any part of the field stood in quotes in the file.
    pub fn is_quoted(self, index: usize) -> bool {
        self.record_of(index).is_some_and(Field::is_quoted)
    }

    /// A field as a number, as `SetupGetIntField` reads it: decimal, or
    /// hexadecimal with `0x`; an empty field is 0. `None` if there is no such
    /// field or it is no number.
    pub fn int_field(self, index: usize) -> Option<i64> {
        number(&self.field(index)?)
    }

    /// The values in order, expanded, without the key.
    pub fn fields(self) -> impl Iterator<Item = Cow<'a, str>> {
        self.raw_fields().map(move |field| self.inf.expand(field))
    }

    /// The values in order, unexpanded, without the key.
    pub fn raw_fields(self) -> impl Iterator<Item = &'a str> {
        let skipped = usize::from(self.record.has_key());
        self.inf
            .fields_of(self.record)
            .iter()
            .skip(skipped)
            .map(move |&field| self.inf.text_of(field))
    }

    fn record_of(self, index: usize) -> Option<Field> {
        let fields = self.inf.fields_of(self.record);
        let at = match (index, self.record.has_key()) {
            (_, true) => index,
            (0, false) if fields.len() == 1 => 0,
            (_, false) => index.checked_sub(1)?,
        };
        fields.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Inf, ParseOptions};

    #[test]
    fn fields_are_counted_as_setupapi_counts_them() {
        let inf = Inf::parse(
            b"[a]\nkey = 1 , \"two\" , %t%\nx, y\nsingle\nn=,0x10,z\n[Strings]\nt=3\n",
            &ParseOptions::default(),
        );
        let lines: Vec<_> = inf.section("a").unwrap().lines().collect();
        let [keyed, list, single, numbers] = lines.as_slice() else {
            panic!("four lines, not {}", lines.len());
        };
        assert_eq!(keyed.field_count(), 3);
        assert_eq!(keyed.field(0).as_deref(), Some("key"));
        assert_eq!(keyed.field(3).as_deref(), Some("3"));
        assert_eq!(keyed.raw_field(3), Some("%t%"));
        assert_eq!(keyed.field(4), None);
        assert!(keyed.is_quoted(2) && !keyed.is_quoted(1) && !keyed.is_quoted(9));
        assert!(keyed.has_equals() && !list.has_equals() && !single.has_equals());
        assert_eq!(list.key(), None);
        assert_eq!(list.field_count(), 2);
        assert_eq!(list.raw_field(1), Some("x"));
        assert_eq!(single.raw_key(), Some("single"));
        assert_eq!(single.raw_field(1), Some("single"));
        assert_eq!(single.field_count(), 1);
        assert_eq!(numbers.int_field(1), Some(0));
        assert_eq!(numbers.int_field(2), Some(16));
        assert_eq!(numbers.int_field(3), None);
        assert_eq!(numbers.int_field(4), None);
    }
}
