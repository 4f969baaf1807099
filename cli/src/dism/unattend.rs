//! `/Apply-Unattend`: an answer file.
//!
//! DISM carries out the pass `offlineServicing` of the file there and then.
//! Its settings are carried out by parts of Windows, so a file that has some is
//! refused; of any other the settings wait for the first boot, and staging it
//! is what there is to do.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

use super::command::{Command, value, works};
use super::failure::{Failure, NOT_SUPPORTED};
use super::native::Native;
use super::session::{Done, Images, Session};
use crate::render::text::printable;

pub(super) const COMMANDS: &[Command] = &[works(
    "Apply-Unattend",
    apply,
    "generalize stage IMAGE --answer-file FILE",
    // As Windows 7 wrote it.
    &[value("Unattend")],
)
.on_image()
.takes_value()];

/// Bytes of an answer file at most: those of Setup have some ten thousand.
const MAX_FILE: u64 = 16 << 20;

#[derive(Deserialize)]
struct Staged {
    placed: Vec<String>,
    passes: Vec<String>,
}

fn apply(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let given = session.line.argument.clone().unwrap_or_default();
    let file = session.host(&given)?;
    if has_offline_pass(&file)? {
        let text = format!(
            "`{given}` has settings of the pass offlineServicing, which parts of Windows carry out"
        );
        return Err(Failure::new(NOT_SUPPORTED, text).hint(
            "drivers and packages in it are added with /Add-Driver and /Add-Package, values with \
             `wimwright registry set`; without that pass the file is staged for the first boot",
        ));
    }
    let native = Native::new(&["generalize", "stage"])
        .value("--answer-file", &file)
        .operand(session.image()?);
    let done: Done<Images<Staged>> = session.run(&native)?;
    let staged = done.document.only()?;
    for path in &staged.placed {
        let passes = staged.passes.join(", ");
        let line = format!("Placed {path} for the passes {passes}");
        session.say(&printable(&line))?;
    }
    Ok(())
}

/// Whether the file has anything in `<settings pass="offlineServicing">`, or a
/// `<servicing>` section, which belongs to that pass.
fn has_offline_pass(file: &Path) -> Result<bool, Failure> {
    let open = || {
        let mut bytes = Vec::new();
        let file = File::open(file)?;
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = open()
        .map_err(|error| anyhow::Error::from(error).context(format!("`{}`", file.display())))?;
    // UTF-16 files have a NUL beside every letter.
    let text: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
    let text = without_comments(&String::from_utf8_lossy(&text));
    let settings = text.split("<settings").skip(1).any(|section| {
        let (head, body) = section.split_once('>').unwrap_or((section, ""));
        let body = body.split("</settings").next().unwrap_or_default();
        head.contains("offlineServicing") && !head.ends_with('/') && body.contains("<component")
    });
    Ok(settings || text.contains("<servicing>"))
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once("-->").map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_that_are_there_count() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("unattend.xml");
        for (text, expected) in [
            (
                "<unattend><settings pass=\"specialize\"><component/></settings></unattend>",
                false,
            ),
            (
                "<settings pass=\"offlineServicing\"><component name=\"x\"/></settings>",
                true,
            ),
            ("<settings pass=\"offlineServicing\"></settings>", false),
            (
                "<!-- <settings pass=\"offlineServicing\"><component/></settings> -->",
                false,
            ),
            (
                "<settings pass=\"offlineServicing\"/><settings pass=\"oobeSystem\"><component/>",
                false,
            ),
            (
                "<unattend><servicing><package/></servicing></unattend>",
                true,
            ),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(has_offline_pass(&file).unwrap(), expected, "{text}");
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            std::fs::write(&file, wide).unwrap();
            assert_eq!(has_offline_pass(&file).unwrap(), expected, "UTF-16 {text}");
        }
    }
}
