//! What Windows itself wrote for an INF whose source is public: cdrom.inf is in
//! Microsoft's driver samples, and the driver databases of real images hold
//! what Windows made of it. Ours must be the same, but for what is listed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use support::{Around, TestImage, any_package};
use wimwright_drivers::{Outcome, Package, add};
use wimwright_servicing::registry::{HiveName, Key};
use wimwright_servicing::{Access, ImagePath, MemoryTree};

/// Every value below a key: path and name → type and data.
fn values(key: Key<'_>, path: &mut Vec<String>, found: &mut BTreeMap<String, (u32, Vec<u8>)>) {
    for value in key.values().unwrap() {
        let value = value.unwrap();
        let name = value.name().unwrap().to_string_lossy();
        let at = format!("{} {name:?}", path.join("\\").to_lowercase());
        found.insert(at, (value.kind(), value.data().unwrap().into_owned()));
    }
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        path.push(below.name().unwrap().to_string_lossy());
        values(below, path, found);
        path.pop();
    }
}

#[test]
fn what_windows_made_of_cdrom_inf_is_what_we_make_of_it() {
    let test = "cdrom.inf as Windows records it";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let inf = corpus.join("drivers/inf-only/wds__storage_class_cdrom_src_cdrom~f20a013.inf");
    let bytes = std::fs::read(inf).unwrap();
    let (text, _, _) = encoding_rs::UTF_16LE.decode(&bytes);
    // What stampinf would have done.
    let text = text
        .replace("$ARCH$", "amd64")
        .replace("WILL_BE_FIXED_UP_BY_STAMPINF", "06/21/2006,10.0.19041.1");
    let mut tree = MemoryTree::new();
    tree.insert("cdrom.inf", text).unwrap();
    tree.insert("cdrom.sys", *b"not the real one").unwrap();
    let package = Package::new(
        "memory",
        "",
        Arc::new(tree),
        ImagePath::parse("cdrom.inf").unwrap(),
    );

    for around in [
        Around::Windows81,
        Around::Windows10_1709,
        Around::Windows10_2004,
    ] {
        let image = TestImage::new(around, test).unwrap();
        let options = wimwright_servicing::BeginOptions {
            accept_dirty_hive: true,
            ..support::options()
        };
        let mut transaction = image.open(Access::Read).begin(options);
        let mut results =
            transaction.run("drivers add", |draft| add(draft, &package, &any_package()));
        let result = results.remove(0).unwrap();
        assert_eq!(result.outcome, Outcome::Added, "{result:?}");
        let (_, draft) = transaction.drafts().next().unwrap();
        let hive = draft.hive(HiveName::System).unwrap().unwrap();
        let packages = hive.key("DriverDatabase\\DriverPackages").unwrap().unwrap();
        let ours = result.package_id.unwrap();
        let theirs = packages.subkeys().unwrap().find_map(|key| {
            let name = key.unwrap().name().unwrap().to_string_lossy();
            (name.starts_with("cdrom.inf_") && name != ours).then_some(name)
        });
        let read = |id: &str| {
            let mut found = BTreeMap::new();
            values(
                packages.subkey(id).unwrap().unwrap(),
                &mut Vec::new(),
                &mut found,
            );
            found
        };
        let (ours, theirs) = (read(&ours), read(&theirs.unwrap()));
        let published = result.published_name.unwrap();
        let mut equal = 0;
        let mut differ = Vec::new();
        for (at, (kind, data)) in &theirs {
            // Indirect strings name the INF as it is published.
            let named = ours
                .get(at)
                .map(|(kind, data)| (*kind, renamed(data, &published)));
            match named == Some((*kind, data.clone())) {
                true => equal += 1,
                false => differ.push(at.clone()),
            }
        }
        let more = ours.keys().filter(|at| !theirs.contains_key(*at));
        differ.extend(more.map(|at| format!("only ours: {at}")));
        differ.retain(|at| !explained(around, at));
        assert!(differ.is_empty(), "{around:?}: {differ:#?}");
        assert!(equal >= 43, "{around:?}: only {equal} values were compared");
    }
}

/// `oem9.inf` in UTF-16 back to the name of the INF of Windows.
fn renamed(data: &[u8], published: &str) -> Vec<u8> {
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let (ours, theirs) = (utf16(published), utf16("cdrom.inf"));
    match data.windows(ours.len()).position(|window| window == ours) {
        Some(at) => [&data[..at], theirs.as_slice(), &data[at + ours.len()..]].concat(),
        None => data.to_vec(),
    }
}

/// What differs for a reason.
fn explained(around: Around, at: &str) -> bool {
    // Windows' own package has its own origin, version and signer; a third
    // party's has three values more.
    let of_inbox = [" \"Version\"", " \"SignerScore\""];
    let of_third_party = ["InfName", "OemPath", "ImportDate"];
    let ours = |name: &&str| at == format!("only ours:  {name:?}");
    // 8.1 marks a legacy directive here, and its cdrom.inf had one device more.
    let of_81 = matches!(around, Around::Windows81)
        && (at == " \"StatusFlags\"" || at.contains("noslumber") || at.contains("tsstcorp"));
    of_inbox.contains(&at) || of_third_party.iter().any(ours) || of_81
}
