//! Do resources share bytes of their file?

use super::Finding;
use crate::archive::{Inner, OpenFile};
use crate::error::FileOffset;
use crate::header::HEADER_LEN;
use crate::resource_header::ResourceHeader;

/// A resource: where it starts and ends, and what it is.
type Taken = (u64, u64, &'static str);

/// All resources of a file that take up bytes, in order.
pub(crate) fn taken(file: &OpenFile) -> Vec<Taken> {
    let mut taken = vec![(0, HEADER_LEN as u64, "header")];
    let mut add = |what, header: ResourceHeader| {
        if header.stored_size > 0 {
            let end = header.end().unwrap_or(u64::MAX);
            taken.push((header.offset, end, what));
        }
    };
    add("blob table", file.header.blob_table);
    add("XML data", file.header.xml);
    add("integrity table", file.header.integrity);
    for entry in &file.entries {
        match () {
            () if entry.is_solid_resource() => add("solid resource", entry.resource),
            // Blobs in solid resources count from elsewhere, and those of
            // other parts lie in other files.
            () if entry.is_solid() => {}
            () if file.header.parts > 1 && entry.part != file.header.part => {}
            () if entry.is_metadata() => add("metadata resource", entry.resource),
            () => add("blob", entry.resource),
        }
    }
    taken.sort_unstable();
    // Several images may name one and the same metadata resource.
    taken.dedup();
    taken
}

pub(super) fn overlaps(file: &OpenFile, findings: &mut Vec<Finding>) {
    let mut furthest: Option<Taken> = None;
    for next in taken(file) {
        if let Some(before) = furthest
            && next.0 < before.1
        {
            findings.push(Finding::Overlap {
                file: file.name.clone(),
                first: (before.2, FileOffset(before.0)),
                second: (next.2, FileOffset(next.0)),
            });
        }
        if furthest.is_none_or(|before| next.1 > before.1) {
            furthest = Some(next);
        }
    }
}

pub(super) fn header(archive: &Inner, findings: &mut Vec<Finding>) {
    let header = &archive.main().header;
    let count = archive.images.len() as u32;
    for file in &archive.files {
        if file
            .header
            .flags
            .contains(crate::HeaderFlags::WRITE_IN_PROGRESS)
        {
            findings.push(Finding::WriteInProgress);
        }
    }
    let parts = archive.missing_parts().into_iter();
    findings.extend(parts.map(|part| Finding::PartMissing { part }));
    match archive.image(header.boot_index) {
        _ if header.boot_index == 0 => {}
        Ok(entry) if entry.resource == header.boot_metadata => {}
        Ok(_) => findings.push(Finding::BootMetadata {
            image: header.boot_index,
        }),
        Err(_) => findings.push(Finding::BootIndex {
            index: header.boot_index,
            count,
        }),
    }
    let named = |image: &u32| archive.xml.image(*image).is_some();
    let missing = (1..=count).filter(|image| !named(image));
    findings.extend(missing.map(|image| Finding::ImageNotNamed { image }));
}
