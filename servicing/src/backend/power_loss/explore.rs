//! Tries what a power cut can leave, and what the next open makes of it.

use std::collections::HashSet;
use std::path::Path;

use super::disk::{Crash, Difference, Disk, Event, Snapshot};
use super::model_host::{ModelHost, State};
use crate::backend::RESERVED;
use crate::backend::recovery::{Recovered, recover};

/// Which subsets of the open effects are tried.
#[derive(Clone, Copy)]
pub(super) struct Subsets {
    /// All, up to this many open effects.
    pub(super) all_to: usize,
    /// Beyond: all, none, each alone, all but each, and this many at random.
    pub(super) random: usize,
}

/// How much is tried.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    pub(super) commit: Subsets,
    /// Whether the recovery is cut as well, and the recovery of that, and so on.
    pub(super) recovery: Option<Subsets>,
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Moments at which the power was cut.
    pub(super) moments: usize,
    /// Those at which all subsets of open effects were tried.
    pub(super) exhausted: usize,
    /// Subsets tried.
    pub(super) tried: usize,
    /// Different disks among them, each of which was opened.
    pub(super) disks: usize,
}

/// Which tree it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Verdict {
    Old,
    New,
}

/// What a process did to a disk.
pub(super) struct Run {
    pub(super) base: Disk,
    /// The disk as the process saw it in the end.
    pub(super) end: Disk,
    pub(super) log: Vec<Event>,
    /// The first moment at which the power is cut: events before.
    pub(super) from: usize,
    pub(super) subsets: Subsets,
    /// What must be found after a cut before the end; `None`: either.
    pub(super) meanwhile: Option<Verdict>,
    /// What must be found after a cut at the end; `None`: either.
    pub(super) afterwards: Option<Verdict>,
}

impl Run {
    /// All that a process did, which had the whole time.
    pub(super) fn new(
        base: &Disk,
        state: &State,
        subsets: Subsets,
        afterwards: Option<Verdict>,
    ) -> Run {
        Run {
            base: base.clone(),
            end: state.disk.clone(),
            log: state.log.clone(),
            from: 0,
            subsets,
            meanwhile: None,
            afterwards,
        }
    }
}

/// Opens disks, and says which of them are neither old nor new.
pub(super) struct Explorer<'a> {
    pub(super) old: &'a Snapshot,
    pub(super) new: &'a Snapshot,
    pub(super) effort: Effort,
    pub(super) tally: Tally,
    /// Fingerprints of the disks opened so far, and what they had to be.
    seen: HashSet<(u64, Option<Verdict>)>,
    random: u64,
}

impl<'a> Explorer<'a> {
    pub(super) fn new(old: &'a Snapshot, new: &'a Snapshot, effort: Effort) -> Explorer<'a> {
        Explorer {
            old,
            new,
            effort,
            tally: Tally::default(),
            seen: HashSet::new(),
            random: 0x5EED,
        }
    }

    /// SplitMix64: small, and the same on every run.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Cuts the power at every moment of `run`; every disk that this can leave
    /// is opened, and that is cut at every moment as well, and so on until no
    /// disk comes up that was not seen. `Err` tells the first bad outcome.
    pub(super) fn cut_everywhere(&mut self, run: Run) -> Result<(), String> {
        let mut open = vec![run];
        while let Some(run) = open.pop() {
            for moment in run.from..=run.log.len() {
                let ended = moment == run.log.len();
                let allowed = if ended { run.afterwards } else { run.meanwhile };
                for disk in self.crashes(&run, moment) {
                    if !self.seen.insert((disk.fingerprint(), allowed)) {
                        continue;
                    }
                    self.tally.disks += 1;
                    let (host, verdict) = self.open(&disk, allowed).map_err(|bad| {
                        format!("cut after {moment} of {} events: {bad}", run.log.len())
                    })?;
                    let state = host.state();
                    if let Some(subsets) = self.effort.recovery {
                        open.push(Run {
                            end: state.disk.clone(),
                            log: state.log.clone(),
                            base: disk,
                            from: 1,
                            subsets,
                            meanwhile: Some(verdict),
                            afterwards: Some(verdict),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// The disks that a cut at `moment` may leave.
    fn crashes(&mut self, run: &Run, moment: usize) -> Vec<Disk> {
        let crash = Crash::new(&run.base, &run.end, &run.log[..moment]);
        let count = crash.open;
        self.tally.moments += 1;
        let mut disks = Vec::new();
        let mut add = |survives: &dyn Fn(usize) -> bool| disks.push(crash.disk(survives));
        if count <= run.subsets.all_to {
            self.tally.exhausted += 1;
            for subset in 0..1_u64 << count {
                add(&|number| subset >> number & 1 == 1);
            }
        } else {
            add(&|_| false);
            add(&|_| true);
            for one in 0..count {
                add(&|number| number == one);
                add(&|number| number != one);
            }
            for _ in 0..run.subsets.random {
                let words: Vec<u64> = (0..count.div_ceil(64)).map(|_| self.random()).collect();
                add(&|number| words[number / 64] >> (number % 64) & 1 == 1);
            }
        }
        self.tally.tried += disks.len();
        disks
    }

    /// Opens a disk and looks at the tree.
    fn open(&self, disk: &Disk, allowed: Option<Verdict>) -> Result<(ModelHost, Verdict), String> {
        let host = ModelHost::new(disk.clone());
        let recovered = recover(&host).map_err(|error| format!("{error:?}"))?;
        let verdict = self.judge(&host.state().disk.snapshot(), recovered)?;
        match allowed {
            Some(allowed) if allowed != verdict => Err(format!(
                "the {verdict:?} tree, and the other was promised; {recovered:?}"
            )),
            _ => Ok((host, verdict)),
        }
    }

    /// Whether this is the old tree or the new one, and fits what was said of it.
    pub(super) fn judge(
        &self,
        found: &Snapshot,
        recovered: Option<Recovered>,
    ) -> Result<Verdict, String> {
        if found.contains_key(Path::new(RESERVED)) {
            return Err("the reserved directory is there still".to_owned());
        }
        let verdict = if found == self.new {
            Verdict::New
        } else if found == self.old {
            Verdict::Old
        } else {
            return Err(format!(
                "neither old ({}) nor new ({})",
                Difference(self.old, found),
                Difference(self.new, found)
            ));
        };
        match (recovered, verdict) {
            (Some(Recovered::Finished { .. }), Verdict::Old) => {
                Err("said to be finished, but old".to_owned())
            }
            (Some(Recovered::Undone), Verdict::New) => Err("said to be undone, but new".to_owned()),
            _ => Ok(verdict),
        }
    }
}
