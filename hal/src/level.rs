//! The level of a system file: Windows version and service pack, told by the
//! number in its version resource.
//!
//! Hotfixes replace single files, so that healthy images hold files with
//! different last numbers (seen in XP x64: HAL 4355, `ntdll.dll` 4937,
//! `smss.exe` 3959). Build and service pack are what has to fit.

use std::fmt;

use wimwright_servicing::pe::VersionNumber;

/// What a file's version says of the Windows that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Level {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// Build.
    pub build: u16,
    /// The service pack, 0 for none; `None` where the number does not tell.
    pub service_pack: Option<u8>,
}

/// A last number, and the service pack that files are of from it on.
type FirstNumber = (u16, Option<u8>);

/// From which last number on a file is of which service pack, per build. The
/// numbers are those of the service packs' own kernels and HALs; that hotfixes
/// of a service pack lie between is inferred. Of 2000 the second service pack's
/// numbers are not known.
const SERVICE_PACKS: &[(u16, &[FirstNumber])] = &[
    (
        2195,
        &[(0, Some(0)), (1163, None), (4864, Some(3)), (6655, Some(4))],
    ),
    (
        2600,
        &[
            (0, Some(0)),
            (1106, Some(1)),
            (2180, Some(2)),
            (5512, Some(3)),
        ],
    ),
    (3790, &[(0, Some(0)), (1830, Some(1)), (3959, Some(2))]),
];

impl Level {
    /// The level of a file with this version.
    pub fn of(version: VersionNumber) -> Level {
        let VersionNumber([major, minor, build, revision]) = version;
        // The HALs of 2000's release are of earlier builds than its kernel.
        let build = match (major, minor, build) {
            (5, 0, 2168 | 2171) => {
                return Level {
                    major,
                    minor,
                    build: 2195,
                    service_pack: Some(0),
                };
            }
            _ => build,
        };
        let mut builds = SERVICE_PACKS.iter();
        let steps = builds.find(|(known, _)| *known == build).map(|row| row.1);
        let step = steps.and_then(|steps| steps.iter().rev().find(|step| step.0 <= revision));
        Level {
            major,
            minor,
            build,
            service_pack: step.and_then(|step| step.1),
        }
    }

    /// Whether a file with this version is of a hotfix: newer than the service
    /// pack's own. `None` where the service packs' own numbers are not known (of
    /// 2000 they differ by file).
    pub fn is_of_hotfix(version: VersionNumber) -> Option<bool> {
        let VersionNumber([major, _, build, revision]) = version;
        if major != 5 || build == 2195 {
            return None;
        }
        let mut builds = SERVICE_PACKS.iter();
        let steps = builds.find(|(known, _)| *known == build)?.1;
        Some(!steps.iter().any(|step| step.0 == revision))
    }

    /// Whether files of both levels may run together: same build, and the same
    /// service pack as far as that is known.
    pub fn fits(self, other: Level) -> bool {
        let numbers = |level: Level| (level.major, level.minor, level.build);
        let packs = match (self.service_pack, other.service_pack) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        numbers(self) == numbers(other) && packs
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.build)?;
        match self.service_pack {
            Some(0) => f.write_str(" without service pack"),
            Some(pack) => write!(f, " Service Pack {pack}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_tells_the_service_pack_and_hotfixes_fit_it() {
        for (version, pack) in [
            ([5, 1, 2600, 0], Some(0)),
            ([5, 1, 2600, 1106], Some(1)),
            ([5, 1, 2600, 2180], Some(2)),
            ([5, 1, 2600, 3093], Some(2)),
            ([5, 1, 2600, 5512], Some(3)),
            ([5, 1, 2600, 6419], Some(3)),
            ([5, 2, 3790, 4355], Some(2)),
            ([5, 0, 2195, 6717], Some(4)),
            ([5, 0, 2195, 2780], None),
            ([5, 0, 2171, 1], Some(0)),
            ([6, 1, 7601, 17514], None),
        ] {
            assert_eq!(
                Level::of(VersionNumber(version)).service_pack,
                pack,
                "{version:?}"
            );
        }
        let hotfix = |version| Level::is_of_hotfix(VersionNumber(version));
        assert_eq!(hotfix([5, 1, 2600, 5512]), Some(false));
        assert_eq!(hotfix([5, 1, 2600, 6419]), Some(true));
        assert_eq!(hotfix([5, 0, 2195, 6717]), None);
        let level = |version| Level::of(VersionNumber(version));
        // As in a real installation of XP x64.
        assert!(level([5, 2, 3790, 4355]).fits(level([5, 2, 3790, 3959])));
        assert!(!level([5, 1, 2600, 2180]).fits(level([5, 1, 2600, 5512])));
        assert!(!level([5, 1, 2600, 5512]).fits(level([5, 2, 3790, 3959])));
        // The release of 2000 has HALs of two builds before its kernel's.
        assert!(level([5, 0, 2168, 1]).fits(level([5, 0, 2195, 1])));
    }
}
