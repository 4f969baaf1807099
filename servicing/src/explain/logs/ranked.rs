//! The drivers that Windows weighed for a device, as its log lists them.

/// A driver that was weighed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Its INF, as the log names it.
    pub inf: String,
    /// What it calls the device.
    pub description: Option<String>,
    /// Its rank; the lowest wins.
    pub rank: Option<String>,
    /// How well it is signed.
    pub signer: Option<String>,
    /// Its date, as the log writes it.
    pub date: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Whether it was chosen.
    pub selected: bool,
}

/// The most that are kept of a section.
const MOST: usize = 32;

/// Collects candidates.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranking {
    candidates: Vec<Candidate>,
    /// Whether lines describe the candidate that came last.
    open: bool,
    /// Whether lines describe the choice.
    choosing: bool,
}

impl Ranking {
    /// A driver begins.
    pub(super) fn begin(&mut self) {
        self.choosing = false;
        self.open = self.candidates.len() < MOST;
        if self.open {
            self.candidates.push(Candidate::default());
        }
    }

    /// The choice is told.
    pub(super) fn choose(&mut self) {
        (self.open, self.choosing) = (false, true);
    }

    /// A field: `Rank - 0x00ff2001`.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        let value = value.trim().trim_matches(['[', ']']).to_owned();
        if self.choosing {
            if matches!(name, "InfFile" | "InfName") {
                self.selected(&value);
            }
            return;
        }
        let Some(last) = self.candidates.last_mut().filter(|_| self.open) else {
            return;
        };
        match name {
            "InfName" => last.inf = value,
            "DevDesc" => last.description = Some(value),
            "Rank" => last.rank = Some(value),
            "Signer Score" => last.signer = Some(value),
            "DrvDate" => last.date = Some(value),
            "Version" => last.version = Some(value),
            _ => {}
        }
    }

    /// Marks the one that was chosen.
    pub(super) fn selected(&mut self, inf: &str) {
        let chosen = |candidate: &&mut Candidate| candidate.inf.eq_ignore_ascii_case(inf);
        if let Some(candidate) = self.candidates.iter_mut().find(chosen) {
            candidate.selected = true;
        }
        self.choosing = false;
    }

    /// What was collected.
    pub(super) fn finish(self) -> Vec<Candidate> {
        let named = self.candidates.into_iter();
        named
            .filter(|candidate| !candidate.inf.is_empty())
            .collect()
    }
}
