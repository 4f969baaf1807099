//! The CodeView record of a PE image: the name of its symbol file.
//!
//! Format: "PE Format", `.debug` section (directory entries of 28 bytes), and
//! the records `RSDS` (PDB 7.0) and `NB10` (PDB 2.0) that linkers put there.
//! The name is kept as the linker wrote it: often only a file name, sometimes
//! the whole path on the build machine.

use goblin::pe::data_directories::DataDirectory;

use super::{
    Error,
    headers::{Headers, u32_at},
};

/// `IMAGE_DEBUG_TYPE_CODEVIEW`.
const CODEVIEW: u32 = 2;
/// Length of a directory entry, and where its fields stand.
const ENTRY_LEN: usize = 28;
const ENTRY_TYPE: usize = 12;
const ENTRY_SIZE: usize = 16;
const ENTRY_POINTER: usize = 24;
/// Linkers write a handful of entries; a hostile count must not cost time.
const MAX_ENTRIES: usize = 32;
/// Bytes before the name: signature, GUID and age; or signature, offset,
/// time stamp and age.
const RSDS_HEADER: usize = 24;
const NB10_HEADER: usize = 16;
/// The longest name that is kept, in bytes: Windows' limit of a path.
const MAX_NAME: usize = 260;

/// Where a CodeView record stands in the file.
pub(super) struct Place {
    pub(super) at: usize,
    pub(super) len: usize,
}

/// The debug directory as the headers name it, within the file.
pub(super) fn directory(bytes: &[u8], headers: &Headers) -> Result<Option<Place>, Error> {
    let table: Option<&DataDirectory> = headers.optional.data_directories.get_debug_table();
    let Some(table) = table.filter(|table| table.virtual_address != 0 && table.size != 0) else {
        return Ok(None);
    };
    let len = (table.size as usize).min(MAX_ENTRIES * ENTRY_LEN);
    let at = headers.file_offset(bytes, table.virtual_address, len as u32);
    match at {
        Some(at) => Ok(Some(Place { at, len })),
        None => Err(Error::DebugDirectory {
            address: table.virtual_address,
            len: table.size,
        }),
    }
}

/// The CodeView records that the directory names.
pub(super) fn records(bytes: &[u8], directory: &Place) -> Vec<Place> {
    let entries = (0..directory.len / ENTRY_LEN).map(|index| directory.at + index * ENTRY_LEN);
    let records = entries.filter(|at| u32_at(bytes, at + ENTRY_TYPE) == Some(CODEVIEW));
    let places = records.filter_map(|at| {
        Some(Place {
            at: u32_at(bytes, at + ENTRY_POINTER)? as usize,
            len: (u32_at(bytes, at + ENTRY_SIZE)? as usize).min(RSDS_HEADER + MAX_NAME),
        })
    });
    places.collect()
}

/// The name in the first CodeView record; `Ok(None)` where there is none.
pub(super) fn pdb_name(bytes: &[u8], headers: &Headers) -> Result<Option<String>, Error> {
    let Some(directory) = directory(bytes, headers)? else {
        return Ok(None);
    };
    let names = records(bytes, &directory).into_iter().filter_map(|place| {
        let record = bytes.get(place.at..place.at.checked_add(place.len)?)?;
        let header = match record.get(..4)? {
            b"RSDS" => RSDS_HEADER,
            b"NB10" => NB10_HEADER,
            _ => return None,
        };
        let name = record.get(header..)?;
        let end = name.iter().position(|byte| *byte == 0);
        let name = name.get(..end.unwrap_or(name.len()))?;
        Some(String::from_utf8_lossy(name).into_owned())
    });
    Ok({ names }.next())
}

#[cfg(test)]
mod tests {
    use super::super::{PeFacts, tests::corpus_files};

    /// goblin reads the same record by its own way.
    #[test]
    fn symbol_file_names_of_the_corpus_equal_what_goblin_reads() {
        let test = "symbol_file_names_of_the_corpus_equal_what_goblin_reads";
        let mut named = 0;
        for path in corpus_files(test, &["sys", "dll"]) {
            let bytes = wimwright_testdata::read(&path);
            let ours = PeFacts::read(&bytes).unwrap().unwrap().pdb.unwrap();
            let image = goblin::pe::PE::parse(&bytes).unwrap();
            let theirs = image.debug_data.and_then(|debug| {
                let name = match (
                    debug.codeview_pdb70_debug_info,
                    debug.codeview_pdb20_debug_info,
                ) {
                    (Some(record), _) => record.filename,
                    (None, Some(record)) => record.filename,
                    (None, None) => return None,
                };
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                Some(String::from_utf8_lossy(name).into_owned())
            });
            assert_eq!(ours, theirs, "{}", path.display());
            named += usize::from(ours.is_some());
        }
        assert!(named == 0 || named > 40, "only {named} images with names");
    }
}
