//! Generalization: whether an image can be deployed to other computers, what is
//! left in it that must not be cloned, and how its first boot is staged.
//!
//! * [`report`] reads all of that and changes nothing; [`state`](fn@state) reads
//!   only what the image is and what its next boot does.
//! * [`clean`](fn@clean) removes the part of what is left that can be removed
//!   safely offline.
//! * [`stage`](fn@stage) puts an answer file where this Windows looks for it.
//! * [`describe`](fn@describe) says whether an image is thin, hybrid or thick.
//!
//! What makes an image generalized is the work of Sysprep inside Windows: a new
//! SID in every access list, new keys, devices forgotten. Nothing here writes
//! `ImageState`, `GeneralizationState` or `SetupType`: an image would look
//! generalized and not be.

pub mod answer_file;
mod clean;
mod describe;
pub mod leftovers;
mod log;
mod look;
mod seal;
pub mod stage;
mod state;

pub use clean::{CleanError, Cleaned, Kept, clean};
pub use describe::{Description, MOST_OF_HYBRID, Program, Sizes, Thickness, Update, describe};
pub use leftovers::{Cleaning, Found, Item, Leftover, Unchecked};
pub use log::LogSummary;
pub use seal::OnlyInsideWindows;
pub use stage::{AnswerSource, MassStorage, StageError, StageOptions, StageReport, stage};
pub use state::{NextBoot, PassStatus, State, Verdict};

use wimwright_servicing::Draft;

use answer_file::AnswerFiles;
use look::Look;

use crate::survey::Unreadable;

/// What is known of an image's generalization.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whether it is generalized.
    pub state: State,
    /// The answer files that it holds where Windows looks.
    pub answer_files: AnswerFiles,
    /// The logs of Setup and Sysprep.
    pub logs: Vec<LogSummary>,
    /// What must not be cloned.
    pub leftovers: Vec<Found>,
    /// What could not be looked for.
    pub unchecked: Vec<Unchecked>,
}

impl Report {
    /// The leftovers of a kind.
    pub fn found(&self, name: &str) -> Option<&Found> {
        let mut found = self.leftovers.iter();
        found.find(|found| found.leftover.name == name)
    }
}

/// Reads what an image is, and what its next boot does.
///
/// # Errors
/// [`Unreadable`] where the hive SYSTEM or SOFTWARE, or a file that tells of the
/// state, cannot be read.
pub fn state(draft: &Draft) -> Result<State, Unreadable> {
    state::read(&Look::new(draft))
}

/// Reads what is known of an image's generalization.
///
/// # Errors
/// [`Unreadable`] where a hive without which nothing can be said, an answer
/// file or a log cannot be read. A kind of leftover that cannot be looked for is
/// named in the report.
pub fn report(draft: &Draft) -> Result<Report, Unreadable> {
    let look = Look::new(draft);
    let state = state::read(&look)?;
    let (leftovers, unchecked) = leftovers::look_for(&look, state.verdict);
    Ok(Report {
        answer_files: answer_file::find(&look)?,
        logs: log::read(&look)?,
        leftovers,
        unchecked,
        state,
    })
}
