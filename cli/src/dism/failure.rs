//! What DISM says when something cannot be done: a number and a text.
//!
//! Numbers are Windows': below 65536 Win32 error codes, above them HRESULTs of
//! the servicing stack. `explain NUMBER` knows them.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use wimwright_servicing::WimFileError;
use wimwright_servicing::capture::CaptureError;
use wimwright_servicing::container::ContainerError;

use crate::exit::{ExitCode, code_of, hint_of};
use crate::refusal::Refusal;

/// ERROR_FILE_NOT_FOUND.
pub(super) const FILE_NOT_FOUND: u32 = 2;
/// ERROR_PATH_NOT_FOUND.
pub(super) const PATH_NOT_FOUND: u32 = 3;
/// ERROR_ACCESS_DENIED.
const ACCESS_DENIED: u32 = 5;
/// ERROR_INVALID_DATA.
const INVALID_DATA: u32 = 13;
/// ERROR_NOT_SUPPORTED.
pub(super) const NOT_SUPPORTED: u32 = 50;
/// ERROR_FILE_EXISTS.
const FILE_EXISTS: u32 = 80;
/// ERROR_INVALID_PARAMETER.
pub(super) const INVALID_PARAMETER: u32 = 87;
/// ERROR_DISK_FULL.
const DISK_FULL: u32 = 112;
/// CBS_E_INVALID_PACKAGE.
pub(super) const INVALID_PACKAGE: u32 = 0x800f_0805;
/// CBS_E_UNKNOWN_UPDATE.
pub(super) const UNKNOWN_FEATURE: u32 = 0x800f_080c;
/// CBS_E_NOT_APPLICABLE.
pub(super) const NOT_APPLICABLE: u32 = 0x800f_081e;

/// Why a command was not carried out.
#[derive(Debug)]
pub(super) struct Failure {
    number: u32,
    text: String,
    hint: Option<String>,
}

impl Failure {
    pub(super) fn new(number: u32, text: impl Into<String>) -> Failure {
        Failure {
            number,
            text: text.into(),
            hint: None,
        }
    }

    /// The words are not DISM's.
    pub(super) fn words(text: impl Into<String>) -> Failure {
        Failure::new(INVALID_PARAMETER, text)
    }

    /// What can be done about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code: a process of Linux has 8 bits for it, and what is left of
    /// DISM's number in them is what `dism.exe` gives a shell of Linux, too.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::of_dism(self.number)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u16::try_from(self.number) {
            Ok(number) => write!(f, "Error: {number}")?,
            Err(_) => write!(f, "Error: 0x{:08x}", self.number)?,
        }
        let mut letters = self.text.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let first = first.map_or_else(String::new, String::from);
        write!(f, "\n\n{first}{}.", letters.as_str().trim_end_matches('.'))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        let mut text = String::new();
        let mut last = String::new();
        for cause in error.chain().map(ToString::to_string) {
            if cause == last || text.ends_with(&cause) {
                continue;
            }
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
            last = cause;
        }
        let number = number(&error);
        let hint = match number {
            // DISM has no word that replaces a file.
            FILE_EXISTS => Some("name another file, or remove this one first".to_owned()),
            _ => hint_of(&error),
        };
        Failure { number, text, hint }
    }
}

/// Windows' number for an error of ours.
fn number(error: &anyhow::Error) -> u32 {
    if let Some(number) = error.chain().find_map(known) {
        return number;
    }
    match code_of(error) {
        ExitCode::Usage => INVALID_PARAMETER,
        ExitCode::Damaged => INVALID_DATA,
        _ => NOT_SUPPORTED,
    }
}

fn known(error: &(dyn StdError + 'static)) -> Option<u32> {
    match error.downcast_ref::<Refusal>() {
        Some(Refusal::Missing { .. }) => return Some(FILE_NOT_FOUND),
        Some(Refusal::FileThere { .. }) => return Some(FILE_EXISTS),
        Some(Refusal::NoPackage { .. } | Refusal::SeveralPackages { .. }) => {
            return Some(INVALID_PACKAGE);
        }
        _ => {}
    }
    // Errors that stand for another hide it from the chain.
    let of_container = match error.downcast_ref::<ContainerError>() {
        Some(ContainerError::File(error)) => Some(error),
        _ => None,
    };
    let of_capture = match error.downcast_ref::<CaptureError>() {
        Some(CaptureError::File(error)) => Some(error),
        _ => None,
    };
    let of_file = error.downcast_ref().or(of_container).or(of_capture);
    if let Some(WimFileError::Exists { .. }) = of_file {
        return Some(FILE_EXISTS);
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::NotFound => Some(FILE_NOT_FOUND),
        io::ErrorKind::PermissionDenied => Some(ACCESS_DENIED),
        io::ErrorKind::AlreadyExists => Some(FILE_EXISTS),
        io::ErrorKind::StorageFull => Some(DISK_FULL),
        _ => None,
    }
}
