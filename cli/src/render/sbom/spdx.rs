//! SPDX 2.3 as JSON (the edition behind ISO/IEC 5962:2021).
//!
//! The document describes the images; an image contains driver packages with
//! their files, update packages and programs. Properties that SPDX has no field
//! for are annotations, `name: value`.

use serde_json::{Map, Value, json};
use wimwright_servicing::ContentId;

use super::{ABOUT, Bill, BillImage, Part, uuid_of};
use crate::render::json::ReportedFile;

const NO_ASSERTION: &str = "NOASSERTION";

/// The document as it is written.
pub(crate) fn spdx(bill: &Bill<'_>) -> serde_json::Result<String> {
    let mut found = Found {
        created: &bill.created,
        packages: Vec::new(),
        files: Vec::new(),
        relationships: Vec::new(),
    };
    for (index, image) in bill.images.iter().enumerate() {
        found.image(index, image);
    }
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "comment": ABOUT,
        "creationInfo": {
            "created": bill.created,
            "creators": [tool()],
        },
        "packages": found.packages,
        "relationships": found.relationships,
    });
    if !found.files.is_empty() {
        document["files"] = found.files.into();
    }
    let namespace = format!("urn:uuid:{}", uuid_of(&document.to_string()));
    document["documentNamespace"] = namespace.into();
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn tool() -> String {
    format!("Tool: wimwright-{}", env!("CARGO_PKG_VERSION"))
}

/// What the document lists.
struct Found<'b> {
    created: &'b str,
    packages: Vec<Value>,
    files: Vec<Value>,
    relationships: Vec<Value>,
}

impl Found<'_> {
    fn relate(&mut self, from: &str, how: &str, to: &str) {
        self.relationships.push(json!({
            "spdxElementId": from,
            "relationshipType": how,
            "relatedSpdxElement": to,
        }));
    }

    fn image(&mut self, index: usize, image: &BillImage<'_>) {
        let id = format!("SPDXRef-image-{}", index + 1);
        let mut package = package(&id, &image.name, "OPERATING-SYSTEM");
        package.insert("versionInfo".to_owned(), image.version.as_str().into());
        package.insert("summary".to_owned(), image.label.as_str().into());
        self.packages.push(package.into());
        self.relate("SPDXRef-DOCUMENT", "DESCRIBES", &id);
        for (number, part) in image.parts.iter().enumerate() {
            let below = format!("{id}-{}-{}", part.kind(), number + 1);
            self.part(&below, part);
            self.relate(&id, "CONTAINS", &below);
        }
    }

    fn part(&mut self, id: &str, part: &Part<'_>) {
        let purpose = match part {
            Part::Driver(_) | Part::Package(_) | Part::Hotfix(_) => "OTHER",
            Part::Program(_) => "APPLICATION",
        };
        let mut package = package(id, &part.name(), purpose);
        if let Some(version) = part.version() {
            package.insert("versionInfo".to_owned(), version.into());
        }
        if let Some(supplier) = part.supplier() {
            package.insert("supplier".to_owned(), organization(&supplier).into());
        }
        let annotations: Vec<Value> = part
            .properties()
            .iter()
            .map(|(name, value)| self.annotation(&format!("{name}: {value}")))
            .collect();
        if !annotations.is_empty() {
            package.insert("annotations".to_owned(), annotations.into());
        }
        if let Part::Driver(driver) = part
            && !driver.files.is_empty()
        {
            package.insert("filesAnalyzed".to_owned(), true.into());
            package.insert(
                "packageVerificationCode".to_owned(),
                json!({"packageVerificationCodeValue": verification_code(&driver.files)}),
            );
            for (number, file) in driver.files.iter().enumerate() {
                let below = format!("{id}-file-{}", number + 1);
                self.files.push(json!({
                    "SPDXID": below,
                    "fileName": format!("./{}", file.path.to_string().replace('\\', "/")),
                    "checksums": [
                        {"algorithm": "SHA1", "checksumValue": file.sha1},
                        {"algorithm": "SHA256", "checksumValue": file.sha256},
                    ],
                    "licenseConcluded": NO_ASSERTION,
                    "copyrightText": NO_ASSERTION,
                }));
                self.relate(id, "CONTAINS", &below);
            }
        }
        self.packages.push(package.into());
    }

    fn annotation(&self, comment: &str) -> Value {
        json!({
            "annotationDate": self.created,
            "annotationType": "OTHER",
            "annotator": tool(),
            "comment": comment,
        })
    }
}

fn package(id: &str, name: &str, purpose: &str) -> Map<String, Value> {
    let fields = [
        ("SPDXID", id),
        ("name", name),
        ("downloadLocation", NO_ASSERTION),
        ("licenseConcluded", NO_ASSERTION),
        ("licenseDeclared", NO_ASSERTION),
        ("copyrightText", NO_ASSERTION),
        ("primaryPackagePurpose", purpose),
    ];
    let mut package: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    package.insert("filesAnalyzed".to_owned(), false.into());
    package
}

/// An organization; an address may follow in parentheses, so that a name which
/// ends with some gets an empty one.
fn organization(name: &str) -> String {
    match name.ends_with(')') {
        true => format!("Organization: {name} ()"),
        false => format!("Organization: {name}"),
    }
}

/// SPDX 2.3, 7.9: the SHA-1 of all files' SHA-1s, sorted and put together.
fn verification_code(files: &[ReportedFile]) -> String {
    let mut digests: Vec<&str> = files.iter().map(|file| file.sha1.as_str()).collect();
    digests.sort_unstable();
    ContentId::of(digests.concat().as_bytes()).sha1_hex()
}
