//! What the user should know of a captured tree.
//!
//! A tree may hold a hundred thousand of the same oddity: of each kind the
//! first are named, and the rest are counted.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;

use crate::finding::{Finding, Severity};
use crate::path::{ImagePath, PathError};

/// Findings of one kind that are named.
const NAMED: u64 = 10;

/// Findings, collected while a tree is listed.
#[derive(Debug, Default)]
pub(super) struct Notes {
    findings: Vec<Finding>,
    counts: BTreeMap<&'static str, (u64, Option<Severity>)>,
    /// Entries that the lists leave out.
    pub(super) excluded: u64,
    /// Entries that could not be captured.
    pub(super) lost: u64,
}

impl Notes {
    fn add(&mut self, finding: Finding) {
        let (count, severity) = self.counts.entry(finding.name).or_default();
        *count += 1;
        *severity = Some(finding.severity);
        if *count <= NAMED {
            self.findings.push(finding);
        }
    }

    /// All of them, those not named as numbers.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        for (name, (count, severity)) in self.counts {
            let more = count.saturating_sub(NAMED);
            if let (Some(severity), true) = (severity, more > 0) {
                self.findings.push(Finding {
                    name,
                    severity,
                    message: format!("the same of {more} more"),
                });
            }
        }
        self.findings
    }

    pub(super) fn no_windows_name(&mut self, directory: &ImagePath, name: &OsStr) {
        self.lost += 1;
        self.add(Finding::warning(
            "name-not-of-windows",
            format!(
                "`{directory}` holds {name:?}, which is no name that Windows can have: it is not \
                 captured"
            ),
        ));
    }

    pub(super) fn odd_name(&mut self, directory: &ImagePath, name: &OsString, reason: &PathError) {
        self.add(Finding::warning(
            "name-odd-for-windows",
            format!("`{directory}`: {reason}: Windows may refuse to apply {name:?}"),
        ));
    }

    pub(super) fn names_differ_by_case(&mut self, directory: &ImagePath, names: &[&OsStr]) {
        let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        self.add(Finding::warning(
            "names-differ-by-case",
            format!(
                "`{directory}` holds {}: all are captured, and Windows sees one of them",
                names.join(" and ")
            ),
        ));
    }

    pub(super) fn special(&mut self, path: &ImagePath, what: &str) {
        self.add(Finding::warning(
            "special-file",
            format!("`{path}` is {what}, which Windows does not have: it is not captured"),
        ));
    }

    pub(super) fn output_in_tree(&mut self, path: &ImagePath) {
        self.add(Finding::note(
            "output-in-tree",
            format!("`{path}` is the WIM file itself: it is not captured"),
        ));
    }

    pub(super) fn unfinished_apply(&mut self) {
        self.add(Finding::warning(
            "apply-unfinished",
            "an image was applied to this tree, and that did not come to its end: files may be \
             missing, and what their metadata was is not known",
        ));
    }

    pub(super) fn link_target(&mut self, path: &ImagePath, target: &OsStr) {
        self.lost += 1;
        self.add(Finding::warning(
            "link-not-of-windows",
            format!("`{path}` leads to {target:?}, which Windows cannot name: it is not captured"),
        ));
    }

    pub(super) fn no_security(&mut self, path: &ImagePath, error: &io::Error) {
        self.add(Finding::warning(
            "security-unreadable",
            format!(
                "the security of `{path}` cannot be read from its volume, and is left out: {error}"
            ),
        ));
    }

    pub(super) fn security_not_inherited(
        &mut self,
        path: &ImagePath,
        error: &dyn std::error::Error,
    ) {
        self.add(Finding::warning(
            "security-not-inherited",
            format!(
                "`{path}` is new and gets no security: that of its directory is damaged: {error}"
            ),
        ));
    }

    pub(super) fn stream_lost(&mut self, path: &ImagePath, stream: &str) {
        self.lost += 1;
        self.add(Finding::warning(
            "stream-lost",
            format!("stream `{stream}` of `{path}` was not there when the image was applied: it is not captured"),
        ));
    }

    pub(super) fn extended_attributes(&mut self, path: &ImagePath) {
        self.add(Finding::note(
            "extended-attributes",
            format!("`{path}` has extended attributes (EA), which are not captured"),
        ));
    }

    pub(super) fn short_name_unknown(&mut self, path: &ImagePath) {
        self.add(Finding::note(
            "short-name-unknown",
            format!(
                "`{path}` has hard links, and of such files ntfs-3g does not tell the short name: \
                 it is captured without one"
            ),
        ));
    }

    pub(super) fn encrypted(&mut self, path: &ImagePath) {
        self.lost += 1;
        self.add(Finding::warning(
            "encrypted",
            format!("`{path}` is encrypted (EFS), and its volume's driver does not give it out: it is not captured"),
        ));
    }

    pub(super) fn content_out_of_reach(&mut self, path: &ImagePath, tag: u32) {
        self.lost += 1;
        self.add(Finding::warning(
            "reparse-point-content",
            format!(
                "`{path}` is a reparse point with the tag {tag:#010x}: it is captured without \
                 content, which its volume's driver does not give out"
            ),
        ));
    }

    pub(super) fn nothing_captured(&mut self) {
        self.add(Finding::warning(
            "nothing-captured",
            "the image holds nothing but its root directory",
        ));
    }

    pub(super) fn windows_unknown(&mut self, error: &dyn std::error::Error) {
        let mut message =
            format!("what Windows it is cannot be told, and is left out of the XML data: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        self.add(Finding::warning("windows-unknown", message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_a_kind_are_counted() {
        let mut notes = Notes::default();
        for number in 0..25 {
            let path = ImagePath::parse(&format!("dev\\tty{number}")).unwrap();
            notes.special(&path, "a device");
        }
        notes.no_windows_name(&ImagePath::root(), OsStr::new("a\\b"));
        assert_eq!(notes.lost, 1);
        let findings = notes.into_findings();
        assert_eq!(findings.len(), 12);
        assert!(findings[9].message.contains("tty9"));
        let last = findings.last().unwrap();
        assert_eq!(
            (last.name, last.severity),
            ("special-file", Severity::Warning)
        );
        assert_eq!(last.message, "the same of 15 more");
    }
}
