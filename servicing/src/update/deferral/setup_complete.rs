//! `SetupComplete.cmd`: a marked block at its beginning, in front of what was
//! there before.
//!
//! The block comes first, because scripts that others wrote often end by
//! removing their folder or restarting. It runs ours in a process of its own, so
//! that neither an `exit` nor a variable, `echo` or directory of ours reaches
//! them; and what they answer in the end is their own answer still.

use super::error::DeferError;
use super::insertion::TextFile;
use crate::facts::ImageFacts;
use crate::path::ImagePath;

const BEGIN: &str = "@rem >>> wimwright first boot";
const END: &str = "@rem <<< wimwright first boot";

/// The block. `ver` answers 0, as an untouched script begins.
pub(super) const BLOCK: &str = "@rem >>> wimwright first boot: these lines are removed with the \
    packages\r\n\
    @if exist \"%~dp0wimwright\\run.cmd\" \"%SystemRoot%\\System32\\cmd.exe\" /d /c \
    \"\"%~dp0wimwright\\run.cmd\"\"\r\n\
    @ver >nul\r\n\
    @rem <<< wimwright first boot\r\n";

/// Where it lies.
pub(super) fn path(facts: &ImageFacts) -> Result<ImagePath, DeferError> {
    Ok(facts.windows.join("Setup\\Scripts\\SetupComplete.cmd")?)
}

/// What the block looks like in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// It is not there.
    Absent,
    /// It is as it was put in.
    Whole,
    /// It is there, and something in it is not as it was put in: its bytes.
    Changed { start: usize, end: usize },
}

/// Looks for the block.
///
/// # Errors
/// A block without an end.
pub(super) fn find(script: &TextFile, path: &ImagePath) -> Result<Block, DeferError> {
    if script.without(BLOCK).is_some() {
        return Ok(Block::Whole);
    }
    let lines = script.lines();
    let begins = |line: &&super::insertion::Line| line.text.trim_start().starts_with(BEGIN);
    let Some(first) = lines.iter().find(begins) else {
        return Ok(Block::Absent);
    };
    let mut behind = lines.iter().filter(|line| line.start > first.start);
    let last = behind.find(|line| line.text.trim_start().starts_with(END));
    match last {
        Some(last) => Ok(Block::Changed {
            start: first.start,
            end: last.end,
        }),
        None => Err(DeferError::Edited { path: path.clone() }),
    }
}

/// The script with the block in it.
pub(super) fn put(script: TextFile, path: &ImagePath) -> Result<TextFile, DeferError> {
    match find(&script, path)? {
        Block::Whole => Ok(script),
        _ => {
            let bare = take(script, path)?;
            // cmd.exe takes no byte order mark: what it would stumble over it
            // still does, behind the block.
            Ok(TextFile::new(
                [BLOCK.as_bytes(), &bare.into_bytes()].concat(),
            ))
        }
    }
}

/// The script without the block.
pub(super) fn take(script: TextFile, path: &ImagePath) -> Result<TextFile, DeferError> {
    Ok(match find(&script, path)? {
        Block::Absent => script,
        Block::Whole => script.without(BLOCK).unwrap_or(script),
        Block::Changed { start, end } => {
            let mut bytes = script.into_bytes();
            let end = end.min(bytes.len());
            bytes.drain(start.min(end)..end);
            TextFile::new(bytes)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> ImagePath {
        ImagePath::parse("Windows\\Setup\\Scripts\\SetupComplete.cmd").unwrap()
    }

    fn take_bytes(bytes: Vec<u8>) -> Vec<u8> {
        let taken = take(TextFile::new(bytes), &at()).unwrap();
        taken.into_bytes()
    }

    #[test]
    fn a_script_keeps_every_byte_behind_the_block() {
        for before in [
            &b""[..],
            b"exit 7",
            b"@echo off\r\necho \x81\xE4\r\nexit /b 3\r\n",
            b"\xEF\xBB\xBF@echo off\n",
            b"\xFF\xFEe\0x\0i\0t\0",
        ] {
            let with = put(TextFile::new(before.to_vec()), &at()).unwrap();
            let bytes = with.clone().into_bytes();
            assert_eq!(bytes, [BLOCK.as_bytes(), before].concat());
            assert_eq!(put(with, &at()).unwrap().into_bytes(), bytes, "twice");
            assert_eq!(take_bytes(bytes), before);
        }
    }

    #[test]
    fn an_edited_block_is_taken_whole_and_one_without_end_refused() {
        let edited = BLOCK.replace("@ver >nul", "rem mine");
        let bytes = ["first\r\n", &edited, "last\r\n"].concat().into_bytes();
        let script = TextFile::new(bytes.clone());
        assert!(matches!(find(&script, &at()), Ok(Block::Changed { .. })));
        assert_eq!(take_bytes(bytes), b"first\r\nlast\r\n");
        let cut = BLOCK.replace(END, "");
        let error = take(TextFile::new(cut.into_bytes()), &at()).unwrap_err();
        assert!(matches!(error, DeferError::Edited { .. }));
    }
}
