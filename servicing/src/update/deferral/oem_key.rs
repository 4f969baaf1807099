//! Signs that Windows will be activated with a key of the computer's maker.
//!
//! From Windows 8 on `SetupComplete.cmd` is not run then, except on Enterprise
//! editions and servers (Microsoft, Add a custom script to Windows Setup). Keys
//! themselves are never looked at, nor shown: only what Windows notes of the
//! channel that they came through.

use super::error::DeferError;
use crate::draft::Draft;
use crate::facts::{Generation, ImageFacts, ProductType};
use crate::finding::Finding;
use crate::registry::{HiveName, KeyPath};
use crate::tree::FileTree as _;

const NT: &str = "Microsoft\\Windows NT\\CurrentVersion";
/// Answer files that the first boot reads, below the Windows directory.
const ANSWER_FILES: [&str; 4] = [
    "Panther\\unattend.xml",
    "Panther\\Unattend\\unattend.xml",
    "Panther\\Unattend\\autounattend.xml",
    "System32\\Sysprep\\unattend.xml",
];
/// Largest answer file that is looked into, in bytes.
const MAX_ANSWER_FILE: u64 = 4 << 20;

/// What there is to say about an image whose packages wait for
/// `SetupComplete.cmd`.
pub(super) fn finding(draft: &Draft) -> Result<Option<Finding>, DeferError> {
    if !is_concerned(draft.facts()) {
        return Ok(None);
    }
    let rule = "Windows 8 and later do not run SetupComplete.cmd where a key of the computer's \
                maker activates them (Enterprise editions and servers excepted)";
    if let Some(evidence) = evidence(draft)? {
        return Ok(Some(Finding::warning(
            "oem-key-skips-script",
            format!(
                "{rule}, and {evidence}: the packages may then wait for ever; a volume licence \
                 key, or an answer file's FirstLogonCommands, avoids that"
            ),
        )));
    }
    Ok(Some(Finding::note(
        "oem-key-skips-script",
        format!("{rule}; nothing in the image says that one does"),
    )))
}

fn is_concerned(facts: &ImageFacts) -> bool {
    let edition = facts.edition.as_deref().unwrap_or_default();
    let edition = edition.to_ascii_lowercase();
    let excepted = edition.starts_with("enterprise")
        || edition.starts_with("server")
        || matches!(
            facts.product_type,
            Some(ProductType::Server | ProductType::DomainController)
        );
    facts.generation == Generation::DriverDatabase && !excepted
}

/// What says that the key is a maker's.
fn evidence(draft: &Draft) -> Result<Option<String>, DeferError> {
    let nt = KeyPath::from(NT);
    let id = draft.value(HiveName::Software, &nt, "ProductId")?;
    let id = id.and_then(|data| data.as_text()).unwrap_or_default();
    if id.to_ascii_uppercase().contains("OEM") {
        return Ok(Some(format!(
            "the product id in SOFTWARE\\{NT} is that of such a key"
        )));
    }
    for name in ["DigitalProductId4", "DigitalProductId"] {
        let data = draft.value(HiveName::Software, &nt, name)?;
        if data.is_some_and(|data| names_channel(&data.bytes)) {
            return Ok(Some(format!(
                "{name} in SOFTWARE\\{NT} names such a key's channel"
            )));
        }
    }
    for file in ANSWER_FILES {
        let path = draft.facts().windows.join(file)?;
        let Ok(Some(bytes)) = draft.read(&path, MAX_ANSWER_FILE) else {
            continue;
        };
        let (text, _, _) = encoding_rs::UTF_8.decode(&bytes);
        if text.contains("<ProductKey") {
            return Ok(Some(format!(
                "`{path}` has a product key, which may be one"
            )));
        }
    }
    Ok(None)
}

/// Whether the data hold the name of a maker's channel, like `OEM:DM`, in either
/// of the encodings that they have.
fn names_channel(data: &[u8]) -> bool {
    let narrow = b"OEM:";
    let wide: Vec<u8> = "OEM:".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let has = |wanted: &[u8]| data.windows(wanted.len()).any(|window| window == wanted);
    has(narrow) || has(&wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channel_is_found_in_either_encoding() {
        let wide: Vec<u8> = "xxOEM:DM"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(names_channel(&wide));
        assert!(names_channel(b"\x01OEM:SLP"));
        assert!(!names_channel(b"Retail"));
        assert!(!names_channel(b""));
    }
}
