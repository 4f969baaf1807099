//! A command of wimwright, written as its own words and run in this process.
//!
//! So `dism` stands on what the words and the documents of the other commands
//! promise, and can show which of them does its work.

use std::ffi::{OsStr, OsString};

/// A command of wimwright in the making.
pub(super) struct Native {
    words: Vec<OsString>,
    operands: Vec<OsString>,
}

impl Native {
    /// The command itself: `["drivers", "add"]`.
    pub(super) fn new(command: &[&str]) -> Native {
        Native {
            words: command.iter().map(OsString::from).collect(),
            operands: Vec::new(),
        }
    }

    /// An image, a file, a name.
    pub(super) fn operand(mut self, operand: impl Into<OsString>) -> Native {
        self.operands.push(operand.into());
        self
    }

    /// `--name=value`.
    pub(super) fn value(mut self, name: &str, value: impl AsRef<OsStr>) -> Native {
        let mut word = OsString::from(name);
        word.push("=");
        word.push(value);
        self.words.push(word);
        self
    }

    /// The same where there is a value.
    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Native {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    /// `--name` where it is wanted.
    pub(super) fn flag(mut self, name: &str, wanted: bool) -> Native {
        if wanted {
            self.words.push(name.into());
        }
        self
    }

    /// The words, behind the program's name.
    pub(super) fn words(&self) -> Vec<OsString> {
        let mut words = self.words.clone();
        let dashes = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
        if self.operands.iter().any(dashes) {
            words.push("--".into());
        }
        words.extend(self.operands.iter().cloned());
        words
    }

    /// As one would type it.
    pub(super) fn typed(&self) -> String {
        let mut text = "wimwright".to_owned();
        for word in self.words() {
            let word = word.to_string_lossy();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
            text.push(' ');
            match !word.is_empty() && word.chars().all(plain) {
                true => text.push_str(&word),
                false => text.push_str(&format!("'{}'", word.replace('\'', r"'\''"))),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_a_dash_is_no_option() {
        let native = Native::new(&["drivers", "add"])
            .operand("-image")
            .operand("it's")
            .value("--name", "-x")
            .flag("--recurse", true)
            .flag("--force", false);
        let words: Vec<_> = native.words();
        let expected = [
            "drivers",
            "add",
            "--name=-x",
            "--recurse",
            "--",
            "-image",
            "it's",
        ];
        assert_eq!(words, expected);
        assert!(
            native.typed().ends_with(r"-- -image 'it'\''s'"),
            "{}",
            native.typed()
        );
    }
}
