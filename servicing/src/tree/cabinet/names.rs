//! CFFILE: a file of a cabinet, and the path that its name stands for.

use encoding_rs::WINDOWS_1252;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use wimwright_hive::FileTime;

use super::MAX_STEPS;
use super::error::{CabinetError, MemberError};
use super::header::{Header, text};
use super::input::Input;
use crate::path::{ImagePath, Name};
use crate::text::Text;
use crate::time;

/// Attribute bit: the name is UTF-8.
const NAME_IS_UTF8: u16 = 0x80;
/// Attribute bits that Windows keeps: read-only, hidden, system, archive.
const WINDOWS_ATTRIBUTES: u16 = 0x27;
/// Folder numbers that mean a folder that goes over into another part.
const FROM_PREVIOUS: u16 = 0xfffd;
const TO_NEXT: u16 = 0xfffe;
const FROM_PREVIOUS_TO_NEXT: u16 = 0xffff;

/// A file of a cabinet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its name, with directories in front where it has any. Where it is not
    /// marked as UTF-8, its code page is not known; Windows takes the
    /// system's, and here 1252 is assumed.
    pub name: String,
    /// Number of its folder, from 0 on.
    pub folder: usize,
    /// Where it begins in the folder's plain bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// When it was last written: cabinets hold the clock's time where they
    /// were made, without its zone, so it is taken as UTC. `None` where it is
    /// no date.
    pub modified: Option<FileTime>,
    /// Its Windows attributes (read-only, hidden, system, archive).
    pub attributes: u32,
}

/// Why a name is no path inside a directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It begins with a separator.
    #[error("its name is a path from the root of a drive")]
    Absolute,
    /// `..` or `.`.
    #[error("its name leads up with `{step}`")]
    GoesUp {
        /// The step.
        step: String,
    },
    /// A drive letter, or a named stream.
    #[error("its name holds a colon: a drive or a stream")]
    Colon,
    /// Nothing where a name must be.
    #[error("its name is empty in part")]
    Empty,
    /// More steps than [`MAX_STEPS`](super::MAX_STEPS).
    #[error("its name has {steps} steps, more than {most}")]
    TooDeep {
        /// How many.
        steps: usize,
        /// The limit.
        most: usize,
    },
    /// Longer than NTFS allows.
    #[error("its name has a step of {units} UTF-16 units, more than the 255 that NTFS allows")]
    TooLong {
        /// Its length.
        units: usize,
    },
}

impl Member {
    /// The path in the directory that a cabinet stands for. Characters that
    /// Windows does not allow in names are kept, as long as they lead nowhere.
    ///
    /// # Errors
    /// [`NameFault`] where it leads outside, or nowhere.
    pub fn path(&self) -> Result<ImagePath, NameFault> {
        if self.name.starts_with(['\\', '/']) {
            return Err(NameFault::Absolute);
        }
        if self.name.contains(':') {
            return Err(NameFault::Colon);
        }
        let steps = self.name.split(['\\', '/']).count();
        if steps > MAX_STEPS {
            return Err(NameFault::TooDeep {
                steps,
                most: MAX_STEPS,
            });
        }
        let names = self.name.split(['\\', '/']).map(|step| match step {
            "" => Err(NameFault::Empty),
            "." | ".." => Err(NameFault::GoesUp { step: step.into() }),
            step => {
                let units: Vec<u16> = step.encode_utf16().collect();
                if units.len() > 255 {
                    return Err(NameFault::TooLong { units: units.len() });
                }
                Name::found(Text::from_units(&units)).ok_or(NameFault::Empty)
            }
        });
        Ok(ImagePath::from_names(names.collect::<Result<Vec<_>, _>>()?))
    }

    /// Where it ends in the folder's plain bytes.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.len
    }
}

/// A file as a part lists it.
pub(super) struct Listed {
    pub(super) member: Member,
    /// Its folder comes from the part before.
    pub(super) from_previous: bool,
    /// Its folder goes on in the next part.
    pub(super) to_next: bool,
}

impl Listed {
    /// Reads the entries of all files of a part.
    pub(super) fn read_all(
        input: &mut Input,
        header: &Header,
    ) -> Result<Vec<Listed>, CabinetError> {
        let mut files = Vec::new();
        for _ in 0..header.files {
            files.push(Listed::read(input, header)?);
        }
        Ok(files)
    }

    fn read(input: &mut Input, header: &Header) -> Result<Listed, CabinetError> {
        let at = input.position();
        let Some(fixed) = input.array::<16>()? else {
            return Err(CabinetError::Truncated {
                structure: "a file's entry",
                at,
                len: input.end(),
            });
        };
        let [
            l0,
            l1,
            l2,
            l3,
            o0,
            o1,
            o2,
            o3,
            f0,
            f1,
            d0,
            d1,
            t0,
            t1,
            a0,
            a1,
        ] = fixed;
        let attributes = u16::from_le_bytes([a0, a1]);
        let name = text(input, "a file's name")?;
        // What is marked as UTF-8 and is none was not meant so; 1252 has a
        // character for each byte, so that no two names become one.
        let name = match String::from_utf8(name) {
            Ok(name) if name.is_ascii() || attributes & NAME_IS_UTF8 != 0 => name,
            Ok(name) => latin(name.as_bytes()),
            Err(error) => latin(error.as_bytes()),
        };
        let field = u16::from_le_bytes([f0, f1]);
        let from_previous = matches!(field, FROM_PREVIOUS | FROM_PREVIOUS_TO_NEXT);
        let to_next = matches!(field, TO_NEXT | FROM_PREVIOUS_TO_NEXT);
        let count = usize::from(header.folders);
        let fault = |source| CabinetError::Member {
            name: name.clone(),
            source,
        };
        let folder = match (from_previous, to_next) {
            // The folder that comes from before is the first one, and the one
            // that goes on is the last.
            (true, _) => 0,
            (false, true) => count.saturating_sub(1),
            (false, false) if usize::from(field) < count => field.into(),
            _ => {
                return Err(fault(MemberError::NoFolder {
                    folder: field,
                    count,
                }));
            }
        };
        if from_previous && header.previous.is_none() || to_next && header.next.is_none() {
            return Err(fault(MemberError::NoPart));
        }
        Ok(Listed {
            member: Member {
                name,
                folder,
                offset: u32::from_le_bytes([o0, o1, o2, o3]).into(),
                len: u32::from_le_bytes([l0, l1, l2, l3]).into(),
                modified: dos_time(u16::from_le_bytes([d0, d1]), u16::from_le_bytes([t0, t1])),
                attributes: u32::from(attributes & WINDOWS_ATTRIBUTES),
            },
            from_previous,
            to_next,
        })
    }
}

/// A name of code page 1252.
fn latin(bytes: &[u8]) -> String {
    let (name, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    name.into_owned()
}

/// A date and time of MS-DOS: years from 1980 on, two seconds exact.
fn dos_time(date: u16, time: u16) -> Option<FileTime> {
    let part = |field: u16, shift: u32, bits: u32| (field >> shift & ((1 << bits) - 1)) as i8;
    let year = 1980 + (date >> 9).cast_signed();
    let clock = DateTime::new(
        year,
        part(date, 5, 4),
        part(date, 0, 5),
        part(time, 11, 5),
        part(time, 5, 6),
        part(time, 0, 5).checked_mul(2)?,
        0,
    );
    let seconds = clock
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_second();
    Some(time::from_unix_seconds(u64::try_from(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Member {
        Member {
            name: name.to_owned(),
            folder: 0,
            offset: 0,
            len: 0,
            modified: None,
            attributes: 0,
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_no_paths() {
        for (name, fault) in [
            ("\\a", NameFault::Absolute),
            ("/a", NameFault::Absolute),
            ("C:\\a", NameFault::Colon),
            ("C:a", NameFault::Colon),
            ("a:b", NameFault::Colon),
            ("..\\a", NameFault::GoesUp { step: "..".into() }),
            ("a/../b", NameFault::GoesUp { step: "..".into() }),
            ("a\\.", NameFault::GoesUp { step: ".".into() }),
            ("a\\\\b", NameFault::Empty),
            ("a\\", NameFault::Empty),
            ("", NameFault::Empty),
            (&"n".repeat(256), NameFault::TooLong { units: 256 }),
            (
                &"n\\".repeat(24),
                NameFault::TooDeep {
                    steps: 25,
                    most: 24,
                },
            ),
        ] {
            assert_eq!(named(name).path(), Err(fault), "`{name}`");
        }
        for name in ["a", "a\\b/c", "...", "a?", "\u{1}", "a b."] {
            let path = named(name).path().unwrap();
            assert_eq!(path.to_string(), name.replace('/', "\\"));
        }
    }

    #[test]
    fn times_are_read_as_utc_and_impossible_ones_are_none() {
        // 2019-10-29 00:05:54.
        let (date, clock) = ((39 << 9) | (10 << 5) | 29, (5 << 5) | 27);
        assert_eq!(
            time::iso(dos_time(date, clock).unwrap()),
            "2019-10-29T00:05:54Z"
        );
        for (date, clock) in [(0, 0), ((39 << 9) | (2 << 5) | 30, 0), (date, 30)] {
            assert_eq!(dos_time(date, clock), None, "{date:#x} {clock:#x}");
        }
    }
}
