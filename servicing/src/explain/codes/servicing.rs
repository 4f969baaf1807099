//! Component based servicing: packages, features, the component store.
//!
//! Names are those of Microsoft's pages, or stand beside their numbers in
//! published logs (`[HRESULT = 0x800f080d - CBS_E_MANIFEST_INVALID_ITEM]`),
//! whose address is given. Invented tables of such names are common on the web:
//! none was used, and a number whose name no page gives has none here.

use super::{codes, page};

/// "Optional Component Setup Log Diagnoser", with a table of CBS errors.
const TECHNET: &str = "https://technet.microsoft.com/library/cc732334(WS.10).aspx";
const STACK: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
    installing-updates-features-roles/troubleshoot-windows-update-error-0x800f0823";
const STORE: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
    installing-updates-features-roles/troubleshoot-windows-installation-error-0x800f0831";
const HANG: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
    installing-updates-features-roles/troubleshoot-windows-update-error-0x800f0920";
const INSTALLERS: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
    installing-updates-features-roles/error-0x800f0922-installing-windows-updates";
const DOWNLOAD: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
    installing-updates-features-roles/dism-fails-with-error-0x800f0906";
const NETFX: &str = "https://support.microsoft.com/help/2734782";
const RSAT: &str = "https://learn.microsoft.com/windows-server/remote/\
    remote-server-administration-tools";
const PORTAL: &str =
    "https://learn.microsoft.com/windows/uwp/debug-test-perf/device-portal-desktop";
const BOOT_EVENTS: &str = "https://learn.microsoft.com/windows-server/get-started/\
    get-started-with-setup-and-boot-event-collection";
/// A published CBS.log.
const LOG: &str = "https://pastebin.com/0nsrBSUh";
const EXPRESS_LOG: &str = "https://pastebin.com/D77rnUXU";
/// "Windows Update error code list".
const LIST: &str = "https://support.microsoft.com/help/938205";
const CHECKPOINTS: &str = "https://learn.microsoft.com/windows/deployment/update/\
    catalog-checkpoint-cumulative-updates";

codes! { Hresult:
    0x800F_0801 "CBS_E_NOT_INITIALIZED" Stated TECHNET;
        "A servicing session was used before it was set up."
        | Stated "the program that services was interrupted, or two of them work at once"
        > "look for the session's first error: what failed before is the cause" "explain CBS.log" ;
    0x800F_0804 "CBS_E_OPEN_FAILED" Stated TECHNET;
        "The package was not found or could not be opened."
        | Stated "the path is wrong, or a network share went away"
        | Stated "the rights to read it are missing"
        > "see which package the log names, and whether it is where the command said" "explain CBS.log" ;
    0x800F_0805 "CBS_E_INVALID_PACKAGE" Stated TECHNET;
        "The package is not a valid package of Windows."
        | Stated "the download is damaged or not complete"
        | Recalled "the file is no servicing package: an .exe or another kind of .cab or .msu, or a package for a program"
        | Recalled "the .msu is newer than the DISM that reads it (since 24H2 an .msu may be a WIM file)"
        > "get the package again and compare its digest with the one that the update catalog shows"
        > "see what the file is and whether it is whole" "packages inspect FILE" ;
    0x800F_0806 "CBS_E_PENDING" Stated TECHNET;
        "Something that the package needs is locked until a restart."
        | Stated "an earlier operation waits for a restart; offline, for the image's next boot"
        > "see whether work is pending: this file is then there" "cat IMAGE Windows/WinSxS/pending.xml"
        > "service a copy of the image from before that operation: offline nothing clears what is pending but booting it" ;
    0x800F_0807 "CBS_E_NOT_INSTALLABLE" Stated LIST;
        "The component cannot be installed by itself."
        | Recalled "a package from inside an update was named instead of the update"
        > "add the whole update: the .msu, or the .cab that it holds" ;
    0x800F_0808 "CBS_E_IMAGE_NOT_ACCESSIBLE" Stated TECHNET;
        "The offline image is not where the command said, or cannot be read."
        | Recalled "the folder named is not the root that holds Windows"
        | Recalled "the mount is gone or has become invalid"
        > "this must show version and edition" "info IMAGE"
        > "see what is mounted here" "mounts" ;
    0x800F_080C "CBS_E_UNKNOWN_UPDATE" Stated BOOT_EVENTS;
        "The image has no feature of this name."
        | Stated "this edition or version of Windows does not have the feature"
        | Recalled "the name is misspelt, or it is a capability and not a feature"
        > "see which features the image has" "features list IMAGE"
        > "see edition and version" "info IMAGE" ;
    0x800F_080D "CBS_E_MANIFEST_INVALID_ITEM" Verified LOG;
        "A package's manifest has an element or attribute that this servicing stack does not know."
        | Inferred "the package is newer than the servicing stack; often harmless, where only the log shows it"
        | Recalled "the manifest is damaged"
        > "see which servicing stack the image has: folders are named by version" "dir IMAGE Windows/servicing/Version"
        > "see what the package asks for and the image has" "packages check IMAGE FILE" ;
    0x800F_0816 "CBS_E_DPX_JOB_STATE_SAVED" Verified EXPRESS_LOG;
        "Unpacking stopped with its state saved, to wait for more of the download."
        | Inferred "express downloads say this in passing; the update goes on"
        > "look at what the session came to in the end" "explain CBS.log" ;
    0x800F_0818 "CBS_E_IDENTITY_MISMATCH" Stated LIST;
        "A package's manifest is not the one that its name promises."
        | Stated "a manifest under servicing\\Packages is damaged or was replaced"
        > "compare servicing\\Packages with an image of the same build" "diff IMAGE GOOD --only files"
        > "put the right .mum and .cat back" "files put IMAGE GOOD.mum Windows/servicing/Packages/NAME.mum" ;
    0x800F_081B "CBS_E_UNEXPECTED_PROCESSOR_ARCHITECTURE" Stated LIST;
        "The package is for another processor architecture."
        | Inferred "an x64 package for an x86 image, or the reverse; an ARM64 one"
        > "see the architectures of both" "packages check IMAGE FILE" ;
    0x800F_081E "CBS_E_NOT_APPLICABLE" Stated LIST;
        "The package is not for this image as it is now."
        | Stated "it is superseded: a newer package that holds the same is installed"
        | Stated "it is installed already"
        | Stated "it is for another version, edition or architecture"
        | Stated "a package that it builds on is missing (a baseline, a servicing stack)"
        > "see every rule, with what the package asks for and what the image has" "packages check IMAGE FILE"
        > "see which packages the image has" "packages list IMAGE"
        > "add what is missing first; skip the package where a newer one is installed" ;
    0x800F_081F "CBS_E_SOURCE_MISSING" Stated page::FIX;
        "The files of the feature or component were not found."
        | Stated "the payload was removed from the image (features on demand), and no source was given"
        | Stated "the component store is damaged"
        | Recalled "the source is of another build or language than the image"
        > "see the build, and take media of the very same build as the source" "info IMAGE"
        > "see what the source holds: its sxs folder for .NET 3.5, else its install.wim" "info SOURCE.wim"
        > "compare the component stores" "diff IMAGE GOOD --only files" ;
    0x800F_0820 "CBS_E_CANCEL" Stated LIST;
        "The operation was cancelled."
        | Recalled "a person or a program stopped it"
        > "start again with a copy of the image from before it" ;
    0x800F_0821 "CBS_E_ABORT" Stated LIST;
        "The client ended the operation, or it took longer than it may."
        | Recalled "the machine was too slow for the time allowed, or short of memory"
        > "look for what took so long" "explain CBS.log" ;
    0x800F_0823 "CBS_E_NEW_SERVICING_STACK_REQUIRED" Stated STACK;
        "The package needs a newer servicing stack than the image has."
        | Stated "the servicing stack update was not added before the cumulative update"
        | Inferred "a checkpoint or baseline update that comes first was left out"
        > "see which servicing stack the image has: folders are named by version" "dir IMAGE Windows/servicing/Version"
        > "see which the package asked for: the log names both versions" "explain IMAGE Windows/Logs/CBS/CBS.log"
        > "see which order works: name both packages" "packages check IMAGE SERVICING-STACK FILE" ;
    0x800F_0825 "CBS_E_CANNOT_UNINSTALL" Stated "https://learn.microsoft.com/windows/deployment/update/windows-update-errors";
        "The package cannot be removed."
        | Recalled "it is permanent: cumulative updates with their servicing stack, and what Windows is made of"
        | Stated "a component of it is only partly installed: the component store is damaged"
        > "see the state that it is in" "packages info IMAGE NAME"
        > "begin with an image from before the package was added" ;
    0x800F_0826 "CBS_E_PENDING_VICTIM" Stated LIST;
        "The package was not installed because another one of the same run failed."
        | Recalled "the other package is the one to look at"
        > "find the session that failed first" "explain CBS.log" ;
    0x800F_082F "" Recalled page::GUIDANCE;
        "The package must be alone, and other work is pending already."
        | Recalled "an earlier package of the same image waits for its first boot"
        | Recalled "there is nothing to take back: `/RevertPendingActions` without pending work says this"
        > "see whether work is pending: this file is then there" "cat IMAGE Windows/WinSxS/pending.xml"
        > "add the exclusive package (servicing stacks, features on demand) before the others" ;
    0x800F_0830 "CBS_E_IMAGE_UNSERVICEABLE" Stated page::AZURE;
        "The image can no longer be serviced."
        | Recalled "an earlier operation on it failed half way, and its changes were kept"
        > "go back to the image from before that operation; do not keep a mount that servicing failed in" "unmount DIR --discard"
        > "make sure that the copy is whole" "verify FILE.wim" ;
    0x800F_0831 "CBS_E_STORE_CORRUPTION" Stated STORE;
        "The component store lacks a package that it says is there."
        | Stated "the manifest of an earlier update is missing: it was not installed whole"
        | Recalled "files of WinSxS or servicing\\Packages were removed to save room"
        > "see which package is missing: the log names it" "explain IMAGE Windows/Logs/CBS/CBS.log"
        > "see the state of that package" "packages info IMAGE NAME"
        > "add that very update again, or begin with an image that was not serviced" ;
    0x800F_0838 "CBS_E_MISSING_PREREQUISITE_BASELINES" Recalled CHECKPOINTS;
        "Updates that this one builds on are missing."
        | Recalled "since Windows 11 24H2 cumulative updates build on checkpoint updates, which must lie in the same folder"
        > "put all files that the update catalog offers for the update into one folder"
        > "see which of them the image lacks" "packages check IMAGE FILE" ;
    0x800F_0900 "CBS_E_XML_PARSER_FAILURE" Stated LIST;
        "The XML of a package or manifest cannot be read."
        | Stated "a file under servicing\\Packages or WinSxS\\Manifests is damaged, often all zeros after a power loss"
        > "find the file that the log names, and look at it" "cat IMAGE Windows/servicing/Packages/NAME.mum"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files" ;
    0x800F_0906 "CBS_E_DOWNLOAD_FAILURE" Stated DOWNLOAD;
        "The source files could not be downloaded."
        | Stated "the feature's payload is not in the image and no source was given"
        | Stated "offline there is nothing to download from: a source is needed"
        > "take media of the image's build as the source; see which build that is" "info IMAGE" ;
    0x800F_0907 "CBS_E_GROUPPOLICY_DISALLOWED" Stated NETFX;
        "Policy does not allow to download the source files."
        | Stated "a policy of the image says where optional components come from"
        > "see the policy" "registry get IMAGE 'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\Servicing'" ;
    0x800F_090D "CBS_E_MISSING_PACKAGE_MAPPING_INDEX" Stated DOWNLOAD;
        "A package is not in the index of where updates can be downloaded."
        | Stated "servicing\\Packages\\wuindex.xml lacks an entry for it"
        > "look at the index" "cat IMAGE Windows/servicing/Packages/wuindex.xml" ;
    0x800F_0920 "CBS_E_HANG_DETECTED" Stated HANG;
        "Finishing the installation while booting took too long and was rolled back."
        | Stated "an installer did not end within 15 minutes"
        | Inferred "hardware that is too slow, or a driver or scheduled task that blocks"
        > "see what ran last: the lines before the error" "explain IMAGE Windows/Logs/CBS/CBS.log" ;
    0x800F_0922 "CBS_E_INSTALLERS_FAILED" Stated INSTALLERS;
        "An installer inside the package failed, and all of it is rolled back."
        | Stated "a scheduled task of the image is damaged"
        | Recalled "the partition that holds the boot files is full or cannot be written (system reserved, EFI)"
        > "find the installer's own error above it: lines with `Installer` and `CMIADAPTER`" "explain IMAGE Windows/Logs/CBS/CBS.log" ;
    0x800F_0950 "CBS_E_INVALID_WINDOWS_UPDATE_COUNT" Stated PORTAL;
        "Windows Update offered no, or not exactly one, package for the feature."
        | Stated "the build is a preview, or its features on demand are not published any more"
        | Recalled "updates come from a server of the organization that does not have it"
        > "take the features-on-demand media of the image's build as the source; see which build that is" "info IMAGE" ;
    0x800F_0954 "CBS_E_INVALID_WINDOWS_UPDATE_COUNT_WSUS" Recalled RSAT;
        "The organization's update server has no package for the feature."
        | Stated "policy sends features on demand to WSUS, which does not carry them"
        > "see the policy" "registry get IMAGE 'SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate' -r" ;
    0x800F_0982 "PSFX_E_MATCHING_COMPONENT_NOT_FOUND" Stated page::FIX;
        "A delta of the update has no component in the image that it fits."
        | Recalled "a language pack was added after the last cumulative update and that update not once more"
        | Recalled "the component store is damaged"
        > "after adding languages or features add the image's own cumulative update again, then the new one"
        > "see the build" "info IMAGE" ;
    0x800F_0984 "PSFX_E_MATCHING_BINARY_MISSING" Stated page::FIX;
        "The component that a delta is for has its folder, but not the file."
        | Stated "the component store is damaged"
        | Recalled "its files were removed to save room, or are compressed (\"null delta\") without their base"
        > "see which component: the log names it" "explain IMAGE Windows/Logs/CBS/CBS.log"
        > "compare it with an image of the same build" "diff IMAGE GOOD --only files" ;
    0x800F_0986 "PSFX_E_APPLY_FORWARD_DELTA_FAILED" Stated page::FIX;
        "A delta could not be applied to the file that the image has."
        | Stated "the file in the component store is not the one that it should be"
        > "see which component: the log names it" "explain IMAGE Windows/Logs/CBS/CBS.log"
        > "compare it with an image of the same build" "diff IMAGE GOOD --only files" ;
    0x800F_0988 "PSFX_E_INVALID_DELTA_COMBINATION" Recalled "https://support.microsoft.com/topic/e74b3505-f054-7f15-ec44-6ec0ab15f3e0";
        "The deltas of the update do not fit together with those of the image."
        | Recalled "superseded components were left over: an image that was cleaned up takes the update"
        > "begin with an image that has fewer updates in it; see what it has" "info IMAGE" ;
}
