//! Resources of a PE image, by type and name.
//!
//! Format: "PE Format", "The .rsrc Section". Three levels of directories: type,
//! name, language.

use super::{
    Error,
    headers::{Headers, u16_at, u32_at},
};

/// Top bit of an entry's offset: it leads to a directory, not to data.
const IS_DIRECTORY: u32 = 0x8000_0000;
/// Lengths of a resource directory and of one entry behind it.
const DIRECTORY_LEN: usize = 16;
const ENTRY_LEN: usize = 8;

/// The resource of that type and name, both numbers, in the first language that
/// it is stored in. `None` where there is none, or `bytes` are no PE image.
///
/// # Errors
/// [`Error`], where the image is damaged.
pub fn resource(bytes: &[u8], kind: u32, name: u32) -> Result<Option<&[u8]>, Error> {
    let Some(headers) = Headers::read(bytes)? else {
        return Ok(None);
    };
    let found = find(bytes, &headers, kind, |id| id == name)?;
    Ok(found.and_then(|(at, len)| bytes.get(at..at.checked_add(len)?)))
}

/// File offset and length of the first resource of type `kind` whose name
/// field is `wanted`.
pub(super) fn find(
    bytes: &[u8],
    headers: &Headers,
    kind: u32,
    wanted: impl Fn(u32) -> bool,
) -> Result<Option<(usize, usize)>, Error> {
    let Some(table) = headers.optional.data_directories.get_resource_table() else {
        return Ok(None);
    };
    let address = table.virtual_address;
    let resources = headers
        .file_offset(bytes, address, DIRECTORY_LEN as u32)
        .ok_or(Error::ResourceAddress {
            address,
            len: DIRECTORY_LEN as u32,
        })?;

    // Three levels by definition: type, name, language. Walked one by one, so
    // that a directory that points to itself costs nothing.
    let Some(names) = entry(bytes, resources, |id| id == kind)? else {
        return Ok(None);
    };
    let names = subdirectory(resources, &names, "a directory of names")?;
    let Some(languages) = entry(bytes, names, wanted)? else {
        return Ok(None);
    };
    let missing = |at, expected| Error::ResourceEntry { at, expected };
    let languages = subdirectory(resources, &languages, "a directory of languages")?;
    let data = entry(bytes, languages, |_| true)?.ok_or(missing(languages, "resource data"))?;
    if data.offset & IS_DIRECTORY != 0 {
        return Err(missing(data.at, "resource data"));
    }
    let data_at = resources + data.offset as usize;
    let (Some(address), Some(len)) = (u32_at(bytes, data_at), u32_at(bytes, data_at + 4)) else {
        return Err(missing(data.at, "resource data"));
    };
    let at = headers.file_offset(bytes, address, len);
    let at = at.ok_or(Error::ResourceAddress { address, len })?;
    Ok(Some((at, len as usize)))
}

/// One entry of a resource directory.
struct Entry {
    /// Its file offset.
    at: usize,
    /// Its second field.
    offset: u32,
}

/// The first entry of the directory at `at` whose name field is `wanted`.
fn entry(bytes: &[u8], at: usize, wanted: impl Fn(u32) -> bool) -> Result<Option<Entry>, Error> {
    let unreadable = Error::ResourceEntry {
        at,
        expected: "a resource directory",
    };
    let (Some(named), Some(numbered)) = (u16_at(bytes, at + 12), u16_at(bytes, at + 14)) else {
        return Err(unreadable);
    };
    for index in 0..usize::from(named) + usize::from(numbered) {
        let at = at + DIRECTORY_LEN + index * ENTRY_LEN;
        let (Some(name), Some(offset)) = (u32_at(bytes, at), u32_at(bytes, at + 4)) else {
            return Err(unreadable);
        };
        if wanted(name) {
            return Ok(Some(Entry { at, offset }));
        }
    }
    Ok(None)
}

/// File offset of the directory that `entry` leads to.
fn subdirectory(resources: usize, entry: &Entry, expected: &'static str) -> Result<usize, Error> {
    if entry.offset & IS_DIRECTORY == 0 {
        return Err(Error::ResourceEntry {
            at: entry.at,
            expected,
        });
    }
    Ok(resources + (entry.offset & !IS_DIRECTORY) as usize)
}
