"""Reads keys of a hive with somebody else's reader, for comparison.

usage: read_keys.py hivex|regipy HIVE < KEYS

Prints one line per key (`[path]`) and one per value (name, type, data in hex).
"""

import sys

reader, path = sys.argv[1:]
keys = [line.rstrip("\n") for line in sys.stdin]


def with_hivex():
    import hivex

    hive = hivex.Hivex(path)
    for key in keys:
        node = hive.root()
        for name in key.split("\\"):
            node = node and hive.node_get_child(node, name)
        if not node:
            print(f"missing [{key}]")
            continue
        print(f"[{key}]")
        for value in hive.node_values(node):
            kind, data = hive.value_value(value)
            print(hive.value_key(value), kind & 0xFFFFFFFF, data.hex(), sep="\t")


def with_regipy():
    from regipy.registry import RegistryHive

    hive = RegistryHive(path)
    for key in keys:
        try:
            node = hive.get_key("\\" + key)
        except Exception as error:
            print(f"missing [{key}] {error}")
            continue
        print(f"[{key}]")
        for value in node.iter_values(as_json=False):
            name = "" if value.name == "(default)" else value.name
            shown = value.value
            if isinstance(shown, bytes):
                shown = shown.hex()
            print(name, value.value_type, repr(shown), sep="\t")


with_hivex() if reader == "hivex" else with_regipy()
