//! The HAL of a Windows image: which one it has, on which computers it runs,
//! and how it is switched where that is supported.
//!
//! The *HAL* (hardware abstraction layer) is the file through which Windows
//! talks to interrupt controllers, timers and other processors. Windows 2000, XP
//! and Server 2003 come with several and install the one that fits, under a name
//! that does not say which; an image of them boots on computers of some kinds
//! only. From Vista on Windows chooses at boot.
//!
//! * [`audit`](fn@audit) reads an image (directory or WIM, through a
//!   [`Draft`](wimwright_servicing::Draft)) and gives verdicts and findings with
//!   their evidence.
//! * [`Target::of`] works out which HAL a computer needs, from what an
//!   administrator knows of it.
//! * [`set`](fn@set) switches to the other HAL of a supported pair.
//! * [`generalize`] says whether an image is generalized and what is left in it
//!   that must not be cloned, cleans the part of that which is safe offline, and
//!   stages answer files.
//! * [`decide`] is the table of all HALs and computers.
//!
//! Nothing here guesses: where pieces of evidence disagree, that is a finding.

pub mod audit;
mod boot_ini;
pub mod computer;
mod decision;
mod driver_cache;
mod evidence;
pub mod generalize;
mod identity;
mod kind;
mod later;
mod level;
mod registry;
pub mod set;
mod setup_log;
mod survey;
mod sysprep_inf;
mod system;

pub use audit::{Audit, Finding, audit};
pub use computer::{Confidence, Target};
pub use decision::{Decision, StopCode, Verdict, decide, decide_x64};
pub use driver_cache::CacheError;
pub use evidence::{Evidence, EvidenceKind};
pub use identity::{Hal, HalFile, Identity, KernelFile};
pub use kind::{HalType, Kernel, Processors};
pub use level::Level;
pub use set::{Media, SetError, SetReport, set};
pub use survey::Unreadable;
