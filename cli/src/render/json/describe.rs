//! `describe`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_hal::generalize::{Description, Program, Sizes, Thickness};

use super::Document;
use super::image::{Counts, FindingEntry};

/// `describe`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Describe {
    /// One entry an image.
    pub images: Vec<DescribedImage>,
}

impl Document for Describe {
    const NAME: &'static str = "describe";
}

/// What an image holds beside Windows.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DescribedImage {
    /// The image as it was named.
    pub image: String,
    /// What its WIM file calls it.
    pub title: Option<String>,
    /// Windows' version, like `10.0.19041`.
    pub version: String,
    /// The edition.
    pub edition: Option<String>,
    /// The processor architecture.
    pub architecture: String,
    /// What it is.
    pub kind: ThicknessEntry,
    /// Why, in a sentence.
    pub reason: String,
    /// The programs, by name.
    pub programs: Vec<InstalledProgram>,
    /// How many more entries there are that Windows hides: parts of programs, and
    /// updates.
    pub hidden_programs: usize,
    /// How many apps every new user gets.
    pub provisioned_apps: usize,
    /// The updates, by name.
    pub updates: Vec<String>,
    /// Driver packages; null where they cannot be counted.
    pub drivers: Option<Counts>,
    /// The languages of the user interface, where the image says them.
    pub languages: Vec<String>,
    /// The folders of people's profiles.
    pub profiles: Vec<String>,
    /// How large it is.
    pub sizes: SizesEntry,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

/// How much an image holds beside Windows.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ThicknessEntry {
    /// No programs.
    Thin,
    /// A few programs, five at most.
    Hybrid,
    /// More programs.
    Thick,
}

/// A program.
#[derive(Debug, JsonSchema, Serialize)]
pub struct InstalledProgram {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Who made it.
    pub publisher: Option<String>,
    /// The profile that it is installed in; null for everybody.
    pub user: Option<String>,
    /// The registry key that says so, behind its hive.
    pub key: String,
}

/// Bytes of files, by where they lie.
#[derive(Clone, Copy, Debug, JsonSchema, Serialize)]
pub struct SizesEntry {
    /// All files.
    pub total: u64,
    /// How many files.
    pub files: u64,
    /// The Windows directory.
    pub windows: u64,
    /// The folders of programs.
    pub programs: u64,
    /// The folder of profiles.
    pub profiles: u64,
}

impl From<Thickness> for ThicknessEntry {
    fn from(thickness: Thickness) -> ThicknessEntry {
        match thickness {
            Thickness::Thin => ThicknessEntry::Thin,
            Thickness::Hybrid => ThicknessEntry::Hybrid,
            Thickness::Thick => ThicknessEntry::Thick,
        }
    }
}

impl From<&Program> for InstalledProgram {
    fn from(program: &Program) -> InstalledProgram {
        InstalledProgram {
            name: program.name.clone(),
            version: program.version.clone(),
            publisher: program.publisher.clone(),
            user: program.user.clone(),
            key: program.key.clone(),
        }
    }
}

impl From<Sizes> for SizesEntry {
    fn from(sizes: Sizes) -> SizesEntry {
        SizesEntry {
            total: sizes.total,
            files: sizes.files,
            windows: sizes.windows,
            programs: sizes.programs,
            profiles: sizes.profiles,
        }
    }
}

impl DescribedImage {
    /// What a description says; without what only the driver store knows.
    pub(crate) fn new(
        image: String,
        title: Option<String>,
        facts: &wimwright_servicing::ImageFacts,
        description: &Description,
    ) -> DescribedImage {
        DescribedImage {
            image,
            title,
            version: facts.version.to_string(),
            edition: facts.edition.clone(),
            architecture: facts.architecture.to_string(),
            kind: description.thickness.into(),
            reason: description.reason.clone(),
            programs: description
                .programs
                .iter()
                .map(InstalledProgram::from)
                .collect(),
            hidden_programs: description.hidden_programs,
            provisioned_apps: description.provisioned_apps,
            updates: description
                .updates
                .iter()
                .map(|update| update.name.clone())
                .collect(),
            drivers: None,
            languages: description.languages.clone(),
            profiles: description.profiles.clone(),
            sizes: description.sizes.into(),
            findings: Vec::new(),
        }
    }
}
