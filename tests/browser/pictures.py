"""Makes the pictures of the documents from `cfsync demo --console`: `make pictures`.

The account, the values and the day in the charts are the same each time; ages are not.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.browser.__main__ import install
from tests.browser.conftest import chromium_driver

PICTURES = Path(__file__).parents[2] / "docs/pictures"
WIDTH = 1280

SHOTS = (
    ("overview", "/?range=24h", 1180, False),
    ("waiting", "/waiting", 860, False),
    ("record", "/records/contacts/4038", 760, True),
)
"""Name, page, height, and whether it is dark."""


def main() -> int:
    install()
    PICTURES.mkdir(exist_ok=True)
    demo = [sys.executable, "-m", "cfsync", "demo", "--console"]
    with (
        subprocess.Popen(demo, stdout=subprocess.PIPE, text=True) as process,
        chromium_driver() as driver,
    ):
        assert process.stdout is not None
        address = next(line.split()[-1] for line in process.stdout if "console is at" in line)
        for name, path, height, dark in SHOTS:
            take(driver, address.rstrip("/") + path, PICTURES / f"{name}.png", height, dark=dark)
            print(f"docs/pictures/{name}.png", flush=True)
        process.terminate()
    return 0


def take(driver: Any, address: str, file: Path, height: int, *, dark: bool) -> None:
    """A picture of the upper part of a page."""
    color = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [color]})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(address)
    loaded = "const done = arguments[0]; document.fonts.ready.then(() => done(true))"
    driver.execute_async_script(loaded)
    time.sleep(0.5)  # the font is drawn
    driver.save_screenshot(str(file))


if __name__ == "__main__":
    sys.exit(main())
