//! What mini-setup will do at the first boot that keeps a package from being
//! installed, told while something can still be done about it.

use wimwright_servicing::{Draft, FileTree as _, Finding, Generation};

use crate::add::read::ReadPackage;
use crate::error::Error;
use crate::signature::SignerScore;

/// The answer file of mini-setup, at its usual place.
const SYSPREP_INF: &str = "sysprep\\sysprep.inf";
const MAX_ANSWER_FILE: u64 = 1024 * 1024;

/// Tells what stands against the package on Windows 2000, XP and 2003: prompts
/// of mini-setup, and its own list of driver folders.
pub(crate) fn report(draft: &mut Draft, package: &ReadPackage) -> Result<(), Error> {
    let answers = draft.read(
        &wimwright_servicing::ImagePath::parse(SYSPREP_INF)?,
        MAX_ANSWER_FILE,
    )?;
    let answers = answers
        .map(|bytes| wimwright_inf::Inf::parse(&bytes, &wimwright_inf::ParseOptions::default()));
    let answer = |key: &str| -> Option<String> {
        let section = answers.as_ref()?.section("Unattended")?;
        let line = section.line_for_key(key)?;
        line.field(1).map(|text| text.into_owned())
    };
    let ignored = answer("DriverSigningPolicy")
        .is_some_and(|policy| policy.trim().eq_ignore_ascii_case("Ignore"));
    if package.signer.score == SignerScore::Unsigned && !ignored {
        draft.report(Finding::warning(
            "unsigned-prompts",
            format!(
                "the package is unsigned: mini-setup stops and asks about it, unless \
                 `{SYSPREP_INF}` has in [Unattended] the line `DriverSigningPolicy=Ignore`"
            ),
        ));
    }
    if let Some(list) = answer("OemPnPDriversPath") {
        let [root, _] = super::folder::roots(Generation::Nt5);
        let ours = format!("{}\\{root}\\{}", draft.facts().windows, package.id);
        if !list.to_lowercase().contains(&ours.to_lowercase()) {
            draft.report(Finding::warning(
                "mini-setup-driver-path",
                format!(
                    "`{SYSPREP_INF}` sets OemPnPDriversPath, from which mini-setup makes \
                     DevicePath anew: add `;{ours}` to that line"
                ),
            ));
        }
    }
    Ok(())
}
