//! A text file as the listings that it holds.
//!
//! Bug reports put several behind one another, with prompts and headings
//! between them. Each form knows how its entries begin and which lines go on
//! with one; what is neither belongs to none and is passed over.

use super::text_file::{Line, lines};
use super::{Hardware, acpi, cpuinfo, devcon, dmidecode, lspci, lsusb, mp_table, msinfo, pnputil};
use crate::Finding;

/// A form of listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lspci,
    Lsusb,
    Pnputil,
    Devcon,
    Msinfo,
    Dmidecode,
    Cpuinfo,
    Acpidump,
    Mptable,
}

impl Form {
    /// The form of which an entry begins here.
    fn of(line: Line<'_>, next: Option<Line<'_>>) -> Option<Form> {
        let text = line.text;
        Some(match text {
            _ if lspci::begins(text) => Form::Lspci,
            _ if lsusb::begins(text) => Form::Lsusb,
            _ if pnputil::begins(line) => Form::Pnputil,
            _ if devcon::begins(text, next) => Form::Devcon,
            _ if dmidecode::begins(text) => Form::Dmidecode,
            _ if cpuinfo::begins(text) => Form::Cpuinfo,
            _ if acpi::begins(text) => Form::Acpidump,
            _ if mp_table::begins(text) => Form::Mptable,
            _ if msinfo::begins(text) => Form::Msinfo,
            _ => return None,
        })
    }

    /// Whether a line that begins nothing goes on with an entry.
    fn goes_on(self, line: Line<'_>) -> bool {
        match self {
            Form::Lspci => lspci::goes_on(line),
            Form::Lsusb => lsusb::goes_on(line),
            Form::Pnputil => pnputil::goes_on(line),
            Form::Devcon => devcon::goes_on(line),
            Form::Msinfo => msinfo::goes_on(line.text),
            // Titles stand at the margin there.
            Form::Dmidecode => true,
            Form::Cpuinfo => cpuinfo::goes_on(line.text),
            Form::Acpidump => acpi::goes_on(line.text),
            Form::Mptable => mp_table::goes_on(line.text),
        }
    }

    fn read(self, lines: &[Line<'_>], hardware: &mut Hardware) {
        match self {
            Form::Lspci => lspci::read(lines, hardware),
            Form::Lsusb => lsusb::read(lines, hardware),
            Form::Pnputil => pnputil::read(lines, hardware),
            Form::Devcon => devcon::read(lines, hardware),
            Form::Msinfo => msinfo::read(lines, hardware),
            Form::Dmidecode => dmidecode::read(lines, hardware),
            Form::Cpuinfo => cpuinfo::read(lines, hardware),
            Form::Acpidump => acpi::read_dump(lines, hardware),
            Form::Mptable => mp_table::read(lines, hardware),
        }
    }
}

/// Most lines that are read: verbose listings of the largest servers with all
/// their ACPI tables have a tenth of it.
const MAX_LINES: usize = 1_000_000;

/// Reads every listing of a text; says whether there was one.
pub(super) fn read(text: &str, hardware: &mut Hardware) -> bool {
    // Sections of one form are read together; where one ends shows in the
    // numbers of its lines.
    let mut listings: Vec<(Form, Vec<Line<'_>>)> = Vec::new();
    let mut section: Option<Form> = None;
    let (mut count, mut sure) = (0, false);
    let mut lines = lines(text).peekable();
    while let Some(line) = lines.next() {
        if line.text.is_empty() {
            section = section.filter(|form| form.goes_on(line));
            continue;
        }
        let begins = Form::of(line, lines.peek().copied());
        // An id in one list may look like the beginning of another's entry.
        let inner = match (section, begins) {
            (Some(form @ (Form::Pnputil | Form::Devcon)), Some(Form::Devcon | Form::Msinfo)) => {
                form.goes_on(line)
            }
            _ => false,
        };
        let goes_on = section.is_some_and(|form| match begins {
            Some(begun) => begun == form || inner,
            None => form.goes_on(line),
        });
        if !goes_on {
            sure |= begins.is_some();
            let msinfo = msinfo::may_begin(line.text).then_some(Form::Msinfo);
            section = begins.or(msinfo);
        }
        let Some(form) = section else {
            continue;
        };
        count += 1;
        if count > MAX_LINES {
            hardware.add_finding(Finding::warning(
                "too-many-lines",
                format!(
                    "only the first {MAX_LINES} lines were read, up to line {}",
                    line.number
                ),
            ));
            break;
        }
        match listings.iter_mut().find(|(known, _)| *known == form) {
            Some((_, listing)) => listing.push(line),
            None => listings.push((form, vec![line])),
        }
    }
    for (form, lines) in listings {
        let mut part = Hardware::default();
        form.read(&lines, &mut part);
        hardware.merge(part);
    }
    sure || *hardware != Hardware::default()
}

/// The entries of a listing: each begins where `begins` says so, and ends
/// before the next or at the end of its section.
pub(super) fn entries<'l, 't>(
    lines: &'l [Line<'t>],
    begins: impl Fn(&Line<'t>) -> bool,
) -> impl Iterator<Item = &'l [Line<'t>]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let start = rest.iter().position(&begins)?;
        let from = rest.get(start..)?;
        let more = from.iter().skip(1).position(&begins).map(|at| at + 1);
        let (entry, behind) = from.split_at_checked(more.unwrap_or(from.len()))?;
        rest = behind;
        Some(entry)
    })
}
