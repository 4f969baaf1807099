"""regipy's view: number of keys in the hive, then the values of one subtree, one a line."""

import sys

from regipy.registry import RegistryHive

path, subtree = sys.argv[1], sys.argv[2]
hive = RegistryHive(path)
keys = 0
pending = [hive.root]
while pending:
    key = pending.pop()
    keys += 1
    pending.extend(key.iter_subkeys() or [])
print(keys)


def show(key, name):
    print(f"[{name}]")
    if key.values_count:
        for value in key.iter_values(trim_values=False):
            data = value.value
            if isinstance(data, bytes):
                data = data.hex()
            if isinstance(data, list):
                data = "|".join(data)
            print(f"{value.name};{value.value_type};{data}")
    if key.subkey_count:
        for subkey in key.iter_subkeys():
            show(subkey, f"{name}\\{subkey.name}")


show(hive.get_key("\\" + subtree), subtree)
