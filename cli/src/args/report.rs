//! The words of `report`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Say all that is known of an image: on one page, and as a bill of materials
    ///
    /// What the image is, whether it is thin, hybrid or thick, drivers with version, provider and
    /// signer, update packages and features with their states, programs, what starts with the
    /// kernel, whether it is generalized and what must not be cloned. What cannot be read is a
    /// finding. Product keys are never shown whole.
    ///
    /// A bill of materials (SBOM) lists drivers of third parties with checksums of their files,
    /// update packages and programs. Windows' own files are not in it. With `SOURCE_DATE_EPOCH` set
    /// the same image gives the same bytes.
    Report(ReportWords),
}

#[derive(Args, Debug)]
pub(crate) struct ReportWords {
    /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
    pub(crate) image: PathBuf,
    /// Write a page for a browser to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write a bill of materials to FILE: `NAME.spdx.json` is SPDX 2.3, `NAME.cdx.json` and
    /// `bom.json` are CycloneDX 1.6; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub(crate) sbom: Vec<PathBuf>,
    /// The format of bills of materials whose names do not tell it
    #[arg(long, value_name = "FORMAT", requires = "sbom")]
    pub(crate) sbom_format: Option<SbomFormat>,
    /// Trust the certificate in this file, in DER form, and whom it vouches for
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Vec<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

/// A format of bills of materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SbomFormat {
    /// SPDX 2.3, as JSON
    Spdx,
    /// CycloneDX 1.6, as JSON
    Cyclonedx,
}

impl SbomFormat {
    /// The one that the name of a file tells, as both formats ask for.
    pub(crate) fn of_name(name: &str) -> Option<SbomFormat> {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".spdx.json") {
            return Some(SbomFormat::Spdx);
        }
        (name.ends_with(".cdx.json") || name == "bom.json").then_some(SbomFormat::Cyclonedx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format_as_the_formats_ask_for() {
        for (name, format) in [
            ("w.spdx.json", Some(SbomFormat::Spdx)),
            ("W.SPDX.JSON", Some(SbomFormat::Spdx)),
            ("w.cdx.json", Some(SbomFormat::Cyclonedx)),
            ("bom.json", Some(SbomFormat::Cyclonedx)),
            ("my-bom.json", None),
            ("spdx.json", None),
            ("w.spdx", None),
        ] {
            assert_eq!(SbomFormat::of_name(name), format, "{name}");
        }
    }
}
