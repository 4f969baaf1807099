//! The words of `explain`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ExplainCommands {
    /// Explain an error code, a log of Windows, or a check
    ///
    /// A code is written as it was met: `0x800f081e`, `800f081e`, `-2146498530`, `1168`,
    /// `STOP 0x7B`, `0xC1900101 - 0x20017`, `CBS_E_NOT_APPLICABLE`; `exit 4` is one of wimwright's
    /// own exit codes. What failed is said in words, then the usual causes, what to do offline, the
    /// source, and how sure it is.
    ///
    /// A log is a file, `-` for standard input, or an image and a path in it: dism.log, CBS.log,
    /// setupapi.dev.log, setupapi.log of Windows XP, setupact.log, setuperr.log. It is told by
    /// content and read in one pass, however large. Exit code 1 means that it tells of failures.
    ///
    /// A check is what stands in brackets behind a finding of `hal audit`, `boot predict`,
    /// `drivers check` or `drivers lint`, or a leftover of `generalize report`.
    #[command(override_usage = "wimwright explain CODE|LOGFILE|CHECK\n       \
                                wimwright explain IMAGE PATH")]
    Explain(ExplainWords),
}

#[derive(Args, Debug)]
pub(crate) struct ExplainWords {
    /// A code, a log file or a check; or an image and the path of a log in it
    #[arg(value_name = "WORD", required = true, num_args = 1.., allow_negative_numbers = true)]
    pub(crate) words: Vec<OsString>,
}
