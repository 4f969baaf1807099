//! The words of `hal`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use wimwright_hal::HalType;

use super::Writing;

/// How computers are named, for the help of every verb.
const FILES: &str = "\
A FILE says what is known of one computer: /proc/cpuinfo, `acpidump` or a raw ACPI table, `mptable` or \
a raw MP table, `dmidecode`, `lspci -nnvk`, `devcon hwids *`, `pnputil /enum-devices /ids /format xml`, \
an MSInfo report, the settings of a virtual machine (`virsh dumpxml`, .vmx, .vbox, `VBoxManage \
showvminfo --machinereadable`, xl.cfg, Proxmox .conf, a QEMU command line), or a JSON profile; several \
of them in one file, one behind the other, are one computer. The name of a HAL class stands for a computer of that class: e_isa_up, acpipic_up, \
acpiapic_up, acpiapic_mp, mps_up, mps_mp.";

#[derive(Debug, Subcommand)]
pub(crate) enum HalCommands {
    /// The HAL of Windows 2000, XP and Server 2003 images: audit, set, target
    ///
    /// The HAL (hardware abstraction layer) is the part of Windows that talks to interrupt
    /// controllers and processors. These Windows install one of several, so that an image of them
    /// boots on some kinds of computers only.
    #[command(subcommand, arg_required_else_help = true)]
    Hal(HalCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum HalCommand {
    /// Say on which computers images boot, why not, and what to do
    ///
    /// Nothing is written. Without --target the images are judged against all six kinds of PC. Of a
    /// WIM file without an image behind a colon every image is audited. Exit code 0 means that
    /// every image boots on every target as it should, 1 that something has to be looked at.
    #[command(after_help = FILES)]
    Audit(AuditWords),
    /// Switch to the HAL for one processor, or for several
    ///
    /// Supported are the pairs acpiapic_up and acpiapic_mp, and mps_up and mps_mp. HAL, kernels and
    /// registry change in one step, from files of the level that is installed, or nothing does.
    Set {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// The HAL to switch to, like acpiapic_mp
        #[arg(value_parser = hal_type)]
        hal: HalType,
        /// Where the files are, instead of the image's driver cache: the i386 folder of media with
        /// the installed service pack, or a folder with the files themselves
        #[arg(long, value_name = "DIR")]
        source: Option<PathBuf>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Work out which HAL a computer needs
    #[command(after_help = FILES)]
    Target {
        /// Files, one a computer; this computer if none is given
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct AuditWords {
    /// The images: directories, WIM files, or `FILE.wim:2`
    #[arg(value_name = "IMAGE", required_unless_present = "list")]
    pub(crate) images: Vec<PathBuf>,
    /// The computers: files, one a computer, or HAL classes
    #[arg(long = "target", value_name = "FILE", num_args = 1..)]
    pub(crate) targets: Vec<PathBuf>,
    /// Write a page with a table of images and computers to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Replace the file that --html names
    #[arg(long, requires = "html")]
    pub(crate) force: bool,
    /// Leave a check out; may be given more than once
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// List the checks
    #[arg(long)]
    pub(crate) list: bool,
}

/// A HAL by its id.
pub(crate) fn hal_type(word: &str) -> Result<HalType, String> {
    HalType::from_id(word).ok_or_else(|| {
        let ids: Vec<&str> = HalType::ALL.into_iter().map(HalType::id).collect();
        format!("no HAL has this id: there are {}", ids.join(", "))
    })
}
