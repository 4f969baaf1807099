//! Folders in scratch space: what was decoded of them once stays readable at
//! any place.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::MemberError;
use super::folder::Folder;
use super::reader::FolderReader;
use super::set::Cabinet;
use crate::blob::Blob;

/// The unlinked file that the folders of a cabinet are decoded into.
#[derive(Default)]
pub(super) struct Scratch {
    file: Option<Arc<File>>,
    /// Where the next folder goes.
    next: u64,
}

/// A folder that files are read from at any place.
pub(super) struct Spool {
    folder: Folder,
    number: usize,
    scratch: Arc<Mutex<Scratch>>,
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    NotBegun,
    Begun {
        file: Arc<File>,
        /// Where the folder begins in the file.
        at: u64,
        reader: Box<FolderReader>,
    },
    /// It is damaged: no more of it is decoded.
    Failed {
        file: Option<Arc<File>>,
        at: u64,
        decoded: u64,
        fault: Arc<MemberError>,
    },
}

/// An error that is told to everybody who asks.
#[derive(Debug)]
struct Shared(Arc<MemberError>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Spool {
    pub(super) fn new(folder: Folder, number: usize, scratch: Arc<Mutex<Scratch>>) -> Spool {
        Spool {
            folder,
            number,
            scratch,
            state: Mutex::default(),
        }
    }

    /// Where in which file the bytes of the folder's `range` lie, which are
    /// decoded if they were not yet.
    fn reach(&self, range: Range<u64>) -> io::Result<(Arc<File>, u64)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::NotBegun) {
            *state = self.begin();
        }
        match &mut *state {
            State::Begun { file, at, reader } => {
                let (file, at) = (Arc::clone(file), *at);
                match decode(reader, &file, at, range.end) {
                    Ok(()) => Ok((file, at + range.start)),
                    Err(fault) => {
                        let fault = Arc::new(fault);
                        *state = State::Failed {
                            file: Some(file),
                            at,
                            decoded: reader.position(),
                            fault: Arc::clone(&fault),
                        };
                        Err(io::Error::new(io::ErrorKind::InvalidData, Shared(fault)))
                    }
                }
            }
            State::Failed {
                file: Some(file),
                at,
                decoded,
                ..
            } if range.end <= *decoded => Ok((Arc::clone(file), *at + range.start)),
            State::Failed { fault, .. } => {
                let fault = Shared(Arc::clone(fault));
                Err(io::Error::new(io::ErrorKind::InvalidData, fault))
            }
            State::NotBegun => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn begin(&self) -> State {
        let begun = || {
            let reader = FolderReader::new(&self.folder, self.number)?;
            let (file, at) = self.place().map_err(MemberError::Use)?;
            Ok(State::Begun {
                file,
                at,
                reader: Box::new(reader),
            })
        };
        begun().unwrap_or_else(|fault| State::Failed {
            file: None,
            at: 0,
            decoded: 0,
            fault: Arc::new(fault),
        })
    }

    /// The scratch file, and a place in it for the folder. Space is used only
    /// where something is written.
    fn place(&self) -> io::Result<(Arc<File>, u64)> {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &scratch.file {
            Some(file) => Arc::clone(file),
            None => {
                let file = Arc::new(tempfile::tempfile()?);
                scratch.file = Some(Arc::clone(&file));
                file
            }
        };
        let at = scratch.next;
        scratch.next += self.folder.most();
        Ok((file, at))
    }
}

/// Decodes on until `end` is reached.
fn decode(reader: &mut FolderReader, file: &File, at: u64, end: u64) -> Result<(), MemberError> {
    while reader.position() < end {
        let place = at + reader.position();
        match reader.next()? {
            Some(block) => file.write_all_at(block, place).map_err(MemberError::Use)?,
            None => return Err(reader.ends_before(end).into()),
        }
    }
    Ok(())
}

/// A file of a cabinet, readable at any place.
struct MemberBlob {
    spool: Arc<Spool>,
    /// Where it begins in the folder.
    offset: u64,
    len: u64,
}

impl Blob for MemberBlob {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        let Some(end) = end.filter(|end| *end <= self.len) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if buffer.is_empty() {
            return Ok(());
        }
        let (file, at) = self.spool.reach(self.offset + offset..self.offset + end)?;
        file.read_exact_at(buffer, at)
    }
}

impl Cabinet {
    /// A file's content, to be read at any place; `None` where there is no
    /// file with that number. Nothing is decoded before it is read, and no
    /// folder twice: what was decoded lies in scratch space that nobody else
    /// sees, as long as the cabinet or one of its files is held.
    ///
    /// # Errors
    /// [`MemberError::Method`] where the folder's compression is not read.
    pub fn open_member(&self, number: usize) -> Result<Option<Arc<dyn Blob>>, MemberError> {
        let Some(member) = self.members().get(number) else {
            return Ok(None);
        };
        self.check_method(member)?;
        let Some(spool) = self.spools().get(member.folder) else {
            return Ok(None);
        };
        Ok(Some(Arc::new(MemberBlob {
            spool: Arc::clone(spool),
            offset: member.offset,
            len: member.len,
        })))
    }
}
