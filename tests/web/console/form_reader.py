"""The forms of a page as a browser sends them when nothing is touched."""

from __future__ import annotations

from html.parser import HTMLParser


def sent(page: str, action: str | None = None) -> list[tuple[str, str]]:
    """What the form with this action sends; None: the form without one, which a page has once."""
    reader = _Reader(action)
    reader.feed(page)
    return [(name, "\r\n".join(text.splitlines() or [""])) for name, text in reader.values]


class _Reader(HTMLParser):
    def __init__(self, action: str | None) -> None:
        super().__init__()
        self.values: list[tuple[str, str]] = []
        self._action, self._inside = action, False
        self._area: list[str] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("method") == "post" and given.get("action") == self._action
        elif self._inside and tag == "textarea":
            self._area = [given["name"]]
        elif self._inside and tag == "select":
            self._select = given["name"]
        elif self._inside and tag == "option" and "selected" in given:
            self.values.append((self._select, given["value"]))
        elif self._inside and tag == "input" and "name" in given:
            self._input(given)

    def _input(self, given: dict[str, str]) -> None:
        kind, text = given.get("type"), given.get("value", "")
        if kind != "hidden":  # a line holds no end of one
            text = text.replace("\n", "").replace("\r", "")
        if kind != "checkbox" or "checked" in given:
            self.values.append((given["name"], text))

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            name, *text = self._area
            self.values.append((name, "".join(text).removeprefix("\n")))
            self._area = None
        elif tag == "form":
            self._inside = False
