//! A code as people write it, and everything that is known of it.

use std::fmt;

use super::codes::{self, Entry, Family, Pair};
use super::structure::Structure;

/// In which of its meanings a number was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// As a number of the kernel's blue screen: `STOP 0x7B`.
    Stop,
    /// Hexadecimal: any meaning.
    Hex,
    /// Decimal: the number of an error, never of a stop.
    Decimal,
}

/// A code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// Its number.
    pub value: u32,
    /// How it was written.
    pub reading: Reading,
    /// The extend code that Windows Setup gives with a result code.
    pub extend: Option<u32>,
}

impl Code {
    /// A number in any meaning.
    pub fn hex(value: u32) -> Code {
        Code {
            value,
            reading: Reading::Hex,
            extend: None,
        }
    }

    /// Reads what people write: `0x800f081e`, `800f081e`, `-2146498530`,
    /// `2148468766`, `1168`, `STOP 0x7B`, `0x0000007B`,
    /// `0xC1900101 - 0x20017`. `None` where it is none of these.
    pub fn parse(text: &str) -> Option<Code> {
        let text = text.trim();
        if let Some(rest) = without_stop(text) {
            let value = hex(rest)?;
            return Some(Code {
                reading: Reading::Stop,
                ..Code::hex(value)
            });
        }
        if let Some((result, extend)) = pair(text) {
            let extend = Some(hex(extend)?).filter(|extend| *extend <= 0xFFF_FFFF)?;
            let code = Code::parse(result).filter(|code| code.value > 0xFFFF)?;
            return Some(Code {
                extend: Some(extend),
                ..code
            });
        }
        if text.starts_with(['0']) && text.get(1..2).is_some_and(|x| x.eq_ignore_ascii_case("x")) {
            return hex(text).map(Code::hex);
        }
        if let Some(digits) = text.strip_prefix('-') {
            let value: i64 = decimal(digits)?;
            let value = i32::try_from(-value).ok()?;
            return Some(Code::hex(value as u32));
        }
        // Eight digits that begin like a failure are how codes look without
        // their 0x, also where they happen to have no letter.
        let failure = |c: u8| matches!(c, b'8' | b'9' | b'C'..=b'E' | b'c'..=b'e');
        if text.len() == 8 && text.bytes().next().is_some_and(failure) {
            return hex(text).map(Code::hex);
        }
        let value = u32::try_from(decimal(text)?).ok()?;
        let reading = match value {
            ..=0xFFFF => Reading::Decimal,
            _ => Reading::Hex,
        };
        Some(Code {
            value,
            reading,
            extend: None,
        })
    }
}

/// Whether it is Windows' way of saying that something went well.
pub(super) fn is_success(value: u32) -> bool {
    // ERROR_SUCCESS_REBOOT_REQUIRED and _INITIATED say so themselves, whether
    // wrapped or not.
    matches!(value, 0xBC2 | 0x8007_0BC2 | 0x669 | 0x8007_0669)
        || value == 0
        || (value > 0xFFFF && value >> 30 == 0)
}

fn without_stop(text: &str) -> Option<&str> {
    let words = ["stop", "bugcheck", "bug check"];
    let mut rests = words.into_iter().filter_map(|word| {
        let start = text.get(..word.len())?;
        let rest = text.get(word.len()..)?;
        let ends = rest.starts_with([' ', ':', '=']);
        (start.eq_ignore_ascii_case(word) && ends).then_some(rest)
    });
    let rest = rests.next()?.trim_start_matches([' ', ':', '=']);
    // `STOP code 0x7B`, `STOP: 0x7B`.
    Some(rest.strip_prefix("code ").unwrap_or(rest).trim())
}

/// A result code and an extend code, with a hyphen or a dash between.
fn pair(text: &str) -> Option<(&str, &str)> {
    let at = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '-' | '\u{2013}' | '\u{2014}'));
    let (at, dash) = at?;
    let (result, extend) = (text.get(..at)?, text.get(at + dash.len_utf8()..)?);
    Some((result.trim(), extend.trim()))
}

fn hex(text: &str) -> Option<u32> {
    let lower = text.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("0x"));
    let digits = if lower { text.get(2..)? } else { text };
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let value = u64::from_str_radix(digits, 16).ok().filter(|_| all)?;
    // Debuggers write 32 bits as 64 with the sign drawn out.
    match value >> 32 {
        0 | 0xFFFF_FFFF => Some(value as u32),
        _ => None,
    }
}

fn decimal(text: &str) -> Option<i64> {
    let digits = (1..=10).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reading {
            Reading::Decimal => write!(f, "{}", self.value)?,
            Reading::Stop => write!(f, "STOP 0x{:08X}", self.value)?,
            Reading::Hex => write!(f, "0x{:08X}", self.value)?,
        }
        match self.extend {
            Some(extend) => write!(f, " - 0x{extend:05X}"),
            None => Ok(()),
        }
    }
}

/// What is known of a code.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// How it is made up; `None` for stops, which are plain numbers.
    pub structure: Option<Structure>,
    /// What the lists say, likeliest first; empty where they do not have it:
    /// then the structure is all that is known.
    pub entries: Vec<&'static Entry>,
    /// What Setup was doing, by the extend code.
    pub step: Option<codes::SetupStep>,
    /// What is known of this result and extend code together.
    pub pair: Option<&'static Pair>,
}

/// Explains a code.
pub fn explain(code: Code) -> Explanation {
    let structure = Structure::of(code.value);
    let stop = codes::find(Family::Stop, code.value);
    let mut entries: Vec<&'static Entry> = Vec::new();
    let mut add = |entry: Option<&'static Entry>| entries.extend(entry);
    match code.reading {
        Reading::Stop => add(stop),
        reading => {
            // A short hexadecimal number is more often a blue screen's.
            if reading == Reading::Hex && code.value <= 0xFFFF {
                add(stop);
            }
            add(codes::find(Family::Hresult, code.value));
            let setup_api = structure.setup_api();
            add(setup_api.and_then(|value| codes::find(Family::SetupApi, value)));
            let win32 = structure.win32().map(u32::from);
            add(win32.and_then(|value| codes::find(Family::Win32, value)));
            let status = structure.nt_status(code.value);
            add(status.and_then(|value| codes::find(Family::NtStatus, value)));
            if reading == Reading::Hex && code.value > 0xFFFF {
                add(stop);
            }
        }
    }
    Explanation {
        code,
        structure: (code.reading != Reading::Stop).then_some(structure),
        entries,
        step: code.extend.map(codes::SetupStep::of),
        pair: code
            .extend
            .and_then(|extend| codes::find_pair(code.value, extend)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_write_them() {
        for (text, value, reading) in [
            ("0x800f081e", 0x800F_081E, Reading::Hex),
            ("0X800F081E", 0x800F_081E, Reading::Hex),
            ("800f081e", 0x800F_081E, Reading::Hex),
            ("80070002", 0x8007_0002, Reading::Hex),
            ("-2146498530", 0x800F_081E, Reading::Hex),
            ("2148468766", 0x800F_081E, Reading::Hex),
            ("1168", 1168, Reading::Decimal),
            ("0x7B", 0x7B, Reading::Hex),
            ("0x0000007B", 0x7B, Reading::Hex),
            ("STOP 0x7B", 0x7B, Reading::Stop),
            ("stop: 0x0000007b", 0x7B, Reading::Stop),
            ("STOP code 7B", 0x7B, Reading::Stop),
            ("bugcheck 0xC000021A", 0xC000_021A, Reading::Stop),
            ("0xffffffff80070005", 0x8007_0005, Reading::Hex),
        ] {
            let code = Code::parse(text);
            let found = code.map(|code| (code.value, code.reading));
            assert_eq!(found, Some((value, reading)), "{text}");
        }
        for text in [
            "0xC1900101-0x20017",
            "C1900101 - 20017",
            "0xC1900101 \u{2013} 0x20017",
        ] {
            let code = Code::parse(text).map(|code| (code.value, code.extend));
            assert_eq!(code, Some((0xC190_0101, Some(0x20017))), "{text}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in [
            "",
            "0x",
            "0xg",
            "kernel-kind",
            "dism.log",
            "+5",
            "1 2",
            "stop",
            "stopwatch",
            "5-3",
            "0x123456789",
            "99999999999",
            "-0x5",
            "\u{2013}",
            "0xC1900101-",
            "8\u{e4}000000",
            "-2147483649",
        ] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_has_all_its_meanings_in_the_order_of_likelihood() {
        let names = |text: &str| -> Vec<&str> {
            let code = Code::parse(text);
            let found = code
                .map(explain)
                .into_iter()
                .flat_map(|found| found.entries);
            found.map(|entry| entry.name).collect()
        };
        assert_eq!(
            names("0x7B"),
            ["INACCESSIBLE_BOOT_DEVICE", "ERROR_INVALID_NAME"]
        );
        assert_eq!(names("STOP 0x7B"), ["INACCESSIBLE_BOOT_DEVICE"]);
        assert_eq!(names("123"), ["ERROR_INVALID_NAME"]);
        assert_eq!(names("0x8007007B"), ["ERROR_INVALID_NAME"]);
        assert_eq!(names("0xE0000228"), names("0x800F0228"));
        assert_eq!(names("0xE0000228"), ["ERROR_NO_COMPAT_DRIVERS"]);
        assert_eq!(names("0xD0000034"), ["STATUS_OBJECT_NAME_NOT_FOUND"]);
        assert_eq!(names("0x8FFF0001"), [""; 0]);
        assert_eq!(names("1168"), ["ERROR_NOT_FOUND"]);
    }

    #[test]
    fn an_extend_code_says_what_setup_did() {
        let code = Code::parse("0xC1900101 - 0x20017");
        let found = code.map(explain);
        let step = found.as_ref().and_then(|found| found.step);
        let step = step.map(|step| (step.phase, step.operation));
        assert_eq!(step, Some(("SP_EXECUTION_SAFE_OS", "BOOT")));
        assert!(found.is_some_and(|found| found.pair.is_some()));
    }

    #[test]
    fn success_is_told_from_failure() {
        for value in [0, 0xBC2, 0x8007_0BC2, 0x0024_0005, 0x000F_0803] {
            assert!(is_success(value), "{value:#x}");
        }
        for value in [2, 0x103, 0x8007_0002, 0xC000_0135, 0xE000_0228] {
            assert!(!is_success(value), "{value:#x}");
        }
    }
}
