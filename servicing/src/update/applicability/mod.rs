//! Whether an image takes a package, and which rule says so.
//!
//! Windows says `0x800f081e` and no more. Here every rule that decides is a
//! line with the values that it compared: what the package asks for, what the
//! image has.
//!
//! | rule | asks |
//! |---|---|
//! | architecture | is it for this image's processor? |
//! | pending | is something left to be done at the next start? |
//! | installed | is it there already? |
//! | newer | is a newer one there? |
//! | servicing-stack | is the servicing stack new enough? |
//! | parent | is one of its parents there, in a version that fits? |
//! | language | is its language in the image? |
//! | components | is there anything in the image that it is newer than? |
//!
//! Facts: cbs, section 3.1; that `disposition="detect"` takes the state of the
//! parent, and how versions compare, as CBS logs show them; which components
//! an update is for by what the real packages have (see
//! [`Elevate`](super::mum::Elevate)): inferred.

pub(super) mod components;
mod parents;

pub(super) use parents::{given_by as parent_given_by, in_image as parent_in_image};

use serde::Serialize;

use super::identity::Identity;
use super::package::{Package, PackageKind};
use super::store::{PackageState, PackageStore, StoreError};
use super::version::AssemblyVersion;
use crate::draft::Draft;
use crate::facts::Architecture;

/// What a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not, and that decides.
    Fails,
    /// What is known does not suffice to say.
    Unclear,
}

/// A rule with what it compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name.
    pub rule: &'static str,
    /// What it found.
    pub outcome: Outcome,
    /// What the package asks for.
    pub asked: String,
    /// What the image has.
    pub found: String,
    /// What would help, where that is known.
    pub hint: Option<String>,
}

impl Rule {
    fn new(
        rule: &'static str,
        outcome: Outcome,
        asked: impl Into<String>,
        found: impl Into<String>,
    ) -> Rule {
        Rule {
            rule,
            outcome,
            asked: asked.into(),
            found: found.into(),
            hint: None,
        }
    }

    fn hint(self, hint: impl Into<String>) -> Rule {
        Rule {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// What all rules come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The image takes it.
    Applicable,
    /// It is there.
    Installed,
    /// A newer one is there.
    Superseded,
    /// It is not for this image.
    NotApplicable,
    /// It is, but not yet: the servicing stack is too old, or something is left
    /// to be done at the next start.
    Blocked,
    /// What is known does not suffice to say: Windows itself has to be asked.
    Unclear,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Applicable => "applicable",
            Verdict::Installed => "installed",
            Verdict::Superseded => "superseded",
            Verdict::NotApplicable => "not-applicable",
            Verdict::Blocked => "blocked",
            Verdict::Unclear => "unclear",
        }
    }
}

/// A verdict with all rules, in the order in which they were asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applicability {
    /// What they come to.
    pub verdict: Verdict,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Applicability {
    /// The rules that decided: those that failed, or else are unclear.
    pub fn deciding(&self) -> impl Iterator<Item = &Rule> {
        let fails = self.rules.iter().any(|rule| rule.outcome == Outcome::Fails);
        let wanted = if fails {
            Outcome::Fails
        } else {
            Outcome::Unclear
        };
        self.rules.iter().filter(move |rule| rule.outcome == wanted)
    }
}

/// What packages that go before this one bring: they count as installed.
#[derive(Default)]
pub struct Before<'p> {
    packages: Vec<&'p Package>,
}

impl<'p> Before<'p> {
    /// Nothing goes before.
    pub fn nothing() -> Before<'p> {
        Before::default()
    }

    /// `package` goes before all that is asked from now on.
    pub fn add(&mut self, package: &'p Package) {
        self.packages.push(package);
    }

    /// The package among these that brings `wanted`, in a version that fits.
    fn bringing(&self, fits: impl Fn(&Identity) -> bool) -> Option<(&'p Package, &'p Identity)> {
        self.packages.iter().find_map(|package| {
            let mut mums = package.brought().map(|entry| &entry.mum.identity);
            mums.find(|identity| fits(identity))
                .map(|identity| (*package, identity))
        })
    }

    /// The newest servicing stack among what they bring.
    fn servicing_stack(&self) -> Option<(AssemblyVersion, &'p Package)> {
        let stacks = self.packages.iter().filter_map(|package| {
            let stack = package.brings_servicing_stack()?;
            Some((stack.version, *package))
        });
        stacks.max_by_key(|(version, _)| *version)
    }
}

/// Whether the image behind `draft`, whose state is `store`, takes `package`.
///
/// # Errors
/// [`StoreError`], where the image cannot be read.
pub fn evaluate(
    draft: &Draft,
    store: &PackageStore,
    package: &Package,
    before: &Before<'_>,
) -> Result<Applicability, StoreError> {
    let mut rules = vec![architecture(draft, package), pending(store)];
    let there = presence(store, package.identity());
    rules.extend(there.rule);
    rules.push(servicing_stack(store, package, before));
    let parents = parents::rule(store, package.mum(), before);
    rules.push(parents);
    rules.extend(language(store, package));
    if there.verdict.is_none() {
        rules.extend(components::rules(draft, store, package, before)?);
    }
    Ok(Applicability {
        verdict: verdict(&rules, there.verdict),
        rules,
    })
}

/// What the rules come to: that it is there says more than that it cannot be
/// added once more.
fn verdict(rules: &[Rule], there: Option<Verdict>) -> Verdict {
    let failed = |names: &[&str]| {
        rules
            .iter()
            .any(|rule| rule.outcome == Outcome::Fails && names.contains(&rule.rule))
    };
    if failed(&["architecture"]) {
        return Verdict::NotApplicable;
    }
    if let Some(there) = there {
        return there;
    }
    if failed(&["parent", "language"]) {
        return Verdict::NotApplicable;
    }
    if failed(&["components-newer"]) {
        return Verdict::Superseded;
    }
    if failed(&["components"]) {
        return Verdict::NotApplicable;
    }
    if failed(&["servicing-stack", "pending"]) {
        return Verdict::Blocked;
    }
    match rules.iter().any(|rule| rule.outcome == Outcome::Unclear) {
        true => Verdict::Unclear,
        false => Verdict::Applicable,
    }
}

fn architecture(draft: &Draft, package: &Package) -> Rule {
    let image = draft.facts().architecture;
    let asked = &package.identity().architecture;
    let fits = Architecture::from_name(asked) == Some(image);
    // `msil` and `wow64` packages are parts of others, for any of them.
    let any = ["msil", "neutral"]
        .iter()
        .any(|word| asked.eq_ignore_ascii_case(word));
    let outcome = match fits || any {
        true => Outcome::Holds,
        false => Outcome::Fails,
    };
    Rule::new("architecture", outcome, asked.clone(), image.name())
}

fn pending(store: &PackageStore) -> Rule {
    let asked = "nothing left to be done at the next start";
    let Some(first) = store.pending.first() else {
        return Rule::new("pending", Outcome::Holds, asked, "nothing pending");
    };
    let more = match store.pending.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let found = format!("{} in `{}`{more}", first.what, first.place);
    let hint = "start the image once, let Windows finish, and capture it again";
    Rule::new("pending", Outcome::Fails, asked, found).hint(hint)
}

/// Whether a package is there already, or a newer one.
struct Presence {
    rule: Option<Rule>,
    verdict: Option<Verdict>,
}

fn presence(store: &PackageStore, identity: &Identity) -> Presence {
    let newest = store
        .family(identity)
        .filter(|one| one.state.is_installed())
        .max_by_key(|one| one.identity.version);
    if let Some(newest) = newest
        && newest.identity.version > identity.version
    {
        return Presence {
            rule: Some(Rule::new(
                "newer",
                Outcome::Fails,
                format!("no version above {}", identity.version),
                format!("`{}` is {}", newest.identity, newest.state),
            )),
            verdict: Some(Verdict::Superseded),
        };
    }
    let Some(same) = store.package(identity) else {
        let found = match newest {
            Some(older) => format!("`{}` is {}, which is older", older.identity, older.state),
            None => "no version of it".to_owned(),
        };
        return Presence {
            rule: Some(Rule::new(
                "installed",
                Outcome::Holds,
                "not there yet",
                found,
            )),
            verdict: None,
        };
    };
    let found = format!("`{}` is {}", same.identity, same.state);
    let (outcome, verdict) = match same.state {
        state if state.is_installed() => (Outcome::Fails, Some(Verdict::Installed)),
        PackageState::SUPERSEDED => (Outcome::Fails, Some(Verdict::Superseded)),
        state if state.is_broken() => (Outcome::Unclear, None),
        // Staged, or known by name only: it can still be installed.
        _ => (Outcome::Holds, None),
    };
    Presence {
        rule: Some(Rule::new("installed", outcome, "not there yet", found)),
        verdict,
    }
}

fn servicing_stack(store: &PackageStore, package: &Package, before: &Before<'_>) -> Rule {
    const NAME: &str = "servicing-stack";
    let Some(asked) = package.needs_servicing_stack() else {
        let found = store.servicing_stack.as_ref();
        let found = found.map_or("not known".to_owned(), |stack| stack.version.to_string());
        return Rule::new(NAME, Outcome::Holds, "any servicing stack", found);
    };
    let wanted = format!("servicing stack {asked} or newer");
    if let Some((version, bringing)) = before.servicing_stack()
        && version >= asked
    {
        let found = format!(
            "{version}, brought by `{}`, which goes before",
            bringing.name()
        );
        return Rule::new(NAME, Outcome::Holds, wanted, found);
    }
    // One that brings its own installs it first.
    if let Some(own) = package.brings_servicing_stack()
        && own.version >= asked
    {
        let found = format!("{}, which it brings itself", own.version);
        return Rule::new(NAME, Outcome::Holds, wanted, found);
    }
    let Some(stack) = &store.servicing_stack else {
        return match asked.family() {
            // 6.0.0.0 is what packages write that take any.
            (6, 0) => Rule::new(NAME, Outcome::Holds, wanted, "not known"),
            _ => Rule::new(
                NAME,
                Outcome::Unclear,
                wanted,
                "the image does not say its own",
            ),
        };
    };
    let found = format!("{} (by `{}`)", stack.version, stack.evidence);
    match stack.version >= asked {
        true => Rule::new(NAME, Outcome::Holds, wanted, found),
        false => Rule::new(NAME, Outcome::Fails, wanted, found).hint(format!(
            "add a servicing stack update that brings {asked} or newer first; given together, \
             the packages are put in order"
        )),
    }
}

fn language(store: &PackageStore, package: &Package) -> Option<Rule> {
    let culture = &package.identity().culture;
    // A language pack is what brings its language.
    if culture.is_empty() || package.kind() == PackageKind::LanguagePack {
        return None;
    }
    let languages = store.languages();
    let there = languages
        .iter()
        .any(|known| known.eq_ignore_ascii_case(culture));
    let found = match languages.is_empty() {
        true => "no package in a language".to_owned(),
        false => languages.join(", "),
    };
    Some(match there {
        true => Rule::new("language", Outcome::Holds, culture.clone(), found),
        false => Rule::new("language", Outcome::Fails, culture.clone(), found)
            .hint(format!("add the language pack for {culture} first")),
    })
}
