//! What the codec tests share: data of many kinds, and the peer.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: each test file uses a part of it, and ends where something is wrong"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use wimwright_wim::compress::Codec;

/// A generator of numbers that are the same in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound.max(1)
    }
}

/// Data of one kind.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Made-up data of `length` bytes each: every shape that a codec treats in its
/// own way.
pub(crate) fn made_up(length: usize) -> Vec<Sample> {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut samples = Vec::new();
    let mut add = |name, bytes: Vec<u8>| samples.push(Sample { name, bytes });
    add("zeros", vec![0; length]);
    add("one byte over and over", vec![0xE8; length]);
    add(
        "random",
        (0..length).map(|_| numbers.next() as u8).collect(),
    );
    add(
        "sparse",
        (0..length)
            .map(|at| {
                if at % 4096 == 17 {
                    numbers.next() as u8
                } else {
                    0
                }
            })
            .collect(),
    );
    add(
        "two symbols",
        (0..length).map(|_| numbers.next() as u8 & 1).collect(),
    );
    let words = [
        "the ",
        "image ",
        "driver ",
        "of ",
        "a ",
        "\r\n",
        "registry ",
        "key=",
        "0x",
        "Windows ",
    ];
    let mut text = Vec::new();
    while text.len() < length {
        text.extend_from_slice(words[numbers.below(words.len())].as_bytes());
    }
    text.truncate(length);
    add("text", text);
    // Calls to a few targets, as x86 code has them, E8 up to the last byte.
    let mut code = Vec::new();
    while code.len() < length {
        let target = numbers.below(40) as i32 * 1000;
        code.push(0xE8);
        code.extend_from_slice(&(target - code.len() as i32).to_le_bytes());
        for _ in 0..numbers.below(12) {
            code.push([0x89, 0x45, 0xFC, 0x8B, 0x48, 0xE8][numbers.below(6)]);
        }
    }
    code.truncate(length);
    add("calls", code);
    // Slowly turning numbers of two and four bytes: delta matches.
    let mut waves = Vec::new();
    for at in 0..length / 4 + 1 {
        let angle = at as f64 / 50.0;
        waves.extend_from_slice(&((angle.sin() * 9000.0) as i16).to_le_bytes());
        waves.extend_from_slice(&(at as u16).wrapping_mul(3).to_le_bytes());
    }
    waves.truncate(length);
    add("waves", waves);
    let table = (0..length as u32 / 4 + 1).flat_map(|at| (at * 24 + 0x40_0000).to_le_bytes());
    add("table of rising numbers", table.take(length).collect());
    // A few fields change in records that repeat: the recent offsets.
    let mut records = Vec::new();
    let record: Vec<u8> = (0..48).map(|_| numbers.next() as u8).collect();
    while records.len() < length {
        let mut changed = record.clone();
        changed[numbers.below(48)] = numbers.next() as u8;
        records.extend_from_slice(&changed);
    }
    records.truncate(length);
    add("records", records);
    samples
}

/// Real files of the corpus: PE of three architectures, a hive, an INF.
pub(crate) fn real(corpus: &Path) -> Vec<Sample> {
    [
        (
            "PE amd64",
            "drivers/codebndr-USBasp/amd64/WdfCoInstaller01009.dll",
        ),
        (
            "PE x86",
            "drivers/codebndr-USBasp/x86/WdfCoInstaller01009.dll",
        ),
        ("PE arm64", "drivers/virtio-netkvm-w10-arm64/netkvmco.dll"),
        ("PE of Windows XP", "drivers/intel-iastor-xp-f6/iaStor.sys"),
        ("hive", "hives/NTUSER-vibranium.DAT"),
        ("packed", "packages/msu/Windows6.1-KB2999226-x64.msu"),
    ]
    .into_iter()
    .map(|(name, path)| Sample {
        name,
        bytes: wimwright_testdata::read(&corpus.join(path)),
    })
    .collect()
}

fn number(codec: Codec) -> &'static str {
    match codec {
        Codec::Xpress => "1",
        Codec::Lzx => "2",
        Codec::Lzms => "3",
    }
}

/// Whether libwim can be called from Python; says that `test` is skipped when
/// not.
pub(crate) fn libwim(test: &str) -> Option<Libwim> {
    let python = wimwright_testdata::python_with("ctypes", test)?;
    let found = Command::new(python)
        .args(["-c", "import ctypes; ctypes.CDLL('libwim.so.15')"])
        .output()
        .is_ok_and(|output| output.status.success());
    if found {
        return Some(Libwim { python });
    }
    wimwright_testdata::skipped(test, "libwim is not installed");
    None
}

/// wimlib's codecs.
#[derive(Clone, Copy)]
pub(crate) struct Libwim {
    python: &'static str,
}

impl Libwim {
    fn run(self, arguments: &[&str], input: &[u8]) -> (Vec<u8>, u64) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/libwim.py");
        let mut child = Command::new(self.python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The script reads all of its input before it writes.
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        (output.stdout, said.trim().parse().unwrap())
    }

    /// Compresses chunks; `None` for those that do not get shorter. Also the
    /// nanoseconds it took.
    pub(crate) fn compress(
        self,
        codec: Codec,
        chunk_size: u32,
        level: u32,
        chunks: &[&[u8]],
    ) -> (Vec<Option<Vec<u8>>>, u64) {
        let mut input = Vec::new();
        for chunk in chunks {
            input.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
            input.extend_from_slice(chunk);
        }
        let (output, spent) = self.run(
            &[
                "compress",
                number(codec),
                &chunk_size.to_string(),
                &level.to_string(),
            ],
            &input,
        );
        let mut rest = output.as_slice();
        let compressed = chunks.iter().map(|_| {
            let (length, after) = rest.split_first_chunk().unwrap();
            let (data, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            rest = after;
            (!data.is_empty()).then(|| data.to_vec())
        });
        (compressed.collect(), spent)
    }

    /// Decodes chunks, each with its plain length; `None` where wimlib refuses.
    pub(crate) fn decompress(
        self,
        codec: Codec,
        chunk_size: u32,
        chunks: &[(usize, &[u8])],
    ) -> (Vec<Option<Vec<u8>>>, u64) {
        let mut input = Vec::new();
        for (plain_length, chunk) in chunks {
            input.extend_from_slice(&(*plain_length as u32).to_le_bytes());
            input.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
            input.extend_from_slice(chunk);
        }
        let (output, spent) = self.run(
            &["decompress", number(codec), &chunk_size.to_string(), "0"],
            &input,
        );
        let mut rest = output.as_slice();
        let plain = chunks.iter().map(|(plain_length, _)| {
            let (good, after) = rest.split_first_chunk().unwrap();
            let length = if *good == [1, 0, 0, 0] {
                *plain_length
            } else {
                0
            };
            let (data, after) = after.split_at(length);
            rest = after;
            (*good == [1, 0, 0, 0]).then(|| data.to_vec())
        });
        (plain.collect(), spent)
    }
}
