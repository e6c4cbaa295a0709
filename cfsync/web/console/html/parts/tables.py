"""A table that scrolls sideways by itself where the page is too narrow."""

from __future__ import annotations

from collections.abc import Mapping

import htpy as h


def table(label: str, heads: Mapping[str, str], rows: h.Node, kind: str = "") -> h.Element:
    """A table. `label`: what screen readers call it. `heads`: names of columns, each with its
    class; a column of buttons has no name. `kind`: the table's class.
    """
    head = (
        h.th(scope="col", class_=kind or None)[name] if name.strip() else h.td
        for name, kind in heads.items()
    )
    return h.div(".wide", tabindex="0", role="region", aria_label=label)[
        h.table(class_=kind or None)[h.thead[h.tr[head]], h.tbody[rows]]
    ]
