//! Why nothing is staged.

use wimwright_servicing::{Architecture, DraftError, PathError, TreeError};

use crate::generalize::Verdict;
use crate::generalize::answer_file::{MAX_LEN, XmlError};
use crate::generalize::look::named;
use crate::kind::HalType;
use crate::survey::Unreadable;

/// Why nothing is staged; nothing was planned then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// Nothing was asked for.
    #[error("nothing is said about what to stage")]
    Nothing,
    /// The file is not there.
    #[error("`{name}` is not there")]
    NoFile {
        /// The file.
        name: String,
    },
    /// The file is longer than any answer file.
    #[error("`{name}` is {len} bytes long, and an answer file has at most {MAX_LEN}")]
    TooLong {
        /// The file.
        name: String,
        /// Its length in bytes.
        len: u64,
    },
    /// It is no answer file.
    #[error("`{name}` is no answer file")]
    NotAnAnswerFile {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: XmlError,
    },
    /// It is one for the other kind of Windows.
    #[error("`{name}` is {found}, and this Windows reads {expected}")]
    OtherKind {
        /// The file.
        name: String,
        /// What it is.
        found: &'static str,
        /// What is read.
        expected: &'static str,
    },
    /// A pass that there is not.
    #[error(
        "`{name}`, line {line}: there is no pass `{pass}`, expected windowsPE, offlineServicing, \
         generalize, specialize, auditSystem, auditUser or oobeSystem"
    )]
    UnknownPass {
        /// The file.
        name: String,
        /// The pass as the file spells it.
        pass: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// It has no settings for what is still to come.
    #[error(
        "`{name}` has no settings for a pass that is still to come: {}",
        passes_text(passes)
    )]
    NothingToCome {
        /// The file.
        name: String,
        /// The passes that it has.
        passes: Vec<String>,
    },
    /// All of it is for another architecture.
    #[error(
        "the components of `{name}` are for {}, expected {expected}",
        named(found)
    )]
    Architecture {
        /// The file.
        name: String,
        /// The image's.
        expected: Architecture,
        /// The file's.
        found: Vec<String>,
    },
    /// An answer file that was not used yet is in the way.
    #[error(
        "`{path}` was not used yet ({}), and would be lost or come first",
        passes_text(passes)
    )]
    Pending {
        /// The file.
        path: String,
        /// The passes that it is still to be used for.
        passes: Vec<String>,
    },
    /// A file that nobody can read is in the way.
    #[error("`{path}` is in the way: {reason}")]
    InTheWay {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Both HAL lines are in the file.
    #[error("`{name}` has both UpdateHAL and UpdateUPHAL, expected one of them")]
    BothHalLines {
        /// The file.
        name: String,
    },
    /// mini-setup cannot switch to it.
    #[error("mini-setup cannot switch this image to {to}: {reason}")]
    Hal {
        /// What was asked for.
        to: HalType,
        /// Why.
        reason: String,
    },
    /// Only Windows before Vista has one HAL of several.
    #[error("this Windows chooses its HAL at boot: there is nothing to switch")]
    HalLater,
    /// Audit mode is Vista's.
    #[error("Windows 2000, XP and Server 2003 have no audit mode that an answer file leads to")]
    AuditNt5,
    /// Audit mode is reached from a generalized image only.
    #[error("the image is {}, and only the first boot of a generalized one goes into audit mode by an answer file", verdict.name())]
    NotArmed {
        /// What it is.
        verdict: Verdict,
    },
    /// Audit mode needs the file that Sysprep is to run with.
    #[error("the boot into audit mode needs the answer file that Sysprep is to run with there")]
    AuditAlone,
    /// The given file itself leads to audit mode.
    #[error("`{name}` leads to audit mode by itself (Reseal Mode {mode})")]
    Reseals {
        /// The file.
        name: String,
        /// The mode.
        mode: String,
    },
    /// Some signs of a generalized image are there and others are not.
    #[error("the image is neither installed nor generalized, and should not be deployed: {}", differences.join("; "))]
    Inconsistent {
        /// What contradicts the rest.
        differences: Vec<String>,
    },
    /// Sysprep stopped midway.
    #[error("Sysprep or Setup stopped midway in this image: no copy of it gets to its welcome")]
    HalfDone,
    /// The image cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A change could not be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

fn passes_text(passes: &[String]) -> String {
    match passes {
        [] => "it has no settings at all".to_owned(),
        some => format!("it has {}", some.join(", ")),
    }
}

impl StageError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            StageError::Pending { .. } | StageError::InTheWay { .. } => {
                "look at it with `cat`; `--force` replaces it".to_owned()
            }
            StageError::NothingToCome { .. } => {
                "windowsPE and offlineServicing are over in an image that is there already, and \
                 generalize is run by Sysprep only; use specialize and oobeSystem"
                    .to_owned()
            }
            StageError::Architecture { expected, .. } => format!(
                "give the components processorArchitecture=\"{}\"",
                expected.name()
            ),
            StageError::NotArmed { .. } => {
                "run `sysprep /audit /reboot` inside Windows, or generalize the image first"
                    .to_owned()
            }
            StageError::AuditAlone => {
                "give it with --answer-file: without one Sysprep would take the file that leads \
                 into audit mode, again and again"
                    .to_owned()
            }
            StageError::Inconsistent { .. } | StageError::HalfDone => {
                "go back to the state before Sysprep, and run it again inside Windows; \
                 `generalize report` shows what is wrong"
                    .to_owned()
            }
            StageError::OtherKind { .. } => {
                "Windows XP and its like read sysprep.inf, Vista and later unattend.xml".to_owned()
            }
            StageError::Hal { .. } => {
                "`hal audit` shows which HAL is installed; `hal set` switches inside a supported \
                 pair"
                    .to_owned()
            }
            StageError::Draft(error) => return error.hint(),
            _ => return None,
        })
    }
}
