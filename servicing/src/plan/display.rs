//! A plan as a person reviews it: by operation; values under their key, with
//! old and new data; and how sure we are, where that is less than verified
//! (`{:#}` shows the section of the reference for every line).

use std::fmt;

use super::{
    AttributeNames, Basis, Certainty, Change, Content, Expect, Plan, Recovered, State, Step,
    Subject,
};
use crate::registry::{HiveName, KeyPath};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = 0;
        for operation in &self.operations {
            // Operations may nest; the inner one has its steps already.
            let from = operation.from.max(shown);
            let steps = self.steps.get(from..operation.to).unwrap_or_default();
            shown = shown.max(operation.to);
            if !steps.is_empty() {
                writeln!(f, "{}", operation.name)?;
                show_steps(f, steps)?;
            }
        }
        if let Some(rest @ [_, ..]) = self.steps.get(shown..) {
            show_steps(f, rest)?;
        }
        if !self.writes() {
            return writeln!(f, "nothing to change");
        }
        writeln!(f, "basis: {}", self.basis())
    }
}

pub(super) fn show_steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    let mut header: Option<(HiveName, KeyPath)> = None;
    for step in steps.iter().filter(|step| step.change.writes()) {
        match step.change.subject() {
            Subject::Key { hive, key } => {
                write!(f, "  {} {hive}\\{key}", sign(step))?;
                header = Some((hive, key));
                show_basis(f, &step.basis)?;
            }
            Subject::Value { hive, key, name } => {
                let under = Some((hive, key));
                if header != under
                    && let Some((hive, key)) = &under
                {
                    writeln!(f, "    {hive}\\{key}")?;
                }
                header = under;
                match name.is_empty() {
                    true => write!(f, "      {} (default)", sign(step))?,
                    false => write!(f, "      {} \"{name}\"", sign(step))?,
                }
                show_value(f, step)?;
                show_basis(f, &step.basis)?;
            }
            subject => {
                write!(f, "  {} {subject}", sign(step))?;
                show_file(f, &step.change)?;
                show_basis(f, &step.basis)?;
                header = None;
            }
        }
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

fn show_value(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    let old = match &step.expect {
        Expect::Exactly(State::Value(old)) => Some(old),
        _ => None,
    };
    match (&step.change, old) {
        (Change::SetValue { data, .. }, Some(old)) => write!(f, " = {old} -> {data}"),
        (Change::SetValue { data, .. }, None) => write!(f, " = {data}"),
        (_, Some(old)) => write!(f, " = {old}"),
        (_, None) => Ok(()),
    }
}

fn show_file(f: &mut fmt::Formatter<'_>, change: &Change) -> fmt::Result {
    match change {
        Change::PutFile { content, .. } => {
            write!(f, "  {} bytes", content.id().len)?;
            match content {
                Content::Image { path, expand, .. } | Content::Source { path, expand, .. } => {
                    let expanded = if expand.is_some() { ", expanded" } else { "" };
                    write!(f, " from {path}{expanded}")
                }
                Content::Inline(_) => Ok(()),
            }
        }
        Change::Rename { to, .. } => write!(f, " -> {to}"),
        Change::Link { to, .. } => write!(f, "  hard link to {to}"),
        Change::SetAttributes { attributes, .. } => {
            write!(f, " = {}", AttributeNames(*attributes))
        }
        Change::SetTimes { times, .. } => write!(f, " = {times}"),
        Change::SetDetails { details, .. } => write!(f, " = {details}"),
        Change::MakeLink { link, .. } => {
            write!(
                f,
                "  a link: reparse tag {:#010x}, {} bytes",
                link.tag,
                link.data.len()
            )
        }
        Change::SetKeySecurity { descriptor, .. } => {
            write!(f, "  {} bytes", descriptor.len())
        }
        Change::RecoverHive { how, .. } => match how {
            Recovered::Replayed { applied } => write!(f, "  log replayed: {applied}"),
            Recovered::AcceptedDirty => write!(f, "  accepted without its last changes"),
        },
        _ => Ok(()),
    }
}

fn show_basis(f: &mut fmt::Formatter<'_>, basis: &Basis) -> fmt::Result {
    if f.alternate() || basis.certainty != Certainty::Verified {
        write!(f, "  [{}, {}]", basis.certainty, basis.section)?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ImagePath;
    use crate::plan::Operation;
    use crate::registry::RegData;
    use crate::text::Text;
    use wimwright_hive::FileTime;

    #[test]
    fn values_stand_under_their_key_with_old_and_new_data() {
        let key = || KeyPath::from("ControlSet001\\Services\\x");
        let hive = || HiveName::System;
        let set = |name: &str, number| Change::SetValue {
            hive: hive(),
            key: key(),
            name: Text::from(name),
            data: RegData::dword(number),
        };
        let seen = Basis::verified("a 1");
        let concluded = Basis::inferred("a 2");
        let step = |change, expect, basis: &Basis| Step {
            change,
            expect,
            basis: basis.clone(),
        };
        let mut plan = Plan::new(FileTime(0));
        let old = Expect::Exactly(State::Value(RegData::dword(3)));
        let path = ImagePath::parse("Windows\\x.sys").unwrap();
        let content = Content::Inline(b"abc".to_vec());
        let put = Change::PutFile { path, content };
        let fact = Subject::Hive(hive());
        plan.steps = vec![
            step(put, Expect::Absent, &seen),
            step(
                Change::CreateKey {
                    hive: hive(),
                    key: key(),
                },
                Expect::Absent,
                &seen,
            ),
            step(set("Start", 0), old, &concluded),
            step(set("", 1), Expect::Absent, &seen),
            step(Change::Require { fact }, Expect::Present, &seen),
        ];
        plan.operations = vec![
            Operation {
                name: "inner".to_owned(),
                from: 0,
                to: 5,
            },
            Operation {
                name: "outer".to_owned(),
                from: 0,
                to: 5,
            },
        ];
        assert_eq!(
            plan.to_string(),
            "inner\n  + Windows\\x.sys  3 bytes\n  + SYSTEM\\ControlSet001\\Services\\x\n      \
             ~ \"Start\" = REG_DWORD 3 (0x3) -> REG_DWORD 0 (0x0)  [inferred, a 2]\n      \
             + (default) = REG_DWORD 1 (0x1)\n    1 already so, or relied on\n\
             basis: 3 verified, 0 stated, 0 recalled, 1 inferred\n"
        );
        assert!(format!("{plan:#}").contains("[verified, a 1]"));
    }
}
