//! Symbol frequencies into code word lengths.
//!
//! LZMS sends no lengths: both sides build the same code from what was sent so
//! far. So the choices that Huffman's algorithm leaves open are part of that
//! format: of equal weights the lower symbol comes first and a symbol before a
//! joined node, and a code that gets too deep is cut as described at
//! [`CodeBuilder::build`]. The encoders use the same builder.

/// Most symbols of any code here (LZMS offsets).
const MOST_SYMBOLS: usize = 799;

/// Longest code word of any code here.
const LONGEST: usize = 16;

/// Builds codes; keeps its working memory.
#[derive(Clone, Debug)]
pub(in crate::compress) struct CodeBuilder {
    /// Weight * 1024 + symbol of the symbols used, in ascending order.
    leaves: Vec<u64>,
    /// Weight of each joined node, later the index of its parent.
    nodes: Vec<u64>,
}

impl Default for CodeBuilder {
    fn default() -> Self {
        CodeBuilder {
            leaves: Vec::with_capacity(MOST_SYMBOLS),
            nodes: Vec::with_capacity(MOST_SYMBOLS),
        }
    }
}

impl CodeBuilder {
    /// Sets `lengths` to those of a code for `weights` with words of at most
    /// `longest` bits. Symbols of weight 0 get length 0; a lone symbol gets
    /// length 1.
    ///
    /// A node whose children would be deeper than `longest` splits, in its
    /// place, a word of the greatest length below `longest` that there is.
    pub(in crate::compress) fn build(
        &mut self,
        weights: &[u32],
        longest: usize,
        lengths: &mut [u8],
    ) {
        lengths.fill(0);
        self.leaves.clear();
        for (symbol, &weight) in weights.iter().enumerate() {
            if weight != 0 {
                self.leaves.push(u64::from(weight) << 10 | symbol as u64);
            }
        }
        self.leaves.sort_unstable();
        if self.leaves.len() < 2 {
            for leaf in &self.leaves {
                set_length(lengths, *leaf, 1);
            }
            return;
        }
        self.join();
        let counts = self.length_counts(longest.min(LONGEST));
        let mut leaves = self.leaves.iter();
        for length in (1..=LONGEST).rev() {
            for leaf in leaves.by_ref().take(counts[length]) {
                set_length(lengths, *leaf, length as u8);
            }
        }
    }

    /// Joins the two lightest until one is left. Afterwards `nodes` holds the
    /// index of each node's parent; the last node is the root.
    fn join(&mut self) {
        let count = self.leaves.len();
        self.nodes.clear();
        let mut leaf = 0;
        let mut node = 0;
        for made in 0..count - 1 {
            let mut weight = 0;
            for _ in 0..2 {
                let leaf_weight = self.leaves.get(leaf).map_or(u64::MAX, |leaf| leaf >> 10);
                let node_weight = self.nodes.get(node).copied().unwrap_or(u64::MAX);
                if leaf_weight <= node_weight {
                    weight += leaf_weight;
                    leaf += 1;
                } else {
                    weight += node_weight;
                    self.nodes[node] = made as u64;
                    node += 1;
                }
            }
            self.nodes.push(weight);
        }
    }

    /// How many words there are of each length.
    fn length_counts(&mut self, longest: usize) -> [usize; LONGEST + 2] {
        let mut counts = [0; LONGEST + 2];
        let Some((root, nodes)) = self.nodes.split_last_mut() else {
            return counts;
        };
        // From here on `nodes` holds depths. Each node replaces one word of
        // its depth by two that are one bit longer.
        *root = 0;
        counts[1] = 2;
        for index in (0..nodes.len()).rev() {
            let parent = nodes[index] as usize;
            let depth = nodes.get(parent).copied().unwrap_or(0) + 1;
            nodes[index] = depth;
            let mut at = depth as usize;
            if at >= longest {
                at = longest - 1;
                while counts[at] == 0 {
                    at -= 1;
                }
            }
            counts[at] -= 1;
            counts[at + 1] += 2;
        }
        counts
    }
}

fn set_length(lengths: &mut [u8], leaf: u64, length: u8) {
    if let Some(slot) = lengths.get_mut(leaf as usize & 1023) {
        *slot = length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build(weights: &[u32], longest: usize) -> Vec<u8> {
        let mut lengths = vec![99; weights.len()];
        CodeBuilder::default().build(weights, longest, &mut lengths);
        lengths
    }

    #[test]
    fn lengths_are_huffmans_with_the_lower_symbol_longer() {
        for (weights, lengths) in [
            (vec![], vec![]),
            (vec![0, 0], vec![0, 0]),
            (vec![0, 7, 0], vec![0, 1, 0]),
            (vec![1, 1], vec![1, 1]),
            (vec![1, 1, 1], vec![2, 2, 1]),
            (vec![5, 1, 1, 2], vec![1, 3, 3, 2]),
            (vec![1; 8], vec![3; 8]),
        ] {
            assert_eq!(build(&weights, 15), lengths, "{weights:?}");
        }
    }

    #[test]
    fn a_deep_tree_is_cut() {
        let fibonacci: Vec<u32> = (0..30)
            .scan((1, 1), |state, _| {
                *state = (state.1, state.0 + state.1);
                Some(state.0)
            })
            .collect();
        for longest in [5, 7, 15, 16] {
            let lengths = build(&fibonacci, longest);
            assert_eq!(*lengths.iter().max().unwrap() as usize, longest);
            let space: f64 = lengths.iter().map(|&l| 0.5_f64.powi(l.into())).sum();
            assert_eq!(space, 1.0, "longest {longest}: {lengths:?}");
        }
    }

    proptest! {
        #[test]
        fn codes_are_complete_and_within_their_limit(
            weights in prop::collection::vec(0_u32..50_000, 2..600),
            longest in 10_usize..=16,
        ) {
            let lengths = build(&weights, longest);
            let used = weights.iter().filter(|&&weight| weight > 0).count();
            let space: usize = lengths
                .iter()
                .filter(|&&length| length > 0)
                .map(|&length| 1 << (16 - length))
                .sum();
            prop_assert_eq!(lengths.iter().filter(|&&length| length > 0).count(), used);
            prop_assert!(lengths.iter().all(|&length| usize::from(length) <= longest));
            prop_assert!(used < 2 || space == 1 << 16);
        }
    }
}
