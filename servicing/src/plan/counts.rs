//! What a plan comes to, in numbers.

use std::fmt;

use super::{Change, Step};

/// How many changes of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    put: usize,
    /// Bytes of what is put.
    bytes: u64,
    directories: usize,
    links: usize,
    renamed: usize,
    removed: usize,
    settings: usize,
    keys_created: usize,
    keys_deleted: usize,
    values_set: usize,
    values_deleted: usize,
    security: usize,
    recovered: usize,
}

impl Counts {
    pub(super) fn of(steps: &[Step]) -> Counts {
        let mut counts = Counts::default();
        for step in steps {
            *match &step.change {
                Change::PutFile { content, .. } => {
                    counts.bytes = counts.bytes.saturating_add(content.id().len);
                    &mut counts.put
                }
                Change::MakeDirectory { .. } => &mut counts.directories,
                Change::Link { .. } | Change::MakeLink { .. } => &mut counts.links,
                Change::Rename { .. } => &mut counts.renamed,
                Change::Remove { .. } => &mut counts.removed,
                Change::SetAttributes { .. }
                | Change::SetTimes { .. }
                | Change::SetDetails { .. } => &mut counts.settings,
                Change::CreateKey { .. } => &mut counts.keys_created,
                Change::DeleteKey { .. } => &mut counts.keys_deleted,
                Change::SetValue { .. } => &mut counts.values_set,
                Change::DeleteValue { .. } => &mut counts.values_deleted,
                Change::SetKeySecurity { .. } => &mut counts.security,
                Change::RecoverHive { .. } => &mut counts.recovered,
                Change::Require { .. } => continue,
            } += 1;
        }
        counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut part = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            write!(f, "{separator}{text}")?;
            separator = ", ";
            Ok(())
        };
        if self.put > 0 {
            let files = if self.put == 1 { "file" } else { "files" };
            part(
                f,
                format_args!("{} {files} put ({} bytes)", self.put, self.bytes),
            )?;
        }
        for (number, one, many, done) in [
            (self.directories, "directory", "directories", " made"),
            (self.links, "link", "links", " made"),
            (self.renamed, "path", "paths", " renamed"),
            (self.removed, "path", "paths", " removed"),
            (self.settings, "setting", "settings", " of files"),
            (self.recovered, "hive", "hives", " recovered"),
            (self.keys_created, "key", "keys", " created"),
            (self.keys_deleted, "key", "keys", " deleted"),
            (self.values_set, "value", "values", " set"),
            (self.values_deleted, "value", "values", " deleted"),
        ] {
            match number {
                0 => {}
                1 => part(f, format_args!("1 {one}{done}"))?,
                number => part(f, format_args!("{number} {many}{done}"))?,
            }
        }
        match self.security {
            0 => Ok(()),
            1 => part(f, format_args!("security of 1 key")),
            number => part(f, format_args!("security of {number} keys")),
        }
    }
}
