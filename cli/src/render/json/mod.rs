//! What the program writes with `--json`: its own types, so that renaming
//! something inside changes no script outside.
//!
//! Each document names its schema, `wimwright/NAME/1`, which lies in
//! `docs/schemas/NAME-1.json`. Fields may be added to a schema, never removed
//! or given another meaning.

mod apply;
mod boot;
mod build;
mod capture;
mod container;
mod demo;
mod describe;
mod diff;
mod drivers;
mod drivers_check;
mod drivers_export;
mod drivers_lint;
mod drivers_match;
mod drivers_remove;
mod explain;
mod files;
mod generalize;
mod hal;
mod image;
mod man;
mod mount;
mod packages;
mod packages_add;
mod packages_check;
mod packages_image;
mod packages_understood;
mod plan;
mod registry;
mod report;
mod signature;
mod spool;

pub use apply::{AppliedImage, Apply, DamagedEntry, Extract, MovedEntry};
pub use boot::{
    BootDriverEntry, BootPredict, BootVerdict, ControllerEntry, ObstacleEntry, PredictedImage,
};
pub use build::{Build, BuildResult, BuiltImage, BuiltOutput, BuiltStep, OutputOutcome};
pub use capture::{Append, Capture, CapturedImage};
pub use container::{
    Verify, VerifyFindingEntry, VerifyLevel, WimDelete, WimDeletedImage, WimExport,
    WimExportedImage, WimImage, WimInfo, WimJoin, WimOptimize, WimPart, WimSet, WimSetImage,
    WimSplit, WimWindows,
};
pub use demo::{Demo, DemoPart, Origin};
pub use describe::{Describe, DescribedImage, InstalledProgram, SizesEntry, ThicknessEntry};
pub use diff::{
    ChangedFields, ChangedPackageFields, Compared, Diff, DiffPlan, DiffedImage, DiffedPackage,
    DiffedUpdate, DriverChange, DriverDifferenceEntry, FeatureDifferenceEntry, FileChange,
    FileDifferenceEntry, FileSide, LeftOut, PackageDifferenceEntry, RegistryChange,
    RegistryDifferenceEntry, RegistrySide, UpdateChange,
};
pub use drivers::{
    Added, AddedResult, DescribedDriver, DescribedPackage, DriverEntry, DriversAdd, DriversInfo,
    DriversList, ListedDrivers, Model, Outcome, PackageFile, Service,
};
pub use drivers_check::{CheckedImage, DriversCheck, FaultEntry, FaultSeverity};
pub use drivers_export::{DriversExport, ExportOutcome, ExportedDrivers, ExportedResult};
pub use drivers_lint::{
    DriversLint, DriversLintMode, LintFindingEntry, LintLevel, LintedInf, LintedKind,
};
pub use drivers_match::{
    DriversMatch, LossEntry, MatchState, MatchedComputer, MatchedDevice, MatchedDriver,
    MatchedImage, NeedEntry, WeighedPackage,
};
pub use drivers_remove::{DriversRemove, RemoveOutcome, Removed, RemovedResult};
pub use explain::{
    CandidateEntry, CauseEntry, ExitEntry, Explained, ExplainedCode, ExplainedKind, ExplainedLog,
    FactEntry, LogCodeEntry, LogLineEntry, LogSection, MeaningEntry, RepeatedEntry, SetupEntry,
    StepEntry,
};
pub use files::{EditedFiles, FilesEdit};
pub use generalize::{
    AnswerFileEntry, AnswerPassEntry, CleanedEntry, CleanedImage, GeneralizeClean,
    GeneralizeLeftovers, GeneralizeReport, GeneralizeStage, KeptEntry, LeftoverEntry,
    LeftoverKindEntry, LogEntry, PassStatusEntry, ReportedImage, StagedDriver, StagedImage,
    UncheckedEntry, VerdictOfState, WinnerEntry,
};
pub use hal::{
    AuditFindingEntry, AuditedImage, CheckEntry, ConfidenceEntry, EvidenceEntry, HalAudit,
    HalChecks, HalSet, HalSetEntry, HalTarget, HalTargetEntry, InstalledEntry, SeverityEntry,
    SwitchedFile, TargetEntry, VerdictEntry,
};
pub use image::{
    ControlSetNumbers, Counts, Dir, DirEntry, DirKind, Directory, FindingEntry, HiveEntry,
    HiveState, ImageInfo, Info, Level,
};
pub use man::ManPages;
pub use mount::{MountDone, MountEntry, Mounts, UnmountDone};
pub use packages::{
    CabinetFolder, ContainerEntry, ContainerForm, ContainerRole, ExtractedFiles, IndexEntry,
    IndexKindEntry, LeftOutFile, MemberEntry, PackagesInspect, RefusedContainer,
};
pub use packages_add::{
    AddedPackage, AddedPackages, AnswerFileWritten, PackageOutcome, PackagesAdd, PackagesRemove,
    RemovedPackage, RemovedPackages,
};
pub use packages_check::{
    AfterEntry, ApplicabilityEntry, CatalogStateEntry, CheckedPackage, CheckedPackages,
    PackageKindEntry, PackagesCheck, RankEntry, RuleEntry, RuleOutcome, UnreadablePackage,
};
pub use packages_image::{
    DescribedStoredPackage, FeatureEntry, FeaturesList, ListedFeatures, ListedPackage,
    ListedPackages, PackagesInfo, PackagesList, PendingEntry, UpdateEntry, UpdateState,
    WaitingPackage,
};
pub use packages_understood::{
    CatalogEntry, ComponentEntry, FileRoleEntry, OneCatalog, PackageFileEntry, PackageVerdictEntry,
    ParentEntry, StoredEntry, UnderstoodPackage, VerifiedEntry,
};
pub use plan::{
    AppliedPlan, DifferentPlans, OfImage, PlanApply, PlanDiff, PlanDocument, ReceiptDocument,
};
pub use registry::{
    ChangeKind, DataEntry, DifferenceEntry, EditedPlaces, Exported, GotKeys, HiveDifferences,
    ImportedFile, ImportedFiles, KeyEntry, PlaceEntry, RegistryDelete, RegistryDiff, RegistryEdit,
    RegistryExport, RegistryGet, RegistryImport, RegistrySet, Side, ValueEntry,
};

pub use report::{
    ImageReport, KernelServiceEntry, Report, ReportedDriver, ReportedDrivers, ReportedFile,
    ReportedPackages,
};
pub(crate) use signature::signature;
pub use signature::{CheckedFile, FileSignatureName, SignatureEntry, SignerKindName};
pub(crate) use spool::Spool;
pub use spool::Spooled;

use std::io::Write;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use super::progress::ProgressLine;
use crate::commands::build::file::BuildFile;

/// A document of its own.
pub trait Document: Serialize + JsonSchema {
    /// Its name in `wimwright/NAME/1`.
    const NAME: &'static str;
}

#[derive(Serialize)]
struct Envelope<'a, D> {
    schema: String,
    #[serde(flatten)]
    body: &'a D,
}

fn schema_name(name: &str) -> String {
    format!("wimwright/{name}/1")
}

/// Writes the document as its text would be.
pub(crate) fn write_document<D: Document>(body: &D, out: &mut impl Write) -> anyhow::Result<()> {
    let schema = schema_name(D::NAME);
    serde_json::to_writer_pretty(&mut *out, &Envelope { schema, body })?;
    out.write_all(b"\n")?;
    Ok(())
}

/// The document as it is written.
pub(crate) fn document_text<D: Document>(body: &D) -> serde_json::Result<String> {
    let schema = schema_name(D::NAME);
    let mut text = serde_json::to_string_pretty(&Envelope { schema, body })?;
    text.push('\n');
    Ok(text)
}

/// The schemas of everything that is written, by file name.
///
/// # Errors
/// When a schema cannot be written as JSON, which none can.
pub fn schemas() -> serde_json::Result<Vec<(String, String)>> {
    Ok(vec![
        of::<Info>()?,
        of::<WimInfo>()?,
        of::<Verify>()?,
        of::<WimExport>()?,
        of::<WimDelete>()?,
        of::<WimSplit>()?,
        of::<WimJoin>()?,
        of::<WimOptimize>()?,
        of::<WimSet>()?,
        of::<Dir>()?,
        of::<Diff>()?,
        of::<DriversList>()?,
        of::<DriversInfo>()?,
        of::<DriversAdd>()?,
        of::<DriversRemove>()?,
        of::<DriversExport>()?,
        of::<DriversLint>()?,
        of::<DriversMatch>()?,
        of::<BootPredict>()?,
        of::<DriversCheck>()?,
        of::<PackagesCheck>()?,
        of::<PackagesList>()?,
        of::<PackagesInfo>()?,
        of::<FeaturesList>()?,
        of::<HalAudit>()?,
        of::<HalChecks>()?,
        of::<HalSet<'static>>()?,
        of::<HalTarget>()?,
        of::<Explained>()?,
        of::<GeneralizeReport>()?,
        of::<GeneralizeLeftovers>()?,
        of::<GeneralizeClean<'static>>()?,
        of::<GeneralizeStage<'static>>()?,
        of::<Describe>()?,
        of::<PackagesInspect>()?,
        of::<FilesEdit<'static>>()?,
        of::<MountDone>()?,
        of::<UnmountDone>()?,
        of::<Mounts>()?,
        of::<PackagesAdd>()?,
        of::<PackagesRemove>()?,
        of::<PlanDocument<'static>>()?,
        of::<PlanApply<'static>>()?,
        of::<PlanDiff>()?,
        of::<RegistryGet>()?,
        of::<RegistrySet<'static>>()?,
        of::<RegistryDelete<'static>>()?,
        of::<RegistryExport>()?,
        of::<RegistryImport<'static>>()?,
        of::<RegistryDiff>()?,
        of::<Apply>()?,
        of::<Extract>()?,
        of::<Capture>()?,
        of::<Append>()?,
        of::<Build<'static>>()?,
        of::<Demo>()?,
        of::<ManPages>()?,
        of::<Report>()?,
        file("build-file", &of_file::<BuildFile>("build-file"))?,
        file(
            "progress",
            &schema::<ProgressLine<'static>>("progress", false),
        )?,
    ])
}

fn of<D: Document>() -> serde_json::Result<(String, String)> {
    file(D::NAME, &schema::<D>(D::NAME, true))
}

/// The schema of a file that is read.
fn of_file<T: JsonSchema>(name: &str) -> Map<String, Value> {
    let generator = SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator();
    let mut found = match generator.into_root_schema_for::<T>().to_value() {
        Value::Object(found) => found,
        _ => Map::new(),
    };
    found.insert("title".to_owned(), schema_name(name).into());
    found
}

fn file(name: &str, schema: &Map<String, Value>) -> serde_json::Result<(String, String)> {
    let mut text = serde_json::to_string_pretty(schema)?;
    text.push('\n');
    Ok((format!("{name}-1.json"), text))
}

/// A type's schema; with the field `schema` in front where it is a document.
fn schema<T: JsonSchema>(name: &str, document: bool) -> Map<String, Value> {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut found = match generator.into_root_schema_for::<T>().to_value() {
        Value::Object(found) => found,
        _ => Map::new(),
    };
    found.insert("title".to_owned(), schema_name(name).into());
    if document {
        let list = found.entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(list) = list {
            let mut named = Map::new();
            named.insert("schema".to_owned(), json!({ "const": schema_name(name) }));
            named.append(list);
            *list = named;
        }
        let required = found.entry("required").or_insert_with(|| json!([]));
        if let Value::Array(required) = required {
            required.insert(0, "schema".into());
        }
    }
    found
}
