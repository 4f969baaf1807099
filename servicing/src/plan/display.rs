//! A plan as a person reviews it: by operation; values under their key and
//! attributes, times and the like under their file, with what was there before;
//! what it comes to; and how sure we are, where that is less than verified. One
//! basis that a whole operation has stands beside its name (`{:#}` shows the
//! section of the reference for every line).

use std::fmt;

use super::counts::Counts;
use super::{
    AttributeNames, Basis, Certainty, Change, Content, Expect, FileDetails, Plan, Recovered, State,
    Step, Subject, Times,
};
use crate::path::ImagePath;
use crate::registry::{HiveName, KeyPath};
use crate::time::iso;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = 0;
        for operation in &self.operations {
            // Operations may nest; the inner one has its steps already.
            let from = operation.from.max(shown);
            let steps = self.steps.get(from..operation.to).unwrap_or_default();
            shown = shown.max(operation.to);
            if !steps.is_empty() {
                write!(f, "{}", operation.name)?;
                let common = common_basis(steps).filter(|_| !f.alternate());
                if let Some(basis) = common {
                    write!(f, "  [{}, {}]", basis.certainty, basis.section)?;
                }
                writeln!(f)?;
                show(f, steps, common)?;
            }
        }
        if let Some(rest @ [_, ..]) = self.steps.get(shown..) {
            show(f, rest, None)?;
        }
        if !self.writes() {
            return writeln!(f, "nothing to change");
        }
        writeln!(f, "in all: {}", Counts::of(&self.steps))?;
        writeln!(f, "basis: {}", self.basis())
    }
}

pub(super) fn show_steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    show(f, steps, None)
}

/// What several steps rest on, where all rest on the same, and that is less
/// than verified.
fn common_basis(steps: &[Step]) -> Option<&Basis> {
    let mut writing = steps.iter().filter(|step| step.change.writes());
    let first = &writing.next()?.basis;
    let mut others = writing.peekable();
    others.peek()?;
    let same = others.all(|step| step.basis == *first);
    (same && first.certainty != Certainty::Verified).then_some(first)
}

/// What the lines that are set in stand below.
#[derive(PartialEq)]
enum Header {
    Key(HiveName, KeyPath),
    Path(ImagePath),
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Header::Key(hive, key) => write!(f, "{hive}\\{key}"),
            Header::Path(path) => write!(f, "{path}"),
        }
    }
}

/// Where a step stands: on a line of its own, or below what it is about, and
/// what it is called there.
fn place(subject: Subject) -> (Option<Header>, Option<String>) {
    match subject {
        Subject::Path(path) => (Some(Header::Path(path)), None),
        Subject::Key { hive, key } => (Some(Header::Key(hive, key)), None),
        Subject::Attributes(path) => (Some(Header::Path(path)), Some("attributes".to_owned())),
        Subject::Times(path) => (Some(Header::Path(path)), Some("times".to_owned())),
        Subject::Details(path) => (Some(Header::Path(path)), Some("details".to_owned())),
        Subject::KeySecurity { hive, key } => {
            (Some(Header::Key(hive, key)), Some("security".to_owned()))
        }
        Subject::Value { hive, key, name } => {
            let name = match name.is_empty() {
                true => "(default)".to_owned(),
                false => format!("\"{name}\""),
            };
            (Some(Header::Key(hive, key)), Some(name))
        }
        Subject::Hive(_) => (None, None),
    }
}

fn show(f: &mut fmt::Formatter<'_>, steps: &[Step], common: Option<&Basis>) -> fmt::Result {
    let mut header: Option<Header> = None;
    for step in steps.iter().filter(|step| step.change.writes()) {
        let subject = step.change.subject();
        match place(subject.clone()) {
            (Some(about), Some(name)) => {
                if header.as_ref() != Some(&about) {
                    writeln!(f, "    {about}")?;
                }
                write!(f, "      {} {name} = ", sign(step))?;
                show_new(f, step)?;
                header = Some(about);
            }
            (about, _) => {
                write!(f, "  {} {subject}", sign(step))?;
                show_whole(f, step)?;
                header = about;
            }
        }
        if common.is_none() {
            show_basis(f, &step.basis)?;
        }
        writeln!(f)?;
    }
    let already = steps.iter().filter(|step| !step.change.writes()).count();
    if already > 0 {
        writeln!(f, "    {already} already so, or relied on")?;
    }
    Ok(())
}

fn sign(step: &Step) -> char {
    match (&step.change, &step.expect) {
        (Change::Remove { .. } | Change::DeleteKey { .. } | Change::DeleteValue { .. }, _) => '-',
        (_, Expect::Absent) => '+',
        _ => '~',
    }
}

/// What is believed to be there now.
fn old(step: &Step) -> Option<&State> {
    match &step.expect {
        Expect::Exactly(state) => Some(state),
        _ => None,
    }
}

/// What a value, or what is known of a file or key, was and will be.
fn show_new(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    match (&step.change, old(step)) {
        (Change::SetValue { data, .. }, Some(State::Value(old))) => write!(f, "{old} -> {data}"),
        (Change::SetValue { data, .. }, _) => write!(f, "{data}"),
        (Change::DeleteValue { .. }, Some(State::Value(old))) => write!(f, "{old}"),
        (Change::SetAttributes { attributes, .. }, Some(State::Attributes(Some(old)))) => {
            let (old, new) = (AttributeNames(*old), AttributeNames(*attributes));
            write!(f, "{old} -> {new}")
        }
        (Change::SetAttributes { attributes, .. }, _) => {
            write!(f, "{}", AttributeNames(*attributes))
        }
        (Change::SetTimes { times, .. }, Some(State::Times(old))) => show_times(f, *old, *times),
        (Change::SetTimes { times, .. }, _) => write!(f, "{times}"),
        (Change::SetDetails { details, .. }, Some(State::Details(old))) => {
            show_details(f, old, details)
        }
        (Change::SetDetails { details, .. }, _) => write!(f, "{details}"),
        (Change::SetKeySecurity { descriptor, .. }, Some(State::Security(old))) => {
            write!(f, "{} bytes -> {} bytes", old.len(), descriptor.len())
        }
        (Change::SetKeySecurity { descriptor, .. }, _) => write!(f, "{} bytes", descriptor.len()),
        _ => f.write_str("whatever it is"),
    }
}

fn show_times(f: &mut fmt::Formatter<'_>, old: Times, new: Times) -> fmt::Result {
    let mut separator = "";
    for (name, old, new) in [
        ("created", old.created, new.created),
        ("accessed", old.accessed, new.accessed),
        ("written", old.written, new.written),
    ] {
        let Some(new) = new.filter(|new| old != Some(*new)) else {
            continue;
        };
        write!(f, "{separator}{name} ")?;
        if let Some(old) = old {
            write!(f, "{} -> ", iso(old))?;
        }
        write!(f, "{}", iso(new))?;
        separator = ", ";
    }
    Ok(())
}

/// Only what changes.
fn show_details(
    f: &mut fmt::Formatter<'_>,
    old: &FileDetails<crate::blob::ContentId>,
    new: &FileDetails<Content>,
) -> fmt::Result {
    let new = new.ids();
    let differ = FileDetails {
        security: new
            .security
            .filter(|new| old.security.as_ref() != Some(new)),
        short_name: new
            .short_name
            .filter(|new| old.short_name.as_ref() != Some(new)),
        streams: new.streams.filter(|new| old.streams.as_ref() != Some(new)),
        tagged: new.tagged.filter(|new| old.tagged.as_ref() != Some(new)),
        stored: new.stored.filter(|new| old.stored != Some(*new)),
    };
    let was = old.clone().only(&differ);
    write!(f, "{was} -> {differ}")
}

/// What stands behind the path of a file, or of a hive.
fn show_whole(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    match &step.change {
        Change::PutFile { content, .. } => {
            let len = content.id().len;
            match old(step) {
                Some(State::File(old)) => write!(f, "  {} -> {len} bytes", old.len)?,
                _ => write!(f, "  {len} bytes")?,
            }
            show_source(f, content)
        }
        Change::Remove { .. } => match old(step) {
            Some(State::File(old)) => write!(f, "  {} bytes", old.len),
            Some(State::Directory) => f.write_str("  a directory with all in it"),
            Some(State::Link) => f.write_str("  a link"),
            _ => Ok(()),
        },
        Change::MakeDirectory { .. } => f.write_str("  a directory"),
        Change::Rename { to, .. } => write!(f, " -> {to}"),
        Change::Link { to, .. } => write!(f, "  hard link to {to}"),
        Change::MakeLink { link, .. } => {
            let (tag, len) = (link.tag, link.data.len());
            match crate::tree::wim::reparse_target(tag, &link.data) {
                Some(target) => write!(f, "  a link to {target}"),
                None => write!(f, "  a reparse point of tag {tag:#010x}, {len} bytes"),
            }
        }
        Change::RecoverHive { how, .. } => match how {
            Recovered::Replayed { applied } => write!(f, "  log replayed: {applied}"),
            Recovered::AcceptedDirty => write!(f, "  accepted without its last changes"),
        },
        _ => Ok(()),
    }
}

/// Where content comes from, as far as that says anything: in a bundle it has
/// its SHA-1 for a name.
fn show_source(f: &mut fmt::Formatter<'_>, content: &Content) -> fmt::Result {
    match content {
        Content::Image { path, expand, .. } | Content::Source { path, expand, .. } => {
            let name = path.file_name();
            if name.is_some_and(|name| name.is(&content.id().sha1_hex())) {
                return Ok(());
            }
            let expanded = if expand.is_some() { ", expanded" } else { "" };
            write!(f, " from {path}{expanded}")
        }
        Content::Inline(_) => Ok(()),
    }
}

fn show_basis(f: &mut fmt::Formatter<'_>, basis: &Basis) -> fmt::Result {
    if f.alternate() || basis.certainty != Certainty::Verified {
        write!(f, "  [{}, {}]", basis.certainty, basis.section)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::ContentId;
    use crate::plan::Operation;
    use crate::registry::RegData;
    use crate::text::Text;
    use wimwright_hive::FileTime;

    fn step(change: Change, expect: Expect, basis: &Basis) -> Step {
        Step {
            change,
            expect,
            basis: basis.clone(),
        }
    }

    fn key() -> KeyPath {
        KeyPath::from("ControlSet001\\Services\\x")
    }

    fn set(name: &str, number: u32) -> Change {
        Change::SetValue {
            hive: HiveName::System,
            key: key(),
            name: Text::from(name),
            data: RegData::dword(number),
        }
    }

    fn operation(name: &str, to: usize) -> Operation {
        Operation {
            name: name.to_owned(),
            from: 0,
            to,
        }
    }

    #[test]
    fn values_stand_under_their_key_with_old_and_new_data() {
        let seen = Basis::verified("a 1");
        let concluded = Basis::inferred("a 2");
        let mut plan = Plan::new(FileTime(0));
        let was = Expect::Exactly(State::Value(RegData::dword(3)));
        let path = ImagePath::parse("Windows\\x.sys").unwrap();
        let content = Content::Inline(b"abc".to_vec());
        let put = Change::PutFile { path, content };
        let hive = HiveName::System;
        let fact = Subject::Hive(hive.clone());
        let create = Change::CreateKey { hive, key: key() };
        plan.steps = vec![
            step(put, Expect::Absent, &seen),
            step(create, Expect::Absent, &seen),
            step(set("Start", 0), was, &concluded),
            step(set("", 1), Expect::Absent, &seen),
            step(Change::Require { fact }, Expect::Present, &seen),
        ];
        plan.operations = vec![operation("inner", 5), operation("outer", 5)];
        assert_eq!(
            plan.to_string(),
            "inner\n  + Windows\\x.sys  3 bytes\n  + SYSTEM\\ControlSet001\\Services\\x\n      \
             ~ \"Start\" = REG_DWORD 3 (0x3) -> REG_DWORD 0 (0x0)  [inferred, a 2]\n      \
             + (default) = REG_DWORD 1 (0x1)\n    1 already so, or relied on\n\
             in all: 1 file put (3 bytes), 1 key created, 2 values set\n\
             basis: 3 verified, 0 stated, 0 recalled, 1 inferred\n"
        );
        assert!(format!("{plan:#}").contains("[verified, a 1]"));
    }

    #[test]
    fn a_file_is_told_with_what_it_was_and_all_that_is_set_of_it() {
        let path = || ImagePath::parse("Windows\\x.sys").unwrap();
        let stated = Basis::stated("b");
        let was = ContentId::of(b"older content");
        let id = ContentId::of(b"new");
        let in_bundle = ImagePath::parse(&format!("content\\{}", id.sha1_hex())).unwrap();
        let put = Change::PutFile {
            path: path(),
            content: Content::Source {
                source: 0,
                path: in_bundle,
                expand: None,
                id,
            },
        };
        let time = |seconds| crate::time::from_unix_seconds(seconds);
        let written = |seconds| Times {
            written: Some(time(seconds)),
            ..Times::default()
        };
        let security = Change::SetKeySecurity {
            hive: HiveName::System,
            key: key(),
            descriptor: vec![0; 40],
        };
        let short = |name: &str| FileDetails {
            short_name: Some(Text::from(name)),
            ..FileDetails::default()
        };
        let mut plan = Plan::new(FileTime(0));
        plan.steps = vec![
            step(put, Expect::Exactly(State::File(was)), &stated),
            step(
                Change::SetAttributes {
                    path: path(),
                    attributes: 0x21,
                },
                Expect::Exactly(State::Attributes(Some(0x20))),
                &stated,
            ),
            step(
                Change::SetTimes {
                    path: path(),
                    times: written(1_000_000_000),
                },
                Expect::Exactly(State::Times(written(0))),
                &stated,
            ),
            step(
                Change::SetDetails {
                    path: path(),
                    details: short("X~1"),
                },
                Expect::Exactly(State::Details(FileDetails {
                    short_name: Some(Text::default()),
                    ..FileDetails::default()
                })),
                &stated,
            ),
            step(
                security,
                Expect::Exactly(State::Security(vec![0; 36])),
                &stated,
            ),
        ];
        plan.operations = vec![operation("one", 5)];
        assert_eq!(
            plan.to_string(),
            "one  [stated, b]\n  ~ Windows\\x.sys  13 -> 3 bytes\n      \
             ~ attributes = archive -> readonly archive\n      \
             ~ times = written 1970-01-01T00:00:00Z -> 2001-09-09T01:46:40Z\n      \
             ~ details = no short name -> short name X~1\n    \
             SYSTEM\\ControlSet001\\Services\\x\n      ~ security = 36 bytes -> 40 bytes\n\
             in all: 1 file put (3 bytes), 3 settings of files, security of 1 key\n\
             basis: 0 verified, 5 stated, 0 recalled, 0 inferred\n"
        );
    }
}
