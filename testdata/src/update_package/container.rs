//! The files of a package, and the cabinets that it comes in.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use super::catalog::{CatalogForm, catalog};
use super::description::Package;
use super::xml;

/// Files of a package by their names in its cabinet.
pub type Members = BTreeMap<String, Vec<u8>>;

impl Package {
    /// Its files, with the packages in it and signed catalogs.
    pub fn members(&self, form: CatalogForm) -> Members {
        let mut members = Members::new();
        self.add("update", form, &mut members);
        members
    }

    fn add(&self, as_name: &str, form: CatalogForm, members: &mut Members) {
        let mum = xml::mum(self);
        let mut covered = vec![mum.clone()];
        for deployment in self.deployments() {
            let manifest = xml::deployment(deployment);
            let name = format!("{}.manifest", deployment.identity.key_form());
            covered.push(manifest.clone());
            members.insert(name, manifest);
            for component in &deployment.components {
                let manifest = xml::component(component);
                let key_form = component.identity.key_form();
                covered.push(manifest.clone());
                members.insert(format!("{key_form}.manifest"), manifest);
                for file in &component.files {
                    let name = format!("{key_form}\\{}", file.name);
                    members.insert(name, file.bytes.clone());
                }
            }
        }
        let covered: Vec<&[u8]> = covered.iter().map(Vec::as_slice).collect();
        members.insert(format!("{as_name}.cat"), catalog(form, &covered));
        members.insert(format!("{as_name}.mum"), mum);
        for package in self.packages() {
            package.add(&package.package_name(), form, members);
        }
    }

    /// The file that standalone packages come in, around a cabinet with
    /// `members`.
    pub fn msu(&self, members: &Members) -> Vec<u8> {
        let Package {
            name,
            version,
            architecture,
            identifier,
            stack,
            ..
        } = self;
        let inner = format!("Windows-{identifier}-{architecture}");
        let identity = format!(
            "name=\"{name}\" version=\"{version}\" language=\"neutral\" \
             processorArchitecture=\"{architecture}\" publicKeyToken=\"{}\"",
            super::TOKEN
        );
        let answer = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<unattend \
             xmlns=\"urn:schemas-microsoft-com:unattend\">\r\n    <servicing>\r\n        <package \
             action=\"install\">\r\n            <assemblyIdentity  {identity}/>\r\n            \
             <source location=\"%configsetroot%\\{inner}.CAB\" />\r\n        </package>\r\n     \
             </servicing>\r\n</unattend>\r\n"
        );
        let properties = format!(
            "Company=\"Test\"\r\nInstaller Version=\"{stack}\"\r\nKB Article \
             Number=\"{identifier}\"\r\nLanguage=\"ALL\"\r\nPackage Type=\"Update\"\r\nProcessor \
             Architecture=\"{architecture}\"\r\n"
        );
        let scan = cabinet(&Members::from([(
            "index.xml".to_owned(),
            b"<index/>".to_vec(),
        )]));
        cabinet(&Members::from([
            ("WSUSSCAN.cab".to_owned(), scan),
            (format!("{inner}.cab"), cabinet(members)),
            (
                format!("{inner}-pkgProperties.txt"),
                properties.into_bytes(),
            ),
            (format!("{inner}.xml"), answer.into_bytes()),
        ]))
    }
}

/// A cabinet with these files.
pub fn cabinet(members: &Members) -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    let folder = builder.add_folder(cab::CompressionType::MsZip);
    for name in members.keys() {
        folder.add_file(name.clone());
    }
    let made = || -> std::io::Result<Vec<u8>> {
        let mut writer = builder.build(Cursor::new(Vec::new()))?;
        while let Some(mut file) = writer.next_file()? {
            let name = file.file_name().to_owned();
            file.write_all(&members[&name])?;
        }
        Ok(writer.finish()?.into_inner())
    };
    made().unwrap_or_else(|error| panic!("a cabinet of the tests: {error}"))
}
