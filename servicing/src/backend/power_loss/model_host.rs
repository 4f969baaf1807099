//! The host of a process that works on the disk in memory: it can skip a sync,
//! fail at an operation, run out of space, or be killed (fail for ever).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::{Disk, Effect, Event, File, Inode, Node, name_of, new_file, write_effects};
use crate::backend::host::{Attributes, Host, HostFile, Ntfs, Status};
use crate::blob::{Blob, MemoryBlob};
use crate::plan::Times;
use crate::tree::directory::HostKind;

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    /// The sync, counted from 0, that returns without having done anything.
    pub(super) skip_sync: Option<usize>,
    pub(super) failures: Vec<Failure>,
    /// Bytes that can be written in all.
    pub(super) space: Option<usize>,
    /// An extended attribute that cannot be set.
    pub(super) refuse_attribute: Option<OsString>,
    /// The filesystem is NTFS, and files have short names.
    pub(super) ntfs: Option<Ntfs>,
}

/// An operation that is not done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    /// Which, of all that change something or sync, counted from 0.
    pub(super) at: usize,
    pub(super) kind: io::ErrorKind,
    pub(super) lasting: Lasting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    Once,
    ForEver,
}

pub(super) struct State {
    /// As a running process sees it.
    pub(super) disk: Disk,
    pub(super) log: Vec<Event>,
    pub(super) trouble: Trouble,
    /// What each sync was for.
    pub(super) syncs: Vec<String>,
    pub(super) operations: usize,
}

#[derive(Clone)]
pub(super) struct ModelHost(Arc<Mutex<State>>);

impl ModelHost {
    pub(super) fn new(disk: Disk) -> ModelHost {
        ModelHost::troubled(disk, Trouble::default())
    }

    pub(super) fn troubled(disk: Disk, trouble: Trouble) -> ModelHost {
        ModelHost(Arc::new(Mutex::new(State {
            disk,
            log: Vec::new(),
            trouble,
            syncs: Vec::new(),
            operations: 0,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn shared(&self) -> Arc<dyn Host> {
        Arc::new(self.clone())
    }
}

impl State {
    /// Counts a changing operation, which may be the one that fails.
    fn operation(&mut self) -> io::Result<()> {
        let number = self.operations;
        self.operations += 1;
        let failure = self
            .trouble
            .failures
            .iter()
            .find(|failure| match failure.lasting {
                Lasting::Once => number == failure.at,
                Lasting::ForEver => number >= failure.at,
            });
        failure.map_or(Ok(()), |failure| Err(failure.kind.into()))
    }

    fn record(&mut self, effect: Effect) {
        self.disk.apply(&effect);
        self.log.push(Event::Effect(effect));
    }

    fn sync(&mut self, label: String, event: Event) -> io::Result<()> {
        self.operation()?;
        let number = self.syncs.len();
        self.syncs.push(label);
        if self.trouble.skip_sync != Some(number) {
            self.log.push(event);
        }
        Ok(())
    }

    fn find(&self, path: &Path) -> io::Result<Inode> {
        self.disk.find(path).ok_or(io::ErrorKind::NotFound.into())
    }

    fn parent(&self, path: &Path) -> io::Result<Inode> {
        let parent = self.find(path.parent().unwrap())?;
        match self.disk.kind(parent) {
            HostKind::Directory => Ok(parent),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn expect(&self, path: &Path, kind: HostKind) -> io::Result<Inode> {
        let inode = self.find(path)?;
        match (self.disk.kind(inode), kind) {
            (HostKind::Directory, HostKind::File) => Err(io::ErrorKind::IsADirectory.into()),
            (HostKind::File, HostKind::Directory) => Err(io::ErrorKind::NotADirectory.into()),
            _ => Ok(inode),
        }
    }

    fn name(&mut self, path: &Path, node: Node) -> io::Result<Inode> {
        let parent = self.parent(path)?;
        if self.disk.find(path).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = self.disk.allocate(node);
        self.record(Effect::Names(vec![(
            parent,
            name_of(path).to_owned(),
            Some(inode),
        )]));
        Ok(inode)
    }

    fn unname(&mut self, path: &Path) -> io::Result<()> {
        let parent = self.parent(path)?;
        self.record(Effect::Names(vec![(
            parent,
            name_of(path).to_owned(),
            None,
        )]));
        Ok(())
    }
}

impl Host for ModelHost {
    fn locate(&self, path: &Path) -> PathBuf {
        Path::new("/image").join(path)
    }

    fn status(&self, path: &Path) -> io::Result<Option<Status>> {
        let state = self.state();
        Ok(state.disk.find(path).map(|inode| {
            let short = state.trouble.ntfs.is_some_and(|ntfs| ntfs.short_name);
            Status {
                kind: state.disk.kind(inode),
                links: state.disk.links(inode) + u64::from(short),
                device: 0,
            }
        }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, HostKind)>> {
        let state = self.state();
        let directory = state.expect(directory, HostKind::Directory)?;
        let names = state.disk.names(directory).iter();
        Ok(names
            .map(|(name, inode)| (name.clone(), state.disk.kind(*inode)))
            .collect())
    }

    fn resolve(&self, _link: &Path) -> io::Result<(PathBuf, HostKind)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn check_changeable(&self, directory: &Path) -> io::Result<()> {
        self.state()
            .expect(directory, HostKind::Directory)
            .map(|_| ())
    }

    fn check_owned(&self, path: &Path) -> io::Result<()> {
        self.state().find(path).map(|_| ())
    }

    fn holds_attributes(&self) -> bool {
        true
    }

    fn set_attributes(&self, path: &Path, attributes: u32) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.find(path)?;
        let value = attributes.to_ne_bytes().to_vec();
        state.record(Effect::Extended(inode, "attributes".into(), value));
        Ok(())
    }

    fn set_times(&self, path: &Path, times: Times) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.find(path)?;
        let value = times.to_string().into_bytes();
        state.record(Effect::Extended(inode, "times".into(), value));
        Ok(())
    }

    fn read(&self, file: &Path) -> io::Result<Arc<dyn Blob>> {
        let state = self.state();
        let inode = state.expect(file, HostKind::File)?;
        Ok(Arc::new(MemoryBlob::new(
            state.disk.file(inode).bytes.clone(),
        )))
    }

    fn attributes(&self, file: &Path) -> io::Result<Attributes> {
        let state = self.state();
        let inode = state.expect(file, HostKind::File)?;
        Ok(attributes(state.disk.file(inode), state.trouble.ntfs))
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn HostFile>> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.name(file, Node::File(new_file()))?;
        Ok(Box::new(ModelFile(self.clone(), inode)))
    }

    fn open_in_place(&self, file: &Path) -> io::Result<Box<dyn HostFile>> {
        let inode = self.state().expect(file, HostKind::File)?;
        Ok(Box::new(ModelFile(self.clone(), inode)))
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        state
            .name(directory, Node::Directory(BTreeMap::new()))
            .map(|_| ())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.find(from)?;
        let (from_parent, to_parent) = (state.parent(from)?, state.parent(to)?);
        if let Some(replaced) = state.disk.find(to) {
            if replaced == inode {
                return Ok(());
            }
            if state.disk.kind(replaced) == HostKind::Directory {
                return Err(io::ErrorKind::IsADirectory.into());
            }
        }
        state.record(Effect::Names(vec![
            (from_parent, name_of(from).to_owned(), None),
            (to_parent, name_of(to).to_owned(), Some(inode)),
        ]));
        Ok(())
    }

    fn link(&self, file: &Path, name: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.expect(file, HostKind::File)?;
        let parent = state.parent(name)?;
        if state.disk.find(name).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let name = name_of(name).to_owned();
        state.record(Effect::Names(vec![(parent, name, Some(inode))]));
        Ok(())
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        state.expect(file, HostKind::File)?;
        state.unname(file)
    }

    fn remove_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.expect(directory, HostKind::Directory)?;
        if !state.disk.names(inode).is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        state.unname(directory)
    }

    fn sync_file(&self, file: &Path) -> io::Result<()> {
        let mut state = self.state();
        let inode = state.expect(file, HostKind::File)?;
        state.sync(format!("file {}", file.display()), Event::SyncFile(inode))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state();
        let inode = state.expect(directory, HostKind::Directory)?;
        state.sync(
            format!("names in /{}", directory.display()),
            Event::SyncNames(inode),
        )
    }
}

fn attributes(file: &File, ntfs: Option<Ntfs>) -> Attributes {
    Attributes {
        owner: file.owner,
        mode: file.mode,
        extended: file
            .extended
            .iter()
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect(),
        ntfs,
    }
}

struct ModelFile(ModelHost, Inode);

impl ModelFile {
    fn change(&mut self, effects: impl FnOnce(&Disk) -> Vec<Effect>) -> io::Result<()> {
        let mut state = self.0.state();
        state.operation()?;
        let effects = effects(&state.disk);
        effects.into_iter().for_each(|effect| state.record(effect));
        Ok(())
    }
}

impl HostFile for ModelFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(space) = &mut self.0.state().trouble.space {
            *space = space
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
        }
        let inode = self.1;
        self.change(|disk| write_effects(disk, inode, offset as usize, bytes))
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let inode = self.1;
        self.change(|_| vec![Effect::Length(inode, len as usize)])
    }

    fn attributes(&mut self) -> io::Result<Attributes> {
        let state = self.0.state();
        Ok(attributes(state.disk.file(self.1), state.trouble.ntfs))
    }

    fn set_owner(&mut self, owner: (u32, u32)) -> io::Result<()> {
        let inode = self.1;
        self.change(|_| vec![Effect::Owner(inode, owner)])
    }

    fn set_mode(&mut self, mode: u32) -> io::Result<()> {
        let inode = self.1;
        self.change(|_| vec![Effect::Mode(inode, mode)])
    }

    fn set_attribute(&mut self, name: &OsStr, value: &[u8]) -> io::Result<()> {
        if self.0.state().trouble.refuse_attribute.as_deref() == Some(name) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let inode = self.1;
        self.change(|_| vec![Effect::Extended(inode, name.to_owned(), value.to_vec())])
    }
}
