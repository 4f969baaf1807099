//! An apply under way: what its steps share, and what they note.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use wimwright_wim::metadata::{Dentry, StreamKind};
use wimwright_wim::{Archive, Hash, Metadata};

use super::error::ApplyError;
use super::holds::{Holds, Lack};
use super::omission::Omission;
use super::outline::{ItemId, Outline, What};
use super::target::Target;
use crate::container::Meter;
use crate::path::ImagePath;

/// An apply under way.
pub(super) struct Job<'a> {
    pub(super) archive: &'a Archive,
    pub(super) metadata: &'a Metadata,
    pub(super) outline: &'a Outline,
    pub(super) target: &'a Target,
    pub(super) holds: Holds,
    pub(super) notes: &'a Notes,
    pub(super) meter: &'a Meter,
}

/// A file that was not written because its content is damaged, or that lost
/// something beside its content so.
#[derive(Clone, Debug)]
pub struct Damaged {
    /// Where it is or would be, from the root of the target.
    pub path: ImagePath,
    /// What is wrong.
    pub error: String,
}

/// What the steps of an apply note, from any thread.
#[derive(Default)]
pub(super) struct Notes {
    omitted: Mutex<Vec<(ItemId, Omission)>>,
    lacks: Mutex<BTreeMap<Lack, (u64, ItemId)>>,
    damaged: Mutex<Vec<(ItemId, String)>>,
    damaged_content: Mutex<HashSet<Hash>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notes {
    pub(super) fn omit(&self, id: ItemId, omission: Omission) {
        lock(&self.omitted).push((id, omission));
    }

    pub(super) fn lack(&self, id: ItemId, lack: Lack) {
        let mut lacks = lock(&self.lacks);
        let (count, first) = lacks.entry(lack).or_insert((0, id));
        *count += 1;
        // The same one whatever the threads do.
        *first = (*first).min(id);
    }

    pub(super) fn damage(&self, id: ItemId, error: &dyn std::error::Error) {
        let mut text = format!("not written: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        lock(&self.damaged).push((id, text));
    }

    /// Notes for all items what they lost beside their content.
    pub(super) fn damage_beside(&self, outline: &Outline, metadata: &Metadata) {
        let content = lock(&self.damaged_content);
        if content.is_empty() {
            return;
        }
        for (id, item) in outline.below_root() {
            let Some(entry) = outline.dentry(metadata, id) else {
                continue;
            };
            for stream in entry.streams() {
                let data = stream.kind == StreamKind::Data && stream.name.is_empty();
                if (data && item.what == What::File) || !content.contains(&stream.hash) {
                    continue;
                }
                let what = match stream.kind {
                    StreamKind::Data if data => "content".to_owned(),
                    StreamKind::Data => format!("stream `{}`", stream.name),
                    StreamKind::Reparse => "link target".to_owned(),
                    StreamKind::Encrypted => "encrypted content".to_owned(),
                };
                let text = format!("its {what} is lost: blob {} is damaged", stream.hash);
                lock(&self.damaged).push((id, text));
            }
        }
    }

    pub(super) fn damage_content(&self, hash: Hash) {
        lock(&self.damaged_content).insert(hash);
    }

    /// Whether an item was left out or not written since it began.
    pub(super) fn is_missing(&self, id: ItemId) -> bool {
        lock(&self.omitted)
            .iter()
            .any(|(omitted, _)| *omitted == id)
            || lock(&self.damaged)
                .iter()
                .any(|(damaged, _)| *damaged == id)
    }

    /// Says of an item what was said of another, whose file it names.
    pub(super) fn follow(&self, id: ItemId, first: ItemId) {
        let mut damaged = lock(&self.damaged);
        let error = damaged.iter().find(|(damaged, _)| *damaged == first);
        if let Some(error) = error.map(|(_, error)| error.clone()) {
            damaged.push((id, error));
        }
        drop(damaged);
        let mut omitted = lock(&self.omitted);
        let omission = omitted.iter().find(|(omitted, _)| *omitted == first);
        if let Some(omission) = omission.map(|(_, omission)| *omission) {
            omitted.push((id, omission));
        }
    }

    /// Everything, in the order of the outline.
    pub(super) fn into_parts(self) -> NotedParts {
        let inner = |mutex: Mutex<_>| mutex.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut omitted: Vec<(ItemId, Omission)> = inner(self.omitted);
        omitted.sort_unstable();
        omitted.dedup_by_key(|(id, _)| *id);
        let damaged = self.damaged.into_inner();
        let mut damaged = damaged.unwrap_or_else(PoisonError::into_inner);
        damaged.sort_unstable();
        damaged.dedup_by_key(|(id, _)| *id);
        let lacks = self.lacks.into_inner();
        let content = self.damaged_content.into_inner();
        NotedParts {
            omitted,
            lacks: lacks.unwrap_or_else(PoisonError::into_inner),
            damaged,
            damaged_content: content.unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// What was noted.
pub(super) struct NotedParts {
    pub(super) omitted: Vec<(ItemId, Omission)>,
    /// How many entries lack something, and the first of them.
    pub(super) lacks: BTreeMap<Lack, (u64, ItemId)>,
    pub(super) damaged: Vec<(ItemId, String)>,
    pub(super) damaged_content: HashSet<Hash>,
}

impl<'a> Job<'a> {
    /// The entry of an item that is not the root.
    pub(super) fn entry(&self, id: ItemId) -> Option<Dentry<'a>> {
        self.outline.dentry(self.metadata, id)
    }

    /// The error of a step at an item.
    pub(super) fn failed(&self, what: &'static str, id: ItemId, source: io::Error) -> ApplyError {
        failed(
            self.target,
            what,
            self.outline.path(self.metadata, id),
            source,
        )
    }
}

/// The error of a step at a path.
pub(super) fn failed(
    target: &Target,
    what: &'static str,
    path: ImagePath,
    source: io::Error,
) -> ApplyError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ApplyError::Full {
            target: target.path().to_owned(),
            path,
            source,
        },
        _ if path.is_root() => ApplyError::Target {
            path: target.path().to_owned(),
            source,
        },
        _ => ApplyError::Host { what, path, source },
    }
}

/// Why the filesystem cannot have a name, where that is what it says.
pub(super) fn omission_of(error: Errno) -> Option<Omission> {
    match error {
        Errno::NAMETOOLONG => Some(Omission::NameTooLong),
        Errno::ILSEQ | Errno::INVAL => Some(Omission::NameRefused),
        _ => None,
    }
}
