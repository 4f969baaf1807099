//! The only way in which reading an INF can fail.

/// Why [`Inf::try_parse`](crate::Inf::try_parse) refused the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InfError {
    /// The input is longer than the limit of the options.
    #[error("INF is {len} bytes long, the limit is {max}")]
    TooLong {
        /// Length of the input in bytes.
        len: usize,
        /// The limit in force, in bytes.
        max: usize,
    },
}
