//! Codes in the text of a log.

use crate::explain::code::{Code, Reading, is_success};
use crate::explain::codes::by_name;

/// The most codes that are taken of one line.
const MOST: usize = 8;

/// The codes of failures that a line names, in order.
///
/// A number is one where it has eight digits and looks like a failure
/// (`0x800f081e`, `hr:0x80070002`), or where a word says that it is
/// (`Error 1168:`, `HRESULT=800F081E`, `dwRet = 0x3cf2`). Names of Windows'
/// errors count too: `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`.
pub(super) fn codes(text: &str) -> Vec<Code> {
    let mut found: Vec<Code> = Vec::new();
    // Most lines of most logs have none, and are told so cheaply.
    let signs = [
        "0x", "0X", "rror", "ERROR_", "STATUS_", "_E_", "HRESULT", "E_",
    ];
    if !signs.iter().any(|sign| text.contains(sign)) {
        return found;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && found.len() < MOST {
        let Some(length) = word(bytes, at) else {
            at += 1;
            continue;
        };
        let word = text.get(at..at + length).unwrap_or_default();
        let before = text.get(..at).unwrap_or_default();
        let code = code(word, before).filter(|code| !is_success(code.value));
        found.extend(code.filter(|code| !found.contains(code)));
        at += length;
    }
    found
}

/// The length of the word that begins at `at`; none begins within another.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    bytes.get(at).filter(|byte| of_word(byte))?;
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().position(|byte| !of_word(byte));
    Some(length.unwrap_or(rest.len()))
}

fn code(word: &str, before: &str) -> Option<Code> {
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        let hex = |digits: &str| u32::from_str_radix(digits, 16).ok();
        let value = hex(digits).filter(|_| (1..=8).contains(&digits.len()))?;
        let failing = digits.len() == 8 && looks_failed(value);
        return (failing || is_announced(before)).then(|| Code::hex(value));
    }
    if word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let value = u32::from_str_radix(word, 16).ok()?;
        return (looks_failed(value) && is_announced(before)).then(|| Code::hex(value));
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() <= 5 {
        let value: u32 = word.parse().ok()?;
        // `Error 1168: Element not found.`, `Last error: 5`; never
        // `Error[3]` or a time.
        let said = before.ends_with("Error ") || before.ends_with("error ");
        return (said && value > 0).then_some(Code {
            reading: Reading::Decimal,
            ..Code::hex(value)
        });
    }
    let named = ["ERROR_", "STATUS_", "CBS_E_", "PSFX_E_", "E_"];
    let entry = named
        .iter()
        .any(|prefix| word.starts_with(prefix))
        .then(|| by_name(word))
        .flatten()?;
    Some(entry.code())
}

/// Whether a number of eight digits is a failure: of HRESULTs, SetupAPI or the
/// kernel. Others are addresses, flags and sizes.
fn looks_failed(value: u32) -> bool {
    matches!(value >> 16, 0x8000..=0x80FF | 0xC000..=0xC7FF | 0xD000 | 0xE000)
}

/// Whether what stands before a number says that it is a code.
fn is_announced(before: &str) -> bool {
    let before = before.trim_end();
    let last = before.trim_end_matches([':', '=', '(']).trim_end();
    let words = [
        "error", "hresult", "hr", "status", "dwret", "result", "failed", "failure", "exit", "code",
        "gle", "crash",
    ];
    let signed = last.len() < before.len() || before.ends_with(|c: char| c.is_ascii_alphabetic());
    // The end in bytes: `get` finds no word where a character is cut.
    signed
        && words.iter().any(|word| {
            let start = last.len().checked_sub(word.len());
            let tail = start.and_then(|start| last.get(start..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<u32> {
        codes(text).iter().map(|code| code.value).collect()
    }

    #[test]
    fn codes_are_found_in_the_words_of_every_log() {
        for (text, expected) in [
            (
                "- CAddPackageCommandObject::InternalExecute(hr:0x800f081e)",
                vec![0x800F_081E],
            ),
            (
                "processed the command line but failed. HRESULT=80070307",
                vec![0x8007_0307],
            ),
            (
                "[HRESULT = 0x800f0823 - CBS_E_NEW_SERVICING_STACK_REQUIRED]",
                vec![0x800F_0823],
            ),
            (
                "Error 0xe0000228: There are no compatible drivers",
                vec![0xE000_0228],
            ),
            ("Selecting driver failed(0xe0000228)", vec![0xE000_0228]),
            ("<<<  [Exit status: FAILURE(0x00000103)]", vec![0x103]),
            (
                "#E142 Class: {x}. Install failed. Error 1168: Element not found.",
                vec![1168],
            ),
            ("Error 193: %1 is not a valid Win32 application.", vec![193]),
            ("Exit code of RemoveAllApps thread was 0x3cf2.", vec![]),
            ("dwRet = 0x3cf2", vec![0x3CF2]),
            (
                "Failed unattend install: x, hr: 0x80073713",
                vec![0x8007_3713],
            ),
            ("HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)", vec![2]),
            ("Crash 0x0000007E detected", vec![0x7E]),
            (
                "a 0x80070002 and a 0x80070005",
                vec![0x8007_0002, 0x8007_0005],
            ),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "CSI Store 616570675040 (0x0000008f8e79df60) initialized",
            "Flags = 0x00000007, Time = 15 ms",
            "[HRESULT = 0x00000000 - S_OK]",
            "Exit status: SUCCESS",
            "exit(0x00000000)",
            "Rank - 0x00ff2001",
            "{4d36e97d-e325-11ce-bfc1-08002be10318}",
            "Package_for_KB5012170~31bf3856ad364e35~amd64~~14393.5285.1.4",
            "PCI\\VEN_8086&DEV_8C4F 80070002",
            "\u{e4}\u{e4}\u{e4} 0x1",
            "[HRESULT = 0x80070bc2 - ERROR_SUCCESS_REBOOT_REQUIRED]",
        ] {
            assert_eq!(values(text), [0; 0], "{text}");
        }
    }
}
