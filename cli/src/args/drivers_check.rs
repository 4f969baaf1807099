//! The words of `drivers check`.

use std::path::PathBuf;

use clap::{Arg, Subcommand};

use super::Writing;

/// Commands on the state of the driver store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Look for faults in the driver store of an image, and mend them
    ///
    /// Is every driver whole: its entries in the registry, its folder, INF and catalog, its index,
    /// its services and their files? Are there leftovers of other tools? Each fault is told with
    /// where it is, what it does, and what mends it. Exit code 1 means that something is wrong;
    /// notes alone do not count.
    #[command(mut_args(with_repair_only))]
    Check {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Mend what can be mended from what the image itself holds, in one commit
        #[arg(long)]
        repair: bool,
        /// With --repair: remove third parties' drivers of which only entries are left
        ///
        /// Drivers that the image may need to boot stay all the same.
        #[arg(long, requires = "repair")]
        remove_lost: bool,
        #[command(flatten)]
        writing: Writing,
    },
}

/// Words about writing mean nothing where nothing is written.
fn with_repair_only(arg: Arg) -> Arg {
    match arg.get_help_heading() {
        Some("Writing") => arg.requires("repair"),
        _ => arg,
    }
}
