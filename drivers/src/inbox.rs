//! The image's own INFs, which packages include by name, and the code page in
//! which the image reads ANSI ones.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use encoding_rs::{Encoding, WINDOWS_1252};
use wimwright_inf::{Inf, ParseOptions};
use wimwright_servicing::registry::HiveName;
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

/// How the image reads INF text: ANSI in the code page that its control set
/// names (`Nls\CodePage\ACP`).
pub(crate) fn parse_options(draft: &Draft) -> Result<ParseOptions, Error> {
    let mut options = ParseOptions::default();
    let keys = draft.facts().control_set_keys("Control\\Nls\\CodePage");
    if let Some(key) = keys.first() {
        let page = draft.value(HiveName::System, key, "ACP")?;
        let page = page.and_then(|data| data.as_text());
        options.ansi = page.as_deref().and_then(encoding).unwrap_or(WINDOWS_1252);
    }
    Ok(options)
}

/// The encoding of a Windows code page, by its number.
fn encoding(page: &str) -> Option<&'static Encoding> {
    let label = match page.trim() {
        "932" => "shift_jis".to_owned(),
        "936" => "gbk".to_owned(),
        "949" => "euc-kr".to_owned(),
        "950" => "big5".to_owned(),
        "65001" => "utf-8".to_owned(),
        other => format!("windows-{other}"),
    };
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_pages_are_found_by_number() {
        for (page, name) in [
            ("1252", Some("windows-1252")),
            ("1251", Some("windows-1251")),
            ("874", Some("windows-874")),
            ("936", Some("GBK")),
            ("932", Some("Shift_JIS")),
            ("437", None),
        ] {
            assert_eq!(encoding(page).map(Encoding::name), name, "{page}");
        }
    }
}
