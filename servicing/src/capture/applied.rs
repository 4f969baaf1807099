//! What an image that was applied to the tree said of its entries, from the
//! sidecar that `apply` wrote.

use wimwright_wim::metadata::{Dentry, DentryId};
use wimwright_wim::{BlobReader, Hash};

use crate::path::Name;
use crate::sidecar::{HostTime, Sidecar, is_kept, kind_on_host, name_of};
use crate::tree::Kind;
use crate::tree::directory::Names;

/// The sidecar of a tree, with one directory's names at hand.
pub(super) struct Applied {
    sidecar: Sidecar,
    current: Option<(DentryId, Names<DentryId>)>,
}

impl Applied {
    pub(super) fn new(sidecar: Sidecar) -> Applied {
        Applied {
            sidecar,
            current: None,
        }
    }

    pub(super) fn root(&self) -> Option<DentryId> {
        self.sidecar.metadata().root().map(|root| root.id())
    }

    pub(super) fn dentry(&self, id: DentryId) -> Option<Dentry<'_>> {
        self.sidecar.metadata().dentry(id)
    }

    /// The security descriptor of an entry.
    pub(super) fn security(&self, dentry: &Dentry<'_>) -> Option<&[u8]> {
        self.sidecar.metadata().security(dentry.security_id()?)
    }

    /// The entry with this name in a directory.
    pub(super) fn child(&mut self, directory: DentryId, name: &Name) -> Option<DentryId> {
        if self.current.as_ref().map(|(current, _)| *current) != Some(directory) {
            let metadata = self.sidecar.metadata();
            let children = metadata.children(&metadata.dentry(directory)?);
            let named = children.filter_map(|entry| Some((name_of(entry.name())?, entry.id())));
            self.current = Some((directory, Names::new(named.collect())));
        }
        let (_, names) = self.current.as_ref()?;
        names.find(name).map(|(_, id)| *id)
    }

    /// The entries of a directory that were never on the host.
    pub(super) fn kept(&self, directory: DentryId) -> Vec<(Name, DentryId, Kind)> {
        let metadata = self.sidecar.metadata();
        let Some(directory) = metadata.dentry(directory) else {
            return Vec::new();
        };
        let kept = metadata.children(&directory).filter(is_kept);
        kept.filter_map(|entry| Some((name_of(entry.name())?, entry.id(), kind_on_host(&entry))))
            .collect()
    }

    /// Whether what is on the host now was not written to since.
    pub(super) fn is_unchanged(&self, dentry: &Dentry<'_>, kind: Kind, written: HostTime) -> bool {
        self.sidecar.is_unchanged(dentry, kind, written)
    }

    /// Whether the sidecar has content.
    pub(super) fn has(&self, hash: &Hash) -> bool {
        self.sidecar.archive().find(hash).is_some()
    }

    /// Content that the sidecar has.
    pub(super) fn blob(&self, hash: &Hash) -> Result<Option<BlobReader>, wimwright_wim::Error> {
        self.sidecar.open_blob(hash)
    }
}
