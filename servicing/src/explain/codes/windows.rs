//! Windows' own errors, as servicing meets them: 0 to 0xFFFF, wrapped as
//! `0x8007nnnn`. The side-by-side and package errors are among them.

use super::{codes, page};

const PENDING: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
    installing-updates-features-roles/troubleshoot-windows-update-error-0x80070bc9";

codes! { Win32:
    2 "ERROR_FILE_NOT_FOUND" Stated page::WIN32;
        "A file was not found."
        | Inferred "of a driver: a file that its INF names is not in the package"
        | Stated "of an update: the component store lacks a file (KB 947821)"
        | Inferred "of a command: the path is wrong"
        > "see which files of a package are missing" "drivers lint PACKAGE"
        > "see which file of an image: the log names it" "explain IMAGE Windows/Logs/DISM/dism.log"
        > "look for it" "dir IMAGE Windows/System32" ;
    3 "ERROR_PATH_NOT_FOUND" Stated page::WIN32;
        "A folder of the path was not found."
        | Inferred "a folder of the package, or the mount, is not there"
        > "see which files of a package are missing" "drivers lint PACKAGE"
        > "look for the folder" "dir IMAGE" ;
    5 "ERROR_ACCESS_DENIED" Stated page::WIN32;
        "Access is denied."
        | Recalled "the command was not run as an administrator"
        | Recalled "the WIM file or the mount is read only, or a virus scanner keeps a file"
        | Recalled "files or keys of the image belong to TrustedInstaller"
        > "offline no rights of the image stand in the way" "files put IMAGE FILE PATH --dry-run" ;
    8 "ERROR_NOT_ENOUGH_MEMORY" Stated page::WIN32;
        "There is not enough memory."
        | Recalled "WinPE's scratch space is too small"
        > "nothing is wrong with the image by this alone" ;
    13 "ERROR_INVALID_DATA" Stated page::WIN32;
        "The data are not valid."
        | Stated "a file was damaged in a download, or the component store is (KB 947821)"
        | Recalled "of a driver: the INF or the catalog cannot be read"
        > "see what is wrong with a package" "drivers lint PACKAGE"
        > "make sure that the image is whole" "verify FILE.wim" ;
    32 "ERROR_SHARING_VIOLATION" Stated page::WIN32;
        "Another program has the file open."
        | Recalled "a virus scanner, a mount, or a hive that is still loaded"
        > "see what is mounted" "mounts" ;
    50 "ERROR_NOT_SUPPORTED" Stated page::WIN32;
        "This is not supported."
        | Recalled "DISM is older than the image, or the option does not go with it"
        > "see the image's version" "info IMAGE" ;
    87 "ERROR_INVALID_PARAMETER" Stated page::WIN32;
        "A parameter is wrong."
        | Recalled "an option is misspelt, or is not for images (or only for them)"
        | Recalled "DISM is older than the option"
        > "see what there is here instead" "drivers add IMAGE PACKAGE --dry-run" ;
    112 "ERROR_DISK_FULL" Stated page::WIN32;
        "The disk is full."
        | Stated "the volume of the image or of the scratch directory has no room"
        > "see how much an image takes" "info FILE.wim"
        > "leave out what no image uses" "optimize FILE.wim" ;
    123 "ERROR_INVALID_NAME" Stated page::WIN32;
        "The name of a file or folder is not valid."
        | Recalled "a quote or backslash too many in the command"
        | Inferred "an INF names a file with characters that are not allowed"
        > "see what is wrong with a package" "drivers lint PACKAGE" ;
    126 "ERROR_MOD_NOT_FOUND" Stated page::WIN32;
        "A DLL was not found."
        | Recalled "a program or driver needs a DLL that the image does not have; WinPE lacks many"
        > "see whether the drivers on the way to the disk have theirs" "boot predict IMAGE --hardware HARDWARE" ;
    145 "ERROR_DIR_NOT_EMPTY" Stated page::WIN32;
        "The folder is not empty."
        | Stated "there is something in a folder that is to be new"
        > "name an empty one" ;
    183 "ERROR_ALREADY_EXISTS" Stated page::WIN32;
        "It is there already."
        | Inferred "an earlier attempt left it"
        > "see what the image has" "drivers list IMAGE --all" ;
    193 "ERROR_BAD_EXE_FORMAT" Stated page::WIN32;
        "A program or DLL is not one that this Windows can run."
        | Inferred "it is for another architecture, or damaged"
        > "see the machine type of a package's files" "drivers info PACKAGE" ;
    259 "ERROR_NO_MORE_ITEMS" Stated page::WIN32;
        "There is nothing more."
        | Verified "of a driver: no better one than the installed one was found, which is no failure"
        > "see which driver the computer would take, and why" "drivers match IMAGE --hardware HARDWARE" ;
    267 "ERROR_DIRECTORY" Stated page::WIN32;
        "The name of the folder is not valid."
        | Inferred "it is a file, or is not there"
        > "look" "dir IMAGE" ;
    577 "ERROR_INVALID_IMAGE_HASH" Stated page::WIN32;
        "The digital signature of a file could not be verified."
        | Stated "the file is not signed as it should be, or was changed"
        > "see which drivers are not signed" "drivers list IMAGE"
        > "check the store" "drivers check IMAGE" ;
    582 "ERROR_ILLEGAL_CHARACTER" Stated page::WIN32;
        "A text has a character that is not allowed."
        | Stated "the component store or its registry is damaged (KB 947821)"
        > "compare with an image of the same build" "diff IMAGE GOOD" ;
    605 "ERROR_BAD_COMPRESSION_BUFFER" Stated page::WIN32;
        "Compressed data are damaged."
        | Stated "the media or the WIM file are damaged"
        > "make sure that the file is whole" "verify FILE.wim" ;
    775 "ERROR_NOT_CAPABLE" Stated page::WIN32;
        "The program cannot do this."
        | Inferred "DISM is older than the package or the image"
        > "see the image's version" "info IMAGE" ;
    1009 "ERROR_BADDB" Stated page::WIN32;
        "The registry is damaged."
        | Stated "a hive cannot be used"
        > "see the state of the hives" "info IMAGE" ;
    1017 "ERROR_NOT_REGISTRY_FILE" Stated page::WIN32;
        "The file is no registry hive."
        | Inferred "it is another kind of file, or its beginning is damaged"
        > "see the state of the hives" "info IMAGE" ;
    1018 "ERROR_KEY_DELETED" Stated page::WIN32;
        "The registry key is being deleted."
        | Inferred "a hive of the image was unloaded while it was in use"
        > "do it here, where no hive is loaded" "registry set IMAGE 'SOFTWARE\\KEY' NAME VALUE --dry-run" ;
    1058 "ERROR_SERVICE_DISABLED" Stated page::WIN32;
        "The service is disabled, or has no device."
        | Inferred "its Start is 4 in the image: Windows Update, Modules Installer or a driver"
        > "see its Start" "registry get IMAGE 'SYSTEM\\ControlSet001\\Services\\TrustedInstaller' Start" ;
    1060 "ERROR_SERVICE_DOES_NOT_EXIST" Stated page::WIN32;
        "There is no such service."
        | Inferred "it was removed from the image"
        > "look for it" "registry get IMAGE 'SYSTEM\\ControlSet001\\Services\\NAME'" ;
    1067 "ERROR_PROCESS_ABORTED" Stated page::WIN32;
        "A program ended unexpectedly."
        | Inferred "of an upgrade: the program that carries data over crashed"
        > "look for what it did last" "explain setupact.log" ;
    1115 "ERROR_SHUTDOWN_IN_PROGRESS" Stated page::WIN32;
        "The computer is being shut down."
        | Stated "it was shut down while something was installed"
        > "see whether work is pending: this file is then there" "cat IMAGE Windows/WinSxS/pending.xml" ;
    1168 "ERROR_NOT_FOUND" Stated page::WIN32;
        "Something that was looked for is not there."
        | Verified "of DISM and drivers: an INF or package is not in the driver store; mostly a warning"
        | Stated "of an update: the component store lacks something (KB 947821)"
        | Stated "of an upgrade: a driver does not go with the new Windows"
        > "check the driver store" "drivers check IMAGE"
        > "see what the log looked for" "explain IMAGE Windows/Logs/CBS/CBS.log" ;
    1223 "ERROR_CANCELLED" Stated page::WIN32;
        "The user cancelled it."
        | Verified "of a driver: the question whether to trust its publisher was answered with no, or could not be asked"
        > "offline no question is asked" "drivers add IMAGE PACKAGE --dry-run" ;
    1314 "ERROR_PRIVILEGE_NOT_HELD" Stated page::WIN32;
        "A privilege is missing."
        | Stated "the command was not run as an administrator"
        > "here no rights on Windows are needed" "info IMAGE" ;
    1392 "ERROR_FILE_CORRUPT" Stated page::WIN32;
        "A file or folder is damaged and cannot be read."
        | Stated "the file system is damaged"
        > "make sure that the image is whole" "verify FILE.wim" ;
    1450 "ERROR_NO_SYSTEM_RESOURCES" Stated page::WIN32;
        "The system lacks resources."
        | Recalled "memory, or paged pool"
        > "nothing is wrong with the image by this alone" ;
    1460 "ERROR_TIMEOUT" Stated page::WIN32;
        "It took longer than it may."
        | Inferred "the computer is too slow or too busy, or something hangs"
        > "look for what took so long" "explain setupapi.dev.log" ;
    1465 "ERROR_XML_PARSE_ERROR" Stated page::WIN32;
        "XML could not be read."
        | Stated "a manifest of the component store is damaged (KB 947821)"
        > "compare with an image of the same build" "diff IMAGE GOOD --only files" ;
    1618 "ERROR_INSTALL_ALREADY_RUNNING" Stated page::WIN32;
        "Another installation is running."
        | Stated "one has to end before the next begins"
        > "nothing is wrong with the image by this alone" ;
    1641 "ERROR_SUCCESS_REBOOT_INITIATED" Stated page::WIN32;
        "It worked; the computer is being restarted."
        | Stated "no failure"
        > "nothing is to be done" ;
    1726 "RPC_S_CALL_FAILED" Stated page::WIN32;
        "A call to another program failed."
        | Inferred "the program at the other end crashed; DISM's host, for one"
        > "look for its last words" "explain dism.log" ;
    3010 "ERROR_SUCCESS_REBOOT_REQUIRED" Stated page::WIN32;
        "It worked; a restart finishes it."
        | Stated "no failure: offline the first boot finishes it"
        > "nothing is to be done" ;
    3017 "ERROR_FAIL_REBOOT_REQUIRED" Stated PENDING;
        "It failed; a restart is needed to take back what was done."
        | Stated "earlier work is pending and cannot be finished"
        > "see what is pending" "cat IMAGE Windows/WinSxS/pending.xml"
        > "go back to the image from before that work" "verify FILE.wim" ;
    4390 "ERROR_NOT_A_REPARSE_POINT" Stated page::WIN32;
        "The file or folder is no link."
        | Recalled "a link of the image was lost when it was copied: Documents and Settings, for one"
        > "compare with the image that it was made from" "diff IMAGE GOOD --only files --metadata" ;
    6801 "ERROR_RM_NOT_ACTIVE" Recalled page::WIN32;
        "Transactions are not available."
        | Recalled "the transaction logs of the volume or of a hive are damaged"
        > "see which hives have logs that were not applied" "info IMAGE" ;
    6833 "ERROR_LOG_GROWTH_FAILED" Stated page::AZURE;
        "A transaction log is full and cannot grow."
        | Stated "the disk is full"
        > "make room, and look at the logs beside the hives" "dir IMAGE Windows/System32/config" ;
    14003 "ERROR_SXS_ASSEMBLY_NOT_FOUND" Stated page::WIN32;
        "A component is not installed."
        | Inferred "a program or driver needs a runtime that the image does not have"
        > "look for it" "dir IMAGE Windows/WinSxS" ;
    14028 "ERROR_SXS_FILE_HASH_MISMATCH" Stated page::FIX;
        "A file of a component is not the one that its manifest describes."
        | Stated "the file was changed or is damaged"
        > "see which: the log names it" "explain IMAGE Windows/Logs/CBS/CBS.log"
        > "put the right one back" "files put IMAGE GOOD PATH --dry-run" ;
    14081 "ERROR_SXS_ASSEMBLY_MISSING" Stated page::AZURE;
        "A component that is named is not there."
        | Stated "the component store lacks a package: an update was not installed whole"
        | Recalled "a language pack was removed half way"
        > "see which: the log names it" "explain IMAGE Windows/Logs/CBS/CBS.log"
        > "add the update that the version belongs to again, or begin with an image that was not serviced" ;
    14090 "ERROR_SXS_INVALID_IDENTITY_ATTRIBUTE_VALUE" Stated page::FIX;
        "A component's identity has a value that is not allowed."
        | Stated "the component store's registry is damaged"
        > "compare with an image of the same build" "registry diff IMAGE GOOD" ;
    14091 "ERROR_SXS_INVALID_IDENTITY_ATTRIBUTE_NAME" Stated page::FIX;
        "A component's identity has a field that is not allowed."
        | Stated "the component store's registry is damaged"
        > "compare with an image of the same build" "registry diff IMAGE GOOD" ;
    14093 "ERROR_SXS_IDENTITY_PARSE_ERROR" Stated page::FIX;
        "A component's identity cannot be read."
        | Stated "the component store's registry is damaged"
        > "compare with an image of the same build" "registry diff IMAGE GOOD" ;
    14098 "ERROR_SXS_COMPONENT_STORE_CORRUPT" Stated page::FIX;
        "The component store is damaged."
        | Stated "files or keys of it are missing, or do not go together"
        | Recalled "it was made smaller by hand: WinSxS or servicing\\Packages were thinned out"
        > "see what is damaged: the log names it" "explain IMAGE Windows/Logs/CBS/CBS.log"
        > "compare with an image of the same build" "diff IMAGE GOOD"
        > "begin with an image that was not serviced; on Windows `dism /Image:.. /Cleanup-Image /RestoreHealth /Source:..` mends some" ;
    14099 "ERROR_ADVANCED_INSTALLER_FAILED" Stated page::WIN32;
        "An installer inside a package failed."
        | Inferred "a service, task, driver or setting that the package changes is damaged"
        > "find the installer's own error above it" "explain IMAGE Windows/Logs/CBS/CBS.log" ;
    14107 "ERROR_SXS_TRANSACTION_CLOSURE_INCOMPLETE" Stated page::FIX;
        "Parts that have to be installed together are not all there."
        | Stated "the component store lacks a part of the update"
        > "see which: the log names it" "explain IMAGE Windows/Logs/CBS/CBS.log" ;
    15602 "ERROR_INSTALL_INVALID_PACKAGE" Stated page::WIN32;
        "The data of an app package are not valid."
        | Verified "sysprep says so of an app that one user has and the others do not: it must be removed before"
        > "see which app: the log names it" "explain IMAGE Windows/System32/Sysprep/Panther/setupact.log" ;
}
