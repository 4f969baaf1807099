//! The keys and values of two hives, walked in step.
//!
//! Hives are compared by what they say: names (without case; another spelling
//! is a difference of its own), class names, flags, types and data, and
//! security where asked for. Where cells lie, the order of values, times of
//! last write and what a running system keeps in a key (access bits, volatile
//! subkeys) say nothing.

use std::cmp::Ordering;

use wimwright_hive::{Error as HiveError, Hive, Key, KeyFlags, Name, Value};

use crate::registry::{KeyPath, RegData};
use crate::text::Text;

/// How two hives differ at a key or a value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// Only the second hive has the key; what is below it is told as well.
    KeyAdded,
    /// Only the first hive has the key; what is below it is told as well.
    KeyRemoved,
    /// The key's own name in another case.
    KeySpelling {
        /// In the first hive.
        old: Text,
        /// In the second.
        new: Text,
    },
    /// Another class name.
    ClassChanged {
        /// In the first hive; `None` where it has none.
        old: Option<Text>,
        /// In the second.
        new: Option<Text>,
    },
    /// Other flags, without those that only say how the key is stored.
    FlagsChanged {
        /// In the first hive.
        old: KeyFlags,
        /// In the second.
        new: KeyFlags,
    },
    /// Another security descriptor; only when asked for.
    SecurityChanged {
        /// The first hive's, self-relative.
        old: Vec<u8>,
        /// The second's.
        new: Vec<u8>,
    },
    /// Only the second hive has the value.
    ValueAdded {
        /// Its name; empty for the key's default value.
        name: Text,
        /// What it holds.
        data: RegData,
    },
    /// Only the first hive has the value.
    ValueRemoved {
        /// Its name; empty for the key's default value.
        name: Text,
        /// What it held.
        data: RegData,
    },
    /// Another type, other data, or both.
    ValueChanged {
        /// Its name, as the first hive spells it.
        name: Text,
        /// What the first hive says.
        old: RegData,
        /// What the second says.
        new: RegData,
    },
    /// The value's name in another case.
    ValueSpelling {
        /// In the first hive.
        old: Text,
        /// In the second.
        new: Text,
    },
}

/// A difference of two hives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDifference {
    /// The key, as the first hive spells it, else as the second does.
    pub key: KeyPath,
    /// What differs.
    pub change: KeyChange,
}

/// Compares all keys and values of two hives. The differences stand in the
/// registry's order of keys, those of a key before those below it.
///
/// # Errors
/// When a record is damaged: not to be expected once the hives are open.
pub fn keys(a: &Hive, b: &Hive, security: bool) -> Result<Vec<KeyDifference>, HiveError> {
    let mut walk = Walk {
        security,
        path: Vec::new(),
        found: Vec::new(),
    };
    // The root keys stand for the hives: their names are never looked up.
    walk.both(a.root(), b.root())?;
    Ok(walk.found)
}

/// Numbers of keys and values at and below `key`.
///
/// # Errors
/// As [`keys`].
pub(super) fn count(key: Key<'_>) -> Result<(usize, usize), HiveError> {
    let (mut keys, mut values) = (0, 0);
    let mut open = vec![key];
    while let Some(key) = open.pop() {
        keys += 1;
        values += key.values()?.count();
        for below in key.subkeys()? {
            open.push(below?);
        }
    }
    Ok((keys, values))
}

struct Walk {
    security: bool,
    /// The key that is looked at, as the first hive spells it.
    path: Vec<u16>,
    found: Vec<KeyDifference>,
}

/// Flags that say how a key is stored: tools other than Windows leave out the
/// root's, and a name is Latin-1 wherever it can be.
const OF_STORAGE: u16 = KeyFlags::ROOT.0 | KeyFlags::LATIN1_NAME.0;

impl Walk {
    // Keys nest at most 512 deep (Windows' limit; a hive's check holds it).
    fn both(&mut self, old: Key<'_>, new: Key<'_>) -> Result<(), HiveError> {
        self.about_key(old, new)?;
        for values in in_step(values(old)?, values(new)?) {
            match values {
                InStep::Old((name, value)) => {
                    let (name, data) = (text(name), data(value)?);
                    self.tell(KeyChange::ValueRemoved { name, data });
                }
                InStep::New((name, value)) => {
                    let (name, data) = (text(name), data(value)?);
                    self.tell(KeyChange::ValueAdded { name, data });
                }
                InStep::Both(old, new) => self.value(old, new)?,
            }
        }
        for keys in in_step(subkeys(old)?, subkeys(new)?) {
            match keys {
                InStep::Old((name, key)) => self.at(name, |walk| walk.lone(key, true))?,
                InStep::New((name, key)) => self.at(name, |walk| walk.lone(key, false))?,
                InStep::Both((spelled, old), (now, new)) => self.at(spelled, |walk| {
                    if !spelled.units().eq(now.units()) {
                        walk.tell(KeyChange::KeySpelling {
                            old: text(spelled),
                            new: text(now),
                        });
                    }
                    walk.both(old, new)
                })?,
            }
        }
        Ok(())
    }

    /// Something, with all below it, that only one hive has.
    fn lone(&mut self, key: Key<'_>, removed: bool) -> Result<(), HiveError> {
        self.tell(match removed {
            true => KeyChange::KeyRemoved,
            false => KeyChange::KeyAdded,
        });
        for (name, value) in sorted(values(key)?) {
            let (name, data) = (text(name), data(value)?);
            self.tell(match removed {
                true => KeyChange::ValueRemoved { name, data },
                false => KeyChange::ValueAdded { name, data },
            });
        }
        for (name, below) in sorted(subkeys(key)?) {
            self.at(name, |walk| walk.lone(below, removed))?;
        }
        Ok(())
    }

    fn about_key(&mut self, old: Key<'_>, new: Key<'_>) -> Result<(), HiveError> {
        let class = |key: Key<'_>| Ok(key.class_name()?.map(text));
        let (was, is) = (class(old)?, class(new)?);
        if was != is {
            self.tell(KeyChange::ClassChanged { old: was, new: is });
        }
        let flags = |key: Key<'_>| KeyFlags(key.flags().0 & !OF_STORAGE);
        let (was, is) = (flags(old), flags(new));
        if was != is {
            self.tell(KeyChange::FlagsChanged { old: was, new: is });
        }
        if self.security {
            let (was, is) = (old.security()?, new.security()?);
            if was != is {
                self.tell(KeyChange::SecurityChanged {
                    old: was.to_vec(),
                    new: is.to_vec(),
                });
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        (spelled, old): (Name<'_>, Value<'_>),
        (now, new): (Name<'_>, Value<'_>),
    ) -> Result<(), HiveError> {
        if !spelled.units().eq(now.units()) {
            self.tell(KeyChange::ValueSpelling {
                old: text(spelled),
                new: text(now),
            });
        }
        if old.kind() != new.kind() || old.data()? != new.data()? {
            self.tell(KeyChange::ValueChanged {
                name: text(spelled),
                old: data(old)?,
                new: data(new)?,
            });
        }
        Ok(())
    }

    /// Goes on below, in the key `name`.
    fn at(
        &mut self,
        name: Name<'_>,
        go_on: impl FnOnce(&mut Walk) -> Result<(), HiveError>,
    ) -> Result<(), HiveError> {
        let above = self.path.len();
        if above > 0 {
            self.path.push(u16::from(b'\\'));
        }
        self.path.extend(name.units());
        let done = go_on(self);
        self.path.truncate(above);
        done
    }

    fn tell(&mut self, change: KeyChange) {
        let key = KeyPath::from(Text::from_units(&self.path));
        self.found.push(KeyDifference { key, change });
    }
}

type Named<'h, T> = (Name<'h>, T);

fn values(key: Key<'_>) -> Result<Vec<Named<'_, Value<'_>>>, HiveError> {
    key.values()?
        .map(|value| {
            let value = value?;
            Ok((value.name()?, value))
        })
        .collect()
}

fn subkeys(key: Key<'_>) -> Result<Vec<Named<'_, Key<'_>>>, HiveError> {
    key.subkeys()?
        .map(|key| {
            let key = key?;
            Ok((key.name()?, key))
        })
        .collect()
}

fn text(name: Name<'_>) -> Text {
    Text::from_units(&name.units().collect::<Vec<_>>())
}

fn data(value: Value<'_>) -> Result<RegData, HiveError> {
    Ok(RegData {
        kind: value.kind(),
        bytes: value.data()?.into_owned(),
    })
}

/// What stands under a name in two lists.
enum InStep<'a, 'b, A, B> {
    Old(Named<'a, A>),
    New(Named<'b, B>),
    Both(Named<'a, A>, Named<'b, B>),
}

/// In the registry's order; values lie in the order in which they were added,
/// and damaged hives have their keys in any.
fn sorted<T>(mut list: Vec<Named<'_, T>>) -> Vec<Named<'_, T>> {
    list.sort_by(|left, right| left.0.compare(right.0));
    list
}

/// Pairs what has the same name, without case. Damaged hives have names twice:
/// of those, the ones spelled alike are paired, then the rest in order.
fn in_step<'a, 'b, A, B>(
    old: Vec<Named<'a, A>>,
    new: Vec<Named<'b, B>>,
) -> Vec<InStep<'a, 'b, A, B>> {
    let mut found = Vec::with_capacity(old.len().max(new.len()));
    let mut old = sorted(old).into_iter().peekable();
    let mut new = sorted(new).into_iter().peekable();
    loop {
        let name = match (old.peek(), new.peek()) {
            (None, None) => return found,
            (Some((name, _)), None) | (None, Some((name, _))) => *name,
            (Some((was, _)), Some((is, _))) => match was.compare(*is) {
                Ordering::Greater => *is,
                _ => *was,
            },
        };
        let mut was: Vec<_> =
            std::iter::from_fn(|| old.next_if(|(at, _)| at.compare(name).is_eq())).collect();
        let mut is: Vec<_> =
            std::iter::from_fn(|| new.next_if(|(at, _)| at.compare(name).is_eq())).collect();
        if was.len() > 1 || is.len() > 1 {
            pair_alike(&mut was, &mut is, &mut found);
        }
        let mut is = is.into_iter();
        for was in was {
            found.push(match is.next() {
                Some(is) => InStep::Both(was, is),
                None => InStep::Old(was),
            });
        }
        found.extend(is.map(InStep::New));
    }
}

/// Pairs what is spelled alike, and leaves the rest.
fn pair_alike<'a, 'b, A, B>(
    old: &mut Vec<Named<'a, A>>,
    new: &mut Vec<Named<'b, B>>,
    found: &mut Vec<InStep<'a, 'b, A, B>>,
) {
    for was in std::mem::take(old) {
        match new.iter().position(|is| is.0.units().eq(was.0.units())) {
            Some(at) => found.push(InStep::Both(was, new.remove(at))),
            None => old.push(was),
        }
    }
}
