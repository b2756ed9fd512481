#!/usr/bin/env bash
# Fetch free PDF documents to learn from into a folder (default: pdfs/): about 300 MB, 1,320 files.
#
#   scripts/fetch_real_pages.sh [FOLDER] [NUMBER]
#
# From the packages of the Debian (or Ubuntu) archive that scripts/real_pages.txt names, by apt-get,
# without installing anything and without root; NUMBER: only so many of them, spread evenly. Each
# PDF lies in FOLDER/PACKAGE, beside the package's `copyright`. What cannot be had is left out, and
# what is there is not fetched again. `dessurt data from-pdf FOLDER` makes pages of them.
set -euo pipefail

folder=$(mkdir -p "${1:-pdfs}" && cd "${1:-pdfs}" && pwd)
list=$(dirname "$(realpath "$0")")/real_pages.txt
count=$(wc -l <"$list")
number=${2:-$count}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "apt-get and dpkg-deb are needed: run this on Debian or Ubuntu." >&2
  exit 1
fi
awk -v n="$number" -v all="$count" 'int(NR * n / all) > int((NR - 1) * n / all)' "$list" |
  while read -r name; do
    [ -d "$folder/$name" ] && continue
    if ! apt-get download -q "$name" >/dev/null 2>&1; then
      echo "$name: not in this archive" >&2
      continue
    fi
    dpkg-deb -x "$name"_*.deb deb
    find deb -name '*.pdf.gz' -type f -exec gunzip -f {} +
    mkdir -p "part"
    find deb -name '*.pdf' -type f -exec cp -n {} part \;
    find deb -path "*/$name/copyright" -type f -exec cp {} part \;
    mv part "$folder/$name"
    rm -rf deb ./*.deb
    echo "$name: $(find "$folder/$name" -name '*.pdf' | wc -l) PDF"
  done
echo "$(find "$folder" -name '*.pdf' | wc -l) PDF documents in $folder"
