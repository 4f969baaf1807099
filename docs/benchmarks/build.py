#!/usr/bin/env python3
"""Three bases for twenty models: what a build with shared work costs.

    cargo build --release -p wimwright
    docs/benchmarks/build.py target/release/wimwright SCRATCH [MEGABYTES]

Makes three images of the demo's sample with MEGABYTES (256 by default) of further
files each, as directories and as WIM files, and a build file with a matrix of
twenty models, half of which use the demo's driver package. For both kinds of
source it measures, each from nothing and with the output folder's file system
synced at the end:

* the three base images alone
* all 63 files
* the unavoidable writing: the 60 files of models copied as they are
* the same build again, when nothing changed: bytes read and written, too

and says what the shared work costs beside the writing, in terms of the bases:
(all - writing) / bases, which is to be 1.3 at most.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

MODELS = 20
BASES = ("win-a", "win-b", "win-c")
FILE = 1 << 18
WORDS = [bytes(random.Random(seed).choices(b"etaoin shrdlu\r\n", k=7)) for seed in range(4096)]
DISK = {"bus": "pci", "hardware_ids": ["PCI\\VEN_1AF4&DEV_1001"]}


def fill(folder, seed, megabytes):
    """Files that compress about as programs do."""
    generator = random.Random(seed)
    for number in range((megabytes << 20) // FILE):
        path = folder / f"{number // 200:03}" / f"file{number:05}.dat"
        path.parent.mkdir(parents=True, exist_ok=True)
        half = FILE // 2
        text = b"".join(generator.choices(WORDS, k=half // 7 + 1))[:half]
        path.write_bytes(text + generator.randbytes(FILE - half))


def make(program, scratch, megabytes):
    demo = scratch / "demo"
    if (scratch / "made").exists():
        return
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    subprocess.run([program, "demo", demo, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    package = next(demo.glob("*/*.inf")).parent
    shutil.copytree(package, scratch / "drivers" / package.name)
    for number, base in enumerate(BASES):
        image = scratch / base
        shutil.copytree(demo / "image", image)
        # The demo has the package in its image.
        subprocess.run([program, "drivers", "remove", image, "oem0.inf", "--force", "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        fill(image / "Program Files" / "more", number, megabytes)
        subprocess.run([program, "capture", image, scratch / f"{base}.wim", "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
    (scratch / "base.reg").write_text("REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Base]\n\"a\"=\"b\"\n")
    for model in range(MODELS):
        hardware = {"schema": "wimwright/hardware/1", "name": f"model {model}",
                    "devices": [DISK] if model % 2 else []}
        (scratch / f"model{model}.json").write_text(json.dumps(hardware))
    for kind, end in (("directories", ""), ("wim", ".wim")):
        lines = []
        for base in BASES:
            lines += [f"[sources.{base}]", f'image = "{base}{end}"']
        lines += ["[[steps]]", 'registry = { import = ["base.reg"] }', "[matrix]",
                  'file = "out/{base}-{model}.wim"', 'base-file = "out/{base}.wim"',
                  'drivers = ["drivers"]']
        for model in range(MODELS):
            lines += ["[[matrix.models]]", f'name = "model{model}"',
                      f'hardware = ["model{model}.json"]']
        (scratch / f"{kind}.toml").write_text("\n".join(lines) + "\n")
    (scratch / "made").touch()


def accounted():
    """Bytes that this process and those that it waited for read and wrote."""
    lines = Path("/proc/self/io").read_text().splitlines()
    found = dict(line.split(": ") for line in lines)
    return int(found["rchar"]), int(found["wchar"])


def timed(action):
    os.sync()
    begun, (read, written) = time.monotonic(), accounted()
    action()
    os.sync()
    now = accounted()
    return time.monotonic() - begun, now[0] - read, now[1] - written


def main():
    program, scratch = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    megabytes = int(sys.argv[3]) if len(sys.argv) > 3 else 256
    make(program, scratch, megabytes)
    out = scratch / "out"

    def build(kind, *only):
        words = [word for name in only for word in ("--only", name)]
        subprocess.run([program, "build", scratch / f"{kind}.toml", "--quiet", *words],
                       check=True, stdout=subprocess.DEVNULL)

    def copies():
        for file in sorted(out.glob("*-model*.wim")):
            target = scratch / "copies" / file.name
            subprocess.run(["cp", "--reflink=never", file, target], check=True)

    for kind in ("directories", "wim"):
        shutil.rmtree(out, ignore_errors=True)
        bases, _, _ = timed(lambda: build(kind, *BASES))
        shutil.rmtree(out)
        everything, _, _ = timed(lambda: build(kind))
        size = sum(file.stat().st_size for file in out.glob("*.wim"))
        count = len(list(out.glob("*.wim")))
        (scratch / "copies").mkdir()
        writing, _, _ = timed(copies)
        shutil.rmtree(scratch / "copies")
        again, read, written = timed(lambda: build(kind))
        ratio = (everything - writing) / bases
        print(f"{kind}: bases {bases:.1f} s, all {count} files {everything:.1f} s "
              f"({size / 1e9:.2f} GB), copying the models' files {writing:.1f} s")
        print(f"  shared work: {ratio:.2f} x the bases beside the writing "
              f"({'holds' if ratio <= 1.3 else 'MISSES'} 1.3)")
        print(f"  unchanged: {again:.2f} s, {read / 1e6:.1f} MB read, {written / 1e3:.1f} kB written")


if __name__ == "__main__":
    main()
