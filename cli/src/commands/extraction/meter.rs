//! Work on a thread of its own, while this one tells how far it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::context::Context;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Does `work`, which is called `step` while it goes on, and tells how many of
/// `total` bytes it has done.
pub(super) fn metered<T: Send>(
    step: &str,
    total: u64,
    context: &mut Context<'_>,
    work: impl FnOnce(&(dyn Fn(u64) + Sync)) -> T + Send,
) -> T {
    let done = AtomicU64::new(0);
    let (ended, wait) = channel::<()>();
    let result = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            // Dropped at the end, also by a panic.
            let _ended = ended;
            work(&|bytes| {
                done.fetch_add(bytes, Ordering::Relaxed);
            })
        });
        let mut told = None;
        while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(PAUSE) {
            let now = done.load(Ordering::Relaxed).min(total);
            if told != Some(now) {
                context.progress(step, now, total);
                told = Some(now);
            }
        }
        worker.join()
    });
    match result {
        Ok(result) => {
            context.progress(step, total, total);
            result
        }
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
