//! Security descriptors of files and directories that are new in an image.
//!
//! Offline there is no token that creates them, so what NT takes from it is
//! taken from the directory: its owner and group. The access control lists
//! are inherited as NT inherits them (MS-DTYP 2.5.3.4); the algorithm is the
//! registry's, proved there on real hives, with the rights of files.

mod default;
pub mod sddl;

pub use default::volume_root;
use wimwright_hive::{ObjectRights, inherited_security_of};

/// Rights that files have: `FILE_ALL_ACCESS`, and the right to see audit
/// entries (`ACCESS_SYSTEM_SECURITY`).
const VALID: u32 = 0x011F_01FF;
/// `FILE_GENERIC_READ`, `_WRITE`, `_EXECUTE`, `FILE_ALL_ACCESS` (winnt.h).
const GENERIC: [u32; 4] = [0x12_0089, 0x12_0116, 0x12_00A0, 0x1F_01FF];

/// Why no descriptor can be inherited.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// The directory's own descriptor cannot be used.
    #[error("nothing can be inherited from the directory")]
    Parent(#[source] wimwright_hive::Error),
}

/// The self-relative descriptor that a new file, or with `directory` a new
/// directory, gets in a directory with the self-relative descriptor `parent`.
///
/// Object inherit, container inherit, inherit only and no propagate are
/// followed, `CREATOR OWNER` and `CREATOR GROUP` become the parent's owner and
/// group, generic rights become rights of files, and what an automatically
/// inherited list passes on is marked as inherited. Where the parent passes
/// nothing on, SYSTEM and Administrators get full control, as NT's default
/// for services and administrators says.
///
/// A parent without a descriptor (security id -1) passes none on: what is new
/// there should have none either, and inherits when the image is applied.
///
/// # Errors
/// [`SecurityError::Parent`] when `parent` is no self-relative descriptor, or
/// passes on more than a list can hold.
pub fn inherited(parent: &[u8], directory: bool) -> Result<Vec<u8>, SecurityError> {
    let rights = ObjectRights {
        generic: GENERIC,
        valid: VALID,
        container: directory,
    };
    inherited_security_of(parent, &rights).map_err(SecurityError::Parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMINISTRATORS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
    const USERS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0];
    const CREATOR_OWNER: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0];
    const INSTALLER: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0];

    /// A descriptor owned by Administrators with these allowing entries.
    fn descriptor(control: u16, entries: &[(u8, u32, &[u8])]) -> Vec<u8> {
        let mut list = Vec::new();
        for (flags, rights, sid) in entries {
            list.extend([0, *flags]);
            list.extend((8 + sid.len() as u16).to_le_bytes());
            list.extend(rights.to_le_bytes());
            list.extend(*sid);
        }
        let mut bytes = vec![1, 0];
        bytes.extend((0x8004 | control).to_le_bytes());
        let list_at = 20 + 16;
        bytes.extend([20, 20, 0, list_at].map(u32::to_le_bytes).concat());
        bytes.extend(ADMINISTRATORS);
        bytes.extend([2, 0]);
        bytes.extend((8 + list.len() as u16).to_le_bytes());
        bytes.extend((entries.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(list);
        bytes
    }

    /// Control bits and entries of a descriptor.
    fn read(bytes: &[u8]) -> (u16, Vec<(u8, u32, Vec<u8>)>) {
        let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let owner = long(4) as usize;
        assert_eq!(bytes[owner..owner + 16], ADMINISTRATORS);
        let mut at = long(16) as usize;
        let count = word(at + 4);
        at += 8;
        let mut entries = Vec::new();
        for _ in 0..count {
            let size = usize::from(word(at + 2));
            entries.push((
                bytes[at + 1],
                long(at + 4),
                bytes[at + 8..at + size].to_vec(),
            ));
            at += size;
        }
        (word(2), entries)
    }

    #[test]
    fn what_program_files_passes_on_is_what_windows_shows_below_it() {
        // The list of `Program Files`, and what icacls shows for a directory
        // and a file that an administrator made there.
        let parent = descriptor(
            0x1400,
            &[
                (0x00, 0x1F_01FF, &INSTALLER),
                (0x0A, 0x1000_0000, &INSTALLER), // (CI)(IO)(F)
                (0x00, 0x13_01BF, &ADMINISTRATORS),
                (0x0B, 0x1000_0000, &ADMINISTRATORS), // (OI)(CI)(IO)(F)
                (0x00, 0x12_00A9, &USERS),
                (0x0B, 0xA000_0000, &USERS), // (OI)(CI)(IO)(GR,GE)
                (0x0B, 0x1000_0000, &CREATOR_OWNER),
            ],
        );
        let (control, entries) = read(&inherited(&parent, true).unwrap());
        assert_eq!(control, 0x8404);
        assert_eq!(
            entries,
            [
                (0x10, 0x1F_01FF, INSTALLER.to_vec()),
                (0x1A, 0x1000_0000, INSTALLER.to_vec()),
                (0x10, 0x1F_01FF, ADMINISTRATORS.to_vec()),
                (0x1B, 0x1000_0000, ADMINISTRATORS.to_vec()),
                (0x10, 0x12_00A9, USERS.to_vec()),
                (0x1B, 0xA000_0000, USERS.to_vec()),
                // Its owner has full control already.
                (0x1B, 0x1000_0000, CREATOR_OWNER.to_vec()),
            ]
        );
        let (control, entries) = read(&inherited(&parent, false).unwrap());
        assert_eq!(control, 0x8404);
        assert_eq!(
            entries,
            [
                (0x10, 0x1F_01FF, ADMINISTRATORS.to_vec()),
                (0x10, 0x12_00A9, USERS.to_vec()),
            ]
        );
    }

    #[test]
    fn flags_decide_what_a_file_and_a_directory_get() {
        for (flags, directory, file) in [
            (0x00, None, None),
            (0x01, Some(0x09), Some(0x00)), // object inherit
            (0x02, Some(0x02), None),       // container inherit
            (0x03, Some(0x03), Some(0x00)),
            (0x05, None, Some(0x00)), // object inherit, one level only
            (0x06, Some(0x00), None),
            (0x0B, Some(0x03), Some(0x00)), // inherit only
            (0x13, Some(0x13), Some(0x10)), // inherited by the parent itself
        ] {
            // An entry that both get, so that the list is never empty.
            let always = (0x03, 0x1, &ADMINISTRATORS[..]);
            let parent = descriptor(0, &[always, (flags, 0x12_00A9, &USERS)]);
            for (is_directory, expected) in [(true, directory), (false, file)] {
                let (_, entries) = read(&inherited(&parent, is_directory).unwrap());
                let found = entries.iter().find(|(_, _, sid)| *sid == USERS);
                let found = found.map(|(flags, ..)| *flags);
                assert_eq!(
                    found, expected,
                    "flags {flags:#x}, directory {is_directory}"
                );
            }
        }
    }

    #[test]
    fn where_nothing_is_passed_on_system_and_administrators_get_full_control() {
        let parent = descriptor(0x0400, &[(0x00, 0x12_00A9, &USERS)]);
        for directory in [false, true] {
            let (control, entries) = read(&inherited(&parent, directory).unwrap());
            assert_eq!(control, 0x8004);
            let rights: Vec<u32> = entries.iter().map(|(_, rights, _)| *rights).collect();
            assert_eq!(rights, [0x1F_01FF, 0x1F_01FF]);
        }
    }

    #[test]
    fn damaged_descriptors_are_refused_or_give_sound_ones() {
        let parent = volume_root();
        for length in 0..parent.len() {
            let error = inherited(&parent[..length], false).unwrap_err();
            assert!(error.to_string().contains("directory"), "{length} bytes");
        }
        for at in 0..parent.len() {
            for bit in 0..8 {
                let mut damaged = parent.clone();
                damaged[at] ^= 1 << bit;
                for directory in [false, true] {
                    if let Ok(child) = inherited(&damaged, directory) {
                        assert!(inherited(&child, directory).is_ok(), "byte {at} bit {bit}");
                    }
                }
            }
        }
    }
}
