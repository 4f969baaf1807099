//! Services Windows images offline, on any machine, without Windows.
//!
//! This is the command line: it opens what the words name, runs the operation
//! and renders the result. It decides no question of servicing. [`run`] is the
//! program, for tests to call.

mod args;
mod commands;
mod context;
mod dism;
mod exit;
mod refusal;
mod render;
pub mod sample;

use std::ffi::OsString;
use std::path::Path;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::Arguments;
use context::Context;
pub use context::Output;
pub use dism::guide as dism_guide;
pub use exit::ExitCode;
pub use render::json;

/// The program: `args` begins with its name.
pub fn run<'w, A>(args: A, mut out: Output<'w>, mut err: Output<'w>) -> ExitCode
where
    A: IntoIterator,
    A::Item: Into<OsString>,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let args = as_dism(args);
    let arguments = match Arguments::try_parse_from(&args) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, &mut out, &mut err),
    };
    let global = &arguments.global;
    let mut context = Context::new(global, out, err);
    let command = words(&args);
    let done = context
        .begin(global.log_file.as_deref(), &command)
        .and_then(|()| commands::run(&arguments.command, &mut context));
    // A result that did not get out is a failure, too.
    let finished = context.finish();
    match done.and_then(|code| finished.map(|()| code)) {
        Ok(code) => code,
        Err(error) => {
            context.error(&error);
            exit::code_of(&error)
        }
    }
}

/// A program that is called `dism` is this one with DISM's command line.
fn as_dism(mut args: Vec<OsString>) -> Vec<OsString> {
    let name = args.first().map(Path::new).and_then(Path::file_stem);
    if name.is_some_and(|name| name.eq_ignore_ascii_case("dism")) {
        args.insert(1, "dism".into());
    }
    args
}

/// Help, version, or what is wrong with the words.
fn usage<'w>(error: &clap::Error, out: &mut Output<'w>, err: &mut Output<'w>) -> ExitCode {
    let asked_for = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let (stream, code) = match asked_for {
        true => (out, ExitCode::Done),
        false => (err, ExitCode::Usage),
    };
    match stream.styled(&error.render()).and_then(|()| stream.flush()) {
        Ok(()) => code,
        Err(_) => ExitCode::Damaged,
    }
}

/// The command as it was given, for the log.
fn words(args: &[OsString]) -> String {
    let words: Vec<_> = args.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
