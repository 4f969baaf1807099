//! The shape of DISM's output: lists, tables, numbers and times as its English
//! transcripts show them.

use crate::render::text::printable;

/// The bar of something that is done.
pub(super) const BAR: &str = "[==========================100.0%==========================]";

/// Whether output is a table.
pub(super) fn is_table(format: Option<&str>) -> Result<bool, super::failure::Failure> {
    match format.map(str::to_ascii_lowercase).as_deref() {
        None | Some("list") => Ok(false),
        Some("table") => Ok(true),
        Some(other) => {
            let text = format!("`{other}` is no format: there are Table and List");
            Err(super::failure::Failure::words(text))
        }
    }
}

/// Rows under names, as blocks of `Name : value` or as a table.
pub(super) fn rows(names: &[&str], rows: &[Vec<String>], table: bool) -> String {
    match table {
        true => self::table(names, rows),
        false => rows.iter().map(|row| block(names, row)).collect(),
    }
}

/// Lines of `Name : value`, and an empty one.
pub(super) fn block(names: &[&str], row: &[String]) -> String {
    let mut text = String::new();
    for (name, value) in names.iter().zip(row) {
        let line = format!("{name} : {}", printable(value));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

fn table(names: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let cells = cells.map(|cell| printable(cell).chars().count());
        let name = names.get(column).map_or(0, |name| name.chars().count());
        cells.max().unwrap_or(0).max(name)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells = cells.zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}", width = *width))
            .collect();
        format!("{}\n", cells.join(" | ").trim_end())
    };
    let rule = line(&mut widths.iter().map(|width| "-".repeat(*width)));
    let mut text = format!(
        "\n{rule}{}{rule}",
        line(&mut names.iter().map(|name| (*name).to_owned()))
    );
    for row in rows {
        text.push_str(&line(
            &mut row.iter().map(|cell| printable(cell).into_owned()),
        ));
    }
    text.push('\n');
    text
}

/// `15,297,491,328`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `8/30/2021` of `2021-08-30`, and of what begins so.
pub(super) fn date(iso: &str) -> String {
    let parts: Vec<&str> = iso
        .split('T')
        .next()
        .unwrap_or_default()
        .split('-')
        .collect();
    match parts.as_slice() {
        [year, month, day] => format!(
            "{}/{}/{year}",
            month.trim_start_matches('0'),
            day.trim_start_matches('0')
        ),
        _ => iso.to_owned(),
    }
}

/// `5/21/2019 - 5:19:07 PM` of `2019-05-21T17:19:07Z`, as of an image; UTC.
pub(super) fn moment(iso: &str) -> String {
    match clock(iso) {
        Some((hour, minute, second, half)) => {
            format!("{} - {hour}:{minute}:{second} {half}", date(iso))
        }
        None => date(iso),
    }
}

/// `2/1/2026 10:00 AM`, as of a package; UTC.
pub(super) fn minute(iso: &str) -> String {
    match clock(iso) {
        Some((hour, minute, _, half)) => format!("{} {hour}:{minute} {half}", date(iso)),
        None => date(iso),
    }
}

fn clock(iso: &str) -> Option<(u32, &str, &str, &str)> {
    let time = iso.split_once('T')?.1;
    let hour: u32 = time.get(..2)?.parse().ok()?;
    let half = match hour < 12 {
        true => "AM",
        false => "PM",
    };
    let hour = match hour % 12 {
        0 => 12,
        hour => hour,
    };
    Some((hour, time.get(3..5)?, time.get(6..8)?, half))
}

/// `Install Pending` of `install-pending`.
pub(super) fn words(state: &str) -> String {
    let words = state.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        format!(
            "{}{}",
            first.map_or_else(String::new, String::from),
            letters.as_str()
        )
    });
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn yes_no(value: bool) -> String {
    match value {
        true => "Yes",
        false => "No",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_as_in_transcripts() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(15_297_491_328), "15,297,491,328");
        assert_eq!(date("2009-03-24"), "3/24/2009");
        assert_eq!(moment("2019-05-21T17:19:07Z"), "5/21/2019 - 5:19:07 PM");
        assert_eq!(moment("2019-04-01T00:09:02.5Z"), "4/1/2019 - 12:09:02 AM");
        assert_eq!(minute("2026-02-01T12:00:59Z"), "2/1/2026 12:00 PM");
        assert_eq!(minute("odd"), "odd");
        assert_eq!(words("install-pending"), "Install Pending");
    }

    #[test]
    fn tables_have_rules_above_and_below_their_names() {
        let rows = [
            vec!["TelnetClient".to_owned(), "Disabled".to_owned()],
            vec!["TFTP".to_owned(), "Enabled".to_owned()],
        ];
        assert_eq!(
            self::rows(&["Feature Name", "State"], &rows, true),
            "\n------------ | --------\nFeature Name | State\n------------ | --------\n\
             TelnetClient | Disabled\nTFTP         | Enabled\n\n"
        );
        assert_eq!(
            self::rows(&["Feature Name", "State"], &rows[1..], false),
            "Feature Name : TFTP\nState : Enabled\n\n"
        );
    }
}
