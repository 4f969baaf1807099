//! Manifests of components and deployments.
//!
//! A deployment is a manifest with an empty `deployment` element that names the
//! components it pulls in; a component has files, registry keys and whatever
//! else Windows has installers for. **What is not known here is named**
//! ([`Manifest::beyond`]) and never passed over: any element may be one that
//! an installer of Windows acts on.
//!
//! Facts: cbs, section 3.2.

mod digest;
mod file;
mod registry;

use serde::Serialize;

pub use digest::{FileDigest, FileDigestAlgorithm};
pub use file::ComponentFile;
pub use registry::{ComponentKey, ComponentValue};

use super::identity::{Identity, IdentityError};
use super::xml::{self, Element, XmlError};

/// Why a file is no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is no XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The XML is about something else.
    #[error("the document is `{found}`, expected `assembly`")]
    NotThis {
        /// What is there.
        found: String,
    },
    /// Something that has to be there is not.
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
    /// A digest that cannot be read.
    #[error("the digest of file `{file}` cannot be read")]
    Digest {
        /// The file.
        file: String,
    },
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Whose it is.
    pub identity: Identity,
    /// Whether it is a deployment.
    pub deployment: bool,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// Its files.
    pub files: Vec<ComponentFile>,
    /// Directories that it makes.
    pub directories: Vec<ComponentDirectory>,
    /// Its registry keys.
    pub keys: Vec<ComponentKey>,
    /// Security descriptors that it defines.
    pub security: Vec<SecurityDefinition>,
    /// Categories that it is in: name and type.
    pub memberships: Vec<Membership>,
    /// Elements and attributes that are not among these, by path, each once.
    pub beyond: Vec<String>,
}

/// A `dependency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// On what. Its culture may be `*`.
    pub identity: Identity,
    /// `install`, `prerequisite`.
    pub dependency_type: Option<String>,
    /// `Resources` for one on texts in the language of the system.
    pub resource_type: Option<String>,
}

/// A `directory`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComponentDirectory {
    /// Where, with macros.
    pub destination: String,
    /// Whether the component owns it, as written.
    pub owner: Option<String>,
    /// The name of its security descriptor.
    pub security: Option<String>,
}

/// A `securityDescriptorDefinition`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecurityDefinition {
    /// By what name files and keys call it.
    pub name: String,
    /// The descriptor, in SDDL.
    pub sddl: String,
    /// `replace`, ...
    pub operation_hint: Option<String>,
}

/// The `id` of a `categoryMembership`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The category.
    pub name: String,
    /// Its type: `BootRecovery`, `Service`, ...
    pub type_name: Option<String>,
}

impl Manifest {
    /// Reads a plain manifest; those of an image may be compressed
    /// (`compressed_manifest`).
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        Manifest::read(&xml::parse(bytes)?)
    }

    fn read(root: &Element) -> Result<Manifest, ManifestError> {
        if root.name != "assembly" || !root.is_assembly_vocabulary() {
            return Err(ManifestError::NotThis {
                found: root.name.clone(),
            });
        }
        let own = root.child("assemblyIdentity");
        let own = own.ok_or(ManifestError::Missing {
            above: "assembly",
            missing: "assemblyIdentity",
        })?;
        let mut manifest = Manifest {
            identity: identity(own, "assembly")?,
            deployment: false,
            dependencies: Vec::new(),
            files: Vec::new(),
            directories: Vec::new(),
            keys: Vec::new(),
            security: Vec::new(),
            memberships: Vec::new(),
            beyond: Vec::new(),
        };
        let mut beyond = Beyond::default();
        for child in &root.children {
            manifest.read_child(child, &mut beyond)?;
        }
        manifest.beyond = beyond.0;
        Ok(manifest)
    }

    fn read_child(&mut self, child: &Element, beyond: &mut Beyond) -> Result<(), ManifestError> {
        if !child.is_assembly_vocabulary() {
            beyond.add(&[&child.name]);
            return Ok(());
        }
        match child.name.as_str() {
            // Texts for people.
            "assemblyIdentity" | "localization" | "description" => {}
            "deployment" => {
                self.deployment = true;
                for inner in &child.children {
                    beyond.add(&["deployment", &inner.name]);
                }
            }
            "dependency" => {
                if let Some(dependency) = dependency(child, beyond)? {
                    self.dependencies.push(dependency);
                }
            }
            "file" => self.files.push(ComponentFile::read(child, beyond)?),
            "directories" => self.read_directories(child, beyond)?,
            "registryKeys" => {
                for key in &child.children {
                    match key.name.as_str() {
                        "registryKey" => self.keys.push(ComponentKey::read(key, beyond)?),
                        other => beyond.add(&["registryKeys", other]),
                    }
                }
            }
            "trustInfo" => self.read_trust(child, &mut vec!["trustInfo"], beyond)?,
            "memberships" => self.read_memberships(child, beyond),
            other => beyond.add(&[other]),
        }
        Ok(())
    }

    fn read_directories(
        &mut self,
        element: &Element,
        beyond: &mut Beyond,
    ) -> Result<(), ManifestError> {
        for directory in &element.children {
            if directory.name != "directory" {
                beyond.add(&["directories", &directory.name]);
                continue;
            }
            let destination = directory.attribute("destinationPath");
            let destination = destination.ok_or(ManifestError::Missing {
                above: "directory",
                missing: "destinationPath",
            })?;
            let security = directory.child("securityDescriptor");
            for inner in &directory.children {
                if inner.name != "securityDescriptor" {
                    beyond.add(&["directories", "directory", &inner.name]);
                }
            }
            self.directories.push(ComponentDirectory {
                destination: destination.to_owned(),
                owner: directory.attribute("owner").map(str::to_owned),
                security: security.and_then(|one| Some(one.attribute("name")?.to_owned())),
            });
        }
        Ok(())
    }

    /// `trustInfo/security/accessControl/securityDescriptorDefinitions`.
    fn read_trust<'e>(
        &mut self,
        element: &'e Element,
        path: &mut Vec<&'e str>,
        beyond: &mut Beyond,
    ) -> Result<(), ManifestError> {
        for child in &element.children {
            path.push(&child.name);
            match (path.len(), child.name.as_str()) {
                (2, "security") | (3, "accessControl") | (4, "securityDescriptorDefinitions") => {
                    self.read_trust(child, path, beyond)?;
                }
                (5, "securityDescriptorDefinition") => {
                    let text = |name: &'static str| {
                        child.attribute(name).ok_or(ManifestError::Missing {
                            above: "securityDescriptorDefinition",
                            missing: name,
                        })
                    };
                    self.security.push(SecurityDefinition {
                        name: text("name")?.to_owned(),
                        sddl: text("sddl")?.to_owned(),
                        operation_hint: child.attribute("operationHint").map(str::to_owned),
                    });
                }
                _ => beyond.add(path),
            }
            path.pop();
        }
        Ok(())
    }

    fn read_memberships(&mut self, element: &Element, beyond: &mut Beyond) {
        for membership in &element.children {
            if membership.name != "categoryMembership" {
                beyond.add(&["memberships", &membership.name]);
                continue;
            }
            for inner in &membership.children {
                match inner.name.as_str() {
                    "id" => self.memberships.push(Membership {
                        name: inner.attribute("name").unwrap_or_default().to_owned(),
                        type_name: inner.attribute("typeName").map(str::to_owned),
                    }),
                    // Services, shortcuts and the like: data for an installer.
                    other => {
                        let mut path = vec!["memberships", "categoryMembership", other];
                        path.extend(inner.children.first().map(|child| child.name.as_str()));
                        beyond.add(&path);
                    }
                }
            }
        }
    }

    /// The components that a deployment pulls in.
    pub fn installs(&self) -> impl Iterator<Item = &Identity> {
        let installs = |dependency: &&Dependency| {
            let kind = dependency.dependency_type.as_deref();
            kind.is_some_and(|kind| kind.eq_ignore_ascii_case("install"))
        };
        self.dependencies
            .iter()
            .filter(installs)
            .map(|dependency| &dependency.identity)
    }

    /// The security descriptor of that name.
    pub fn security_named(&self, name: &str) -> Option<&SecurityDefinition> {
        self.security.iter().find(|known| known.name == name)
    }
}

/// Paths of what is not known, each once and not without end.
#[derive(Default)]
struct Beyond(Vec<String>);

impl Beyond {
    fn add(&mut self, path: &[&str]) {
        let path = path.join("/");
        if self.0.len() < 256 && !self.0.contains(&path) {
            self.0.push(path);
        }
    }
}

fn identity(element: &Element, place: &'static str) -> Result<Identity, ManifestError> {
    let read = Identity::from_attributes(|name| element.attribute(name));
    read.map_err(|source| ManifestError::Identity { place, source })
}

fn dependency(element: &Element, beyond: &mut Beyond) -> Result<Option<Dependency>, ManifestError> {
    let Some(dependent) = element.child("dependentAssembly") else {
        beyond.add(&["dependency"]);
        return Ok(None);
    };
    let inner = dependent.child("assemblyIdentity");
    let inner = inner.ok_or(ManifestError::Missing {
        above: "dependentAssembly",
        missing: "assemblyIdentity",
    })?;
    // `*` stands for the architecture of who depends, in old manifests.
    let read = Identity::from_attributes(|name| match name {
        "processorArchitecture" => inner.attribute(name).or(Some("*")),
        _ => inner.attribute(name),
    });
    let place = "dependency";
    Ok(Some(Dependency {
        identity: read.map_err(|source| ManifestError::Identity { place, source })?,
        dependency_type: dependent.attribute("dependencyType").map(str::to_owned),
        resource_type: element.attribute("resourceType").map(str::to_owned),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    const COMPONENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">
  <assemblyIdentity name="Test-Component" version="10.0.19041.5" processorArchitecture="amd64"
    language="neutral" publicKeyToken="31bf3856ad364e35" versionScope="nonSxS"/>
  <dependency discoverable="no" resourceType="Resources"><dependentAssembly><assemblyIdentity
    name="Test-Component.Resources" version="10.0.19041.5" processorArchitecture="amd64" language="*"/>
    </dependentAssembly></dependency>
  <file name="a.dll" destinationPath="$(runtime.system32)\" sourceName="a.dll" sourcePath=".\">
    <securityDescriptor name="DEFAULT"/>
    <asmv2:hash xmlns:asmv2="urn:schemas-microsoft-com:asm.v2" xmlns:dsig="http://www.w3.org/2000/09/xmldsig#">
      <dsig:Transforms><dsig:Transform Algorithm="urn:schemas-microsoft-com:HashTransforms.Identity"/></dsig:Transforms>
      <dsig:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha256"/>
      <dsig:DigestValue>ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=</dsig:DigestValue>
    </asmv2:hash>
    <comClass clsid="x"/>
  </file>
  <directories><directory destinationPath="$(runtime.programData)\Test" owner="true"/></directories>
  <registryKeys><registryKey keyName="HKEY_LOCAL_MACHINE\SOFTWARE\Test"><registryValue name="n"
    valueType="REG_DWORD" value="0x1" operationHint="replace"/><systemProtection/></registryKey></registryKeys>
  <trustInfo><security><accessControl><securityDescriptorDefinitions><securityDescriptorDefinition
    name="DEFAULT" sddl="D:P(A;;GA;;;BA)" operationHint="replace"/></securityDescriptorDefinitions>
    </accessControl></security></trustInfo>
  <memberships><categoryMembership><id name="Services" typeName="Service"/><categoryInstance
    subcategory="s"><serviceData/></categoryInstance></categoryMembership></memberships>
  <other:thing xmlns:other="urn:other"/>
  <taskScheduler/>
</assembly>"#;

    #[test]
    fn what_is_simple_is_read_and_what_is_not_is_named() {
        let manifest = Manifest::parse(COMPONENT.as_bytes()).unwrap();
        assert!(!manifest.deployment);
        let [file] = manifest.files.as_slice() else {
            panic!("{:?}", manifest.files);
        };
        let digest = file.digest.as_ref().unwrap();
        assert_eq!(digest.matches(b"abc"), Some(true));
        assert_eq!(digest.matches(b"abd"), Some(false));
        assert_eq!(
            manifest.security_named("DEFAULT").unwrap().sddl,
            "D:P(A;;GA;;;BA)"
        );
        assert_eq!(manifest.keys[0].values[0].data.as_deref(), Some("0x1"));
        assert_eq!(manifest.directories.len(), 1);
        assert_eq!(
            manifest.beyond,
            [
                "file/comClass",
                "registryKeys/registryKey/systemProtection",
                "memberships/categoryMembership/categoryInstance/serviceData",
                "thing",
                "taskScheduler",
            ]
        );
        assert_eq!(manifest.installs().count(), 0);
    }

    #[test]
    fn a_digest_by_a_rule_that_is_not_known_is_not_compared() {
        let other = COMPONENT.replace(
            "HashTransforms.Identity",
            "HashTransforms.ManifestInvariant",
        );
        let manifest = Manifest::parse(other.as_bytes()).unwrap();
        let digest = manifest.files[0].digest.as_ref().unwrap();
        assert_eq!(digest.matches(b"abc"), None);
        let broken = COMPONENT.replace("ungWv48", "?");
        let error = Manifest::parse(broken.as_bytes()).unwrap_err();
        let expected = ManifestError::Digest {
            file: "a.dll".to_owned(),
        };
        assert_eq!(error, expected);
    }
}
