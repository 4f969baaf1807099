//! Statuses of the kernel and of the loader, as boots and Setup show them.

use super::{codes, page};

codes! { NtStatus:
    0xC000_0005 "STATUS_ACCESS_VIOLATION" Stated page::NTSTATUS;
        "A program or driver used memory that it must not."
        | Stated "a fault in it; as the first number of STOP 0x7E or 0x1E, in a driver"
        > "see which drivers of others the image has" "drivers list IMAGE" ;
    0xC000_000E "STATUS_NO_SUCH_DEVICE" Stated page::NTSTATUS;
        "A device that is named is not there."
        | Recalled "the boot configuration names a disk or partition that the computer does not have, as after a copy to another disk"
        > "look at the image's own boot files" "dir IMAGE Windows/Boot"
        > "write the boot configuration anew on the computer: `bcdboot`" ;
    0xC000_000F "STATUS_NO_SUCH_FILE" Stated page::NTSTATUS;
        "A file that the start needs is not there."
        | Recalled "the boot configuration names a file that the image does not have"
        > "see whether the files of the loader are there" "boot predict IMAGE --hardware HARDWARE" ;
    0xC000_0017 "STATUS_NO_MEMORY" Stated page::NTSTATUS;
        "There is not enough memory."
        | Recalled "the ramdisk of WinPE does not fit, or a firmware setting keeps memory back"
        > "see how large the image is" "info FILE.wim" ;
    0xC000_0034 "STATUS_OBJECT_NAME_NOT_FOUND" Stated page::NTSTATUS;
        "A file, key or object was not found."
        | Recalled "the boot configuration or a driver names something that is gone; during updates: a pending operation that cannot be done"
        > "see what is pending" "cat IMAGE Windows/WinSxS/pending.xml"
        > "see whether the drivers of the boot are there" "boot predict IMAGE --hardware HARDWARE" ;
    0xC000_007B "STATUS_INVALID_IMAGE_FORMAT" Stated page::NTSTATUS;
        "A program or DLL is for another kind of Windows, or is damaged."
        | Stated "wrong architecture, or a damaged file"
        > "see the machine type of the drivers on the way to the disk" "boot predict IMAGE --hardware HARDWARE" ;
    0xC000_0098 "STATUS_FILE_INVALID" Stated page::NTSTATUS;
        "A file is not what it was when it was opened."
        | Recalled "the boot configuration store is damaged"
        > "write the boot configuration anew on the computer: `bcdboot`" ;
    0xC000_0102 "STATUS_FILE_CORRUPT_ERROR" Stated page::NTSTATUS;
        "A file or folder is damaged."
        | Stated "the file system is damaged"
        > "make sure that the image is whole" "verify FILE.wim" ;
    0xC000_0135 "STATUS_DLL_NOT_FOUND" Stated page::NTSTATUS;
        "A program lacks a DLL and did not start."
        | Stated "a DLL is missing"
        | Verified "of DISM: it is older or newer than the image, and its servicing process cannot run in it"
        > "see the image's version" "info IMAGE" ;
    0xC000_0142 "STATUS_DLL_INIT_FAILED" Stated page::NTSTATUS;
        "A DLL could not be set up."
        | Recalled "the program was ended, or the image is damaged"
        > "make sure that the image is whole" "verify FILE.wim" ;
    0xC000_014C "STATUS_REGISTRY_CORRUPT" Stated page::NTSTATUS;
        "The registry is damaged."
        | Stated "a hive cannot be read, and its logs do not help"
        > "see the state of the hives" "info IMAGE"
        > "read the hive as it is" "registry export IMAGE SYSTEM -" ;
    0xC000_0225 "STATUS_NOT_FOUND" Stated page::NTSTATUS;
        "Something that the start needs was not found."
        | Recalled "the boot configuration names nothing that can be started, or the loader or registry is missing"
        > "see the state of the hives" "info IMAGE"
        > "write the boot configuration anew on the computer: `bcdboot`" ;
    0xC000_026C "STATUS_DRIVER_UNABLE_TO_LOAD" Stated page::NTSTATUS;
        "A driver could not be loaded."
        | Recalled "its file is missing, damaged or for another architecture"
        > "see which drivers of the boot cannot be loaded" "boot predict IMAGE --hardware HARDWARE" ;
    0xC000_0428 "STATUS_INVALID_IMAGE_HASH" Stated page::NTSTATUS;
        "The signature of a file that the start needs did not pass."
        | Stated "the file is not the one that was signed"
        | Recalled "a driver that is not signed; or one with SHA-2 only, on a Windows that knows SHA-1"
        > "see what keeps the boot from its disk, signatures included" "boot predict IMAGE --hardware HARDWARE"
        > "see signer and digest of a driver" "drivers info IMAGE oem0.inf" ;
    0xC01A_001D "STATUS_LOG_FULL" Stated page::AZURE;
        "A transaction log is full."
        | Stated "the disk is full while updates are finished"
        > "make room, and look at what is pending" "cat IMAGE Windows/WinSxS/pending.xml" ;
}
