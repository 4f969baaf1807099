//! Whether an image is generalized: what its registry and files say, and what
//! that comes to.
//!
//! No single value decides. `GeneralizationState` is 7 and `CloneTag` holds a
//! date on every deployed Windows 7 to 10 that was read, because Microsoft's own
//! image was generalized; a `CmdLine` of its installation stays on XP x64. So a
//! verdict needs all of its signs, and where only some are there the image is
//! called inconsistent and each difference is named.

use wimwright_servicing::registry::{HiveName, RegData};
use wimwright_servicing::{FileTree as _, Generation};

use super::log;
use super::look::{Look, named};
use crate::evidence::{Evidence, EvidenceKind};
use crate::survey::Part;
use crate::system::{MiniSetup, SetupKey};

/// Where the values of deployed systems were read.
const DEPLOYED: &str = "SYSTEM hives of deployed XP, 7, 8.1 and 10";
const STATES: &str =
    "Microsoft, Windows Setup States; a public gate for templates of Server 2019 and 2022";
const NT5: &str = "strings of sysprep.exe of XP SP3; two public scripts that find clones";
/// `SYSTEM\Setup`, from the hive's root.
const SETUP: &str = "Setup";
const STATE_KEY: &str = "Microsoft\\Windows\\CurrentVersion\\Setup\\State";
/// The largest State.ini that is read, in bytes; real ones have some 60.
const MAX_STATE_INI: u64 = 1 << 16;

/// What an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sysprep generalized it, and it has not been booted since.
    Generalized,
    /// It is an installation: what it holds is one computer's.
    NotGeneralized,
    /// It is as Microsoft's media have it: never booted.
    VendorMedia,
    /// Some signs are there and others are not.
    Inconsistent,
}

impl Verdict {
    /// Its kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Generalized => "generalized",
            Verdict::NotGeneralized => "not-generalized",
            Verdict::VendorMedia => "vendor-media",
            Verdict::Inconsistent => "inconsistent",
        }
    }

    /// Whether its next boot is a first boot, which makes SID, name and devices
    /// anew.
    pub fn is_armed(self) -> bool {
        matches!(self, Verdict::Generalized | Verdict::VendorMedia)
    }
}

/// What an image does when it is booted next: by this one chooses what may be
/// left to its first boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextBoot {
    /// Windows starts as it is: nothing of Setup runs.
    Ordinary,
    /// The first boot of a generalized Vista or later: specialize, then the
    /// welcome.
    Specialize,
    /// The first boot of a generalized Vista or later that goes into audit mode.
    SpecializeToAudit,
    /// The welcome alone: resealed without generalizing.
    Welcome,
    /// Audit mode: Sysprep is still to be run there.
    Audit,
    /// mini-setup, of a sealed Windows 2000, XP or Server 2003.
    MiniSetup,
    /// Windows Welcome, of the same sealed without mini-setup.
    WindowsWelcome,
    /// Factory mode of the same: it is still to be sealed.
    Factory,
    /// What contradicts itself says nothing of its next boot.
    Unknown,
}

impl NextBoot {
    /// What is run until Windows is ready, in order: the passes of answer files,
    /// or `mini-setup`, `windows-welcome`, `factory`; nothing for an ordinary boot.
    pub fn passes(self) -> &'static [&'static str] {
        match self {
            NextBoot::Ordinary | NextBoot::Unknown => &[],
            NextBoot::Specialize => &["specialize", "oobeSystem"],
            NextBoot::SpecializeToAudit => &["specialize", "auditSystem", "auditUser"],
            NextBoot::Welcome => &["oobeSystem"],
            NextBoot::Audit => &["auditSystem", "auditUser"],
            NextBoot::MiniSetup => &["mini-setup"],
            NextBoot::WindowsWelcome => &["windows-welcome"],
            NextBoot::Factory => &["factory"],
        }
    }

    /// The first of [`NextBoot::passes`].
    pub fn first_pass(self) -> Option<&'static str> {
        self.passes().first().copied()
    }
}

/// A value under `Setup\Status\UnattendPasses`: what the last Setup noted of a
/// pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassStatus {
    /// The pass.
    pub pass: String,
    /// The number; 9 was seen where an answer file ran the pass, 2 where only
    /// the welcome ran, 0 where it was not run.
    pub status: u32,
}

/// The state of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: String,
    /// What its next boot does.
    pub next_boot: NextBoot,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What contradicts the rest.
    pub differences: Vec<String>,
    /// What the last Setup noted of the passes of answer files.
    pub passes_noted: Vec<PassStatus>,
    /// `ImageState`; `None` before Vista and where there is none.
    pub image_state: Option<String>,
    /// `GeneralizationState`, which never decides; 3 is a Sysprep that stopped
    /// midway.
    pub generalization_state: Option<u32>,
}

impl State {
    /// Whether Sysprep stopped midway, or a phase of Setup did not finish: no
    /// copy of such an image gets to its welcome.
    pub fn is_half_done(&self) -> bool {
        self.generalization_state == Some(3)
            || self
                .image_state
                .as_deref()
                .is_some_and(|state| kind_of(state) == Some(Kind::Undeployable))
    }
}

/// What a verdict comes from.
struct Judgement {
    verdict: Verdict,
    reason: String,
    next_boot: NextBoot,
    differences: Vec<String>,
}

impl Judgement {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Judgement {
        Judgement {
            verdict,
            reason: reason.into(),
            next_boot: match verdict {
                Verdict::Inconsistent => NextBoot::Unknown,
                _ => NextBoot::Ordinary,
            },
            differences: Vec::new(),
        }
    }

    fn next(mut self, next_boot: NextBoot) -> Judgement {
        self.next_boot = next_boot;
        self
    }

    fn inconsistent(differences: Vec<String>) -> Judgement {
        let reason = format!(
            "some signs of a generalized image are there and others are not; do not deploy it: {}",
            differences.join("; ")
        );
        Judgement {
            differences,
            ..Judgement::new(Verdict::Inconsistent, reason)
        }
    }
}

/// Reads the state of an image.
pub(super) fn read(look: &Look<'_>) -> Part<State> {
    let mut state = State {
        verdict: Verdict::Inconsistent,
        reason: String::new(),
        next_boot: NextBoot::Unknown,
        evidence: Vec::new(),
        differences: Vec::new(),
        passes_noted: Vec::new(),
        image_state: None,
        generalization_state: None,
    };
    let judged = match look.facts.generation {
        Generation::Nt5 => read_nt5(look, &mut state)?,
        Generation::Nt6 | Generation::DriverDatabase => read_later(look, &mut state)?,
    };
    // What it says of Setup is how it starts its own shell.
    let judged = match look.facts.windows_pe {
        true => Judgement::new(
            Verdict::NotGeneralized,
            "it is Windows PE, which runs from its image and is never generalized",
        ),
        false => judged,
    };
    state.verdict = judged.verdict;
    state.reason = judged.reason;
    state.next_boot = judged.next_boot;
    state.differences = judged.differences;
    Ok(state)
}

/// The values of `SYSTEM\Setup` that are shown, where they are there.
fn setup_values(
    look: &Look<'_>,
    names: &[&str],
    source: &'static str,
    evidence: &mut Vec<Evidence>,
) -> Part<()> {
    for name in names {
        let value = look.value(&HiveName::System, SETUP, name)?;
        let shown = match value {
            Some(value) => value.to_string(),
            None if matches!(*name, "SetupType" | "CmdLine") => "not there".to_owned(),
            None => continue,
        };
        let place = format!("SYSTEM\\Setup\\{name}");
        evidence.push(Evidence::new(EvidenceKind::Registry, place, shown, source));
    }
    Ok(())
}

/// `CmdLine` of either type: XP has it as text or as a list of texts.
fn command_of(value: Option<RegData>) -> String {
    let Some(value) = value else {
        return String::new();
    };
    match value.as_texts() {
        Some(lines) => lines.join(" "),
        None => value.as_text().unwrap_or_default(),
    }
}

/// The signs of Windows 2000, XP and Server 2003.
struct Signs5 {
    setup: SetupKey,
    /// `\Sysprep\sysprep.exe`, or `setupcl.exe`.
    tools: bool,
    /// `AuditInProgress` or `FactoryPreInstallInProgress`.
    factory: bool,
}

fn read_nt5(look: &Look<'_>, state: &mut State) -> Part<Judgement> {
    let number = |name| look.number(&HiveName::System, SETUP, name);
    let values = [
        "CmdLine",
        "SetupType",
        "SystemSetupInProgress",
        "MiniSetupInProgress",
        "OobeInProgress",
        "AuditInProgress",
        "FactoryPreInstallInProgress",
        "CloneTag",
    ];
    setup_values(look, &values, NT5, &mut state.evidence)?;
    let tools = [
        wimwright_servicing::ImagePath::parse("Sysprep\\sysprep.exe")?,
        wimwright_servicing::ImagePath::parse("Sysprep\\setupcl.exe")?,
        look.windows("System32\\setupcl.exe")?,
    ];
    let mut found = false;
    for path in tools {
        if look.has_file(&path)? {
            found = true;
            let place = path.to_string();
            let piece = Evidence::new(EvidenceKind::File, place, "is there", NT5);
            state.evidence.push(piece);
        }
    }
    let set = |value: Option<u32>| value.is_some_and(|number| number != 0);
    let signs = Signs5 {
        setup: SetupKey {
            command: command_of(look.value(&HiveName::System, SETUP, "CmdLine")?),
            setup_type: number("SetupType")?,
            in_progress: number("SystemSetupInProgress")?,
            mini_setup: number("MiniSetupInProgress")?,
        },
        tools: found,
        factory: set(number("AuditInProgress")?) || set(number("FactoryPreInstallInProgress")?),
    };
    Ok(judge_nt5(&signs))
}

fn judge_nt5(signs: &Signs5) -> Judgement {
    if signs.factory {
        return Judgement::new(
            Verdict::NotGeneralized,
            "it is in factory mode: Sysprep was started and has not sealed it yet",
        )
        .next(NextBoot::Factory);
    }
    match (signs.setup.mini_setup(), signs.tools) {
        (MiniSetup::Waits, true) => {
            let mini = signs.setup.command.to_ascii_lowercase().contains("-mini");
            let (next, what) = match mini {
                true => (NextBoot::MiniSetup, "mini-setup"),
                false => (NextBoot::WindowsWelcome, "Windows Welcome"),
            };
            Judgement::new(
                Verdict::Generalized,
                format!("Sysprep sealed it, and its next boot runs {what}"),
            )
            .next(next)
        }
        (MiniSetup::Waits, false) => Judgement::inconsistent(vec![
            "Setup is to run mini-setup, but neither sysprep.exe nor setupcl.exe, which changes \
             the SID, is there"
                .to_owned(),
        ]),
        (MiniSetup::No, _) => Judgement::new(
            Verdict::NotGeneralized,
            "its next boot is an ordinary one: Setup is not to run anything",
        ),
        (MiniSetup::Unclear, _) => {
            let setup = &signs.setup;
            let number = |value: Option<u32>| match value {
                Some(number) => number.to_string(),
                None => "not there".to_owned(),
            };
            Judgement::inconsistent(vec![format!(
                "CmdLine is `{}`, SetupType {}, SystemSetupInProgress {}, MiniSetupInProgress {}: \
                 neither a sealed image nor an installed one (an unfinished installation looks \
                 like this)",
                setup.command,
                number(setup.setup_type),
                number(setup.in_progress),
                number(setup.mini_setup)
            )])
        }
    }
}

/// What an `ImageState` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Complete,
    Undeployable,
    GeneralizeOobe,
    GeneralizeAudit,
    SpecializeOobe,
    SpecializeAudit,
}

fn kind_of(state: &str) -> Option<Kind> {
    let state = state.trim();
    let kinds = [
        ("IMAGE_STATE_COMPLETE", Kind::Complete),
        ("IMAGE_STATE_UNDEPLOYABLE", Kind::Undeployable),
        (
            "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
            Kind::GeneralizeOobe,
        ),
        (
            "IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT",
            Kind::GeneralizeAudit,
        ),
        (
            "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE",
            Kind::SpecializeOobe,
        ),
        (
            "IMAGE_STATE_SPECIALIZE_RESEAL_TO_AUDIT",
            Kind::SpecializeAudit,
        ),
    ];
    let mut kinds = kinds.into_iter();
    kinds
        .find(|(name, _)| name.eq_ignore_ascii_case(state))
        .map(|(_, kind)| kind)
}

/// The signs of Vista and later.
struct Signs6 {
    image_state: Option<String>,
    /// `ImageState` of State.ini.
    file_state: Option<String>,
    setup_type: Option<u32>,
    in_progress: Option<u32>,
    command: String,
    tag: bool,
    /// A log of Setup or Sysprep.
    log: Option<String>,
    /// Folders of people's profiles.
    people: Vec<String>,
}

fn read_later(look: &Look<'_>, state: &mut State) -> Part<Judgement> {
    let registry = |place: &str, value: String, source| {
        Evidence::new(EvidenceKind::Registry, place, value, source)
    };
    let image_state = look.text(&HiveName::Software, STATE_KEY, "ImageState")?;
    state.evidence.push(registry(
        &format!("SOFTWARE\\{STATE_KEY}\\ImageState"),
        image_state
            .clone()
            .unwrap_or_else(|| "not there".to_owned()),
        STATES,
    ));
    let ini = look.windows("Setup\\State\\State.ini")?;
    let file_state = look
        .draft
        .read(&ini, MAX_STATE_INI)?
        .and_then(|bytes| state_of_ini(&bytes));
    if let Some(text) = &file_state {
        let piece = Evidence::new(EvidenceKind::File, &ini, text, STATES);
        state.evidence.push(piece);
    }
    let values = [
        "SetupType",
        "CmdLine",
        "SystemSetupInProgress",
        "OOBEInProgress",
        "SetupPhase",
        "RestartSetup",
        "CloneTag",
        "UnattendFile",
    ];
    setup_values(look, &values, DEPLOYED, &mut state.evidence)?;
    for (key, name) in [
        ("Setup\\Status\\SysprepStatus", "GeneralizationState"),
        ("Setup\\Status\\SysprepStatus", "CleanupState"),
        ("Setup\\Status", "AuditBoot"),
        ("Setup\\Status\\ChildCompletion", "setup.exe"),
    ] {
        if let Some(number) = look.number(&HiveName::System, key, name)? {
            let place = format!("SYSTEM\\{key}\\{name}");
            let piece = registry(&place, number.to_string(), DEPLOYED);
            state.evidence.push(piece);
            if name == "GeneralizationState" {
                state.generalization_state = Some(number);
            }
        }
    }
    let passes = "Setup\\Status\\UnattendPasses";
    for pass in look.value_names(&HiveName::System, passes)? {
        if let Some(status) = look.number(&HiveName::System, passes, &pass)? {
            state.passes_noted.push(PassStatus { pass, status });
        }
    }
    let tag = look.windows("System32\\Sysprep\\Sysprep_succeeded.tag")?;
    let has_tag = look.has_file(&tag)?;
    let said = if has_tag { "is there" } else { "not there" };
    let piece = Evidence::new(EvidenceKind::File, &tag, said, STATES);
    state.evidence.push(piece);
    let log = log::has_logs(look)?;
    let people: Vec<String> = look
        .people()?
        .iter()
        .map(|(folder, _)| folder.to_string())
        .collect();

    let signs = Signs6 {
        image_state: image_state.clone(),
        file_state,
        setup_type: look.number(&HiveName::System, SETUP, "SetupType")?,
        in_progress: look.number(&HiveName::System, SETUP, "SystemSetupInProgress")?,
        command: command_of(look.value(&HiveName::System, SETUP, "CmdLine")?),
        tag: has_tag,
        log: log.map(|path| path.to_string()),
        people,
    };
    state.image_state = image_state;
    Ok(judge_later(&signs))
}

/// `ImageState` of the section `[State]`.
fn state_of_ini(bytes: &[u8]) -> Option<String> {
    let options = wimwright_inf::ParseOptions {
        continuation: false,
        ..wimwright_inf::ParseOptions::default()
    };
    let ini = wimwright_inf::Inf::parse(bytes, &options);
    let line = ini.section("State")?.line_for_key("ImageState")?;
    Some(line.raw_field(1)?.to_owned())
}

fn judge_later(signs: &Signs6) -> Judgement {
    let kind = signs.image_state.as_deref().and_then(kind_of);
    let said = signs.image_state.as_deref().unwrap_or("not there");
    let setup_type = match signs.setup_type {
        Some(number) => number.to_string(),
        None => "not there".to_owned(),
    };
    let generalize = matches!(kind, Some(Kind::GeneralizeOobe | Kind::GeneralizeAudit));
    let armed = signs.setup_type == Some(2);
    let command = signs.command.to_ascii_lowercase().contains("windeploy");
    let file_kind = signs.file_state.as_deref().and_then(kind_of);
    let file_generalize = matches!(
        file_kind,
        Some(Kind::GeneralizeOobe | Kind::GeneralizeAudit)
    );
    let mut differences = Vec::new();

    match kind {
        Some(Kind::Undeployable) => {
            return Judgement::inconsistent(vec![
                "ImageState is IMAGE_STATE_UNDEPLOYABLE: a phase of Setup or Sysprep did not \
                 finish, and this image will never be deployable"
                    .to_owned(),
            ]);
        }
        Some(Kind::SpecializeOobe) => {
            return Judgement::new(
                Verdict::NotGeneralized,
                "it is to run the welcome at its next boot, but was not generalized: it keeps its \
                 SID and devices",
            )
            .next(NextBoot::Welcome);
        }
        Some(Kind::SpecializeAudit) => {
            return Judgement::new(
                Verdict::NotGeneralized,
                "it is in audit mode: Sysprep /generalize is still to be run in it",
            )
            .next(NextBoot::Audit);
        }
        _ => {}
    }
    if !generalize && !armed && !command && !file_generalize {
        let under_way = signs.setup_type.is_some_and(|number| number != 0)
            || signs.in_progress.is_some_and(|number| number != 0);
        if under_way {
            return Judgement::inconsistent(vec![format!(
                "SetupType is {setup_type} and SystemSetupInProgress {}: Setup is under way in it",
                signs.in_progress.unwrap_or_default()
            )]);
        }
        let reason = match kind {
            Some(Kind::Complete) => {
                "it is an installed system: ImageState is IMAGE_STATE_COMPLETE, and its next boot \
                 is an ordinary one"
                    .to_owned()
            }
            _ => format!("its next boot is an ordinary one (ImageState is {said})"),
        };
        return Judgement::new(Verdict::NotGeneralized, reason);
    }
    if !generalize {
        differences.push(format!(
            "ImageState in the registry is {said}, not IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE or \
             _TO_AUDIT"
        ));
    }
    if !armed {
        differences.push(format!("SetupType is {setup_type}, not 2"));
    }
    if !command {
        differences.push(format!(
            "CmdLine is `{}`, not oobe\\windeploy.exe",
            signs.command
        ));
    }
    if let Some(file) = &signs.file_state
        && file_kind != kind
    {
        differences.push(format!("State.ini says {file}, the registry {said}"));
    }
    if !differences.is_empty() {
        return Judgement::inconsistent(differences);
    }
    let next = match kind {
        Some(Kind::GeneralizeAudit) => NextBoot::SpecializeToAudit,
        _ => NextBoot::Specialize,
    };
    if signs.tag {
        return Judgement::new(
            Verdict::Generalized,
            "Sysprep generalized it, said that it succeeded, and it has not been booted since",
        )
        .next(next);
    }
    if let Some(log) = &signs.log {
        differences.push(format!(
            "Sysprep_succeeded.tag is not there, although `{log}` shows that it is no untouched \
             image of Microsoft's media"
        ));
    }
    if !signs.people.is_empty() {
        differences.push(format!(
            "Sysprep_succeeded.tag is not there, although there are profiles of people: {}",
            named(&signs.people)
        ));
    }
    match differences.is_empty() {
        true => Judgement::new(
            Verdict::VendorMedia,
            "it is generalized as Microsoft's media are: never booted, without logs, profiles or \
             a tag of Sysprep",
        )
        .next(next),
        false => Judgement::inconsistent(differences),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(state: &str, setup_type: u32, command: &str) -> Signs6 {
        Signs6 {
            image_state: Some(state.to_owned()).filter(|state| !state.is_empty()),
            file_state: None,
            setup_type: Some(setup_type),
            in_progress: Some(u32::from(setup_type != 0)),
            command: command.to_owned(),
            tag: false,
            log: None,
            people: Vec::new(),
        }
    }

    #[test]
    fn all_signs_are_needed_and_each_that_is_missing_is_named() {
        const RESEAL: &str = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE";
        const AUDITED: &str = "IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT";
        const RUN: &str = "C:\\Windows\\System32\\oobe\\WinDeploy.exe";
        let tagged = |mut signs: Signs6| {
            signs.tag = true;
            signs
        };
        let logged = |mut signs: Signs6| {
            signs.log = Some("a log".to_owned());
            signs
        };
        let lived_in = |mut signs: Signs6| {
            signs.people = vec!["Users\\a".to_owned()];
            signs
        };
        let filed = |mut signs: Signs6, state: &str| {
            signs.file_state = Some(state.to_owned());
            signs
        };
        for (signs, verdict, next, differences) in [
            // Deployed, as all real hives.
            (
                signs("IMAGE_STATE_COMPLETE", 0, ""),
                Verdict::NotGeneralized,
                None,
                0,
            ),
            (signs("", 0, ""), Verdict::NotGeneralized, None, 0),
            // A tag stays behind in a deployed system.
            (
                tagged(signs("IMAGE_STATE_COMPLETE", 0, "")),
                Verdict::NotGeneralized,
                None,
                0,
            ),
            (
                tagged(signs(RESEAL, 2, RUN)),
                Verdict::Generalized,
                Some("specialize"),
                0,
            ),
            (
                logged(tagged(signs(AUDITED, 2, RUN))),
                Verdict::Generalized,
                Some("specialize"),
                0,
            ),
            (
                filed(tagged(signs(RESEAL, 2, RUN)), RESEAL),
                Verdict::Generalized,
                Some("specialize"),
                0,
            ),
            (
                signs(RESEAL, 2, RUN),
                Verdict::VendorMedia,
                Some("specialize"),
                0,
            ),
            (
                logged(signs(RESEAL, 2, RUN)),
                Verdict::Inconsistent,
                None,
                1,
            ),
            (
                lived_in(logged(signs(RESEAL, 2, RUN))),
                Verdict::Inconsistent,
                None,
                2,
            ),
            // Somebody made it look generalized.
            (tagged(signs(RESEAL, 0, "")), Verdict::Inconsistent, None, 2),
            (
                signs("IMAGE_STATE_COMPLETE", 2, RUN),
                Verdict::Inconsistent,
                None,
                1,
            ),
            (
                tagged(signs(RESEAL, 1, RUN)),
                Verdict::Inconsistent,
                None,
                1,
            ),
            (tagged(signs(RESEAL, 2, "")), Verdict::Inconsistent, None, 1),
            (
                filed(tagged(signs(RESEAL, 2, RUN)), "IMAGE_STATE_COMPLETE"),
                Verdict::Inconsistent,
                None,
                1,
            ),
            (
                filed(signs("IMAGE_STATE_COMPLETE", 0, ""), RESEAL),
                Verdict::Inconsistent,
                None,
                4,
            ),
            // Setup is under way.
            (signs("", 1, "x"), Verdict::Inconsistent, None, 1),
            (
                signs("IMAGE_STATE_UNDEPLOYABLE", 0, ""),
                Verdict::Inconsistent,
                None,
                1,
            ),
            (
                signs("IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", 2, RUN),
                Verdict::NotGeneralized,
                Some("oobeSystem"),
                0,
            ),
            (
                signs("IMAGE_STATE_SPECIALIZE_RESEAL_TO_AUDIT", 2, RUN),
                Verdict::NotGeneralized,
                Some("auditSystem"),
                0,
            ),
        ] {
            let judged = judge_later(&signs);
            let shown = format!(
                "{:?} {:?} {}",
                signs.image_state, signs.setup_type, signs.command
            );
            assert_eq!(judged.verdict, verdict, "{shown}");
            assert_eq!(judged.next_boot.first_pass(), next, "{shown}");
            assert_eq!(
                judged.differences.len(),
                differences,
                "{shown}: {:?}",
                judged.differences
            );
        }
    }

    #[test]
    fn nt5_needs_command_progress_and_tools() {
        let signs = |command: &str, setup_type, in_progress, tools| Signs5 {
            setup: SetupKey {
                command: command.to_owned(),
                setup_type: Some(setup_type),
                in_progress: Some(in_progress),
                mini_setup: None,
            },
            tools,
            factory: false,
        };
        for (signs, verdict, next) in [
            (signs("", 0, 0, false), Verdict::NotGeneralized, None),
            (
                signs("setup -newsetup", 0, 0, true),
                Verdict::NotGeneralized,
                None,
            ),
            (
                signs("setup.exe -newsetup -mini", 1, 1, true),
                Verdict::Generalized,
                Some("mini-setup"),
            ),
            (
                signs("C:\\WINDOWS\\System32\\oobe\\msoobe.exe /f", 2, 1, true),
                Verdict::Generalized,
                Some("windows-welcome"),
            ),
            (
                signs("setup -newsetup -mini", 1, 1, false),
                Verdict::Inconsistent,
                None,
            ),
            (
                signs("setup -newsetup", 1, 1, true),
                Verdict::Inconsistent,
                None,
            ),
        ] {
            let judged = judge_nt5(&signs);
            assert_eq!(judged.verdict, verdict, "{}", signs.setup.command);
            assert_eq!(
                judged.next_boot.first_pass(),
                next,
                "{}",
                signs.setup.command
            );
        }
        let mut factory = signs("setup -newsetup -mini", 1, 1, true);
        factory.factory = true;
        assert_eq!(judge_nt5(&factory).verdict, Verdict::NotGeneralized);
    }

    #[test]
    fn state_ini_is_read_as_text_and_as_utf16() {
        let text = "[State]\r\nImageState=IMAGE_STATE_COMPLETE\r\n";
        let wide: Vec<u8> = std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [text.as_bytes(), &wide] {
            let found = state_of_ini(bytes);
            assert_eq!(found.as_deref(), Some("IMAGE_STATE_COMPLETE"));
        }
        assert_eq!(state_of_ini(b"[Other]\nImageState=x"), None);
    }
}
