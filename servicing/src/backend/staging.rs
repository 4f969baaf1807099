//! Writes new content beside the old, so that nothing but renames and
//! overwriting is left to do.

use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sha1::{Digest as _, Sha1};

use super::attributes;
use super::commit;
use super::error::BackendError;
use super::host::{Attributes, Host, HostFile};
use super::journal::{How, Journal, Put, staged_path};
use super::layout::{Layout, LinkTo, NewLink, Write, lay_out};
use super::recovery::{Leftover, look};
use super::sweep::sweep;
use super::{FileChange, RESERVED};
use crate::blob::{ContentId, for_each_chunk};

/// A commit whose new content is staged. Dropped, it is removed again.
pub(crate) struct StagedCommit {
    host: Arc<dyn Host>,
    pub(crate) journal: Journal,
    /// Whether what is staged is to be removed.
    discard: bool,
}

impl StagedCommit {
    /// Stages what `changes` need.
    ///
    /// # Errors
    /// What keeps the changes from being made; the image is as it was.
    pub(crate) fn new(
        host: &Arc<dyn Host>,
        changes: Vec<FileChange>,
    ) -> Result<StagedCommit, BackendError> {
        prepare_reserved(host.as_ref())?;
        let asked = changes.len();
        let layout = lay_out(host.as_ref(), changes)?;
        let mut staged = StagedCommit {
            host: Arc::clone(host),
            journal: Journal {
                changes: asked,
                ..Journal::default()
            },
            discard: false,
        };
        if layout.is_empty() {
            return Ok(staged);
        }
        let reserved = Path::new(RESERVED);
        let failed = |error| BackendError::host(host.as_ref(), reserved, error);
        host.create_directory(reserved).map_err(failed)?;
        // From here on, an error drops what is staged.
        staged.discard = true;
        // The steps take files out of the reserved directory: it has to be
        // found again, whatever happens.
        let root = Path::new("");
        host.sync_directory(root)
            .map_err(|error| BackendError::host(host.as_ref(), root, error))?;
        staged.fill(layout)?;
        Ok(staged)
    }

    fn fill(&mut self, layout: Layout) -> Result<(), BackendError> {
        let host = self.host.as_ref();
        for (number, write) in layout.writes.iter().enumerate() {
            let put = stage_write(host, &staged_path(number), write)?;
            self.journal.puts.push(put);
        }
        for link in &layout.links {
            let number = self.journal.puts.len();
            let put = stage_link(host, &staged_path(number), link, &self.journal.puts)?;
            self.journal.puts.push(put);
        }
        sync_staged(host, self.journal.puts.len())?;
        self.journal.removals = layout.removals;
        self.journal.moves = layout.moves;
        self.journal.stamps = layout.stamps;
        self.journal.directories = layout.directories;
        Ok(())
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// [`BackendError::Interrupted`] after the commit point, all others before.
    pub(crate) fn commit(mut self) -> Result<(), BackendError> {
        if self.journal.has_no_steps() {
            return Ok(());
        }
        let committed = commit::commit(self.host.as_ref(), &self.journal);
        // What an interrupted commit staged is needed to finish it.
        self.discard = !matches!(committed, Ok(()) | Err(BackendError::Interrupted { .. }));
        committed
    }
}

impl Drop for StagedCommit {
    fn drop(&mut self) {
        if self.discard {
            // What stays is removed by the next open.
            let _ = sweep(self.host.as_ref());
        }
    }
}

/// Makes sure that nobody's files are in the reserved directory.
fn prepare_reserved(host: &dyn Host) -> Result<(), BackendError> {
    if matches!(
        look(host)?,
        Leftover::Empty | Leftover::Staged | Leftover::Done
    ) {
        sweep(host)?;
    }
    match look(host)? {
        Leftover::Foreign(path) => Err(BackendError::ReservedTaken {
            path: host.locate(&path),
        }),
        Leftover::Pending => Err(BackendError::Pending {
            directory: host.locate(Path::new("")),
        }),
        _ => Ok(()),
    }
}

/// Syncs the first `count` staged files. All are written by then, and many are
/// synced at once: filesystems put syncs that come together into one (3,000
/// files on ext4: 0.6 s instead of 2 s and more).
fn sync_staged(host: &dyn Host, count: usize) -> Result<(), BackendError> {
    const FILES_PER_THREAD: usize = 16;
    const MAX_THREADS: usize = 16;
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            let path = staged_path(number);
            let synced = host.sync_file(&path);
            synced.map_err(|error| BackendError::host(host, &path, error))?;
        }
    };
    thread::scope(|scope| {
        let others = (count / FILES_PER_THREAD).min(MAX_THREADS - 1);
        let others: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut synced = work();
        for other in others {
            let result = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            synced = synced.and(result);
        }
        synced
    })
}

fn stage_write(host: &dyn Host, staged: &Path, write: &Write) -> Result<Put, BackendError> {
    let on_staged = |error| BackendError::host(host, staged, error);
    let mut file = host.create(staged).map_err(on_staged)?;
    let content = copy(host, file.as_mut(), staged, write)?;
    let how = match &write.replaces {
        None => How::Rename,
        Some(replaced) => {
            let how = choose(host, file.as_mut(), write, replaced)?;
            if how == How::InPlace {
                // That it can be written is to be known now, not after the
                // commit.
                let opened = host.open_in_place(replaced);
                opened.map_err(|error| BackendError::host(host, replaced, error))?;
            }
            how
        }
    };
    Ok(Put {
        path: write.path.clone(),
        content,
        how,
    })
}

/// Gives a file a name in the reserved directory, which the commit renames like
/// new content. Where the host has no hard links this is where it says so.
fn stage_link(
    host: &dyn Host,
    staged: &Path,
    link: &NewLink,
    puts: &[Put],
) -> Result<Put, BackendError> {
    let (file, content) = match &link.to {
        LinkTo::Host(file) => {
            let content = host.read(file).and_then(|blob| ContentId::of_blob(&*blob));
            let content = content.map_err(|error| BackendError::host(host, file, error))?;
            (file.clone(), content)
        }
        LinkTo::Written(number) => match puts.get(*number) {
            Some(put) if put.how == How::Rename => (staged_path(*number), put.content),
            _ => {
                return Err(BackendError::LinkToRewritten {
                    path: link.shown.clone(),
                });
            }
        },
    };
    host.link(&file, staged)
        .map_err(|source| BackendError::LinkRefused {
            path: link.shown.clone(),
            source,
        })?;
    Ok(Put {
        path: link.path.clone(),
        content,
        how: How::Rename,
    })
}

fn copy(
    host: &dyn Host,
    file: &mut dyn HostFile,
    staged: &Path,
    write: &Write,
) -> Result<ContentId, BackendError> {
    let mut hasher = Sha1::new();
    let mut offset = 0;
    let mut refused = None;
    let copied = for_each_chunk(write.content.as_ref(), |chunk| {
        hasher.update(chunk);
        file.write_at(offset, chunk).map_err(|error| {
            refused = Some(error);
            io::ErrorKind::Other
        })?;
        offset += chunk.len() as u64;
        Ok(())
    });
    match (copied, refused) {
        (_, Some(error)) => Err(BackendError::host(host, staged, error)),
        (Err(source), None) => Err(BackendError::Content {
            path: write.shown.clone(),
            source,
        }),
        (Ok(()), None) => Ok(ContentId {
            len: offset,
            sha1: hasher.finalize().into(),
        }),
    }
}

/// How a file that is there gets its new content, so that it keeps what the
/// host holds about it. A new file that takes its name is given that before.
fn choose(
    host: &dyn Host,
    file: &mut dyn HostFile,
    write: &Write,
    replaced: &Path,
) -> Result<How, BackendError> {
    let failed = |error| BackendError::host(host, replaced, error);
    let found = host.attributes(replaced).map_err(failed)?;
    let alone = has_one_name(host, replaced, &found).map_err(failed)?;
    if !alone && write.in_place_if_linked {
        return Ok(How::InPlace);
    }
    // No new file on NTFS can be given all that the old one has.
    if alone && found.ntfs.is_some() {
        return Ok(How::InPlace);
    }
    match attributes::give(file, &found) {
        Ok(()) => Ok(How::Rename),
        Err(_) if alone => Ok(How::InPlace),
        Err(refused) => Err(BackendError::AttributeLost {
            path: write.shown.clone(),
            what: refused.what,
            source: refused.source,
        }),
    }
}

fn has_one_name(host: &dyn Host, path: &Path, found: &Attributes) -> io::Result<bool> {
    let status = host.status(path)?.ok_or(io::ErrorKind::NotFound)?;
    let short = found.ntfs.is_some_and(|ntfs| ntfs.short_name);
    Ok(status.links <= 1 + u64::from(short))
}
