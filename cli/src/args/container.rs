//! The words of the commands for WIM files as containers.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use wimwright_servicing::container::{Compression, PackingChoice};

#[derive(Debug, Subcommand)]
pub(crate) enum ContainerCommand {
    /// Check a WIM file: structure, integrity table, and the SHA-1 of all content
    ///
    /// Exit code 0 means that the file is sound, 1 that something is wrong with it.
    Verify {
        /// The WIM file; of a split set its first part
        wim: PathBuf,
    },
    /// Copy images into a new WIM file, or add them to one that exists
    ///
    /// A file that does not exist is made; it is compressed as the source is, or as `--compress`
    /// says. A WIM file that exists gets the images added, in place, compressed as the others are;
    /// with `--force` a new file takes its place. Content is not compressed again where it need
    /// not be. An image whose name the destination has already is refused.
    Export {
        /// The images: FILE.wim:1, FILE.wim:NAME, FILE.wim:all; FILE.wim where it has only one
        image: PathBuf,
        /// The WIM file to make, or to add to
        wim: PathBuf,
        #[command(flatten)]
        repacking: Repacking,
        /// Mark the image as the bootable one; of several, that which is in the source
        #[arg(long)]
        boot: bool,
        /// Give the image another name
        #[arg(long)]
        name: Option<String>,
        /// Give it another description
        #[arg(long)]
        description: Option<String>,
        /// Replace the file that exists
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        checking: Checking,
    },
    /// Remove images from a WIM file, in place
    ///
    /// Those behind them move up. The file does not get shorter at once: what nothing uses any
    /// more is filled by what is added next, or given back by `optimize`. The last image stays.
    Delete {
        /// The images: FILE.wim:1, FILE.wim:NAME
        image: PathBuf,
        #[command(flatten)]
        checking: Checking,
    },
    /// Split a WIM file into parts for small media
    ///
    /// No content is cut: a part is larger where one file in it, or the metadata of all images in
    /// the first part, is. For FAT32, 4000 fits.
    Split {
        /// The WIM file
        wim: PathBuf,
        /// The first part; the others are numbered: OUT.swm, OUT2.swm, OUT3.swm
        #[arg(value_name = "OUT.swm")]
        first: PathBuf,
        /// Largest size of a part, in MiB; or with a unit: 700M, 4G
        #[arg(long, value_name = "SIZE", value_parser = mebibytes)]
        size: u64,
        /// Replace parts that exist
        #[arg(long)]
        force: bool,
    },
    /// Join the parts of a split WIM file
    Join {
        /// All parts, in any order
        #[arg(required = true, value_name = "PART")]
        parts: Vec<PathBuf>,
        /// The WIM file to make
        wim: PathBuf,
        /// Replace the file that exists
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        checking: Checking,
    },
    /// Write a WIM file anew without what nothing uses, compressed in another way if asked for
    ///
    /// The new file is written beside the old one, needs that space, and takes its place when it
    /// is complete. What is as it should be already stays untouched.
    Optimize {
        /// The WIM file
        wim: PathBuf,
        #[command(flatten)]
        repacking: Repacking,
        #[command(flatten)]
        checking: Checking,
    },
    /// Change the name, description and other properties of images, in place
    ///
    /// Empty text removes a property.
    Set {
        /// The images: FILE.wim:1, FILE.wim:NAME, FILE.wim:all; FILE.wim where it has only one
        image: PathBuf,
        /// The name
        #[arg(long)]
        name: Option<String>,
        /// The description
        #[arg(long)]
        description: Option<String>,
        /// The name that Windows Setup shows
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// The description that Windows Setup shows
        #[arg(long, value_name = "DESCRIPTION")]
        display_description: Option<String>,
        /// The edition id that Windows Setup wants: Professional
        #[arg(long)]
        flags: Option<String>,
        /// Mark the image as the bootable one
        #[arg(long)]
        boot: bool,
        /// Leave no image of the file bootable
        #[arg(long, conflicts_with = "boot")]
        no_boot: bool,
        #[command(flatten)]
        checking: Checking,
    },
}

/// How a file is packed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Packing {
    /// none, xpress (DISM's `fast`) or lzx (`max`)
    #[arg(long, value_name = "HOW")]
    compress: Option<Compression>,
    /// Bytes that are compressed at a time: 32K is what Windows reads everywhere
    #[arg(long, value_name = "SIZE", value_parser = chunk_size)]
    chunk_size: Option<u32>,
}

impl Packing {
    pub(crate) fn choice(self) -> PackingChoice {
        PackingChoice {
            compression: self.compress,
            chunk_size: self.chunk_size,
        }
    }
}

/// How a file that was packed before is packed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Repacking {
    #[command(flatten)]
    packing: Packing,
    /// Compress content again that is compressed so already
    #[arg(long)]
    pub(crate) recompress: bool,
}

impl Repacking {
    pub(crate) fn choice(self) -> PackingChoice {
        self.packing.choice()
    }
}

/// Whether a file has an integrity table.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Checking {
    /// Write an integrity table
    #[arg(long)]
    check: bool,
    /// Write no integrity table, though there was one
    #[arg(long, alias = "nocheck", conflicts_with = "check")]
    no_check: bool,
}

impl Checking {
    pub(crate) fn wanted(self) -> Option<bool> {
        match (self.check, self.no_check) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

/// A number of bytes with a unit, or of mebibytes without one.
pub(crate) fn mebibytes(text: &str) -> Result<u64, String> {
    size(text, 1 << 20)
}

/// A number of bytes, with a unit or without one.
fn chunk_size(text: &str) -> Result<u32, String> {
    let bytes = size(text, 1)?;
    u32::try_from(bytes).map_err(|_| format!("no chunk has {bytes} bytes"))
}

fn size(text: &str, without_unit: u64) -> Result<u64, String> {
    let upper = text.trim().to_ascii_uppercase();
    let digits = upper.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match upper.get(digits.len()..).unwrap_or_default() {
        "" => without_unit,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        unit => return Err(format!("`{unit}` is no unit: there are K, M and G")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("`{text}` is no size like 4000, 700M or 4G"))?;
    number
        .checked_mul(unit)
        .ok_or_else(|| format!("`{text}` is more than any file has"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("4000", Some(4000 << 20)),
            ("700M", Some(700 << 20)),
            ("4g", Some(4 << 30)),
            ("64KiB", Some(64 << 10)),
            ("0", Some(0)),
            ("", None),
            ("M", None),
            ("4T", None),
            ("-1", None),
            ("1.5G", None),
            ("99999999999999999999", None),
            ("18446744073709551615", None),
        ] {
            assert_eq!(mebibytes(text).ok(), expected, "{text}");
        }
        assert_eq!(chunk_size("32K"), Ok(32_768));
        assert!(chunk_size("8G").is_err());
    }
}
