//! The descriptor for the root of a tree that has none at all.

/// `O:BAG:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)`:
/// owned by Administrators; they and SYSTEM have full control, Users may read
/// and execute; all of it is inherited below, nothing from above.
///
/// For a tree that has to get security: Windows boots from a volume whose
/// files all have it.
pub fn volume_root() -> Vec<u8> {
    const ADMINISTRATORS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
    const SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    // Revision 2, length 76, 3 entries; each allows, with object and
    // container inherit.
    const LIST: [u8; 8] = [2, 0, 76, 0, 3, 0, 0, 0];
    const FULL_16: [u8; 8] = [0, 3, 24, 0, 0xFF, 0x01, 0x1F, 0];
    const FULL_12: [u8; 8] = [0, 3, 20, 0, 0xFF, 0x01, 0x1F, 0];
    const READ_16: [u8; 8] = [0, 3, 24, 0, 0xA9, 0x00, 0x12, 0];
    const USERS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0];
    // Self-relative, protected, automatically inherited, with a DACL, which
    // follows the header; then owner and group.
    const HEADER: [u8; 20] = [
        1, 0, 0x04, 0x94, 96, 0, 0, 0, 112, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
    ];
    [
        &HEADER[..],
        &LIST,
        &FULL_16,
        &ADMINISTRATORS,
        &FULL_12,
        &SYSTEM,
        &READ_16,
        &USERS,
        &ADMINISTRATORS,
        &SYSTEM,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::inherited;

    #[test]
    fn every_part_lies_where_the_header_says() {
        let root = volume_root();
        assert_eq!(root.len(), 124);
        assert_eq!(root[96..112], root[36..52], "owner: Administrators");
        assert_eq!(root[112..124], root[60..72], "group: SYSTEM");
        // What is below a root inherits all three entries, and below that too.
        let file = inherited(&root, false).unwrap();
        let directory = inherited(&root, true).unwrap();
        assert_eq!(inherited(&directory, false).unwrap(), file);
        assert_eq!(inherited(&directory, true).unwrap(), directory);
        assert_eq!(file.len(), root.len());
        let mut marked = root;
        for entry in [28, 52, 72] {
            marked[entry + 1] |= 0x10; // inherited
        }
        // But for the control bits: below a root nothing is protected.
        assert_eq!(directory[4..], marked[4..]);
        assert_eq!(directory[2..4], [0x04, 0x84]);
    }
}
