//! CycloneDX 1.6 as JSON (ECMA-424).
//!
//! One image is the document's subject; several are components of a file. An
//! image is an operating system whose components are known to be incomplete,
//! which `compositions` says.

use serde_json::{Map, Value, json};

use super::{ABOUT, Bill, BillImage, Part, uuid_of};
use crate::render::json::ReportedFile;

/// The document as it is written.
pub(crate) fn cyclonedx(bill: &Bill<'_>) -> serde_json::Result<String> {
    let images: Vec<(Value, Vec<Value>)> = bill
        .images
        .iter()
        .enumerate()
        .map(|(index, image)| (subject(index, image), parts(index, image)))
        .collect();
    let mut dependencies = Vec::new();
    let mut compositions = Vec::new();
    for (image, parts) in &images {
        dependencies.push(json!({"ref": image["bom-ref"], "dependsOn": references(parts)}));
        compositions.push(json!({"aggregate": "incomplete", "assemblies": [image["bom-ref"]]}));
    }
    let (subject, components) = match <[_; 1]>::try_from(images) {
        Ok([(image, parts)]) => (image, parts),
        Err(several) => {
            let mut found = Vec::new();
            for (mut image, parts) in several {
                image["components"] = parts.into();
                found.push(image);
            }
            let file = json!({"type": "file", "bom-ref": "images", "name": bill.name});
            dependencies.insert(0, json!({"ref": "images", "dependsOn": references(&found)}));
            (file, found)
        }
    };
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": bill.created,
            "tools": {"components": [{
                "type": "application",
                "name": "wimwright",
                "version": env!("CARGO_PKG_VERSION"),
            }]},
            "component": subject,
            "properties": [property("about", ABOUT)],
        },
        "components": components,
        "dependencies": dependencies,
        "compositions": compositions,
    });
    let serial = format!("urn:uuid:{}", uuid_of(&document.to_string()));
    document["serialNumber"] = serial.into();
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn references(components: &[Value]) -> Vec<Value> {
    let references = components
        .iter()
        .map(|component| component["bom-ref"].clone());
    references.collect()
}

fn subject(index: usize, image: &BillImage<'_>) -> Value {
    json!({
        "type": "operating-system",
        "bom-ref": format!("image-{}", index + 1),
        "name": image.name,
        "version": image.version,
        "description": image.label,
    })
}

fn parts(index: usize, image: &BillImage<'_>) -> Vec<Value> {
    let parts = image.parts.iter().enumerate();
    parts
        .map(|(number, part)| {
            let reference = format!("image-{}-{}-{}", index + 1, part.kind(), number + 1);
            component(&reference, part)
        })
        .collect()
}

fn component(reference: &str, part: &Part<'_>) -> Value {
    let mut found = Map::new();
    // Where no type fits, the specification recommends `library`.
    let kind = match part {
        Part::Driver(_) => "device-driver",
        Part::Package(_) | Part::Hotfix(_) => "library",
        Part::Program(_) => "application",
    };
    found.insert("type".to_owned(), kind.into());
    found.insert("bom-ref".to_owned(), reference.into());
    if let Some(supplier) = part.supplier() {
        found.insert("supplier".to_owned(), json!({"name": supplier}));
    }
    found.insert("name".to_owned(), part.name().into());
    if let Some(version) = part.version() {
        found.insert("version".to_owned(), version.into());
    }
    let properties: Vec<Value> = part
        .properties()
        .iter()
        .map(|(name, value)| property(name, value))
        .collect();
    if !properties.is_empty() {
        found.insert("properties".to_owned(), properties.into());
    }
    if let Part::Driver(driver) = part
        && !driver.files.is_empty()
    {
        let files = driver.files.iter().enumerate();
        let files: Vec<Value> = files
            .map(|(number, one)| file(&format!("{reference}-file-{}", number + 1), one))
            .collect();
        found.insert("components".to_owned(), files.into());
    }
    found.into()
}

fn file(reference: &str, file: &ReportedFile) -> Value {
    json!({
        "type": "file",
        "bom-ref": reference,
        "name": file.path.to_string(),
        "hashes": [
            {"alg": "SHA-1", "content": file.sha1},
            {"alg": "SHA-256", "content": file.sha256},
        ],
    })
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": format!("wimwright:{name}"), "value": value})
}
