"""Print the path of a Chromium that starts; exit 1 when there is none."""

import shutil
import sys
from collections.abc import Iterator

from playwright.sync_api import Error, Playwright, sync_playwright

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")


def candidates(playwright: Playwright) -> Iterator[str]:
    """Browsers on the PATH first, then the one that Playwright downloads."""
    for name in NAMES:
        if path := shutil.which(name):
            yield path
    yield playwright.chromium.executable_path


def find() -> str | None:
    """Return the first candidate that really starts: some names are only stubs."""
    try:
        with sync_playwright() as playwright:
            return next((path for path in candidates(playwright) if starts(playwright, path)), None)
    except Exception:  # Playwright's own driver does not start; it raises nothing narrower
        return None


def starts(playwright: Playwright, path: str) -> bool:
    """Whether the browser at `path` opens without a screen."""
    try:
        playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]).close()
    except Error:
        return False
    return True


if __name__ == "__main__":
    found = find()
    if found is None:
        sys.exit(1)
    print(found)
