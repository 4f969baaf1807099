//! Sessions in logs of dated lines: CBS.log, dism.log, setupact.log.
//!
//! One reader is for all three, for their components write into each other's
//! logs: dism.log has lines of CBS, setupact.log has lines of both.

use super::dated::Dated;
use super::section::{Cause, Open, Section, Weight};

/// Sessions of servicing that are open at once; programs that do not close
/// theirs are common.
const SESSIONS: usize = 64;

/// Reads dated lines.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The run of DISM, or of a program that uses its library.
    dism: Option<Open>,
    /// The sessions of servicing, by their ids; the last is the current one.
    servicing: Vec<(String, Open)>,
    /// A run of sysprep, or what belongs to no session.
    other: Option<Open>,
    /// How many lines each of them wrote.
    pub(super) dism_lines: u64,
    pub(super) servicing_lines: u64,
    pub(super) setup_lines: u64,
    /// What the log says of the machine.
    pub(super) system: Option<String>,
    pub(super) first_time: Option<String>,
    pub(super) last_time: Option<String>,
}

impl Events {
    /// Takes a line.
    pub(super) fn line(&mut self, number: u64, text: &str, done: &mut dyn FnMut(Section)) {
        let Some(line) = Dated::parse(text) else {
            // A line that goes on, or one of wimgapi without a time.
            self.note(number, text, Weight::Info);
            return;
        };
        if self.first_time.is_none() {
            self.first_time = Some(line.time.to_owned());
        }
        match &mut self.last_time {
            Some(last) => {
                last.clear();
                last.push_str(line.time);
            }
            None => self.last_time = Some(line.time.to_owned()),
        }
        let counted = match line.component {
            "DISM" => &mut self.dism_lines,
            "CBS" | "CSI" | "DPX" => &mut self.servicing_lines,
            _ => &mut self.setup_lines,
        };
        *counted = counted.saturating_add(1);
        let handled = match line.component {
            "DISM" => self.of_dism(number, line, done),
            "CBS" => self.of_servicing(number, line, done),
            "SYSPRP" => self.of_sysprep(number, line, done),
            _ => false,
        };
        if !handled {
            let outside = self.dism.is_none() && self.servicing.is_empty() && self.other.is_none();
            if outside && line.weight >= Weight::Error {
                let open = Open::new("outside of sessions", number, Some(line.time));
                self.other = Some(open);
            }
            self.note(number, line.message, line.weight);
        }
    }

    /// Ends what is still open.
    pub(super) fn finish(&mut self, done: &mut dyn FnMut(Section)) {
        for (_, open) in std::mem::take(&mut self.servicing) {
            done(open.close(Cause::FirstOfStatus, false));
        }
        self.end_dism(done);
        self.end_other(done);
    }

    /// Notes a line with whatever is open: the run of DISM, and the session
    /// that began last; with neither, what belongs to no session.
    fn note(&mut self, number: u64, text: &str, weight: Weight) {
        let mut taken = false;
        if let Some(open) = &mut self.dism {
            open.note(number, text, weight);
            taken = true;
        }
        if let Some((_, open)) = self.servicing.last_mut() {
            open.note(number, text, weight);
            taken = true;
        }
        if let Some(open) = self.other.as_mut().filter(|_| !taken) {
            open.note(number, text, weight);
        }
    }

    fn of_dism(&mut self, number: u64, line: Dated<'_>, done: &mut dyn FnMut(Section)) -> bool {
        let message = line.message;
        if message.contains("<----- Starting ") {
            self.end_dism(done);
            self.end_other(done);
            let title = match message.contains("DismApi") {
                true => "DISM library",
                false => "DISM",
            };
            self.dism = Some(Open::new(title, number, Some(line.time)));
            return true;
        }
        if let Some((_, system)) = message.split_once("Host machine information: ") {
            self.system.get_or_insert_with(|| system.trim().to_owned());
        }
        let Some(open) = &mut self.dism else {
            return false;
        };
        open.section.ended = Some(line.time.to_owned());
        if message.contains("<----- Ending ") {
            open.ended = true;
            open.section.last_line = number;
            self.end_dism(done);
            return true;
        }
        for words in ["Executing command line: ", "Parent process command line: "] {
            if let Some((_, command)) = message.split_once(words) {
                let command = command.strip_suffix(" - DismInitializeInternal");
                let command = command.or_else(|| message.split_once(words).map(|(_, all)| all));
                open.section.command = command.map(|all| super::repeated::short(all.trim()));
            }
        }
        // `DISM.EXE: DISM Package Manager processed the command line but
        // failed. HRESULT=800F081E`
        let status = message.split_once("failed. HRESULT=");
        if let Some(status) = status.and_then(|(_, status)| hex(status)) {
            open.ends_with(status);
        }
        false
    }

    fn end_dism(&mut self, done: &mut dyn FnMut(Section)) {
        if let Some(open) = self.dism.take() {
            done(open.close(Cause::FirstOfStatus, true));
        }
    }

    fn end_other(&mut self, done: &mut dyn FnMut(Section)) {
        if let Some(open) = self.other.take() {
            done(open.close(Cause::FirstError, false));
        }
    }

    fn of_servicing(
        &mut self,
        number: u64,
        line: Dated<'_>,
        done: &mut dyn FnMut(Section),
    ) -> bool {
        let message = line.message;
        if let Some(stack) = message.strip_prefix("Loaded Servicing Stack ") {
            let version = stack.split_whitespace().next().unwrap_or_default();
            self.system = Some(format!("servicing stack {version}"));
        }
        let Some((_, after)) = message.split_once("Session: ") else {
            return false;
        };
        let id: String = after
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '_')
            .take(64)
            .collect();
        if id.is_empty() {
            return false;
        }
        let rest = after.get(id.len()..).unwrap_or_default().trim_start();
        if let Some((_, client)) = rest.split_once("initialized by client ") {
            self.end_other(done);
            let client = client.split(", external").next().unwrap_or_default();
            let title = format!("servicing session {id} of {}", client.trim_end_matches('.'));
            if self.servicing.len() >= SESSIONS {
                let (_, oldest) = self.servicing.remove(0);
                done(oldest.close(Cause::FirstOfStatus, false));
            }
            let open = Open::new(title, number, Some(line.time));
            self.servicing.push((id, open));
            return true;
        }
        let at = self.servicing.iter().position(|(known, _)| *known == id);
        let at = match at {
            Some(at) => at,
            // It began in an earlier log.
            None if rest.starts_with("finalized") => {
                let open = Open::new(format!("servicing session {id}"), number, Some(line.time));
                self.servicing.push((id, open));
                self.servicing.len().saturating_sub(1)
            }
            None => return false,
        };
        let finalized = rest.starts_with("finalized");
        let processed = message.starts_with("Exec: Processing complete");
        if !finalized && !processed {
            return false;
        }
        if let Some((_, open)) = self.servicing.get_mut(at) {
            open.note(number, message, line.weight);
            open.section.ended = Some(line.time.to_owned());
            if let Some(status) = status(message) {
                open.ends_with(status);
            }
            let package = message.split_once("Package: ").filter(|_| processed);
            if let Some((_, name)) = package {
                let name = name.split([',', ' ']).next().unwrap_or_default();
                open.section.package = Some(super::repeated::short(name));
            }
        }
        if finalized && at < self.servicing.len() {
            let (_, mut open) = self.servicing.remove(at);
            open.ended = true;
            if let Some(dism) = &mut self.dism {
                dism.note(number, message, line.weight);
            }
            done(open.close(Cause::FirstOfStatus, false));
        }
        true
    }

    fn of_sysprep(&mut self, number: u64, line: Dated<'_>, done: &mut dyn FnMut(Section)) -> bool {
        if line.message.contains("Beginning of a new sysprep run") {
            self.end_other(done);
            self.other = Some(Open::new("sysprep run", number, Some(line.time)));
            return true;
        }
        if let Some(open) = &mut self.other {
            open.section.ended = Some(line.time.to_owned());
            if line
                .message
                .contains("ParseCommands:Found supported command line option")
            {
                let option = line.message.rsplit('\'').nth(1).unwrap_or_default();
                let command = open
                    .section
                    .command
                    .get_or_insert_with(|| "sysprep".to_owned());
                if command.len() < 200 {
                    command.push_str(&format!(" /{}", option.to_ascii_lowercase()));
                }
            }
        }
        false
    }
}

/// The number after `HRESULT = ` in `[HRESULT = 0x80240438 - Unknown Error]`.
fn status(message: &str) -> Option<u32> {
    let (_, after) = message.rsplit_once("[HRESULT = ")?;
    hex(after)
}

fn hex(text: &str) -> Option<u32> {
    let digits = text.trim_start();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let end = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    u32::from_str_radix(digits.get(..end)?, 16).ok()
}
