//! When an update applies: `applicable` and `selectable`.

use serde::Serialize;

use super::super::identity::Identity;
use super::super::xml::Element;
use super::{MumError, Unknown, identities, identity};

/// How much of a component must be there for an update of it to apply, the
/// least first.
///
/// What real packages do with it fits this order: the update that may bring a
/// component anew has `install`, one that crosses service packs (7601 to 7602)
/// `serviceLevel`, and the LDR twin of an update, which is for systems that
/// are on LDR already, `revision`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Elevate {
    /// Nothing: the component may be new.
    Install,
    /// Some version of it.
    ServiceLevel,
    /// One of the same service level.
    Distribution,
    /// One of the same service level and branch (GDR or LDR).
    Revision,
}

impl Elevate {
    fn from_word(word: &str) -> Option<Elevate> {
        match word.to_ascii_lowercase().as_str() {
            "install" => Some(Elevate::Install),
            "servicelevel" => Some(Elevate::ServiceLevel),
            "distribution" => Some(Elevate::Distribution),
            "revision" => Some(Elevate::Revision),
            _ => None,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Elevate::Install => "install",
            Elevate::ServiceLevel => "serviceLevel",
            Elevate::Distribution => "distribution",
            Elevate::Revision => "revision",
        }
    }
}

/// An update of a package, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateName {
    /// Its name.
    pub name: String,
    /// Of which package; none for the same.
    pub package: Option<String>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Condition {
    /// Any of these components is there in an older version.
    UpdateComponent {
        /// How much of it must be there; `None` where that is not said, or in
        /// a word that is not known.
        elevate: Option<Elevate>,
        /// The components in their new versions.
        components: Vec<Identity>,
    },
    /// These updates are installed.
    DetectUpdate {
        /// Any of them.
        updates: Vec<UpdateName>,
    },
    /// These components are there.
    DetectComponent {
        /// Any of them.
        components: Vec<Identity>,
    },
    /// Nothing is detected.
    DetectNone {
        /// Whether it is on then.
        default: bool,
    },
    /// All of these.
    And {
        /// The conditions.
        of: Vec<Condition>,
    },
    /// Any of these.
    Or {
        /// The conditions.
        of: Vec<Condition>,
    },
    /// None of these.
    Not {
        /// The conditions.
        of: Vec<Condition>,
    },
    /// One that is not known here.
    Unknown {
        /// The element's name.
        name: String,
    },
}

/// The conditions in an element.
pub(super) fn read_all(
    element: &Element,
    unknown: &mut Unknown,
) -> Result<Vec<Condition>, MumError> {
    // The depth of the document bounds this recursion.
    let children = element.children.iter();
    children.map(|child| read(child, unknown)).collect()
}

fn read(element: &Element, unknown: &mut Unknown) -> Result<Condition, MumError> {
    Ok(match element.name.as_str() {
        "updateComponent" => {
            let word = element.attribute("elevate");
            let elevate = word.and_then(Elevate::from_word);
            if let (Some(word), None) = (word, elevate) {
                unknown.add(&["updateComponent", &format!("@elevate={word}")]);
            }
            Condition::UpdateComponent {
                elevate,
                components: identities(element, "updateComponent")?,
            }
        }
        "detectComponent" => Condition::DetectComponent {
            components: identities(element, "detectComponent")?,
        },
        "detectUpdate" => {
            let mut updates = Vec::new();
            for update in element.children("update") {
                let inner = update
                    .child("package")
                    .and_then(|one| one.child("assemblyIdentity"));
                let inner = inner.or_else(|| update.child("assemblyIdentity"));
                let inner = inner.map(|one| identity(one, "detectUpdate")).transpose()?;
                let named = update.attribute("package").map(str::to_owned);
                updates.push(UpdateName {
                    name: update.attribute("name").unwrap_or_default().to_owned(),
                    package: named.or_else(|| inner.map(|identity| identity.package_name())),
                });
            }
            Condition::DetectUpdate { updates }
        }
        "detectNone" => Condition::DetectNone {
            default: element.attribute("default") == Some("true"),
        },
        "and" => Condition::And {
            of: read_all(element, unknown)?,
        },
        "or" => Condition::Or {
            of: read_all(element, unknown)?,
        },
        "not" => Condition::Not {
            of: read_all(element, unknown)?,
        },
        other => {
            unknown.add(&["applicable", other]);
            Condition::Unknown {
                name: other.to_owned(),
            }
        }
    })
}
