//! Images audited side by side: as many at once as there are processors, each
//! opened, audited and let go before the next, so that a library of a thousand
//! takes no more memory than two.
//!
//! Plain threads, not the pool that unpacks WIM files: a worker that waited for
//! that pool inside of it would take up other images meanwhile, one in the
//! other.

use std::collections::VecDeque;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use wimwright_servicing::{ImageName, ImageNameError, OpenError, Selector};

/// An image to be worked on, and where its result stands among the others.
pub(super) struct Job {
    /// The number of the word, and that of the image in its file.
    pub(super) order: (usize, u32),
    /// Which image.
    pub(super) image: ImageName,
}

/// What is left to do.
struct Queue {
    waiting: VecDeque<Job>,
    /// How many workers have one in hand, and may put more into the queue.
    busy: usize,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` when there is none and none will come.
    fn take(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.waiting.pop_front() {
                queue.busy += 1;
                return Some(job);
            }
            if queue.busy == 0 {
                return None;
            }
            let waited = self.changed.wait(queue);
            queue = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A job is done; `more` came out of it.
    fn done(&self, more: Vec<Job>) {
        let mut queue = self.lock();
        queue.busy = queue.busy.saturating_sub(1);
        for job in more.into_iter().rev() {
            queue.waiting.push_front(job);
        }
        drop(queue);
        self.changed.notify_all();
    }
}

/// What a job came to.
pub(super) struct Done<T> {
    /// Where it stands among the others.
    pub(super) order: (usize, u32),
    pub(super) image: ImageName,
    pub(super) result: Result<T, OpenError>,
}

/// Runs `work` on every image, in whichever order, and `each` on every result as
/// it comes, with how many are done and how many there are. A WIM file of which
/// no image is selected stands for all of its images.
pub(super) fn run<T: Send>(
    jobs: Vec<Job>,
    work: impl Fn(&ImageName) -> Result<T, OpenError> + Sync,
    mut each: impl FnMut(u64, u64),
) -> Vec<Done<T>> {
    let shared = Shared {
        queue: Mutex::new(Queue {
            waiting: jobs.into(),
            busy: 0,
        }),
        changed: Condvar::new(),
    };
    let mut total = shared.lock().waiting.len() as u64;
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let mut results = Vec::new();
    thread::scope(|scope| {
        let (send, receive) = channel();
        for _ in 0..workers {
            let send = send.clone();
            let (shared, work) = (&shared, &work);
            scope.spawn(move || worker(shared, work, &send));
        }
        drop(send);
        for message in receive {
            match message {
                Message::More(more) => total += more,
                Message::Done(done) => results.push(done),
            }
            each(results.len() as u64, total);
        }
    });
    results
}

enum Message<T> {
    /// A file turned out to hold so many images more than one.
    More(u64),
    Done(Done<T>),
}

fn worker<T: Send>(
    shared: &Shared,
    work: &(impl Fn(&ImageName) -> Result<T, OpenError> + Sync),
    send: &Sender<Message<T>>,
) {
    while let Some(Job { order, image }) = shared.take() {
        let result = work(&image);
        let more = match &result {
            Err(OpenError::Name(ImageNameError::Several { file, count, .. })) => {
                several(order, file, *count)
            }
            _ => Vec::new(),
        };
        // Nobody to tell is nobody to work for; the queue is emptied all the
        // same.
        let _ = match more.len() {
            0 => send.send(Message::Done(Done {
                order,
                image,
                result,
            })),
            some => send.send(Message::More(some as u64 - 1)),
        };
        shared.done(more);
    }
}

/// One job for each image of a file.
fn several((word, _): (usize, u32), file: &std::path::Path, count: u32) -> Vec<Job> {
    let file: PathBuf = file.to_owned();
    let images = (1..=count).map(|index| Job {
        order: (word, index),
        image: ImageName::Wim {
            file: file.clone(),
            selector: Some(Selector::Index(index)),
        },
    });
    images.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_several_images_are_taken_apart_and_results_keep_their_order() {
        let wim = |name: &str| ImageName::Wim {
            file: PathBuf::from(name),
            selector: None,
        };
        let jobs = ["a", "b", "c"]
            .into_iter()
            .enumerate()
            .map(|(word, name)| Job {
                order: (word, 0),
                image: wim(name),
            });
        let work = |image: &ImageName| match image {
            ImageName::Wim {
                file,
                selector: None,
            } if file.as_os_str() == "b" => Err(ImageNameError::Several {
                file: file.clone(),
                count: 3,
                images: String::new(),
            }
            .into()),
            other => Ok(other.to_string()),
        };
        let mut last = (0, 0);
        let results = run(jobs.collect(), work, |done, total| last = (done, total));
        let mut results: Vec<_> = results
            .into_iter()
            .map(|done| (done.order, done.result.unwrap()))
            .collect();
        results.sort();
        let names: Vec<String> = results.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["a", "b:1", "b:2", "b:3", "c"]);
        assert_eq!(last, (5, 5));
    }
}
