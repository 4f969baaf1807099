//! Making an image generalized offline: what is asked for, and why nobody can.

/// Why no image is made generalized here.
///
/// `ImageState`, `GeneralizationState`, `SetupType`, `CmdLine`, `CloneTag` and
/// `Sysprep_succeeded.tag` are what Sysprep leaves behind when it is done; none
/// of them does any of its work. Source: Microsoft, Sysprep overview; phases and
/// providers of real setupact.log files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no image is generalized offline: a new SID in every access list, new machine keys, forgotten \
     devices and a reset activation are the work of Sysprep inside Windows; the values that it \
     leaves behind, written by hand, only make an image look generalized"
)]
pub struct OnlyInsideWindows;

impl OnlyInsideWindows {
    /// The supported way.
    pub fn hint(self) -> String {
        "run `sysprep /generalize /oobe /shutdown` inside Windows (XP: `sysprep -mini -reseal`); in \
         an image that is generalized already, like one of Microsoft's media, `generalize stage \
         --arm-audit` has the first boot do it; `generalize report` says what an image is"
            .to_owned()
    }
}

/// Names by which somebody may ask `clean` for the values of the state.
const STATE_VALUES: [&str; 8] = [
    "image-state",
    "generalization-state",
    "cleanup-state",
    "setup-type",
    "cmd-line",
    "clone-tag",
    "sysprep-succeeded-tag",
    "rearm-count",
];

/// Whether a name is that of a value of the state, which is no leftover.
pub(super) fn is_state_value(name: &str) -> bool {
    STATE_VALUES.contains(&name)
}
