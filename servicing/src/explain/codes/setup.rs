//! Windows Setup: result codes of upgrades, and the extend codes that go with
//! them.

use super::codes;

const RESULTS: &str =
    "https://learn.microsoft.com/windows/deployment/upgrade/resolution-procedures";
const EXTEND: &str = "https://learn.microsoft.com/windows/deployment/upgrade/upgrade-error-codes";

codes! { Hresult:
    0xC190_0101 "MOSETUP_E_SETUP_PLATFORM" Stated RESULTS;
        "Setup failed for a reason that it does not name, and went back to the old Windows; the extend code that goes with it says where."
        | Stated "a driver that does not go with the new Windows: it stops the machine, or hangs it"
        | Stated "disk encryption or virus scanners that are not Microsoft's"
        > "see which driver was last: setupapi.dev.log and setupact.log of the rollback" "explain setupapi.dev.log"
        > "see which drivers of others the image has, and lift or remove what is old" "drivers list IMAGE" ;
    0xC190_0106 "MOSETUP_E_TERMINATE_PROCESS" Stated RESULTS;
        "The installation was ended from outside."
        | Recalled "a person or a management program stopped it, or the computer was shut down"
        > "look for what happened just before" "explain setupact.log" ;
    0xC190_0107 "MOSETUP_E_CLEANUP_PENDING" Stated RESULTS;
        "An earlier attempt has not been cleaned up yet; a restart is needed."
        | Stated "the computer was not restarted since"
        > "restart; in an image remove the folder of the attempt" "files delete IMAGE '$WINDOWS.~BT'" ;
    0xC190_010B "MOSETUP_E_INSTALL_IMAGE_NOT_FOUND" Stated RESULTS;
        "The image to install was not found."
        | Recalled "the media lack sources\\install.wim, or parts of a split one"
        > "see what the media hold" "info sources/install.wim"
        > "make one of the parts, or see which is missing" "join sources/install.swm sources/install2.swm install.wim" ;
    0xC190_010C "MOSETUP_E_AUTOMATION_INVALID" Stated RESULTS;
        "The answer file given to Setup is not valid."
        | Inferred "a setting that this Windows does not have, or XML that is not well formed"
        > "the log names the setting" "explain setupact.log" ;
    0xC190_011F "MOSETUP_E_PROCESS_CRASHED" Stated RESULTS;
        "Setup itself crashed."
        | Recalled "damaged media"
        > "make sure that the image is whole" "verify sources/install.wim" ;
    0xC190_01DF "MOSETUP_E_DISK_FULL" Stated RESULTS;
        "The disk is full."
        | Stated "there is not enough room for the new Windows"
        > "see how much an image takes" "info sources/install.wim" ;
    0xC190_0200 "MOSETUP_E_COMPAT_SYSREQ_BLOCK" Stated RESULTS;
        "The computer does not meet the requirements of the Windows."
        | Stated "processor, memory, disk, firmware or TPM are not enough"
        > "see what an image makes of a computer's hardware" "boot predict IMAGE --hardware HARDWARE" ;
    0xC190_0204 "MOSETUP_E_COMPAT_MIGCHOICE_BLOCK" Stated RESULTS;
        "What is to be kept cannot be kept on the way to this Windows."
        | Stated "another edition, as from Enterprise to Home"
        | Recalled "another language or architecture"
        > "compare the editions" "info sources/install.wim" ;
    0xC190_0208 "MOSETUP_E_COMPAT_INSTALLREQ_BLOCK" Stated RESULTS;
        "A program or driver is in the way, and something can be done about it."
        | Stated "an incompatible program is installed"
        > "Setup's CompatData_*.xml names it"
        > "see which drivers of others there are" "drivers list IMAGE" ;
    0xC190_020E "MOSETUP_E_INSTALLDISKSPACE_BLOCK" Stated RESULTS;
        "There is not enough free space to install."
        | Stated "an upgrade needs room for both Windows"
        > "see how much an image takes" "info sources/install.wim" ;
    0xC190_0210 "MOSETUP_E_COMPAT_SCANONLY" Stated RESULTS;
        "Setup was only asked to look, and found nothing in the way."
        | Stated "no failure"
        > "nothing is to be done" ;
    0xC190_0215 "MOSETUP_E_NO_MATCHING_INSTALL_IMAGE" Stated RESULTS;
        "The media have no image for this computer."
        | Inferred "another edition, language or architecture"
        > "see what the media hold" "info sources/install.wim" ;
}

/// What is known of a result and an extend code together.
#[derive(Debug)]
pub struct Pair {
    /// The result code.
    pub result: u32,
    /// The extend code.
    pub extend: u32,
    /// What that means: a sentence.
    pub meaning: &'static str,
    /// Where it is said.
    pub source: &'static str,
}

/// Defines the pairs.
macro_rules! pairs {
    ($($result:literal - $extend:literal $meaning:literal;)+) => {
        &[$(Pair { result: $result, extend: $extend, meaning: $meaning, source: RESULTS }),+]
    };
}

/// Every pair, as Microsoft's page lists them.
pub(super) static PAIRS: &[Pair] = pairs! {
    0xC190_0101 - 0x20004 "The recovery environment could not be set up, mostly for drivers that are out of date.";
    0xC190_0101 - 0x2000C "The new image could not be laid out under WinPE, mostly for drivers that are out of date.";
    0xC190_0101 - 0x20017 "The machine did not start into WinPE: a driver did something illegal or was not carried over, or disk encryption that is not Microsoft's is in the way.";
    0xC190_0101 - 0x30018 "A device driver no longer answered while the new Windows was set up.";
    0xC190_0101 - 0x3000D "Data could not be carried over in the first start; the display driver is the usual suspect.";
    0xC190_0101 - 0x4000D "Data could not be carried over in the second start, for a driver or its configuration: the rollback log has the stop code.";
    0xC190_0101 - 0x4001E "Setup failed in the second start, just before the out-of-box experience.";
    0xC190_0200 - 0x20008 "The computer does not meet the requirements.";
    0x8007_0003 - 0x20007 "A driver could not be installed under WinPE.";
    0x8007_0490 - 0x20007 "A driver that is there does not go with the new Windows.";
    0x8007_025D - 0x2000C "The data of the media are damaged.";
    0x8007_0004 - 0x3000D "Data could not be carried over in the first start.";
    0x8007_0005 - 0x4000D "Access was denied while data was carried over.";
    0x8007_0004 - 0x50012 "Setup could not open a file.";
    0x8007_001F - 0x4000D "A device of the computer does not work.";
    0x8007_042B - 0x4001E "Setup failed in the second start, just before the out-of-box experience.";
    0x8007_0070 - 0x50011 "There is not enough free space.";
    0x8007_0070 - 0x50012 "There is not enough free space.";
    0x8007_0070 - 0x60000 "There is not enough free space.";
};

/// What Setup was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupStep {
    /// The phase, by its name in Setup.
    pub phase: &'static str,
    /// The phase in words.
    pub when: &'static str,
    /// The operation, by its name in Setup.
    pub operation: &'static str,
    /// Where the numbers are explained.
    pub source: &'static str,
}

impl SetupStep {
    /// Reads an extend code: the phase in front, the operation in the last two
    /// digits (Windows 10 1607 and later).
    pub fn of(extend: u32) -> SetupStep {
        let (phase, when) = match extend >> 16 {
            1 => ("SP_EXECUTION_DOWNLEVEL", "while the old Windows ran"),
            2 => (
                "SP_EXECUTION_SAFE_OS",
                "under WinPE, where the new Windows is laid out",
            ),
            3 => (
                "SP_EXECUTION_FIRST_BOOT",
                "in the first start of the new Windows",
            ),
            4 => (
                "SP_EXECUTION_OOBE_BOOT",
                "in the second start of the new Windows",
            ),
            5 => (
                "SP_EXECUTION_UNINSTALL",
                "on the way back to the old Windows",
            ),
            _ => ("SP_EXECUTION_UNKNOWN", "in a phase that is not known"),
        };
        let operations = [
            "UNKNOWN",
            "COPY_PAYLOAD",
            "DOWNLOAD_UPDATES",
            "INSTALL_UPDATES",
            "INSTALL_RECOVERY_ENVIRONMENT",
            "INSTALL_RECOVERY_IMAGE",
            "REPLICATE_OC",
            "INSTALL_DRIVERS",
            "PREPARE_SAFE_OS",
            "PREPARE_ROLLBACK",
            "PREPARE_FIRST_BOOT",
            "PREPARE_OOBE_BOOT",
            "APPLY_IMAGE",
            "MIGRATE_DATA",
            "SET_PRODUCT_KEY",
            "ADD_UNATTEND",
            "ADD_DRIVER",
            "ENABLE_FEATURE",
            "DISABLE_FEATURE",
            "REGISTER_ASYNC_PROCESS",
            "REGISTER_SYNC_PROCESS",
            "CREATE_FILE",
            "CREATE_REGISTRY",
            "BOOT",
            "SYSPREP",
            "OOBE",
            "BEGIN_FIRST_BOOT",
            "END_FIRST_BOOT",
            "BEGIN_OOBE_BOOT",
            "END_OOBE_BOOT",
            "PRE_OOBE",
            "POST_OOBE",
            "ADD_PROVISIONING_PACKAGE",
        ];
        let operation = operations.get((extend & 0xFFFF) as usize);
        SetupStep {
            phase,
            when,
            operation: operation.copied().unwrap_or("UNKNOWN"),
            source: EXTEND,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extend_codes_are_those_of_the_page() {
        for (extend, phase, operation) in [
            (0x4000D, "SP_EXECUTION_OOBE_BOOT", "MIGRATE_DATA"),
            (0x20017, "SP_EXECUTION_SAFE_OS", "BOOT"),
            (0x30018, "SP_EXECUTION_FIRST_BOOT", "SYSPREP"),
            (0x20007, "SP_EXECUTION_SAFE_OS", "INSTALL_DRIVERS"),
            (0x4001E, "SP_EXECUTION_OOBE_BOOT", "PRE_OOBE"),
            (
                0x10020,
                "SP_EXECUTION_DOWNLEVEL",
                "ADD_PROVISIONING_PACKAGE",
            ),
            (0xFF_FFFF, "SP_EXECUTION_UNKNOWN", "UNKNOWN"),
        ] {
            let step = SetupStep::of(extend);
            assert_eq!(
                (step.phase, step.operation),
                (phase, operation),
                "{extend:#x}"
            );
        }
    }
}
