"""Plants leftovers into copies of images, with hivex and plain files.

Reads a list of jobs from standard input. Each job copies an image directory and
changes the copy: values [hive, key, name, type, hex], keys [hive, key], files
[path, hex], copies [from, to] inside the image, and hives to be left dirty.
Hives are named by their file in System32/config.
"""

import json
import os
import shutil
import struct
import sys

import hivex


def descend(hive, key):
    node = hive.root()
    for name in [part for part in key.split("\\") if part]:
        below = hive.node_get_child(node, name)
        node = below if below else hive.node_add_child(node, name)
    return node


def config(root, name):
    return os.path.join(root, "Windows/System32/config", name)


def make_dirty(path):
    with open(path, "r+b") as file:
        block = bytearray(file.read(512))
        (first,) = struct.unpack_from("<I", block, 4)
        struct.pack_into("<I", block, 4, first + 1)
        checksum = 0
        for at in range(0, 508, 4):
            checksum ^= struct.unpack_from("<I", block, at)[0]
        checksum = {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(checksum, checksum)
        struct.pack_into("<I", block, 508, checksum)
        file.seek(0)
        file.write(block)


for job in json.load(sys.stdin):
    root = job["to"]
    shutil.copytree(job["from"], root)
    hives = {}
    for entry in job["keys"] + job["values"]:
        name = entry[0]
        if name not in hives:
            hives[name] = hivex.Hivex(config(root, name), write=True)
        node = descend(hives[name], entry[1])
        if len(entry) == 5:
            _, _, value, kind, data = entry
            hives[name].node_set_value(
                node, {"key": value, "t": kind, "value": bytes.fromhex(data)}
            )
    for hive in hives.values():
        hive.commit(None)
    for path, data in job["files"]:
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(bytes.fromhex(data))
    for source, target in job["copies"]:
        target = os.path.join(root, target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.join(root, source), target)
    for name in job["dirty"]:
        make_dirty(config(root, name))
