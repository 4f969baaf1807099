//! Where a command's words go: data to standard output, all else to standard
//! error, a copy to the log file. What is read from the environment is read
//! here.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use console::Term;
use wimwright_servicing::wim_file::expand_references;
use wimwright_servicing::{FileTime, time};

use crate::args::{ColorChoice, Global};
use crate::exit::{ExitCode, hint_of};
use crate::render::json::{self, Document, FindingEntry, Level};
use crate::render::progress::Progress;
use crate::render::text::{Paint, printable, printable_lines};

/// One of the program's two streams.
pub struct Output<'w> {
    writer: &'w mut dyn Write,
    /// Columns of the terminal; `None` where there is none.
    width: Option<usize>,
    /// Whether to colour when nothing is said about it.
    colour: bool,
    /// Whether the reader went away.
    closed: bool,
}

impl<'w> Output<'w> {
    /// Something that is no terminal.
    pub fn plain(writer: &'w mut dyn Write) -> Output<'w> {
        Output {
            writer,
            width: None,
            colour: false,
            closed: false,
        }
    }

    /// The process' standard output, through `writer`.
    pub fn stdout(writer: &'w mut dyn Write) -> Output<'w> {
        Output::of(writer, &Term::stdout())
    }

    /// The process' standard error, through `writer`.
    pub fn stderr(writer: &'w mut dyn Write) -> Output<'w> {
        Output::of(writer, &Term::stderr())
    }

    fn of(writer: &'w mut dyn Write, terminal: &Term) -> Output<'w> {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        let size = terminal.is_term().then(|| terminal.size().1);
        Output {
            writer,
            width: size.map(usize::from),
            colour: size.is_some() && !is_set("NO_COLOR") && !dumb,
            closed: false,
        }
    }

    fn colours(&self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Auto => self.colour,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        }
    }

    /// Writes all of `bytes`. A reader that went away is no error: whoever
    /// said `| head` has what they wanted.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        self.went(|writer| writer.write_all(bytes))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.went(|writer| writer.flush())
    }

    fn went(&mut self, act: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match act(self.writer) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other,
        }
    }

    /// What clap says, coloured where this stream is.
    pub(crate) fn styled(&mut self, text: &clap::builder::StyledStr) -> io::Result<()> {
        let text = match self.colour {
            true => text.ansi().to_string(),
            false => text.to_string(),
        };
        self.write(text.as_bytes())
    }
}

/// The variable that says which directories stand for drives of Windows, for
/// `dism`.
const DRIVES: &str = "WIMWRIGHT_DRIVES";

/// How much of a document is written at once, in bytes.
const PIECE: usize = 1 << 16;

/// An output that a document is written to.
struct Pieces<'o, 'w>(&'o mut Output<'w>);

impl Write for Pieces<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time that everything written carries: the clock's, or the one of
/// `SOURCE_DATE_EPOCH`, so that the same input gives the same bytes.
pub(crate) fn now() -> FileTime {
    source_date().unwrap_or_else(|| time::from_system(SystemTime::now()))
}

/// The time of `SOURCE_DATE_EPOCH`, where that is set.
fn source_date() -> Option<FileTime> {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    let seconds = epoch.and_then(|seconds| seconds.parse().ok());
    seconds.map(time::from_unix_seconds)
}

/// What a command needs beside its own arguments.
pub(crate) struct Context<'w> {
    out: Output<'w>,
    err: Output<'w>,
    log: Option<Log>,
    paint: Paint,
    paint_err: Paint,
    pub(crate) progress: Progress,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// The one time that everything written carries.
    pub(crate) time: FileTime,
    /// Whether that time was given, so that the same input gives the same
    /// bytes.
    pub(crate) reproducible: bool,
    references: Vec<String>,
    /// Where documents go instead of standard output.
    captured: Option<Vec<u8>>,
    drives: Option<String>,
}

impl<'w> Context<'w> {
    /// Sets up the streams as the global options say; the log file comes with
    /// [`Context::begin`], which can fail and say so.
    pub(crate) fn new(global: &Global, out: Output<'w>, err: Output<'w>) -> Context<'w> {
        Context {
            paint: Paint(out.colours(global.color)),
            paint_err: Paint(err.colours(global.color)),
            progress: Progress::new(global.progress, err.width.is_some()),
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            time: now(),
            reproducible: source_date().is_some(),
            references: global.references.clone(),
            captured: None,
            drives: std::env::var(DRIVES).ok(),
            log: None,
            out,
            err,
        }
    }

    /// Opens the log, and notes what was asked for.
    pub(crate) fn begin(&mut self, log: Option<&Path>, command: &str) -> anyhow::Result<()> {
        let Some(path) = log else {
            return Ok(());
        };
        let opened = File::options().append(true).create(true).open(path);
        let file = opened.with_context(|| format!("log file `{}`", path.display()))?;
        self.log = Some(Log(file));
        self.log("command", command);
        Ok(())
    }

    /// The files that `--ref` names.
    pub(crate) fn references(&self) -> anyhow::Result<Vec<PathBuf>> {
        Ok(expand_references(&self.references)?)
    }

    /// Has content looked for in these files, too.
    pub(crate) fn also_from(&mut self, references: Vec<String>) {
        self.references.extend(references);
    }

    /// Which directories stand for drives of Windows, as the environment says.
    pub(crate) fn drives(&self) -> Option<&str> {
        self.drives.as_deref()
    }

    /// Runs a command with its document going to the caller, who gets it.
    pub(crate) fn captured(
        &mut self,
        run: impl FnOnce(&mut Context<'w>) -> anyhow::Result<ExitCode>,
    ) -> anyhow::Result<(ExitCode, Vec<u8>)> {
        let json = std::mem::replace(&mut self.json, true);
        self.captured = Some(Vec::new());
        let done = run(self);
        self.json = json;
        let document = self.captured.take().unwrap_or_default();
        Ok((done?, document))
    }

    /// Says something that is not part of the result, on standard error.
    pub(crate) fn remark(&mut self, text: &str) {
        self.log("note", text);
        self.say(text);
    }

    /// The patterns of `--ref` as they were given.
    pub(crate) fn references_given(&self) -> &[String] {
        &self.references
    }

    /// Columns of the terminal that data goes to; `None` where it is none.
    pub(crate) fn width(&self) -> Option<usize> {
        self.out.width
    }

    /// How data is coloured.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Whether nobody reads what is written to standard output any more.
    pub(crate) fn nobody_reads(&self) -> bool {
        self.out.closed
    }

    /// Writes text that is the command's result.
    pub(crate) fn text(&mut self, text: &str) -> anyhow::Result<()> {
        self.progress.pause();
        self.bytes(text.as_bytes())
    }

    /// Writes bytes that are the command's result.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.out.write(bytes).context("standard output")
    }

    /// Writes the command's result as JSON.
    pub(crate) fn document<D: Document>(&mut self, body: &D) -> anyhow::Result<()> {
        self.progress.pause();
        if let Some(captured) = &mut self.captured {
            return json::write_document(body, captured);
        }
        // Piece by piece: that of a thousand images is long.
        let mut pieces = BufWriter::with_capacity(PIECE, Pieces(&mut self.out));
        json::write_document(body, &mut pieces)?;
        pieces.flush().context("standard output")
    }

    /// Says how far things are.
    pub(crate) fn progress(&mut self, step: &str, done: u64, total: u64) {
        // Progress that cannot be shown must not stop the work.
        if let Some(line) = self.progress.step(step, done, total) {
            let _ = self.err.write(line.as_bytes());
            let _ = self.err.flush();
        }
    }

    /// Says how many bytes are done.
    pub(crate) fn progress_bytes(&mut self, step: &str, done: u64, total: u64) {
        if let Some(line) = self.progress.bytes(step, done, total) {
            let _ = self.err.write(line.as_bytes());
            let _ = self.err.flush();
        }
    }

    /// Says what was found, where it is not part of the result itself.
    pub(crate) fn findings(&mut self, findings: &[FindingEntry]) {
        for finding in findings {
            self.log("finding", &Paint(false).finding(finding));
            if self.shows(finding) {
                let line = self.paint_err.finding(finding);
                self.say(&line);
            }
        }
    }

    /// Whether a finding is to be seen.
    pub(crate) fn shows(&self, finding: &FindingEntry) -> bool {
        !self.quiet || finding.severity != Level::Note
    }

    /// Says why a command failed.
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        let text = chain(error);
        self.log("error", &text);
        let mut lines = format!("{} {}", self.paint_err.error("error:"), printable(&text));
        if let Some(hint) = hint_of(error) {
            let hint = printable(&hint).into_owned();
            lines.push_str(&format!("\n{} {hint}", self.paint_err.strong("hint:")));
        }
        self.say(&lines);
    }

    fn say(&mut self, line: &str) {
        self.progress.pause();
        // On a terminal both streams meet: what was said first comes first.
        // That it cannot be written shows itself at the end.
        let _ = self.out.flush();
        // Where standard error cannot be written there is nobody to tell.
        let _ = self.err.write(format!("{line}\n").as_bytes());
    }

    /// Notes something in the log file.
    pub(crate) fn log(&mut self, kind: &str, text: &str) {
        if let Some(log) = &mut self.log {
            log.write(kind, text);
        }
    }

    /// Hands on what another process of this program said on standard error.
    pub(crate) fn complain(&mut self, text: &str) {
        let text = text.trim_end();
        if !text.is_empty() {
            self.log("error", text);
            let text = printable_lines(text);
            self.say(text.trim_end());
        }
    }

    /// Ends the output.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        self.progress.pause();
        self.out.flush().context("standard output")
    }
}

/// The error with all its causes, each said once.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    let mut last = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if cause == last {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
        last = cause;
    }
    text
}

/// A log file: one line an event, `TIME KIND TEXT`.
struct Log(File);

impl Log {
    fn write(&mut self, kind: &str, text: &str) {
        let now = time::iso(time::from_system(SystemTime::now()));
        let mut lines = String::new();
        for line in text.lines() {
            lines.push_str(&format!("{now} {kind} {}\n", printable(line)));
        }
        // A log that cannot be written must not stop a commit half way.
        let _ = self.0.write_all(lines.as_bytes());
    }
}
