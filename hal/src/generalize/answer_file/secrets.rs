//! Passwords and product keys in answer files: that they are there is told,
//! what they are is not.

use std::fmt;

/// What Windows writes over a password that it has used.
pub(super) const BLANKED: &str = "*SENSITIVE*DATA*DELETED*";

/// A product key of which the last five characters are shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked(String);

impl Masked {
    /// Keeps the last group of `key`; nothing of it where it is no key of five
    /// groups of five, for then it may be anything.
    pub fn of(key: &str) -> Masked {
        let groups: Vec<&str> = key.trim().split('-').collect();
        let is_group = |group: &&str| {
            group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let last = groups
            .last()
            .filter(|_| groups.len() == 5 && groups.iter().all(is_group));
        Masked(last.map_or_else(String::new, |last| last.to_ascii_uppercase()))
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            "" => f.write_str("(set, not shown)"),
            last => write!(f, "XXXXX-XXXXX-XXXXX-XXXXX-{last}"),
        }
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text of the image as it may be shown: of every product key in it, in
/// commands or logs, the last group stays.
pub(crate) fn without_keys(text: &str) -> String {
    /// A key: five groups of five with four signs between them.
    const LEN: usize = 29;
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(window) = bytes.get(at..at + LEN) {
        let groups = window
            .iter()
            .enumerate()
            .all(|(index, byte)| match index % 6 {
                5 => *byte == b'-',
                _ => byte.is_ascii_alphanumeric(),
            });
        let alone = !is_word(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !is_word(bytes.get(at + LEN));
        if !(groups && alone) {
            at += 1;
            continue;
        }
        // All of it is ASCII, so that both ends are ends of characters.
        out.push_str(text.get(kept..at).unwrap_or_default());
        out.push_str(&Masked::of(text.get(at..at + LEN).unwrap_or_default()).to_string());
        at += LEN;
        kept = at;
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    out
}

/// A password in an answer file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Where it stands: pass, component and setting, or section and key.
    pub place: String,
}

/// Whether a setting is a password by its name.
pub(super) fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("password") && !name.starts_with("encrypted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_the_last_group_is_shown_and_of_all_else_nothing() {
        let key = "ABCDE-FGHIJ-KLMNO-PQRST-uvw42";
        for text in [
            Masked::of(key).to_string(),
            format!("{:?}", Masked::of(key)),
        ] {
            assert_eq!(text, "XXXXX-XXXXX-XXXXX-XXXXX-UVW42");
        }
        for other in [
            "",
            "secret",
            "a-b-c-d-e",
            "ABCDE-FGHIJ-KLMNO-PQRST-UVW42-XXXXX",
        ] {
            assert_eq!(Masked::of(other).to_string(), "(set, not shown)");
        }
    }

    #[test]
    fn keys_inside_of_texts_are_masked_and_nothing_else() {
        let masked = "XXXXX-XXXXX-XXXXX-XXXXX-UVW42";
        let key = "abcde-fghij-klmno-pqrst-uvw42";
        for (text, shown) in [
            (key.to_owned(), masked.to_owned()),
            (
                format!("ü slmgr /ipk {key} ü"),
                format!("ü slmgr /ipk {masked} ü"),
            ),
            (format!("{key},{key}"), format!("{masked},{masked}")),
            (format!("x{key}"), format!("x{key}")),
            (format!("{key}9"), format!("{key}9")),
            (
                "{44d42aa2-dee4-4023-bea5-d2f166bbb42c}".to_owned(),
                "{44d42aa2-dee4-4023-bea5-d2f166bbb42c}".to_owned(),
            ),
            (String::new(), String::new()),
        ] {
            assert_eq!(without_keys(&text), shown);
        }
    }

    #[test]
    fn passwords_are_told_by_the_names_of_their_settings() {
        for name in [
            "Password",
            "AdministratorPassword",
            "MachinePassword",
            "DomainAdminPassword",
        ] {
            assert!(is_password(name), "{name}");
        }
        for name in [
            "EncryptedAdminPassword",
            "PasswordNeverExpires",
            "PlainText",
        ] {
            assert!(!is_password(name), "{name}");
        }
    }
}
