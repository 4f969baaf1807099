//! One file out of a cabinet.
//!
//! [`cabinet`](crate::cabinet) reads it; this file decides what is asked of it
//! and how much it may give. Cabinets of several parts are refused: a driver
//! source is whole.

use std::sync::{Arc, Mutex};

use super::{Error, MAX_EXPANDED};
use crate::blob::{Blob, MemoryBlob};
use crate::cabinet::{Cabinet, CabinetError, Compression, Member, MemberError};

/// Expands the file `wanted`, or the only one.
pub(super) fn expand(cabinet: &Arc<dyn Blob>, wanted: &str) -> Result<Vec<u8>, Error> {
    let cabinet = open(cabinet)?;
    let members = cabinet.members();
    let number = match members {
        [_] => Some(0),
        several => several
            .iter()
            .position(|member| base_name(member).eq_ignore_ascii_case(wanted)),
    };
    let found = number.and_then(|number| Some((number, members.get(number)?)));
    let Some((number, member)) = found else {
        return Err(Error::NotInCabinet {
            wanted: wanted.to_owned(),
            count: members.len(),
        });
    };
    let folder = cabinet.folders().get(member.folder);
    if let Some(Compression::Quantum { .. }) = folder.map(|folder| folder.compression) {
        return Err(Error::Unsupported {
            format: "a Quantum cabinet",
        });
    }
    if member.len > MAX_EXPANDED {
        return Err(Error::TooLong {
            claimed: member.len,
            most: MAX_EXPANDED,
        });
    }
    // Memory grows with what the data really holds.
    let expanded = Mutex::new(Vec::new());
    let taken = cabinet.read_members(&[number], &|_, bytes| {
        let mut expanded = expanded.lock().map_err(|_| std::io::ErrorKind::Other)?;
        bytes.read_to_end(&mut expanded)?;
        Ok(())
    });
    taken.map_err(|(_, source)| in_member(member, source))?;
    Ok(expanded.into_inner().unwrap_or_default())
}

/// The name of the file in a cabinet that holds only one.
pub(super) fn only_name(bytes: &[u8]) -> Option<String> {
    let blob: Arc<dyn Blob> = Arc::new(MemoryBlob::new(bytes));
    match open(&blob).ok()?.members() {
        [only] => Some(base_name(only).to_owned()),
        _ => None,
    }
}

/// Opens a cabinet that is whole.
pub(super) fn open(blob: &Arc<dyn Blob>) -> Result<Cabinet, Error> {
    Cabinet::open(blob).map_err(|error| match error {
        CabinetError::PartOfSet { .. }
        | CabinetError::Member {
            source: MemberError::NoPart,
            ..
        } => Error::Unsupported {
            format: "a cabinet of several parts",
        },
        error => Error::Cabinet(error),
    })
}

fn in_member(member: &Member, source: MemberError) -> Error {
    Error::Cabinet(CabinetError::Member {
        name: member.name.clone(),
        source,
    })
}

/// The last component of a stored name; cabinets may store paths.
pub(super) fn base_name(member: &Member) -> &str {
    member.name.rsplit(['\\', '/']).next().unwrap_or_default()
}
