//! Inputs of a build: what `stampinf` puts in for its variables.

use wimwright_inf::Inf;

use crate::model::Architecture;

/// The variables with their values. The versions of the frameworks are recent
/// ones; nothing is decided by them.
macro_rules! variables {
    ($architecture:literal) => {
        &[
            ("$ARCH$", $architecture),
            ("$KMDFVERSION$", "1.33"),
            ("$KMDFCOINSTALLERVERSION$", "01033"),
            ("$UMDFVERSION$", "2.33.0"),
            ("$UMDFCOINSTALLERVERSION$", "02033"),
        ]
    };
}

/// What `stampinf` puts in, in a build for an architecture.
pub(super) fn variables(architecture: Architecture) -> &'static [(&'static str, &'static str)] {
    match architecture {
        Architecture::Amd64 => variables!("amd64"),
        Architecture::X86 => variables!("x86"),
        Architecture::Arm => variables!("arm"),
        Architecture::Arm64 => variables!("arm64"),
        Architecture::Ia64 => variables!("ia64"),
    }
}

/// The architecture that an input of a build is read for: amd64, unless it
/// has sections that are only for others.
pub(super) fn architecture(inf: &Inf) -> Architecture {
    let order = [
        Architecture::Amd64,
        Architecture::Arm64,
        Architecture::Arm,
        Architecture::X86,
    ];
    let named = |architecture: &Architecture| {
        let decoration = format!(".nt{architecture}");
        inf.sections()
            .any(|section| section.name().to_ascii_lowercase().contains(&decoration))
    };
    // `.ntarm` is the start of `.ntarm64` too, which is asked for before it.
    order.into_iter().find(named).unwrap_or(Architecture::Amd64)
}
