//! Images with a component store: packages, components, features and what the
//! registry says of them, for Windows 7 and Windows 10.
//!
//! No hive or store of a real image can be had; what is made here follows
//! public descriptions of them, value by value. Names and hashes are computed
//! here a second time, apart from the code under test.
//!
//! ```text
//! servicing\Packages               mum and catalog of each package
//! servicing\Version                the servicing stack
//! WinSxS\Manifests, <component>    manifests (6.1 plain, 10.0 compressed), files
//! WinSxS\Catalogs, CatRoot         catalogs
//! SOFTWARE  ..\Component Based Servicing, ..\SideBySide\Winners
//! COMPONENTS  CanonicalData, DerivedData
//! ```

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use wimwright_hive::{FileTime, Hive, KeyId, MinorVersion, kind};

use crate::image::{self, Data, Windows};
use crate::pa30;
use crate::pe::{self, Pe};

/// The publisher's key of all that is made here.
pub const TOKEN: &str = "31bf3856ad364e35";

/// Key of component based servicing in SOFTWARE.
pub const CBS: &str = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";

/// State of a package.
pub mod state {
    /// It is there, and not in use.
    pub const STAGED: u32 = 0x40;
    /// A newer one is in its place.
    pub const SUPERSEDED: u32 = 0x50;
    /// To be installed at the next start.
    pub const INSTALL_PENDING: u32 = 0x60;
    /// In use.
    pub const INSTALLED: u32 = 0x70;
    /// In use for good.
    pub const PERMANENT: u32 = 0x80;
}

/// 2026-01-01.
const NOW: FileTime = FileTime(134_116_992_000_000_000);

/// Who a package or component is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: [u16; 4],
    /// Its architecture.
    pub architecture: String,
    /// Its language; empty for none.
    pub culture: String,
    /// Whether `versionScope` is `nonSxS`: components are so, packages are not.
    pub non_sxs: bool,
}

impl Identity {
    /// A package without language.
    pub fn package(name: &str, version: [u16; 4], architecture: &str) -> Identity {
        Identity {
            name: name.to_owned(),
            version,
            architecture: architecture.to_owned(),
            culture: String::new(),
            non_sxs: false,
        }
    }

    /// A component without language.
    pub fn component(name: &str, version: [u16; 4], architecture: &str) -> Identity {
        Identity {
            non_sxs: true,
            ..Identity::package(name, version, architecture)
        }
    }

    /// The same in a language.
    pub fn in_language(self, culture: &str) -> Identity {
        Identity {
            culture: culture.to_owned(),
            ..self
        }
    }

    /// `6.1.7601.17514`.
    pub fn version_text(&self) -> String {
        let numbers: Vec<String> = self.version.iter().map(u16::to_string).collect();
        numbers.join(".")
    }

    /// `name~token~architecture~culture~version`.
    pub fn package_name(&self) -> String {
        let Identity {
            name,
            architecture,
            culture,
            ..
        } = self;
        let version = self.version_text();
        format!("{name}~{TOKEN}~{architecture}~{culture}~{version}")
    }

    /// The name of its folder, manifest and key as a component.
    pub fn component_name(&self) -> String {
        let culture = match self.culture.as_str() {
            "" => "none",
            culture => culture,
        };
        let version = self.version_text();
        let name = cut(&self.name, 40);
        let hash = self.hash(true);
        let architecture = &self.architecture;
        format!("{architecture}_{name}_{TOKEN}_{version}_{culture}_{hash:016x}").to_lowercase()
    }

    /// The name of its key as a deployment.
    pub fn deployment_name(&self) -> String {
        let version = self.version_text();
        let name = cut(&self.name, 24);
        let hash = self.hash(true);
        format!("{name}_{TOKEN}_{version}_{hash:016x}").to_lowercase()
    }

    /// The name of the key that says which version is in use.
    pub fn winners_name(&self) -> String {
        let culture = match self.culture.as_str() {
            "" => "none",
            culture => culture,
        };
        let name = cut(&self.name, 40);
        let hash = self.hash(false);
        let architecture = &self.architecture;
        format!("{architecture}_{name}_{TOKEN}_{culture}_{hash:016x}").to_lowercase()
    }

    /// What `identity` and `appid` values say.
    pub fn registry_text(&self) -> String {
        let culture = match self.culture.as_str() {
            "" => "neutral",
            culture => culture,
        };
        let mut text = format!(
            "{}, Culture={culture}, Version={}, PublicKeyToken={TOKEN}, ProcessorArchitecture={}",
            self.name,
            self.version_text(),
            self.architecture
        );
        if self.non_sxs {
            text.push_str(", versionScope=NonSxS");
        }
        text
    }

    /// The element that names it.
    pub fn xml(&self) -> String {
        let language = match self.culture.as_str() {
            "" => "neutral",
            culture => culture,
        };
        let scope = if self.non_sxs {
            " versionScope=\"nonSxS\""
        } else {
            ""
        };
        format!(
            "<assemblyIdentity name=\"{}\" version=\"{}\" processorArchitecture=\"{}\" \
             language=\"{language}\" buildType=\"release\" publicKeyToken=\"{TOKEN}\"{scope}/>",
            self.name,
            self.version_text(),
            self.architecture
        )
    }

    fn hash(&self, with_version: bool) -> u64 {
        const P: u64 = 8_589_934_583;
        let version = self.version_text();
        let attributes = [
            ("name", self.name.as_str()),
            ("culture", self.culture.as_str()),
            ("version", if with_version { &version } else { "" }),
            ("publicKeyToken", TOKEN),
            ("processorArchitecture", self.architecture.as_str()),
            ("versionScope", if self.non_sxs { "nonSxS" } else { "" }),
        ];
        let used = attributes.iter().filter(|(_, value)| !value.is_empty());
        used.fold(0, |sum: u64, (name, value)| {
            let pair = text_hash(name)
                .wrapping_mul(P)
                .wrapping_add(text_hash(value));
            sum.wrapping_mul(P).wrapping_add(pair)
        })
    }
}

/// The hash of one text.
pub fn text_hash(text: &str) -> u64 {
    let lower = text.to_ascii_lowercase().into_bytes();
    (0..4).fold(0, |joined: u64, lane| {
        let lane = lower.iter().skip(lane).step_by(4);
        let lane = lane.fold(0_u32, |sum, byte| {
            sum.wrapping_mul(65599).wrapping_add(u32::from(*byte))
        });
        joined
            .wrapping_mul(8_589_934_583)
            .wrapping_add(u64::from(lane))
    })
}

fn cut(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let half = most / 2 - 1;
    let start = name.get(..half).unwrap_or_default();
    let end = name.get(name.len() - half..).unwrap_or_default();
    format!("{start}..{end}")
}

/// The name of a value that is cut at `most` characters.
fn value_name(prefix: &str, text: &str, most: usize) -> String {
    match text.get(..most).filter(|_| text.len() > most) {
        Some(start) => format!("{prefix}{start}_{:016x}", text_hash(text)),
        None => format!("{prefix}{text}"),
    }
}

/// A file of a component.
#[derive(Clone, Debug)]
pub struct ComponentFile {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// The directory that it is linked into, below Windows; `None` for one that
    /// stays in the store.
    pub linked: Option<String>,
}

/// A component.
#[derive(Clone, Debug)]
pub struct Component {
    /// Which.
    pub identity: Identity,
    /// Its files.
    pub files: Vec<ComponentFile>,
    /// Elements of its manifest behind the files.
    pub more: String,
    /// Whether it is the version in use.
    pub winner: bool,
}

impl Component {
    /// A component with one file in System32.
    pub fn with_file(identity: Identity, name: &str, bytes: &[u8]) -> Component {
        Component {
            identity,
            files: vec![ComponentFile {
                name: name.to_owned(),
                bytes: bytes.to_vec(),
                linked: Some("System32".to_owned()),
            }],
            more: String::new(),
            winner: true,
        }
    }

    /// Its manifest, with CR LF as real ones have it.
    pub fn manifest(&self) -> String {
        let files = self.files.iter().map(|file| {
            let destination = file.linked.as_ref().map_or(String::new(), |linked| {
                let path = linked.replace("System32", "$(runtime.system32)");
                format!(" destinationPath=\"{path}\\\"")
            });
            let digest = base64(&Sha256::digest(&file.bytes));
            let name = &file.name;
            format!(
                "  <file name=\"{name}\"{destination} sourceName=\"{name}\" sourcePath=\".\\\">\r\n    \
                 <asmv2:hash xmlns:asmv2=\"urn:schemas-microsoft-com:asm.v2\" \
                 xmlns:dsig=\"http://www.w3.org/2000/09/xmldsig#\"><dsig:Transforms><dsig:Transform \
                 Algorithm=\"urn:schemas-microsoft-com:HashTransforms.Identity\"/></dsig:Transforms>\
                 <dsig:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha256\"/>\
                 <dsig:DigestValue>{digest}</dsig:DigestValue></asmv2:hash>\r\n  </file>\r\n"
            )
        });
        let files: String = files.collect();
        let more = &self.more;
        document(&self.identity, &format!("{files}{more}"))
    }
}

/// The manifest of a deployment of these components.
pub fn deployment_manifest(identity: &Identity, components: &[Identity]) -> String {
    let mut body = "  <deployment/>\r\n".to_owned();
    for component in components {
        let inner = component.xml();
        body.push_str(&format!(
            "  <dependency discoverable=\"false\"><dependentAssembly dependencyType=\"install\">\
             {inner}</dependentAssembly></dependency>\r\n"
        ));
    }
    document(identity, &body)
}

fn document(identity: &Identity, body: &str) -> String {
    let own = identity.xml();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<assembly \
         xmlns=\"urn:schemas-microsoft-com:asm.v3\" manifestVersion=\"1.0\">\r\n  {own}\r\n{body}\
         </assembly>\r\n"
    )
}

/// An update of a package.
#[derive(Clone, Debug)]
pub struct Update {
    /// Its name.
    pub name: String,
    /// What people call it, where it is a feature; and whether it is on of
    /// itself.
    pub feature: Option<(String, bool)>,
    /// Its state; `None` where the registry says none.
    pub state: Option<u32>,
    /// Its components, which a deployment of their own pulls in.
    pub components: Vec<Component>,
}

/// A package of an image.
#[derive(Clone, Debug)]
pub struct Package {
    /// Which.
    pub identity: Identity,
    /// `Foundation`, `Feature Pack`, `Update`, ...
    pub release_type: String,
    /// Its state.
    pub state: u32,
    /// Whether people see it: 1, or 2 for hidden.
    pub visibility: u32,
    /// `parent` elements of its mum.
    pub parents: String,
    /// Its updates.
    pub updates: Vec<Update>,
}

impl Package {
    /// An installed package without anything in it.
    pub fn installed(identity: Identity, release_type: &str) -> Package {
        Package {
            identity,
            release_type: release_type.to_owned(),
            state: state::INSTALLED,
            visibility: 1,
            parents: String::new(),
            updates: Vec::new(),
        }
    }

    /// The deployment of one of its updates.
    pub fn deployment(&self, update: &Update) -> Identity {
        let text = format!("{}.{}", self.identity.package_name(), update.name);
        let (high, low) = (text_hash(&text), text_hash(&format!("{text}.")));
        let name = format!("{high:016x}{low:016x}");
        Identity::component(&name, self.identity.version, &self.identity.architecture)
    }

    /// Its mum.
    pub fn mum(&self) -> String {
        let mut body = format!(
            "  <package identifier=\"{}\" releaseType=\"{}\" restart=\"possible\">\r\n{}",
            self.identity.name, self.release_type, self.parents
        );
        for update in &self.updates {
            let name = &update.name;
            match &update.feature {
                Some((title, on)) => body.push_str(&format!(
                    "    <update name=\"{name}\" displayName=\"{title}\" description=\"{title}\">\r\n\
                     <selectable disposition=\"staged\"><detectNone default=\"{on}\"/></selectable>\r\n"
                )),
                None => body.push_str(&format!("    <update name=\"{name}\">\r\n")),
            }
            if !update.components.is_empty() {
                let deployment = self.deployment(update).xml();
                body.push_str(&format!("      <component>{deployment}</component>\r\n"));
            }
            body.push_str("    </update>\r\n");
        }
        body.push_str("  </package>\r\n");
        document(&self.identity, &body)
    }
}

/// What is left to be done at the next start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pending {
    /// `WinSxS\pending.xml` is there.
    pub file: bool,
    /// A session is pending.
    pub session: bool,
    /// A package is pending.
    pub package: bool,
    /// The restart is asked for.
    pub reboot: bool,
}

/// An image with a component store.
#[derive(Clone, Debug)]
pub struct CbsImage {
    /// Which Windows.
    pub windows: Windows,
    /// `amd64`, `x86`.
    pub architecture: String,
    /// Version of the servicing stack.
    pub stack: [u16; 4],
    /// Its packages.
    pub packages: Vec<Package>,
    /// Whether manifests are compressed against the base manifest.
    pub compressed: bool,
    /// What is left to be done.
    pub pending: Pending,
}

/// The base manifest of the made servicing stack: not that of Windows, and no
/// code may rely on that one.
pub const BASE_MANIFEST: &[u8] = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<assembly \
xmlns=\"urn:schemas-microsoft-com:asm.v3\" manifestVersion=\"1.0\">\r\n  <assemblyIdentity \
name=\"Example\" version=\"1.0.0.0\" processorArchitecture=\"amd64\" language=\"neutral\" \
buildType=\"release\" publicKeyToken=\"31bf3856ad364e35\" versionScope=\"nonSxS\"/>\r\n  \
<deployment/>\r\n  <dependency discoverable=\"false\"><dependentAssembly \
dependencyType=\"install\"></dependentAssembly></dependency>\r\n</assembly>\r\n";

impl CbsImage {
    /// Windows 7 with Service Pack 1, 64 bit, English.
    pub fn windows_7() -> CbsImage {
        let version = [6, 1, 7601, 17514];
        let architecture = "amd64";
        let package = |name: &str| Identity::package(name, version, architecture);
        let mut image = CbsImage {
            windows: Windows::new(6, 1, 7601),
            architecture: architecture.to_owned(),
            stack: [6, 1, 7601, 24544],
            packages: vec![
                Package {
                    state: state::PERMANENT,
                    ..Package::installed(
                        package("Microsoft-Windows-Foundation-Package"),
                        "Foundation",
                    )
                },
                Package {
                    visibility: 2,
                    ..Package::installed(
                        package("Microsoft-Windows-Client-Features-Package"),
                        "Feature Pack",
                    )
                },
                Package::installed(
                    package("Microsoft-Windows-Client-LanguagePack-Package").in_language("en-US"),
                    "Language Pack",
                ),
            ],
            compressed: false,
            pending: Pending::default(),
        };
        image.add_example_components(version);
        image
    }

    /// Windows 10, version 2004, 64 bit, English.
    pub fn windows_10() -> CbsImage {
        let version = [10, 0, 19041, 1];
        let architecture = "amd64";
        let package = |name: &str| Identity::package(name, version, architecture);
        let mut image = CbsImage {
            windows: Windows::new(10, 0, 19041),
            architecture: architecture.to_owned(),
            stack: [10, 0, 19041, 1220],
            packages: vec![
                Package {
                    state: state::PERMANENT,
                    ..Package::installed(
                        package("Microsoft-Windows-Foundation-Package"),
                        "Foundation",
                    )
                },
                Package {
                    visibility: 2,
                    ..Package::installed(
                        package("Microsoft-Windows-ProfessionalEdition"),
                        "Product",
                    )
                },
                Package {
                    visibility: 2,
                    ..Package::installed(
                        package("Microsoft-Windows-Client-Features-Package"),
                        "Feature Pack",
                    )
                },
                Package::installed(
                    package("Microsoft-Windows-Client-LanguagePack-Package").in_language("en-US"),
                    "Language Pack",
                ),
            ],
            compressed: true,
            pending: Pending::default(),
        };
        image.add_example_components(version);
        image
    }

    /// Features that are on and off, an update, and a component that updates
    /// can be for.
    fn add_example_components(&mut self, version: [u16; 4]) {
        let architecture = self.architecture.clone();
        let component = |name: &str| Identity::component(name, version, &architecture);
        let calculator = Component::with_file(
            component("Microsoft-Windows-calc"),
            "calc.exe",
            b"the calculator of this image\r\n",
        );
        let telnet = Component::with_file(
            component("Microsoft-Windows-Telnet-Client"),
            "telnet.exe",
            b"a program that few need\r\n",
        );
        let waiting = Component {
            winner: false,
            files: vec![ComponentFile {
                name: "tftp.exe".to_owned(),
                bytes: b"a program that fewer need\r\n".to_vec(),
                linked: None,
            }],
            ..Component::with_file(component("Microsoft-Windows-TFTP-Client"), "tftp.exe", b"")
        };
        let identity =
            Identity::package("Example-OptionalFeatures-Package", version, &architecture);
        let feature = |name: &str, title: &str, on: bool, components: Vec<Component>| Update {
            name: name.to_owned(),
            feature: Some((title.to_owned(), on)),
            state: Some(if on { state::INSTALLED } else { state::STAGED }),
            components,
        };
        self.packages.push(Package {
            updates: vec![
                feature("TelnetClient", "Telnet Client", true, vec![telnet]),
                feature("TFTP", "TFTP Client", false, vec![waiting]),
            ],
            ..Package::installed(identity, "Feature Pack")
        });
        let identity = Identity::package("Example-Accessories-Package", version, &architecture);
        self.packages.push(Package {
            updates: vec![Update {
                name: "accessories".to_owned(),
                feature: None,
                state: None,
                components: vec![calculator],
            }],
            ..Package::installed(identity, "Feature Pack")
        });
    }

    /// The identity of the servicing stack.
    pub fn stack_identity(&self) -> Identity {
        Identity::component(
            "Microsoft-Windows-ServicingStack",
            self.stack,
            &self.architecture,
        )
    }

    /// The servicing stack as a component: `wcp.dll` with the base manifest.
    pub fn stack_component(&self) -> Component {
        let wcp = Pe {
            machine: if self.architecture == "x86" {
                pe::X86
            } else {
                pe::AMD64
            },
            dll: true,
            resource: Some((614, BASE_MANIFEST.to_vec())),
            ..Pe::default()
        };
        Component {
            identity: self.stack_identity(),
            files: vec![ComponentFile {
                name: "wcp.dll".to_owned(),
                bytes: wcp.build(),
                linked: None,
            }],
            more: String::new(),
            winner: true,
        }
    }

    /// All components: those of packages, and the servicing stack.
    pub fn components(&self) -> Vec<Component> {
        let of_packages = self.packages.iter().flat_map(|package| &package.updates);
        let of_packages = of_packages.flat_map(|update| &update.components).cloned();
        of_packages.chain([self.stack_component()]).collect()
    }

    /// Writes the image below `root`.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn write(&self, root: &Path) {
        let number = match self.architecture.as_str() {
            "x86" => 0,
            "arm64" => 12,
            _ => 9,
        };
        image::write(root, &self.system(), &[], &self.windows, number);
        let windows = root.join("Windows");
        let mut software = open(&windows.join("System32/config/SOFTWARE"));
        self.fill_software(&mut software);
        put(
            &windows.join("System32/config/SOFTWARE"),
            &software.into_bytes(),
        );
        let mut components = Hive::create(
            MinorVersion::V1_5,
            "COMPONENTS",
            &image::root_security(),
            NOW,
        )
        .unwrap_or_else(|error| panic!("COMPONENTS: {error}"));
        self.fill_components(&mut components);
        put(
            &windows.join("System32/config/COMPONENTS"),
            &components.into_bytes(),
        );
        self.write_store(&windows);
    }

    /// A SYSTEM hive that says what an image has to say of itself.
    fn system(&self) -> Vec<u8> {
        let environment = "ControlSet001\\Control\\Session Manager\\Environment";
        let name = self.architecture.to_uppercase();
        let value = (environment, "PROCESSOR_ARCHITECTURE", Data::Text(name));
        image::hive(
            "SYSTEM",
            &[
                ("Select", "Current", Data::Dword(1)),
                ("Select", "Default", Data::Dword(1)),
                ("Select", "Failed", Data::Dword(0)),
                ("Select", "LastKnownGood", Data::Dword(1)),
                ("ControlSet001\\Services\\Null", "Start", Data::Dword(1)),
                ("ControlSet001\\Services\\Null", "Type", Data::Dword(1)),
                value,
            ],
        )
    }

    fn fill_software(&self, hive: &mut Hive) {
        for package in &self.packages {
            let name = package.identity.package_name();
            let key = image::create(hive, &format!("{CBS}\\Packages\\{name}"));
            text(hive, key, "InstallName", &format!("{name}.mum"));
            text(hive, key, "InstallClient", "DISM Package Manager Provider");
            text(hive, key, "InstallUser", "S-1-5-21-1-2-3-500");
            text(hive, key, "InstallLocation", "\\\\?\\D:\\sources\\");
            for (value, number) in [
                ("InstallTimeHigh", (NOW.0 >> 32) as u32),
                ("InstallTimeLow", NOW.0 as u32),
                ("CurrentState", package.state),
                ("SelfUpdate", 0),
                ("Visibility", package.visibility),
            ] {
                dword(hive, key, value, number);
            }
            let owners = image::create(hive, &format!("{CBS}\\Packages\\{name}\\Owners"));
            dword(
                hive,
                owners,
                &name,
                package.visibility << 16 | package.state,
            );
            let any = Identity {
                version: [0; 4],
                ..package.identity.clone()
            };
            let any = any.package_name();
            let index = image::create(hive, &format!("{CBS}\\PackageIndex\\{any}"));
            dword(hive, index, &name, 0);
            let known = package.updates.iter();
            let known = known.filter_map(|update| Some((update, update.state?)));
            for (update, state) in known {
                let updates = image::create(hive, &format!("{CBS}\\Packages\\{name}\\Updates"));
                dword(hive, updates, &update.name, state);
                if update.feature.is_some() {
                    let path = format!("{CBS}\\Notifications\\OptionalFeatures\\{}", update.name);
                    let feature = image::create(hive, &path);
                    let on = u32::from(state == state::INSTALLED);
                    dword(hive, feature, "Selection", on);
                }
            }
        }
        let key = image::create(hive, &format!("{CBS}\\Version"));
        let stack = self.stack_identity();
        let folder = format!("%SystemRoot%\\winsxs\\{}\\", stack.component_name());
        let units: Vec<u16> = stack.version_text().encode_utf16().collect();
        set(hive, key, &units, kind::EXPAND_SZ, &wide(&folder));
        for component in self.components() {
            self.fill_winner(hive, &component);
        }
        if self.pending.session {
            let path = format!("{CBS}\\SessionsPending\\30000000_1");
            image::create(hive, &path);
        }
        if self.pending.package {
            let path = format!("{CBS}\\PackagesPending\\Package_for_KB1~{TOKEN}~amd64~~1.0.0.0");
            image::create(hive, &path);
        }
        if self.pending.reboot {
            image::create(hive, &format!("{CBS}\\RebootPending"));
        }
    }

    fn fill_winner(&self, hive: &mut Hive, component: &Component) {
        if !component.winner {
            return;
        }
        let identity = &component.identity;
        let [major, minor, ..] = identity.version;
        let family = format!("{major}.{minor}");
        let path = format!(
            "Microsoft\\Windows\\CurrentVersion\\SideBySide\\Winners\\{}",
            identity.winners_name()
        );
        let key = image::create(hive, &path);
        text(hive, key, "", &family);
        let key = image::create(hive, &format!("{path}\\{family}"));
        let version = identity.version_text();
        text(hive, key, "", &version);
        let units: Vec<u16> = version.encode_utf16().collect();
        set(hive, key, &units, kind::BINARY, &[1]);
    }

    fn fill_components(&self, hive: &mut Hive) {
        image::create(hive, "DerivedData\\VersionedIndex");
        for package in &self.packages {
            let catalog = self.catalog(package);
            let thumbprint = hex(&Sha256::digest(&catalog));
            let catalogs = format!("CanonicalData\\Catalogs\\{thumbprint}");
            let catalogs = image::create(hive, &catalogs);
            for update in &package.updates {
                if update.components.is_empty() {
                    continue;
                }
                let deployment = package.deployment(update);
                let short = deployment.deployment_name();
                let mark = format!("c!{short}");
                binary(hive, catalogs, &mark, &[]);
                let path = format!("CanonicalData\\Deployments\\{short}");
                let key = image::create(hive, &path);
                binary(hive, key, "appid", deployment.registry_text().as_bytes());
                text(hive, key, "CatalogThumbprint", &thumbprint);
                self.fill_marks(hive, key, package, update);
                let identities: Vec<Identity> = update
                    .components
                    .iter()
                    .map(|one| one.identity.clone())
                    .collect();
                let manifest = deployment_manifest(&deployment, &identities);
                fill_component(hive, &deployment, &manifest, &[], &mark);
                for component in &update.components {
                    let names: Vec<&str> = component
                        .files
                        .iter()
                        .map(|file| file.name.as_str())
                        .collect();
                    let manifest = component.manifest();
                    fill_component(hive, &component.identity, &manifest, &names, &mark);
                }
            }
        }
        let stack = self.stack_component();
        let package = self.stack_package();
        let deployment = package.deployment(
            package
                .updates
                .first()
                .unwrap_or_else(|| panic!("the servicing stack's package has an update")),
        );
        let mark = format!("c!{}", deployment.deployment_name());
        fill_component(
            hive,
            &stack.identity,
            &stack.manifest(),
            &["wcp.dll"],
            &mark,
        );
        let manifest = deployment_manifest(&deployment, &[stack.identity]);
        fill_component(hive, &deployment, &manifest, &[], &mark);
        let catalog = hex(&Sha256::digest(self.catalog(&package)));
        let key = image::create(hive, &format!("CanonicalData\\Catalogs\\{catalog}"));
        binary(hive, key, &mark, &[]);
        let short = deployment.deployment_name();
        let key = image::create(hive, &format!("CanonicalData\\Deployments\\{short}"));
        binary(hive, key, "appid", deployment.registry_text().as_bytes());
        text(hive, key, "CatalogThumbprint", &catalog);
    }

    /// `p!`, `s!` and `i!` values: what a package has to do with a deployment.
    fn fill_marks(&self, hive: &mut Hive, key: KeyId, package: &Package, update: &Update) {
        let whole = format!("{}.{}", package.identity.package_name(), update.name);
        let installed = update.state.unwrap_or(package.state) >= state::INSTALLED;
        let letters: &[&str] = if installed {
            &["p!", "s!", "i!"]
        } else {
            &["p!", "s!"]
        };
        for letter in letters {
            let name = value_name(&format!("{letter}CBS_"), &whole.to_lowercase(), 60);
            let mut data = (whole.len() as u32).to_le_bytes().to_vec();
            data.extend(0_u32.to_le_bytes());
            data.extend(whole.as_bytes());
            binary(hive, key, &name, &data);
        }
    }

    /// The package that stands for the servicing stack among those that are
    /// only in the store.
    fn stack_package(&self) -> Package {
        let identity =
            Identity::package("Package_for_ServicingStack", self.stack, &self.architecture);
        Package {
            updates: vec![Update {
                name: "stack".to_owned(),
                feature: None,
                state: None,
                components: vec![self.stack_component()],
            }],
            ..Package::installed(identity, "Update")
        }
    }

    /// The catalog of a package: its mum and the manifests of its components.
    /// Nobody signed it.
    pub fn catalog(&self, package: &Package) -> Vec<u8> {
        let mut files = vec![package.mum().into_bytes()];
        for update in &package.updates {
            let identities: Vec<Identity> = update
                .components
                .iter()
                .map(|one| one.identity.clone())
                .collect();
            if !identities.is_empty() {
                let deployment = package.deployment(update);
                files.push(deployment_manifest(&deployment, &identities).into_bytes());
            }
            files.extend(
                update
                    .components
                    .iter()
                    .map(|one| one.manifest().into_bytes()),
            );
        }
        catalog(&files)
    }

    fn write_store(&self, windows: &Path) {
        let store = windows.join("WinSxS");
        for package in self.packages.iter().chain([&self.stack_package()]) {
            let name = package.identity.package_name();
            let packages = windows.join("servicing/Packages");
            let catalog = self.catalog(package);
            if package.identity.name != "Package_for_ServicingStack" {
                put(
                    &packages.join(format!("{name}.mum")),
                    package.mum().as_bytes(),
                );
                put(&packages.join(format!("{name}.cat")), &catalog);
            }
            let root = "System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";
            put(&windows.join(root).join(format!("{name}.cat")), &catalog);
            let thumbprint = hex(&Sha256::digest(&catalog));
            put(&store.join(format!("Catalogs/{thumbprint}.cat")), &catalog);
            for update in &package.updates {
                if update.components.is_empty() {
                    continue;
                }
                let identities: Vec<Identity> = update
                    .components
                    .iter()
                    .map(|one| one.identity.clone())
                    .collect();
                let deployment = package.deployment(update);
                let manifest = deployment_manifest(&deployment, &identities);
                self.write_manifest(&store, &deployment, &manifest);
                for component in &update.components {
                    self.write_component(windows, component);
                }
            }
        }
        let version = windows
            .join("servicing/Version")
            .join(self.stack_identity().version_text());
        fs::create_dir_all(&version).unwrap_or_else(|error| panic!("{error}"));
        if self.pending.file {
            put(&store.join("pending.xml"), b"<PendingTransaction/>\r\n");
        }
    }

    fn write_component(&self, windows: &Path, component: &Component) {
        let store = windows.join("WinSxS");
        self.write_manifest(&store, &component.identity, &component.manifest());
        let folder = store.join(component.identity.component_name());
        for file in &component.files {
            let path = folder.join(&file.name);
            put(&path, &file.bytes);
            if let Some(linked) = &file.linked {
                let target = windows.join(linked.replace('\\', "/")).join(&file.name);
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{error}"));
                }
                fs::hard_link(&path, &target)
                    .unwrap_or_else(|error| panic!("{}: {error}", target.display()));
            }
        }
    }

    fn write_manifest(&self, store: &Path, identity: &Identity, manifest: &str) {
        let name = format!("Manifests/{}.manifest", identity.component_name());
        let bytes = match self.compressed {
            true => compressed(manifest.as_bytes()),
            false => manifest.as_bytes().to_vec(),
        };
        put(&store.join(name), &bytes);
    }
}

/// A manifest as Windows 10 keeps it.
pub fn compressed(manifest: &[u8]) -> Vec<u8> {
    [b"DCM\x01".to_vec(), pa30::delta(manifest, BASE_MANIFEST)].concat()
}

fn fill_component(
    hive: &mut Hive,
    identity: &Identity,
    manifest: &str,
    files: &[&str],
    mark: &str,
) {
    let path = format!("DerivedData\\Components\\{}", identity.component_name());
    let key = image::create(hive, &path);
    binary(hive, key, "identity", identity.registry_text().as_bytes());
    binary(hive, key, "S256H", &Sha256::digest(manifest.as_bytes()));
    binary(hive, key, mark, &[]);
    for file in files {
        dword(hive, key, &value_name("f!", file, 25), 1);
    }
}

/// A catalog that lists these files by SHA-256 and that nobody signed.
pub fn catalog(files: &[Vec<u8>]) -> Vec<u8> {
    // Object identifiers, encoded: those of wincrypt.h and mscat.h.
    const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    const TRUST_LIST: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 1];
    const CATALOG_LIST: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 12, 1, 1];
    const LIST_MEMBER: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 12, 1, 3];
    const INDIRECT_DATA: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 4];
    const CAB_DATA: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 25];
    const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    let members = files.iter().map(|file| {
        let digest = Sha256::digest(file);
        let algorithm = der(0x30, &[der(0x06, SHA256), der(0x05, &[])].concat());
        let info = der(0x30, &[algorithm, der(0x04, &digest)].concat());
        let link = der(
            0x30,
            &[der(0x06, CAB_DATA), der(0xa2, &der(0x80, &[]))].concat(),
        );
        let data = der(0x30, &[link, info].concat());
        let attribute = der(0x30, &[der(0x06, INDIRECT_DATA), der(0x31, &data)].concat());
        der(0x30, &[der(0x04, &digest), der(0x31, &attribute)].concat())
    });
    let members: Vec<u8> = members.flatten().collect();
    let list = [
        der(0x30, &der(0x06, CATALOG_LIST)),
        der(0x04, &[7; 16]),
        der(0x17, b"260101000000Z"),
        der(0x30, &[der(0x06, LIST_MEMBER), der(0x05, &[])].concat()),
        der(0x30, &members),
    ];
    let content = [der(0x06, TRUST_LIST), der(0xa0, &der(0x30, &list.concat()))];
    let signed = [
        der(0x02, &[1]),
        der(0x31, &[]),
        der(0x30, &content.concat()),
        der(0x31, &[]),
    ];
    let info = [
        der(0x06, SIGNED_DATA),
        der(0xa0, &der(0x30, &signed.concat())),
    ];
    der(0x30, &info.concat())
}

/// One DER element.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = value.len();
    let mut bytes = vec![tag];
    match len {
        0..=0x7f => bytes.push(len as u8),
        0x80..=0xff => bytes.extend([0x81, len as u8]),
        0x100..=0xffff => {
            bytes.push(0x82);
            bytes.extend((len as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x84);
            bytes.extend((len as u32).to_be_bytes());
        }
    }
    bytes.extend(value);
    bytes
}

fn open(path: &Path) -> Hive {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Hive::open(bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn put(path: &Path, bytes: &[u8]) {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, bytes))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn wide(text: &str) -> Vec<u8> {
    pe::wide(text)
}

fn set(hive: &mut Hive, key: KeyId, name: &[u16], kind: u32, data: &[u8]) {
    hive.set_value(key, name, kind, data, NOW)
        .unwrap_or_else(|error| panic!("{error}"));
}

fn named(hive: &mut Hive, key: KeyId, name: &str, kind: u32, data: &[u8]) {
    let units: Vec<u16> = name.encode_utf16().collect();
    set(hive, key, &units, kind, data);
}

fn text(hive: &mut Hive, key: KeyId, name: &str, value: &str) {
    named(hive, key, name, kind::SZ, &wide(value));
}

fn dword(hive: &mut Hive, key: KeyId, name: &str, value: u32) {
    named(hive, key, name, kind::DWORD, &value.to_le_bytes());
}

fn binary(hive: &mut Hive, key: KeyId, name: &str, value: &[u8]) {
    named(hive, key, name, kind::BINARY, value);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0_u32, |number, at| {
            number << 8 | u32::from(group.get(at).copied().unwrap_or_default())
        });
        for digit in 0..4 {
            let index = (number >> (18 - 6 * digit)) as usize & 63;
            match digit <= group.len() {
                true => text.push(char::from(DIGITS.get(index).copied().unwrap_or(b'='))),
                false => text.push('='),
            }
        }
    }
    text
}
