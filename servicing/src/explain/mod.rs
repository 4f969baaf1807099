//! What the error codes and the logs of Windows' servicing say, in words.
//!
//! [`explain()`] explains a number as people write it down: what failed, the usual
//! causes, what to do about an image offline, where that is said and how sure
//! it is. A number that no list has is taken apart and nothing more is said of
//! it. [`logs`] reads the logs that servicing leaves behind.
//!
//! Everything here is data and text: nothing looks at an image.

mod code;
pub mod codes;
pub mod logs;
mod structure;

pub use code::{Code, Explanation, Reading, explain};
pub use codes::{Cause, Entry, Family, Pair, Step, by_name, entries};
pub use structure::{Structure, Win32Source};
