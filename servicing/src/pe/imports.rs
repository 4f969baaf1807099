//! The modules that a PE image needs beside itself: the names in its import
//! table. The loader loads them before the image itself runs.
//!
//! Only the headers, the descriptors and the names are read, never the whole
//! file: a kernel has 10 MB, its import table a few hundred bytes.

use std::io;

use super::headers::{Headers, u32_at};
use super::{Error, HEADERS_LEN};
use crate::blob::Blob;

/// Length of one descriptor (`IMAGE_IMPORT_DESCRIPTOR`).
const DESCRIPTOR: usize = 20;

/// Offset of the name's address in a descriptor.
const NAME: usize = 12;

/// The most descriptors that are read. Kernels name about 10 modules, large
/// programs about 100.
const MAX_MODULES: usize = 1024;

/// The longest name that a module can have, with its NUL.
const MAX_NAME: usize = 256;

/// Why an import table cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportsError {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The headers before it do not decode.
    #[error(transparent)]
    Header(#[from] Error),
    /// An address of the table lies in no section of the file.
    #[error("the import table names address {address:#x}, which lies in no section of the file")]
    Address {
        /// Relative virtual address.
        address: u32,
    },
    /// A module's name has no end, or is none.
    #[error("the module name at address {address:#x} is no name of at most 255 characters")]
    Name {
        /// Relative virtual address.
        address: u32,
    },
    /// The table has no end.
    #[error("the import table has more than {MAX_MODULES} entries")]
    TooMany,
}

/// The modules that the image in `blob` imports from, in the order of its
/// table; `None` where `blob` is no PE image.
///
/// # Errors
/// [`ImportsError`]: the file cannot be read, or its import table is damaged.
pub fn imports(blob: &dyn Blob) -> Result<Option<Vec<String>>, ImportsError> {
    let file_len = blob.len();
    let front = at_most(blob, 0, HEADERS_LEN)?;
    let Some(headers) = Headers::read(&front)? else {
        return Ok(None);
    };
    let table = headers.optional.data_directories.get_import_table();
    let Some(table) = table.filter(|table| table.virtual_address != 0) else {
        return Ok(Some(Vec::new()));
    };
    let mut modules = Vec::new();
    let mut address = table.virtual_address;
    loop {
        if modules.len() == MAX_MODULES {
            return Err(ImportsError::TooMany);
        }
        let beyond = || ImportsError::Address { address };
        let at = in_file(&headers, address, DESCRIPTOR as u32, file_len).ok_or_else(beyond)?;
        let mut descriptor = [0; DESCRIPTOR];
        blob.read_into(at, &mut descriptor)?;
        let name = u32_at(&descriptor, NAME).unwrap_or_default();
        if name == 0 {
            return Ok(Some(modules));
        }
        modules.push(module_name(blob, &headers, name)?);
        address = address
            .checked_add(DESCRIPTOR as u32)
            .ok_or(ImportsError::Address { address })?;
    }
}

/// The name at `address`: 8-bit characters up to a NUL.
fn module_name(blob: &dyn Blob, headers: &Headers, address: u32) -> Result<String, ImportsError> {
    let at = in_file(headers, address, 1, blob.len()).ok_or(ImportsError::Address { address })?;
    let bytes = at_most(blob, at, MAX_NAME as u64)?;
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let plain = name.iter().all(|byte| (0x20..0x7f).contains(byte));
    if name.is_empty() || name.len() == bytes.len() || !plain {
        return Err(ImportsError::Name { address });
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

/// The file offset of `len` bytes at `address`.
fn in_file(headers: &Headers, address: u32, len: u32, file_len: u64) -> Option<u64> {
    let end = address.checked_add(len)?;
    let offset = headers.sections.iter().find_map(|section| {
        let inside = address.checked_sub(section.virtual_address)?;
        let length = section.size_of_raw_data;
        let section_end = section.virtual_address.checked_add(length)?;
        let offset = section.pointer_to_raw_data.checked_add(inside)?;
        (end <= section_end).then_some(offset)
    })?;
    let offset = u64::from(offset);
    (offset.checked_add(u64::from(len))? <= file_len).then_some(offset)
}

/// At most `len` bytes from `offset` on.
fn at_most(blob: &dyn Blob, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let len = blob.len().saturating_sub(offset).min(len);
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    blob.read_into(offset, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::tests::corpus_files;
    use super::*;
    use crate::blob::MemoryBlob;

    #[test]
    fn drivers_of_the_corpus_import_the_kernel_and_their_port() {
        let test = "drivers_of_the_corpus_import_the_kernel_and_their_port";
        let mut seen = 0;
        for path in corpus_files(test, &["sys"]) {
            let bytes = wimwright_testdata::read(&path);
            let found = imports(&MemoryBlob::new(bytes)).unwrap().unwrap();
            let lower: Vec<String> = found.iter().map(|name| name.to_lowercase()).collect();
            let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
            match name.as_str() {
                "viostor.sys" => assert!(lower.contains(&"storport.sys".to_owned()), "{lower:?}"),
                "iastor.sys" => assert!(lower.contains(&"ntoskrnl.exe".to_owned()), "{lower:?}"),
                _ => {}
            }
            assert!(!lower.is_empty(), "{}", path.display());
            seen += 1;
        }
        assert!(seen == 0 || seen > 10, "{seen}");
    }

    #[test]
    fn no_image_imports_nothing_and_damage_is_named() {
        let text = MemoryBlob::new(b"[Version]".to_vec());
        assert!(imports(&text).unwrap().is_none());
        for path in corpus_files("no_image_imports_nothing_and_damage_is_named", &["sys"]) {
            let whole = wimwright_testdata::read(&path);
            // Every cut and every changed address ends in a result.
            for len in (0..whole.len()).step_by(whole.len() / 60 + 1) {
                let _ = imports(&MemoryBlob::new(whole[..len].to_vec()));
            }
            let mut damaged = whole;
            for at in (0..0x400.min(damaged.len())).step_by(4) {
                let kept = damaged[at];
                damaged[at] = kept.wrapping_add(0x55);
                let _ = imports(&MemoryBlob::new(damaged.clone()));
                damaged[at] = kept;
            }
        }
    }
}
