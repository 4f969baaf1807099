//! What certain messages of a log mean, as data.

use crate::explain::codes::Step;

/// A message whose meaning is known.
#[derive(Debug)]
pub struct Fact {
    /// Its kebab-case name.
    pub name: &'static str,
    /// Parts of messages, any of which says it; compared without case.
    pub needles: &'static [&'static str],
    /// What it means: a sentence.
    pub meaning: &'static str,
    /// Whether what was tried fails by it.
    pub fails: bool,
    /// What can be done here.
    pub steps: &'static [Step],
    /// Where such a message is explained or was published.
    pub source: &'static str,
}

/// Defines the facts.
macro_rules! facts {
    ($($name:literal $fails:literal $source:literal: $($needle:literal),+;
        $meaning:literal $(> $step:literal $($command:literal)?)* ;)+) => {
        /// Every fact, the telling ones first.
        static FACTS: &[Fact] = &[$(Fact {
            name: $name,
            needles: &[$($needle),+],
            meaning: $meaning,
            fails: $fails,
            steps: &[$(Step { text: $step, command: facts!(@command $($command)?) }),*],
            source: $source,
        }),+];
    };
    (@command) => { None };
    (@command $command:literal) => { Some($command) };
}

facts! {
    "servicing-stack-too-old" true "https://learn.microsoft.com/troubleshoot/windows-server/installing-updates-features-roles/troubleshoot-windows-update-error-0x800f0823":
        "requires servicing stack v";
        "The package needs a newer servicing stack than the image has; the line names both."
        > "add the servicing stack update, or the cumulative update that holds it, first; see that the order works" "packages check IMAGE SERVICING-STACK FILE" ;
    "not-applicable" true "https://github.com/jmclaren7/windows-setup-helper/issues/1":
        "is not applicable to the image", "is not applicable to this image";
        "The package is for another Windows, or a newer one is installed."
        > "see every rule, with what the package asks for and what the image has" "packages check IMAGE FILE" ;
    "store-corrupt" true "https://learn.microsoft.com/troubleshoot/windows-server/installing-updates-features-roles/troubleshoot-windows-installation-error-0x800f0831":
        "store corruption, manifest missing", "mark store corruption flag", "failed to pin deployment";
        "The component store lacks a package that it says is there; the line names it."
        > "see the state of the package" "packages info IMAGE NAME"
        > "add the update that it belongs to again, or begin with an image that was not serviced" ;
    "work-pending" true "https://learn.microsoft.com/troubleshoot/windows-server/installing-updates-features-roles/troubleshoot-windows-update-error-0x80070bc9":
        "pending transaction content must be resolved", "because of pending operations";
        "Earlier work waits for the next boot, and nothing can begin before it is done."
        > "see what is pending" "cat IMAGE Windows/WinSxS/pending.xml"
        > "go back to the image from before that work" ;
    "hang" true "https://learn.microsoft.com/troubleshoot/windows-server/installing-updates-features-roles/troubleshoot-windows-update-error-0x800f0920":
        "a possible hang was detected";
        "Finishing an installation while booting took too long."
        > "look at what ran just before: the lines above" ;
    "rolled-back" true "https://learn.microsoft.com/troubleshoot/windows-server/installing-updates-features-roles/error-0x800f0922-installing-windows-updates":
        "a rollback transaction will be created", "rolling back and cancelling", "a rollback will be initiated";
        "What was installed is taken back."
        > "look for the installer's own error above it" ;
    "file-not-in-package" true "https://learn.microsoft.com/troubleshoot/windows-server/installing-updates-features-roles/dism-fails-with-error-0x800f0906":
        "because it is not present in the container";
        "A file was looked for in a package that does not have it."
        > "see what the package holds; an express package alone has only differences" "packages inspect FILE" ;
    "unsigned" true "https://github.com/pbatard/libwdi/issues/225":
        "does not contain a signature", "is considered unsigned", "failed signature validation",
        "failed signature verification", "does not contain digital signature";
        "The driver package is not signed as this Windows wants it."
        > "see catalog and signer" "drivers info PACKAGE"
        > "see what adding it here would do" "drivers add IMAGE PACKAGE --dry-run" ;
    "untrusted-publisher" false "https://github.com/pbatard/libwdi/issues/225":
        "has not yet been established as trusted", "not established as trusted";
        "The package is signed by somebody whom Windows does not trust yet."
        > "see the signer" "drivers info PACKAGE" ;
    "no-driver" true "https://github.com/pbatard/libwdi/issues/204":
        "no matching drivers found", "no drivers found for device", "there are no compatible drivers";
        "No driver that was looked at has an id of the device, for this architecture and build."
        > "see what the image has for the computer, and which package of a folder would fit" "drivers match IMAGE --hardware HARDWARE --packages DIR" ;
    "no-better-driver" false "https://learn.microsoft.com/windows/deployment/upgrade/resolution-procedures":
        "no better matching drivers found";
        "The driver that is installed ranks as well or better: nothing was changed."
        > "see ranks and why the other one lost" "drivers match IMAGE --hardware HARDWARE --packages DIR" ;
    "null-driver" true "https://github.com/pbatard/libwdi/issues/16":
        "installing null driver";
        "The device got no driver at all."
        > "add one that fits" "drivers add IMAGE PACKAGE --for HARDWARE" ;
    "policy" true "https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/705fb797-2175-4a90-b5a3-3918024b10b8":
        "is forbidden by system policy";
        "A policy of the image forbids to install it."
        > "see the policy" "registry get IMAGE 'SOFTWARE\\Policies\\Microsoft\\Windows\\DeviceInstall' -r" ;
    "unsigned-file-xp" false "https://learn.microsoft.com/windows-hardware/drivers/install/setupapi-logging--windows-server-2003--windows-xp--and-windows-2000-":
        "an unsigned or incorrectly signed file";
        "Windows XP installs an unsigned driver, as its policy allows."
        > "see signer and catalog" "drivers info PACKAGE" ;
    "app-not-provisioned" true "https://learn.microsoft.com/troubleshoot/windows-client/setup-upgrade-and-drivers/sysprep-fails-remove-or-update-store-apps":
        "was installed for a user, but not provisioned for all users";
        "sysprep stops at an app that one user has and new users would not get."
        > "remove the app in the running Windows (Remove-AppxPackage -AllUsers) and run sysprep again; offline nothing stands in its place"
        > "see what else keeps sysprep from working" "generalize report IMAGE" ;
    "sysprep-halted" true "https://learn.microsoft.com/windows-hardware/manufacture/desktop/sysprep--generalize--a-windows-installation":
        "halting sysprep execution";
        "sysprep stopped because one of its parts failed; the image is not generalized."
        > "see the generalization state, and what is in the way" "generalize report IMAGE" ;
    "aborted" true "https://learn.microsoft.com/windows/deployment/upgrade/log-files":
        "shell application requested abort", "abandoning apply due to error for object";
        "Setup gave up while it carried data over; the line names file or key."
        > "remove or mend what the line names, and try again" ;
    "answer-file" true "https://learn.microsoft.com/windows-hardware/manufacture/desktop/windows-setup-automation-overview":
        "could not parse or process the unattend answer file", "specified in the answer file cannot be applied";
        "Setup could not use a setting of the answer file; the line names it."
        > "correct it, and put the file back" "files put IMAGE unattend.xml Windows/Panther/unattend.xml" ;
}

/// Every message whose meaning is known.
pub fn facts() -> &'static [Fact] {
    FACTS
}

/// The first fact that a line says.
pub(super) fn said(text: &str) -> Option<&'static Fact> {
    let lower = text.to_ascii_lowercase();
    FACTS
        .iter()
        .find(|fact| fact.needles.iter().any(|needle| lower.contains(needle)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_have_names_of_their_own_and_needles_in_lower_case() {
        let mut names = std::collections::BTreeSet::new();
        for fact in FACTS {
            assert!(names.insert(fact.name), "{}", fact.name);
            assert!(fact.meaning.ends_with('.'), "{}", fact.name);
            assert!(fact.source.starts_with("https://"), "{}", fact.name);
            assert!(!fact.steps.is_empty(), "{}", fact.name);
            for needle in fact.needles {
                assert_eq!(*needle, needle.to_ascii_lowercase(), "{}", fact.name);
                assert_eq!(said(needle).map(|said| said.name), Some(fact.name));
            }
        }
    }
}
