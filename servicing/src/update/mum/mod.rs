//! `update.mum` and its like: what a package is, asks for and brings.
//!
//! ```text
//! assembly
//!   assemblyIdentity                  the package
//!   package                           kind of release, restart
//!     parent                          what has to be there: any one of them
//!     installerAssembly               the servicing stack it needs
//!     update                          a unit that is installed or not
//!       applicable, selectable        when; shown as a feature
//!       package | component | driver  what it brings
//! ```
//!
//! Facts: cbs, section 3.1, checked on 24 real files of Windows 7, a few of
//! Windows 10 and 11 that are public, and the CBS logs quoted in `compare`.
//! Elements that this does not know are kept by name ([`Mum::unknown`]).

mod compare;
mod condition;

use serde::Serialize;

pub use compare::{Compare, Fits, VersionCompare};
pub use condition::{Condition, Elevate, UpdateName};

use super::identity::{Identity, IdentityError};
use super::xml::{self, Element, XmlError};

/// Most updates of one package that are read; those of Windows have some
/// hundreds.
const MAX_UPDATES: usize = 1 << 16;

/// Why a file is no description of a package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MumError {
    /// It is no XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The XML is about something else.
    #[error("the document is `{found}`, expected `{expected}`")]
    NotThis {
        /// What is expected.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// An element that has to be there is not.
    #[error("`{above}` has no `{missing}`")]
    Missing {
        /// The element.
        above: &'static str,
        /// What it lacks.
        missing: &'static str,
    },
    /// An identity that is none.
    #[error("in `{place}`")]
    Identity {
        /// The element around it.
        place: &'static str,
        /// Why.
        #[source]
        source: IdentityError,
    },
    /// More of something than is read.
    #[error("more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
}

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mum {
    /// Which package it is.
    pub identity: Identity,
    /// One line on it.
    pub description: Option<String>,
    /// Its name for people; often only `default`.
    pub display_name: Option<String>,
    /// Where to read more.
    pub support_information: Option<String>,
    /// When it was made, as written: ISO 8601.
    pub created: Option<String>,
    /// Its short name: `KB2999226`.
    pub identifier: Option<String>,
    /// `Update`, `Security Update`, `Feature Pack`, `Language Pack`, ...
    pub release_type: Option<String>,
    /// `possible`, `required`.
    pub restart: Option<String>,
    /// Whether Windows asks its components too before it says that it applies
    /// (`applicabilityEvaluation="deep"`).
    pub deep: bool,
    /// The storage file that holds its payload.
    pub psf_name: Option<String>,
    /// What has to be there: any one of all of them.
    pub parents: Vec<Parents>,
    /// The servicing stack that it needs at least.
    pub servicing_stack: Option<Identity>,
    /// What it brings.
    pub updates: Vec<Update>,
    /// Names of capabilities that it is (`declareCapability`).
    pub capabilities: Vec<String>,
    /// How its payload is stored, if not as plain files.
    pub format: Option<PayloadFormat>,
    /// Elements that are not known here, by path, each once.
    pub unknown: Vec<String>,
}

/// A `parent` with its identities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parents {
    /// Any of these.
    pub identities: Vec<Identity>,
    /// How versions compare.
    pub compare: VersionCompare,
    /// `separate`, `standalone`, `delegate`, `hidden`.
    pub integrate: Option<String>,
    /// The state that the parent has to have: `detect`, `staged`, ...
    pub disposition: Option<String>,
}

/// What `customInformation` says of a package's payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayloadFormat {
    /// `PSFX`.
    pub package_format: String,
    /// `2`.
    pub version: Option<String>,
    /// `ForwardOnly`.
    pub deltas: Option<String>,
}

/// A unit of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Update {
    /// Its name; that of a feature where it is one.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// One line on it.
    pub description: Option<String>,
    /// When it applies; all of them have to hold.
    pub applicable: Vec<Applicable>,
    /// What makes it a feature that people turn on and off.
    pub selectable: Option<Selectable>,
    /// What it brings.
    pub parts: Vec<Part>,
}

/// An `applicable`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applicable {
    /// The state that it is about: `staged`, `detect`.
    pub disposition: Option<String>,
    /// All of these.
    pub conditions: Vec<Condition>,
}

/// A `selectable`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Selectable {
    /// The state in which the unit waits.
    pub disposition: Option<String>,
    /// When it is on of itself.
    pub conditions: Vec<Condition>,
}

impl Selectable {
    /// Whether it is on unless somebody turns it off; `None` where that hangs
    /// on what is detected.
    pub fn default_on(&self) -> Option<bool> {
        match self.conditions.as_slice() {
            [Condition::DetectNone { default }] => Some(*default),
            _ => None,
        }
    }
}

/// What an update brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Part {
    /// Another package.
    Package {
        /// Which.
        identity: Identity,
        /// `hidden`, `liberate`, ...
        integrate: Option<String>,
        /// Whether it lies in the same container.
        contained: Option<bool>,
    },
    /// A deployment: a component that pulls in others.
    Component {
        /// Which.
        identity: Identity,
    },
    /// A driver.
    Driver {
        /// Which.
        identity: Identity,
    },
}

impl Part {
    /// Which it is.
    pub fn identity(&self) -> &Identity {
        match self {
            Part::Package { identity, .. }
            | Part::Component { identity }
            | Part::Driver { identity } => identity,
        }
    }
}

impl Mum {
    /// Reads one.
    ///
    /// # Errors
    /// [`MumError`].
    pub fn parse(bytes: &[u8]) -> Result<Mum, MumError> {
        Mum::read(&xml::parse(bytes)?)
    }

    /// Reads one from its XML.
    ///
    /// # Errors
    /// [`MumError`].
    pub fn read(root: &Element) -> Result<Mum, MumError> {
        if root.name != "assembly" || !root.is_assembly_vocabulary() {
            return Err(MumError::NotThis {
                expected: "assembly",
                found: root.name.clone(),
            });
        }
        let own = root.child("assemblyIdentity");
        let own = own.ok_or(MumError::Missing {
            above: "assembly",
            missing: "assemblyIdentity",
        })?;
        let package = root.child("package").ok_or(MumError::Missing {
            above: "assembly",
            missing: "package",
        })?;
        let text = |element: &Element, name: &str| element.attribute(name).map(str::to_owned);
        let mut unknown = Unknown::default();
        let mut mum = Mum {
            identity: identity(own, "assembly")?,
            description: text(root, "description"),
            display_name: text(root, "displayName"),
            support_information: text(root, "supportInformation"),
            created: text(root, "creationTimeStamp"),
            identifier: text(package, "identifier"),
            release_type: text(package, "releaseType"),
            restart: text(package, "restart"),
            deep: package.attribute("applicabilityEvaluation") == Some("deep"),
            psf_name: text(package, "psfName"),
            parents: Vec::new(),
            servicing_stack: None,
            updates: Vec::new(),
            capabilities: Vec::new(),
            format: None,
            unknown: Vec::new(),
        };
        for child in &root.children {
            match child.name.as_str() {
                "assemblyIdentity" | "package" => {}
                "localization" | "trustInfo" => {}
                _ => unknown.add(&["assembly", &child.name]),
            }
        }
        for child in &package.children {
            mum.read_child(child, &mut unknown)?;
        }
        mum.unknown = unknown.0;
        Ok(mum)
    }

    fn read_child(&mut self, child: &Element, unknown: &mut Unknown) -> Result<(), MumError> {
        match child.name.as_str() {
            "parent" => self.parents.push(parents(child, unknown)?),
            "installerAssembly" => {
                self.servicing_stack = Some(identity_of(child, "installerAssembly")?);
            }
            "update" if self.updates.len() >= MAX_UPDATES => {
                return Err(MumError::TooMany {
                    what: "updates",
                    most: MAX_UPDATES,
                });
            }
            "update" => self.updates.push(update(child, unknown)?),
            "customInformation" => {
                let text = |name: &str| child.attribute(name).map(str::to_owned);
                if let Some(package_format) = text("PackageFormat") {
                    self.format = Some(PayloadFormat {
                        package_format,
                        version: text("PSFXVersion"),
                        deltas: text("PSFXDeltaFormat"),
                    });
                }
            }
            "declareCapability" => {
                let capabilities = child.children("capability");
                let names = capabilities.filter_map(|one| one.child("capabilityIdentity"));
                self.capabilities
                    .extend(names.filter_map(|one| one.attribute("name").map(str::to_owned)));
            }
            // How packages are shown, and how large they are.
            "packageExtended" | "mumExtended" => {}
            other => unknown.add(&["package", other]),
        }
        Ok(())
    }

    /// Whether the package brings a servicing stack: it is named so, or one of
    /// its components is.
    pub fn is_servicing_stack(&self) -> bool {
        let named = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.contains("servicingstack") || name.contains("servicing-stack")
        };
        named(&self.identity.name)
            || self.updates.iter().any(|update| {
                update.parts.iter().any(|part| named(&part.identity().name))
                    || update.updated_components().any(|one| named(&one.name))
            })
    }

    /// Whether it is a cumulative update: `Package_for_RollupFix` from Windows
    /// 10 on.
    pub fn is_cumulative(&self) -> bool {
        let name = self.identity.name.to_ascii_lowercase();
        name.starts_with("package_for_rollupfix") || name.starts_with("package_for_dotnetrollup")
    }

    /// The packages that it brings.
    pub fn packages(&self) -> impl Iterator<Item = &Identity> {
        let parts = self.updates.iter().flat_map(|update| &update.parts);
        parts.filter_map(|part| match part {
            Part::Package { identity, .. } => Some(identity),
            _ => None,
        })
    }

    /// The deployments that it brings.
    pub fn deployments(&self) -> impl Iterator<Item = (&Update, &Identity)> {
        let updates = self.updates.iter();
        updates.flat_map(|update| {
            update.parts.iter().filter_map(move |part| match part {
                Part::Component { identity } => Some((update, identity)),
                _ => None,
            })
        })
    }
}

impl Update {
    /// The components whose presence decides whether it applies.
    pub fn updated_components(&self) -> impl Iterator<Item = &Identity> {
        let conditions = self.applicable.iter().flat_map(|one| &one.conditions);
        conditions.flat_map(|condition| match condition {
            Condition::UpdateComponent { components, .. } => components.as_slice(),
            _ => &[],
        })
    }
}

/// Paths of elements that are not known, each once and not without end.
#[derive(Default)]
struct Unknown(Vec<String>);

impl Unknown {
    fn add(&mut self, path: &[&str]) {
        let path = path.join("/");
        if self.0.len() < 256 && !self.0.contains(&path) {
            self.0.push(path);
        }
    }
}

/// The identity that an `assemblyIdentity` says.
pub(super) fn identity(element: &Element, place: &'static str) -> Result<Identity, MumError> {
    let read = Identity::from_attributes(|name| element.attribute(name));
    read.map_err(|source| MumError::Identity { place, source })
}

/// The identity in or on an element: `installerAssembly` has the attributes
/// itself.
fn identity_of(element: &Element, place: &'static str) -> Result<Identity, MumError> {
    match element.child("assemblyIdentity") {
        Some(inner) => identity(inner, place),
        None => identity(element, place),
    }
}

fn identities(element: &Element, place: &'static str) -> Result<Vec<Identity>, MumError> {
    let inner = element.children("assemblyIdentity");
    inner.map(|inner| identity(inner, place)).collect()
}

fn parents(element: &Element, unknown: &mut Unknown) -> Result<Parents, MumError> {
    let mut compare = |name: &str| {
        let word = element.attribute(name)?;
        let known = Compare::from_word(word);
        if known.is_none() {
            unknown.add(&["package", "parent", &format!("@{name}={word}")]);
        }
        known
    };
    let compare = VersionCompare {
        build: compare("buildCompare"),
        service: compare("serviceCompare"),
        distribution: compare("distributionCompare"),
        revision: compare("revisionCompare"),
    };
    for child in &element.children {
        if child.name != "assemblyIdentity" {
            unknown.add(&["package", "parent", &child.name]);
        }
    }
    Ok(Parents {
        identities: identities(element, "parent")?,
        compare,
        integrate: element.attribute("integrate").map(str::to_owned),
        disposition: element.attribute("disposition").map(str::to_owned),
    })
}

fn update(element: &Element, unknown: &mut Unknown) -> Result<Update, MumError> {
    let text = |name: &str| element.attribute(name).map(str::to_owned);
    let mut update = Update {
        name: text("name").ok_or(MumError::Missing {
            above: "update",
            missing: "name",
        })?,
        display_name: text("displayName"),
        description: text("description"),
        applicable: Vec::new(),
        selectable: None,
        parts: Vec::new(),
    };
    for child in &element.children {
        let disposition = child.attribute("disposition").map(str::to_owned);
        match child.name.as_str() {
            "applicable" => update.applicable.push(Applicable {
                disposition,
                conditions: condition::read_all(child, unknown)?,
            }),
            "selectable" => {
                update.selectable = Some(Selectable {
                    disposition,
                    conditions: condition::read_all(child, unknown)?,
                });
            }
            "package" => update.parts.push(Part::Package {
                identity: identity_of(child, "update/package")?,
                integrate: child.attribute("integrate").map(str::to_owned),
                contained: child.attribute("contained").map(|word| word == "true"),
            }),
            "component" => update.parts.push(Part::Component {
                identity: identity_of(child, "update/component")?,
            }),
            "driver" => update.parts.push(Part::Driver {
                identity: identity_of(child, "update/driver")?,
            }),
            "updateExtended" | "customInformation" => {}
            other => unknown.add(&["package", "update", other]),
        }
    }
    Ok(update)
}

#[cfg(test)]
mod tests;
