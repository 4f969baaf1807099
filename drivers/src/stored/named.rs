//! Which packages a user's word names.

use wimwright_servicing::{Draft, FileTree as _};

use super::device_ids::keys_that_list;
use super::{Stored, all, same};
use crate::error::Error;
use crate::store::node::Node;
use crate::store::published_name::OemNumber;
use crate::store::writer::files::DRIVER_CATALOGS;

/// Why a word names no package that may be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// Nothing goes by that name.
    #[error("the image has no driver `{name}`")]
    Absent { name: String },
    /// Windows' own.
    #[error("`{name}` came with Windows; only drivers of third parties can be {verb}")]
    Inbox { name: String, verb: &'static str },
    /// The name that the INF had before.
    #[error(
        "`{name}` is published as {}; name it so",
        published.join(", ")
    )]
    Original {
        name: String,
        published: Vec<String>,
    },
}

/// The third parties' packages that `name` names: a published name (`oem7.inf`,
/// `oem7`) with every package under it, or one package's id. `verb` says what
/// is to be done with them.
pub(crate) fn named(
    draft: &Draft,
    name: &str,
    verb: &'static str,
) -> Result<Result<Vec<Stored>, Unfit>, Error> {
    let with_ending = format!("{name}.inf");
    let wanted = match OemNumber::parse(&with_ending, ".inf") {
        Some(_) => with_ending.as_str(),
        None => name,
    };
    let stored = all(draft)?;
    let fits = |stored: &&Stored| stored.is_published_as(wanted) || stored.has_id(wanted);
    let found: Vec<Stored> = stored.iter().filter(fits).cloned().collect();
    let name = || name.to_owned();
    if found.iter().any(|stored| stored.inbox) {
        return Ok(Err(Unfit::Inbox { name: name(), verb }));
    }
    if !found.is_empty() {
        return Ok(Ok(found));
    }
    if let Some(number) = OemNumber::parse(wanted, ".inf")
        && has_traces(draft, number)?
    {
        return Ok(Ok(vec![Stored {
            node: Node::System,
            published: Some(number.to_string()),
            id: None,
            original: None,
            inbox: false,
        }]));
    }
    let originally = stored.iter().filter(|stored| {
        !stored.inbox
            && stored
                .original
                .as_deref()
                .is_some_and(|inf| same(inf, wanted))
    });
    let published: Vec<String> = originally
        .filter_map(|stored| stored.published.clone())
        .collect();
    Ok(Err(match published.is_empty() {
        true => Unfit::Absent { name: name() },
        false => Unfit::Original {
            name: name(),
            published,
        },
    }))
}

/// Whether anything of a published name is left, though no package is.
fn has_traces(draft: &Draft, number: OemNumber) -> Result<bool, Error> {
    let windows = &draft.facts().windows;
    let catalog = number.catalog();
    for below in [
        format!("INF\\{number}"),
        format!("System32\\CatRoot\\{DRIVER_CATALOGS}\\{catalog}"),
    ] {
        if draft.has_file(&windows.join(&below)?)? {
            return Ok(true);
        }
    }
    for node in Node::ALL {
        if !keys_that_list(draft, node, &number.to_string())?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
