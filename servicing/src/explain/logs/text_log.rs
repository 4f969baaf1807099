//! SetupAPI's text log: setupapi.dev.log and its siblings, Vista and later.

use super::section::{Cause, Open, Section, Weight};

/// Reads the text log.
#[derive(Debug, Default)]
pub(super) struct TextLog {
    open: Option<Open>,
    /// What is listed line by line.
    listing: Listing,
    pub(super) version: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) first_time: Option<String>,
    pub(super) last_time: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Listing {
    #[default]
    Nothing,
    /// The device's ids.
    Ids,
    /// A driver that was found, or the choice.
    Driver,
}

impl TextLog {
    /// Takes a line; the fatal error of this log is none, so every line has a
    /// place.
    pub(super) fn line(&mut self, number: u64, text: &str, done: &mut dyn FnMut(Section)) {
        if let Some(rest) = text.strip_prefix(">>>") {
            self.header(number, rest.trim(), done);
        } else if let Some(rest) = text.strip_prefix("<<<") {
            self.footer(number, rest.trim(), done);
        } else if self.open.is_some() {
            self.body(number, text);
        } else if let Some(value) = field(text, "OS Version") {
            self.version = Some(value.to_owned());
        } else if let Some(value) = field(text, "Architecture") {
            self.architecture = Some(value.to_owned());
        }
    }

    /// Ends what is still open.
    pub(super) fn finish(&mut self, done: &mut dyn FnMut(Section)) {
        if let Some(open) = self.open.take() {
            done(open.close(Cause::FirstError, false));
        }
    }

    /// `>>>  [title - instance]`, then `>>>  Section start TIME`; before
    /// Windows Vista was released, `>>>  TIME: Section start`.
    fn header(&mut self, number: u64, rest: &str, done: &mut dyn FnMut(Section)) {
        let Some(title) = rest.strip_prefix('[') else {
            let time = time(rest, "Section start");
            if self.first_time.is_none() {
                self.first_time = time.clone();
            }
            if let Some(open) = &mut self.open {
                open.section.started = time;
                open.section.last_line = number;
            }
            return;
        };
        self.finish(done);
        self.listing = Listing::Nothing;
        let title = title.strip_suffix(']').unwrap_or(title);
        let (what, instance) = match title.split_once(" - ") {
            Some((what, instance)) => (what, Some(super::repeated::short(instance))),
            None => (title, None),
        };
        let mut open = Open::new(what, number, None);
        let is_inf = |name: &str| name.to_ascii_lowercase().ends_with(".inf");
        match instance {
            Some(inf) if is_inf(&inf) => open.section.driver = Some(inf),
            // Others have a GUID, which tells nobody anything.
            Some(device) if device.contains('\\') => open.section.device = Some(device),
            _ => {}
        }
        self.open = Some(open);
    }

    /// `<<<  Section end TIME`, then `<<<  [Exit status: SUCCESS]`.
    fn footer(&mut self, number: u64, rest: &str, done: &mut dyn FnMut(Section)) {
        if rest.contains("Section end") {
            let time = time(rest.trim_matches(['[', ']']), "Section end");
            self.last_time = time.clone().or(self.last_time.take());
            if let Some(open) = &mut self.open {
                open.section.ended = time;
                open.section.last_line = number;
            }
            return;
        }
        let Some(mut open) = self.open.take() else {
            return;
        };
        open.section.last_line = number;
        open.ended = true;
        match status(rest) {
            Some(status) => open.ends_with(status),
            None if rest.contains("SUCCESS") => open.ends_with(0),
            None => {}
        }
        // A section that says that it succeeded did, whatever it tried before.
        done(open.close(Cause::FirstError, false));
    }

    fn body(&mut self, number: u64, text: &str) {
        let Some(open) = &mut self.open else { return };
        let (weight, rest) = match text {
            _ if text.starts_with("!!!") => (Weight::Error, text.get(3..)),
            _ if text.starts_with('!') => (Weight::Warning, text.get(1..)),
            _ => (Weight::Info, Some(text)),
        };
        let rest = rest.unwrap_or_default().trim_start();
        let (category, message) = match rest.split_once(':') {
            Some((category, message)) if category.trim_end().len() <= 4 => {
                (category, message.trim())
            }
            _ => ("", rest),
        };
        if category == "cmd" {
            open.section.command = Some(super::repeated::short(message));
            open.section.last_line = number;
            return;
        }
        open.note(number, message, weight);
        if weight == Weight::Info {
            self.details(message);
        }
    }

    /// What is told over several lines: ids, and drivers with their rank.
    fn details(&mut self, message: &str) {
        let Some(open) = &mut self.open else { return };
        match message {
            "Searching for hardware ID(s):" | "Searching for compatible ID(s):" => {
                self.listing = Listing::Ids;
            }
            "Created Driver Node:" | "Found driver match:" => {
                self.listing = Listing::Driver;
                open.ranking.begin();
            }
            "Selected Driver:" | "Selected:" => {
                self.listing = Listing::Driver;
                open.ranking.choose();
            }
            _ => match (self.listing, message.split_once(" - ")) {
                (Listing::Driver, Some((name, value))) if !message.starts_with('{') => {
                    open.ranking.field(name.trim(), value);
                }
                (Listing::Ids, None) if message.contains('\\') || message.starts_with('*') => {
                    let device = &mut open.section.device;
                    device.get_or_insert_with(|| super::repeated::short(message));
                }
                (Listing::Ids | Listing::Driver, _) if message.starts_with('{') => {
                    self.listing = Listing::Nothing;
                }
                _ => {}
            },
        }
    }
}

/// `OS Version = 10.0.10240`.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = text.trim_start().strip_prefix(name)?;
    rest.trim_start().strip_prefix('=').map(str::trim)
}

/// The time in `Section start 2019/09/26 20:13:01.623`.
fn time(text: &str, words: &str) -> Option<String> {
    let time = text.replace(words, "");
    let time = time.trim().trim_end_matches(':').trim();
    (!time.is_empty() && time.len() < 40).then(|| time.to_owned())
}

/// The number in `[Exit status: FAILURE(0xe0000228)]`, `[Exit
/// Status(0x00000000)]`.
fn status(text: &str) -> Option<u32> {
    let (_, after) = text.rsplit_once("(0x")?;
    let digits = after.split(')').next()?;
    u32::from_str_radix(digits, 16).ok()
}
