//! Packages that tests make.

use std::sync::Arc;

use wimwright_servicing::update::Package;
use wimwright_servicing::update::package::Trust;
use wimwright_servicing::{FileTime, MemoryTree, catalog::verify::TrustStore};
use wimwright_testdata::cbs_image::{Component, Identity, catalog, deployment_manifest};

/// A package of one mum.
pub(crate) struct Made {
    pub(crate) identity: Identity,
    /// `releaseType`.
    pub(crate) release_type: &'static str,
    /// `parent` elements and `installerAssembly`.
    pub(crate) asks: String,
    /// The conditions of its one update.
    pub(crate) applicable: String,
    /// What its deployment pulls in.
    pub(crate) components: Vec<Component>,
}

/// An update for Windows 7, or 10, by its number.
pub(crate) fn update(kb: &str, version: [u16; 4]) -> Made {
    Made {
        identity: Identity::package(&format!("Package_for_{kb}"), version, "amd64"),
        release_type: "Update",
        asks: String::new(),
        applicable: String::new(),
        components: Vec::new(),
    }
}

/// A `parent`.
pub(crate) fn parent(identity: &Identity, compare: &str) -> String {
    let inner = identity.xml();
    format!("<parent {compare} integrate=\"separate\" disposition=\"detect\">{inner}</parent>")
}

/// The least servicing stack.
pub(crate) fn stack(version: &str) -> String {
    format!(
        "<installerAssembly name=\"Microsoft-Windows-ServicingStack\" version=\"{version}\" \
         language=\"neutral\" processorArchitecture=\"amd64\" versionScope=\"nonSxS\" \
         publicKeyToken=\"31bf3856ad364e35\"/>"
    )
}

impl Made {
    pub(crate) fn asking(mut self, asks: impl AsRef<str>) -> Made {
        self.asks.push_str(asks.as_ref());
        self
    }

    /// With a component that it updates where it is there.
    pub(crate) fn updating(mut self, component: Component, elevate: &str) -> Made {
        let inner = component.identity.xml();
        self.applicable.push_str(&format!(
            "<applicable disposition=\"staged\"><updateComponent elevate=\"{elevate}\">{inner}\
             </updateComponent></applicable>"
        ));
        self.components.push(component);
        self
    }

    fn mum(&self, deployment: &Identity) -> String {
        let own = self.identity.xml();
        let (asks, applicable) = (&self.asks, &self.applicable);
        let component = match self.components.is_empty() {
            true => String::new(),
            false => format!("<component>{}</component>", deployment.xml()),
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><assembly \
             xmlns=\"urn:schemas-microsoft-com:asm.v3\" manifestVersion=\"1.0\">{own}<package \
             identifier=\"{}\" releaseType=\"{}\" restart=\"possible\">{asks}<update \
             name=\"1_neutral\">{applicable}{component}</update></package></assembly>",
            self.identity.name, self.release_type
        )
    }

    /// Its files.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let name = format!("0123456789abcdef{:016x}", self.identity.version[3]);
        let deployment = Identity::component(&name, self.identity.version, "amd64");
        let mut files = vec![("update.mum".to_owned(), self.mum(&deployment).into_bytes())];
        if !self.components.is_empty() {
            let inner: Vec<Identity> = self
                .components
                .iter()
                .map(|one| one.identity.clone())
                .collect();
            let manifest = deployment_manifest(&deployment, &inner);
            let name = format!("{}.manifest", deployment.component_name());
            files.push((name, manifest.into_bytes()));
        }
        for component in &self.components {
            let folder = component.identity.component_name();
            let manifest = component.manifest().into_bytes();
            files.push((format!("{folder}.manifest"), manifest));
            for file in &component.files {
                files.push((format!("{folder}\\{}", file.name), file.bytes.clone()));
            }
        }
        let listed: Vec<Vec<u8>> = files
            .iter()
            .filter(|(name, _)| !name.contains('\\'))
            .map(|(_, bytes)| bytes.clone())
            .collect();
        files.push(("update.cat".to_owned(), catalog(&listed)));
        files
    }

    /// Opened, under a name like that of its file.
    pub(crate) fn open(&self) -> Package {
        let name = format!("{}.cab", self.identity.name);
        open(&name, super::tree(self.files()))
    }
}

/// A package, with the built-in anchors, in 2026.
pub(crate) fn open(name: &str, tree: MemoryTree) -> Package {
    let anchors = TrustStore::default();
    let trust = Trust {
        anchors: &anchors,
        now: FileTime(134_116_992_000_000_000),
    };
    Package::open(name, Arc::new(tree), trust).unwrap()
}
