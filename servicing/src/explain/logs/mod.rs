//! Logs of servicing, told in words: what was tried, what failed first, why.
//!
//! A [`LogReader`] is fed bytes in pieces of any size and keeps only what it
//! will say, so that a log of gigabytes needs no more memory than a small one.
//! Which log it is, it tells by content: file names lie (dism.log is written
//! under any name with `/LogPath`).
//!
//! Three forms exist. SetupAPI's text log (Vista and later) has sections from
//! `>>>` to `<<<`; SetupAPI's log of Windows 2000 to 2003 begins sections with
//! a time in brackets; CBS.log, dism.log, setupact.log and setuperr.log have a
//! line an event, `DATE TIME, LEVEL COMPONENT MESSAGE`. Sources: the pages
//! "Format of a Text Log Section", "Interpreting a Sample SetupAPI Log File" and
//! "Log files" (upgrade errors) of Microsoft's documentation; messages that
//! these do not show are those of published logs.

mod dated;
mod events;
mod facts;
mod lines;
mod mention;
mod ranked;
mod reader;
mod repeated;
mod section;
mod text_log;
mod told;
mod xp_log;

pub use facts::{Fact, facts};
pub use lines::LogEncoding;
pub use ranked::Candidate;
pub use reader::{Log, LogError, LogKind, LogReader};
pub use repeated::Repeated;
pub use section::{CodeUse, FactFound, LogLine, Outcome, Section};
pub use told::LogCode;
