//! Images audited side by side: as many at once as there are processors, each
//! opened, audited and let go before the next, so that a library of a thousand
//! takes no more memory than two.
//!
//! Plain threads, not the pool that unpacks WIM files: a worker that waited for
//! that pool inside of it would take up other images meanwhile, one in the
//! other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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

/// What is told while images are worked on.
pub(super) enum Event<T> {
    /// So many are done, of so many.
    Progress(u64, u64),
    /// The result of the next in order.
    Next(Done<T>),
}

/// Runs `work` on every image, in whichever order, and hands the results to
/// `each` in the order of the jobs, each as soon as those before it are there:
/// what is done with one need not be kept. A WIM file of which no image is
/// selected stands for all of its images.
pub(super) fn run<T: Send, E>(
    jobs: Vec<Job>,
    work: impl Fn(&ImageName) -> Result<T, OpenError> + Sync,
    mut each: impl FnMut(Event<T>) -> Result<(), E>,
) -> Result<(), E> {
    let mut awaited: BTreeSet<(usize, u32)> = jobs.iter().map(|job| job.order).collect();
    let mut ready: BTreeMap<(usize, u32), Done<T>> = BTreeMap::new();
    let mut finished = 0;
    let shared = Shared {
        queue: Mutex::new(Queue {
            waiting: jobs.into(),
            busy: 0,
        }),
        changed: Condvar::new(),
    };
    let mut total = shared.lock().waiting.len() as u64;
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let (send, receive) = channel();
        for _ in 0..workers {
            let send = send.clone();
            let (shared, work) = (&shared, &work);
            scope.spawn(move || worker(shared, work, &send));
        }
        drop(send);
        for message in receive {
            let told = match message {
                Message::More { of, count } => {
                    awaited.remove(&of);
                    awaited.extend((1..=count).map(|index| (of.0, index)));
                    total = total.saturating_add(u64::from(count)).saturating_sub(1);
                    Ok(())
                }
                Message::Done(done) => {
                    finished += 1;
                    ready.insert(done.order, done);
                    hand_out(&mut awaited, &mut ready, &mut each)
                }
            };
            if let Err(error) = told.and_then(|()| each(Event::Progress(finished, total))) {
                // Nobody wants the rest.
                shared.lock().waiting.clear();
                return Err(error);
            }
        }
        Ok(())
    })
}

/// Hands out the results for which none before them is awaited.
fn hand_out<T, E>(
    awaited: &mut BTreeSet<(usize, u32)>,
    ready: &mut BTreeMap<(usize, u32), Done<T>>,
    each: &mut impl FnMut(Event<T>) -> Result<(), E>,
) -> Result<(), E> {
    while let Some(next) = awaited.first()
        && let Some(done) = ready.remove(next)
    {
        awaited.pop_first();
        each(Event::Next(done))?;
    }
    Ok(())
}

enum Message<T> {
    /// A file turned out to hold several images.
    More {
        /// Where the file stands.
        of: (usize, u32),
        /// How many images it holds.
        count: u32,
    },
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
            some => send.send(Message::More {
                of: order,
                count: u32::try_from(some).unwrap_or(u32::MAX),
            }),
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
        let jobs = || {
            let names = ["a", "b", "c"].into_iter().enumerate();
            let jobs = names.map(|(word, name)| Job {
                order: (word, 0),
                image: wim(name),
            });
            jobs.collect::<Vec<_>>()
        };
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
        for _ in 0..50 {
            let (mut last, mut names) = ((0, 0), Vec::new());
            let told = run(jobs(), work, |event| {
                match event {
                    Event::Progress(done, total) => last = (done, total),
                    Event::Next(done) => names.push(done.result.unwrap()),
                }
                Ok::<(), ()>(())
            });
            assert_eq!(told, Ok(()));
            assert_eq!(names, ["a", "b:1", "b:2", "b:3", "c"]);
            assert_eq!(last, (5, 5));
        }
        // Whoever wants no more gets no more.
        let mut count = 0;
        let told = run(jobs(), work, |event| {
            count += u32::from(matches!(event, Event::Next(_)));
            if count < 2 { Ok(()) } else { Err("enough") }
        });
        assert_eq!((told, count), (Err("enough"), 2));
    }
}
