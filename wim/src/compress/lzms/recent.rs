//! The recent offsets of LZ matches and of delta matches.

/// Three that can be named, and the newest one while it may not: directly
/// after a match its own offset is of no use (the match would have been
/// longer), so the names then mean the three before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recent<T> {
    /// The newest first.
    queue: [T; 4],
}

impl<T: Copy> Recent<T> {
    pub(super) fn new(start: [T; 4]) -> Self {
        Recent { queue: start }
    }

    /// A match with an offset of its own.
    #[inline(always)]
    pub(super) fn push(&mut self, item: T) {
        let [first, second, third, _] = self.queue;
        self.queue = [item, first, second, third];
    }

    /// The recent offset named `index` (0 to 2) becomes the newest.
    /// `directly_after`: the item before was a match of the same kind.
    #[inline(always)]
    pub(super) fn take(&mut self, index: usize, directly_after: bool) -> T {
        let [first, second, third, fourth] = self.queue;
        self.queue = match index + usize::from(directly_after) {
            0 => [first, second, third, fourth],
            1 => [second, first, third, fourth],
            2 => [third, first, second, fourth],
            _ => [fourth, first, second, third],
        };
        self.queue[0]
    }
}
