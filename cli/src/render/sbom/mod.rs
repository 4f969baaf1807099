//! Bills of materials: what an image holds beside Windows, in the formats that
//! other programs read.
//!
//! Both formats are written from one list ([`Bill`]), so that they say the same.
//! What a driver's INF or a program's key claims (provider, publisher) becomes
//! the supplier; whose signature was found good is a property of its own. No
//! licence, no supplier and no origin is made up: what is not known is left out,
//! or `NOASSERTION` where a format wants a word.

mod cyclonedx;
mod spdx;

use wimwright_servicing::{ContentId, FileTime, time};

pub(crate) use cyclonedx::cyclonedx;
pub(crate) use spdx::spdx;

use super::json::{ImageReport, InstalledProgram, ListedPackage, ReportedDriver};
use super::text::printable;

/// What is not in a bill.
const ABOUT: &str = "Lists driver packages of third parties with their files, update packages \
    that people see, and installed programs. Windows' own files and drivers, and packages and \
    parts of programs that Windows does not show, are not listed.";

/// What one or more images hold.
pub(crate) struct Bill<'r> {
    /// What the images were named by together.
    name: String,
    /// When it was made, ISO 8601 to the second.
    created: String,
    images: Vec<BillImage<'r>>,
}

/// An image, and what is in it.
struct BillImage<'r> {
    /// `Windows 10 Pro`.
    name: String,
    /// `10.0.19045.2006`.
    version: String,
    /// Where it is, as far as that can be said without a path of this host.
    label: String,
    parts: Vec<Part<'r>>,
}

/// What an image holds.
enum Part<'r> {
    Driver(&'r ReportedDriver),
    Package(&'r ListedPackage),
    /// An update of a Windows that has no packages, by its name.
    Hotfix(&'r str),
    Program(&'r InstalledProgram),
}

impl<'r> Bill<'r> {
    /// The bill of these images, which were named by `name`.
    pub(crate) fn new(name: &str, images: &'r [ImageReport], created: FileTime) -> Bill<'r> {
        let seconds = time::from_unix_seconds(time::to_unix_seconds(created));
        Bill {
            name: printable(name).into_owned(),
            created: time::iso(seconds),
            images: images
                .iter()
                .enumerate()
                .map(|(index, image)| BillImage::new(image, name, index, images.len()))
                .collect(),
        }
    }
}

impl<'r> BillImage<'r> {
    fn new(image: &'r ImageReport, name: &str, index: usize, of: usize) -> BillImage<'r> {
        let info = &image.info;
        let product = info.product_name.as_deref();
        let windows = || format!("Windows {}.{}", info.major, info.minor);
        let label = match (&image.title, of) {
            (Some(title), _) => title.clone(),
            (None, 1) => name.to_owned(),
            (None, _) => format!("{name}, image {}", index + 1),
        };
        let described = image.description.as_ref();
        let mut parts: Vec<Part<'_>> = Vec::new();
        if let Some(drivers) = &image.drivers {
            parts.extend(drivers.third_party.iter().map(Part::Driver));
        }
        match (&image.packages, described) {
            (Some(packages), _) => parts.extend(packages.packages.iter().map(Part::Package)),
            (None, Some(described)) => {
                parts.extend(described.updates.iter().map(|name| Part::Hotfix(name)));
            }
            (None, None) => {}
        }
        if let Some(described) = described {
            parts.extend(described.programs.iter().map(Part::Program));
        }
        BillImage {
            name: product.map_or_else(windows, |name| printable(name).into_owned()),
            version: match info.revision {
                Some(revision) => format!("{}.{revision}", info.version),
                None => info.version.clone(),
            },
            label: printable(&label).into_owned(),
            parts,
        }
    }
}

impl Part<'_> {
    /// `driver`, `package`, `program`.
    fn kind(&self) -> &'static str {
        match self {
            Part::Driver(_) => "driver",
            Part::Package(_) | Part::Hotfix(_) => "package",
            Part::Program(_) => "program",
        }
    }

    fn name(&self) -> String {
        let name = match self {
            Part::Driver(driver) => &driver.driver.original_file_name,
            Part::Package(package) => &package.name,
            Part::Hotfix(name) => *name,
            Part::Program(program) => &program.name,
        };
        clean(name).unwrap_or_else(|| "unnamed".to_owned())
    }

    fn version(&self) -> Option<String> {
        clean(match self {
            Part::Driver(driver) => driver.driver.version.as_deref()?,
            Part::Package(package) => &package.version,
            Part::Hotfix(_) => return None,
            Part::Program(program) => program.version.as_deref()?,
        })
    }

    /// Who says that it is theirs.
    fn supplier(&self) -> Option<String> {
        clean(match self {
            Part::Driver(driver) => &driver.driver.provider_name,
            Part::Package(_) | Part::Hotfix(_) => return None,
            Part::Program(program) => program.publisher.as_deref()?,
        })
    }

    /// What else is known of it, by name.
    fn properties(&self) -> Vec<(&'static str, String)> {
        let mut found: Vec<(&'static str, Option<&str>)> = Vec::new();
        match self {
            Part::Driver(part) => {
                let driver = &part.driver;
                found.push(("published-name", driver.published_name.as_deref()));
                found.push(("package-id", driver.package_id.as_deref()));
                found.push(("class", driver.class_name.as_deref()));
                found.push(("class-guid", Some(&driver.class_guid)));
                found.push(("date", driver.date.as_deref()));
                found.push(("architecture", driver.architecture.as_deref()));
                found.push(("signature", Some(&driver.driver_signature)));
                // What the image records is its word, and not what its files say.
                let judged = part.signature.is_some() || part.signature_reason.is_some();
                let basis = if judged { "files" } else { "image-record" };
                found.push(("signature-basis", Some(basis)));
                found.push(("signer", part.signer()));
                let facts = part.signature.as_ref();
                let kind = facts.and_then(|facts| facts.signer_kind);
                let kind = kind.filter(|_| part.signer().is_some());
                found.push(("signer-kind", kind.map(|kind| kind.words())));
                let anchor = facts.and_then(|facts| facts.trust_anchor.as_deref());
                found.push(("trusted-by", anchor.filter(|_| part.signer().is_some())));
                found.push(("signature-reason", part.signature_reason.as_deref()));
            }
            Part::Package(package) => {
                found.push(("package-name", Some(&package.package_name)));
                found.push(("state", Some(&package.package_state)));
                found.push(("release-type", package.release_type.as_deref()));
                found.push(("architecture", Some(&package.architecture)));
                found.push(("language", Some(&package.language)));
                found.push(("installed", package.install_time.as_deref()));
            }
            Part::Hotfix(_) => {}
            Part::Program(program) => {
                found.push(("registry-key", Some(&program.key)));
                found.push(("profile", program.user.as_deref()));
            }
        }
        found
            .into_iter()
            .filter_map(|(name, value)| Some((name, clean(value?)?)))
            .collect()
    }
}

/// Text without control characters and blanks around it; `None` where nothing
/// is left.
fn clean(text: &str) -> Option<String> {
    let text = printable(text.trim());
    (!text.is_empty()).then(|| text.into_owned())
}

/// A UUID that the content decides (RFC 9562, version 8: by a rule of one's
/// own, here the first bytes of the SHA-1).
fn uuid_of(text: &str) -> String {
    let mut hex = ContentId::of(text.as_bytes()).sha1_hex();
    hex.truncate(32);
    hex.replace_range(12..13, "8");
    let variant = hex
        .get(16..17)
        .and_then(|digit| u8::from_str_radix(digit, 16).ok());
    hex.replace_range(
        16..17,
        &format!("{:x}", variant.unwrap_or_default() & 3 | 8),
    );
    for at in [20, 16, 12, 8] {
        hex.insert(at, '-');
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_decided_by_the_content_and_has_version_and_variant() {
        let uuid = uuid_of("abc");
        // SHA-1 of `abc` begins with a9993e364706816aba3e25717850c26c.
        assert_eq!(uuid, "a9993e36-4706-816a-ba3e-25717850c26c");
        assert_ne!(uuid_of("abd"), uuid);
        for number in 0..200 {
            let uuid = uuid_of(&number.to_string());
            let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
            assert!(
                uuid.as_bytes()[14] == b'8' && b"89ab".contains(&uuid.as_bytes()[19]),
                "{uuid}"
            );
        }
    }

    #[test]
    fn what_is_empty_is_left_out_and_nothing_steers_a_reader() {
        assert_eq!(clean(" \t "), None);
        assert_eq!(clean(" Red Hat, Inc. ").as_deref(), Some("Red Hat, Inc."));
        assert_eq!(clean("a\nb").as_deref(), Some("a\\u{a}b"));
    }
}
