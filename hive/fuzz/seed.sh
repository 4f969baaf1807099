#!/bin/sh
# Fills fuzz/corpus with hives of up to 600 KB from a folder (.zst is unpacked),
# for `replay` each joined with its log: length of the hive, hive, log.
set -eu
folder=${1:?usage: seed.sh FOLDER-WITH-HIVES}
corpus=$(dirname "$0")/corpus
mkdir -p "$corpus/open_read_edit" "$corpus/peek" "$corpus/replay" "$corpus/inherited_security"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$folder" -type f | while read -r file; do
    name=$(echo "${file#"$folder"/}" | tr '/ ' '__')
    case $name in
        *.zst) zstd -qdc "$file" > "$work/$name" ;;
        *) cat "$file" > "$work/$name" ;;
    esac
    [ "$(head -c 4 "$work/$name")" = regf ] || { rm "$work/$name"; continue; }
    [ "$(wc -c < "$work/$name")" -le 614400 ] || { rm "$work/$name"; continue; }
    case ${name%.zst} in *.LOG | *.LOG1 | *.LOG2) continue ;; esac
    cp "$work/$name" "$corpus/open_read_edit/$name"
    cp "$work/$name" "$corpus/peek/$name"
    log=${file%.zst}.LOG1
    [ -s "$log" ] || continue
    python3 - "$work/$name" "$log" > "$corpus/replay/$name" <<'PYTHON'
import struct, sys
hive, log = (open(path, "rb").read() for path in sys.argv[1:3])
sys.stdout.buffer.write(struct.pack("<I", len(hive)) + hive + log)
PYTHON
done
# Security descriptors start at the records' twentieth byte.
python3 - "$corpus" <<'PYTHON'
import pathlib, struct, sys
corpus = pathlib.Path(sys.argv[1])
found = set()
for hive in (corpus / "peek").iterdir():
    data = hive.read_bytes()
    at = data.find(b"sk\0\0")
    while at >= 0:
        length = struct.unpack_from("<I", data, at + 16)[0] if at + 20 <= len(data) else 0
        if 20 <= length <= 4096:
            found.add(data[at + 20:at + 20 + length])
        at = data.find(b"sk\0\0", at + 4)
for number, descriptor in enumerate(sorted(found)):
    (corpus / "inherited_security" / f"{number:04}").write_bytes(descriptor)
PYTHON
echo "seeds: $(find "$corpus" -type f | wc -l)"
