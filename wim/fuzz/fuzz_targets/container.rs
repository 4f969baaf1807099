//! Invariant: any file can be opened, verified and read to its end, or is an
//! error; and nothing asks for more memory than the crate states.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use wimwright_wim::{Archive, NamedFile, ReadAt as _, VerifyOptions};

fuzz_target!(|bytes: &[u8]| {
    let file = NamedFile::new("input", Arc::new(bytes.to_vec()));
    let Ok(archive) = Archive::open(file) else { return };
    let Ok(found) = archive.verify(VerifyOptions::default(), &|_| ()) else {
        return;
    };
    for finding in found.findings {
        assert!(!finding.to_string().is_empty());
    }
    for blob in archive.blobs().take(20) {
        let Ok(reader) = archive.open_blob(blob.id) else { continue };
        let mut buffer = [0; 3];
        let _ = reader.read_exact_at(&mut buffer, blob.size / 2);
        let _ = reader.read_all(1 << 20);
    }
});
