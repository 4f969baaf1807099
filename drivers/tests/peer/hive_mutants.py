"""Makes changed copies of a hive with hivex, one change set a line.

usage: hive_mutants.py HIVE < REQUESTS

Each line is a JSON request, each answer a JSON line:
  {"device": KEY}                 HardwareID and CompatibleIDs of an Enum instance
  {"drivers": SET}                the files of all driver services of a control set
  {"active": INF}                 the package that is active under a published name
  {"mutant": FILE, "edits": [..]} the hive with edits, written to FILE
Edits: ["delete-key", KEY], ["delete-value", KEY, NAME], ["copy-key", FROM, TO],
["set", KEY, NAME, TYPE, HEX]; `set` and `copy-key` make keys.
"""

import json
import struct
import sys

import hivex

base = sys.argv[1]


def text(data):
    return data.decode("utf-16-le", "replace").rstrip("\0")


def find(hive, key):
    node = hive.root()
    for name in key.split("\\"):
        node = node and hive.node_get_child(node, name)
    return node or None


def make(hive, key):
    node = hive.root()
    for name in key.split("\\"):
        node = hive.node_get_child(node, name) or hive.node_add_child(node, name)
    return node


def values(hive, node):
    found = {}
    for value in hive.node_values(node):
        kind, data = hive.value_value(value)
        found[hive.value_key(value)] = (kind, data)
    return found


def device(hive, key):
    found = values(hive, find(hive, key))
    lists = {}
    for name in ("HardwareID", "CompatibleIDs"):
        lists[name] = [id for id in text(found.get(name, (7, b""))[1]).split("\0") if id]
    return lists


def drivers(hive, control_set):
    """Files of drivers, relative to the Windows directory."""
    files = set()
    for service in hive.node_children(find(hive, control_set + "\\Services")):
        found = {name.lower(): value for name, value in values(hive, service).items()}
        kind = found.get("type", (4, b"\0\0\0\0"))[1]
        if len(kind) != 4 or struct.unpack("<I", kind)[0] not in (1, 2, 8):
            continue
        path = text(found.get("imagepath", (1, b""))[1])
        if not path:
            path = "System32\\drivers\\" + hive.node_name(service) + ".sys"
        for root in ("\\systemroot\\", "%systemroot%\\"):
            if path.lower().startswith(root):
                path = path[len(root):]
        if ":" not in path and not path.startswith("\\"):
            files.add(path.replace("\\", "/"))
    return sorted(files)


def active(hive, inf):
    node = find(hive, "DriverDatabase\\DriverInfFiles\\" + inf)
    found = values(hive, node) if node else {}
    return text(found["Active"][1]) if "Active" in found else None


def set_value(hive, node, name, kind, data):
    hive.node_set_value(node, {"key": name, "t": kind, "value": data})


def copy(hive, source, target):
    for name, (kind, data) in values(hive, source).items():
        set_value(hive, target, name, kind, data)
    for child in hive.node_children(source):
        copy(hive, child, hive.node_add_child(target, hive.node_name(child)))


def edit(hive, what, key, *rest):
    if what == "delete-key":
        hive.node_delete_child(find(hive, key))
    elif what == "delete-value":
        node = find(hive, key)
        kept = values(hive, node)
        before = len(kept)
        kept = {name: value for name, value in kept.items() if name.lower() != rest[0].lower()}
        assert len(kept) < before, "no value to delete"
        kept = [{"key": name, "t": kind, "value": data} for name, (kind, data) in kept.items()]
        hive.node_set_values(node, kept)
    elif what == "copy-key":
        copy(hive, find(hive, key), make(hive, rest[0]))
    elif what == "set":
        name, kind, data = rest
        set_value(hive, make(hive, key), name, kind, bytes.fromhex(data))
    else:
        raise ValueError(what)


def answer(request):
    if "device" in request:
        return device(hivex.Hivex(base), request["device"])
    if "drivers" in request:
        return drivers(hivex.Hivex(base), request["drivers"])
    if "active" in request:
        return active(hivex.Hivex(base), request["active"])
    hive = hivex.Hivex(base, write=True)
    for words in request["edits"]:
        edit(hive, *words)
    hive.commit(request["mutant"])
    return "done"


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
