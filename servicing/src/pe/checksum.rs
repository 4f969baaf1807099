//! The checksum in the header of a PE image.
//!
//! Computed as `CheckSumMappedFile` of imagehlp does: the file's 16-bit words
//! are added with end-around carry, the field itself counting as zero, and the
//! file's length is added to the sum. The kernel refuses HALs, boot drivers and
//! system files whose checksum is wrong, so that a wrong one tells a file that
//! was patched by hand.

use super::{
    Error,
    headers::{Headers, u32_at},
};

/// Offset of `CheckSum` in the optional header, PE32 and PE32+ alike.
const CHECKSUM: usize = 64;

/// The checksum that an image carries and the one that it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "CheckSumMappedFile")]
pub struct Checksum {
    /// As the header says; 0 where the linker wrote none.
    pub stored: u32,
    /// Worked out over the file.
    pub computed: u32,
}

impl Checksum {
    /// Works it out over `bytes`, the whole file; `None` where it is no PE
    /// image.
    ///
    /// # Errors
    /// The headers do not decode.
    pub fn of(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some(headers) = Headers::read(bytes)? else {
            return Ok(None);
        };
        let at = headers.optional_at + CHECKSUM;
        let stored = u32_at(bytes, at).unwrap_or_default();
        let mut sum = 0_u32;
        for (index, word) in bytes.chunks(2).enumerate() {
            // The field begins at an even offset in every image that runs.
            let offset = index * 2;
            if (at..at + 4).contains(&offset) {
                continue;
            }
            let word = match word {
                [low, high] => u16::from_le_bytes([*low, *high]),
                [low] => u16::from(*low),
                _ => 0,
            };
            sum += u32::from(word);
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum = (sum & 0xffff) + (sum >> 16);
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Ok(Some(Checksum {
            stored,
            computed: sum.wrapping_add(len),
        }))
    }

    /// Whether both are the same.
    pub fn is_right(self) -> bool {
        self.stored == self.computed
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::corpus_files;
    use super::*;

    /// Signed kernel drivers carry right checksums: the linker wrote them, and
    /// signing writes them again.
    #[test]
    fn drivers_of_the_corpus_carry_the_checksum_that_is_computed() {
        let test = "drivers_of_the_corpus_carry_the_checksum_that_is_computed";
        let (mut right, mut wrong) = (0, Vec::new());
        for path in corpus_files(test, &["sys"]) {
            let mut bytes = wimwright_testdata::read(&path);
            let checksum = Checksum::of(&bytes).unwrap().unwrap();
            match checksum.is_right() {
                true => right += 1,
                false => wrong.push(path.clone()),
            }
            if let Some(last) = bytes.last_mut() {
                *last ^= 0x10;
            }
            let patched = Checksum::of(&bytes).unwrap().unwrap();
            assert_ne!(patched.computed, checksum.computed, "{}", path.display());
        }
        assert!(wrong.len() * 10 <= right, "{right} right, wrong: {wrong:?}");
    }
}
