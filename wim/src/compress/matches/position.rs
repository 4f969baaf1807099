//! Positions as small as the window allows: a smaller table stays in the
//! cache.

/// A position in the window, counted from 1; 0 means none.
pub(in crate::compress) trait Position:
    Copy + Default + std::fmt::Debug + 'static
{
    /// The position `at`; the caller's windows are small enough.
    fn new(at: usize) -> Self;

    /// As an index.
    fn index(self) -> usize;
}

impl Position for u16 {
    #[inline(always)]
    fn new(at: usize) -> Self {
        at as u16
    }

    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self)
    }
}

impl Position for u32 {
    #[inline(always)]
    fn new(at: usize) -> Self {
        at as u32
    }

    #[inline(always)]
    fn index(self) -> usize {
        self as usize
    }
}

/// A table of zeros, made on the heap.
pub(in crate::compress) fn zeros<T: Copy + Default + std::fmt::Debug, const LEN: usize>()
-> Box<[T; LEN]> {
    let zeros = vec![T::default(); LEN].into_boxed_slice();
    zeros.try_into().expect("it was made with this length")
}
