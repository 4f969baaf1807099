//! `.reg` files of the host: read before an image is asked anything.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wimwright_servicing::Draft;
use wimwright_servicing::registry::reg_file::{CodePage, MAX_REG_FILE, RegFile, RegFileOptions};

use crate::args::Reading;
use crate::refusal::Refusal;

/// A `.reg` file that was not parsed yet: that needs the image's code page.
pub(in crate::commands) struct GivenFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Reads the files that the words name; `-` is standard input.
pub(in crate::commands) fn read(files: &[PathBuf]) -> anyhow::Result<Vec<GivenFile>> {
    let read = files.iter().map(|path| {
        let named = || format!("`{}`", path.display());
        let bytes = match path.as_os_str() == "-" {
            true => whole(path, io::stdin().lock()),
            false => match File::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let path = path.clone();
                    return Err(Refusal::Missing { path }.into());
                }
                file => whole(path, file.with_context(named)?),
            },
        };
        Ok(GivenFile {
            path: path.clone(),
            bytes: bytes.with_context(named)?,
        })
    });
    read.collect()
}

fn whole(path: &Path, from: impl Read) -> anyhow::Result<Vec<u8>> {
    let max = MAX_REG_FILE;
    let mut bytes = Vec::new();
    from.take(max + 1).read_to_end(&mut bytes)?;
    let len = bytes.len() as u64;
    if len > max {
        let path = path.to_owned();
        return Err(Refusal::RegFileTooLong { path, len, max }.into());
    }
    Ok(bytes)
}

/// The code page of this number.
pub(super) fn code_page(number: &str) -> anyhow::Result<CodePage> {
    let page = CodePage::by_number(number).ok_or_else(|| Refusal::CodePage {
        number: number.to_owned(),
    })?;
    Ok(page)
}

/// Parses the files, as the image would read them.
pub(in crate::commands) fn parse(
    given: &[GivenFile],
    reading: &Reading,
    draft: &Draft,
) -> anyhow::Result<Vec<(String, RegFile)>> {
    let options = RegFileOptions {
        code_page: reading.code_page.as_deref().map(code_page).transpose()?,
        ansi: CodePage::of_image(draft)?,
        skip_bad_lines: reading.skip_bad_lines,
    };
    let parsed = given.iter().map(|given| {
        let name = given.path.display().to_string();
        let file = RegFile::parse(&given.bytes, &options).map_err(|source| Refusal::RegFile {
            path: given.path.clone(),
            source,
        })?;
        Ok((name, file))
    });
    parsed.collect()
}
