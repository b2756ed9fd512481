#!/usr/bin/env bash
# Fetch free fonts for `dessurt synth` into a folder (default: fonts/), about 100 MB.
#
#   scripts/fetch_fonts.sh [FOLDER]
#
# From the Debian (or Ubuntu) archive by apt-get, without installing anything and without root; and,
# where npm and Python's fonttools and brotli are there, from the npm packages of Fontsource. All are
# free (OFL, Apache, GPL with font exception, public domain; each package holds its licence). What
# cannot be had is left out: the generator works with fewer families.
set -euo pipefail

folder=$(mkdir -p "${1:-fonts}" && cd "${1:-fonts}" && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debian="
  dejavu-core liberation2 urw-base35 texgyre lmodern lato open-sans roboto-unhinted roboto-slab
  cantarell ebgaramond linuxlibertine crosextra-carlito crosextra-caladea oldstandard
  goudybookletter fanwood vollkorn averia-serif-gwf cabin dosis jura quicksand freefont-ttf
  inconsolata anonymous-pro gnutypewriter courier-prime tlwg-typewriter-ttf ocr-b breip
  dkg-handwriting dancingscript ecolier-court havana kaushanscript kristi leckerli-one lobstertwo
  rufscript sjfonts comic-neue"
fontsource="
  caveat caveat-brush kalam patrick-hand homemade-apple reenie-beanie shadows-into-light
  indie-flower architects-daughter gloria-hallelujah covered-by-your-grace cedarville-cursive
  sacramento satisfy great-vibes allura alex-brush parisienne gochi-hand handlee neucha bad-script
  marck-script annie-use-your-telescope schoolbell swanky-and-moo-moo the-girl-next-door
  short-stack sue-ellen-francisco delius mansalva special-elite ibm-plex-mono vt323"

cd "$work"
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
  for name in $debian; do
    if apt-get download -q "fonts-$name" >/dev/null 2>&1; then
      dpkg-deb -x fonts-"$name"_*.deb "$work/deb"
      echo "fonts-$name"
    else
      echo "fonts-$name: not in this archive" >&2
    fi
  done
  find "$work/deb" -type f \( -name '*.ttf' -o -name '*.otf' \) -exec cp -n {} "$folder" \; ||
    true
else
  echo "No apt-get and dpkg-deb here: the Debian packages are left out." >&2
fi

if command -v npm >/dev/null && "$python" -c "import fontTools, brotli" 2>/dev/null; then
  for name in $fontsource; do
    if npm pack --silent "@fontsource/$name" >/dev/null 2>&1; then
      mkdir -p "npm/$name"
      tar -xzf fontsource-"$name"-[0-9]*.tgz -C "npm/$name"
      "$python" - "npm/$name" "$folder/$name.ttf" "$name" <<'PYTHON'
import sys
from pathlib import Path

from fontTools.ttLib import TTFont

folder, target, name = sys.argv[1:]
(found,) = Path(folder).glob(f"package/files/{name}-latin-400-normal.woff2")
font = TTFont(found)
font.flavor = None
font.save(target)
PYTHON
      echo "@fontsource/$name"
    else
      echo "@fontsource/$name: not to be had" >&2
    fi
  done
else
  echo "No npm, or no fonttools and brotli for $python: the npm packages are left out." >&2
fi

echo "$(find "$folder" -maxdepth 1 -type f | wc -l) fonts in $folder"
