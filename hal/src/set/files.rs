//! The files of the other HAL, and where they are taken from.

use std::sync::Arc;

use wimwright_servicing::compressed::{Format, expand_blob};
use wimwright_servicing::{FileTree, ImagePath, read_all};

use super::error::{SetError, Wanted};
use crate::driver_cache::Place;
use crate::identity::{Hal, HalFile, KernelFile};
use crate::kind::{HalType, Kernel};
use crate::level::Level;

/// The largest HAL or kernel that is taken, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Which file is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Hal(HalType),
    Kernel(Kernel),
}

impl What {
    fn media_name(self) -> &'static str {
        match self {
            What::Hal(kind) => kind.media_name(),
            What::Kernel(kernel) => kernel.media_name(),
        }
    }
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The file that it lies in, or that it is.
    pub(super) path: ImagePath,
    /// Its name in there, where it is taken out of something.
    pub(super) expand: Option<String>,
}

/// Looks for a file in places, in their order; the first of the right kind and
/// level is taken. `line` is what sysprep.inf would have for the same switch.
pub(super) fn choose(
    tree: &Arc<dyn FileTree>,
    places: &[Place],
    what: What,
    wanted: Wanted,
    line: Option<&str>,
) -> Result<Chosen, SetError> {
    let name = what.media_name();
    let mut rejected = Vec::new();
    for place in places {
        let Some(spelled) = place.has(name) else {
            continue;
        };
        let (path, inside) = match place.is_cabinet() {
            true => (place.path.clone(), Some(spelled.to_owned())),
            false => (place.path.join(spelled)?, None),
        };
        let Some((bytes, expand)) = read(tree.as_ref(), &path, inside, name)? else {
            continue;
        };
        match fits(&path, &bytes, what, wanted) {
            Ok(()) => return Ok(Chosen { path, expand }),
            Err(reason) => rejected.push(format!("`{name}` of `{}` {reason}", place.path)),
        }
    }
    Err(SetError::NoFile {
        name,
        level: wanted,
        rejected,
        line: line.map(str::to_owned),
    })
}

/// A file's bytes, and the name by which it is taken out of what holds it.
type Taken = (Vec<u8>, Option<String>);

/// Takes the file out of what holds it; `None` where there is none.
fn read(
    tree: &dyn FileTree,
    path: &ImagePath,
    inside: Option<String>,
    name: &str,
) -> Result<Option<Taken>, SetError> {
    let Some(blob) = tree.open(path)? else {
        return Ok(None);
    };
    let expand = match inside {
        Some(inside) => Some(inside),
        None => {
            let mut start = [0; 8];
            let len = blob.len().min(start.len() as u64) as usize;
            if let Some(start) = start.get_mut(..len) {
                let read = blob.read_into(0, start);
                read.map_err(|error| wimwright_servicing::TreeError::new(path, error))?;
            }
            Format::of(&start).map(|_| name.to_owned())
        }
    };
    let bytes = match &expand {
        Some(inside) => expand_blob(&blob, inside).map_err(|source| SetError::Expand {
            name: inside.clone(),
            place: path.clone(),
            source,
        })?,
        None => read_all(blob.as_ref(), MAX_FILE)
            .map_err(|error| wimwright_servicing::TreeError::new(path, error))?,
    };
    Ok(Some((bytes, expand)))
}

/// Whether the bytes are the file that is wanted, of the level that is wanted;
/// else why not.
fn fits(path: &ImagePath, bytes: &[u8], what: What, wanted: Wanted) -> Result<(), String> {
    let (is, version) = match what {
        What::Hal(kind) => {
            let file = HalFile::of(path, bytes);
            (
                file.identity.known() == Some(Hal::X86(kind)) && file.checked != Some(true),
                file.version,
            )
        }
        What::Kernel(kernel) => {
            let file = KernelFile::of(path, bytes);
            (
                file.identity.known() == Some(kernel) && file.checked != Some(true),
                file.version,
            )
        }
    };
    if !is {
        return Err("is not what its name says".to_owned());
    }
    let version = version.ok_or("says no version")?;
    let fits = match wanted {
        Wanted::Version(wanted) => version == wanted,
        Wanted::Level(level) => Level::of(version).fits(level),
    };
    match fits {
        true => Ok(()),
        false => Err(format!("is of version {version}")),
    }
}
