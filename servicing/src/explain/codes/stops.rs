//! Blue screens that images meet, above all in their first starts.
//!
//! Names and causes: Microsoft's bug check reference.

use super::codes;

/// The page of a bug check in the reference.
macro_rules! page {
    ($name:literal) => {
        concat!(
            "https://learn.microsoft.com/windows-hardware/drivers/debugger/bug-check-",
            $name
        )
    };
}

codes! { Stop:
    0x0A "IRQL_NOT_LESS_OR_EQUAL" Stated page!("0xa--irql-not-less-or-equal");
        "A driver or the kernel used memory at the wrong time."
        | Recalled "a driver that is faulty or for other hardware"
        > "see which drivers of others the image has" "drivers list IMAGE"
        > "of XP and 2003: see whether the HAL fits the computer" "hal audit IMAGE --target HARDWARE" ;
    0x1E "KMODE_EXCEPTION_NOT_HANDLED" Stated page!("0x1e--kmode-exception-not-handled");
        "A driver or the kernel failed."
        | Recalled "a driver; the file named on the screen"
        > "see which drivers of others the image has" "drivers list IMAGE" ;
    0x24 "NTFS_FILE_SYSTEM" Stated page!("0x24--ntfs-file-system");
        "The NTFS driver failed."
        | Recalled "the file system or the disk is damaged"
        > "lay the image out anew" "apply FILE.wim:1 DIR" ;
    0x3E "MULTIPROCESSOR_CONFIGURATION_NOT_SUPPORTED" Stated page!("0x3e--multiprocessor-configuration-not-supported");
        "The processors are not of one kind."
        | Stated "processors of different type or level in one computer"
        > "of XP and 2003: see whether HAL and kernel fit the computer" "hal audit IMAGE --target HARDWARE" ;
    0x50 "PAGE_FAULT_IN_NONPAGED_AREA" Stated page!("0x50--page-fault-in-nonpaged-area");
        "Memory was used that is not there."
        | Recalled "a driver, a virus scanner, or faulty memory"
        > "see which drivers of others the image has" "drivers list IMAGE" ;
    0x51 "REGISTRY_ERROR" Stated page!("0x51--registry-error");
        "Something went wrong with the registry."
        | Stated "a hive could not be read: disk or file system are damaged"
        > "see the state of the hives" "info IMAGE" ;
    0x5D "UNSUPPORTED_PROCESSOR" Stated page!("0x5d--unsupported-processor");
        "The processor cannot run this Windows."
        | Stated "Windows needs a processor that can do more"
        | Recalled "of virtual machines: the processor model is too old (NX, SSE2, CMPXCHG16B)"
        > "see what the image needs and the computer has" "boot predict IMAGE --hardware HARDWARE" ;
    0x67 "CONFIG_INITIALIZATION_FAILED" Stated page!("0x67--config-initialization-failed");
        "The registry could not be set up."
        | Stated "there was no memory for it"
        | Recalled "the SYSTEM hive is too large for the loader, or damaged"
        > "see the state and size of the hives" "dir IMAGE Windows/System32/config" ;
    0x69 "IO1_INITIALIZATION_FAILED" Stated page!("0x69--io1-initialization-failed");
        "The I/O system could not be set up."
        | Stated "Windows was not installed right, or its configuration was changed"
        > "see what is on the way to the boot disk" "boot predict IMAGE --hardware HARDWARE" ;
    0x6B "PROCESS1_INITIALIZATION_FAILED" Stated page!("0x6b--process1-initialization-failed");
        "The first process could not be set up."
        | Stated "a file of the boot partition is missing, or a driver was disabled"
        | Recalled "ntdll.dll is missing or of another version than the kernel"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files"
        > "see what is on the way to the boot disk" "boot predict IMAGE --hardware HARDWARE" ;
    0x6D "SESSION1_INITIALIZATION_FAILED" Stated page!("0x6d--session1-initialization-failed");
        "Windows could not be set up."
        | Recalled "a system file is missing or damaged"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files" ;
    0x6F "SESSION3_INITIALIZATION_FAILED" Stated page!("0x6f--session3-initialization-failed");
        "Windows could not be set up."
        | Recalled "a system file is missing or damaged"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files" ;
    0x73 "CONFIG_LIST_FAILED" Stated page!("0x73--config-list-failed");
        "A hive of the registry could not be loaded."
        | Recalled "SOFTWARE, SECURITY or SAM is damaged or missing, or the disk is full"
        > "see the state of the hives" "info IMAGE" ;
    0x74 "BAD_SYSTEM_CONFIG_INFO" Stated page!("0x74--bad-system-config-info");
        "The registry has an error in its SYSTEM hive."
        | Stated "keys or values are missing that the start needs"
        | Stated "the hive is damaged"
        > "see the state of the hives and the control sets" "info IMAGE"
        > "look at Select: Default must name a control set that is there" "registry get IMAGE 'SYSTEM\\Select'"
        > "compare with an image of the same build" "registry diff IMAGE GOOD" ;
    0x79 "MISMATCHED_HAL" Stated page!("0x79--mismatched-hal");
        "HAL, kernel and computer do not go together."
        | Stated "a HAL for several processors with a kernel for one, or the reverse"
        | Stated "HAL or kernel were replaced by hand, or are of different service packs"
        > "see what is installed and where it boots" "hal audit IMAGE --target HARDWARE"
        > "switch both in one step" "hal set IMAGE acpiapic_mp --dry-run" ;
    0x7A "KERNEL_DATA_INPAGE_ERROR" Stated page!("0x7a--kernel-data-inpage-error");
        "Data could not be read from the disk."
        | Recalled "the disk, its cable or its driver"
        > "see which driver the disk takes" "boot predict IMAGE --hardware HARDWARE" ;
    0x7B "INACCESSIBLE_BOOT_DEVICE" Stated page!("0x7b--inaccessible-boot-device");
        "Windows does not reach the disk that it starts from."
        | Verified "the image has no driver for the computer's storage controller, or does not start it with the kernel"
        | Stated "the controller's mode was changed in the firmware: IDE, AHCI, RAID"
        | Stated "the file system is not recognised, or the partitions were changed"
        > "see every step of the way to the disk, and what is missing" "boot predict IMAGE --hardware HARDWARE"
        > "add the driver that is missing" "drivers add IMAGE PACKAGE --for HARDWARE"
        > "of XP and 2003: see the HAL as well" "hal audit IMAGE --target HARDWARE" ;
    0x7E "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED" Stated page!("0x7e--system-thread-exception-not-handled");
        "A driver failed while it was started."
        | Stated "the driver that the screen names"
        | Stated "of XP images on the processor of another maker: intelppm.sys"
        > "see which drivers of others the image has" "drivers list IMAGE"
        > "of XP and 2003: see what goes wrong on the computer" "hal audit IMAGE --target HARDWARE" ;
    0x7F "UNEXPECTED_KERNEL_MODE_TRAP" Stated page!("0x7f--unexpected-kernel-mode-trap");
        "The processor met something that the kernel did not expect."
        | Recalled "faulty memory, or a driver that ran out of stack"
        > "see which drivers of others the image has" "drivers list IMAGE" ;
    0x9F "DRIVER_POWER_STATE_FAILURE" Stated page!("0x9f--driver-power-state-failure");
        "A driver did not follow a change of power."
        | Recalled "a driver that is out of date"
        > "see which drivers of others the image has" "drivers list IMAGE" ;
    0xA5 "ACPI_BIOS_ERROR" Stated page!("0xa5--acpi-bios-error");
        "The computer's ACPI is not as Windows needs it, or there is none."
        | Stated "the firmware's tables are faulty, or old Windows does not understand new ones"
        | Stated "of virtual machines: ACPI is switched off"
        > "see which HAL the computer needs" "hal target HARDWARE"
        > "see where the image boots" "hal audit IMAGE --target HARDWARE" ;
    0xC4 "DRIVER_VERIFIER_DETECTED_VIOLATION" Stated page!("0xc4--driver-verifier-detected-violation");
        "Driver Verifier caught a driver."
        | Recalled "it was left on in the image"
        > "see whether it is on" "registry get IMAGE 'SYSTEM\\ControlSet001\\Control\\Session Manager\\Memory Management' VerifyDrivers" ;
    0xD1 "DRIVER_IRQL_NOT_LESS_OR_EQUAL" Stated page!("0xd1--driver-irql-not-less-or-equal");
        "A driver used memory at the wrong time."
        | Recalled "the driver that the screen names"
        > "see which drivers of others the image has" "drivers list IMAGE" ;
    0xED "UNMOUNTABLE_BOOT_VOLUME" Stated page!("0xed--unmountable-boot-volume");
        "The volume that Windows starts from was reached and could not be read."
        | Stated "its file system or the disk is damaged"
        > "lay the image out anew" "apply FILE.wim:1 DIR" ;
    0xEF "CRITICAL_PROCESS_DIED" Stated page!("0xef--critical-process-died");
        "A process that Windows cannot do without ended."
        | Recalled "a system file is damaged, or a driver or virus scanner is in its way"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files"
        > "see which drivers of others the image has" "drivers list IMAGE" ;
    0xC000_0218 "STATUS_CANNOT_LOAD_REGISTRY_FILE" Stated page!("0xc0000218--status-cannot-load-registry-file");
        "A hive of the registry could not be loaded."
        | Stated "it is damaged or missing; the screen names it"
        > "see the state of the hives" "info IMAGE" ;
    0xC000_021A "STATUS_SYSTEM_PROCESS_TERMINATED" Stated "https://learn.microsoft.com/windows-hardware/drivers/debugger/bug-check-code-reference2";
        "Winlogon or the session manager ended, and Windows with it."
        | Recalled "system files of different versions: an update that was finished half way, or files copied by hand"
        | Recalled "a DLL that is loaded into Winlogon"
        > "see whether work is pending: this file is then there" "cat IMAGE Windows/WinSxS/pending.xml"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files" ;
    0xC000_0221 "STATUS_IMAGE_CHECKSUM_MISMATCH" Stated page!("0xc0000221--status-image-checksum-mismatch");
        "A driver or a DLL of the system is damaged: its checksum is not that of its header."
        | Stated "the file is damaged; the screen names it"
        | Stated "disk or memory"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files"
        > "make sure that the image is whole" "verify FILE.wim" ;
}
