//! Taking files out: each folder once, all processors at work.
//!
//! One thread decodes a folder and cuts it into files; others take the files
//! and do with them what they are wanted for. Short files are handed over
//! whole, long ones in pieces while they are decoded. What waits between the
//! threads is bounded, so memory is, too.

use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::error::{FolderError, MemberError};
use super::names::Member;
use super::reader::FolderReader;
use super::set::Cabinet;
use crate::blob::BlobBytes;

/// What is done with each file: its number in the list of files, and its
/// bytes. Called from several threads, in any order.
pub type ReadMember<'e> = dyn Fn(usize, &mut dyn BufRead) -> io::Result<()> + Sync + 'e;

/// Files up to this length are handed over whole.
const WHOLE: u64 = 1 << 20;
/// Length of the pieces of longer ones, and how many may wait.
const PIECE: usize = 256 * 1024;
const PIECES_WAITING: usize = 4;
/// How many files may wait for each thread that takes them.
const WAITING: usize = 2;

/// A file on its way.
struct Job {
    member: usize,
    body: Body,
}

/// Hands a file over; whether more may come.
type Hand<'h> = dyn Fn(Job) -> bool + 'h;

enum Body {
    Whole(Vec<u8>),
    Pieces(Receiver<Vec<u8>>),
}

impl Cabinet {
    /// Hands the contents of the files with these numbers to `each`, in
    /// whatever order is quickest. Each folder is decoded once, or twice where
    /// files overlap in it, and no further than wanted. What `each` does not
    /// read of a file is passed over.
    ///
    /// # Errors
    /// The first file, in the order of the list, that is damaged or that
    /// `each` failed on, with its number. Others may have been handed over already.
    pub fn read_members(
        &self,
        wanted: &[usize],
        each: &ReadMember<'_>,
    ) -> Result<(), (usize, MemberError)> {
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable_by_key(|&number| {
            let member = self.members().get(number);
            let place = member.map(|member| (member.folder, member.offset, member.len));
            (place, number)
        });
        let mut queue: Vec<&[usize]> = wanted
            .chunk_by(|left, right| self.folder_of(*left) == self.folder_of(*right))
            .collect();
        // The longest first: the others fit beside it.
        queue.sort_by_key(|numbers| {
            let last = numbers
                .last()
                .and_then(|number| self.members().get(*number));
            std::cmp::Reverse(last.map_or(0, Member::end))
        });
        let run = Run {
            cabinet: self,
            each,
            stop: AtomicBool::new(false),
            faults: Mutex::default(),
        };
        let all = wanted
            .iter()
            .filter_map(|number| self.members().get(*number));
        if all.map(|member| member.len).fold(0, u64::saturating_add) <= WHOLE {
            // Threads would cost more than they bring.
            for numbers in queue {
                run.folder(numbers, &|job| run.done(job));
            }
            return run.first_fault();
        }
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let (jobs, waiting) = sync_channel::<Job>(WAITING * processors);
        let waiting = Arc::new(Mutex::new(waiting));
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..processors.min(wanted.len()) {
                let (run, waiting) = (&run, Arc::clone(&waiting));
                scope.spawn(move || run.take(&waiting));
            }
            // Gone with those who take: nobody hands over to nobody.
            drop(waiting);
            for _ in 0..processors.min(queue.len()) {
                let jobs = jobs.clone();
                let (run, next, queue) = (&run, &next, &queue);
                scope.spawn(move || {
                    let send = |job| jobs.send(job).is_ok();
                    while let Some(numbers) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                        run.folder(numbers, &send);
                    }
                });
            }
            drop(jobs);
        });
        run.first_fault()
    }

    fn folder_of(&self, number: usize) -> Option<usize> {
        self.members().get(number).map(|member| member.folder)
    }
}

struct Run<'r> {
    cabinet: &'r Cabinet,
    each: &'r ReadMember<'r>,
    /// `each` failed: nothing more is wanted.
    stop: AtomicBool,
    faults: Mutex<Vec<(usize, MemberError)>>,
}

impl Run<'_> {
    fn fault(&self, member: usize, error: MemberError) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push((member, error));
    }

    fn first_fault(self) -> Result<(), (usize, MemberError)> {
        let faults = self.faults.into_inner();
        let faults = faults.unwrap_or_else(PoisonError::into_inner);
        // Whoever reads of a damaged folder sees it end, too: that says less.
        let first = faults
            .into_iter()
            .min_by_key(|(number, fault)| (*number, matches!(fault, MemberError::Use(_))));
        first.map_or(Ok(()), Err)
    }

    /// Takes files as they come.
    fn take(&self, waiting: &Mutex<Receiver<Job>>) {
        loop {
            let job = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok(job) = job else {
                return;
            };
            self.done(job);
        }
    }

    /// Does with a file what it is wanted for; whether more may come.
    fn done(&self, Job { member, body }: Job) -> bool {
        if self.stop.load(Ordering::Relaxed) {
            return false;
        }
        let entry = self.cabinet.members().get(member);
        let mut bytes = FileBytes::new(body, entry.map_or(0, |member| member.len));
        let done = (self.each)(member, &mut bytes);
        if let Err(error) = done {
            self.stop.store(true, Ordering::Relaxed);
            self.fault(member, MemberError::Use(error));
            return false;
        }
        true
    }

    /// Decodes a folder; `numbers` are its wanted files, in their order there.
    fn folder(&self, numbers: &[usize], hand: &Hand<'_>) {
        let done = self.in_order(numbers, hand);
        let done = done.and_then(|overlapping| self.by_place(&overlapping));
        if let Err((member, error)) = done {
            self.fault(member, error);
        }
    }

    /// Decodes the folder once, and returns the files that begin inside
    /// others: some makers store equal files once.
    fn in_order(
        &self,
        numbers: &[usize],
        hand: &Hand<'_>,
    ) -> Result<Vec<usize>, (usize, MemberError)> {
        let mut overlapping = Vec::new();
        let mut cutter = None;
        for &number in numbers {
            let Some(member) = self.cabinet.members().get(number) else {
                continue;
            };
            let cutter = match &mut cutter {
                Some(cutter) => cutter,
                none => none.insert(self.cutter(member).map_err(|error| (number, error))?),
            };
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            if member.len > 0 && member.offset < cutter.position() {
                overlapping.push(number);
                continue;
            }
            cutter
                .cut(member, number, hand)
                .map_err(|error| (number, error.into()))?;
        }
        Ok(overlapping)
    }

    fn cutter(&self, member: &Member) -> Result<Cutter, MemberError> {
        let number = member.folder;
        let folders = self.cabinet.folders();
        let folder = folders.get(number).ok_or(MemberError::NoFolder {
            folder: u16::try_from(number).unwrap_or(u16::MAX),
            count: folders.len(),
        })?;
        let reader = FolderReader::new(folder, number)?;
        Ok(Cutter {
            reader,
            kept: Vec::new(),
            used: 0,
        })
    }

    /// Hands over the files that overlap others.
    fn by_place(&self, numbers: &[usize]) -> Result<(), (usize, MemberError)> {
        for &number in numbers {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let blob = self.cabinet.open_member(number);
            let blob = blob.map_err(|error| (number, error))?;
            let Some(blob) = blob else {
                continue;
            };
            let mut bytes = BlobBytes::new(blob.as_ref());
            if let Err(error) = (self.each)(number, &mut bytes) {
                self.stop.store(true, Ordering::Relaxed);
                return Err((number, MemberError::Use(error)));
            }
        }
        Ok(())
    }
}

/// Cuts a folder into files.
struct Cutter {
    reader: FolderReader,
    /// A decoded block of which not all was used, and how much was.
    kept: Vec<u8>,
    used: usize,
}

impl Cutter {
    /// Where in the folder it stands.
    fn position(&self) -> u64 {
        self.reader.position() - (self.kept.len() - self.used) as u64
    }

    /// Hands over a file that begins where the cutter stands, or behind.
    fn cut(&mut self, member: &Member, number: usize, hand: &Hand<'_>) -> Result<(), FolderError> {
        let send = |body| {
            hand(Job {
                member: number,
                body,
            })
        };
        if member.len == 0 {
            send(Body::Whole(Vec::new()));
            return Ok(());
        }
        self.skip_to(member.offset)?;
        if member.len <= WHOLE {
            let mut whole = Vec::with_capacity(member.len as usize);
            self.take(member.len as usize, member.end(), &mut whole)?;
            send(Body::Whole(whole));
            return Ok(());
        }
        let (pieces, taken) = sync_channel(PIECES_WAITING);
        let mut is_wanted = send(Body::Pieces(taken));
        let mut left = member.len;
        while left > 0 && is_wanted {
            let length = left.min(PIECE as u64) as usize;
            let mut piece = Vec::with_capacity(length);
            self.take(length, member.end(), &mut piece)?;
            left -= length as u64;
            is_wanted = pieces.send(piece).is_ok();
        }
        Ok(())
    }

    fn skip_to(&mut self, offset: u64) -> Result<(), FolderError> {
        while self.reader.position() < offset {
            self.next_block(offset)?;
        }
        // The block that it stands in goes past the offset, or ends there.
        let behind = (self.reader.position() - offset) as usize;
        self.used = self.kept.len().saturating_sub(behind);
        Ok(())
    }

    /// Keeps the next block, which has to be there for byte `wanted`.
    fn next_block(&mut self, wanted: u64) -> Result<(), FolderError> {
        self.used = 0;
        self.kept.clear();
        match self.reader.next()? {
            Some(block) => {
                self.kept.extend_from_slice(block);
                Ok(())
            }
            None => Err(self.reader.ends_before(wanted)),
        }
    }

    /// Takes the next `count` bytes of a file that ends at `end`.
    fn take(&mut self, count: usize, end: u64, out: &mut Vec<u8>) -> Result<(), FolderError> {
        let mut left = count;
        loop {
            let kept = self.kept.get(self.used..).unwrap_or_default();
            let now = kept.get(..left).unwrap_or(kept);
            out.extend_from_slice(now);
            self.used += now.len();
            left -= now.len();
            if left == 0 {
                return Ok(());
            }
            self.next_block(end)?;
        }
    }
}

/// The bytes of a file as they come.
struct FileBytes {
    pieces: Option<Receiver<Vec<u8>>>,
    now: Vec<u8>,
    used: usize,
    /// How many bytes did not come yet.
    due: u64,
}

impl FileBytes {
    fn new(body: Body, len: u64) -> FileBytes {
        let (pieces, now) = match body {
            Body::Whole(bytes) => (None, bytes),
            Body::Pieces(pieces) => (Some(pieces), Vec::new()),
        };
        FileBytes {
            pieces,
            due: len.saturating_sub(now.len() as u64),
            now,
            used: 0,
        }
    }
}

impl BufRead for FileBytes {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used >= self.now.len() && self.due > 0 {
            let next = self.pieces.as_ref().and_then(|pieces| pieces.recv().ok());
            // The folder is damaged, which whoever decodes it says.
            self.now = next.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.used = 0;
            self.due = self.due.saturating_sub(self.now.len() as u64);
        }
        Ok(self.now.get(self.used..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.used += amount;
    }
}

impl Read for FileBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
