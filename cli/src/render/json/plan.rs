//! Plans and receipts.
//!
//! A plan is written by its own serialisation, which `plan apply` reads back;
//! the types below that are never made say its shape for the schema, and a
//! test holds real plans against it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::plan::{BasisCount, Change, PlanDifference, Recovered, Step};
use wimwright_servicing::{ContentId, ImagePath, Plan, Receipt, time};

use super::Document;
use super::image::FindingEntry;

/// A plan: what `--plan-out` writes and `plan apply` reads.
#[derive(Debug, Serialize)]
pub struct PlanDocument<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    basis: BasisCount,
}

impl<'a> PlanDocument<'a> {
    pub(crate) fn new(plan: &'a Plan) -> PlanDocument<'a> {
        PlanDocument {
            plan,
            basis: plan.basis(),
        }
    }
}

impl Document for PlanDocument<'_> {
    const NAME: &'static str = "plan";
}

impl JsonSchema for PlanDocument<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Plan".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        PlanShape::json_schema(generator)
    }
}

/// `plan apply`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PlanApply<'a> {
    /// Whether the image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<AppliedPlan<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for PlanApply<'_> {
    const NAME: &'static str = "plan-apply";
}

/// `plan diff`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PlanDiff {
    /// Whether they do the same.
    pub same: bool,
    /// How they differ, one entry an image.
    pub images: Vec<DifferentPlans>,
}

impl Document for PlanDiff {
    const NAME: &'static str = "plan-diff";
}

/// How two plans for an image differ.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DifferentPlans {
    /// Steps about what only the first plan changes.
    #[schemars(with = "Vec<StepShape>")]
    pub only_a: Vec<Step>,
    /// Steps about what only the second plan changes.
    #[schemars(with = "Vec<StepShape>")]
    pub only_b: Vec<Step>,
    /// What both change, but otherwise.
    pub other: Vec<OtherStep>,
}

/// What two plans do otherwise, or believe otherwise to be there.
#[derive(Debug, JsonSchema, Serialize)]
pub struct OtherStep {
    /// The first plan's step.
    #[schemars(with = "StepShape")]
    pub a: Step,
    /// The second's.
    #[schemars(with = "StepShape")]
    pub b: Step,
}

impl From<PlanDifference> for DifferentPlans {
    fn from(found: PlanDifference) -> DifferentPlans {
        let other = found.other.into_iter();
        DifferentPlans {
            only_a: found.only_first,
            only_b: found.only_second,
            other: other.map(|(a, b)| OtherStep { a, b }).collect(),
        }
    }
}

/// What applying a plan to an image came to.
#[derive(Debug, JsonSchema, Serialize)]
pub struct AppliedPlan<'a> {
    /// The image as it was named.
    pub image: String,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// What is done to one of several images; of a single one it stands in the
/// document itself.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct OfImage<'a> {
    /// What would be done to this image; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done to this image; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

/// What was done.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReceiptDocument {
    /// The time that everything written carries, ISO 8601 UTC.
    pub time: String,
    /// What was carried out, by name.
    pub operations: Vec<String>,
    /// How many changes rest on what.
    pub basis: Basis,
    /// The files written, hives among them.
    pub files: Vec<WrittenFile>,
    /// The files and directories that got another path.
    pub renamed: Vec<RenamedFile>,
    /// The files and directories that got attributes or times.
    #[schemars(with = "Vec<Text>")]
    pub restamped: Vec<ImagePath>,
    /// What was done to the registry.
    pub registry: RegistryChanges,
    /// Hives that were dirty, and what was done about it.
    pub recovered_hives: Vec<RecoveredHive>,
    /// Values that only one of the two readers could compare after the edit.
    pub read_back_exceptions: Vec<String>,
}

/// How many changes rest on what.
#[derive(Clone, Copy, Debug, Default, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// Seen in real images, or proved on them.
    pub verified: usize,
    /// Stated by a named source.
    pub stated: usize,
    /// Known without a source at hand.
    pub recalled: usize,
    /// Concluded from other facts.
    pub inferred: usize,
}

impl From<BasisCount> for Basis {
    fn from(count: BasisCount) -> Basis {
        Basis {
            verified: count.verified,
            stated: count.stated,
            recalled: count.recalled,
            inferred: count.inferred,
        }
    }
}

/// A file that was written or removed.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WrittenFile {
    /// Its path from the image root.
    #[schemars(with = "Text")]
    pub path: ImagePath,
    /// What it held; null where it is new.
    #[schemars(with = "Option<Content>")]
    pub before: Option<ContentId>,
    /// What it holds; null where it was removed.
    #[schemars(with = "Option<Content>")]
    pub after: Option<ContentId>,
}

/// A file or directory that got another path.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RenamedFile {
    /// Its path before.
    #[schemars(with = "Text")]
    pub from: ImagePath,
    /// Its path from then on.
    #[schemars(with = "Text")]
    pub to: ImagePath,
}

/// What was done to the registry.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct RegistryChanges {
    /// The hives that were edited.
    pub hives: Vec<String>,
    /// Keys created, without the missing ones above them.
    pub keys_created: usize,
    /// Keys deleted, each with all below it.
    pub keys_deleted: usize,
    /// Values set.
    pub values_set: usize,
    /// Values deleted.
    pub values_deleted: usize,
    /// Keys that got another security descriptor.
    pub security_set: usize,
}

/// A hive that was dirty.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RecoveredHive {
    /// Its name.
    pub hive: String,
    /// Whether its logs were replayed; else it was taken without its last
    /// changes.
    pub replayed: bool,
    /// What the logs held.
    pub detail: Option<String>,
}

impl RegistryChanges {
    pub(crate) fn of(plan: &Plan) -> RegistryChanges {
        let mut changes = RegistryChanges::default();
        let mut hives = BTreeSet::new();
        for step in &plan.steps {
            let (hive, counter) = match &step.change {
                Change::CreateKey { hive, .. } => (hive, &mut changes.keys_created),
                Change::DeleteKey { hive, .. } => (hive, &mut changes.keys_deleted),
                Change::SetValue { hive, .. } => (hive, &mut changes.values_set),
                Change::DeleteValue { hive, .. } => (hive, &mut changes.values_deleted),
                Change::SetKeySecurity { hive, .. } => (hive, &mut changes.security_set),
                _ => continue,
            };
            hives.insert(hive);
            *counter += 1;
        }
        changes.hives = hives.iter().map(ToString::to_string).collect();
        changes
    }
}

impl From<&Receipt> for ReceiptDocument {
    fn from(receipt: &Receipt) -> ReceiptDocument {
        let plan = &receipt.plan;
        ReceiptDocument {
            time: time::iso(plan.time),
            operations: plan
                .operations
                .iter()
                .map(|done| done.name.clone())
                .collect(),
            basis: receipt.basis.into(),
            files: receipt
                .written
                .iter()
                .map(|file| WrittenFile {
                    path: file.path.clone(),
                    before: file.before,
                    after: file.after,
                })
                .collect(),
            renamed: receipt
                .renamed
                .iter()
                .map(|(from, to)| RenamedFile {
                    from: from.clone(),
                    to: to.clone(),
                })
                .collect(),
            restamped: receipt.restamped.clone(),
            registry: RegistryChanges::of(plan),
            recovered_hives: receipt
                .recovered
                .iter()
                .map(|(hive, how)| match how {
                    Recovered::Replayed { applied } => (hive, Some(applied.clone())),
                    Recovered::AcceptedDirty => (hive, None),
                })
                .map(|(hive, detail)| RecoveredHive {
                    hive: hive.to_string(),
                    replayed: detail.is_some(),
                    detail,
                })
                .collect(),
            read_back_exceptions: receipt.read_back_exceptions.clone(),
        }
    }
}

macro_rules! shapes {
    ($($(#[$attribute:meta])* $kind:ident $name:ident $(<$of:ident>)? { $($body:tt)* })*) => {$(
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "says the shape of what other types write")]
        $(#[$attribute])*
        pub(super) $kind $name $(<$of>)? { $($body)* }
    )*};
}

shapes! {
    /// Ordered changes to one image, each with what it expects and rests on.
    struct PlanShape {
        /// The version of the plan format.
        format: u32,
        /// The one time that everything written carries, ISO 8601 UTC.
        time: String,
        /// Where file content comes from.
        sources: Vec<SourceShape>,
        /// Who planned what.
        operations: Vec<OperationShape>,
        /// The changes, in order.
        steps: Vec<StepShape>,
        /// How many changes rest on what.
        basis: Basis,
    }

    /// A tree that file content comes from.
    #[schemars(rename = "Source")]
    struct SourceShape {
        /// As it was named; applying the plan opens it again by this name.
        name: String,
    }

    /// A stretch of steps that one operation planned.
    #[schemars(rename = "Operation")]
    struct OperationShape {
        /// What it is called.
        name: String,
        /// Its first step.
        from: usize,
        /// The step after its last one.
        to: usize,
    }

    /// A change with what it expects and what it rests on.
    #[schemars(rename = "Step")]
    struct StepShape {
        #[schemars(flatten)]
        change: ChangeShape,
        /// What must be there when it is applied.
        expect: ExpectShape,
        /// Why Windows would do it.
        basis: BasisShape,
    }

    /// One change.
    #[schemars(rename = "Change", tag = "change", rename_all = "kebab-case")]
    enum ChangeShape {
        /// A file gets this content.
        PutFile { path: Text, content: ContentSource },
        /// A directory is made.
        MakeDirectory { path: Text },
        /// A file, or a directory with all in it, is removed.
        Remove { path: Text },
        /// A file or directory gets another path.
        Rename { from: Text, to: Text },
        /// The file at `to` gets this name as well, as a hard link.
        Link { path: Text, to: Text },
        /// A file or directory gets these Windows attributes.
        SetAttributes { path: Text, attributes: u32 },
        /// A file or directory gets these times.
        SetTimes {
            path: Text,
            #[schemars(flatten)]
            times: TimesShape,
        },
        /// A file or directory gets these details.
        SetDetails {
            path: Text,
            #[schemars(flatten)]
            details: DetailsShape<ContentSource>,
        },
        /// A link, or another reparse point, is made.
        MakeLink { path: Text, link: LinkShape },
        /// A key is created.
        CreateKey { hive: HiveShape, key: Text },
        /// A key is deleted with all below it.
        DeleteKey { hive: HiveShape, key: Text },
        /// A value is set.
        SetValue { hive: HiveShape, key: Text, name: Text, data: DataShape },
        /// A value is deleted.
        DeleteValue { hive: HiveShape, key: Text, name: Text },
        /// A key gets this security descriptor, in hexadecimal.
        SetKeySecurity { hive: HiveShape, key: Text, descriptor: String },
        /// A dirty hive is made editable.
        RecoverHive { hive: HiveShape, how: RecoveredShape },
        /// Nothing is written: a fact that the plan relies on.
        Require { fact: SubjectShape },
    }

    /// A hive.
    #[schemars(rename = "Hive", rename_all = "UPPERCASE")]
    enum HiveShape {
        System,
        Software,
        Drivers,
        Sam,
        Security,
        Default,
        Components,
        /// Any other hive, by its file.
        #[schemars(rename = "file")]
        File(Text),
    }

    /// How a dirty hive became editable.
    #[schemars(rename = "Recovered", rename_all = "kebab-case")]
    enum RecoveredShape {
        /// Its logs were replayed; says what they held.
        Replayed { applied: String },
        /// It was taken without its last changes.
        AcceptedDirty,
    }

    /// What a requirement is about.
    #[schemars(rename = "Subject", rename_all = "kebab-case")]
    enum SubjectShape {
        /// A file or directory.
        Path(Text),
        /// The attributes of a file or directory.
        Attributes(Text),
        /// The times of a file or directory.
        Times(Text),
        /// Security, short name and streams of a file or directory.
        Details(Text),
        /// A registry key.
        Key { hive: HiveShape, key: Text },
        /// The security descriptor of a registry key.
        KeySecurity { hive: HiveShape, key: Text },
        /// A registry value; the name is empty for the default value.
        Value { hive: HiveShape, key: Text, name: Text },
        /// A whole hive.
        Hive(HiveShape),
    }

    /// Where a file's bytes come from.
    #[schemars(rename_all = "kebab-case")]
    enum ContentSource {
        /// Here, in hexadecimal.
        Inline(String),
        /// The image as it was before the plan.
        Image {
            /// The file there.
            path: Text,
            /// Which file is taken out of it, where it is a cabinet.
            #[schemars(skip_serializing_if = "Option::is_none")]
            expand: Option<String>,
            /// What the content, after that, must be.
            id: Content,
        },
        /// One of the plan's sources.
        Source {
            /// Index into `sources`.
            source: usize,
            /// The file there.
            path: Text,
            /// Whether it is expanded on the way.
            #[schemars(skip_serializing_if = "std::ops::Not::not")]
            expand: bool,
            /// What the content, after that, must be.
            id: Content,
        },
    }

    /// What a change believes to be there.
    #[schemars(rename = "Expect", rename_all = "kebab-case")]
    enum ExpectShape {
        /// Whatever.
        Anything,
        /// Nothing.
        Absent,
        /// Something.
        Present,
        /// A directory or key with nothing in it.
        Empty,
        /// Exactly this.
        Exactly(StateShape),
    }

    /// The state of something.
    #[schemars(rename = "State", rename_all = "kebab-case")]
    enum StateShape {
        /// A file with this content.
        File(Content),
        /// A directory.
        Directory,
        /// A link that is not followed.
        Link,
        /// These Windows attributes; null where the image does not know them.
        Attributes(Option<u32>),
        /// These times, as far as the image knows them.
        Times(TimesShape),
        /// These details, as far as the image knows them.
        Details(DetailsShape<Content>),
        /// A key.
        Key,
        /// This security descriptor, in hexadecimal.
        Security(String),
        /// A value with this data.
        Value(DataShape),
        /// A hive that needs no recovery.
        Clean,
        /// A hive whose last changes are in its logs, or lost.
        Dirty,
    }

    /// Times of a file or directory, ISO 8601 UTC; those that are not known, or
    /// stay, are missing.
    #[schemars(rename = "Times")]
    struct TimesShape {
        /// When it was made.
        #[schemars(skip_serializing_if = "Option::is_none")]
        created: Option<String>,
        /// When it was last read.
        #[schemars(skip_serializing_if = "Option::is_none")]
        accessed: Option<String>,
        /// When its content was last written.
        #[schemars(skip_serializing_if = "Option::is_none")]
        written: Option<String>,
    }

    /// What Windows keeps of a file beside content, attributes and times; what
    /// is not known, or stays, is missing.
    #[schemars(rename = "Details")]
    struct DetailsShape<C> {
        /// The security descriptor in hexadecimal; empty for none.
        #[schemars(skip_serializing_if = "Option::is_none")]
        security: Option<String>,
        /// The short (8.3) name; empty for none.
        #[schemars(skip_serializing_if = "Option::is_none")]
        short_name: Option<Text>,
        /// All named streams.
        #[schemars(skip_serializing_if = "Option::is_none")]
        streams: Option<Vec<StreamShape<C>>>,
        /// Object id and the like as a WIM file stores them, in hexadecimal.
        #[schemars(skip_serializing_if = "Option::is_none")]
        tagged: Option<String>,
        /// The attributes that say how it is stored.
        #[schemars(skip_serializing_if = "Option::is_none")]
        stored: Option<u32>,
    }

    /// A named stream.
    #[schemars(rename = "Stream")]
    struct StreamShape<C> {
        name: Text,
        content: C,
    }

    /// A link, or another reparse point.
    #[schemars(rename = "Link")]
    struct LinkShape {
        /// Its Windows attributes.
        attributes: u32,
        /// The tag that says who handles it.
        tag: u32,
        /// What the image has beside the tag.
        flags: u16,
        /// What it holds, in hexadecimal.
        data: String,
        #[schemars(flatten)]
        times: TimesShape,
        #[schemars(flatten)]
        details: DetailsShape<ContentSource>,
    }

    /// The data of a registry value.
    #[schemars(rename = "Data", untagged)]
    enum DataShape {
        /// Data that its type describes wholly.
        Readable(ReadableShape),
        /// Any type and bytes.
        Raw {
            /// The value type's number.
            kind: u32,
            /// The bytes in hexadecimal.
            hex: String,
        },
    }

    /// Data that its type describes wholly.
    #[schemars(rename = "ReadableData", rename_all = "snake_case")]
    enum ReadableShape {
        Sz(String),
        ExpandSz(String),
        MultiSz(Vec<String>),
        Dword(u32),
        Qword(u64),
    }

    /// Why Windows would do it.
    #[schemars(rename = "StepBasis")]
    struct BasisShape {
        /// How sure that is.
        certainty: CertaintyShape,
        /// Where the reference says so.
        section: String,
    }

    /// How sure a fact is.
    #[schemars(rename = "Certainty", rename_all = "lowercase")]
    enum CertaintyShape {
        /// Seen in real images, or proved on them.
        Verified,
        /// Stated by a named source.
        Stated,
        /// Known without a source at hand.
        Recalled,
        /// Concluded from other facts.
        Inferred,
    }
}

/// A name or path; `utf16` where it is no Unicode text.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "says the shape of what other types write")]
pub(crate) enum Text {
    /// Unicode text.
    Plain(String),
    /// Anything else, as its UTF-16 units.
    Units { utf16: Vec<u16> },
}

/// What a file holds, told by length and SHA-1.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "says the shape of what other types write")]
pub(crate) struct Content {
    /// Length in bytes.
    len: u64,
    /// SHA-1 in hexadecimal.
    sha1: String,
}
