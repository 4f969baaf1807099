//! How a package gets installed when the image boots: that follows from what
//! the image is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::DeferError;
use crate::facts::{Generation, ImageFacts};

/// What the next boot of an image will be. Whoever calls knows it from reading
/// the image's state; nothing here guesses it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FirstBootState {
    /// Vista and later: the next boot runs Setup's last passes and the welcome.
    Armed,
    /// An installed system: its next boot is an ordinary one.
    Deployed,
    /// 2000 to 2003: the next boot runs mini-setup.
    SealedNt5,
    /// Something else, or not to be told: no mechanism is known to work.
    Unclear {
        /// Why, as a sentence without its full stop.
        reason: String,
    },
}

/// What starts the installation at the first boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mechanism {
    /// `Setup\Scripts\SetupComplete.cmd`, which Setup runs when it is done.
    SetupComplete,
    /// A service that starts once and removes itself.
    Service,
    /// `[GuiRunOnce]` of sysprep.inf: at the first logon after mini-setup.
    GuiRunOnce,
    /// `$OEM$\cmdlines.txt`, which mini-setup runs as a service before anybody
    /// logs on.
    CmdLines,
}

impl Mechanism {
    /// Its kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::SetupComplete => "setup-complete",
            Mechanism::Service => "service",
            Mechanism::GuiRunOnce => "gui-run-once",
            Mechanism::CmdLines => "cmdlines",
        }
    }

    /// Why it is the one, and when it runs: a sentence for people, without its
    /// full stop.
    pub fn reason(self) -> &'static str {
        match self {
            Mechanism::SetupComplete => {
                "the image is sealed for its first boot, at the end of which Setup runs \
                 SetupComplete.cmd as Local System, before anybody logs on"
            }
            Mechanism::Service => {
                "the image is an installed system, so Setup runs nothing at its next boot; a \
                 service that removes itself needs no logon, where RunOnce would wait for an \
                 administrator's"
            }
            Mechanism::GuiRunOnce => {
                "the image is sealed for mini-setup, whose sysprep.inf names what runs at the \
                 first logon; that must be an administrator's"
            }
            Mechanism::CmdLines => {
                "the image is sealed for mini-setup, and its sysprep.inf has an InstallFilesPath, \
                 so mini-setup runs cmdlines.txt there as a service, before anybody logs on"
            }
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mechanism::SetupComplete => "SetupComplete.cmd",
            Mechanism::Service => "a service that removes itself",
            Mechanism::GuiRunOnce => "[GuiRunOnce] of sysprep.inf",
            Mechanism::CmdLines => "cmdlines.txt",
        })
    }
}

/// The mechanism for an image in this state. Which of its two a sealed XP gets,
/// its sysprep.inf says later.
pub(super) fn mechanism(
    facts: &ImageFacts,
    state: &FirstBootState,
) -> Result<Mechanism, DeferError> {
    if facts.windows_pe {
        return Err(DeferError::WindowsPe);
    }
    // It has no sc.exe, with which the service removes itself, and its hotfixes
    // are of another kind.
    if facts.version.major < 5 || (facts.version.major, facts.version.minor) == (5, 0) {
        return Err(DeferError::TooOld {
            version: facts.version,
        });
    }
    let nt5 = facts.generation == Generation::Nt5;
    match state {
        FirstBootState::Deployed => Ok(Mechanism::Service),
        FirstBootState::Armed if !nt5 => Ok(Mechanism::SetupComplete),
        FirstBootState::SealedNt5 if nt5 => Ok(Mechanism::GuiRunOnce),
        FirstBootState::Armed | FirstBootState::SealedNt5 => Err(DeferError::NoMechanism {
            reason: format!(
                "its state is that of another Windows than {}",
                facts.version
            ),
        }),
        FirstBootState::Unclear { reason } => Err(DeferError::NoMechanism {
            reason: reason.clone(),
        }),
    }
}
