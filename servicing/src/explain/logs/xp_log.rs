//! SetupAPI's log of Windows 2000, XP and Server 2003: setupapi.log.
//!
//! ```text
//! [2003/05/22 16:35:48 336.15 Driver Install]
//! #-019 Searching for hardware ID(s): pci\ven_1af4&dev_1001
//! @ 16:35:49.001 #E122 Device install failed. Error 2: The system cannot find the file specified.
//! ```

use super::ranked::Candidate;
use super::section::{Cause, Open, Section, Weight};

/// Reads the log.
#[derive(Debug, Default)]
pub(super) struct XpLog {
    open: Option<Open>,
    drivers: Vec<Candidate>,
    /// Whether the section says that what it did worked.
    worked: bool,
    pub(super) version: Option<String>,
    pub(super) first_time: Option<String>,
    pub(super) last_time: Option<String>,
}

/// Drivers that are kept of a section.
const DRIVERS: usize = 32;

impl XpLog {
    /// Takes a line.
    pub(super) fn line(&mut self, number: u64, text: &str, done: &mut dyn FnMut(Section)) {
        if let Some((time, title)) = header(text) {
            self.finish(done);
            if self.first_time.is_none() {
                self.first_time = Some(time.to_owned());
            }
            self.last_time = Some(time.to_owned());
            let title = if title.is_empty() {
                "installation"
            } else {
                title
            };
            self.open = Some(Open::new(title, number, Some(time)));
            return;
        }
        if let Some(version) = text.strip_prefix("OS Version = ") {
            self.version = Some(super::repeated::short(version));
        }
        let Some((id, message)) = entry(text) else {
            return;
        };
        if self.open.is_none() {
            self.open = Some(Open::new("installation", number, None));
        }
        let Some(open) = &mut self.open else { return };
        let (kind, digits) = id.split_at(1);
        let weight = match kind {
            "E" => Weight::Error,
            "W" => Weight::Warning,
            _ => Weight::Info,
        };
        open.note(number, message, weight);
        let quoted = || message.split('"').nth(1).map(super::repeated::short);
        match digits {
            "198" | "199" => {
                let command = message.split_once(": ").map(|(_, command)| command);
                open.section.command = command.map(super::repeated::short);
            }
            "019" => {
                let ids = message.split_once("ID(s): ").map(|(_, ids)| ids);
                let first = ids.and_then(|ids| ids.split(',').next());
                if let Some(first) = first {
                    let device = &mut open.section.device;
                    device.get_or_insert_with(|| super::repeated::short(first.trim()));
                }
            }
            "022" => self.found(message),
            "023" => {
                let rank = message.split_once("Rank: ").map(|(_, rest)| rest);
                let rank = rank.and_then(|rest| rest.split('.').next());
                if let Some((last, rank)) = self.drivers.last_mut().zip(rank) {
                    last.rank = Some(rank.to_owned());
                }
            }
            "063" => {
                if let Some(inf) = message.rsplit('"').nth(1) {
                    open.section.driver = Some(super::repeated::short(inf));
                    for driver in &mut self.drivers {
                        driver.selected |= driver.inf.eq_ignore_ascii_case(inf);
                    }
                }
            }
            "121" | "141" => self.worked = true,
            "123" | "122" => open.section.device = quoted().or(open.section.device.take()),
            _ => {}
        }
    }

    /// Ends what is still open.
    pub(super) fn finish(&mut self, done: &mut dyn FnMut(Section)) {
        let drivers = std::mem::take(&mut self.drivers);
        let worked = std::mem::take(&mut self.worked);
        if let Some(mut open) = self.open.take() {
            if worked {
                // Errors that did not keep it from working, like an unsigned
                // file that the policy lets pass, are told and no failure.
                open.ends_with(0);
            }
            let fails = !worked;
            let mut section = open.close(Cause::FirstError, fails);
            section.drivers = drivers;
            done(section);
        }
    }

    /// `Found "*PNP0501" in C:\WINDOWS\inf\msports.inf; Device: "..."; ...`
    fn found(&mut self, message: &str) {
        let Some((_, rest)) = message.split_once("\" in ") else {
            return;
        };
        let (inf, rest) = rest.split_once(';').unwrap_or((rest, ""));
        let device = rest.split_once("Device: \"").map(|(_, rest)| rest);
        if self.drivers.len() < DRIVERS {
            self.drivers.push(Candidate {
                inf: super::repeated::short(inf.trim().trim_matches('"')),
                description: device
                    .and_then(|rest| rest.split('"').next())
                    .map(super::repeated::short),
                ..Candidate::default()
            });
        }
    }
}

/// Time and title of `[2003/05/22 16:35:47 336.12 Driver Install]`.
pub(super) fn header(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let time = inner.get(..19)?;
    let shape = b"dddd/dd/dd dd:dd:dd";
    let fits = time.bytes().zip(shape).all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        other => byte == *other,
    });
    let rest = inner.get(19..)?.trim_start();
    let title = rest.split_once(' ').map_or("", |(_, title)| title.trim());
    fits.then_some((time, title))
}

/// Id and message of `@ 16:35:48.100 #E142 Class: ...`; the id is a letter, or
/// a hyphen, and three digits.
pub(super) fn entry(text: &str) -> Option<(&str, &str)> {
    let rest = match text.strip_prefix("@ ") {
        Some(timed) => timed.split_once(' ')?.1.trim_start(),
        None => text,
    };
    let rest = rest.strip_prefix('#')?;
    let id = rest.get(..4)?;
    let (kind, digits) = id.split_at_checked(1)?;
    let known = matches!(kind, "E" | "W" | "I" | "T" | "V" | "-");
    let numbered = digits.bytes().all(|digit| digit.is_ascii_digit());
    (known && numbered).then(|| (id, rest.get(4..).unwrap_or_default().trim()))
}
