//! Builds of HALs and kernels that are known, by time stamp and length.
//!
//! Those of the releases and service packs; hotfixes are not listed, so that a
//! file which is not here is not suspicious. Several HALs of one build share a
//! time stamp: both numbers together tell them apart. Of kernels the length
//! differs by language, and the time stamp alone may fit two of them.
//!
//! Source: Geoff Chappell, "HAL Versions" and "Kernel Versions"; compared with
//! the files themselves for XP SP1 and SP3 and for x64.

use super::hal_file::Hal;
use crate::kind::{HalType, Kernel};
use HalType::{AcpiApicMp, AcpiApicUp, AcpiPic, MpsMp, MpsUp, SgiMp, StandardPc, SysproMp};

/// Time stamp, length in bytes, type, release.
const HALS: &[(u32, u64, HalType, &str)] = &[
    (0x381b_75ae, 95_296, StandardPc, "2000"),
    (0x381f_8c6e, 66_080, AcpiPic, "2000"),
    (0x381f_8c6e, 81_184, AcpiApicUp, "2000"),
    (0x381f_8c6e, 82_048, AcpiApicMp, "2000"),
    (0x381b_75b4, 91_936, MpsUp, "2000"),
    (0x381b_75b5, 93_408, MpsMp, "2000"),
    (0x381b_75ad, 69_024, SysproMp, "2000"),
    (0x381b_75b0, 148_672, SgiMp, "2000"),
    (0x3946_db7a, 66_528, AcpiPic, "2000 SP1"),
    (0x3946_dbb9, 81_600, AcpiApicUp, "2000 SP1"),
    (0x38b3_2c16, 148_768, SgiMp, "2000 SP1"),
    (0x3c4d_bad2, 95_456, StandardPc, "2000 SP3"),
    (0x3c98_9e09, 66_848, AcpiPic, "2000 SP3"),
    (0x3c98_9e09, 82_112, AcpiApicUp, "2000 SP3"),
    (0x3c98_9e1e, 82_976, AcpiApicMp, "2000 SP3"),
    (0x3c4d_bae1, 92_192, MpsUp, "2000 SP3"),
    (0x3c4d_bae1, 93_632, MpsMp, "2000 SP3"),
    (0x3c4d_bada, 69_088, SysproMp, "2000 SP3"),
    (0x3c4d_bad2, 148_960, SgiMp, "2000 SP3"),
    (0x3e25_b985, 95_456, StandardPc, "2000 SP4"),
    (0x3e7a_7338, 66_848, AcpiPic, "2000 SP4"),
    (0x3e7a_7338, 82_176, AcpiApicUp, "2000 SP4"),
    (0x3e7a_733a, 83_040, AcpiApicMp, "2000 SP4"),
    (0x3e7a_731b, 92_224, MpsUp, "2000 SP4"),
    (0x3e7a_731b, 93_696, MpsMp, "2000 SP4"),
    (0x3e25_b989, 69_088, SysproMp, "2000 SP4"),
    (0x3e25_b981, 148_960, SgiMp, "2000 SP4"),
    (0x3b7d_8321, 102_528, StandardPc, "XP"),
    (0x3b7d_830b, 78_464, AcpiPic, "XP"),
    (0x3b7d_830f, 128_768, AcpiApicUp, "XP"),
    (0x3b7d_8314, 131_200, AcpiApicMp, "XP"),
    (0x3b7d_8316, 147_456, MpsUp, "XP"),
    (0x3b7d_831b, 149_504, MpsMp, "XP"),
    (0x3b7d_831d, 76_416, SysproMp, "XP"),
    (0x3d6d_d5b1, 101_376, StandardPc, "XP SP1"),
    (0x3d6d_d5ae, 77_440, AcpiPic, "XP SP1"),
    (0x3d6d_d5ae, 127_872, AcpiApicUp, "XP SP1"),
    (0x3d6d_d5ae, 129_920, AcpiApicMp, "XP SP1"),
    (0x3d6d_d5ae, 146_560, MpsUp, "XP SP1"),
    (0x3d6d_d5b1, 148_352, MpsMp, "XP SP1"),
    (0x4110_7b36, 105_472, StandardPc, "XP SP2"),
    (0x4110_7b28, 81_280, AcpiPic, "XP SP2"),
    (0x4110_7b29, 131_968, AcpiApicUp, "XP SP2"),
    (0x4110_7b2d, 134_400, AcpiApicMp, "XP SP2"),
    (0x4110_7b2e, 150_656, MpsUp, "XP SP2"),
    (0x4110_7b34, 152_704, MpsMp, "XP SP2"),
    (0x4110_7b36, 77_696, SysproMp, "XP SP2"),
    (0x4802_5183, 105_344, StandardPc, "XP SP3"),
    (0x4802_517f, 81_152, AcpiPic, "XP SP3"),
    (0x4802_517f, 131_840, AcpiApicUp, "XP SP3"),
    (0x4802_517f, 134_400, AcpiApicMp, "XP SP3"),
    (0x4802_517f, 150_528, MpsUp, "XP SP3"),
    (0x4802_5183, 152_576, MpsMp, "XP SP3"),
    (0x4802_5183, 77_696, SysproMp, "XP SP3"),
    (0x3e80_0035, 103_936, StandardPc, "Server 2003"),
    (0x3e80_002b, 78_336, AcpiPic, "Server 2003"),
    (0x3e80_002c, 108_544, AcpiApicUp, "Server 2003"),
    (0x3e80_0030, 110_592, AcpiApicMp, "Server 2003"),
    (0x3e80_0030, 116_736, MpsUp, "Server 2003"),
    (0x3e80_0035, 117_760, MpsMp, "Server 2003"),
    (0x4243_5b3a, 109_568, StandardPc, "Server 2003 SP1"),
    (0x4243_5b34, 82_944, AcpiPic, "Server 2003 SP1"),
    (0x4243_5b35, 116_736, AcpiApicUp, "Server 2003 SP1"),
    (0x4243_5b35, 118_272, AcpiApicMp, "Server 2003 SP1"),
    (0x4243_5b34, 123_904, MpsUp, "Server 2003 SP1"),
    (0x4243_5b3b, 124_928, MpsMp, "Server 2003 SP1"),
    (0x45d6_972f, 109_658, StandardPc, "Server 2003 SP2"),
    (0x45d6_9729, 82_944, AcpiPic, "Server 2003 SP2"),
    (0x45d6_9729, 118_272, AcpiApicUp, "Server 2003 SP2"),
    (0x45d6_972a, 119_808, AcpiApicMp, "Server 2003 SP2"),
    (0x45d6_972a, 125_440, MpsUp, "Server 2003 SP2"),
    (0x45d6_972f, 126_464, MpsMp, "Server 2003 SP2"),
];

/// The one HAL of x64.
const X64_HALS: &[(u32, u64, &str)] = &[
    (0x4243_5dca, 279_552, "Server 2003 SP1 x64"),
    (0x45d6_929b, 279_040, "Server 2003 SP2 x64"),
    (0x48a4_0293, 280_064, "Server 2003 SP2 x64, hotfix 4355"),
];

/// Time stamp, kernel, release.
const KERNELS: &[(u32, Kernel, &str)] = &[
    (0x3ee6_c002, Kernel::Ntoskrnl, "2000 SP4"),
    (0x3ee6_50b3, Kernel::Ntkrnlmp, "2000 SP4"),
    (0x3ee6_50c9, Kernel::Ntkrnlpa, "2000 SP4"),
    (0x3ee6_50cd, Kernel::Ntkrpamp, "2000 SP4"),
    (0x3b7d_e38f, Kernel::Ntoskrnl, "XP"),
    (0x3b7d_c674, Kernel::Ntkrnlmp, "XP"),
    (0x3b7d_82f5, Kernel::Ntkrnlpa, "XP"),
    (0x3b7d_82f9, Kernel::Ntkrpamp, "XP"),
    (0x3d6d_e35c, Kernel::Ntoskrnl, "XP SP1"),
    (0x3d6d_d59c, Kernel::Ntkrnlmp, "XP SP1"),
    (0x3d6d_d59c, Kernel::Ntkrnlpa, "XP SP1"),
    (0x3d6d_d59c, Kernel::Ntkrpamp, "XP SP1"),
    (0x4110_8004, Kernel::Ntoskrnl, "XP SP2"),
    (0x4110_7faa, Kernel::Ntkrnlmp, "XP SP2"),
    (0x4110_7b0c, Kernel::Ntkrnlpa, "XP SP2"),
    (0x4110_7b0d, Kernel::Ntkrpamp, "XP SP2"),
    (0x4802_5eab, Kernel::Ntoskrnl, "XP SP3"),
    (0x4802_5de7, Kernel::Ntkrnlmp, "XP SP3"),
    (0x4802_516a, Kernel::Ntkrnlpa, "XP SP3"),
    (0x4802_516a, Kernel::Ntkrpamp, "XP SP3"),
    (0x3e80_0a79, Kernel::Ntoskrnl, "Server 2003"),
    (0x3e80_15c6, Kernel::Ntkrnlmp, "Server 2003"),
    (0x3e80_0012, Kernel::Ntkrnlpa, "Server 2003"),
    (0x3e80_0013, Kernel::Ntkrpamp, "Server 2003"),
    (0x4243_5e33, Kernel::Ntoskrnl, "Server 2003 SP1"),
    (0x4243_5e60, Kernel::Ntkrnlmp, "Server 2003 SP1"),
    (0x4243_5b14, Kernel::Ntkrnlpa, "Server 2003 SP1"),
    (0x4243_5b14, Kernel::Ntkrpamp, "Server 2003 SP1"),
    (0x45d6_a072, Kernel::Ntoskrnl, "Server 2003 SP2"),
    (0x45d6_a0af, Kernel::Ntkrnlmp, "Server 2003 SP2"),
    (0x45d6_9710, Kernel::Ntkrnlpa, "Server 2003 SP2"),
    (0x45d6_9710, Kernel::Ntkrpamp, "Server 2003 SP2"),
    (0x4243_6096, Kernel::Ntoskrnl, "Server 2003 SP1 x64"),
    (0x45d6_9a26, Kernel::Ntoskrnl, "Server 2003 SP2 x64"),
    (0x4243_6123, Kernel::Ntkrnlmp, "Server 2003 SP1 x64"),
    (0x45d6_9ab4, Kernel::Ntkrnlmp, "Server 2003 SP2 x64"),
];

/// The HAL with this time stamp and length, and the release that it is of.
pub(super) fn hal(time_date_stamp: u32, len: u64) -> Option<(Hal, &'static str)> {
    let mut x86 = HALS.iter();
    let x86 = x86.find(|row| (row.0, row.1) == (time_date_stamp, len));
    let x86 = x86.map(|row| (Hal::X86(row.2), row.3));
    x86.or_else(|| {
        let mut x64 = X64_HALS.iter();
        let x64 = x64.find(|row| (row.0, row.1) == (time_date_stamp, len));
        x64.map(|row| (Hal::X64, row.2))
    })
}

/// The kernels with this time stamp, and the release that they are of.
pub(super) fn kernels(time_date_stamp: u32) -> (Vec<Kernel>, Option<&'static str>) {
    let fitting = KERNELS.iter().filter(|row| row.0 == time_date_stamp);
    let release = fitting.clone().next().map(|row| row.2);
    (fitting.map(|row| row.1).collect(), release)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn time_stamp_and_length_tell_every_known_hal_apart() {
        let unique: BTreeSet<_> = HALS.iter().map(|row| (row.0, row.1)).collect();
        assert_eq!(unique.len(), HALS.len());
        // Rows that were read in the files themselves.
        for (stamp, len, kind) in [
            (0x3d6d_d5ae, 127_872, AcpiApicUp),
            (0x3d6d_d5ae, 129_920, AcpiApicMp),
            (0x4802_517f, 131_840, AcpiApicUp),
            (0x4802_517f, 134_400, AcpiApicMp),
            (0x4802_5183, 77_696, SysproMp),
        ] {
            assert_eq!(hal(stamp, len).map(|(hal, _)| hal), Some(Hal::X86(kind)));
        }
        assert_eq!(hal(0x4802_517f, 1), None);
    }

    #[test]
    fn a_time_stamp_may_fit_two_kernels() {
        assert_eq!(kernels(0x4802_516a).0, [Kernel::Ntkrnlpa, Kernel::Ntkrpamp]);
        assert_eq!(kernels(0x4802_5de7).0, [Kernel::Ntkrnlmp]);
        assert_eq!(kernels(1).0, []);
    }
}
