//! How far things are: a bar on a terminal, JSON lines, or nothing.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::ProgressChoice;

/// One line of `--progress json`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ProgressLine<'a> {
    /// What is being done: `open`, `plan <package>`, `prepare`, `commit`,
    /// `compare hives`, `compare files`; for WIM files the command: `verify`,
    /// `export`.
    pub step: &'a str,
    /// How many steps are done; for WIM files, how many bytes.
    pub done: u64,
    /// How many steps, or bytes, there are.
    pub total: u64,
}

/// Shows how far things are.
pub(crate) enum Progress {
    None,
    Bar(ProgressBar),
    Lines,
}

impl Progress {
    pub(crate) fn new(choice: ProgressChoice, terminal: bool) -> Progress {
        match choice {
            ProgressChoice::Json => Progress::Lines,
            ProgressChoice::Auto if terminal => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}");
                Progress::Bar(match style {
                    Ok(style) => bar.with_style(style),
                    Err(_) => bar,
                })
            }
            _ => Progress::None,
        }
    }

    /// `step` begins, the one after `done` of `total`. Gives the line to write
    /// where progress is lines.
    pub(crate) fn step(&mut self, step: &str, done: u64, total: u64) -> Option<String> {
        match self {
            Progress::None => None,
            Progress::Bar(bar) => {
                if bar.is_finished() {
                    bar.reset();
                }
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(step.to_owned());
                bar.tick();
                None
            }
            Progress::Lines => {
                let line = ProgressLine { step, done, total };
                serde_json::to_string(&line).ok().map(|line| line + "\n")
            }
        }
    }

    /// So many bytes of `step` are done. Gives the line to write where progress
    /// is lines.
    pub(crate) fn bytes(&mut self, step: &str, done: u64, total: u64) -> Option<String> {
        match self {
            Progress::Bar(bar) => {
                // Bytes to the last digit are no help to anybody.
                const MEGABYTE: u64 = 1_000_000;
                let message = format!("MB {step}");
                let done = done / MEGABYTE;
                let bar = bar.clone();
                Progress::Bar(bar).step(&message, done, total.div_ceil(MEGABYTE))
            }
            _ => self.step(step, done, total),
        }
    }

    /// Makes room for other output; the next step shows the bar again.
    pub(crate) fn pause(&mut self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
