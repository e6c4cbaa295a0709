"""A breakage as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Breakage:
    """In `file`, which has it just once, `old` becomes `new`. `why`: what it would do to somebody.
    `tests`: the pytest ids of those that must notice, a few seconds' worth.
    """

    name: str
    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]

    def apply(self, root: Path) -> str:
        """Break the file below `root`; returns its text as it was. Raises ValueError where the old
        text isn't there just once.
        """
        file = root / self.file
        text = file.read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} has the old text {text.count(self.old)} x")
        file.write_text(text.replace(self.old, self.new))
        return text
