//! The rules, each with its name.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($(#[doc = $about:literal])+ $name:ident = $text:literal,)+) => {
        /// A rule that a component store keeps.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $about])+ $name,)+
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Rule] = &[$(Rule::$name,)+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Rule::$name => $text,)+
                }
            }
        }
    };
}

rules! {
    /// A key of a component or deployment has a manifest.
    ManifestMissing = "manifest-missing",
    /// A manifest can be read.
    ManifestDamaged = "manifest-damaged",
    /// A manifest has a key.
    ManifestWithoutKey = "manifest-without-key",
    /// The key's digest is that of the manifest.
    ManifestDigest = "manifest-digest",
    /// A component is called what its manifest's identity comes to.
    ComponentName = "component-name",
    /// The key's identity is that of the manifest.
    ComponentIdentity = "component-identity",
    /// Every component is pulled in by a deployment.
    ComponentUnused = "component-unused",
    /// A folder of the store has a key.
    FolderWithoutKey = "folder-without-key",
    /// Every file of a manifest is in the store, unless the key says otherwise.
    FileMissing = "file-missing",
    /// Every file has the digest of its manifest.
    FileDigest = "file-digest",
    /// Every file has a value, and every value a file.
    FileValue = "file-value",
    /// Every `c!` leads to a deployment.
    DeploymentMissing = "deployment-missing",
    /// A deployment is called what its identity comes to.
    DeploymentName = "deployment-name",
    /// A deployment's manifest is in the store.
    DeploymentWithoutManifest = "deployment-without-manifest",
    /// What a deployment pulls in is in the store, and says so.
    DeploymentComponents = "deployment-components",
    /// A deployment names a catalog that the store has.
    DeploymentWithoutCatalog = "deployment-without-catalog",
    /// What a deployment says of packages can be read, under the right name.
    PackageMark = "package-mark",
    /// Packages that deployments name are in the image.
    PackageMarkUnknown = "package-mark-unknown",
    /// A catalog's key has a file.
    CatalogMissing = "catalog-missing",
    /// A catalog's file has a key.
    CatalogWithoutKey = "catalog-without-key",
    /// A catalog is called by its digest.
    CatalogDigest = "catalog-digest",
    /// Catalogs and deployments name each other.
    CatalogDeployment = "catalog-deployment",
    /// Manifests are listed by the catalog of a deployment of theirs.
    ManifestNotCovered = "manifest-not-covered",
    /// A package's key has a description.
    MumMissing = "mum-missing",
    /// A description can be read.
    MumDamaged = "mum-damaged",
    /// A description has a key.
    MumWithoutKey = "mum-without-key",
    /// A package is called what its description says.
    PackageName = "package-name",
    /// A package's description is listed by the catalog beside it.
    MumNotCovered = "mum-not-covered",
    /// What a package brings is in the image.
    PackageParts = "package-parts",
    /// A package is found by the name without its version.
    PackageIndex = "package-index",
    /// A package is in a state that has a name, and not broken.
    PackageState = "package-state",
    /// Packages that hold a package are in the image.
    PackageOwner = "package-owner",
    /// A version in use is in the store.
    WinnerMissing = "winner-missing",
    /// The version in use is one of those that its key lists.
    WinnerNotListed = "winner-not-listed",
    /// Some version of an installed component is in use.
    InstalledWithoutWinner = "installed-without-winner",
    /// The files of components in use are where they belong.
    LinkMissing = "link-missing",
    /// They are the very files of the store.
    LinkToOther = "link-to-other",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
