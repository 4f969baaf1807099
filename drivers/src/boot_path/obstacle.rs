//! What stands between an image and its boot disk.

use std::fmt;

use super::check::BootCheck;

/// Whether a computer reaches its boot disk with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The disk is reached.
    Boots,
    /// What would decide it is not known.
    Unknown,
    /// The loader or the kernel does not get to the disk: stop 0x7B, or the
    /// loader's own message about the driver.
    Stop7b,
    /// It does not get as far as looking for the disk.
    WillNotStart,
}

impl Verdict {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Boots => "boots",
            Verdict::Unknown => "unknown",
            Verdict::Stop7b => "stop-0x7b",
            Verdict::WillNotStart => "will-not-start",
        }
    }
}

/// A part of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Firmware and loader.
    Loader,
    /// The processor.
    Processor,
    /// A bus that the controller hangs on.
    Bus,
    /// The storage controller.
    Controller,
    /// A channel of an IDE controller.
    Channel,
    /// The disk.
    Disk,
    /// What makes volumes of partitions, and gives them names.
    VolumeManager,
    /// The volume.
    Volume,
}

impl Part {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Part::Loader => "loader",
            Part::Processor => "processor",
            Part::Bus => "bus",
            Part::Controller => "controller",
            Part::Channel => "channel",
            Part::Disk => "disk",
            Part::VolumeManager => "volume-manager",
            Part::Volume => "volume",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Loader => "the loader",
            Part::Processor => "the processor",
            Part::Bus => "the bus",
            Part::Controller => "the controller",
            Part::Channel => "the IDE channels",
            Part::Disk => "the disk",
            Part::VolumeManager => "the volume manager",
            Part::Volume => "the volume",
        })
    }
}

/// What would take an obstacle away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// A driver package for the device with this id.
    AddDriver {
        /// The device's most telling id.
        id: String,
    },
    /// A registry value.
    SetValue {
        /// The key, with its hive.
        key: String,
        /// The value.
        name: String,
        /// `sz`, `dword` or `multi-sz`.
        kind: &'static str,
        /// Its data.
        data: Vec<String>,
    },
    /// A registry key that must go.
    DeleteKey {
        /// The key, with its hive.
        key: String,
    },
    /// A registry value that must go.
    DeleteValue {
        /// The key, with its hive.
        key: String,
        /// The value.
        name: String,
    },
    /// A file of this Windows that must come back.
    PutFile {
        /// Its path in the image.
        path: String,
    },
}

/// Something on the way that stops a boot, or may.
#[derive(Clone, Debug)]
pub struct Obstacle {
    /// Which check found it.
    pub check: &'static BootCheck,
    /// What it comes to.
    pub verdict: Verdict,
    /// Where on the way.
    pub part: Part,
    /// What is wrong, where: a clause without a full stop.
    pub message: String,
    /// What would mend it, all of it together; empty where that is not known.
    pub mends: Vec<Mend>,
}

impl Obstacle {
    /// One that stops the boot at the disk.
    pub(super) fn stops(check: &'static BootCheck, part: Part, message: String) -> Obstacle {
        Obstacle {
            check,
            verdict: Verdict::Stop7b,
            part,
            message,
            mends: Vec::new(),
        }
    }

    /// One that stops the boot before the disk matters.
    pub(super) fn ends(check: &'static BootCheck, part: Part, message: String) -> Obstacle {
        Obstacle {
            verdict: Verdict::WillNotStart,
            ..Obstacle::stops(check, part, message)
        }
    }

    /// One that may stop the boot.
    pub(super) fn may(check: &'static BootCheck, part: Part, message: String) -> Obstacle {
        Obstacle {
            verdict: Verdict::Unknown,
            ..Obstacle::stops(check, part, message)
        }
    }

    pub(super) fn mended_by(mut self, mends: impl IntoIterator<Item = Mend>) -> Obstacle {
        self.mends.extend(mends);
        self
    }
}

/// What obstacles come to together.
pub(super) fn worst<'o>(obstacles: impl IntoIterator<Item = &'o Obstacle>) -> Verdict {
    let verdicts = obstacles.into_iter().map(|obstacle| obstacle.verdict);
    verdicts.max().unwrap_or(Verdict::Boots)
}

/// The one that matters first: of those that decide, the first on the way.
pub(super) fn first(obstacles: &[Obstacle]) -> Option<&Obstacle> {
    let verdict = worst(obstacles);
    obstacles
        .iter()
        .find(|obstacle| obstacle.verdict == verdict)
}
