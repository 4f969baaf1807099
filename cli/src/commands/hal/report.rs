//! What becomes of the results of an audit as they come, in the order of the
//! images: text is written at once, entries of the document go into a file, and
//! only a page needs all of them at its end.

use anyhow::Context as _;
use wimwright_servicing::ImageName;

use crate::args::AuditWords;
use crate::commands::report_file;
use crate::context::Context;
use crate::exit::{self, ExitCode};
use crate::render::hal::{Audited, page, text};
use crate::render::json::{AuditedImage, HalAudit, Spool};

/// An image that was audited, or why it was not.
type Outcome = Result<Audited, (ImageName, anyhow::Error)>;

/// The results so far.
pub(super) struct Report {
    /// Whether the computers were named.
    given: bool,
    code: ExitCode,
    tally: text::Tally,
    /// Whether the computers were described.
    described: bool,
    entries: Option<Spool<AuditedImage>>,
    kept: Option<Vec<Outcome>>,
}

impl Report {
    /// Of nothing yet; for a page, for a document.
    pub(super) fn new(given: bool, page: bool, document: bool) -> anyhow::Result<Report> {
        let entries = document.then(Spool::new).transpose();
        Ok(Report {
            given,
            code: ExitCode::Done,
            tally: text::Tally::default(),
            described: false,
            entries: entries.context("temporary file")?,
            kept: page.then(Vec::new),
        })
    }

    /// Takes the next result.
    pub(super) fn take(
        &mut self,
        outcome: Outcome,
        context: &mut Context<'_>,
    ) -> anyhow::Result<()> {
        self.code = worse(self.code, code_of(&outcome, self.given));
        match (&mut self.entries, &outcome) {
            (Some(entries), _) => entries
                .push(&match &outcome {
                    Ok(audited) => AuditedImage::new(
                        audited.name.clone(),
                        audited.title.clone(),
                        &audited.audit,
                    ),
                    Err((image, error)) => {
                        AuditedImage::failed(image.to_string(), format!("{error:#}"))
                    }
                })
                .context("temporary file")?,
            (None, Ok(audited)) => {
                self.tally.add(audited, self.given);
                if self.given && !self.described {
                    self.described = true;
                    let text = text::computers(&audited.audit.targets, context);
                    context.text(&text)?;
                }
                let text = text::image(audited, self.given, context);
                context.text(&text)?;
            }
            (None, Err((_, error))) => {
                self.tally.add_failed();
                context.error(error);
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.push(outcome);
        }
        Ok(())
    }

    /// Writes what stands at the end.
    pub(super) fn end(
        self,
        words: &AuditWords,
        context: &mut Context<'_>,
    ) -> anyhow::Result<ExitCode> {
        if let (Some(file), Some(kept)) = (&words.html, &self.kept) {
            let page = page::page(kept, self.given, context.time);
            report_file::write(file, &page, words.force)?;
        }
        if let Some(entries) = self.entries {
            context.document(&HalAudit {
                targets_given: self.given,
                images: entries.finish().context("temporary file")?,
            })?;
            return Ok(self.code);
        }
        let text = self.tally.text(self.given, context);
        context.text(&text)?;
        if let Some(file) = words.html.as_ref().filter(|_| !context.quiet) {
            context.text(&format!("page written: {}\n", file.display()))?;
        }
        Ok(self.code)
    }
}

fn code_of(outcome: &Outcome, given: bool) -> ExitCode {
    match outcome {
        Ok(audited) if audited.is_clean(given) => ExitCode::Done,
        Ok(_) => ExitCode::Findings,
        Err((_, error)) => exit::code_of(error),
    }
}

/// Of two codes the one that says more: what could not be read, before what was
/// refused, before findings.
fn worse(one: ExitCode, other: ExitCode) -> ExitCode {
    match (one as u8) < other as u8 {
        true => other,
        false => one,
    }
}
