//! SetupAPI, which installs drivers: `0xE000nnnn`, as HRESULTs `0x800Fnnnn`.
//!
//! Names are those of setupapi.h; \[MS-ERREF\] lists the same numbers as
//! `SPAPI_E_`.

use super::{codes, page};

codes! { SetupApi:
    0xE000_0000 "ERROR_EXPECTED_SECTION_NAME" Stated page::HRESULT;
        "The INF has a line that stands in no section."
        | Inferred "the file is no INF, or its encoding is not ANSI or UTF-16"
        > "see what is wrong, with line and column" "drivers lint PACKAGE" ;
    0xE000_0001 "ERROR_BAD_SECTION_NAME_LINE" Stated page::HRESULT;
        "A section name in the INF has no closing bracket, or is not alone on its line."
        | Stated "the INF is written wrong"
        > "see where" "drivers lint PACKAGE" ;
    0xE000_0003 "ERROR_GENERAL_SYNTAX" Stated page::HRESULT;
        "The INF is written wrong."
        | Inferred "quotes or percent signs that are not closed"
        > "see where" "drivers lint PACKAGE" ;
    0xE000_0100 "ERROR_WRONG_INF_STYLE" Stated page::HRESULT;
        "The INF is of another kind than was asked for."
        | Inferred "[Version] lacks its Signature"
        > "see what [Version] lacks" "drivers lint PACKAGE" ;
    0xE000_0101 "ERROR_SECTION_NOT_FOUND" Stated page::HRESULT;
        "The INF lacks a section that is needed."
        | Inferred "there is no models section for this architecture or version of Windows"
        | Inferred "a section that is named is not there"
        > "see which, and for what the INF has models" "drivers lint PACKAGE"
        > "see what the package offers" "drivers info PACKAGE" ;
    0xE000_0102 "ERROR_LINE_NOT_FOUND" Stated page::HRESULT;
        "The INF lacks a line that is needed."
        | Inferred "[Version] or [SourceDisksNames] is not complete"
        > "see which" "drivers lint PACKAGE" ;
    0xE000_0201 "ERROR_CLASS_MISMATCH" Stated page::HRESULT;
        "The INF is for another class of devices."
        | Inferred "Class and ClassGuid do not go together"
        > "see class and GUID" "drivers lint PACKAGE" ;
    0xE000_0203 "ERROR_NO_DRIVER_SELECTED" Stated page::HRESULT;
        "No driver was chosen for the device."
        | Inferred "none fits: the ids of the device and of the INF differ"
        > "see which driver of the image each device would take" "drivers match IMAGE --hardware HARDWARE" ;
    0xE000_020B "ERROR_NO_SUCH_DEVINST" Stated page::HRESULT;
        "There is no such device in the computer."
        | Stated "no device has the id that the driver was to be installed for"
        > "see which devices the computer has, and what they take" "drivers match IMAGE --hardware HARDWARE" ;
    0xE000_020E "ERROR_DI_DO_DEFAULT" Stated page::HRESULT;
        "A class installer left the work to Windows."
        | Stated "no failure: it stands in every log"
        > "look for another error in the section" "explain setupapi.dev.log" ;
    0xE000_0217 "ERROR_BAD_SERVICE_INSTALLSECT" Stated page::HRESULT;
        "A section that installs a service is not valid."
        | Inferred "ServiceType, StartType, ErrorControl or ServiceBinary is missing or wrong"
        > "see which" "drivers lint PACKAGE" ;
    0xE000_0219 "ERROR_NO_ASSOCIATED_SERVICE" Stated page::HRESULT;
        "The driver names no function driver for the device."
        | Inferred "AddService of the INF lacks the flag 2, or the whole .Services section"
        > "see the services that the INF adds" "drivers info PACKAGE" ;
    0xE000_0227 "ERROR_INVALID_COINSTALLER" Stated page::HRESULT;
        "A co-installer of the device is not valid."
        | Inferred "its DLL is missing or for another architecture"
        > "see which files are missing or of the wrong machine" "drivers lint PACKAGE" ;
    0xE000_0228 "ERROR_NO_COMPAT_DRIVERS" Stated page::HRESULT;
        "No driver fits the device."
        | Verified "the driver store has no package with one of its ids"
        | Verified "the package has the id, but not for this architecture or this build of Windows (NTamd64.10.0...build)"
        > "see what the image has for the computer, and which package of a folder would fit" "drivers match IMAGE --hardware HARDWARE --packages DIR"
        > "add it" "drivers add IMAGE PACKAGE --for HARDWARE" ;
    0xE000_022C "ERROR_INVALID_FILTER_DRIVER" Stated page::HRESULT;
        "A filter driver of the device is not valid."
        | Inferred "UpperFilters or LowerFilters names a service that is gone"
        > "see what would keep the computer from its disk" "boot predict IMAGE --hardware HARDWARE"
        > "look at the class's filters" "registry get IMAGE 'SYSTEM\\ControlSet001\\Control\\Class' -r" ;
    0xE000_022D "ERROR_NON_WINDOWS_NT_DRIVER" Stated page::HRESULT;
        "The driver is not for this Windows."
        | Inferred "it is for Windows 95 to Me"
        > "see for which Windows the INF has models" "drivers lint PACKAGE" ;
    0xE000_022F "ERROR_NO_CATALOG_FOR_OEM_INF" Stated page::HRESULT;
        "The INF names no catalog, or none is there."
        | Inferred "CatalogFile is missing in [Version], or the .cat file beside the INF"
        > "see what the package has" "drivers info PACKAGE" ;
    0xE000_0233 "ERROR_INVALID_TARGET" Stated page::HRESULT;
        "A file cannot be copied to where the INF wants it."
        | Inferred "a directory id that this Windows does not have"
        > "see which" "drivers lint PACKAGE" ;
    0xE000_0234 "ERROR_DRIVER_NONNATIVE" Stated page::HRESULT;
        "The driver is not for this platform."
        | Inferred "a 32-bit driver for 64-bit Windows, or the reverse"
        > "see the machine type of its files" "drivers info PACKAGE" ;
    0xE000_0235 "ERROR_IN_WOW64" Stated page::HRESULT;
        "A 32-bit program cannot do this on 64-bit Windows."
        | Stated "a 32-bit installer was used"
        > "offline no installer is needed" "drivers add IMAGE PACKAGE" ;
    0xE000_0237 "ERROR_INCORRECTLY_COPIED_INF" Stated page::HRESULT;
        "An INF was put into Windows\\INF by hand."
        | Stated "it was copied instead of installed"
        > "see what else is not in order" "drivers check IMAGE"
        > "add the package as it should be" "drivers add IMAGE PACKAGE" ;
    0xE000_023D "ERROR_INF_IN_USE_BY_DEVICES" Stated page::HRESULT;
        "A device uses the driver that is to be removed."
        | Stated "the image has seen a device that takes it"
        > "see what would be removed" "drivers remove IMAGE oem0.inf --dry-run" ;
    0xE000_023F "ERROR_NO_AUTHENTICODE_CATALOG" Stated page::HRESULT;
        "No signed catalog vouches for the file."
        | Inferred "the catalog is unsigned, or does not list the file"
        > "see signer and files" "drivers info PACKAGE" ;
    0xE000_0241 "ERROR_AUTHENTICODE_TRUSTED_PUBLISHER" Stated page::HRESULT;
        "The catalog is signed by a publisher who is trusted."
        | Stated "no failure"
        > "nothing is to be done" ;
    0xE000_0242 "ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED" Stated page::HRESULT;
        "The catalog is signed, but nobody has said yet that its publisher is trusted."
        | Stated "Windows would ask the user"
        | Verified "in the log it often stands before the user's yes, and is no failure then"
        > "see the signer" "drivers info PACKAGE"
        > "offline no question is asked" "drivers add IMAGE PACKAGE --dry-run" ;
    0xE000_0243 "ERROR_AUTHENTICODE_PUBLISHER_NOT_TRUSTED" Stated page::HRESULT;
        "The catalog is signed by a publisher who is not trusted."
        | Stated "policy or the user said no"
        > "see the signer" "drivers info PACKAGE" ;
    0xE000_0244 "ERROR_SIGNATURE_OSATTRIBUTE_MISMATCH" Stated page::HRESULT;
        "The driver was tested for another version of Windows."
        | Stated "the catalog's list of systems does not have this one"
        > "see what the catalog says" "drivers info PACKAGE" ;
    0xE000_0247 "ERROR_DRIVER_STORE_ADD_FAILED" Stated page::HRESULT;
        "The package could not be added to the driver store."
        | Verified "its signature did not pass: the line above says why (0x800B0100 none, 0x800B0109 unknown root)"
        | Recalled "a file that the INF names is missing"
        > "see what is wrong before Windows does" "drivers lint PACKAGE"
        > "see signer and catalog" "drivers info PACKAGE"
        > "see what adding it here would do" "drivers add IMAGE PACKAGE --dry-run" ;
    0xE000_0248 "ERROR_DEVICE_INSTALL_BLOCKED" Stated page::HRESULT;
        "Policy forbids to install this device."
        | Stated "a policy of device installation restrictions"
        > "see the policy" "registry get IMAGE 'SOFTWARE\\Policies\\Microsoft\\Windows\\DeviceInstall' -r" ;
    0xE000_024B "ERROR_FILE_HASH_NOT_IN_CATALOG" Stated page::HRESULT;
        "The catalog does not have the file's digest: it was changed, or is damaged."
        | Inferred "the INF was edited after the catalog was made"
        | Inferred "files of two versions of the package are mixed"
        > "see which file" "drivers info PACKAGE"
        > "get the package whole, or have the catalog made and signed anew" ;
}
