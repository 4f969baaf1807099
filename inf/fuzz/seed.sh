#!/bin/sh
# Fills fuzz/corpus with small INFs from a folder. The first byte of an input
# chooses the options, so each seed gets one.
set -eu
folder=${1:?usage: seed.sh FOLDER-WITH-INFS}
corpus=$(dirname "$0")/corpus/parse
mkdir -p "$corpus"
find "$folder" -type f \( -iname '*.inf' -o -iname '*.inx' -o -iname '*.oem' \) -size -8k |
while read -r file; do
    { printf '\000'; cat "$file"; } > "$corpus/$(basename "$file")"
done
echo "seeds: $(find "$corpus" -type f | wc -l)"
