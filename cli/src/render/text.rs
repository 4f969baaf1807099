//! Text for people: tables, colours, and strangers' strings made harmless.

use std::borrow::Cow;

use clap::builder::styling::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::json::{FindingEntry, Level};

/// Colours, or their absence. Nothing is said by colour alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        match self.0 {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.with(AnsiColor::Yellow.on_default().bold(), text)
    }

    pub(crate) fn error(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// One line for a finding.
    pub(crate) fn finding(self, finding: &FindingEntry) -> String {
        let severity = match finding.severity {
            Level::Note => self.strong("note:"),
            Level::Warning => self.warning("warning:"),
        };
        let message = printable(&finding.message);
        format!("{severity} {message} [{}]", finding.name)
    }
}

/// Text with control characters written out, so that a name in an image or an
/// INF cannot move the cursor or forge a line.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match is_unprintable(c) {
            true => safe.extend(c.escape_unicode()),
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Text of several lines, each made printable.
pub(crate) fn printable_lines(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.lines() {
        safe.push_str(&printable(line));
        safe.push('\n');
    }
    safe
}

/// Control characters, and those that turn the direction of writing.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Rows of which each column is as wide as its widest cell.
pub(crate) struct Table {
    header: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    /// Shown whole: half a version or date says something else.
    Whole(&'static str),
    /// Cut where the terminal is too narrow.
    Cut(&'static str),
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Column::Whole(title) | Column::Cut(title) => title,
        }
    }
}

/// Columns narrower than this are not cut.
const NARROWEST: usize = 8;
const GAP: &str = "  ";

impl Table {
    pub(crate) fn new(header: &[Column]) -> Table {
        Table {
            header: header.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: &[String]) {
        self.rows.push(
            cells
                .iter()
                .map(|cell| printable(cell).into_owned())
                .collect(),
        );
    }

    /// The table. Where it is wider than `width`, the widest of the columns
    /// that may be cut are; without a width (not a terminal) nothing is.
    pub(crate) fn show(&self, width: Option<usize>, paint: Paint) -> String {
        let widths = self.widths(width);
        let mut text = String::new();
        let header = self.header.iter().map(|column| column.title().to_owned());
        let header: Vec<String> = header.collect();
        text.push_str(&paint.strong(&line(&header, &widths)));
        text.push('\n');
        for row in &self.rows {
            text.push_str(&line(row, &widths));
            text.push('\n');
        }
        text
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .header
            .iter()
            .map(|column| column.title().width())
            .collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(cell.width());
            }
        }
        let Some(width) = width else {
            return widths;
        };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        while excess > 0 {
            // The widest gives way first, one column of the screen at a time:
            // in the end the wide ones are equally wide.
            let widths = widths.iter_mut().zip(&self.header);
            let cut = widths.filter(|(_, column)| matches!(column, Column::Cut(_)));
            let widest = cut.map(|(width, _)| width).max();
            match widest.filter(|widest| **widest > NARROWEST) {
                Some(widest) => *widest -= 1,
                None => break,
            }
            excess -= 1;
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if index > 0 {
            text.push_str(GAP);
        }
        let cell = cut(cell, *width);
        let padding = width.saturating_sub(cell.width());
        text.push_str(&cell);
        text.extend(std::iter::repeat_n(' ', padding));
    }
    text.truncate(text.trim_end().len());
    text
}

/// `text` in at most `width` columns, the cut shown by an ellipsis.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut short = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(c);
    }
    short.push('…');
    Cow::Owned(short)
}

/// `text` in lines of at most `width` columns that begin with `indent` blanks.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        if used > 0 && used + 1 + word.width() <= width {
            lines.push(' ');
            used += 1 + word.width();
            lines.push_str(word);
            continue;
        }
        if used > 0 {
            lines.push('\n');
        }
        lines.extend(std::iter::repeat_n(' ', indent));
        lines.push_str(word);
        used = indent + word.width();
    }
    lines.push('\n');
    lines
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// A number of bytes: `812 bytes`, `4.5 MB` (of a million bytes each).
pub(crate) fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return count(usize::try_from(bytes).unwrap_or_default(), "byte", "bytes");
    }
    let mut unit = units.iter();
    let mut name = unit.next().copied().unwrap_or_default();
    // Tenths, rounded.
    let mut tenths = (u128::from(bytes) + 50) / 100;
    for next in unit {
        if tenths < 10_000 {
            break;
        }
        tenths = (tenths + 500) / 1000;
        name = next;
    }
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_strings_cannot_steer_the_terminal() {
        for (text, safe) in [
            ("Red Hat, Inc.", "Red Hat, Inc."),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\nadded  oem9.inf", "a\\u{a}added  oem9.inf"),
            ("gpj.\u{202e}fni", "gpj.\\u{202e}fni"),
            ("Контроллер", "Контроллер"),
        ] {
            assert_eq!(printable(text), safe);
        }
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_999, "1.0 MB"),
            (4_521_984, "4.5 MB"),
            (1_278_000_000, "1.3 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn words_are_wrapped_and_never_broken() {
        assert_eq!(wrapped("one two three", 2, 9), "  one two\n  three\n");
        assert_eq!(
            wrapped("incomprehensible word", 1, 5),
            " incomprehensible\n word\n"
        );
    }

    #[test]
    fn a_table_is_as_wide_as_needed_and_cut_only_for_a_terminal() {
        let mut table = Table::new(&[Column::Whole("name"), Column::Cut("provider")]);
        table.row(&["oem0.inf".into(), "Red Hat, Inc. of Raleigh".into()]);
        table.row(&["oem10.inf".into(), "語語".into()]);
        let plain = Paint(false);
        assert_eq!(
            table.show(None, plain),
            "name       provider\noem0.inf   Red Hat, Inc. of Raleigh\noem10.inf  語語\n"
        );
        assert_eq!(
            table.show(Some(23), plain),
            "name       provider\noem0.inf   Red Hat, In…\noem10.inf  語語\n"
        );
        // Too narrow for anything: columns keep what they need to be told apart.
        let narrow = table.show(Some(1), plain);
        assert!(narrow.contains("oem0.inf   Red Hat…\n"), "{narrow}");
    }
}
