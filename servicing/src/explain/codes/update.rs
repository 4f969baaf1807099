//! Windows Update's agent, as far as images and the logs of servicing meet it.

use super::codes;

const LIST: &str = "https://learn.microsoft.com/windows/deployment/update/\
    windows-update-error-reference";

codes! { Hresult:
    0x0024_0005 "WU_S_REBOOT_REQUIRED" Stated LIST;
        "It worked; a restart finishes it."
        | Stated "no failure: files that were in use are replaced at the next start"
        > "nothing is to be done; an image that is captured now finishes at its first boot" ;
    0x0024_0006 "WU_S_ALREADY_INSTALLED" Stated LIST;
        "The update is installed already."
        | Stated "no failure: nothing was to be done"
        > "nothing is to be done" ;
    0x8024_0016 "WU_E_INSTALL_NOT_ALLOWED" Stated LIST;
        "Another installation runs, or a restart is pending."
        | Stated "a restart was left out"
        > "see whether work is pending in the image: this file is then there" "cat IMAGE Windows/WinSxS/pending.xml" ;
    0x8024_0017 "WU_E_NOT_APPLICABLE" Stated LIST;
        "No update in it is for this Windows."
        | Inferred "wrong version, edition or architecture, or installed already; DISM says 0x800F081E for the same"
        > "see every rule, with what the package asks for and what the image has" "packages check IMAGE FILE"
        > "see what the same means offline" "explain 0x800F081E" ;
    0x8024_001E "WU_E_SERVICE_STOP" Stated LIST;
        "The service or the computer was being shut down."
        | Stated "it was interrupted, and goes on at the next start"
        > "nothing is wrong with the image by this alone" ;
    0x8024_0022 "WU_E_ALL_UPDATES_FAILED" Stated LIST;
        "All updates of the run failed."
        | Inferred "each has an error of its own in CBS.log"
        > "look there" "explain IMAGE Windows/Logs/CBS/CBS.log" ;
    0x8024_002E "WU_E_WU_DISABLED" Stated LIST;
        "Policy forbids to ask Microsoft's update servers."
        | Stated "the image's policies name a server of the organization only"
        > "see the policy" "registry get IMAGE 'SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate' -r" ;
    0x8024_0034 "WU_E_DOWNLOAD_FAILED" Stated LIST;
        "The update could not be downloaded."
        | Inferred "network, proxy or the server"
        > "offline get the package from the update catalog instead" ;
    0x8024_0041 "WU_E_SYSPREP_IN_PROGRESS" Stated LIST;
        "Windows Update does not work while sysprep runs."
        | Stated "the image was being generalized"
        > "see the generalization state" "generalize report IMAGE" ;
    0x8024_0438 "WU_E_PT_ENDPOINT_UNREACHABLE" Recalled "https://gist.github.com/Suhail/beb3ee9e9f25eb24d37d8fc0a74920ff";
        "The update server was not reached."
        | Recalled "the computer has no network or goes through a server of the organization that lacks it"
        > "offline name a source for the feature or package instead" ;
    0x8024_2006 "WU_E_UH_INVALIDMETADATA" Stated "https://learn.microsoft.com/windows/deployment/update/windows-update-errors";
        "The update's description is not valid."
        | Stated "the agent's download folder is damaged"
        > "on Windows rename SoftwareDistribution; in an image remove its content before capture" "files delete IMAGE Windows/SoftwareDistribution/Download" ;
    0x8024_2014 "WU_E_UH_POSTREBOOTSTILLPENDING" Stated "https://learn.microsoft.com/windows/deployment/update/windows-update-errors";
        "What an update does after the restart is still going on."
        | Stated "the computer has to be restarted once more"
        > "do not capture it before: see whether work is pending" "cat IMAGE Windows/WinSxS/pending.xml" ;
    0x8024_2016 "WU_E_UH_POSTREBOOTUNEXPECTEDSTATE" Stated LIST;
        "After the restart the update is not in the state that it should be in."
        | Inferred "it was rolled back at the start"
        > "see why" "explain IMAGE Windows/Logs/CBS/CBS.log" ;
    0x8024_2017 "WU_E_UH_NEW_SERVICING_STACK_REQUIRED" Stated LIST;
        "The servicing stack has to be updated first."
        | Stated "the image's servicing stack is older than the update needs"
        > "see what the same means offline" "explain 0x800F0823" ;
}
