#!/bin/sh
# Fills fuzz/corpus with small WIM files of all kinds, made by wimlib-imagex,
# and with their unpacked metadata.
set -eu
corpus=$(dirname "$0")/corpus
mkdir -p "$corpus/container" "$corpus/metadata"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/source/a/b" "$work/source/empty"
seq 1 9000 > "$work/source/a/numbers"
ln "$work/source/a/numbers" "$work/source/a/b/linked"
ln -s numbers "$work/source/a/link"
head -c 40000 /dev/zero > "$work/source/zeros"
echo one > "$work/source/one"
make() {
    name=$1
    shift
    wimlib-imagex capture "$work/source" "$work/$name.wim" "image" "$@" > "$work/log" 2>&1
    cp "$work/$name.wim" "$corpus/container/$name"
}
make none --compress=none --check
make unix --compress=none --unix-data --boot
make xpress --compress=xpress --chunk-size=4K
make lzx --compress=lzx --check
make lzms --compress=lzms --chunk-size=32K
make solid --solid --solid-chunk-size=32K
wimlib-imagex append "$work/source/a" "$work/none.wim" "second" > "$work/log"
cp "$work/none.wim" "$corpus/container/two-images"
wimlib-imagex split "$work/lzx.wim" "$work/part.swm" 0.01 > "$work/log"
cp "$work/part.swm" "$corpus/container/part-1"
# Metadata come first in the blob table; uncompressed files have them as they are.
for name in none unix two-images; do
    python3 - "$corpus/container/$name" "$corpus/metadata" <<'PYTHON'
import pathlib, struct, sys
data = pathlib.Path(sys.argv[1]).read_bytes()
size, offset = struct.unpack_from("<QQ", data, 0x30)
for at in range(offset, offset + (size & (1 << 56) - 1), 50):
    first, start, length = struct.unpack_from("<QQQ", data, at)
    if first >> 56 == 2:
        name = f"{pathlib.Path(sys.argv[1]).name}-{start}"
        (pathlib.Path(sys.argv[2]) / name).write_bytes(data[start:start + length])
PYTHON
done
# The first chunk of each compressed blob, behind its plain length; and the plain data.
mkdir -p "$corpus/decode_xpress" "$corpus/decode_lzx" "$corpus/decode_lzms" "$corpus/encode"
for codec in xpress lzx lzms; do
    wimlib-imagex capture "$work/source" "$work/chunks.wim" --compress=$codec --chunk-size=32K > "$work/log"
    python3 - "$work/chunks.wim" "$corpus/decode_$codec" <<'PYTHON'
import pathlib, struct, sys
data = pathlib.Path(sys.argv[1]).read_bytes()
size, offset = struct.unpack_from("<QQ", data, 0x30)
for at in range(offset, offset + (size & (1 << 56) - 1), 50):
    first, start, length = struct.unpack_from("<QQQ", data, at)
    stored = first & (1 << 56) - 1
    if first >> 56 & 4:
        chunks = -(-length // 32768)
        table = 4 * (chunks - 1)
        end = struct.unpack_from("<I", data, start)[0] if table else stored
        chunk = data[start + table:start + table + end]
        plain = struct.pack("<H", min(length, 32768) - 1)
        (pathlib.Path(sys.argv[2]) / str(start)).write_bytes(plain + chunk)
PYTHON
    rm "$work/chunks.wim"
done
number=0
for file in "$work/source/a/numbers" "$work/source/zeros" "$work/source/one"; do
    for which in '\000' '\001' '\002' '\003'; do
        { printf "$which"; head -c 20000 "$file"; } > "$corpus/encode/$number"
        number=$((number + 1))
    done
done
echo "seeds: $(find "$corpus" -type f | wc -l)"
