//! Invariant: any bytes give a cabinet or an error, in bounded time and memory.
//! What is read has the length that its entry claims, whichever way it is read,
//! and no path leads out of the tree.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use wimwright_servicing::cabinet::{Cabinet, CabinetTree, find_cabinets};
use wimwright_servicing::{Blob, FileTree, MemoryBlob};

/// Longest file that is read: hostile cabinets claim gigabytes of few bytes.
const MOST: u64 = 4 << 20;

fuzz_target!(|bytes: &[u8]| {
    let blob: Arc<dyn Blob> = Arc::new(MemoryBlob::new(bytes));
    let _ = find_cabinets(&blob, 0);
    let Ok(cabinet) = Cabinet::open(&blob) else {
        return;
    };
    let Ok(tree) = CabinetTree::new(cabinet) else {
        return;
    };
    let small = tree.files().filter(|(_, file)| file.offset + file.len < MOST);
    let paths: Vec<_> = small.map(|(path, _)| path).take(16).collect();
    for path in &paths {
        assert!(path.names().iter().all(|name| !name.is("..") && !name.is(".")));
        let len = tree.metadata(path).unwrap().unwrap().len;
        let alone = tree.read(path, MOST);
        let streamed = tree.read_many(std::slice::from_ref(path), &|_, bytes| {
            let read = std::io::copy(bytes, &mut std::io::sink())?;
            assert_eq!(read, len);
            Ok(())
        });
        assert_eq!(alone.is_ok(), streamed.is_ok());
        if let Ok(Some(bytes)) = alone {
            assert_eq!(bytes.len() as u64, len);
        }
    }
});
