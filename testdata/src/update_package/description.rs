//! What a package to be made is to have.

use super::names::Identity;

/// The token of the key that all packages of Windows have in their names.
pub const TOKEN: &str = "31bf3856ad364e35";

/// The descriptor that Windows gives files of its own.
pub const FILE_SDDL: &str = "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464\
G:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464\
D:P(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)\
(A;;GRGX;;;BA)(A;;GRGX;;;SY)(A;;GRGX;;;BU)S:(AU;FASA;0x000D0116;;;WD)";

/// The descriptor that Windows gives keys of its own.
pub const KEY_SDDL: &str = "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464\
G:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464\
D:P(A;CI;GA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)\
(A;CI;GR;;;SY)(A;CI;GR;;;BA)(A;CI;GR;;;BU)";

/// A package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// Its language.
    pub language: String,
    /// Its short name, `KB1`.
    pub identifier: String,
    /// `Update`, `Security Update`, ...
    pub release_type: String,
    /// `possible`, `required`.
    pub restart: String,
    /// What has to be there; none for no `parent` at all.
    pub parents: Vec<Parents>,
    /// The servicing stack that it needs.
    pub stack: String,
    /// What it brings.
    pub updates: Vec<Update>,
}

/// A `parent`.
#[derive(Clone, Debug)]
pub struct Parents {
    /// Its attributes, as they are to stand there.
    pub attributes: String,
    /// Any of these packages: name and version.
    pub packages: Vec<(String, String)>,
}

/// A unit of a package.
#[derive(Clone, Debug)]
pub struct Update {
    /// Its name.
    pub name: String,
    /// `elevate` of an `updateComponent` about all components; `None` for an
    /// update that applies always.
    pub elevate: Option<&'static str>,
    /// What it brings.
    pub brings: Brings,
}

/// What an update brings.
#[derive(Clone, Debug)]
pub enum Brings {
    /// Another package.
    Package(Package),
    /// A deployment.
    Deployment(Deployment),
}

/// A component that pulls in others.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its identity.
    pub identity: Identity,
    /// What it pulls in.
    pub components: Vec<Component>,
}

/// A component.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its identity.
    pub identity: Identity,
    /// Its files.
    pub files: Vec<File>,
    /// Its registry keys.
    pub keys: Vec<Key>,
    /// Its memberships and whatever else, as XML.
    pub more: String,
}

/// A file of a component.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Where it goes; `None` for one that stays in the store.
    pub destination: Option<String>,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A registry key of a component.
#[derive(Clone, Debug)]
pub struct Key {
    /// `HKEY_LOCAL_MACHINE\...`.
    pub path: String,
    /// Name, type and data, as they stand in XML.
    pub values: Vec<(String, String, String)>,
    /// Whether it gets the descriptor of Windows' own keys.
    pub protected: bool,
}

impl Package {
    /// A package for `parent` of that version, without anything in it.
    pub fn new(name: &str, version: &str, parent: (&str, &str)) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: "amd64".to_owned(),
            language: "neutral".to_owned(),
            identifier: name.rsplit('_').next().unwrap_or(name).to_owned(),
            release_type: "Update".to_owned(),
            restart: "possible".to_owned(),
            parents: vec![Parents {
                attributes: "buildCompare=\"EQ\" serviceCompare=\"GE\" integrate=\"separate\" \
                             disposition=\"detect\""
                    .to_owned(),
                packages: vec![(parent.0.to_owned(), parent.1.to_owned())],
            }],
            stack: "6.0.0.0".to_owned(),
            updates: Vec::new(),
        }
    }

    /// Its name as a package.
    pub fn package_name(&self) -> String {
        let culture = match self.language.as_str() {
            "neutral" => "",
            language => language,
        };
        let Package {
            name,
            version,
            architecture,
            ..
        } = self;
        format!("{name}~{TOKEN}~{architecture}~{culture}~{version}")
    }

    /// With one more update.
    pub fn with(mut self, name: &str, elevate: Option<&'static str>, brings: Brings) -> Package {
        self.updates.push(Update {
            name: name.to_owned(),
            elevate,
            brings,
        });
        self
    }

    /// Its deployments, those of the packages in it aside.
    pub fn deployments(&self) -> impl Iterator<Item = &Deployment> {
        self.updates
            .iter()
            .filter_map(|update| match &update.brings {
                Brings::Deployment(deployment) => Some(deployment),
                Brings::Package(_) => None,
            })
    }

    /// The packages that it brings.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.updates
            .iter()
            .filter_map(|update| match &update.brings {
                Brings::Package(package) => Some(package),
                Brings::Deployment(_) => None,
            })
    }
}

fn identity(name: &str, architecture: &str, version: &str) -> Identity {
    Identity {
        name: name.to_owned(),
        architecture: architecture.to_owned(),
        version: version.to_owned(),
        language: "neutral".to_owned(),
        token: TOKEN.to_owned(),
    }
}

impl Deployment {
    /// A deployment of that version, under a made-up name as Windows has them.
    pub fn new(number: u32, version: &str, components: Vec<Component>) -> Deployment {
        let name = format!(
            "{:032x}",
            u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C)
        );
        Deployment {
            identity: identity(&name, "amd64", version),
            components,
        }
    }
}

impl Component {
    /// A component without anything in it.
    pub fn new(name: &str, architecture: &str, version: &str) -> Component {
        Component {
            identity: identity(name, architecture, version),
            files: Vec::new(),
            keys: Vec::new(),
            more: String::new(),
        }
    }

    /// With one more file.
    pub fn file(mut self, name: &str, destination: Option<&str>, bytes: &[u8]) -> Component {
        self.files.push(File {
            name: name.to_owned(),
            destination: destination.map(str::to_owned),
            bytes: bytes.to_vec(),
        });
        self
    }

    /// With one more key.
    pub fn key(mut self, path: &str, values: &[(&str, &str, &str)], protected: bool) -> Component {
        self.keys.push(Key {
            path: path.to_owned(),
            values: values
                .iter()
                .map(|(name, kind, data)| (name.to_string(), kind.to_string(), data.to_string()))
                .collect(),
            protected,
        });
        self
    }

    /// With XML that a simple component does not have.
    pub fn more(mut self, xml: &str) -> Component {
        self.more.push_str(xml);
        self
    }
}
