//! `update.mum` and manifests, spelled as in real packages.

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

use super::description::{
    Brings, Component, Deployment, FILE_SDDL, KEY_SDDL, Package, TOKEN, Update,
};
use super::names::Identity;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
const NAMESPACE: &str = "urn:schemas-microsoft-com:asm.v3";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn package_identity(package: &Package) -> String {
    let Package {
        name,
        version,
        architecture,
        language,
        ..
    } = package;
    format!(
        "<assemblyIdentity name=\"{name}\" version=\"{version}\" language=\"{language}\" \
         processorArchitecture=\"{architecture}\" publicKeyToken=\"{TOKEN}\" />"
    )
}

fn component_identity(identity: &Identity) -> String {
    let Identity {
        name,
        architecture,
        version,
        language,
        token,
    } = identity;
    format!(
        "<assemblyIdentity name=\"{name}\" version=\"{version}\" \
         processorArchitecture=\"{architecture}\" language=\"{language}\" buildType=\"release\" \
         publicKeyToken=\"{token}\" versionScope=\"nonSxS\" />"
    )
}

/// A package's description.
pub(super) fn mum(package: &Package) -> Vec<u8> {
    let identifier = &package.identifier;
    let mut text = format!(
        "{HEAD}<assembly xmlns=\"{NAMESPACE}\" manifestVersion=\"1.0\" description=\"Fix for \
         {identifier}\" displayName=\"default\" company=\"Test\" copyright=\"Test\" \
         supportInformation=\"http://example.invalid/{identifier}\" \
         creationTimeStamp=\"2026-01-01T00:00:00Z\" lastUpdateTimeStamp=\"2026-01-01T00:00:00Z\">\n  \
         {}\n  <package identifier=\"{identifier}\" releaseType=\"{}\" restart=\"{}\">\n",
        package_identity(package),
        package.release_type,
        package.restart,
    );
    for parents in &package.parents {
        text.push_str(&format!("    <parent {}>\n", parents.attributes));
        for (name, version) in &parents.packages {
            let parent = Package {
                name: name.clone(),
                version: version.clone(),
                ..package.clone()
            };
            text.push_str(&format!("      {}\n", package_identity(&parent)));
        }
        text.push_str("    </parent>\n");
    }
    text.push_str(&format!(
        "    <installerAssembly name=\"Microsoft-Windows-ServicingStack\" version=\"{}\" \
         language=\"neutral\" processorArchitecture=\"{}\" versionScope=\"nonSxS\" \
         publicKeyToken=\"{TOKEN}\" />\n",
        package.stack, package.architecture
    ));
    for update in &package.updates {
        text.push_str(&self::update(update));
    }
    text.push_str("  </package>\n</assembly>\n");
    crlf(&text)
}

fn update(update: &Update) -> String {
    let mut text = format!("    <update name=\"{}\">\n", update.name);
    match &update.brings {
        Brings::Package(package) => text.push_str(&format!(
            "      <package integrate=\"hidden\">\n        {}\n      </package>\n",
            package_identity(package)
        )),
        Brings::Deployment(deployment) => {
            if let Some(elevate) = update.elevate {
                let all = deployment.components.iter();
                let all: String = all
                    .map(|one| format!("          {}\n", component_identity(&one.identity)))
                    .collect();
                text.push_str(&format!(
                    "      <applicable disposition=\"staged\">\n        <updateComponent \
                     elevate=\"{elevate}\">\n{all}        </updateComponent>\n      \
                     </applicable>\n"
                ));
            }
            text.push_str(&format!(
                "      <component>\n        {}\n      </component>\n",
                component_identity(&deployment.identity)
            ));
        }
    }
    text + "    </update>\n"
}

/// A deployment's manifest.
pub(super) fn deployment(deployment: &Deployment) -> Vec<u8> {
    let mut text = format!(
        "{HEAD}<assembly xmlns=\"{NAMESPACE}\" manifestVersion=\"1.0\">\n  {}\n  <deployment />\n",
        component_identity(&deployment.identity)
    );
    for component in &deployment.components {
        text.push_str(&format!(
            "  <dependency discoverable=\"false\">\n    <dependentAssembly \
             dependencyType=\"install\">\n      {}\n    </dependentAssembly>\n  </dependency>\n",
            component_identity(&component.identity)
        ));
    }
    crlf(&(text + "</assembly>\n"))
}

/// A component's manifest.
pub(super) fn component(component: &Component) -> Vec<u8> {
    let mut text = format!(
        "{HEAD}<assembly xmlns=\"{NAMESPACE}\" manifestVersion=\"1.0\" copyright=\"Test\">\n  {}\n",
        component_identity(&component.identity)
    );
    for file in &component.files {
        let name = &file.name;
        let destination = file.destination.iter();
        let destination: String = destination
            .map(|path| format!(" destinationPath=\"{}\"", escaped(path)))
            .collect();
        let digest = Base64::encode_string(&Sha256::digest(&file.bytes));
        text.push_str(&format!(
            "  <file name=\"{name}\"{destination} sourceName=\"{name}\" sourcePath=\".\\\" \
             importPath=\"$(build.nttree)\\\">\n    <securityDescriptor \
             name=\"WRP_FILE_DEFAULT_SDDL\" />\n    <asmv2:hash \
             xmlns:asmv2=\"urn:schemas-microsoft-com:asm.v2\">\n      <dsig:Transforms \
             xmlns:dsig=\"http://www.w3.org/2000/09/xmldsig#\">\n        <dsig:Transform \
             Algorithm=\"urn:schemas-microsoft-com:HashTransforms.Identity\" />\n      \
             </dsig:Transforms>\n      <dsig:DigestMethod \
             xmlns:dsig=\"http://www.w3.org/2000/09/xmldsig#\" \
             Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha256\" />\n      <dsig:DigestValue \
             xmlns:dsig=\"http://www.w3.org/2000/09/xmldsig#\">{digest}</dsig:DigestValue>\n    \
             </asmv2:hash>\n  </file>\n"
        ));
    }
    if !component.keys.is_empty() {
        text.push_str("  <registryKeys>\n");
        for key in &component.keys {
            text.push_str(&format!(
                "    <registryKey keyName=\"{}\" owner=\"false\">\n",
                escaped(&key.path)
            ));
            for (name, kind, data) in &key.values {
                text.push_str(&format!(
                    "      <registryValue name=\"{}\" valueType=\"{kind}\" value=\"{}\" \
                     operationHint=\"replace\" owner=\"true\" />\n",
                    escaped(name),
                    escaped(data)
                ));
            }
            if key.protected {
                text.push_str("      <securityDescriptor name=\"WRP_KEY_DEFAULT_SDDL\" />\n");
            }
            text.push_str("    </registryKey>\n");
        }
        text.push_str("  </registryKeys>\n");
    }
    text.push_str(&component.more);
    text.push_str(
        "  <trustInfo>\n    <security>\n      <accessControl>\n        \
         <securityDescriptorDefinitions>\n",
    );
    for (name, sddl) in [
        ("WRP_FILE_DEFAULT_SDDL", FILE_SDDL),
        ("WRP_KEY_DEFAULT_SDDL", KEY_SDDL),
    ] {
        text.push_str(&format!(
            "          <securityDescriptorDefinition name=\"{name}\" sddl=\"{sddl}\" \
             operationHint=\"replace\" />\n"
        ));
    }
    text.push_str(
        "        </securityDescriptorDefinitions>\n      </accessControl>\n    </security>\n  \
         </trustInfo>\n  <localization>\n    <resources culture=\"en-US\">\n      <stringTable>\n        \
         <string id=\"displayName\" value=\"Test\" />\n      </stringTable>\n    </resources>\n  \
         </localization>\n</assembly>\n",
    );
    crlf(&text)
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}
