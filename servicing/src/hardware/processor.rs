//! What is known of a computer's processors.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::facts::Architecture;

/// The processors; each fact only where a file says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Processors {
    /// How many the operating system sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logical: Option<u32>,
    /// How many sockets hold one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sockets: Option<u32>,
    /// The vendor as CPUID writes it, such as `GenuineIntel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The name, such as `Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The widest architecture that they run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
    /// What they can, by the names of Linux' `/proc/cpuinfo` (`pae`, `nx`,
    /// `sse2`, `cx16`, `lahf_lm`); empty where no file says it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<String>,
}

impl Processors {
    /// Whether they have a feature; `None` where no file lists any.
    pub fn has(&self, feature: &str) -> Option<bool> {
        let known = !self.features.is_empty();
        known.then(|| self.features.contains(feature))
    }
}
