//! Invariant: metadata that the check passes can be walked and edited, and
//! pass it again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_wim::Metadata;
use wimwright_wim::metadata::{EntryFields, MetadataEditor, attribute};

fuzz_target!(|bytes: &[u8]| {
    let Ok(metadata) = Metadata::parse(bytes.to_vec()) else { return };
    let count = metadata.walk().count() as u64;
    assert_eq!(count, metadata.dentry_count());
    for (_, dentry) in metadata.walk() {
        let _ = (dentry.streams().count(), dentry.tagged_items().count());
    }
    let tidy = metadata.in_tree_order().expect("its bytes are fewer");
    assert_eq!(tidy.dentry_count(), count);
    let mut editor = MetadataEditor::new(metadata);
    let Some(root) = editor.metadata().root().map(|root| root.id()) else { return };
    let name: Vec<u16> = "new".encode_utf16().collect();
    let fields = EntryFields {
        name: &name,
        attributes: attribute::DIRECTORY,
        ..EntryFields::default()
    };
    editor.insert(root, &[fields]).expect("there is a root");
    editor.security(&[9; 40]).expect("it is short");
    let root = editor.metadata().root().expect("it only moved");
    let chosen = editor.metadata().children(&root).next().expect("one was added").id();
    let root = root.id();
    editor.remove(root, chosen).expect("it was found there");
    let expected = editor.metadata().dentry_count();
    let (metadata, _) = editor.finish().expect("every edit was allowed");
    assert_eq!(metadata.dentry_count(), expected);
});
