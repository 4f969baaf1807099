//! What differs between two keys, with all below them.
//!
//! Keys are compared by name, values by name, type and bytes; security
//! descriptors and what registry editors do not show (see [`KeyDetail`]) where
//! asked for. Not compared: the order of values, last-write times, and what a
//! running system keeps in a key (access bits, volatile subkeys). Both sides
//! are walked in step, in the registry's order, so the result is in that order
//! too.

use std::cmp::Ordering;

use serde::Serialize;
use wimwright_hive::{Error as HiveError, Key, KeyFlags, Name, Value};

use super::{KeyPath, RegData};
use crate::text::Text;

/// What to compare beside keys and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiffOptions {
    /// Compare the security descriptors of keys that both sides have.
    pub security: bool,
    /// Compare what registry editors do not show, too.
    pub details: bool,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegDifference {
    /// The key, below the two that were compared; empty for themselves.
    pub key: KeyPath,
    /// What differs there.
    pub what: RegChange,
}

/// How the second side differs from the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegChange {
    /// Only the second side has the key; its values and subkeys follow.
    KeyAdded,
    /// Only the first side has the key; its values and subkeys follow.
    KeyRemoved,
    /// Only the second side has the value.
    ValueAdded {
        /// Its name; empty for the default value.
        name: Text,
        /// Its data.
        new: RegData,
    },
    /// Only the first side has the value.
    ValueRemoved {
        /// Its name; empty for the default value.
        name: Text,
        /// Its data.
        old: RegData,
    },
    /// Both sides have the value, with another type or other bytes.
    ValueChanged {
        /// Its name; empty for the default value.
        name: Text,
        /// What the first side holds.
        old: RegData,
        /// What the second side holds.
        new: RegData,
    },
    /// The key's security descriptor differs.
    SecurityChanged {
        /// The first side's, in self-relative form.
        #[serde(with = "crate::hex")]
        old: Vec<u8>,
        /// The second side's.
        #[serde(with = "crate::hex")]
        new: Vec<u8>,
    },
    /// What registry editors do not show differs; only with
    /// [`DiffOptions::details`].
    Detail(KeyDetail),
}

/// What differs at a key that both sides have, though registry editors do not
/// show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyDetail {
    /// The key's name is the same in another case.
    KeySpelling {
        /// As the first side spells it.
        old: Text,
        /// As the second side does.
        new: Text,
    },
    /// A value's name is the same in another case.
    ValueSpelling {
        /// As the first side spells it.
        old: Text,
        /// As the second side does.
        new: Text,
    },
    /// The key's class name differs.
    Class {
        /// The first side's; `None` where the key has none.
        old: Option<Text>,
        /// The second side's.
        new: Option<Text>,
    },
    /// The key's flags differ, those aside that only say how it is stored.
    Flags {
        /// The first side's, as the key record has them.
        old: u16,
        /// The second side's.
        new: u16,
    },
}

/// Flags that say how a key is stored: tools other than Windows leave out the
/// root's, and a name is Latin-1 wherever it can be.
pub(crate) const OF_STORAGE: u16 = KeyFlags::ROOT.0 | KeyFlags::LATIN1_NAME.0;

/// Compares the key `a` with the key `b`, `None` for one that is not there.
///
/// # Errors
/// [`HiveError`] where a record is damaged: not to be expected of hives that
/// were opened.
pub fn diff_keys(
    a: Option<Key<'_>>,
    b: Option<Key<'_>>,
    options: DiffOptions,
) -> Result<Vec<RegDifference>, HiveError> {
    let mut walk = Walk {
        options,
        path: Vec::new(),
        found: Vec::new(),
    };
    walk.keys(a, b)?;
    Ok(walk.found)
}

struct Walk {
    options: DiffOptions,
    path: Vec<u16>,
    found: Vec<RegDifference>,
}

impl Walk {
    fn add(&mut self, what: RegChange) {
        self.found.push(RegDifference {
            key: KeyPath::from(Text::from_units(&self.path)),
            what,
        });
    }

    // Keys nest at most 512 deep (Windows' limit; opening a hive checks it), so
    // recursion ends.
    fn keys(&mut self, a: Option<Key<'_>>, b: Option<Key<'_>>) -> Result<(), HiveError> {
        match (a, b) {
            (None, None) => return Ok(()),
            (Some(_), None) => self.add(RegChange::KeyRemoved),
            (None, Some(_)) => self.add(RegChange::KeyAdded),
            (Some(a), Some(b)) => self.about_key(a, b)?,
        }
        for (a, b) in in_step(values(a)?, values(b)?) {
            self.value(a, b)?;
        }
        for (a, b) in in_step(subkeys(a)?, subkeys(b)?) {
            let length = self.path.len();
            if length > 0 {
                self.path.push(u16::from(b'\\'));
            }
            if let Some(key) = b.or(a) {
                self.path.extend(key.name()?.units());
            }
            self.keys(a, b)?;
            self.path.truncate(length);
        }
        Ok(())
    }

    /// What both sides say of a key itself.
    fn about_key(&mut self, a: Key<'_>, b: Key<'_>) -> Result<(), HiveError> {
        if self.options.details {
            // The root's name is never looked up: it stands for the hive.
            if !self.path.is_empty() {
                self.spelling(a.name()?, b.name()?, |old, new| KeyDetail::KeySpelling {
                    old,
                    new,
                });
            }
            let (old, new) = (a.class_name()?.map(text), b.class_name()?.map(text));
            if old != new {
                self.add(RegChange::Detail(KeyDetail::Class { old, new }));
            }
            let flags = |key: Key<'_>| key.flags().0 & !OF_STORAGE;
            let (old, new) = (flags(a), flags(b));
            if old != new {
                self.add(RegChange::Detail(KeyDetail::Flags { old, new }));
            }
        }
        if self.options.security {
            let (old, new) = (a.security()?, b.security()?);
            if old != new {
                let (old, new) = (old.to_vec(), new.to_vec());
                self.add(RegChange::SecurityChanged { old, new });
            }
        }
        Ok(())
    }

    fn spelling(
        &mut self,
        old: Name<'_>,
        new: Name<'_>,
        detail: impl FnOnce(Text, Text) -> KeyDetail,
    ) {
        if !old.units().eq(new.units()) {
            let (old, new) = (text(old), text(new));
            self.add(RegChange::Detail(detail(old, new)));
        }
    }

    fn value(&mut self, a: Option<Value<'_>>, b: Option<Value<'_>>) -> Result<(), HiveError> {
        let name = |value: Value<'_>| Ok::<_, HiveError>(text(value.name()?));
        let what = match (a, b) {
            (Some(a), Some(b)) => {
                if self.options.details {
                    self.spelling(a.name()?, b.name()?, |old, new| KeyDetail::ValueSpelling {
                        old,
                        new,
                    });
                }
                if a.kind() == b.kind() && a.data()? == b.data()? {
                    return Ok(());
                }
                RegChange::ValueChanged {
                    name: name(b)?,
                    old: RegData::of(a)?,
                    new: RegData::of(b)?,
                }
            }
            (Some(a), None) => RegChange::ValueRemoved {
                name: name(a)?,
                old: RegData::of(a)?,
            },
            (None, Some(b)) => RegChange::ValueAdded {
                name: name(b)?,
                new: RegData::of(b)?,
            },
            (None, None) => return Ok(()),
        };
        self.add(what);
        Ok(())
    }
}

fn text(name: Name<'_>) -> Text {
    Text::from_units(&name.units().collect::<Vec<_>>())
}

type Named<'h, T> = Vec<(Name<'h>, T)>;

fn values<'h>(key: Option<Key<'h>>) -> Result<Named<'h, Value<'h>>, HiveError> {
    let Some(key) = key else {
        return Ok(Vec::new());
    };
    let values = key.values()?.map(|value| {
        let value = value?;
        Ok((value.name()?, value))
    });
    sorted(values)
}

fn subkeys<'h>(key: Option<Key<'h>>) -> Result<Named<'h, Key<'h>>, HiveError> {
    let Some(key) = key else {
        return Ok(Vec::new());
    };
    let subkeys = key.subkeys()?.map(|key| {
        let key = key?;
        Ok((key.name()?, key))
    });
    sorted(subkeys)
}

/// By name: values lie in the order in which they were added, and the subkeys
/// of some odd hives are not sorted either.
fn sorted<'h, T>(
    items: impl Iterator<Item = Result<(Name<'h>, T), HiveError>>,
) -> Result<Named<'h, T>, HiveError> {
    let mut items: Named<'h, T> = items.collect::<Result<_, _>>()?;
    items.sort_by(|(a, _), (b, _)| a.compare(*b));
    Ok(items)
}

/// Pairs what has the same name; what only one side has stands alone.
fn in_step<'a, 'b, T>(a: Named<'a, T>, b: Named<'b, T>) -> Vec<(Option<T>, Option<T>)> {
    let mut pairs = Vec::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (Some((a, _)), Some((b, _))) => a.compare(*b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return pairs,
        };
        let mut left = || a.next().map(|(_, item)| item);
        let mut right = || b.next().map(|(_, item)| item);
        pairs.push(match order {
            Ordering::Less => (left(), None),
            Ordering::Greater => (None, right()),
            Ordering::Equal => (left(), right()),
        });
    }
}
