"""What is around each page: navigation, search, messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import htpy as h

from cfsync.resources import RESOURCES
from cfsync.web.console.html.parts.words import LINKED, prose, words

_AREAS = (
    ("People", "contact"),
    ("Sales", "order product fulfillment discount shipping sales pipeline opportun store price"),
    ("Courses", "course enrollment lesson form submission answer communit"),
    ("Pages", "funnel page blog site email theme domain image"),
)
"""Areas of the navigation, each with what the names of its tables begin with or hold."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What every page shows beside its own content."""

    #: The database, without a password.
    database: str
    #: What it is called in short.
    name: str
    #: How many things wait for a person.
    waiting: int
    #: Resource -> rows of its table.
    rows: Mapping[str, int]
    #: The lists that are mirrored, or were.
    mirrored: Collection[str] = frozenset(RESOURCES)
    #: Messages about what was done last: (`ok` or `bad`, text).
    messages: Sequence[tuple[str, str]] = ()
    #: Whether one can log out.
    has_login: bool = False
    #: Whether nothing can be changed here.
    read_only: bool = False
    #: Whether a daemon runs in this process.
    has_daemon: bool = False
    #: What was searched for last.
    words: str = ""


def page(shell: Shell, title: str, *body: h.Node, here: str = "") -> h.Element:
    """A page. `here`: the entry of the navigation that it belongs to."""
    return document(
        title,
        h.a(".skip", href="#main")["Skip to the content"],
        _navigation(shell, here),
        h.div("#page")[
            _top(shell),
            h.main("#main", tabindex="-1")[
                (
                    h.p(class_=["flash", kind], role="status")[prose(text)]
                    for kind, text in shell.messages
                ),
                LINKED.provider(shell.mirrored, body),
            ],
        ],
    )


def document(title: str, *body: h.Node, kind: str = "") -> h.Element:
    """An HTML document."""
    return h.html(lang="en")[
        h.head[
            h.meta(charset="utf-8"),
            h.meta(name="viewport", content="width=device-width, initial-scale=1"),
            h.meta(name="color-scheme", content="light dark"),
            h.title[f"{title} · cfsync"],
            h.link(rel="stylesheet", href="/static/console.css"),
            h.link(rel="stylesheet", href="/static/parts.css"),
            h.link(rel="icon", href="/static/icon.svg"),
            h.script(src="/static/console.js", defer=True),
        ],
        h.body(class_=kind or None)[body],
    ]


def _navigation(shell: Shell, here: str) -> h.Element:
    def item(href: str, text: str, key: str, extra: h.Node = None) -> h.Element:
        current = "page" if key == here else None
        return h.a(class_=["item", {"here": key == here}], href=href, aria_current=current)[
            h.span[text], extra
        ]

    waiting = h.span("#badge", class_=["badge", {"zero": not shell.waiting}])[f"{shell.waiting:,}"]
    return h.nav("#side", aria_label="Main")[
        h.a(".brand", href="/")[h.img(src="/static/icon.svg", alt=""), "cfsync"],
        item("/", "Overview", "overview"),
        item("/waiting", "Waiting for you", "waiting", waiting),
        item("/activity", "Activity", "activity"),
        item("/lists", "Lists and settings", "lists"),
        h.h2(".menu")["Records"],
        (
            h.details(".group", open=here in names or area == "People")[
                h.summary[area],
                (
                    item(f"/records/{n}", words(n), n, h.span(".count")[f"{shell.rows[n]:,}"])
                    for n in names
                ),
            ]
            for area, names in areas(shell.rows).items()
        ),
    ]


def areas(rows: Mapping[str, int]) -> dict[str, list[str]]:
    """Area -> the tables in it that have rows, in the catalogue's order. Pure."""
    found: dict[str, list[str]] = {area: [] for area in (*dict(_AREAS), "Account")}
    for name in RESOURCES:
        if rows.get(name):
            found[_area(name)].append(name)
    return {area: names for area, names in found.items() if names}


def _area(name: str) -> str:
    for area, beginnings in _AREAS:
        if any(beginning in name for beginning in beginnings.split()):
            return area
    return "Account"


def _top(shell: Shell) -> h.Element:
    return h.header("#top")[
        h.form("#search", action="/search", method="get", role="search")[
            h.input(
                name="q",
                type="search",
                value=shell.words,
                placeholder="Find by email, name, id or order number",
                aria_label="Search",
                autocomplete="off",
            ),
            h.kbd(aria_hidden="true")["/"],
        ],
        shell.read_only and h.span(".chip")["read-only"],
        h.span(".place", title=shell.database)[shell.name],
        shell.has_login and h.form(method="post", action="/logout")[h.button(".quiet")["Log out"]],
    ]


def button(
    action: str,
    choice: str,
    text: str,
    *,
    kind: str = "main",
    given: Mapping[str, object] | None = None,
) -> h.Element:
    """A button that does something, or shows first what it would do. `kind`: main, quiet or danger.
    `given`: what is sent with it.
    """
    return h.form(".one", method="post", action=action)[
        (
            h.input(type="hidden", name=name, value=str(value))
            for name, value in (given or {}).items()
        ),
        h.button(f".{kind}", name="choice", value=choice)[text],
    ]


def sorry(shell: Shell, title: str, text: str) -> h.Element:
    """What is shown in place of a page."""
    return page(
        shell,
        title,
        h.section(".empty")[h.h1[title], h.p[text], h.p[h.a(href="/")["To the overview"]]],
    )
