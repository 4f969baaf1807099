//! The image's own INFs: those that packages include by name, and what one of
//! them means in the image.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use wimwright_inf::{Inf, ParseOptions};
use wimwright_servicing::registry::reg_file::CodePage;
use wimwright_servicing::{Draft, FileTree as _, ImagePath};

use crate::add::read::target;
use crate::error::Error;
use crate::model::{DriverModel, ModelOptions};

/// The largest INF that is read, in bytes.
pub(crate) const MAX_INF: u64 = wimwright_inf::MAX_LEN as u64;

/// `Windows\INF` of an image, read once per name.
pub(crate) struct InboxInfs<'d> {
    draft: &'d Draft,
    options: ParseOptions,
    read: RefCell<BTreeMap<String, Option<Arc<Inf>>>>,
}

impl<'d> InboxInfs<'d> {
    pub(crate) fn new(draft: &'d Draft, options: ParseOptions) -> InboxInfs<'d> {
        InboxInfs {
            draft,
            options,
            read: RefCell::default(),
        }
    }

    /// The INF `name` of the image; `None` where it has none that can be read.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Inf>> {
        let key = name.to_lowercase();
        if let Some(known) = self.read.borrow().get(&key) {
            return known.clone();
        }
        let windows = &self.draft.facts().windows;
        let path = windows.join(&format!("INF\\{name}")).ok()?;
        let bytes = self.draft.read(&path, MAX_INF).ok().flatten();
        let inf = bytes.and_then(|bytes| Inf::try_parse(&bytes, &self.options).ok());
        let inf = inf.map(Arc::new);
        self.read.borrow_mut().insert(key, inf.clone());
        inf
    }
}

/// What an INF of the image means in it; `None` where there is none that can be
/// read.
pub(crate) fn model_at(draft: &Draft, path: &ImagePath) -> Result<Option<DriverModel>, Error> {
    let Some(bytes) = draft.read(path, MAX_INF)? else {
        return Ok(None);
    };
    let parse = parse_options(draft)?;
    let Ok(inf) = Inf::try_parse(&bytes, &parse) else {
        return Ok(None);
    };
    let inbox = InboxInfs::new(draft, parse);
    let options = ModelOptions::default();
    let resolve = |name: &str| inbox.get(name);
    let target = target(draft);
    Ok(Some(DriverModel::read(&inf, &target, &options, &resolve)))
}

/// How the image reads INF text: ANSI in its own code page.
pub(crate) fn parse_options(draft: &Draft) -> Result<ParseOptions, Error> {
    Ok(ParseOptions {
        ansi: CodePage::of_image(draft)?.encoding(),
        ..ParseOptions::default()
    })
}
