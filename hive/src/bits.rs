//! A growing set of numbers, one bit for each: cells by their place, pages by
//! their number.

/// Numbers in one word.
const WORD: usize = 64;

/// A set of numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set with room for the numbers below `bound`.
    pub(crate) fn with_room(bound: usize) -> Self {
        Bits {
            words: vec![0; bound.div_ceil(WORD)],
        }
    }

    #[inline]
    pub(crate) fn contains(&self, number: usize) -> bool {
        let word = self.words.get(number / WORD);
        word.is_some_and(|word| word >> (number % WORD) & 1 != 0)
    }

    /// Adds a number.
    #[inline]
    pub(crate) fn insert(&mut self, number: usize) {
        let index = number / WORD;
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        if let Some(word) = self.words.get_mut(index) {
            *word |= 1 << (number % WORD);
        }
    }

    /// Removes a number.
    pub(crate) fn remove(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / WORD) {
            *word &= !(1 << (number % WORD));
        }
    }

    /// The largest number below `bound` that is not below `least`.
    pub(crate) fn last_below(&self, bound: usize, least: usize) -> Option<usize> {
        let mut index = bound / WORD;
        let mut word = self.words.get(index).unwrap_or(&0) & ((1 << (bound % WORD)) - 1);
        loop {
            if let Some(bit) = word.checked_ilog2() {
                return Some(index * WORD + bit as usize).filter(|&number| number >= least);
            }
            if index * WORD <= least {
                return None;
            }
            index -= 1;
            word = *self.words.get(index).unwrap_or(&0);
        }
    }

    /// The numbers in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                Some(index * WORD + bit as usize)
            })
        })
    }

    /// The numbers that are in this set and not in `other`, ascending.
    pub(crate) fn without(&self, other: &Bits) -> Bits {
        let theirs = other.words.iter().chain(std::iter::repeat(&0));
        Bits {
            words: self
                .words
                .iter()
                .zip(theirs)
                .map(|(mine, theirs)| mine & !theirs)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_in_and_out() {
        let mut bits = Bits::with_room(10);
        for number in [0, 63, 64, 200] {
            bits.insert(number);
        }
        bits.remove(64);
        bits.remove(9999);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 63, 200]);
        assert!(bits.contains(200) && !bits.contains(201) && !bits.contains(usize::MAX));
        let mut other = Bits::default();
        other.insert(63);
        assert_eq!(bits.without(&other).iter().collect::<Vec<_>>(), [0, 200]);
        for (bound, least, expected) in [
            (200, 0, Some(63)),
            (201, 0, Some(200)),
            (64, 0, Some(63)),
            (63, 0, Some(0)),
            (63, 1, None),
            (0, 0, None),
            (10_000, 201, None),
            (10_000, 200, Some(200)),
        ] {
            assert_eq!(
                bits.last_below(bound, least),
                expected,
                "below {bound}, from {least}"
            );
        }
    }
}
