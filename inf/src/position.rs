//! Where something stands in the file: line and column, as editors count.

use memchr::memrchr;

/// The furthest column that is told; what stands further to the right is
/// given as this. No hostile line can make looking for a column slow.
const MAX_COLUMN: usize = 65_535;

/// A place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, counted from 1.
    pub line: u32,
    /// Character of the line, counted from 1: a code point, not a byte.
    pub column: u32,
}

/// A variable that was replaced before the text was read, so that everything
/// behind it in its line moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced {
    /// Where its value stands, in bytes of the text.
    at: usize,
    /// How many characters the value is shorter than the variable.
    shorter_by: usize,
}

/// Replaces each variable by its value. One whose value is longer than its
/// name stays as it is, so that a file cannot be made to grow.
pub(crate) fn replace_variables(text: &mut String, variables: &[(&str, &str)]) -> Vec<Replaced> {
    let usable = |name: &str, value: &str| !name.is_empty() && value.len() <= name.len();
    let mut replaced = Vec::new();
    let mut new = String::new();
    let mut rest = text.as_str();
    'text: while !rest.is_empty() {
        let Some(next) = memchr::memchr(b'$', rest.as_bytes()) else {
            break;
        };
        let (before, behind) = rest.split_at_checked(next).unwrap_or((rest, ""));
        new.push_str(before);
        for (name, value) in variables.iter().filter(|(name, value)| usable(name, value)) {
            if let Some(behind) = behind.strip_prefix(name) {
                replaced.push(Replaced {
                    at: new.len(),
                    shorter_by: name.chars().count().saturating_sub(value.chars().count()),
                });
                new.push_str(value);
                rest = behind;
                continue 'text;
            }
        }
        new.push('$');
        rest = behind.get(1..).unwrap_or_default();
    }
    if !replaced.is_empty() {
        new.push_str(rest);
        *text = new;
    }
    replaced
}

/// The column of a position in the text, in the file as it was before
/// variables were replaced.
pub(crate) fn column(text: &str, replaced: &[Replaced], at: usize) -> u32 {
    // Bytes outnumber characters at most four times.
    let mut from = at.saturating_sub(4 * MAX_COLUMN);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = text.get(from..at).unwrap_or_default();
    let line = memrchr(b'\n', before.as_bytes()).map_or(0, |feed| feed + 1);
    let in_line = before.get(line..).unwrap_or_default().chars().count();
    let start = from + line;
    let first = replaced.partition_point(|variable| variable.at < start);
    let moved: usize = replaced
        .get(first..)
        .unwrap_or_default()
        .iter()
        .take_while(|variable| variable.at < at)
        .map(|variable| variable.shorter_by)
        .sum();
    u32::try_from((in_line + moved + 1).min(MAX_COLUMN)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crate::{Inf, ParseOptions, Position};

    const STAMPED: ParseOptions = ParseOptions {
        variables: &[("$ARCH$", "amd64"), ("$V$", "1"), ("$X$", "longer than it")],
        ..ParseOptions::DEFAULT
    };

    fn positions(text: &str, options: &ParseOptions) -> Vec<(u32, u32)> {
        let inf = Inf::parse(text.as_bytes(), options);
        let section = inf.section("a").unwrap();
        let line = section.lines().next().unwrap();
        (0..=line.field_count())
            .map(|index| line.position(index))
            .map(|Position { line, column }| (line, column))
            .collect()
    }

    #[test]
    fn fields_are_where_they_stand_in_the_file() {
        let plain = ParseOptions::DEFAULT;
        for (text, expected) in [
            (
                "[a]\nkey = 1 , \"two\" , %t%\n",
                vec![(2, 1), (2, 7), (2, 11), (2, 19)],
            ),
            // Joined parts start where the first of them does.
            ("\n[a]\n  \"x\"y=a\"\"b\n", vec![(3, 3), (3, 8)]),
            // A continued line.
            (
                "[a]\nk = 1, \\\n  two,\\\n\n",
                vec![(2, 1), (2, 5), (3, 3), (4, 1)],
            ),
            // A list of values has no key; its index 0 is the line.
            ("[a]\n é, b\n", vec![(2, 2), (2, 2), (2, 5)]),
        ] {
            let options = ParseOptions {
                ansi: encoding_rs::UTF_8,
                ..plain
            };
            assert_eq!(positions(text, &options), expected, "{text:?}");
        }
    }

    #[test]
    fn variables_are_replaced_and_columns_are_those_of_the_file() {
        let text = "[a]\nx$ARCH$=NT$ARCH$.1,$V$,$X$,$Y,z\n[NT$ARCH$]\n";
        assert_eq!(
            positions(text, &STAMPED),
            [(2, 1), (2, 9), (2, 20), (2, 24), (2, 28), (2, 31)]
        );
        let inf = Inf::parse(text.as_bytes(), &STAMPED);
        let line = inf.section("a").unwrap().lines().next().unwrap();
        let values: Vec<_> = line.raw_fields().collect();
        assert_eq!(values, ["NTamd64.1", "1", "$X$", "$Y", "z"]);
        let header = inf.section("ntamd64").unwrap().header_position();
        assert_eq!(header, Position { line: 3, column: 1 });
    }

    #[test]
    fn a_huge_line_has_a_last_column() {
        let text = format!("[a]\n{}b\n", "x,".repeat(1_000_000));
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::DEFAULT);
        let line = inf.section("a").unwrap().lines().next().unwrap();
        assert_eq!(line.position(5).column, 9);
        assert_eq!(line.position(1_000_001).column, 65_535);
    }
}
