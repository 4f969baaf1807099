//! What is left behind where lists were: it would be packed again and again.

use super::{CHUNK, MetadataEditor, PAGE};

impl MetadataEditor {
    /// Clears gaps where that costs no chunk more: those that fill a chunk, and
    /// parts of chunks that are going to be packed anew anyway.
    pub(super) fn clear_gaps(&mut self) {
        let length = self.metadata.bytes.len() as u32;
        let gaps: Vec<(u32, u32)> = self.gaps.iter().collect();
        for (start, end) in gaps {
            let end = end.min(length);
            let mut at = start;
            while at < end {
                let chunk = at - at % CHUNK;
                let stop = chunk.saturating_add(CHUNK).min(end);
                let is_whole = at == chunk && (stop - at == CHUNK || stop == length);
                let pages = chunk / PAGE..chunk.saturating_add(CHUNK) / PAGE;
                if is_whole || self.dirty.range(pages).next().is_some() {
                    self.write(at, &vec![0; (stop - at) as usize]);
                }
                at = stop;
            }
        }
    }
}
