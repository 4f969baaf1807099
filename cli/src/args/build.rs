//! The words of `build`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum BuildCommands {
    /// Do a whole job that a file describes: images, what is done to them, and the files that come
    /// out
    ///
    /// No source is changed. Every output is written beside its place and put there when all are
    /// complete. What is there already, made from the same, is left as it is: then headers and
    /// tables are read, and nothing is written. With SOURCE_DATE_EPOCH set, the same job gives the
    /// same files, byte for byte.
    Build(BuildWords),
}

#[derive(Args, Debug)]
pub(crate) struct BuildWords {
    /// The build file, in TOML; its paths are relative to its folder
    #[arg(value_name = "FILE.toml")]
    pub(crate) file: PathBuf,
    /// Build only this output; may be given more than once
    #[arg(long, value_name = "OUTPUT")]
    pub(crate) only: Vec<String>,
    /// Show what would be done to each image and about how large the files would be, and write
    /// nothing
    #[arg(long, help_heading = "Writing")]
    pub(crate) dry_run: bool,
    /// Replace files that no build left where outputs go, or that were changed since
    #[arg(long, help_heading = "Writing")]
    pub(crate) force: bool,
    /// Print the outputs of `[matrix]` as a list of jobs that an engine runs; each is one command
    /// that can be run again
    #[arg(long, requires = "engine", conflicts_with_all = ["only", "dry_run", "json"])]
    pub(crate) matrix: bool,
    /// For which engine: make, snakemake, slurm (an array script) or kubernetes (an Indexed Job)
    #[arg(long = "as", value_name = "ENGINE", requires = "matrix")]
    pub(crate) engine: Option<Engine>,
    /// Write the list of jobs to FILE; `--force` replaces one that is there
    #[arg(short, long, value_name = "FILE", requires = "matrix")]
    pub(crate) output: Option<PathBuf>,
}

/// What runs the jobs of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    Make,
    Snakemake,
    Slurm,
    Kubernetes,
}
