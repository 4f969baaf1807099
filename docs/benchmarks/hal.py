#!/usr/bin/env python3
"""Audits a library of generated XP-era WIM images against five computers.

    cargo build --release -p wimwright
    cargo build --release -p wimwright-testdata --example nt5_image
    docs/benchmarks/hal.py target/release SYSTEM SCRATCH [COUNT]

SYSTEM is the file of a real SYSTEM hive of XP (the corpus has one of 3.4 MB, as
`SYSTEM-winxp-sp3-x86.zst`). Eight images, one a HAL, are made around it and
captured with LZX, with 10,000 further files each; the library is COUNT copies of
them, 1,000 by default, after a hundredth and a tenth of that. What the audit says
of each, verdicts included, is compared with what was made.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

# The HALs, and what becomes of each on the five targets: Boots, Degraded, needs a
# Switch, does Not boot.
HALS = [("e_isa_up", "DDDDB"), ("acpipic_up", "DDBNN"), ("acpiapic_up", "SBNNN"),
        ("acpiapic_mp", "BBNNN"), ("mps_up", "NDNSN"), ("mps_mp", "DDNBN"),
        ("syspro_mp", "NNNNN"), ("acpiapic_up", "SBNNN")]
WORDS = {"boots": "B", "boots-degraded": "D", "needs-hal-switch": "S", "will-not-boot": "N"}
TARGETS = {
    "dual": ({"acpi": True, "io_apic": True}, 2),
    "single": ({"acpi": True, "io_apic": True}, 1),
    "pic": ({"acpi": True, "io_apic": False}, 1),
    "mps": ({"acpi": False, "mp_table": True}, 2),
    "old": ({"acpi": False, "mp_table": False}, 1),
}
MORE_FILES = 10_000


def make(tools, system, scratch):
    """The eight images, captured."""
    made = []
    for number, (hal, _) in enumerate(HALS):
        wim = scratch / f"master-{number}.wim"
        made.append(wim)
        if wim.exists():
            continue
        image = scratch / "image"
        shutil.rmtree(image, ignore_errors=True)
        subprocess.run([tools / "examples/nt5_image", image, hal, system], check=True)
        for file in range(MORE_FILES):
            folder = image / "Windows" / "more" / f"{file // 250:03}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"file{file:05}.dat").write_text(f"{hal} {file}\n" * (file % 7))
        command = [tools / "wimwright", "capture", image, wim, "--compress", "lzx", "--name", hal]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(image)
    return made


def audit(tools, library, targets):
    """Wall and processor seconds, the most memory in MB, and the document."""
    out = library.parent / "audit.json"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    with out.open("w") as file:
        command = ["/usr/bin/time", "-f", "%M", tools / "wimwright", "hal", "audit", "--json"]
        command += sorted(library.glob("*.wim")) + ["--target"] + targets
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    memory = int(done.stderr.split()[-1]) / 1000
    return wall, spent, memory, json.loads(out.read_text())


def main():
    tools, system, scratch = (Path(word) for word in sys.argv[1:4])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
    scratch.mkdir(parents=True, exist_ok=True)
    masters = make(tools, system, scratch)
    targets = []
    for name, (firmware, logical) in TARGETS.items():
        profile = {"schema": "wimwright/hardware/1", "name": name, "firmware": firmware,
                   "processors": {"logical": logical}}
        path = scratch / f"{name}.json"
        path.write_text(json.dumps(profile))
        targets.append(path)
    for size in sorted({max(count // 100, 1), max(count // 10, 1), count}):
        library = scratch / "library"
        shutil.rmtree(library, ignore_errors=True)
        library.mkdir()
        for number in range(size):
            shutil.copyfile(masters[number % len(masters)], library / f"{number:04}.wim")
        wall, spent, memory, document = audit(tools, library, targets)
        for number, image in enumerate(document["images"]):
            wanted = HALS[number % len(HALS)]
            verdicts = "".join(WORDS.get(one["verdict"], "?") for one in image["targets"])
            found = (image["installed"] and image["installed"]["hal"], verdicts)
            if found != wanted:
                sys.exit(f"{image['image']}: {found} instead of {wanted}: {image['error']}")
        print(f"{size} images x {len(targets)} targets: {wall:.1f} s, {spent:.1f} s of processor "
              f"time on {os.cpu_count()} cores, at most {memory:.0f} MB")
        shutil.rmtree(library)


main()
