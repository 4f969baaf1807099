#!/usr/bin/env python3
"""Times wimwright beside wimlib-imagex on one tree, pair by pair.

usage: wim.py WIMWRIGHT TREE PACKAGE WORK [STEP...]

TREE is a directory that holds a Windows with an 11.4 MB SYSTEM hive, PACKAGE a
driver package for it (the virtio storage driver), WORK an empty directory on
the same filesystem. Steps: capture-none, capture-xpress, capture-lzx,
apply-none, apply-xpress, apply-lzx, verify-none, verify-xpress, verify-lzx,
service, service-all, rounds; all of them if none is named. PAIRS in the
environment is the number of pairs (5).

Each pair runs the one, then the other, files already read once; what is printed
is the median of each, the ratio of the medians, and the peak memory of the
process and its children.
"""

import os
import resource  # noqa: F401  (wait4 gives its structure)
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

PAIRS = int(os.environ.get("PAIRS", "5"))


def run(command, cwd=None):
    """Runs a command; gives seconds and peak memory in MB."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=cwd
    )
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} gave {process.returncode}: {said.decode(errors='replace')}")
    return took, usage.ru_maxrss / 1024


def size(path):
    return os.path.getsize(path)


class Work:
    def __init__(self, ours, tree, package, work):
        self.ours, self.tree, self.package = ours, tree, package
        self.work = Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.growths = {}

    def pairs(self, name, ours, theirs, before=None, count=None):
        """Times two functions that run commands and give (seconds, MB)."""
        mine, other = [], []
        for _ in range(count or PAIRS):
            for function, into in ((theirs, other), (ours, mine)):
                if before:
                    before()
                into.append(function())
        seconds = [statistics.median(each[0] for each in times) for times in (mine, other)]
        memory = [max(each[1] for each in times) for times in (mine, other)]
        spread = " ".join(f"{each[0]:.2f}" for each in mine)
        spread += " | " + " ".join(f"{each[0]:.2f}" for each in other)
        print(
            f"| {name} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | "
            f"{seconds[1] / seconds[0]:.2f} x | {memory[0]:.0f} / {memory[1]:.0f} MB | {spread} |",
            flush=True,
        )

    def grown(self, path, before, command):
        """Runs a command that changes a file, and notes by how much it grows."""
        done = run(command)
        self.growths[path] = size(path) - size(before)
        return done

    def growth(self, ours, theirs):
        mine, other = self.growths[ours] / 1e6, self.growths[theirs] / 1e6
        print(f"| growth | {mine:.2f} MB | {other:.2f} MB | {other / mine:.2f} x | | |", flush=True)

    def wim(self, kind):
        """A WIM file of the tree, made once by wimlib."""
        path = self.work / f"tree-{kind}.wim"
        if not path.exists():
            run(["wimlib-imagex", "capture", self.tree, path, "tree", f"--compress={kind}"])
        return path

    def capture(self, kind):
        ours, theirs = self.work / "ours.wim", self.work / "theirs.wim"

        def clean():
            for path in (ours, theirs):
                path.unlink(missing_ok=True)

        sizes = {}

        def mine():
            done = run(
                [self.ours, "capture", self.tree, ours, "--name", "tree", "--compress", kind]
            )
            sizes["ours"] = size(ours)
            return done

        def other():
            done = run(["wimlib-imagex", "capture", self.tree, theirs, "tree", f"--compress={kind}"])
            sizes["theirs"] = size(theirs)
            return done

        self.pairs(f"capture {kind}", mine, other, before=clean)
        print(
            f"| size {kind} | {sizes['ours']} | {sizes['theirs']} | "
            f"{sizes['ours'] / sizes['theirs']:.4f} x | | |",
            flush=True,
        )
        clean()

    def apply(self, kind):
        wim = self.wim(kind)
        target = self.work / "applied"

        def clean():
            shutil.rmtree(target, ignore_errors=True)
            os.sync()

        self.pairs(
            f"apply {kind}",
            lambda: run([self.ours, "apply", wim, target]),
            lambda: run(["wimlib-imagex", "apply", wim, target]),
            before=clean,
        )
        clean()

    def verify(self, kind):
        wim = self.wim(kind)
        self.pairs(
            f"verify {kind}",
            lambda: run([self.ours, "verify", wim]),
            lambda: run(["wimlib-imagex", "verify", wim]),
        )

    def service(self):
        """One driver into one image; theirs is what an administrator does today."""
        wim = self.wim("lzx")
        ours, theirs = self.work / "ours.wim", self.work / "theirs.wim"
        mount = self.work / "mounted"
        mount.mkdir(exist_ok=True)
        registry = self.work / "driver.reg"
        registry.write_text(
            "Windows Registry Editor Version 5.00\r\n\r\n"
            "[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\viostor]\r\n"
            '"Type"=dword:00000001\r\n"Start"=dword:00000000\r\n'
            '"ErrorControl"=dword:00000001\r\n"Group"="SCSI miniport"\r\n'
            '"ImagePath"="system32\\\\drivers\\\\viostor.sys"\r\n'
        )

        def fresh():
            shutil.copy(wim, ours)
            shutil.copy(wim, theirs)
            os.sync()

        def other():
            script = f"""set -e
wimlib-imagex mountrw {theirs} {mount} >/dev/null
cp {self.package}/* {mount}/Windows/System32/drivers/
hivexregedit --merge {mount}/Windows/System32/config/SYSTEM \
    --prefix 'HKEY_LOCAL_MACHINE\\SYSTEM' {registry}
wimlib-imagex unmount {mount} --commit >/dev/null"""
            return self.grown(theirs, wim, ["bash", "-c", script])

        self.pairs(
            "drivers add, one image",
            lambda: self.grown(ours, wim, [self.ours, "drivers", "add", ours, self.package]),
            other,
            before=fresh,
        )
        self.growth(ours, theirs)
        ours.unlink()
        theirs.unlink()

    def service_all(self):
        """The same files into all images of a file with seven."""
        seven = self.work / "seven.wim"
        ours, theirs = self.work / "ours.wim", self.work / "theirs.wim"
        if not seven.exists():
            shutil.copy(self.wim("lzx"), seven)
            for index in range(2, 8):
                run(["wimlib-imagex", "export", seven, "1", seven, f"image {index}"])
        # What our command writes, taken out of a copy.
        changed = self.work / "changed"
        if not changed.exists():
            copy = self.work / "copy.wim"
            shutil.copy(seven, copy)
            run([self.ours, "drivers", "add", f"{copy}:1", self.package])
            changed.mkdir()
            script = []
            listing = subprocess.run(
                [self.ours, "diff", f"{seven}:1", f"{copy}:1", "--only", "files", "--verbose", "--json"],
                stdout=subprocess.PIPE,
                check=False,
            ).stdout
            import json

            for number, file in enumerate(json.loads(listing)["files"]):
                path = file["path"]
                kind = (file.get("new") or file.get("b") or {}).get("kind")
                if kind == "directory":
                    continue
                place = changed / str(number)
                with open(place, "wb") as out:
                    subprocess.run([self.ours, "cat", f"{copy}:1", path], stdout=out, check=True)
                unix = path.replace("\\", "/")
                script.append(f'add "{place}" "/{unix}"')
            (changed / "script").write_text("\n".join(script) + "\n")
            copy.unlink()

        def fresh():
            shutil.copy(seven, ours)
            shutil.copy(seven, theirs)
            os.sync()

        def other():
            script = f"""set -e
for image in 1 2 3 4 5 6 7; do
    wimlib-imagex update {theirs} $image < {changed}/script >/dev/null
done"""
            return self.grown(theirs, seven, ["bash", "-c", script])

        command = [self.ours, "drivers", "add", f"{ours}:all", self.package]
        self.pairs(
            "drivers add, seven images",
            lambda: self.grown(ours, seven, command),
            other,
            before=fresh,
        )
        self.growth(ours, theirs)
        ours.unlink()
        theirs.unlink()

    def rounds(self):
        """A hundred rounds of add and remove."""
        ours = self.work / "ours.wim"
        shutil.copy(self.wim("lzx"), ours)
        sizes = []
        for _ in range(100):
            run([self.ours, "drivers", "add", ours, self.package])
            sizes.append(size(ours))
            run([self.ours, "drivers", "remove", ours, "oem9.inf", "--force"])
        print(
            f"| 100 rounds of add and remove | first {sizes[0]}, last {sizes[-1]}, "
            f"largest {max(sizes)} | | {sizes[-1] / sizes[0]:.4f} x | | |",
            flush=True,
        )
        ours.unlink()


def main():
    ours, tree, package, work = sys.argv[1:5]
    steps = sys.argv[5:] or [
        f"{verb}-{kind}"
        for verb in ("capture", "apply", "verify")
        for kind in ("none", "xpress", "lzx")
    ] + ["service", "service-all", "rounds"]
    bench = Work(ours, tree, package, work)
    print("| work | ours | wimlib | ratio | peak memory | runs |\n|---|---|---|---|---|---|")
    for step in steps:
        verb, _, kind = step.partition("-")
        if step == "service-all":
            bench.service_all()
        elif verb == "service":
            bench.service()
        elif verb == "rounds":
            bench.rounds()
        else:
            getattr(bench, verb)(kind)


main()
