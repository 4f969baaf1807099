//! The names in one directory, found without case.

use std::cmp::Ordering;

use crate::path::Name;

/// Names with something about each, in NT's order, those that differ only by
/// case by their bytes.
#[derive(Clone, Debug)]
pub(crate) struct Names<T> {
    entries: Vec<(Name, T)>,
}

fn spelling(left: &Name, right: &Name) -> Ordering {
    let (left_bytes, right_bytes) = (left.as_text().as_wtf8(), right.as_text().as_wtf8());
    left.cmp(right).then_with(|| left_bytes.cmp(right_bytes))
}

impl<T> Names<T> {
    /// The names in `entries`, which need no order.
    pub(crate) fn new(mut entries: Vec<(Name, T)>) -> Names<T> {
        // Keys made once: some directories of Windows hold 15,000 long names
        // that begin alike.
        entries.sort_by_cached_key(|(name, _)| {
            let folded: Vec<u16> = name.as_text().units().map(wimwright_hive::upcase).collect();
            (folded, name.as_text().clone())
        });
        Names { entries }
    }

    /// What `name` stands for: the exact spelling, else the first by bytes
    /// that is equal without case.
    pub(crate) fn find(&self, name: &Name) -> Option<(&Name, &T)> {
        let start = self.entries.partition_point(|(found, _)| found < name);
        let alike = self.entries.get(start..)?;
        let alike = alike.iter().take_while(|(found, _)| found == name);
        let mut first = None;
        for (found, value) in alike {
            if found.as_text() == name.as_text() {
                return Some((found, value));
            }
            first = first.or(Some((found, value)));
        }
        first
    }

    /// Puts exactly this spelling, in place of what it stood for.
    pub(crate) fn put(&mut self, name: &Name, value: T) {
        match self.position(name) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => self.entries.insert(at, (name.clone(), value)),
        }
    }

    /// Takes exactly this spelling out.
    pub(crate) fn remove(&mut self, name: &Name) {
        if let Ok(at) = self.position(name) {
            self.entries.remove(at);
        }
    }

    fn position(&self, name: &Name) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|(found, _)| spelling(found, name))
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, &T)> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    /// The groups of names that differ only by case.
    pub(crate) fn clashes(&self) -> impl Iterator<Item = Vec<Name>> {
        self.entries
            .chunk_by(|(left, _), (right, _)| left == right)
            .filter(|group| group.len() > 1)
            .map(|group| group.iter().map(|(name, _)| name.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn the_exact_spelling_wins_and_else_the_first_by_bytes() {
        let spelled = ["system", "b", "SYSTEM", "System", "A"];
        let names = Names::new(spelled.iter().map(|text| (name(text), *text)).collect());
        for (asked, found) in [
            ("System", Some("System")),
            ("system", Some("system")),
            ("sYSTEM", Some("SYSTEM")),
            ("B", Some("b")),
            ("c", None),
            ("", None),
        ] {
            let asked = Name::new(asked).unwrap_or(name("zz"));
            assert_eq!(
                names.find(&asked).map(|(_, value)| *value),
                found,
                "{asked}"
            );
        }
        let clashes: Vec<_> = names.clashes().collect();
        assert_eq!(clashes.len(), 1);
        assert_eq!(
            clashes[0].iter().map(Name::to_string).collect::<Vec<_>>(),
            ["SYSTEM", "System", "system"]
        );
    }

    #[test]
    fn names_are_put_and_removed_by_exact_spelling() {
        let mut names = Names::new(vec![(name("a"), 1), (name("C"), 2)]);
        names.put(&name("A"), 3);
        names.put(&name("b"), 4);
        names.put(&name("b"), 5);
        names.remove(&name("c"));
        names.remove(&name("a"));
        let all: Vec<_> = names
            .iter()
            .map(|(name, value)| (name.to_string(), *value))
            .collect();
        assert_eq!(
            all,
            [
                ("A".to_owned(), 3),
                ("b".to_owned(), 5),
                ("C".to_owned(), 2)
            ]
        );
    }
}
