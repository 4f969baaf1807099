//! What `hal audit` found, for people: text, and a page with a table.

pub(crate) mod page;
pub(crate) mod text;

use wimwright_hal::audit::check::Severity;
use wimwright_hal::{Audit, Verdict};
use wimwright_servicing::{Architecture, Generation};

/// An image that was audited.
pub(crate) struct Audited {
    /// The image as it was named.
    pub(crate) name: String,
    /// What its WIM file calls it.
    pub(crate) title: Option<String>,
    pub(crate) audit: Audit,
}

impl Audited {
    /// Whether nothing has to be looked at. Targets that nobody gave bear on
    /// nothing: no image boots on all of them.
    pub(crate) fn is_clean(&self, targets_given: bool) -> bool {
        let audit = &self.audit;
        let mut findings = audit.findings.iter();
        let mut targets = audit.targets.iter();
        findings.all(|finding| {
            finding.severity == Severity::Note || !targets_given && finding.target.is_some()
        }) && (!targets_given
            || targets
                .all(|target| matches!(target.verdict, Verdict::Boots | Verdict::NotImageBound)))
    }

    /// The image and what its file calls it.
    pub(crate) fn heading(&self) -> String {
        match &self.title {
            Some(title) => format!("{} ({title})", self.name),
            None => self.name.clone(),
        }
    }

    /// Windows' version, service pack and architecture.
    pub(crate) fn windows(&self) -> String {
        let facts = &self.audit.facts;
        let pack = facts.service_pack.as_deref();
        let pack = pack.map(|pack| format!(" {pack}")).unwrap_or_default();
        format!("{}{pack}, {}", facts.version, facts.architecture)
    }

    /// The HAL in words; `None` where Windows chooses it at boot.
    pub(crate) fn hal(&self) -> Option<String> {
        let facts = &self.audit.facts;
        if facts.generation != Generation::Nt5 {
            return None;
        }
        Some(match self.audit.installed.hal {
            Some(hal) => {
                let of_x64 = facts.architecture == Architecture::Amd64;
                let description = match hal.on_x64().filter(|_| of_x64) {
                    Some((description, _)) => description,
                    None => hal.description(),
                };
                format!("{description} ({hal}): for {}", hal.plain())
            }
            None => "cannot be told".to_owned(),
        })
    }

    /// The files in words.
    pub(crate) fn files(&self) -> Option<String> {
        let installed = &self.audit.installed;
        let kernels = [installed.kernel, installed.pae_kernel].into_iter();
        let kernels = kernels.flatten().map(|kernel| kernel.media_name());
        let names: Vec<&str> = installed.hal_file.into_iter().chain(kernels).collect();
        if names.is_empty() {
            return None;
        }
        let level = installed.level.map(|level| format!(" of {level}"));
        let whole = match installed.consistent {
            true => "of one piece with the registry",
            false => "not of one piece: see below",
        };
        Some(format!(
            "{}{}; {whole}",
            names.join(", "),
            level.unwrap_or_default()
        ))
    }
}
