//! `run.cmd`: the script that installs what waits, once, in order.
//!
//! What it promises:
//!
//! * Packages go in the order of the queue. One that fails does not stop
//!   the others: whether they need it, Windows decides better than a script.
//! * A code that asks for a restart first makes this package and all behind it
//!   wait for the next start, at most three times; the script then enters the
//!   service that goes on. It never restarts the computer: `SetupComplete.cmd`
//!   must not, and elsewhere somebody may be at work.
//! * A package with a result is never run again, a cut off one at most twice
//!   more. Its file goes once nothing is left to do for it.
//! * In the end the service goes, and the folder with it. Where something
//!   failed, the folder stays without this script: package, result and queue
//!   are what somebody will want to look at.
//!
//! Files have names of ours, so that no user's name is ever read by cmd.exe.
//! Everything here is ASCII, whatever code page the computer has.

use super::exit_code::{CODES, Outcome};
use super::payload::Installer;
use super::service;

/// The first line of a script of ours behind `@echo off`.
pub(super) const MARK: &str = "rem wimwright first boot 1";

/// A package as the script sees it.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    /// `01`.
    pub(super) number: String,
    /// `01.msu`.
    pub(super) file: &'a str,
    /// What installs it.
    pub(super) installer: Installer,
}

/// What about the computer changes the script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    /// wusa.exe of Vista and 2008 answers 1 for what is there already and for
    /// what does not apply (KB 949545).
    pub(super) vista: bool,
    /// Services can wait until the others are up.
    pub(super) delayed_start: bool,
}

/// The text of the script, with the line ends that cmd.exe wants.
pub(super) fn text(lines: &[Line<'_>], windows: Windows) -> String {
    let mut all = vec![
        "@echo off".to_owned(),
        MARK.to_owned(),
        "rem Installs the update packages of this folder, once and in order, and".to_owned(),
        "rem removes itself. queue.json tells which package is which.".to_owned(),
        "setlocal EnableExtensions DisableDelayedExpansion".to_owned(),
        "set \"here=%~dp0\"".to_owned(),
        "for %%d in (\"%here%.\") do set \"folder=%%~fd\"".to_owned(),
        "set \"system=%SystemRoot%\\System32\"".to_owned(),
        "set \"logs=%SystemRoot%\\Logs\\wimwright\"".to_owned(),
        "set \"log=%logs%\\first-boot.log\"".to_owned(),
        "set \"later=\"".to_owned(),
        "md \"%logs%\" 2>nul".to_owned(),
        ">>\"%log%\" echo %DATE% %TIME% first boot: start".to_owned(),
        String::new(),
    ];
    for Line {
        number,
        file,
        installer,
    } in lines
    {
        let after = format!("after{number}");
        all.extend([
            format!("call :begin {number} {file}"),
            format!("if defined skip goto {after}"),
            format!("{} >>\"%log%\" 2>&1", installer.command(file)),
            format!(
                "call :end {number} {file} %ERRORLEVEL% {}",
                installer.name()
            ),
            "if defined later goto wait".to_owned(),
            format!(":{after}"),
        ]);
    }
    all.extend(finish());
    all.extend(wait(windows));
    all.extend(begin());
    all.extend(end(windows));
    all.extend(note());
    all.iter().map(|line| format!("{line}\r\n")).collect()
}

fn owned<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).to_vec()
}

/// Everything has a result.
fn finish() -> Vec<String> {
    let mut lines = owned([
        "",
        ">>\"%log%\" echo %DATE% %TIME% first boot: end",
        "copy /y \"%here%queue.json\" \"%logs%\\first-boot-queue.json\" >nul",
    ]);
    lines.push(format!(
        "\"%system%\\sc.exe\" query {} >nul 2>&1",
        service::NAME
    ));
    lines.push(format!(
        "if not errorlevel 1 \"%system%\\sc.exe\" delete {} >>\"%log%\" 2>&1",
        service::NAME
    ));
    lines.extend(owned([
        "cd /d \"%SystemRoot%\"",
        // One line each, for cmd.exe reads the next one from the file.
        "if exist \"%here%failed\" del /f /q \"%here%run.cmd\" & exit 0",
        "rd /s /q \"%folder%\" & exit 0",
    ]));
    lines
}

/// A package and those behind it wait for the next start.
fn wait(windows: Windows) -> Vec<String> {
    let start = match windows.delayed_start {
        true => "delayed-auto",
        false => "auto",
    };
    let mut lines = owned([
        "",
        ":wait",
        ">>\"%log%\" echo %DATE% %TIME% first boot: goes on at the next start",
    ]);
    lines.push(format!(
        "\"%system%\\sc.exe\" query {} >nul 2>&1",
        service::NAME
    ));
    lines.push(format!(
        "if errorlevel 1 \"%system%\\sc.exe\" create {} binPath= \"{}\" start= {start} error= \
         ignore DisplayName= \"{}\" >>\"%log%\" 2>&1",
        service::NAME,
        service::COMMAND,
        service::DISPLAY_NAME
    ));
    lines.push("exit 0".to_owned());
    lines
}

/// `call :begin NUMBER FILE`: sets `skip` where there is nothing to run.
fn begin() -> Vec<String> {
    owned([
        "",
        ":begin",
        "set \"skip=\"",
        "if exist \"%here%%1.result\" set \"skip=1\"",
        "if defined skip exit /b 0",
        "if not exist \"%here%%2\" goto missing",
        "if exist \"%here%%1.try3\" goto gave-up",
        "set \"try=1\"",
        "if exist \"%here%%1.try1\" set \"try=2\"",
        "if exist \"%here%%1.try2\" set \"try=3\"",
        "type nul >\"%here%%1.try%try%\"",
        ">>\"%log%\" echo %DATE% %TIME% %2: start, try %try%",
        "exit /b 0",
        ":missing",
        "set \"skip=1\"",
        "call :note %1 %2 missing none",
        "exit /b 0",
        ":gave-up",
        "set \"skip=1\"",
        "call :note %1 %2 gave-up none",
        "exit /b 0",
    ])
}

/// `call :end NUMBER FILE CODE INSTALLER`: sets `later` where a restart must come first.
fn end(windows: Windows) -> Vec<String> {
    let mut lines = owned([
        "",
        ":end",
        ">>\"%log%\" echo %DATE% %TIME% %2: exit code %3",
        "set \"word=failed\"",
    ]);
    for (code, outcome) in CODES {
        let word = outcome.map_or("later", Outcome::name);
        lines.push(format!("if \"%3\"==\"{code}\" set \"word={word}\""));
    }
    if windows.vista {
        let word = Outcome::NotApplicable.name();
        lines.push(format!(
            "if \"%4 %3\"==\"{} 1\" set \"word={word}\"",
            Installer::Wusa.name()
        ));
    }
    lines.extend(owned([
        "if \"%word%\"==\"later\" set \"later=1\"",
        "if defined later exit /b 0",
        "call :note %1 %2 %word% %3",
        "if not \"%word%\"==\"failed\" del /f /q \"%here%%2\" >>\"%log%\" 2>&1",
        "exit /b 0",
    ]));
    lines
}

/// `call :note NUMBER FILE WORD CODE`: the result, in the folder and in the log.
fn note() -> Vec<String> {
    let unsettled = Outcome::ALL.into_iter().filter(|one| !one.is_settled());
    let mut lines = owned(["", ":note"]);
    lines.extend(unsettled.map(|outcome| {
        let word = outcome.name();
        format!("if \"%3\"==\"{word}\" type nul >\"%here%failed\"")
    }));
    lines.extend(owned([
        // The number stands behind a word, or cmd.exe would take it for that of
        // a stream.
        ">\"%here%%1.result\" echo %3 %4",
        ">>\"%logs%\\first-boot-results.txt\" echo %2 %3 %4",
        "exit /b 0",
    ]));
    lines
}
