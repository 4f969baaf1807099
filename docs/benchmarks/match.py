#!/usr/bin/env python3
"""Times `drivers match` on an image with many driver packages.

usage: match.py WIMWRIGHT IMAGE WORK [PACKAGES [DEVICES]]

IMAGE is a directory that holds a Windows; a copy of it in WORK, an empty
directory, gets PACKAGES (2000) made packages of five ids each, and is asked for
DEVICES (200) devices of which every second has a driver among them. Printed are
the median of five runs, files already read once, and the peak memory.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

INF = """[Version]
Signature="$Windows NT$"
Class=System
ClassGuid={{4D36E97D-E325-11CE-BFC1-08002BE10318}}
Provider=Maker {number}
DriverVer=01/01/2020,1.0.0.{number}
PnpLockdown=1
[Manufacturer]
Maker=Models,NTamd64,NTx86
[Models.NTamd64]
{models}
[Models.NTx86]
{models}
[Install.NT]
[Install.NT.Services]
AddService=,2
"""


def run(command):
    """Runs a command; gives seconds and peak memory in MB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    # 1 says that devices have no driver, as half of them have none.
    if code not in (0, 1):
        sys.exit(f"{command} gave {code}")
    return took, usage.ru_maxrss / 1024


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    ours, image, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    packages = int(sys.argv[4]) if len(sys.argv) > 4 else 2000
    devices = int(sys.argv[5]) if len(sys.argv) > 5 else 200
    copy, folder = work / "image", work / "packages"
    shutil.copytree(image, copy)
    for number in range(packages):
        models = "\n".join(
            f"Device {number}=Install,PCI\\VEN_{0x8000 + number:04X}&DEV_{device:04X}"
            for device in range(5)
        )
        package = folder / f"p{number}"
        package.mkdir(parents=True)
        text = INF.format(number=number, models=models)
        (package / f"p{number}.inf").write_text(text)
    took, _ = run(
        [ours, "drivers", "add", copy, folder, "--recurse", "--force-unsigned", "--quiet"]
    )
    print(f"added {packages} packages in {took:.1f} s")

    def ids(number):
        vendor = 0x8000 + number * 7 % packages if number % 2 else 0x1000 + number
        device = f"PCI\\VEN_{vendor:04X}&DEV_0003"
        return [f"{device}&SUBSYS_00000000&REV_00", f"{device}&SUBSYS_00000000", device]

    profile = work / "computer.json"
    profile.write_text(
        json.dumps(
            {
                "schema": "wimwright/hardware/1",
                "name": "computer",
                "devices": [
                    {"hardware_ids": ids(number), "compatible_ids": ["PCI\\CC_FF00"]}
                    for number in range(devices)
                ],
            }
        )
    )
    command = [ours, "drivers", "match", copy, "--hardware", profile, "--json"]
    run(command)
    runs = [run(command) for _ in range(5)]
    seconds = statistics.median(took for took, _ in runs)
    memory = max(peak for _, peak in runs)
    print(f"match, {devices} devices: {seconds:.2f} s, {memory:.0f} MB")


main()
