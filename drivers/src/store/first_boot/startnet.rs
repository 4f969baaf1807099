//! `startnet.cmd`: the script that WinPE runs, with a `drvload` line for each
//! package that its driver store cannot take offline (driverstore 7).

use wimwright_servicing::plan::{Basis, Change, Content};
use wimwright_servicing::{Draft, FileTree as _, Finding};

use crate::error::Error;

const FILE: &str = "System32\\startnet.cmd";
const SHELL: &str = "System32\\winpeshl.ini";
/// The largest script that is edited.
const MAX: u64 = 1024 * 1024;
/// What WinPE's own script holds.
const DEFAULT: &str = "wpeinit\r\n";

const RECALLED: Basis = Basis::recalled("driverstore 7");

fn line(directory: &str, inf: &str) -> String {
    format!("drvload {directory}\\{inf}")
}

/// The script's bytes as Latin-1 text: every byte survives, and what is looked
/// for is ASCII.
fn read(draft: &Draft) -> Result<Option<String>, Error> {
    let path = draft.facts().windows.join(FILE)?;
    let bytes = draft.read(&path, MAX)?;
    Ok(bytes.map(|bytes| bytes.iter().map(|byte| char::from(*byte)).collect()))
}

fn write(draft: &mut Draft, text: &str) -> Result<(), Error> {
    let bytes = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
    let change = Change::PutFile {
        path: draft.facts().windows.join(FILE)?,
        content: Content::Inline(bytes.collect()),
    };
    let _ = draft.plan_change(change, &RECALLED)?;
    Ok(())
}

/// Adds the line that loads a package, after the one that starts Plug and Play.
pub(crate) fn add(draft: &mut Draft, directory: &str, inf: &str) -> Result<(), Error> {
    let wanted = line(directory, inf);
    let text = read(draft)?.unwrap_or_else(|| DEFAULT.to_owned());
    let shell = draft.facts().windows.join(SHELL)?;
    if draft.has_file(&shell)? {
        draft.report(Finding::warning(
            "startnet-not-run",
            format!(
                "the image has `{shell}`: WinPE runs what it names in place of startnet.cmd; make \
                 sure that it runs startnet.cmd, or `{wanted}`, too"
            ),
        ));
    }
    if lines(&text).any(|line| line.trim().eq_ignore_ascii_case(&wanted)) {
        return Ok(());
    }
    write(draft, &with_line(&text, &wanted))
}

/// Takes the line out that loads a package.
pub(crate) fn remove(draft: &mut Draft, directory: &str, inf: &str) -> Result<(), Error> {
    let wanted = line(directory, inf);
    let Some(text) = read(draft)? else {
        return Ok(());
    };
    let ours = |line: &&str| line.trim().eq_ignore_ascii_case(&wanted);
    if !lines(&text).any(|line| ours(&line)) {
        return Ok(());
    }
    let left: String = lines(&text).filter(|line| !ours(line)).collect();
    write(draft, &left)
}

/// The packages that the script loads, as it names them: directory and INF.
pub(crate) fn loaded(draft: &Draft) -> Result<Vec<(String, String)>, Error> {
    let text = read(draft)?.unwrap_or_default();
    let found = lines(&text).filter_map(|line| {
        let line = line.trim();
        let (command, rest) = line.split_once(' ')?;
        // Other forms are somebody else's, and read by nobody here.
        let one = !rest.contains([' ', '"', '&', '|']);
        let (directory, inf) = rest.rsplit_once('\\')?;
        let loads = command.eq_ignore_ascii_case("drvload");
        (loads && one).then(|| (directory.to_owned(), inf.to_owned()))
    });
    Ok(found.collect())
}

/// Lines with their ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

fn with_line(text: &str, wanted: &str) -> String {
    let starts_pnp = |line: &str| {
        let program = line.trim_start().trim_start_matches('@');
        let program = program.split_whitespace().next().unwrap_or_default();
        let program = program.rsplit('\\').next().unwrap_or_default();
        let program = program.to_ascii_lowercase();
        program == "wpeinit" || program == "wpeinit.exe"
    };
    let loads = |line: &str| {
        line.trim_start()
            .to_ascii_lowercase()
            .starts_with("drvload ")
    };
    let all: Vec<&str> = lines(text).collect();
    // Behind wpeinit and the lines that load drivers already, for the order of
    // packages is that in which they were added.
    let mut at = all
        .iter()
        .position(|line| starts_pnp(line))
        .map_or(all.len(), |at| at + 1);
    while all.get(at).is_some_and(|line| loads(line)) {
        at += 1;
    }
    let mut out = String::new();
    for line in all.iter().take(at) {
        out.push_str(line);
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str("\r\n");
    }
    out.push_str(wanted);
    out.push_str("\r\n");
    for line in all.iter().skip(at) {
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_comes_behind_wpeinit_and_earlier_packages() {
        for (before, after) in [
            ("wpeinit\r\n", "wpeinit\r\nNEW\r\n"),
            ("wpeinit", "wpeinit\r\nNEW\r\n"),
            (
                "@echo off\r\nX:\\Windows\\System32\\WPEINIT.EXE -x\r\ndrvload a.inf\r\nsetup\r\n",
                "@echo off\r\nX:\\Windows\\System32\\WPEINIT.EXE -x\r\ndrvload a.inf\r\nNEW\r\nsetup\r\n",
            ),
            ("setup\r\n", "setup\r\nNEW\r\n"),
            ("", "NEW\r\n"),
        ] {
            assert_eq!(with_line(before, "NEW"), after);
        }
    }
}
