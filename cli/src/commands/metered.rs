//! Work on a WIM file on a thread of its own, while this one tells how far it
//! is.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use wimwright_servicing::container::Meter;

use crate::context::Context;

/// Between two looks at the meter.
const PAUSE: Duration = Duration::from_millis(100);

/// Does `work`, which is called `step` while it goes on.
pub(super) fn metered<T: Send, E: Send>(
    step: &str,
    context: &mut Context<'_>,
    work: impl FnOnce(&Arc<Meter>) -> Result<T, E> + Send,
) -> Result<T, E> {
    let meter = Arc::new(Meter::default());
    let (ended, wait) = channel::<()>();
    let done = thread::scope(|scope| {
        let worker = {
            let meter = &meter;
            scope.spawn(move || {
                // Dropped at the end, also by a panic.
                let _ended = ended;
                work(meter)
            })
        };
        let mut told = None;
        while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(PAUSE) {
            let now = (meter.done(), meter.total());
            if now.1 > 0 && told != Some(now) {
                context.progress_bytes(step, now.0, now.1);
                told = Some(now);
            }
        }
        worker.join()
    });
    match done {
        Ok(done) => {
            let total = meter.total();
            if done.is_ok() && total > 0 {
                context.progress_bytes(step, total, total);
            }
            done
        }
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
