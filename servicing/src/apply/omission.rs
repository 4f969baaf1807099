//! What a host cannot have, and why. The sidecar keeps all of it.

use crate::finding::Finding;
use crate::path::ImagePath;

/// Why an entry is not on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Omission {
    /// Its name is longer than names can be on the target's filesystem.
    NameTooLong,
    /// The target's filesystem has no such names.
    NameRefused,
    /// The target's filesystem does not tell its name from that of another
    /// entry, which was applied.
    NameClash,
    /// It has a name that this program keeps for itself.
    Reserved,
    /// The target's filesystem has no symbolic links.
    NoLinks,
    /// It is a link whose target cannot be read.
    LinkTarget,
    /// It lies in a directory that is a link.
    BelowLink,
    /// It lies in a directory that is not on the host.
    DirectoryOmitted,
}

impl Omission {
    /// The kebab-case name of the finding.
    fn name(self) -> &'static str {
        match self {
            Omission::NameTooLong => "name-too-long-here",
            Omission::NameRefused => "name-refused-here",
            Omission::NameClash => "name-clash-here",
            Omission::Reserved => "name-reserved",
            Omission::NoLinks => "no-links-here",
            Omission::LinkTarget => "link-target-unknown",
            Omission::BelowLink => "below-link",
            Omission::DirectoryOmitted => "directory-omitted",
        }
    }

    /// Why, for people.
    fn reason(self) -> &'static str {
        match self {
            Omission::NameTooLong => "names cannot be that long on the target's filesystem",
            Omission::NameRefused => "the target's filesystem has no such names",
            Omission::NameClash => {
                "the target's filesystem does not tell its name from another one that differs by \
                 case"
            }
            Omission::Reserved => "wimwright keeps this name for itself",
            Omission::NoLinks => "the target's filesystem has no symbolic links",
            Omission::LinkTarget => "where the link leads cannot be read",
            Omission::BelowLink => "it lies in a directory that is a link",
            Omission::DirectoryOmitted => "its directory was not applied",
        }
    }

    /// The finding about the entry at `path`; `kept` where the sidecar has it.
    pub(super) fn finding(self, path: &ImagePath, kept: bool) -> Finding {
        let what = match kept {
            true => "not applied, kept in the sidecar",
            false => "not applied",
        };
        Finding::warning(self.name(), format!("`{path}`: {what}: {}", self.reason()))
    }
}
