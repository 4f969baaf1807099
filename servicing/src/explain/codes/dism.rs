//! Mounting and unmounting by DISM and ImageX.
//!
//! Messages as DISM shows them in public reports; no page gives these numbers a
//! name.

use super::codes;

/// The message of 0xC1420114, as DISM shows it.
const NOT_EMPTY: &str = "https://github.com/ntdevlabs/tiny11builder/issues/235";
const STILL_OPEN: &str = "https://github.com/adavak/Win_ISO_Patching_Scripts/issues/5";
const ALREADY: &str = "https://github.com/pbatard/rufus/issues/2199";
const REMOVABLE: &str = "https://github.com/probonopd/Windows-11-on-Raspberry-Pi-5/issues/1";
const BEST: &str = "https://learn.microsoft.com/windows-hardware/manufacture/desktop/\
    deployment-image-servicing-and-management--dism--best-practices";

codes! { Hresult:
    0xC142_0113 "" Recalled BEST;
        "The directory already holds a mounted image."
        | Recalled "an earlier mount was not unmounted, or its program was ended"
        > "on Windows `dism /Get-MountedWimInfo` lists mounts, and `dism /Cleanup-Wim` clears dead ones"
        > "here nothing needs to be mounted" "dir FILE.wim:1" ;
    0xC142_0114 "" Verified NOT_EMPTY;
        "The directory to mount to is not empty."
        | Recalled "files were left over by an earlier mount or by hand"
        > "name an empty directory"
        > "here nothing needs to be mounted" "dir FILE.wim:1" ;
    0xC142_0117 "" Verified STILL_OPEN;
        "The directory could not be unmounted completely: something in it is still open."
        | Stated "a program has files in the mount directory open: a file manager, a shell, a virus scanner"
        | Recalled "a registry hive of the image is still loaded"
        > "on Windows close these and unmount once more; `reg unload` what was loaded"
        > "hives are edited here without loading them" "registry set IMAGE 'SOFTWARE\\KEY' NAME VALUE --dry-run" ;
    0xC142_011D "" Recalled BEST;
        "The mount is only partly there and can no longer be committed."
        | Recalled "an unmount was started and failed half way"
        > "on Windows `dism /Unmount-Image /Discard` lets go of it; make the changes again"
        > "changes made by wimwright are kept as plans, which can be applied again" "plan apply IMAGE PLAN.json" ;
    0xC142_0127 "" Verified ALREADY;
        "This image of the WIM file is mounted for writing already."
        | Recalled "an earlier mount was not unmounted, or was only thought to be"
        > "on Windows `dism /Get-MountedWimInfo` lists mounts, and `dism /Cleanup-Wim` clears dead ones"
        > "look at the mounts of wimwright" "mounts" ;
    0xC142_0134 "" Recalled REMOVABLE;
        "Images cannot be mounted to a removable disk."
        | Stated "the directory to mount to, or Setup's work folder, is on a removable disk"
        > "take a directory of a fixed disk"
        > "here nothing needs to be mounted" "dir FILE.wim:1" ;
}
