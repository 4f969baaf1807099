//! `mount`, `unmount`, `mounts`.
//!
//! `mount` starts this program once more, which stays as the process of the
//! mount, and returns when that says that the mount answers, or why not.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wimwright_servicing::mount::{
    Committing, Ending, Mount, MountCommitError, clean, edit, leave_terminal, show, unmount as end,
};
use wimwright_servicing::{Access, BeginOptions, Image, ImageFiles, Receipt};

use super::{open, write};
use crate::args::MountArgs;
use crate::context::{Context, now};
use crate::exit::{ExitCode, of_mount_commit};
use crate::refusal::Refusal;
use crate::render::json::{MountDone, MountEntry, Mounts, ReceiptDocument, UnmountDone};
use crate::render::text::printable;

/// What the process of a mount says when the mount answers.
const READY: &str = "mounted\n";

/// What the process of a mount says of a commit, to whoever asked for it.
#[derive(Debug, Deserialize, Serialize)]
struct CommitReport {
    /// The exit code that it means.
    code: u8,
    /// What to show.
    text: String,
    hint: Option<String>,
    receipt: Option<Value>,
}

/// Runs `mount IMAGE DIRECTORY`.
pub(crate) fn mount(words: &MountArgs, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    match words.foreground || words.daemon {
        true => serve(words, context),
        false => start(words, context),
    }
}

/// Starts the process of the mount, and waits until the mount answers.
fn start(words: &MountArgs, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let absolute = |path: &Path| -> anyhow::Result<PathBuf> {
        std::path::absolute(path).with_context(|| format!("`{}`", path.display()))
    };
    let (image, directory) = (absolute(&words.image)?, absolute(&words.directory)?);
    let program = std::env::current_exe().context("the path of this program")?;
    let mut args: Vec<OsString> = vec!["mount".into(), "--daemon".into()];
    if words.rw {
        args.push("--rw".into());
    }
    for reference in context.references_given() {
        args.push("--ref".into());
        args.push(reference.into());
    }
    args.extend(["--".into(), image.clone().into(), directory.clone().into()]);
    let mut child = Command::new(program)
        // Whatever the program is called: as `dism` it would take other words.
        .arg0("wimwright")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("the process of the mount cannot be started")?;
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out)
            .read_line(&mut said)
            .context("the process of the mount")?;
    }
    if said != READY {
        let mut complaint = String::new();
        if let Some(mut errors) = child.stderr.take() {
            errors.read_to_string(&mut complaint)?;
        }
        let status = child.wait()?;
        context.complain(&complaint);
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        return Ok(ExitCode::of(code.unwrap_or(ExitCode::Damaged as u8)));
    }
    let process = child.id();
    mounted(&image, &directory, words.rw, process, context)
}

/// Says that an image is mounted.
fn mounted(
    image: &Path,
    directory: &Path,
    writable: bool,
    process: u32,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let (image, directory) = (image.display().to_string(), directory.display().to_string());
    if context.json {
        context.document(&MountDone {
            image,
            directory,
            writable,
            process,
        })?;
    } else if !context.quiet {
        let how = match writable {
            true => "to be changed; `unmount --commit` writes into the image what was",
            false => "to be looked at",
        };
        let line = format!("`{image}` is mounted at `{directory}`, {how}");
        context.text(&format!("{}\n", printable(&line)))?;
    }
    Ok(ExitCode::Done)
}

/// An image to be mounted.
enum Opened {
    ToLook(ImageFiles),
    ToChange(Image),
}

/// Is the process of the mount.
fn serve(words: &MountArgs, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if words.daemon {
        leave_terminal();
    }
    let opened = match words.rw {
        true => Opened::ToChange(open::image_for_files(&words.image, Access::Write, context)?),
        false => Opened::ToLook(open::files(&words.image, context)?),
    };
    let mut told = Ok(ExitCode::Done);
    let ready = || {
        told = match words.daemon {
            // Nobody else hears it: the standard output is a pipe.
            true => std::io::stdout()
                .write_all(READY.as_bytes())
                .and_then(|()| std::io::stdout().flush())
                .map(|()| ExitCode::Done)
                .context("standard output"),
            false => {
                let process = std::process::id();
                let said = mounted(&words.image, &words.directory, words.rw, process, context);
                said.and_then(|code| context.finish().map(|()| code))
            }
        };
    };
    match opened {
        Opened::ToLook(image) => show(&image, &words.directory, ready)?,
        Opened::ToChange(image) => {
            let committing = Committing {
                options: Box::new(|| BeginOptions {
                    time: now(),
                    accept_dirty_hive: false,
                    strict: false,
                }),
                report: Box::new(report),
            };
            edit(image, committing, &words.directory, ready)?;
        }
    }
    told
}

/// What is said of a commit.
fn report(done: Result<&Receipt, &MountCommitError>) -> String {
    let report = match done {
        Ok(receipt) => CommitReport {
            code: ExitCode::Done as u8,
            text: write::summary(receipt),
            hint: None,
            receipt: serde_json::to_value(ReceiptDocument::from(receipt)).ok(),
        },
        Err(error) => {
            let (code, hint) = (of_mount_commit(error), error.hint());
            CommitReport {
                code: code as u8,
                text: chain(error),
                hint,
                receipt: None,
            }
        }
    };
    serde_json::to_string(&report).unwrap_or_default()
}

/// An error with its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = next.source();
    }
    text
}

/// Runs `unmount DIRECTORY`.
pub(crate) fn unmount(
    directory: &Path,
    commit: bool,
    discard: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let ending = match (commit, discard) {
        (true, _) => Ending::Commit,
        (_, true) => Ending::Discard,
        _ => Ending::Unchanged,
    };
    let ended = end(directory, ending)?;
    let mut receipt = None;
    let mut text = String::new();
    let committed = ended.committed.as_ref().map(|outcome| outcome.done);
    if let Some(outcome) = &ended.committed {
        let report: CommitReport =
            serde_json::from_str(&outcome.report).context("what the mount says")?;
        if !outcome.done {
            return Err(Refusal::Commit {
                message: format!("image `{}`: {}", ended.status.image, report.text),
                hint: report.hint,
                code: ExitCode::of(report.code),
            }
            .into());
        }
        text = report.text;
        receipt = report.receipt;
    } else if ending == Ending::Commit {
        anyhow::bail!("the mount did not say what came of the commit");
    }
    if context.json {
        context.document(&UnmountDone {
            image: ended.status.image,
            directory: directory.display().to_string(),
            changed: ended.status.changed,
            committed: committed == Some(true),
            in_use: ended.in_use,
            receipt,
        })?;
        return Ok(ExitCode::Done);
    }
    if !context.quiet {
        if ending == Ending::Discard && ended.status.changed {
            text.push_str("what was changed is thrown away\n");
        }
        if ended.in_use {
            text.push_str("programs use the directory still: the mount ends when they do\n");
        }
        let line = format!("`{}` is unmounted", directory.display());
        text.push_str(&format!("{}\n", printable(&line)));
        context.text(&text)?;
    }
    Ok(ExitCode::Done)
}

/// Runs `mounts`.
pub(crate) fn mounts(clean_up: bool, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let cleaned = match clean_up {
        true => clean()?,
        false => Vec::new(),
    };
    let found = wimwright_servicing::mount::mounts()?;
    if context.json {
        context.document(&Mounts {
            mounts: found.iter().map(entry).collect(),
            cleaned: cleaned.iter().map(entry).collect(),
        })?;
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    for mount in &cleaned {
        let line = format!("`{}` is unmounted", mount.directory.display());
        text.push_str(&format!("{}\n", printable(&line)));
    }
    let mut gone = false;
    for mount in &found {
        let state = match &mount.status {
            None => {
                gone = true;
                "its process is gone"
            }
            Some(status) if status.changed => "changed",
            Some(status) if status.writable => "to be changed",
            Some(_) => "to be looked at",
        };
        let image = mount.status.as_ref().map(|status| status.image.as_str());
        let line = format!(
            "{}  {}  {state}",
            mount.directory.display(),
            image.unwrap_or(&mount.source)
        );
        text.push_str(&format!("{}\n", printable(&line)));
    }
    if text.is_empty() && !context.quiet {
        text.push_str("no image is mounted\n");
    }
    if gone && !context.quiet {
        text.push_str("`mounts --clean` unmounts those whose process is gone\n");
    }
    context.text(&text)?;
    Ok(ExitCode::Done)
}

fn entry(mount: &Mount) -> MountEntry {
    let status = mount.status.as_ref();
    MountEntry {
        directory: mount.directory.display().to_string(),
        image: status.map_or_else(|| mount.source.clone(), |status| status.image.clone()),
        alive: status.is_some(),
        process: status.map(|status| status.process),
        writable: status.map(|status| status.writable),
        changed: status.map(|status| status.changed),
    }
}
