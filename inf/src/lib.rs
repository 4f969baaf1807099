//! INF text: sections, lines, fields and strings, read as Windows reads them.
//!
//! Driver INFs are the best known speakers of this format; `update.inf`,
//! `hal.inf`, `txtsetup.sif`, `txtsetup.oem` and `sysprep.inf` share it. What
//! a section *means* is not this crate's business: it has never heard of
//! drivers, registry keys or Windows folders.
//!
//! [`Inf::parse`] is pure and total: any bytes give sections, plus findings
//! for what is odd about them. A field comes in two forms: *raw* (quotes and
//! line continuations undone, `%token%` kept, as the driver store records it)
//! and *expanded* (tokens replaced from `[Strings]`).
//!
//! | | read |
//! |---|---|
//! | UTF-16LE, with or without byte order mark | yes |
//! | an ANSI code page, the caller's choice | yes |
//! | UTF-8 with byte order mark, UTF-16BE | yes, with a finding: Windows' checker refuses both |
//! | sections of one name | merged |
//! | quotes, doubled quotes, continued lines, comments | yes |
//! | `[Strings.LLLL]` | yes, one section is chosen, without fall-back per key |
//! | variables of stampinf, `$ARCH$` | on request, replaced by given values |
//! | directory ids such as `%12%` | kept as they are: they need a Windows folder |
//! | writing | no |
//!
//! The one word that misleads everybody is *key*: it is what stands before
//! `=`, **or** the only value of a line without `=` ([`Line::key`]).
//!
//! ```
//! use wimwright_inf::{Inf, ParseOptions};
//!
//! let inf = Inf::parse(
//!     b"[Manufacturer]\n%Maker% = Models, NTamd64\n[Strings]\nMaker = \"Red Hat, Inc.\"\n",
//!     &ParseOptions::default(),
//! );
//! let line = inf.section("manufacturer").and_then(|section| section.lines().next());
//! let line = line.expect("the section has one line");
//! assert_eq!(line.raw_key(), Some("%Maker%"));
//! assert_eq!(line.key().as_deref(), Some("Red Hat, Inc."));
//! assert_eq!(line.field(2).as_deref(), Some("NTamd64"));
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing)]

mod error;
mod field;
mod finding;
mod inf;
mod line;
mod name;
mod position;
mod scan;
mod section;
mod strings;
mod text;
mod value;

pub use encoding_rs::Encoding;
pub use error::InfError;
pub use field::number;
pub use finding::{Finding, MAX_FINDINGS, Rule};
pub use inf::{Inf, MAX_LEN, ParseOptions};
pub use line::Line;
pub use name::same_name;
pub use position::Position;
pub use section::Section;
pub use strings::MAX_STRING_LEN;
pub use text::TextEncoding;
