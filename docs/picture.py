"""Take the picture of the leaderboard that the README shows, of results/reference/quick.

``python docs/picture.py`` needs Chromium: the one of the system, else ``playwright install chromium``.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "results" / "reference" / "quick" / "leaderboard.html"

if __name__ == "__main__":
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        tab.goto(PAGE.as_uri())
        tab.screenshot(path=ROOT / "docs" / "leaderboard.png")
        browser.close()
