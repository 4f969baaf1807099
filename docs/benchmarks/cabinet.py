#!/usr/bin/env python3
"""Times wimwright beside cabextract on two made cabinets, pair by pair.

usage: cabinet.py WIMWRIGHT MSU WORK

WORK is an empty directory, best on a memory filesystem: how fast a disk takes
1.2 GB is nobody's merit here. There, gcab makes a cabinet of one MSZIP folder with
580 MB in 10,000 files of made data; and from the package inside MSU (one LZX
folder) a cabinet of 100 such folders is put together, block by block as they
are. PAIRS in the environment is the number of pairs (5).

Each pair takes all files out, the one and then the other, the cabinet already
read once. What is printed is the median of each, the ratio of the medians, the
processor time, and the peak memory. The files are compared once.
"""

import filecmp
import itertools
import os
import random
import resource  # noqa: F401  (wait4 gives its structure)
import shutil
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

PAIRS = int(os.environ.get("PAIRS", "5"))
FILES = 10_000
FILE = 58_000
LOOPS = 100


def run(command, cwd=None):
    """Runs a command; gives seconds, seconds of processor time, and MB."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd
    )
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} gave {process.returncode}")
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def made(folder):
    """Words by how often they are used, and a tenth of noise."""
    dice = random.Random(7)
    words = [dice.randbytes(dice.randint(2, 14)) for _ in range(6000)]
    sums = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    texts = []
    for _ in range(300):
        text = b"".join(dice.choices(words, cum_weights=sums, k=FILE // 6))
        texts.append((text[: FILE * 9 // 10] + dice.randbytes(FILE))[:FILE])
    folder.mkdir()
    names = []
    for number in range(FILES):
        text, turn = texts[number % len(texts)], dice.randrange(FILE)
        names.append(f"f{number:05}.bin")
        (folder / names[-1]).write_bytes(text[turn:] + text[:turn])
    return names


def looped(package, target):
    """A cabinet with the only folder of `package` many times."""
    data = package.read_bytes()
    flags = struct.unpack_from("<H", data, 30)[0]
    at = 36
    if flags & 4:
        header, folder = struct.unpack_from("<HB", data, at)
        at += 4 + header
    start, blocks, method = struct.unpack_from("<IHH", data, at)
    (at,) = struct.unpack_from("<I", data, 16)
    (count,) = struct.unpack_from("<H", data, 28)
    files = []
    for _ in range(count):
        end = data.index(b"\0", at + 16)
        files.append((data[at : at + 8], data[at + 10 : at + 16], data[at + 16 : end + 1]))
        at = end + 1
    end = start
    for _ in range(blocks):
        end += 8 + struct.unpack_from("<H", data, end + 4)[0]
    entries = b"".join(
        place + struct.pack("<H", folder) + rest + b"%03d-" % folder + name
        for folder in range(LOOPS)
        for place, rest, name in files
    )
    files_at = 36 + 8 * LOOPS
    data_at = files_at + len(entries)
    folders = b"".join(
        struct.pack("<IHH", data_at + folder * (end - start), blocks, method)
        for folder in range(LOOPS)
    )
    length = data_at + LOOPS * (end - start)
    head = struct.pack(
        "<4sIIIIIBBHHHHH", b"MSCF", 0, length, 0, files_at, 0, 3, 1, LOOPS, count * LOOPS, 0, 0, 0
    )
    target.write_bytes(head + folders + entries + data[start:end] * LOOPS)


def pairs(name, ours, cabinet, work):
    mine, theirs = work / "mine", work / "theirs"
    results = ([], [])
    for number in range(PAIRS + 1):
        for result, command in zip(
            results,
            (
                [ours, "packages", "inspect", cabinet, "--extract", mine],
                ["cabextract", "-q", "-d", theirs, cabinet],
            ),
        ):
            took = run(command)
            if number > 0:
                result.append(took)
                shutil.rmtree(command[-1] if command[0] == ours else theirs)
        # Once before any is counted: the cabinet is read, the files are compared.
        if number == 0:
            names = sorted(os.listdir(theirs))
            _, other, odd = filecmp.cmpfiles(mine, theirs, names, shallow=False)
            if other or odd or sorted(os.listdir(mine)) != names:
                sys.exit(f"{name}: the files differ")
            shutil.rmtree(mine)
            shutil.rmtree(theirs)
    (took, cpu, memory), (other_took, other_cpu, other_memory) = (
        (
            statistics.median(row[0] for row in result),
            statistics.median(row[1] for row in result),
            max(row[2] for row in result),
        )
        for result in results
    )
    print(
        f"{name}: ours {took:.2f} s (processor {cpu:.2f} s, {memory:.0f} MB), "
        f"cabextract {other_took:.2f} s (processor {other_cpu:.2f} s, {other_memory:.0f} MB), "
        f"ratio {other_took / took:.2f}",
        flush=True,
    )


def make(msu, work):
    """Makes what is not there yet."""
    mszip, lzx = work / "mszip.cab", work / "lzx.cab"
    if not mszip.exists():
        names = made(work / "files")
        run(["gcab", "-z", "-c", "-n", "../mszip.cab", *names], cwd=work / "files")
        shutil.rmtree(work / "files")
    if not lzx.exists():
        run(["cabextract", "-q", "-d", work / "msu", msu])
        package = next((work / "msu").glob("*-KB*.cab"))
        looped(package, lzx)
        shutil.rmtree(work / "msu")


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--make":
        make(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    ours, msu, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    # In a process of its own: peak memory of a child counts what its parent
    # had when it was started.
    subprocess.run([sys.executable, __file__, "--make", msu, work], check=True)
    pairs("MSZIP, one folder", ours, work / "mszip.cab", work)
    pairs("LZX, 100 folders", ours, work / "lzx.cab", work)


if __name__ == "__main__":
    main()
