//! The apply itself, step by step.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, fsync, futimens, mkdirat, openat, renameat, renameat_with,
    syncfs, unlinkat,
};
use rustix::io::Errno;
use wimwright_wim::{Archive, Metadata};

use super::contents::Contents;
use super::error::ApplyError;
use super::existing::Existing;
use super::holds::{Driver, Holds, Place};
use super::host_clock;
use super::job::{Damaged, Job, NotedParts, Notes, failed};
use super::new_file::times_of;
use super::omission::Omission;
use super::outline::{ItemId, Outline, ROOT, What};
use super::report::Report;
use super::target::{self, Target, open_directory};
use super::{Applying, Selection, There, directories, links};
use crate::container::Meter;
use crate::finding::Finding;
use crate::image::Access;
use crate::path::{ImagePath, Name};
use crate::sidecar::{OldSidecar, SIDECAR, SidecarContent, SidecarWriter, UNFINISHED};
use crate::tree::directory::{host_name, windows_name};

impl Applying<'_> {
    /// Applies it. `meter` counts the bytes of content.
    ///
    /// # Errors
    /// [`ApplyError`]: what the host refused. The target then holds a part of
    /// the image, and its next apply says so.
    pub fn run(self, meter: &Meter) -> Result<Report, ApplyError> {
        let Applying {
            archive,
            index,
            options,
            metadata,
            mut outline,
            path,
            there,
            mut contents,
            preview,
            mut omitted,
        } = self;
        let there = match there {
            Some(there) => there,
            None => make_target(&path, &outline, &metadata)?,
        };
        let There {
            target,
            existing,
            moved,
            old_sidecar,
            _backend: lock,
        } = there;
        let mut holds = Holds::of(target.root());
        let marker = Marker::begin(&target, archive)?;
        holds.try_streams(target.root(), &marker.file, OsStr::new(UNFINISHED));
        let times = host_clock::times_of(&marker.file)
            .map_err(|source| failed(&target, "set times in", ImagePath::root(), source))?;
        let known = omitted.len();
        leave_out_refused_names(&target, &mut outline, &metadata, holds, &mut omitted);
        if let Some(into) = &options.move_old {
            move_aside(&target, into, &moved)?;
        }
        directories::make_room(&target, &outline, &metadata, &existing)?;
        directories::make(&target, &mut outline, &metadata, &existing, &mut omitted)?;
        if omitted.len() > known {
            // Their content is not written, but goes into the sidecar.
            contents = Contents::of(archive, &metadata, &outline)?;
        }
        let whole = matches!(options.selection, Selection::Whole);
        let notes = Notes::default();
        let job = Job {
            archive,
            metadata: &metadata,
            outline: &outline,
            target: &target,
            holds,
            notes: &notes,
            meter,
        };
        meter.begin(contents.bytes);
        contents.write(&job)?;
        links::make_symbolic_links(&job)?;
        links::make_hard_links(&job, &contents)?;
        links::give_object_ids(&job, &contents)?;
        directories::finish(&job)?;
        if whole {
            directories::finish_root(&job)?;
        }

        notes.damage_beside(&outline, &metadata);
        let noted = notes.into_parts();
        let mut findings = preview.findings;
        let kept = options.sidecar;
        let late = omitted.iter().skip(known).chain(&noted.omitted);
        findings.extend(
            late.map(|(id, omission)| omission.finding(&outline.path(&metadata, *id), kept)),
        );
        findings.extend(lacks(&noted, holds, kept, &outline, &metadata));
        let damaged = noted.damaged.iter().map(|(id, error)| Damaged {
            path: outline.path(&metadata, *id),
            error: error.clone(),
        });
        let damaged = damaged.collect();
        omitted.extend(noted.omitted);

        let root = outline.dentry(&metadata, ROOT).filter(|_| whole);
        let root_times = root.map(|root| (times_of(&root), Holds::times(&root)));
        let on_ntfs = holds.driver == Driver::Ntfs3g;
        let needed =
            !on_ntfs || !omitted.is_empty() || !noted.lacks.is_empty() || old_sidecar.is_some();
        let sidecar = options.sidecar && needed;
        let is_there = |path: &Path| target::is_there(target.root(), path);
        let moved: Vec<Name> = moved.iter().filter_map(|name| windows_name(name)).collect();
        let content = sidecar.then(|| SidecarContent {
            archive,
            element: archive.xml().image(index),
            kept: kept_entries(&outline, &omitted),
            damaged: noted.damaged_content,
            times,
            old: old_sidecar.as_ref().map(|sidecar| OldSidecar {
                sidecar,
                is_there: &is_there,
                moved: options
                    .move_old
                    .as_ref()
                    .filter(|_| !moved.is_empty())
                    .map(|into| (into, moved.as_slice())),
            }),
            metadata,
        });
        marker.finish(&target, content)?;
        if let Some((times, all_times)) = root_times {
            let place = Place {
                directory: target.root(),
                name: OsStr::new("."),
            };
            futimens(target.root(), &times)
                .map_err(io::Error::from)
                .and_then(|()| holds.give_times(&place, &all_times))
                .and_then(|()| Ok(fsync(target.root())?))
                .map_err(|source| failed(&target, "finish", ImagePath::root(), source))?;
        }
        drop(lock);
        Ok(Report {
            counts: preview.counts,
            replaced: preview.replaced,
            removed: preview.removed,
            moved: preview.moved,
            sidecar,
            damaged,
            findings,
        })
    }
}

/// Makes the target.
fn make_target(path: &Path, outline: &Outline, metadata: &Metadata) -> Result<There, ApplyError> {
    let failed = |source| ApplyError::Target {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(path).map_err(failed)?;
    let found = super::open(path, Access::Write)?;
    let (target, backend) = found.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    let existing = Existing::look(&target, outline, metadata, &[])?;
    Ok(There {
        target,
        existing,
        moved: Vec::new(),
        old_sidecar: None,
        _backend: backend,
    })
}

/// The unfinished sidecar: as long as it is there, the apply has not come to
/// its end.
struct Marker {
    file: Arc<File>,
    writer: SidecarWriter,
}

impl Marker {
    fn begin(target: &Target, archive: &Archive) -> Result<Marker, ApplyError> {
        let failed = |source| failed(target, "write", ImagePath::root(), source);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(target.root(), UNFINISHED, flags, Mode::from_raw_mode(0o666));
        let file = Arc::new(File::from(opened.map_err(|error| failed(error.into()))?));
        let writer = SidecarWriter::begin(Arc::clone(&file) as _, archive.header().guid);
        Ok(Marker {
            file,
            writer: writer.map_err(|error| full(target, error))?,
        })
    }

    /// Makes the sidecar of it, or takes it away. Before either, all that was
    /// written would outlive a loss of power.
    fn finish(
        self,
        target: &Target,
        content: Option<SidecarContent<'_>>,
    ) -> Result<(), ApplyError> {
        let sidecar = content.is_some();
        if let Some(content) = content {
            let finished = self.writer.finish(content);
            finished.map_err(|error| full(target, error))?;
        }
        let root = target.root();
        syncfs(root)
            .and_then(|()| match sidecar {
                true => renameat(root, UNFINISHED, root, SIDECAR),
                false => unlinkat(root, UNFINISHED, AtFlags::empty()),
            })
            .map_err(|error| failed(target, "finish", ImagePath::root(), error.into()))
    }
}

/// An error of the sidecar, which may be one of the target.
fn full(target: &Target, error: wimwright_wim::Error) -> ApplyError {
    let path = || match Name::new(SIDECAR) {
        Ok(name) => ImagePath::root().child(name),
        Err(_) => ImagePath::root(),
    };
    match error {
        wimwright_wim::Error::Write { source, .. } => failed(target, "write", path(), source),
        error => ApplyError::Wim(error),
    }
}

/// Leaves out names that the filesystem takes for others, or for streams.
fn leave_out_refused_names(
    target: &Target,
    outline: &mut Outline,
    metadata: &Metadata,
    holds: Holds,
    omitted: &mut Vec<(ItemId, Omission)>,
) {
    // The marker is there under its own spelling.
    let other = UNFINISHED.to_uppercase();
    let folds = matches!(target::kind(target.root(), OsStr::new(&other)), Ok(Some(_)));
    for directory in 0..outline.len() {
        let mut seen: HashMap<Name, ItemId> = HashMap::new();
        for id in outline.children(directory) {
            if matches!(outline.item(id).what, What::Omitted(_)) {
                continue;
            }
            let name = outline.host_name(metadata, id);
            if holds.refuses(&name) {
                omitted.push((id, Omission::NameRefused));
                outline.omit(id, Omission::NameRefused);
            } else if folds
                && let Some(name) = windows_name(&name)
                && seen.insert(name, id).is_some()
            {
                omitted.push((id, Omission::NameClash));
                outline.omit(id, Omission::NameClash);
            }
        }
    }
}

/// Moves the old system into a directory of its own.
fn move_aside(target: &Target, into: &Name, names: &[OsString]) -> Result<(), ApplyError> {
    if names.is_empty() {
        return Ok(());
    }
    let root = target.root();
    let path = || ImagePath::root().child(into.clone());
    let failed = |source| failed(target, "move the old system into", path(), source);
    let name = host_name(into);
    mkdirat(root, &name, Mode::from_raw_mode(0o777)).map_err(|error| failed(error.into()))?;
    let directory = open_directory(root, &name).map_err(failed)?;
    for name in names {
        let moved = match renameat_with(root, name, &directory, name, RenameFlags::NOREPLACE) {
            // Not every filesystem knows the flag; the directory is new.
            Err(Errno::INVAL | Errno::NOSYS) => renameat(root, name, &directory, name),
            other => other,
        };
        moved.map_err(|error| failed(error.into()))?;
    }
    Ok(())
}

/// The entries that are not on the host.
fn kept_entries(outline: &Outline, omitted: &[(ItemId, Omission)]) -> crate::sidecar::Kept {
    let below_omitted = outline.below_root();
    let below_omitted = below_omitted.filter(|(_, item)| matches!(item.what, What::Omitted(_)));
    let late = omitted.iter().map(|(id, _)| outline.item(*id));
    let items = below_omitted.map(|(_, item)| item).chain(late);
    items.filter_map(|item| item.dentry).collect()
}

/// Findings about what entries lack on the target.
fn lacks(
    noted: &NotedParts,
    holds: Holds,
    kept: bool,
    outline: &Outline,
    metadata: &Metadata,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !kept && holds.driver != Driver::Ntfs3g {
        findings.push(Finding::note(
            "no-sidecar",
            "attributes, security, short names, times of creation, named streams and reparse data \
             are lost: the target's filesystem does not hold them, and no sidecar was wanted",
        ));
    }
    for (lack, (count, first)) in &noted.lacks {
        let (name, what) = lack.words();
        let kept = match kept {
            true => "kept in the sidecar",
            false => "lost",
        };
        let others = match count {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let path = outline.path(metadata, *first);
        findings.push(Finding::warning(
            name,
            format!("`{path}`{others}: the target does not hold {what}; {kept}"),
        ));
    }
    findings
}
