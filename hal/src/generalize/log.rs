//! What `setupact.log` and `setuperr.log` say of the last run of Setup or
//! Sysprep.
//!
//! A line is `2024-03-07 22:26:20, Error      [0x0f0070] SYSPRP text`: time,
//! level, often a code in brackets, the component, the text. The lines that
//! name phases and providers are those of real logs of Windows 7 (`RunRegistryDlls`,
//! `LaunchDll`), of 10, 11 and Server 2022 (`SysprepSession`, `ActionPlatform`)
//! that people posted with their questions.

use wimwright_servicing::ImagePath;

use super::look::Look;
use crate::survey::Part;

/// Of longer logs only the end is read, in bytes.
const MAX_READ: usize = 4 << 20;
/// A longer line is cut, in characters.
const MAX_LINE: usize = 400;
/// Where the logs lie, below the Windows directory, oldest phase first.
pub(super) const FOLDERS: [&str; 3] = [
    "System32\\Sysprep\\Panther",
    "Panther",
    "Panther\\UnattendGC",
];
const FILES: [&str; 2] = ["setupact.log", "setuperr.log"];

/// A log, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSummary {
    /// Which file.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
    /// The time of its last line, as it stands there.
    pub last_time: Option<String>,
    /// The last phase that it names: `cleanup`, `generalize`, `specialize`,
    /// `oobeSystem`, ...
    pub last_phase: Option<String>,
    /// How many lines of level error and fatal error the last run has.
    pub errors: usize,
    /// The provider that failed: its file and entry point, or its action.
    pub failing_provider: Option<String>,
    /// The code that it gave.
    pub code: Option<String>,
    /// The line that says so, or the first error line where none names a
    /// provider.
    pub line: Option<String>,
    /// Where that line is, counted from 1; `None` where only the end of the
    /// file was read.
    pub line_number: Option<usize>,
    /// Whether only the end of the file was read.
    pub cut: bool,
}

/// The logs that an image has and that say anything.
pub(super) fn read(look: &Look<'_>) -> Part<Vec<LogSummary>> {
    let mut all = Vec::new();
    for folder in FOLDERS {
        let folder = look.windows(folder)?;
        for file in FILES {
            let path = folder.join(file)?;
            all.extend(summary(look, &path)?);
        }
    }
    Ok(all)
}

/// Whether Setup or Sysprep left logs in a folder: an empty error log is none.
pub(super) fn has_logs(look: &Look<'_>) -> Part<Option<ImagePath>> {
    for folder in FOLDERS {
        for file in FILES {
            let path = look.windows(folder)?.join(file)?;
            if look.file_len(&path)?.is_some_and(|len| len > 0) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

fn summary(look: &Look<'_>, path: &ImagePath) -> Part<Option<LogSummary>> {
    let Some((bytes, before)) = look.tail(path, MAX_READ)? else {
        return Ok(None);
    };
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut text = decoded(&bytes);
    if before > 0 {
        // It begins in the middle of a line.
        text = text
            .split_once('\n')
            .map_or_else(String::new, |(_, rest)| rest.to_owned());
    }
    let mut summary = parse(&text);
    summary.path = path.to_string();
    summary.len = before + bytes.len() as u64;
    summary.cut = before > 0;
    if summary.cut {
        summary.line_number = None;
    }
    Ok(Some(summary))
}

/// Logs are in the system's code page; UTF-16 has a mark.
fn decoded(bytes: &[u8]) -> String {
    super::answer_file::utf16(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

/// A line of a log.
struct Line<'t> {
    time: &'t str,
    is_error: bool,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn parse(line: &'t str) -> Option<Line<'t>> {
        let (time, rest) = line.split_once(", ")?;
        let digits = time.bytes().take(4).all(|byte| byte.is_ascii_digit());
        if time.len() < 10 || !digits {
            return None;
        }
        let rest = rest.trim_start();
        let level = rest.split_whitespace().next()?;
        let text = rest.get(level.len()..)?.trim_start();
        // `Fatal Error` and `FatalError` were both seen.
        let is_error =
            level.eq_ignore_ascii_case("error") || level.to_ascii_lowercase().starts_with("fatal");
        Some(Line {
            time,
            is_error,
            text,
        })
    }
}

/// What a log's text says; a new run of Sysprep begins it anew.
fn parse(text: &str) -> LogSummary {
    let mut summary = LogSummary::default();
    for (index, raw) in text.lines().enumerate() {
        let Some(line) = Line::parse(raw) else {
            continue;
        };
        if line.text.contains("Beginning of a new sysprep run") {
            summary = LogSummary::default();
        }
        summary.last_time = Some(line.time.to_owned());
        if let Some(phase) = phase(line.text) {
            summary.last_phase = Some(phase.to_owned());
        }
        if !line.is_error {
            continue;
        }
        summary.errors += 1;
        let provider = provider(line.text);
        let first_of_all = summary.line.is_none();
        if first_of_all || (provider.is_some() && summary.failing_provider.is_none()) {
            summary.line = Some(shortened(raw));
            summary.line_number = Some(index + 1);
            summary.code = code(line.text);
        }
        if summary.failing_provider.is_none() {
            summary.failing_provider = provider;
        }
        if summary.code.is_none() {
            summary.code = code(line.text);
        }
    }
    summary
}

fn shortened(line: &str) -> String {
    let line = super::answer_file::without_keys(line.trim_end());
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// The phase that a line speaks of.
fn phase(text: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 16] = [
        // Windows 8.1 and later: the file with the phase's actions.
        ("ActionFiles\\Cleanup.xml", "cleanup"),
        ("ActionFiles\\Generalize.xml", "generalize"),
        ("ActionFiles\\Specialize.xml", "specialize"),
        // Windows Vista and 7: the key that a provider was found in.
        ("SysPrep\\Cleanup\\", "cleanup"),
        ("SysPrep\\Generalize\\", "generalize"),
        ("SysPrep\\Specialize\\", "specialize"),
        ("SysPrepExternal\\Cleanup\\", "cleanup"),
        ("SysPrepExternal\\Generalize\\", "generalize"),
        ("SysPrepExternal\\Specialize\\", "specialize"),
        ("processing sysprep cleanup", "cleanup"),
        ("processing sysprep generalize", "generalize"),
        ("pre-validate sysprep generalize", "generalize"),
        // The passes of answer files.
        ("[specialize]", "specialize"),
        ("[auditSystem]", "auditSystem"),
        ("[auditUser]", "auditUser"),
        ("[oobeSystem]", "oobeSystem"),
    ];
    let mut words = WORDS.iter();
    words
        .find(|(word, _)| contains_ignore_case(text, word))
        .map(|(_, phase)| *phase)
}

fn contains_ignore_case(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    text.windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

/// The provider that an error line names.
fn provider(text: &str) -> Option<String> {
    // `... while executing 'X' from C:\...\AppxSysprep.dll; dwRet = 0x3cf2`, or
    // `... while executing 'C:\...\spbcd.dll,Sysprep_Generalize_Bcd', returned ...`
    if let Some((_, rest)) = text.split_once("Failure occurred while executing '") {
        let (entry, rest) = rest.split_once('\'')?;
        return Some(match rest.strip_prefix(" from ") {
            Some(file) => {
                let file = file.split(';').next().unwrap_or_default().trim();
                format!("{file},{entry}")
            }
            None => entry.to_owned(),
        });
    }
    // `SysprepSession::ExecuteInternal: Error in executing action for NAME; ...`
    if let Some((_, rest)) = text.split_once("Error in executing action for ") {
        return Some(rest.split(';').next()?.trim().to_owned());
    }
    // The package that keeps the AppX provider from going on.
    let (_, rest) = text.split_once("SYSPRP Package ")?;
    let (package, rest) = rest.split_once(' ')?;
    rest.contains("not provisioned for all users")
        .then(|| format!("AppX package {package}"))
}

/// The code at the end of an error line.
fn code(text: &str) -> Option<String> {
    const BEFORE: [&str; 5] = [
        "returned error code ",
        "dwRet = ",
        "hr = ",
        "current user: ",
        "thread was ",
    ];
    BEFORE.iter().find_map(|before| {
        let (_, rest) = text.split_once(before)?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let code = rest.get(..end.unwrap_or(rest.len()))?;
        (!code.is_empty()).then(|| code.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_counts_and_its_failing_provider_is_named() {
        let text = "\
2010-06-21 14:22:54, Error      [0x0f0043] SYSPRP WinMain:The sysprep dialog box returned FALSE
2013-07-18 22:31:45, Info                  SYSPRP ===          Beginning of a new sysprep run          ===
2013-07-18 22:38:29, Info       [0x0f008b] SYSPRP RunRegistryDlls:Found entrypoint in registry at SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\SysPrep\\Generalize\\{2172c981-2c23-e969-b30d-046ffeeb096e}; will try to launch 'x'
2013-07-18 22:38:30, Error      [0x0f0082] SYSPRP LaunchDll:Failure occurred while executing 'C:\\Windows\\System32\\spbcd.dll,Sysprep_Generalize_Bcd', returned error code 2[gle=0x00000012]
2013-07-18 22:38:30, Error      [0x0f0070] SYSPRP RunExternalDlls:An error occurred while running registry sysprep DLLs, halting sysprep execution. dwRet = 2[gle=0x00000012]
";
        let found = parse(text);
        assert_eq!(found.errors, 2);
        assert_eq!(found.last_phase.as_deref(), Some("generalize"));
        assert_eq!(
            found.failing_provider.as_deref(),
            Some("C:\\Windows\\System32\\spbcd.dll,Sysprep_Generalize_Bcd")
        );
        assert_eq!(found.code.as_deref(), Some("2"));
        assert_eq!(found.line_number, Some(4));
        assert_eq!(found.last_time.as_deref(), Some("2013-07-18 22:38:30"));
    }

    #[test]
    fn a_package_of_one_user_is_the_provider_of_windows_10() {
        let text = "\
2024-06-20 22:22:27, Info                  SYSPRP SysprepSession::Validate: Beginning action execution from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Generalize.xml
2024-06-20 22:22:28, Error                 SYSPRP Package Microsoft.Copilot_0.4.2.0_neutral__8wekyb3d8bbwe was installed for a user, but not provisioned for all users. This package will not function properly in the sysprep image.
2024-06-20 22:22:28, Error                 SYSPRP Failed to remove apps for the current user: 0x80073cf2.
2024-06-20 22:22:28, Error                 SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x3cf2
";
        let found = parse(text);
        assert_eq!(
            found.failing_provider.as_deref(),
            Some("AppX package Microsoft.Copilot_0.4.2.0_neutral__8wekyb3d8bbwe")
        );
        assert_eq!(found.code.as_deref(), Some("0x80073cf2"));
        assert_eq!(found.last_phase.as_deref(), Some("generalize"));
        assert_eq!(found.line_number, Some(2));
    }

    #[test]
    fn actions_and_modules_are_named_with_their_codes() {
        for (text, name, number) in [
            (
                "SYSPRP SysprepSession::ExecuteInternal: Error in executing action for Windows-SenseClient-Service; dwRet = 0x5",
                "Windows-SenseClient-Service",
                "0x5",
            ),
            (
                "SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x3cf2",
                "C:\\Windows\\System32\\AppxSysprep.dll,SysprepGeneralizeValidate",
                "0x3cf2",
            ),
        ] {
            assert_eq!(provider(text).as_deref(), Some(name));
            assert_eq!(code(text).as_deref(), Some(number));
        }
        assert_eq!(provider("SYSPRP WinMain:Hit failure"), None);
        assert_eq!(code("SYSPRP WinMain:Hit failure"), None);
    }

    #[test]
    fn lines_of_other_shapes_are_passed_over() {
        let found =
            parse("no line\n\n2024, x\n2024-06-20 22:22:28, Info  fine\n\u{fffd}, Error x\n");
        assert_eq!(found.errors, 0);
        assert_eq!(found.line, None);
        assert_eq!(found.last_time.as_deref(), Some("2024-06-20 22:22:28"));
    }
}
