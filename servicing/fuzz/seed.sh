#!/bin/sh
# Fills fuzz/corpus with the catalogs and small cabinets of a folder.
set -eu
folder=${1:?usage: seed.sh FOLDER-WITH-CATALOGS-OR-CABINETS}
corpus=$(dirname "$0")/corpus/catalog
mkdir -p "$corpus"
find "$folder" -type f -iname '*.cat' |
while read -r file; do
    cp "$file" "$corpus/$(echo "$file" | cksum | cut -d' ' -f1)-$(basename "$file")"
done
echo "seeds: $(find "$corpus" -type f | wc -l)"
cabinets=$(dirname "$0")/corpus/cabinet
mkdir -p "$cabinets"
find "$folder" -type f -iname '*.cab' -size -64k |
while read -r file; do
    cp "$file" "$cabinets/$(echo "$file" | cksum | cut -d' ' -f1)-$(basename "$file")"
done
# Listings of computers come with the repository.
listings=$(dirname "$0")/corpus/hardware
mkdir -p "$listings"
cp "$(dirname "$0")"/../../testdata/hardware/*.txt "$listings"
