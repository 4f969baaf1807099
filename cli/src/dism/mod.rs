//! DISM's command line over the commands of wimwright.
//!
//! `table` has DISM's commands as data, `line` the words, `session` what a run
//! needs; each group of commands has a file. Text and numbers are DISM's, as
//! public transcripts show them; nothing is decided here that the commands of
//! wimwright do not decide.

mod command;
mod drivers;
mod edition;
mod failure;
mod features;
mod files;
mod help;
mod image_files;
mod line;
mod mounting;
mod native;
mod other;
mod packages;
mod path;
mod session;
mod shape;
mod table;
mod unattend;

use self::command::State;
use self::failure::{Failure, NOT_SUPPORTED};
use self::line::Line;
use self::path::Drives;
use self::session::Session;
use crate::args::DismWords;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::text::{printable, printable_lines};

pub use self::table::guide;

/// Runs `dism WORD...`.
pub(crate) fn run(words: &DismWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if context.json {
        return Err(Refusal::DismJson.into());
    }
    let version = env!("CARGO_PKG_VERSION");
    let header =
        format!("\nDeployment Image Servicing and Management tool\nVersion: {version}\n\n");
    let (line, drives) = match parse(words, context) {
        Ok(parsed) => parsed,
        Err(failure) => {
            context.text(&header)?;
            return fail(&failure, None, context);
        }
    };
    let log = line.log.clone();
    if !line.quiet {
        context.text(&header)?;
    }
    match carry_out(line, drives, context) {
        Ok(()) => Ok(ExitCode::Done),
        Err(failure) => fail(&failure, log.as_deref(), context),
    }
}

fn parse(words: &DismWords, context: &Context<'_>) -> Result<(Line, Drives), Failure> {
    let drives = Drives::new(&words.drives, context.drives())?;
    let texts = words.words.iter().map(|word| {
        word.to_str().map(str::to_owned).ok_or_else(|| {
            let word = word.to_string_lossy();
            Failure::words(format!("`{word}` is no Unicode text"))
        })
    });
    let texts = texts.collect::<Result<Vec<String>, Failure>>()?;
    Ok((Line::parse(&texts)?, drives))
}

fn carry_out(line: Line, drives: Drives, context: &mut Context<'_>) -> Result<(), Failure> {
    if let Some(log) = &line.log {
        let log = drives.host(log)?;
        context.begin(Some(&log), "dism")?;
    }
    for note in &line.notes {
        context.remark(&format!("note: {note}"));
    }
    let Some(command) = line.command else {
        return match line.help {
            true => Ok(context.text(&help::all())?),
            false => Err(Failure::words("no command was given")
                .hint("`wimwright dism /?` lists the commands")),
        };
    };
    if line.help {
        return Ok(context.text(&help::of(command))?);
    }
    if let Some(refusal) = command.refusal() {
        return Err(refusal);
    }
    if line.online {
        let text = "/Online is about the Windows that runs, and none runs here";
        return Err(Failure::new(NOT_SUPPORTED, text)
            .hint("name an image instead: `/Image:DIR`, or `/Image:install.wim:1`"));
    }
    let State::Works(action, _) = &command.state else {
        return Ok(());
    };
    let mut session = Session::new(context, line, drives);
    if command.on_image {
        let image = session.image()?;
        session.say_version(&image)?;
    }
    action(&mut session)?;
    session.say("The operation completed successfully.")
}

/// Says why nothing, or not everything, was done: on standard output, as DISM.
fn fail(
    failure: &Failure,
    log: Option<&str>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let mut text = format!("{}\n", printable_lines(&failure.to_string()).trim_end());
    if let Some(log) = log {
        let log = printable(log);
        text.push_str(&format!("\nThe DISM log file can be found at {log}\n"));
    }
    context.log("error", &failure.to_string());
    context.text(&format!("\n{text}"))?;
    if let Some(hint) = failure.hint_text() {
        context.remark(&format!("hint: {}", printable(hint)));
    }
    Ok(failure.exit_code())
}
