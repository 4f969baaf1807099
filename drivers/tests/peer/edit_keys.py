"""Edits a hive with somebody else's writer.

usage: edit_keys.py HIVE < COMMANDS

One command a line, its words separated by tabs:

    set KEY NAME TYPE DATA     data in hex; the key is made where it is missing
    unset KEY NAME             a value goes
    drop KEY                   a key goes, with all below it
    copy KEY TO                a key is there twice, with all below it

A key or value that is to go must be there.
"""

import sys

import hivex

hive = hivex.Hivex(sys.argv[1], write=True)


def find(path, make=False):
    node = hive.root()
    for name in path.split("\\"):
        below = hive.node_get_child(node, name)
        if below is None:
            if not make:
                raise SystemExit(f"no key {path}")
            below = hive.node_add_child(node, name)
        node = below
    return node


def copy(node, to):
    for value in hive.node_values(node):
        kind, data = hive.value_value(value)
        value = {"key": hive.value_key(value), "t": kind, "value": data}
        hive.node_set_value(to, value)
    for below in hive.node_children(node):
        copy(below, hive.node_add_child(to, hive.node_name(below)))


for line in sys.stdin:
    command, key, *rest = line.rstrip("\n").split("\t")
    if command == "set":
        name, kind, data = rest
        value = {"key": name, "t": int(kind), "value": bytes.fromhex(data)}
        hive.node_set_value(find(key, make=True), value)
    elif command == "unset":
        node = find(key)
        values = []
        for value in hive.node_values(node):
            kind, data = hive.value_value(value)
            values.append({"key": hive.value_key(value), "t": kind, "value": data})
        left = [value for value in values if value["key"].lower() != rest[0].lower()]
        if len(left) == len(values):
            raise SystemExit(f"no value {rest[0]} in {key}")
        hive.node_set_values(node, left)
    elif command == "drop":
        hive.node_delete_child(find(key))
    elif command == "copy":
        copy(find(key), find(rest[0], make=True))
    else:
        raise SystemExit(f"unknown command {command}")
hive.commit(None)
