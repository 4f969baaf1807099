//! What the first boot of an image does, for what is left to it: hal knows it,
//! servicing asks for it.

use wimwright_hal::Unreadable;
use wimwright_hal::generalize::{self, NextBoot};
use wimwright_servicing::Draft;
use wimwright_servicing::update::deferral::FirstBootState;

/// The state of an image, in the words of those who leave something to its first
/// boot.
pub(super) fn state(draft: &Draft) -> Result<FirstBootState, Unreadable> {
    let state = generalize::state(draft)?;
    let unclear = |reason: &str| FirstBootState::Unclear {
        reason: reason.to_owned(),
    };
    Ok(match state.next_boot {
        NextBoot::Ordinary => FirstBootState::Deployed,
        NextBoot::Specialize | NextBoot::Welcome => FirstBootState::Armed,
        NextBoot::MiniSetup => FirstBootState::SealedNt5,
        NextBoot::SpecializeToAudit | NextBoot::Audit => unclear(
            "it goes into audit mode, where Setup does not come to its end; add the packages there, \
             or seal it for the welcome (Sysprep /oobe)",
        ),
        NextBoot::WindowsWelcome => unclear(
            "it runs Windows Welcome without mini-setup, which reads no sysprep.inf; seal it with \
             Sysprep -mini",
        ),
        NextBoot::Factory => unclear("it is in factory mode; seal it first"),
        NextBoot::Unknown => FirstBootState::Unclear {
            reason: state.reason,
        },
    })
}
