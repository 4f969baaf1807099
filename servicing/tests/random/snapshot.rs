//! All that an image is, in a form that can be compared.

use std::collections::BTreeMap;

use wimwright_servicing::plan::{FileDetails, ReparsePoint, Times};
use wimwright_servicing::registry::{DiffOptions, HiveName, RegDifference, diff_keys};
use wimwright_servicing::{ContentId, Draft, FileTree as _, ImagePath, Kind as Thing, Text};

use crate::image::Kind;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    thing: Thing,
    content: Option<ContentId>,
    attributes: Option<u32>,
    times: Times,
    details: Option<FileDetails<ContentId>>,
    link: Option<ReparsePoint<ContentId>>,
    target: Option<Text>,
    /// All its names.
    names: Vec<ImagePath>,
}

/// Everything in an image but its hives, by path as spelled.
pub(crate) fn files(draft: &Draft, kind: Kind) -> BTreeMap<String, Seen> {
    let mut found = BTreeMap::new();
    let mut all = vec![ImagePath::root()];
    draft
        .walk(&ImagePath::root(), &mut |path, _| {
            all.push(path.clone());
            Ok(())
        })
        .unwrap();
    for path in all {
        let mut seen = seen(draft, kind, &path);
        if path.to_string().contains("config\\") {
            // What a hive says is compared key by key. On the host it has the
            // time of the undo.
            seen.content = None;
            if kind == Kind::Directory {
                seen.times = Times::default();
            }
        }
        found.insert(path.to_string(), seen);
    }
    found
}

fn seen(draft: &Draft, kind: Kind, path: &ImagePath) -> Seen {
    let metadata = draft.metadata(path).unwrap().unwrap();
    let content = match metadata.kind {
        Thing::File => {
            let blob = draft.open(path).unwrap().unwrap();
            Some(ContentId::of_blob(blob.as_ref()).unwrap())
        }
        _ => None,
    };
    let mut times = metadata.times();
    if kind == Kind::Directory {
        // Reading changes when it was read; the host says when a directory was
        // changed.
        times.accessed = None;
        times.created = None;
        if metadata.kind == Thing::Directory {
            times.written = None;
        }
    }
    let ids =
        |blob: &std::sync::Arc<dyn wimwright_servicing::Blob>| ContentId::of_blob(blob.as_ref());
    let details = draft.details(path).unwrap();
    let link = draft.reparse_point(path).unwrap();
    let mut names = draft.names(path).unwrap();
    names.sort();
    Seen {
        thing: metadata.kind,
        content,
        attributes: metadata.attributes,
        times,
        details: details.map(|details| details.try_map(ids).unwrap()),
        link: link.map(|link| link.try_map(ids).unwrap()),
        target: draft.link_target(path).unwrap(),
        names,
    }
}

/// How the hives of two images differ, class names and all.
pub(crate) fn hives(before: &Draft, after: &Draft) -> Vec<RegDifference> {
    let options = DiffOptions {
        security: true,
        details: true,
    };
    let mut found = Vec::new();
    for name in [HiveName::System, HiveName::Software] {
        let (before, after) = (before.hive(&name).unwrap(), after.hive(&name).unwrap());
        let (before, after) = (before.unwrap(), after.unwrap());
        found.extend(diff_keys(Some(before.root()), Some(after.root()), options).unwrap());
    }
    found
}
