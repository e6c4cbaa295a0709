"""docs/architecture.md knows every package. That its paths exist: test_documents.py."""

from __future__ import annotations

import pytest

from tests.meta.documents import ROOT, document

PACKAGES = sorted(
    f"{path.parent.relative_to(ROOT)}/"
    for pattern in ("cfsync/*/__init__.py", "cfsync/*/*/__init__.py")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_described(package: str) -> None:
    cells = [row.split("|")[1] for row in _rows()]

    named = [path for cell in cells for path in cell.split("`") if path.startswith(package)]

    assert named, f"docs/architecture.md has no row for {package}"


def _rows() -> list[str]:
    return [line for line in document("docs/architecture.md").prose.splitlines() if line[:1] == "|"]
