//! A cabinet as a whole: one file, or the parts of a set.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use super::error::{CabinetError, MemberError};
use super::folder::Folder;
use super::header::Header;
use super::input::Input;
use super::names::{Listed, Member};
use super::spool::Spool;
use super::{MAX_EXPANDED, MAX_MEMBERS, MAX_PARTS};
use crate::blob::Blob;

/// Finds the file with a name beside a part of a set; `None` where there is
/// none.
pub type Beside<'b> = dyn Fn(&str) -> io::Result<Option<Arc<dyn Blob>>> + 'b;

/// A file of a set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Part {
    /// Its name, as it was asked for.
    pub name: String,
    /// What it says of itself.
    pub header: Header,
    /// How many bytes stand behind its end: a signature, in update packages.
    pub behind: u64,
}

/// A cabinet: what all its parts hold together.
pub struct Cabinet {
    parts: Vec<Part>,
    folders: Vec<Folder>,
    members: Vec<Member>,
    /// The folders again, for files that are read at any place.
    spools: Vec<Arc<Spool>>,
}

impl Cabinet {
    /// Opens a cabinet that is one file.
    ///
    /// # Errors
    /// The first rule that it breaks; [`CabinetError::PartOfSet`] where it is
    /// one of several parts.
    pub fn open(blob: &Arc<dyn Blob>) -> Result<Cabinet, CabinetError> {
        let read = Read::of("", blob)?;
        let header = &read.part.header;
        if let Some(wanted) = header.previous.as_ref().or(header.next.as_ref()) {
            return Err(CabinetError::PartOfSet {
                wanted: wanted.clone(),
            });
        }
        join(vec![read])
    }

    /// Opens a cabinet by one of its parts, whichever; the others are looked
    /// up by the names that the parts give of each other.
    ///
    /// # Errors
    /// The first rule that a part breaks, and where parts are missing or do
    /// not belong together.
    pub fn open_set(
        name: &str,
        blob: &Arc<dyn Blob>,
        beside: &Beside<'_>,
    ) -> Result<Cabinet, CabinetError> {
        let first = Read::of(name, blob)?;
        let mut before = follow(&first, |header| header.previous.as_ref(), beside)?;
        before.reverse();
        let behind = follow(&first, |header| header.next.as_ref(), beside)?;
        let all = before.into_iter().chain([first]).chain(behind);
        let all: Vec<Read> = all.collect();
        if all.len() > MAX_PARTS {
            return Err(CabinetError::TooManyParts { most: MAX_PARTS });
        }
        join(all)
    }

    /// Its files on the host or wherever it lies, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Its folders, in order.
    pub fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// Its files, in the order of its list.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    pub(super) fn spools(&self) -> &[Arc<Spool>] {
        &self.spools
    }

    /// Whether a file's folder is compressed in a way that is read.
    ///
    /// # Errors
    /// [`MemberError::Method`] where it is not.
    pub fn check_method(&self, member: &Member) -> Result<(), MemberError> {
        match self.folders.get(member.folder) {
            Some(folder) if folder.compression.is_read() => Ok(()),
            folder => Err(MemberError::Method {
                folder: member.folder,
                method: folder.map_or_else(String::new, |folder| folder.compression.to_string()),
            }),
        }
    }
}

/// A part, and what it lists.
struct Read {
    part: Part,
    folders: Vec<Folder>,
    files: Vec<Listed>,
}

impl Read {
    fn of(name: &str, blob: &Arc<dyn Blob>) -> Result<Read, CabinetError> {
        let mut input = Input::new(Arc::clone(blob), 0, blob.len());
        let header = Header::read(&mut input)?;
        let folders = Folder::read_all(&mut input, &header, blob)?;
        let (at, end) = (header.files_at.into(), header.len.into());
        let mut input = Input::new(Arc::clone(blob), at, end);
        let files = Listed::read_all(&mut input, &header)?;
        Ok(Read {
            part: Part {
                name: name.to_owned(),
                behind: blob.len().saturating_sub(end),
                header,
            },
            folders,
            files,
        })
    }
}

/// The parts that lie in one direction, the nearest first.
fn follow(
    first: &Read,
    neighbour: impl Fn(&Header) -> Option<&String>,
    beside: &Beside<'_>,
) -> Result<Vec<Read>, CabinetError> {
    let mut found: Vec<Read> = Vec::new();
    loop {
        let last = found.last().unwrap_or(first);
        let Some(wanted) = neighbour(&last.part.header) else {
            return Ok(found);
        };
        let met = [first].into_iter().chain(&found);
        if met
            .into_iter()
            .any(|read| read.part.name.eq_ignore_ascii_case(wanted))
        {
            return Err(CabinetError::Circle {
                name: wanted.clone(),
            });
        }
        if found.len() >= MAX_PARTS {
            return Err(CabinetError::TooManyParts { most: MAX_PARTS });
        }
        let Some(blob) = beside(wanted)? else {
            return Err(CabinetError::MissingPart {
                by: last.part.name.clone(),
                wanted: wanted.clone(),
            });
        };
        let read = Read::of(wanted, &blob).map_err(|source| CabinetError::Part {
            name: wanted.clone(),
            source: Box::new(source),
        })?;
        let expected = first.part.header.set;
        if read.part.header.set != expected {
            return Err(CabinetError::OtherSet {
                name: wanted.clone(),
                found: read.part.header.set,
                expected,
            });
        }
        found.push(read);
    }
}

/// Puts the parts together: a folder that goes over from one into the next is
/// one folder, and its files are listed once.
fn join(parts: Vec<Read>) -> Result<Cabinet, CabinetError> {
    let mut cabinet = Cabinet {
        parts: Vec::with_capacity(parts.len()),
        folders: Vec::new(),
        members: Vec::new(),
        spools: Vec::new(),
    };
    // The files whose folder goes on in the next part.
    let mut open: Vec<Member> = Vec::new();
    for read in parts {
        cabinet.add(read, &mut open)?;
    }
    cabinet.check_members()?;
    let scratch = Arc::default();
    let spool = |(number, folder): (usize, &Folder)| {
        Arc::new(Spool::new(folder.clone(), number, Arc::clone(&scratch)))
    };
    cabinet.spools = cabinet.folders.iter().enumerate().map(spool).collect();
    Ok(cabinet)
}

impl Cabinet {
    fn add(&mut self, read: Read, open: &mut Vec<Member>) -> Result<(), CabinetError> {
        let Read {
            part,
            mut folders,
            files,
        } = read;
        let by = self.parts.last().map(|part| part.name.clone());
        let by = by.unwrap_or_default();
        let joint = |what| CabinetError::Joint {
            by: by.clone(),
            name: part.name.clone(),
            what,
        };
        let continued: Vec<&Member> = files
            .iter()
            .filter(|file| file.from_previous)
            .map(|file| &file.member)
            .collect();
        // Number of the part's first folder among all.
        let mut base = self.folders.len();
        if !continued.is_empty() || !open.is_empty() {
            let key = |file: &Member| (file.offset, file.len, file.name.clone());
            let before: HashSet<_> = open.iter().map(key).collect();
            let known = continued.iter().all(|file| before.contains(&key(file)));
            if !known || continued.is_empty() {
                return Err(joint("the files of the folder between them differ"));
            }
            let first = folders.remove(0);
            let Some(last) = self.folders.last_mut() else {
                return Err(joint("there is no folder to go on with"));
            };
            if last.compression != first.compression {
                return Err(joint("the compression of the folder between them differs"));
            }
            last.segments.extend(first.segments);
            base -= 1;
        }
        self.folders.append(&mut folders);
        let still_open: Vec<Member> = files
            .iter()
            .filter(|file| file.to_next)
            .map(|file| file.member.clone())
            .collect();
        *open = still_open;
        let new = files.into_iter().filter(|file| !file.from_previous);
        self.members.extend(new.map(|file| Member {
            folder: base + file.member.folder,
            ..file.member
        }));
        if self.members.len() > MAX_MEMBERS {
            return Err(CabinetError::TooManyMembers { most: MAX_MEMBERS });
        }
        self.parts.push(part);
        Ok(())
    }

    /// Checks what the files claim of their folders.
    fn check_members(&self) -> Result<(), CabinetError> {
        let mut claimed = 0_u64;
        for member in &self.members {
            let most = self.folders.get(member.folder).map_or(0, Folder::most);
            if member.end() > most {
                return Err(CabinetError::Member {
                    name: member.name.clone(),
                    source: MemberError::BeyondFolder {
                        folder: member.folder,
                        end: member.end(),
                        most,
                    },
                });
            }
            claimed = claimed.saturating_add(member.len);
        }
        if claimed > MAX_EXPANDED {
            return Err(CabinetError::TooLarge {
                claimed,
                most: MAX_EXPANDED,
            });
        }
        Ok(())
    }
}
