//! A plan: ordered changes, each with what it expects. Plain data.
//!
//! A plan made yesterday is applied today if, and only if, its expectations
//! still hold. It does no I/O; [`Draft`](crate::Draft) applies it.

mod basis;
mod change;
mod counts;
mod details;
mod difference;
mod display;
mod metadata;

pub use basis::{Basis, BasisCount, Certainty};
pub use change::{Change, Content, Expect, Recovered, State, Step, Subject};
pub use details::{FileDetails, NamedStream, ReparsePoint, STORED_ATTRIBUTES};
pub use difference::{PlanDifference, StepList};
pub use metadata::{AttributeNames, STRUCTURAL_ATTRIBUTES, Times};
use serde::{Deserialize, Serialize};
use wimwright_hive::FileTime;

/// The version of the plan format that this code writes and reads.
pub const FORMAT: u32 = 1;

/// Where a plan takes file content from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// As the user named it; applying the plan opens it again by this name.
    pub name: String,
}

/// A stretch of steps that one operation planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What it is called, like `drivers add viostor.inf`.
    pub name: String,
    /// Its steps: `from` inclusive to `to` exclusive.
    pub from: usize,
    /// The end of its steps.
    pub to: usize,
}

/// Ordered changes to one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The format version, [`FORMAT`].
    pub format: u32,
    /// The one time that the plan writes into keys and files.
    #[serde(with = "crate::time::json")]
    pub time: FileTime,
    /// Where content comes from.
    pub sources: Vec<Source>,
    /// Who planned what.
    pub operations: Vec<Operation>,
    /// The changes, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// An empty plan whose changes will carry `time`.
    pub fn new(time: FileTime) -> Plan {
        Plan {
            format: FORMAT,
            time,
            sources: Vec::new(),
            operations: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Whether applying it writes anything.
    pub fn writes(&self) -> bool {
        self.steps.iter().any(|step| step.change.writes())
    }

    /// How many writing steps rest on what.
    pub fn basis(&self) -> BasisCount {
        let mut count = BasisCount::default();
        for step in self.steps.iter().filter(|step| step.change.writes()) {
            count.add(step.basis.certainty);
        }
        count
    }
}
