//! DISM's commands about mounted images.

use std::path::Path;

use serde::Deserialize;

use super::command::{
    Choice, Command, Effect, IMAGE_FILE, INDEX, NAME, READ_CHECKED, Takes, choice, flag, refused,
    value, works,
};
use super::failure::{Failure, NOT_SUPPORTED, PATH_NOT_FOUND};
use super::native::Native;
use super::session::{Done, Session, file_and_index};
use super::shape::{block, yes_no};
use crate::exit::ExitCode;
use crate::render::text::printable;

const MOUNT_DIR: Choice = value("MountDir");
const WRITE_CHECKED: Choice = choice(
    "CheckIntegrity",
    Takes::Nothing,
    Effect::Always("an integrity table that the file has is written anew"),
);
const AS_NEW: Choice = choice(
    "Append",
    Takes::Nothing,
    Effect::Refused("what was changed goes into the image that was mounted"),
);

pub(super) const COMMANDS: &[Command] = &[
    works(
        "Mount-Image",
        mount,
        "mount FILE.wim:N DIR --rw",
        &[
            IMAGE_FILE,
            INDEX,
            NAME,
            MOUNT_DIR,
            flag("ReadOnly"),
            READ_CHECKED,
            choice(
                "Optimize",
                Takes::Nothing,
                Effect::Always("nothing is unpacked until it is read"),
            ),
        ],
    )
    .also(&["Mount-Wim"]),
    works(
        "Unmount-Image",
        unmount,
        "unmount DIR --commit",
        &[
            MOUNT_DIR,
            flag("Commit"),
            flag("Discard"),
            WRITE_CHECKED,
            AS_NEW,
        ],
    )
    .also(&["Unmount-Wim"]),
    works(
        "Commit-Image",
        commit,
        "unmount DIR --commit, then mount again",
        &[MOUNT_DIR, WRITE_CHECKED, AS_NEW],
    )
    .also(&["Commit-Wim"]),
    works("Get-MountedImageInfo", list, "mounts", &[]).also(&["Get-MountedWimInfo"]),
    works("Cleanup-Mountpoints", clean, "mounts --clean", &[]).also(&["Cleanup-Wim"]),
    refused(
        "Remount-Image",
        "what was written to a mount whose process is gone went with it; the image is as it was",
        "/Cleanup-Mountpoints takes the directory back, then mount the image again",
    )
    .also(&["Remount-Wim"]),
];

#[derive(Deserialize)]
struct Mounts {
    mounts: Vec<Mount>,
    cleaned: Vec<Mount>,
}

#[derive(Deserialize)]
struct Mount {
    directory: String,
    image: String,
    alive: bool,
    writable: Option<bool>,
}

#[derive(Deserialize)]
struct Unmounted {
    in_use: bool,
}

fn mount(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let image = session.one_selected("ImageFile", "Index", "Name")?;
    let directory = session.path("MountDir")?;
    if !directory.is_dir() {
        let given = session.needed("MountDir")?;
        let text = format!("`{given}` is no directory");
        return Err(Failure::new(PATH_NOT_FOUND, text).hint("make it first: `mkdir`"));
    }
    let native = Native::new(&["mount"])
        .flag("--rw", !session.line.said("ReadOnly"))
        .operand(image)
        .operand(directory);
    session.say("Mounting image")?;
    session.carry_out(&native)?;
    session.bar("")
}

fn unmount(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let directory = session.path("MountDir")?;
    let (commit, discard) = (session.line.said("Commit"), session.line.said("Discard"));
    if commit == discard {
        return Err(
            Failure::words("whether what was changed is kept was not said, or both ways")
                .hint("/Commit writes it into the image, /Discard throws it away"),
        );
    }
    let mut native = Native::new(&["unmount"]).operand(&directory);
    native = match commit {
        true => {
            session.say("Saving image")?;
            // A mount to be looked at has nothing to save.
            native.flag("--commit", writable(session, &directory)?)
        }
        false => native.flag("--discard", true),
    };
    let done: Done<Unmounted> = session.run(&native)?;
    if commit {
        session.bar("")?;
    }
    session.bar("Unmounting image")?;
    if done.document.in_use {
        session
            .context
            .remark("note: programs use the directory still: the mount ends when they do");
    }
    Ok(())
}

/// The mount at a directory.
fn mounted(session: &mut Session<'_, '_>, directory: &Path) -> Result<Mount, Failure> {
    let absolute = std::path::absolute(directory).map_err(anyhow::Error::from)?;
    let real = absolute.canonicalize().unwrap_or(absolute);
    let found: Done<Mounts> = session.run(&Native::new(&["mounts"]))?;
    let mut mounts = found.document.mounts.into_iter();
    mounts
        .find(|mount| Path::new(&mount.directory) == real)
        .ok_or_else(|| {
            let text = format!("`{}` is no mounted image", directory.display());
            Failure::new(NOT_SUPPORTED, text).hint("/Get-MountedImageInfo lists what is mounted")
        })
}

fn writable(session: &mut Session<'_, '_>, directory: &Path) -> Result<bool, Failure> {
    Ok(mounted(session, directory)?.writable != Some(false))
}

fn commit(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let directory = session.path("MountDir")?;
    let mount = mounted(session, &directory)?;
    if mount.writable != Some(true) {
        let text = format!("`{}` is not mounted to be changed", directory.display());
        return Err(Failure::new(NOT_SUPPORTED, text)
            .hint("/Unmount-Image /Discard, then mount it without /ReadOnly"));
    }
    session.say("Saving image")?;
    let unmount = Native::new(&["unmount"])
        .flag("--commit", true)
        .operand(&directory);
    let done: Done<Unmounted> = session.run(&unmount)?;
    session.bar("")?;
    let again = Native::new(&["mount"])
        .flag("--rw", true)
        .operand(&mount.image)
        .operand(&directory);
    let failed = |why: &str| {
        let text = format!(
            "what was changed is saved, and `{}` could not be mounted again: {why}",
            directory.display()
        );
        Failure::new(NOT_SUPPORTED, text).hint("mount it once more with /Mount-Image")
    };
    if done.document.in_use {
        return Err(failed("programs use it still"));
    }
    let mounted: Result<Done<serde_json::Value>, Failure> = session.run(&again);
    match mounted {
        Ok(done) if done.code == ExitCode::Done => Ok(()),
        Ok(_) => Err(failed("see standard error")),
        Err(failure) => Err(failed(&failure.to_string().replace("\n\n", ": "))),
    }
}

fn list(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let found: Done<Mounts> = session.run(&Native::new(&["mounts"]))?;
    if found.document.mounts.is_empty() {
        return session.say("Mounted images:\n\nNo mounted images found.\n");
    }
    session.say("Mounted images:\n")?;
    for mount in found.document.mounts {
        let (file, index) = file_and_index(&mount.image);
        let status = match mount.alive {
            true => "Ok",
            false => "Invalid",
        };
        let text = block(
            &[
                "Mount Dir",
                "Image File",
                "Image Index",
                "Mounted Read/Write",
                "Status",
            ],
            &[
                mount.directory,
                file,
                index.to_string(),
                yes_no(mount.writable == Some(true)),
                status.to_owned(),
            ],
        );
        session.say(text.trim_end_matches('\n'))?;
        session.say("")?;
    }
    Ok(())
}

fn clean(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let native = Native::new(&["mounts"]).flag("--clean", true);
    let found: Done<Mounts> = session.run(&native)?;
    session.say("Scanning for stale mount points")?;
    session.bar("")?;
    for mount in found.document.cleaned {
        let line = format!("Removed the mount point {}", mount.directory);
        session.say(&printable(&line))?;
    }
    Ok(())
}
