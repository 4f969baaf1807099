//! PE images made from nothing: real headers, version resource, CodeView
//! record, checksum, and whatever bytes a test wants in their sections.
//!
//! They carry no code and never a byte of anybody else's program; what reads
//! them sees what the linker and the resource compiler would have written
//! ("PE Format" and `VS_VERSIONINFO` of the Win32 documentation).

/// `IMAGE_FILE_MACHINE_I386`.
pub const X86: u16 = 0x014c;
/// `IMAGE_FILE_MACHINE_AMD64`.
pub const AMD64: u16 = 0x8664;
/// `VS_FF_DEBUG`: a checked build.
pub const DEBUG_BUILD: u32 = 1;

const FILE_ALIGNMENT: usize = 0x200;
const SECTION_ALIGNMENT: usize = 0x1000;
const HEADERS_LEN: usize = 0x400;

/// A PE image to be made.
#[derive(Clone, Debug)]
pub struct Pe {
    /// The machine.
    pub machine: u16,
    /// The subsystem: 1 is native.
    pub subsystem: u16,
    /// Whether it is a DLL.
    pub dll: bool,
    /// When it was linked.
    pub time_date_stamp: u32,
    /// Its version resource.
    pub version: Option<Version>,
    /// Instead of a version resource: one of that type, with name 1.
    pub resource: Option<(u32, Vec<u8>)>,
    /// The name in its CodeView record.
    pub pdb: Option<String>,
    /// What stands in `.text`, `.data` and `INIT`.
    pub sections: [Vec<u8>; 3],
    /// Zeros are put behind it until it has this length.
    pub len: Option<usize>,
}

/// A version resource.
#[derive(Clone, Debug)]
pub struct Version {
    /// Version of file and product.
    pub number: [u16; 4],
    /// `dwFileFlags`.
    pub flags: u32,
    /// Language and code page: `040904B0`.
    pub translation: String,
    /// The texts.
    pub strings: Vec<(String, String)>,
}

impl Version {
    /// A resource as Windows' own files have it.
    pub fn of_windows(number: [u16; 4], original: &str, description: &str) -> Version {
        let [major, minor, build, revision] = number;
        let text = format!("{major}.{minor}.{build}.{revision}");
        let strings = [
            ("CompanyName", "Example"),
            ("FileDescription", description),
            ("FileVersion", &format!("{text} (example.000101-0000)")),
            ("InternalName", original),
            ("OriginalFilename", original),
            ("ProductVersion", &text),
        ];
        Version {
            number,
            flags: 0,
            translation: "040904B0".to_owned(),
            strings: strings
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }
}

impl Default for Pe {
    fn default() -> Pe {
        Pe {
            machine: X86,
            subsystem: 1,
            dll: false,
            time_date_stamp: 0x4000_0000,
            version: None,
            resource: None,
            pdb: None,
            sections: [vec![0xC3; 16], vec![0; 16], vec![0xC3; 16]],
            len: None,
        }
    }
}

/// `text` as UTF-16LE with a NUL.
pub fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

/// `text` with a NUL.
pub fn narrow(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// A part of the file in the section table.
struct Section {
    name: &'static str,
    bytes: Vec<u8>,
    address: usize,
    at: usize,
}

impl Pe {
    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let [text, data, init] = &self.sections;
        let mut address = SECTION_ALIGNMENT;
        let mut at = HEADERS_LEN;
        let mut sections = Vec::new();
        let mut place = |name, bytes: Vec<u8>| {
            let section = Section {
                name,
                address,
                at,
                bytes,
            };
            address += section
                .bytes
                .len()
                .max(1)
                .next_multiple_of(SECTION_ALIGNMENT);
            at += section.bytes.len().next_multiple_of(FILE_ALIGNMENT);
            sections.push(section);
        };
        // The debug directory leads .text, as linkers of the time put it.
        let debug = self.pdb.as_deref().map(codeview);
        let debug_len = debug
            .as_ref()
            .map_or(0, |record| DEBUG_ENTRY + record.len());
        let lead: Vec<u8> = debug
            .iter()
            .flat_map(|record| debug_directory(record))
            .collect();
        place(".text", [lead.as_slice(), text].concat());
        place(".data", data.clone());
        place("INIT", init.clone());
        let resources = match (&self.version, &self.resource) {
            (Some(version), _) => Some(resource(16, 0x409, &version.block())),
            (None, Some((kind, body))) => Some(resource(*kind, 0, body)),
            (None, None) => None,
        };
        let resource_len = resources.as_ref().map_or(0, |(bytes, _)| bytes.len());
        if let Some((bytes, _)) = &resources {
            place(".rsrc", bytes.clone());
        }
        let size_of_image = address;
        let mut file = vec![0; at.max(HEADERS_LEN)];
        let put = |file: &mut [u8], at: usize, bytes: &[u8]| {
            if let Some(part) = file.get_mut(at..at + bytes.len()) {
                part.copy_from_slice(bytes);
            }
        };
        for section in &sections {
            put(&mut file, section.at, &section.bytes);
        }
        let resource_address = sections.get(3).map_or(0, |section| section.address);
        if let (Some((_, data_entry)), Some(section)) = (&resources, sections.get(3)) {
            // The one field that is an address in the image, not in the section.
            let entry = section.at + data_entry;
            let offset = u32_of(&file, entry) + section.address as u32;
            put(&mut file, entry, &offset.to_le_bytes());
        }
        if debug.is_some() {
            // Address and file offset of the record behind the directory.
            let first = HEADERS_LEN + DEBUG_ENTRY;
            let entry = HEADERS_LEN;
            put(
                &mut file,
                entry + 20,
                &((SECTION_ALIGNMENT + DEBUG_ENTRY) as u32).to_le_bytes(),
            );
            put(&mut file, entry + 24, &(first as u32).to_le_bytes());
        }
        let directories = [
            (2, resource_address, resource_len),
            (
                6,
                if debug_len > 0 { SECTION_ALIGNMENT } else { 0 },
                debug_len.min(DEBUG_ENTRY),
            ),
        ];
        let headers = self.headers(&sections, size_of_image, &directories);
        put(&mut file, 0, &headers);
        if let Some(len) = self.len {
            let len = len.max(file.len());
            file.resize(len, 0);
        }
        let checksum = checksum(&file, CHECKSUM_AT);
        put(&mut file, CHECKSUM_AT, &checksum.to_le_bytes());
        file
    }

    fn headers(
        &self,
        sections: &[Section],
        size_of_image: usize,
        directories: &[(usize, usize, usize)],
    ) -> Vec<u8> {
        let wide = self.machine == AMD64;
        let mut bytes = vec![0; PE_AT];
        bytes.splice(0..2, *b"MZ");
        bytes.splice(0x3c..0x40, (PE_AT as u32).to_le_bytes());
        bytes.extend(b"PE\0\0");
        let optional_len: u16 = if wide { 240 } else { 224 };
        let characteristics: u16 = 0x0102 | if self.dll { 0x2000 } else { 0 };
        bytes.extend(self.machine.to_le_bytes());
        bytes.extend((sections.len() as u16).to_le_bytes());
        bytes.extend(self.time_date_stamp.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(optional_len.to_le_bytes());
        bytes.extend(characteristics.to_le_bytes());

        let magic: u16 = if wide { 0x20b } else { 0x10b };
        bytes.extend(magic.to_le_bytes());
        bytes.extend([7, 10]);
        let dwords = |bytes: &mut Vec<u8>, values: &[u32]| {
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        };
        // Sizes of code, data, uninitialised data; entry point; base of code.
        dwords(&mut bytes, &[0x200, 0x200, 0, 0x1000, 0x1000]);
        match wide {
            true => bytes.extend(0x8000_0000_u64.to_le_bytes()),
            false => dwords(&mut bytes, &[0x2000, 0x8000_0000]),
        }
        dwords(
            &mut bytes,
            &[SECTION_ALIGNMENT as u32, FILE_ALIGNMENT as u32],
        );
        // Versions of system, image and subsystem.
        bytes.extend([5, 0, 1, 0, 5, 0, 1, 0, 5, 0, 1, 0]);
        dwords(
            &mut bytes,
            &[0, size_of_image as u32, HEADERS_LEN as u32, 0],
        );
        bytes.extend(self.subsystem.to_le_bytes());
        bytes.extend([0; 2]);
        // Stack and heap.
        bytes.extend(vec![0; if wide { 32 } else { 16 }]);
        dwords(&mut bytes, &[0, 16]);
        for index in 0..16 {
            let found = directories.iter().find(|(number, _, _)| *number == index);
            let (address, len) = found.map_or((0, 0), |(_, address, len)| (*address, *len));
            dwords(&mut bytes, &[address as u32, len as u32]);
        }
        for section in sections {
            let mut name = [0; 8];
            for (to, from) in name.iter_mut().zip(section.name.bytes()) {
                *to = from;
            }
            bytes.extend(name);
            let raw = section.bytes.len().next_multiple_of(FILE_ALIGNMENT);
            dwords(
                &mut bytes,
                &[
                    section.bytes.len() as u32,
                    section.address as u32,
                    raw as u32,
                    section.at as u32,
                    0,
                    0,
                    0,
                    0x6000_0020,
                ],
            );
        }
        bytes
    }
}

/// Where the PE signature stands, and from there the checksum.
const PE_AT: usize = 0x80;
const CHECKSUM_AT: usize = PE_AT + 24 + 64;
/// Length of an entry of the debug directory.
const DEBUG_ENTRY: usize = 28;

fn u32_of(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..at + 4).unwrap_or(&[0; 4]);
    field
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// A CodeView record of the kind `RSDS`.
fn codeview(name: &str) -> Vec<u8> {
    let mut record = b"RSDS".to_vec();
    record.extend([0x11; 16]);
    record.extend(1_u32.to_le_bytes());
    record.extend(narrow(name));
    record
}

/// A debug directory of one entry with its record behind it; the places are
/// put in once they are known.
fn debug_directory(record: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; DEBUG_ENTRY];
    bytes.splice(12..16, 2_u32.to_le_bytes());
    bytes.splice(16..20, (record.len() as u32).to_le_bytes());
    bytes.extend(record);
    bytes
}

/// The checksum of a file whose checksum field at `field` is zero.
fn checksum(file: &[u8], field: usize) -> u32 {
    let mut sum = 0_u64;
    for (index, pair) in file.chunks(2).enumerate() {
        if index * 2 == field || index * 2 == field + 2 {
            continue;
        }
        let low = pair.first().copied().unwrap_or_default();
        let high = pair.get(1).copied().unwrap_or_default();
        sum += u64::from(u16::from_le_bytes([low, high]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u32 + file.len() as u32
}

/// A resource section with this one resource, named 1, and where in it the field
/// stands that needs the section's address.
fn resource(kind: u32, language: u32, body: &[u8]) -> (Vec<u8>, usize) {
    let directory = |id: u32, offset: u32| {
        let mut bytes = vec![0; 14];
        bytes.extend(1_u16.to_le_bytes());
        bytes.extend(id.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes
    };
    const LEVEL: u32 = 24;
    const DIRECTORY: u32 = 0x8000_0000;
    let entry = 3 * LEVEL;
    let data = entry + 16;
    let mut bytes = [
        directory(kind, DIRECTORY | LEVEL),
        directory(1, DIRECTORY | (2 * LEVEL)),
        directory(language, entry),
    ]
    .concat();
    bytes.extend(data.to_le_bytes());
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend(body);
    (bytes, entry as usize)
}

impl Version {
    fn block(&self) -> Vec<u8> {
        let [a, b, c, d] = self.number.map(u32::from);
        let version = [a << 16 | b, c << 16 | d];
        let mut fixed = Vec::new();
        for field in [0xfeef_04bd, 0x0001_0000]
            .into_iter()
            .chain(version)
            .chain(version)
            .chain([0x3f, self.flags, 0x0004_0004, 2, 0, 0, 0])
        {
            fixed.extend(field.to_le_bytes());
        }
        let strings = self.strings.iter();
        let strings = strings.map(|(name, value)| {
            let text = wide(value);
            let units = (text.len() / 2) as u16;
            block(name, 1, units, &text, &[])
        });
        let table = block(&self.translation, 1, 0, &[], &strings.collect::<Vec<_>>());
        let info = block("StringFileInfo", 1, 0, &[], &[table]);
        let len = fixed.len() as u16;
        block("VS_VERSION_INFO", 0, len, &fixed, &[info])
    }
}

/// One block of a version resource.
fn block(name: &str, kind: u16, value_len: u16, value: &[u8], children: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 2];
    bytes.extend(value_len.to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend(wide(name));
    let align = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(4), 0);
    align(&mut bytes);
    bytes.extend(value);
    for child in children {
        align(&mut bytes);
        bytes.extend(child);
    }
    let len = bytes.len() as u16;
    bytes.splice(0..2, len.to_le_bytes());
    bytes
}
