//! What mini-setup runs: `[GuiRunOnce]` of `\Sysprep\sysprep.inf`, or
//! `cmdlines.txt` below its `InstallFilesPath`.
//!
//! Sources: `ref.chm` of XP SP3's deployment tools (sysprep.inf,
//! `InstallFilesPath`), TechNet cc772935: commands of `[GuiRunOnce]` stand in
//! quotation marks and run one after the other at the first logon, those of
//! `cmdlines.txt` as a service.

use super::error::DeferError;
use super::insertion::TextFile;
use super::queue::Insertion;
use crate::draft::Draft;
use crate::path::ImagePath;
use crate::tree::FileTree as _;

/// What is run. Mini-setup hands it on with its variables, and cmd.exe puts
/// their values in.
const COMMAND: &str = "cmd.exe /d /c %SystemRoot%\\Setup\\Scripts\\wimwright\\run.cmd";
/// The file below `$OEM$`.
pub(super) const CMDLINES: &str = "cmdlines.txt";
/// Largest answer file that is edited, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// The answer file that mini-setup reads.
pub(super) fn path() -> Result<ImagePath, DeferError> {
    Ok(ImagePath::parse("Sysprep\\sysprep.inf")?)
}

/// A text file of the image; empty where there is none.
fn read(draft: &Draft, path: &ImagePath) -> Result<(TextFile, bool), DeferError> {
    let bytes = draft.read(path, MAX_LEN)?;
    let created = bytes.is_none();
    Ok((TextFile::new(bytes.unwrap_or_default()), created))
}

/// `[name]`, in any case, with anything behind it.
fn is_section(line: &str, name: Option<&str>) -> bool {
    let Some(rest) = line.trim().strip_prefix('[') else {
        return false;
    };
    let Some((found, _)) = rest.split_once(']') else {
        return false;
    };
    name.is_none_or(|name| found.trim().eq_ignore_ascii_case(name))
}

/// The value of `key = value`, without its quotation marks.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (found, value) = line.split_once('=')?;
    let is = found.trim().trim_matches('"').eq_ignore_ascii_case(key);
    is.then(|| value.trim().trim_matches('"').trim())
}

/// `CommandN`, as a number.
fn command_number(line: &str) -> Option<u32> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim().to_ascii_lowercase();
    key.strip_prefix("command")?.parse().ok()
}

/// A line of the section that is a command, whatever its form.
fn is_command(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with(';') && !line.starts_with('[')
}

/// The folder of the image that `InstallFilesPath` names, where sysprep.inf has
/// one.
///
/// # Errors
/// A path on a share, or on a drive that is not this image's.
pub(super) fn install_files(draft: &Draft) -> Result<Option<ImagePath>, DeferError> {
    let path = path()?;
    let (file, _) = read(draft, &path)?;
    let mut inside = false;
    for line in file.lines() {
        if is_section(&line.text, None) {
            inside = is_section(&line.text, Some("Unattended"));
        }
        let Some(value) = value_of(&line.text, "InstallFilesPath").filter(|_| inside) else {
            continue;
        };
        if value.is_empty() {
            return Ok(None);
        }
        let elsewhere = || DeferError::InstallFilesPath {
            path: path.clone(),
            value: value.to_owned(),
        };
        let below = ["%systemdrive%\\", "c:\\"].into_iter().find_map(|start| {
            let (head, rest) = value.split_at_checked(start.len())?;
            head.eq_ignore_ascii_case(start).then_some(rest)
        });
        let below = below.ok_or_else(elsewhere)?;
        return ImagePath::parse(below).map(Some).map_err(|_| elsewhere());
    }
    Ok(None)
}

/// What goes into `[GuiRunOnce]`, with the file as it will be.
pub(super) fn gui_run_once(draft: &Draft) -> Result<(TextFile, Insertion), DeferError> {
    let path = path()?;
    let (file, created) = read(draft, &path)?;
    let (at, text) = insertion_of_gui_run_once(&file);
    let insertion = Insertion {
        made: super::missing_above(draft, &path)?,
        path,
        created,
        text: text.clone(),
    };
    Ok((file.insert(at, &text), insertion))
}

/// Where the command goes, and what has to be written there.
fn insertion_of_gui_run_once(file: &TextFile) -> (usize, String) {
    let lines = file.lines();
    let section = lines
        .iter()
        .position(|line| is_section(&line.text, Some("GuiRunOnce")));
    let Some(section) = section else {
        let cut = lines.last().is_some_and(|line| !line.ended);
        let gap = if cut { "\r\n" } else { "" };
        let text = format!("{gap}[GuiRunOnce]\r\nCommand0=\"{COMMAND}\"\r\n");
        return (file.end(), text);
    };
    let of_section: Vec<_> = lines
        .iter()
        .skip(section)
        .enumerate()
        .take_while(|(index, line)| *index == 0 || !is_section(&line.text, None))
        .map(|(_, line)| line)
        .collect();
    let numbers = of_section
        .iter()
        .filter_map(|line| command_number(&line.text));
    let number = numbers.max().map_or(0, |last| last.saturating_add(1));
    // Behind the last line that is not empty.
    let last = of_section
        .iter()
        .rev()
        .find(|line| !line.text.trim().is_empty());
    let (at, ended) = last.map_or((file.end(), true), |line| (line.end, line.ended));
    let numbered = of_section
        .iter()
        .all(|line| !is_command(&line.text) || command_number(&line.text).is_some());
    let command = match numbered {
        true => format!("Command{number}=\"{COMMAND}\""),
        // Commands alone, one a line: the form of the manuals' examples.
        false => format!("\"{COMMAND}\""),
    };
    match ended {
        true => (at, format!("{command}\r\n")),
        false => (at, format!("\r\n{command}")),
    }
}

/// What goes into `cmdlines.txt` below `install_files`, with the file as it will
/// be.
pub(super) fn cmdlines(
    draft: &Draft,
    install_files: &ImagePath,
) -> Result<(TextFile, Insertion), DeferError> {
    let path = install_files.join("$OEM$")?.join(CMDLINES)?;
    let (file, created) = read(draft, &path)?;
    let lines = file.lines();
    let has_section = lines
        .iter()
        .any(|line| is_section(&line.text, Some("Commands")));
    let gap = match lines.last() {
        Some(line) if !line.ended => "\r\n",
        _ => "",
    };
    let section = if has_section { "" } else { "[Commands]\r\n" };
    let text = format!("{gap}{section}\"{COMMAND}\"\r\n");
    let insertion = Insertion {
        made: super::missing_above(draft, &path)?,
        path,
        created,
        text: text.clone(),
    };
    let end = file.end();
    Ok((file.insert(end, &text), insertion))
}

/// Whether the file runs the command.
pub(super) fn is_there(draft: &Draft, path: &ImagePath) -> Result<bool, DeferError> {
    let (file, _) = read(draft, path)?;
    Ok(file.lines().iter().any(|line| runs(&line.text)))
}

fn runs(line: &str) -> bool {
    let command = match line.split_once('=') {
        Some((key, value)) if command_number(&format!("{key}=")).is_some() => value,
        _ => line,
    };
    command.trim().trim_matches('"') == COMMAND
}

/// The file without the lines that run the command. Commands behind it move up,
/// for a number that is missing may end the list.
fn without_command(mut file: TextFile) -> TextFile {
    while let Some(line) = file.lines().into_iter().find(|line| runs(&line.text)) {
        let number = command_number(&line.text);
        file = file.without_line(&line);
        let mut next = number;
        while let Some(gone) = next {
            let follows = gone.checked_add(1);
            let lines = file.lines();
            let behind = lines
                .iter()
                .find(|line| follows.is_some() && command_number(&line.text) == follows);
            if let Some(behind) = behind {
                let digits = behind.text.find(|c: char| c.is_ascii_digit());
                let len = follows.map_or(0, |number| number.to_string().len());
                let first = digits.unwrap_or_default();
                file = file.replaced(behind, first, len, &gone.to_string());
                next = follows;
            } else {
                next = None;
            }
        }
    }
    file
}

/// The file without the command; `None` where nothing would be left of a file
/// that was made for it.
pub(super) fn take(draft: &Draft, insertion: &Insertion) -> Result<Option<TextFile>, DeferError> {
    let (file, missing) = read(draft, &insertion.path)?;
    if missing {
        return Ok(None);
    }
    let left = match file.without(&insertion.text) {
        Some(left) => left,
        // Somebody edited the file since: the command alone goes.
        None => without_command(file),
    };
    Ok((!(insertion.created && left.is_empty())).then_some(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(before: &str) -> String {
        let file = TextFile::new(before.as_bytes().to_vec());
        let (at, text) = insertion_of_gui_run_once(&file);
        let with = file.clone().insert(at, &text);
        assert_eq!(with.without(&text), Some(file), "taken back");
        String::from_utf8(with.into_bytes()).unwrap()
    }

    #[test]
    fn the_command_gets_the_next_number_of_its_section() {
        let ours = |number: u32| format!("Command{number}=\"{COMMAND}\"");
        for (before, after) in [
            (String::new(), format!("[GuiRunOnce]\r\n{}\r\n", ours(0))),
            (
                "[Unattended]\r\nx=y".to_owned(),
                format!("[Unattended]\r\nx=y\r\n[GuiRunOnce]\r\n{}\r\n", ours(0)),
            ),
            (
                "[guirunonce]\r\nCommand0=\"a\"\r\ncommand7 = \"b\"\r\n\r\n[X]\r\nCommand9=c\r\n"
                    .to_owned(),
                format!(
                    "[guirunonce]\r\nCommand0=\"a\"\r\ncommand7 = \"b\"\r\n{}\r\n\r\n[X]\r\nCommand9=c\r\n",
                    ours(8)
                ),
            ),
            (
                "[GuiRunOnce]\r\nCommand0=\"a\"".to_owned(),
                format!("[GuiRunOnce]\r\nCommand0=\"a\"\r\n{}", ours(1)),
            ),
            (
                "[GuiRunOnce]".to_owned(),
                format!("[GuiRunOnce]\r\n{}", ours(0)),
            ),
            (
                "[GuiRunOnce]\r\n\"a\"\r\n".to_owned(),
                format!("[GuiRunOnce]\r\n\"a\"\r\n\"{COMMAND}\"\r\n"),
            ),
        ] {
            assert_eq!(with(&before), after, "{before}");
        }
    }

    #[test]
    fn commands_behind_it_move_up_when_it_goes_from_an_edited_file() {
        let before = format!(
            "[GuiRunOnce]\r\nCommand0=a\r\nCommand1 = \"{COMMAND}\"\r\ncommand2=b\r\nCommand3=c\r\n[x]\r\n"
        );
        let left = without_command(TextFile::new(before.into_bytes()));
        assert_eq!(
            String::from_utf8(left.into_bytes()).unwrap(),
            "[GuiRunOnce]\r\nCommand0=a\r\ncommand1=b\r\nCommand2=c\r\n[x]\r\n"
        );
    }

    #[test]
    fn the_command_is_known_again_in_either_file() {
        for (line, is) in [
            (format!("Command3=\"{COMMAND}\""), true),
            (format!("\"{COMMAND}\""), true),
            (format!("Other=\"{COMMAND}\""), false),
            (format!("rem {COMMAND}"), false),
            (String::new(), false),
        ] {
            assert_eq!(runs(&line), is, "{line}");
        }
    }
}
