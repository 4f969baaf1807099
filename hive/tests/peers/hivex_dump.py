"""The canonical dump of tests/common/dump.rs, taken by hivex: keys, values, SHA-256."""

import hashlib
import struct
import sys

import hivex

# Control panel hives nest far less, but the tests go to the limit of 512.
sys.setrecursionlimit(5000)

reader = hivex.Hivex(sys.argv[1])
sha256 = hashlib.sha256()
counts = {"keys": 0, "values": 0}


def put(data):
    sha256.update(struct.pack("<I", len(data)))
    sha256.update(data)


def walk(node, depth):
    counts["keys"] += 1
    sha256.update(b"K" + struct.pack("<I", depth))
    put(reader.node_name(node).encode("utf-16-le"))
    for value in reader.node_values(node):
        counts["values"] += 1
        kind, data = reader.value_value(value)
        sha256.update(b"V")
        put(reader.value_key(value).encode("utf-16-le"))
        sha256.update(struct.pack("<I", kind & 0xFFFFFFFF))
        put(data)
    for child in reader.node_children(node):
        walk(child, depth + 1)


walk(reader.root(), 0)
print(counts["keys"], counts["values"], sha256.hexdigest())
