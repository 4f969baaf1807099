//! Work on several images side by side.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

/// At most so many images at a time: each holds hives and chunks in memory.
const MOST: usize = 4;

/// Does `work` with every item, on as many threads as there are processors, and
/// gives what came out in the order of the items. `tell` hears how many are
/// done. What fails ends it; of several failures the first in order is given.
pub(super) fn each<I: Sync, R: Send>(
    items: &[I],
    work: impl Fn(&I) -> anyhow::Result<R> + Sync,
    mut tell: impl FnMut(usize),
) -> anyhow::Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done: Vec<Option<anyhow::Result<R>>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (send, receive) = channel();
        for _ in 0..workers.min(MOST).min(items.len()) {
            let send = send.clone();
            let (next, failed, work) = (&next, &failed, &work);
            scope.spawn(move || {
                while !failed.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else {
                        break;
                    };
                    let result = work(item);
                    if result.is_err() {
                        failed.store(true, Ordering::Relaxed);
                    }
                    // Nobody to tell is nobody to work for.
                    if send.send((at, result)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        for (count, (at, result)) in receive.into_iter().enumerate() {
            if let Some(place) = done.get_mut(at) {
                *place = Some(result);
            }
            tell(count + 1);
        }
    });
    // Items that nobody began any more stand behind the one that failed.
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order_and_the_first_failure_wins() {
        let items: Vec<usize> = (0..50).collect();
        let mut told = 0;
        let doubled = each(&items, |item| Ok(item * 2), |count| told = count).unwrap();
        assert_eq!(
            doubled,
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert_eq!(told, 50);
        let failing = |item: &usize| match *item {
            20.. => Err(anyhow::anyhow!("{item}")),
            item => Ok(item),
        };
        let error = each(&items, failing, |_| {}).unwrap_err().to_string();
        assert!(error.parse::<usize>().unwrap() >= 20, "{error}");
        assert!(each(&[], failing, |_| {}).unwrap().is_empty());
    }
}
