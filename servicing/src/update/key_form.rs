//! The names that components go by in the store, and the hashes in them.
//!
//! ```text
//! amd64_microsoft-windows-ucrt_31bf3856ad364e35_6.1.7601.18937_none_09d48c8c302d05ed
//! arch  name (cut at 40)       token            version        culture  identity hash
//! ```
//!
//! | name of | form | name cut at |
//! |---|---|---|
//! | folder in WinSxS, manifest, `DerivedData\Components` | arch_name_token_version_culture_hash | 40 |
//! | `CanonicalData\Deployments`, `c!` values | name_token_version_hash | 24 |
//! | `SideBySide\Winners` | arch_name_token_culture_hash without version | 40 |
//!
//! Facts: cbs, section 4, checked there on some 280 names from Vista to
//! Windows 11, and by this crate's tests on every name in real packages.

use super::identity::Identity;

/// `2^33 - 9`, the factor of both hashes.
const FACTOR: u64 = 0x1_FFFF_FFF7;

/// Characters of a file's name that its `f!` value keeps.
const FILE_VALUE_CUT: usize = 25;

/// Characters of package and update that a `p!`, `s!` or `i!` value keeps.
const PACKAGE_VALUE_CUT: usize = 60;

/// A text whose hash is not defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not ASCII, and the hash of other names is not known", .0.escape_debug())]
pub struct NotAscii(pub String);

/// The hash of one text, without case: four lanes of 32 bits, joined.
///
/// # Errors
/// [`NotAscii`].
pub fn string_hash(text: &str) -> Result<u64, NotAscii> {
    match text.is_ascii() {
        true => Ok(hash(text)),
        false => Err(NotAscii(text.to_owned())),
    }
}

fn hash(text: &str) -> u64 {
    let mut lanes = [0_u32; 4];
    for (index, byte) in text.bytes().enumerate() {
        let lane = &mut lanes[index % 4];
        *lane = lane
            .wrapping_mul(65599)
            .wrapping_add(u32::from(byte.to_ascii_lowercase()));
    }
    lanes.iter().fold(0, |joined: u64, lane| {
        joined.wrapping_mul(FACTOR).wrapping_add(u64::from(*lane))
    })
}

/// The hash of a whole identity.
pub fn identity_hash(identity: &Identity) -> u64 {
    attributes_hash(identity, true)
}

/// The hash of an identity without its version: one for all versions.
pub fn family_hash(identity: &Identity) -> u64 {
    attributes_hash(identity, false)
}

fn attributes_hash(identity: &Identity, with_version: bool) -> u64 {
    let version = identity.version.to_string();
    let given = |text: &str| match text.is_empty() {
        true => None,
        false => Some(text.to_owned()),
    };
    // The order is fixed. `culture` is what the XML calls `language`.
    let attributes = [
        ("name", given(&identity.name)),
        ("culture", given(&identity.culture)),
        ("type", identity.kind.clone()),
        ("version", Some(version).filter(|_| with_version)),
        ("publicKeyToken", given(&identity.public_key_token)),
        ("processorArchitecture", given(&identity.architecture)),
        ("versionScope", identity.version_scope.clone()),
    ];
    let mut joined: u64 = 0;
    for (name, value) in attributes {
        if let Some(value) = value {
            let part = hash(name).wrapping_mul(FACTOR).wrapping_add(hash(&value));
            joined = joined.wrapping_mul(FACTOR).wrapping_add(part);
        }
    }
    joined
}

/// The name of a component: of its folder, its manifest and its key.
pub fn component_name(identity: &Identity) -> String {
    let hash = identity_hash(identity);
    let parts = [
        identity.architecture.clone(),
        cut(&identity.name, 40),
        identity.public_key_token.clone(),
        identity.version.to_string(),
        culture(identity),
        format!("{hash:016x}"),
    ];
    parts.join("_").to_ascii_lowercase()
}

/// The name of a deployment: of its key, and in `c!` values.
pub fn deployment_name(identity: &Identity) -> String {
    let hash = identity_hash(identity);
    let parts = [
        cut(&identity.name, 24),
        identity.public_key_token.clone(),
        identity.version.to_string(),
        format!("{hash:016x}"),
    ];
    parts.join("_").to_ascii_lowercase()
}

/// The name of the key that says which version of a component is in use.
pub fn winners_name(identity: &Identity) -> String {
    let hash = family_hash(identity);
    let parts = [
        identity.architecture.clone(),
        cut(&identity.name, 40),
        identity.public_key_token.clone(),
        culture(identity),
        format!("{hash:016x}"),
    ];
    parts.join("_").to_ascii_lowercase()
}

/// The name of the value of a component's key that stands for one of its
/// files.
///
/// # Errors
/// [`NotAscii`] for a long name with other characters.
pub fn file_value_name(file: &str) -> Result<String, NotAscii> {
    Ok(format!("f!{}", truncated(file, FILE_VALUE_CUT)?))
}

/// What a package has to do with a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackageMark {
    /// `p!`: it must stay.
    Pinned,
    /// `s!`: staged by that package.
    Staged,
    /// `i!`: installed by that package.
    Installed,
}

impl PackageMark {
    /// The letter in front of the value's name.
    pub fn letter(self) -> char {
        match self {
            PackageMark::Pinned => 'p',
            PackageMark::Staged => 's',
            PackageMark::Installed => 'i',
        }
    }
}

/// The name of the value of a deployment's key that stands for an update of a
/// package.
///
/// # Errors
/// [`NotAscii`].
pub fn package_value_name(
    mark: PackageMark,
    package: &Identity,
    update: &str,
) -> Result<String, NotAscii> {
    let whole = format!("{package}.{update}").to_ascii_lowercase();
    let name = truncated(&whole, PACKAGE_VALUE_CUT)?;
    Ok(format!("{}!CBS_{name}", mark.letter()))
}

/// A text as it is where it is short; else its start and its hash.
fn truncated(text: &str, most: usize) -> Result<String, NotAscii> {
    if text.chars().count() <= most {
        return Ok(text.to_owned());
    }
    let hash = string_hash(text)?;
    let start: String = text.chars().take(most).collect();
    Ok(format!("{start}_{hash:016x}"))
}

fn culture(identity: &Identity) -> String {
    match identity.culture.is_empty() {
        true => "none".to_owned(),
        false => cut(&identity.culture, 8),
    }
}

/// A name with the characters that names of keys and files keep, its middle
/// cut out where it is longer than `most`.
fn cut(name: &str, most: usize) -> String {
    let kept: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .collect();
    if kept.len() <= most {
        return kept;
    }
    let half = most / 2 - 1;
    // All ASCII, so that bytes are characters.
    let start = kept.get(..half).unwrap_or_default();
    let end = kept.get(kept.len() - half..).unwrap_or_default();
    format!("{start}..{end}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn names_as_they_stand_in_public_images() {
        // WinSxS folder of the servicing stack of Windows 10 2004, and the
        // Winners key of all its versions.
        let mut stack = Identity::from_package_name(
            "microsoft-windows-servicingstack~31bf3856ad364e35~amd64~~10.0.19041.1",
        )
        .unwrap();
        stack.version_scope = Some("nonSxS".to_owned());
        assert_eq!(
            component_name(&stack),
            "amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.19041.1_none_bf506ecc66a800df"
        );
        assert_eq!(
            winners_name(&stack),
            "amd64_microsoft-windows-servicingstack_31bf3856ad364e35_none_4a207b402ad93a1c"
        );
    }

    #[test]
    fn a_short_value_name_is_left_whole_and_a_long_one_hashed() {
        assert_eq!(file_value_name("ucrtbase.dll").unwrap(), "f!ucrtbase.dll");
        assert_eq!(
            file_value_name("proactive-telemetry-events.js").unwrap(),
            "f!proactive-telemetry-event_8ac43a41e5030538"
        );
        assert!(file_value_name(&"ü".repeat(26)).is_err());
        assert_eq!(string_hash(""), Ok(0));
    }

    #[test]
    fn a_name_is_cut_only_above_its_limit() {
        let name = "abcdefghijklmnopqrstuvwxyz0123456789abcd";
        assert_eq!(cut(name, 40), name);
        assert_eq!(
            cut("abcdefghijklmnopqrstuvwxyz0123456789abcde", 40),
            "abcdefghijklmnopqrs..wxyz0123456789abcde"
        );
        assert_eq!(cut("a b(c)", 40), "abc");
    }
}
