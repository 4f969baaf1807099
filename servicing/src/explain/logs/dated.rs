//! Lines of the form `2023-02-02 14:29:26, Info   DISM   message`.
//!
//! Source: "Log entry structure" of "Log files" (upgrade errors): date and
//! time, level, component, message. A number in brackets may stand in front of
//! the component (`[0x0604a7]`), and the component may be missing.

use super::section::Weight;

/// A line taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dated<'t> {
    /// Date and time.
    pub(super) time: &'t str,
    pub(super) weight: Weight,
    /// `DISM`, `CBS`, `SYSPRP`; empty where there is none.
    pub(super) component: &'t str,
    pub(super) message: &'t str,
}

/// The length of `2023-02-02 14:29:26`.
const TIME: usize = 19;

impl<'t> Dated<'t> {
    /// Takes a line apart; `None` where it has another form.
    pub(super) fn parse(text: &'t str) -> Option<Dated<'t>> {
        let time = text.get(..TIME).filter(|time| is_time(time.as_bytes()))?;
        let rest = text.get(TIME..)?.strip_prefix(',')?.trim_start();
        let (weight, rest) = level(rest)?;
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix("[0x") {
            Some(number) => number.split_once(']').map_or(rest, |(_, after)| after),
            None => rest,
        };
        let rest = rest.trim_start();
        let (first, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let is_component = (2..=12).contains(&first.len()) && first.bytes().all(plain);
        let (component, message) = match is_component {
            true => (first, after.trim_start()),
            false => ("", rest),
        };
        Some(Dated {
            time,
            weight,
            component,
            message,
        })
    }
}

fn is_time(time: &[u8]) -> bool {
    let shape = b"dddd-dd-dd dd:dd:dd";
    time.len() == shape.len()
        && time.iter().zip(shape).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

fn level(rest: &str) -> Option<(Weight, &str)> {
    let levels = [
        ("Fatal Error", Weight::Fatal),
        ("FatalError", Weight::Fatal),
        ("Fatal", Weight::Fatal),
        ("Error", Weight::Error),
        ("Warning", Weight::Warning),
        ("Info", Weight::Info),
        ("Perf", Weight::Info),
        ("Debug", Weight::Info),
    ];
    let found = levels.into_iter().find_map(|(name, weight)| {
        let rest = rest.strip_prefix(name)?;
        let ends = rest.is_empty() || rest.starts_with([' ', '\t']);
        ends.then_some((weight, rest))
    });
    // CSI's lines have been seen with a tab in front of the level, and levels
    // that are not listed have one word.
    found.or_else(|| {
        let (word, after) = rest.split_once([' ', '\t'])?;
        let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        plain.then_some((Weight::Info, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        for (text, weight, component, message) in [
            (
                "2016-09-08 09:23:50, Warning               MIG    Could not replace object",
                Weight::Warning,
                "MIG",
                "Could not replace object",
            ),
            (
                "2007-10-11 20:54:32, Error      [0x0604a7] IBS    InstantiateCBSUnattendPass: x",
                Weight::Error,
                "IBS",
                "InstantiateCBSUnattendPass: x",
            ),
            (
                "2016-10-05 15:27:08, Error                        Gather failed. Last error: 0x0",
                Weight::Error,
                "",
                "Gather failed. Last error: 0x0",
            ),
            (
                "2024-01-21 23:25:24, Info DISM DISM.EXE:",
                Weight::Info,
                "DISM",
                "DISM.EXE:",
            ),
            (
                "2024-01-21 23:25:24, Fatal Error IBS x",
                Weight::Fatal,
                "IBS",
                "x",
            ),
            ("2024-01-21 23:25:24, Info", Weight::Info, "", ""),
        ] {
            let found = Dated::parse(text);
            let found = found.map(|line| (line.weight, line.component, line.message));
            assert_eq!(found, Some((weight, component, message)), "{text}");
        }
    }

    #[test]
    fn other_lines_are_none() {
        for text in [
            "",
            "27:08, Error SP x",
            "2024-01-21 23:25:24 Info",
            "2024-01-21T23:25:24, Info",
            "    Old component: [l:0]''",
            "\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}, Info x",
        ] {
            assert_eq!(Dated::parse(text), None, "{text}");
        }
    }
}
