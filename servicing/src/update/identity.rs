//! Who a package or component is: `assemblyIdentity`, and package names.
//!
//! A package is called `name~publicKeyToken~architecture~culture~version`,
//! with an empty culture for a neutral one (cbs, section 2). All parts compare
//! without case.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

use super::version::{AssemblyVersion, VersionError};

/// Longest text of one attribute, in characters. The longest name in 28,000
/// components of a Windows 11 has some 120.
const MAX_PART: usize = 512;

/// Why an identity is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// An attribute without which an identity says nothing.
    #[error("an identity has no {attribute}")]
    Missing {
        /// The attribute.
        attribute: &'static str,
    },
    /// Characters that no identity has, and whose hash is not defined.
    #[error(
        "{attribute} `{}` of an identity has a character outside the printable ASCII ones, or one \
         that no file name can have",
        value.escape_debug()
    )]
    Characters {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
    },
    /// A value that no identity is as long as.
    #[error("{attribute} of an identity has {len} characters, more than {MAX_PART}")]
    TooLong {
        /// The attribute.
        attribute: &'static str,
        /// Its length.
        len: usize,
    },
    /// A version that is none.
    #[error("an identity's version")]
    Version(#[from] VersionError),
    /// A package name without its five parts.
    #[error("`{name}` is no package name: expected `name~token~architecture~culture~version`")]
    PackageName {
        /// The name as given.
        name: String,
    },
}

/// An `assemblyIdentity`: package, component or deployment.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its language, `de-DE`; empty for a neutral one.
    pub culture: String,
    /// `win32`, `dualModeDriver`; most have none.
    pub kind: Option<String>,
    /// Its version; [`AssemblyVersion::ANY`] where none is named.
    pub version: AssemblyVersion,
    /// The short form of the publisher's key, 16 hex digits.
    pub public_key_token: String,
    /// `amd64`, `x86`, `wow64`, `arm64`, `msil`, ...
    pub architecture: String,
    /// `nonSxS` for what is serviced; side-by-side assemblies have none.
    pub version_scope: Option<String>,
}

impl Identity {
    /// Reads one from what `attribute` says of each attribute of an
    /// `assemblyIdentity`.
    ///
    /// # Errors
    /// [`IdentityError`], where a name or architecture is missing, or a value
    /// is none that an identity can have.
    pub fn from_attributes<'a>(
        attribute: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Identity, IdentityError> {
        let text = |name: &'static str| -> Result<Option<String>, IdentityError> {
            attribute(name).map(|value| part(name, value)).transpose()
        };
        let required = |name: &'static str| -> Result<String, IdentityError> {
            let value = text(name)?.filter(|value| !value.is_empty());
            value.ok_or(IdentityError::Missing { attribute: name })
        };
        let version = match attribute("version") {
            Some(version) => version.parse()?,
            None => AssemblyVersion::ANY,
        };
        Ok(Identity {
            name: required("name")?,
            culture: culture(text("language")?.unwrap_or_default()),
            kind: text("type")?,
            version,
            public_key_token: text("publicKeyToken")?.unwrap_or_default(),
            architecture: required("processorArchitecture")?,
            version_scope: text("versionScope")?,
        })
    }

    /// Reads a package's name, `name~token~architecture~culture~version`.
    ///
    /// # Errors
    /// [`IdentityError`], where it is none.
    pub fn from_package_name(name: &str) -> Result<Identity, IdentityError> {
        let parts: Vec<&str> = name.split('~').collect();
        let [package, token, architecture, language, version] = parts.as_slice() else {
            return Err(IdentityError::PackageName {
                name: name.chars().take(MAX_PART).collect(),
            });
        };
        let required = |attribute: &'static str, value: &str| match value.is_empty() {
            true => Err(IdentityError::Missing { attribute }),
            false => part(attribute, value),
        };
        Ok(Identity {
            name: required("name", package)?,
            culture: culture(part("language", language)?),
            kind: None,
            version: version.parse()?,
            public_key_token: part("publicKeyToken", token)?,
            architecture: required("processorArchitecture", architecture)?,
            version_scope: None,
        })
    }

    /// Its name as a package.
    pub fn package_name(&self) -> String {
        let Identity {
            name,
            culture,
            version,
            public_key_token,
            architecture,
            ..
        } = self;
        format!("{name}~{public_key_token}~{architecture}~{culture}~{version}")
    }

    /// Whether `other` is the same in all but its version.
    pub fn is_family_of(&self, other: &Identity) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let optional = |a: &Option<String>, b: &Option<String>| {
            same(a.as_deref().unwrap_or(""), b.as_deref().unwrap_or(""))
        };
        same(&self.name, &other.name)
            && same(&self.culture, &other.culture)
            && same(&self.public_key_token, &other.public_key_token)
            && same(&self.architecture, &other.architecture)
            && optional(&self.kind, &other.kind)
            && optional(&self.version_scope, &other.version_scope)
    }

    /// Whether `other` is a package of the same name in all but version, for
    /// another culture or architecture counting as another package. Scope and
    /// type are not part of a package's name: mums write them or not.
    pub fn is_same_package_family(&self, other: &Identity) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        same(&self.name, &other.name)
            && same(&self.culture, &other.culture)
            && same(&self.public_key_token, &other.public_key_token)
            && same(&self.architecture, &other.architecture)
    }

    /// The same identity with another version.
    pub fn with_version(&self, version: AssemblyVersion) -> Identity {
        Identity {
            version,
            ..self.clone()
        }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Identity) -> bool {
        self.version == other.version && self.is_family_of(other)
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.to_ascii_lowercase().hash(state);
        self.culture.to_ascii_lowercase().hash(state);
        self.architecture.to_ascii_lowercase().hash(state);
        self.version.hash(state);
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package_name())
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One attribute's text: names become names of files and keys, so what cannot
/// stand there is refused here.
fn part(attribute: &'static str, value: &str) -> Result<String, IdentityError> {
    let len = value.chars().count();
    if len > MAX_PART {
        return Err(IdentityError::TooLong { attribute, len });
    }
    // `*` is the language of a dependency on whatever language is there.
    let fits = |byte: u8| {
        matches!(byte, b' '..=b'~')
            && !matches!(
                byte,
                b'\\' | b'/' | b':' | b'"' | b'<' | b'>' | b'|' | b'?' | b'~'
            )
    };
    if !value.bytes().all(fits) {
        return Err(IdentityError::Characters {
            attribute,
            value: value.to_owned(),
        });
    }
    Ok(value.to_owned())
}

/// `neutral` and `none` are written for no culture.
fn culture(text: String) -> String {
    match text.to_ascii_lowercase().as_str() {
        "neutral" | "none" => String::new(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn a_package_name_has_five_parts_and_reads_back() {
        for name in [
            "Package_for_KB2999226~31bf3856ad364e35~amd64~~6.1.1.6",
            "Microsoft-Windows-Client-LanguagePack-Package~31bf3856ad364e35~amd64~de-DE~10.0.19041.1",
        ] {
            let identity = Identity::from_package_name(name).unwrap();
            assert_eq!(identity.to_string(), name);
        }
        for bad in [
            "",
            "a~b~c~d",
            "a~b~c~d~1.2.3",
            "~b~amd64~~1.2.3.4",
            "a\\..\\b~t~x86~~1.2.3.4",
        ] {
            assert!(Identity::from_package_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_compare_without_case_and_a_neutral_culture_is_none() {
        let upper = Identity::from_package_name("A~31BF3856AD364E35~AMD64~~1.0.0.0").unwrap();
        let lower =
            Identity::from_package_name("a~31bf3856ad364e35~amd64~neutral~1.0.0.0").unwrap();
        assert_eq!(upper, lower);
        assert!(upper.is_family_of(&lower.with_version(AssemblyVersion([2, 0, 0, 0]))));
        let german = Identity::from_package_name("a~31bf3856ad364e35~amd64~de-DE~1.0.0.0").unwrap();
        assert!(!upper.is_same_package_family(&german));
    }
}
