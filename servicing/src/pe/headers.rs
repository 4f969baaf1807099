//! The headers of a PE image: COFF header, optional header, section table.
//!
//! `goblin` decodes the structures; this file decides whether there is an
//! image at all, where the pieces stand in the file, and how an address maps
//! to a file offset.

use goblin::pe::header::{CoffHeader, Header, SIZEOF_COFF_HEADER, SIZEOF_PE_MAGIC};
use goblin::pe::optional_header::OptionalHeader;
use goblin::pe::section_table::{SIZEOF_SECTION_TABLE, SectionTable};

use super::Error;

/// Offset of `e_lfanew`, the pointer to the PE signature, in the DOS header.
const PE_POINTER: usize = 0x3c;

/// The decoded headers and where they stand.
pub(super) struct Headers {
    pub(super) coff: CoffHeader,
    pub(super) optional: OptionalHeader,
    /// File offset of the optional header.
    pub(super) optional_at: usize,
    pub(super) sections: Vec<SectionTable>,
}

impl Headers {
    /// `None` where the DOS header or the `PE\0\0` signature is missing.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Error> {
        if !bytes.starts_with(b"MZ") {
            return Ok(None);
        }
        let Some(at) = u32_at(bytes, PE_POINTER).and_then(|at| usize::try_from(at).ok()) else {
            return Ok(None);
        };
        let Some(image) = bytes.get(at..).filter(|rest| rest.starts_with(b"PE\0\0")) else {
            return Ok(None);
        };

        // Without the DOS part: its stub and the linker's "rich" header may be
        // anything, and the loader does not look at them.
        let header = Header::parse_without_dos(image).map_err(|error| Error::Header {
            at,
            reason: error.to_string(),
        })?;
        let coff = header.coff_header;
        let optional = header
            .optional_header
            .ok_or(Error::NoOptionalHeader { at })?;

        let optional_at = at + SIZEOF_PE_MAGIC + SIZEOF_COFF_HEADER;
        let table_at = optional_at + usize::from(coff.size_of_optional_header);
        let table_len = usize::from(coff.number_of_sections) * SIZEOF_SECTION_TABLE;
        // Only the headers are lent: a long section name then cannot make the
        // decoder copy strings from all over a hostile file.
        let lent = bytes.get(..table_at + table_len).unwrap_or(bytes);
        let sections = coff
            .sections(lent, &mut table_at.clone())
            .map_err(|error| Error::Sections {
                at: table_at,
                count: coff.number_of_sections,
                reason: error.to_string(),
            })?;
        Ok(Some(Headers {
            coff,
            optional,
            optional_at,
            sections,
        }))
    }

    /// The file offset of `len` bytes at relative virtual address `address`,
    /// where one section holds them all as data in the file.
    pub(super) fn file_offset(&self, bytes: &[u8], address: u32, len: u32) -> Option<usize> {
        let end = address.checked_add(len)?;
        let offset = self.sections.iter().find_map(|section| {
            let inside = address.checked_sub(section.virtual_address)?;
            let section_end = section
                .virtual_address
                .checked_add(section.size_of_raw_data)?;
            let offset = section.pointer_to_raw_data.checked_add(inside)?;
            (end <= section_end).then_some(offset)
        })?;
        let (at, len) = (usize::try_from(offset).ok()?, usize::try_from(len).ok()?);
        (at.checked_add(len)? <= bytes.len()).then_some(at)
    }
}

/// The little-endian 16-bit field at `at`, `None` past the end.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

/// The little-endian 32-bit field at `at`, `None` past the end.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}
