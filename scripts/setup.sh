#!/usr/bin/env bash
# Prepares .venv for `make app` (setup.sh app) or for the tests (setup.sh dev).
# Safe to run again: it repairs what is missing and leaves the rest alone.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"
kind="${1:?say app or dev}"

say() { echo "[set-up] $*"; }
fail() { echo "[set-up] $*" >&2; exit 1; }

# Installs Debian or Ubuntu packages; false where that cannot be done without asking.
apt_install() {
    command -v apt-get >/dev/null || return 1
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || return 1
        root=(sudo)
    fi
    say "Installing system packages: $*"
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get -qq)
    { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } >/dev/null
}

make_venv() {
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then return; fi
    command -v "$PYTHON" >/dev/null ||
        fail "No $PYTHON here: install Python 3.11 or newer, or name yours: make PYTHON=python3.12"
    local version
    version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$PYTHON is Python $version, but 3.11 or newer is needed: make PYTHON=python3.12"
    say "Creating .venv with Python $version"
    rm -rf .venv
    # Debian and Ubuntu ship the venv module as a package of its own.
    "$PYTHON" -c 'import ensurepip' 2>/dev/null || apt_install "python$version-venv" ||
        fail "This Python cannot make virtual environments: install python$version-venv."
    "$PYTHON" -m venv .venv
}

pip_install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }

# A build of PyTorch other than PyPI's, 2.13.0+cpu for example: its hash is not in lock/, and it
# needs no GPU libraries of PyPI. It is kept where you installed it, and taken from a folder that
# your pip is told to look in (find-links).
own_torch() {
    pip_install --no-index --no-deps --only-binary :all: "torch==$1" >/dev/null 2>&1 || true
    .venv/bin/python -c 'import importlib.metadata, sys
sys.exit(not importlib.metadata.version("torch").startswith(sys.argv[1] + "+"))' "$1" 2>/dev/null
}

# Every download has to have a hash that lock/ lists, and only the project itself is built.
install_packages() {
    say "Installing Python packages into .venv (PyTorch is large: the first time takes minutes)"
    local version lists=(--requirement "lock/$kind.txt")
    version=$(sed -n 's/^torch==\([^ ]*\).*/\1/p' lock/torch.txt)
    if own_torch "$version"; then
        say "PyTorch is a build of your own, so its hash is not checked"
    else
        lists+=(--requirement lock/torch.txt)
    fi
    pip_install --require-hashes --only-binary :all: "${lists[@]}" ||
        fail "Not everything in lock/ could be installed, see above; docs/packages.md says more."
    # Built with the setuptools that was just installed, which has no need of more downloads.
    pip_install --no-deps --no-build-isolation --editable .
}

# opencv-python's Linux wheels leave libGL and GLib to the system; bare servers lack them.
check_libraries() {
    if .venv/bin/python -c 'import cv2' 2>/dev/null; then return; fi
    # shellcheck disable=SC2046  # one word a package
    apt_install $(cat packages.txt) || true
    .venv/bin/python -c 'import cv2' ||
        fail "OpenCV cannot be loaded (above): install your system's libGL and GLib, then try again."
}

chromium_starts() { .venv/bin/python scripts/find_chromium.py >/dev/null 2>&1; }

check_chromium() {
    if chromium_starts; then return; fi
    say "Looking for a Chromium for the browser tests"
    .venv/bin/python -m playwright install chromium >/dev/null 2>&1 || true
    if chromium_starts; then return; fi
    apt_install chromium libatomic1 || true  # Playwright's own driver needs the second
    if chromium_starts; then return; fi
    local advice="install Chromium or Google Chrome so that it is on the PATH, then try again."
    if [ -n "${CI:-}" ]; then fail "No Chromium starts here: $advice"; fi
    say "No Chromium starts here, so the browser tests will be skipped; to run them $advice"
    return 1
}

# Most tests draw pages in the fonts that Typst brings; some want others, and one kept for validation.
check_fonts() {
    local look='import sys, typst
sys.exit(not {"TeX Gyre Schola", "Liberation Sans"} <= set(typst.Fonts().families()))'
    if .venv/bin/python -c "$look"; then return; fi
    apt_install fonts-texgyre fonts-liberation2 || apt_install fonts-texgyre fonts-liberation ||
        say "No TeX Gyre and Liberation fonts here: the tests that draw with them will be skipped"
}

# For the checks of the app's JavaScript alone: neither the app nor any test in a browser needs it.
check_node() {
    local without="so the JavaScript will be neither linted nor type-checked"
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
        say "No Node with npm here, $without: install Node 20 or newer, then try again."
    elif ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
        say "Node $(node --version) is here but 20 or newer is needed, $without."
    else
        npm ci --silent --no-audit --no-fund >/dev/null 2>&1 ||
            say "npm ci did not succeed, $without: run it to see why."
    fi
}

make_venv
install_packages
check_libraries
touch .venv/app-ready
if [ "$kind" = dev ]; then
    check_fonts
    check_node
    check_chromium || exit 0  # not marked ready: the next `make test` looks again
    touch .venv/dev-ready
fi
