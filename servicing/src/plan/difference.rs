//! How two plans differ.

use std::collections::HashMap;
use std::fmt;

use super::display::show_steps;
use super::{Plan, Step, Subject};

/// What each of two plans does that the other does not. The order of steps,
/// facts that a plan only relies on, and what steps rest on do not count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanDifference {
    /// Steps about what only the first plan changes, in its order.
    pub only_first: Vec<Step>,
    /// Steps about what only the second plan changes, in its order.
    pub only_second: Vec<Step>,
    /// What both change, but otherwise: the first plan's last step about it,
    /// and the second's.
    pub other: Vec<(Step, Step)>,
}

/// Steps as a person reads them.
#[derive(Clone, Copy, Debug)]
pub struct StepList<'s>(pub &'s [Step]);

impl fmt::Display for StepList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_steps(f, self.0)
    }
}

impl PlanDifference {
    /// How `second` differs from `first`.
    pub fn between(first: &Plan, second: &Plan) -> PlanDifference {
        let (in_first, in_second) = (last_steps(first), last_steps(second));
        let mut difference = PlanDifference::default();
        for step in in_order(first, &in_first) {
            match in_second.get(&step.change.subject()) {
                None => difference.only_first.push(step.clone()),
                Some(other) if other.change != step.change || other.expect != step.expect => {
                    let pair = (step.clone(), (*other).clone());
                    difference.other.push(pair);
                }
                Some(_) => {}
            }
        }
        let only_second = in_order(second, &in_second)
            .filter(|step| !in_first.contains_key(&step.change.subject()));
        difference.only_second = only_second.cloned().collect();
        difference
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == PlanDifference::default()
    }
}

/// The last writing step about each thing: what is left in the end.
fn last_steps(plan: &Plan) -> HashMap<Subject, &Step> {
    let steps = plan.steps.iter().filter(|step| step.change.writes());
    steps.map(|step| (step.change.subject(), step)).collect()
}

fn in_order<'p>(
    plan: &'p Plan,
    last: &HashMap<Subject, &'p Step>,
) -> impl Iterator<Item = &'p Step> {
    let is_last = |step: &&Step| {
        let last = last.get(&step.change.subject());
        last.is_some_and(|last| std::ptr::eq(*last, *step))
    };
    plan.steps.iter().filter(is_last)
}

#[cfg(test)]
mod tests {
    use wimwright_hive::FileTime;

    use super::*;
    use crate::path::ImagePath;
    use crate::plan::{Basis, Change, Content, Expect, State};
    use crate::registry::{HiveName, KeyPath, RegData};
    use crate::text::Text;

    fn put(path: &str, bytes: &[u8]) -> Change {
        Change::PutFile {
            path: ImagePath::parse(path).unwrap(),
            content: Content::Inline(bytes.to_vec()),
        }
    }

    fn set(name: &str, number: u32) -> Change {
        Change::SetValue {
            hive: HiveName::System,
            key: KeyPath::from("Key"),
            name: Text::from(name),
            data: RegData::dword(number),
        }
    }

    fn plan(changes: &[Change]) -> Plan {
        let mut plan = Plan::new(FileTime(0));
        let steps = changes.iter().map(|change| Step {
            change: change.clone(),
            expect: Expect::Absent,
            basis: Basis::verified("test"),
        });
        plan.steps = steps.collect();
        plan
    }

    #[test]
    fn each_kind_of_difference_is_told_apart_and_detours_do_not_count() {
        let first = plan(&[put("a", b"1"), set("x", 1), set("x", 2), set("gone", 1)]);
        let mut second = plan(&[set("x", 2), put("A", b"2"), set("new", 1)]);
        let found = PlanDifference::between(&first, &second);
        assert_eq!(found.only_first, plan(&[set("gone", 1)]).steps);
        assert_eq!(found.only_second, plan(&[set("new", 1)]).steps);
        let [(one, other)] = found.other.as_slice() else {
            panic!("{:?}", found.other);
        };
        assert_eq!(
            (&one.change, &other.change),
            (&put("a", b"1"), &put("A", b"2"))
        );

        // What a value is believed to be now counts, too.
        assert!(PlanDifference::between(&second, &second).is_empty());
        let before = second.clone();
        if let Some(step) = second.steps.first_mut() {
            step.expect = Expect::Exactly(State::Value(RegData::dword(7)));
        }
        let found = PlanDifference::between(&before, &second);
        assert_eq!(found.other.len(), 1);
        let text = StepList(&second.steps).to_string();
        assert!(text.contains("(0x7) -> "), "{text}");
    }
}
