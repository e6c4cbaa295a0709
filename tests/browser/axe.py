"""axe-core, the field's rules of accessibility, without a package that would need another browser.

The script ships in the wheel of `axe-playwright-python`, which is kept up to date; its Python code
is for another driver than ours, so that only the one file is taken. Nothing of it is installed.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

WHEEL = "axe-playwright-python==0.1.8"
KEPT = Path(__file__).parents[2] / "build/axe"
"""Where the wheel is kept between runs."""

RUN = """
const [done, only] = [arguments[arguments.length - 1], arguments[0]];
axe.run(document, { runOnly: only, resultTypes: ["violations"] }).then((found) =>
  done(found.violations.map((v) =>
    v.id + ": " + v.nodes.map((n) => n.target + " " + n.failureSummary).slice(0, 3).join(" | "))));
"""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"type": "tag", "values": _TAGS}
COLORS = {"type": "rule", "values": ["color-contrast"]}


def download() -> None:
    """Fetch it if it isn't there; not in a test, which trusts one certificate authority only."""
    if not [*KEPT.glob("*.whl")]:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--dest", str(KEPT), WHEEL]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


@cache
def script() -> str:
    """The source of axe-core."""
    (wheel,) = KEPT.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return opened.read("axe_playwright_python/axe.min.js").decode()
