"""The login."""

from __future__ import annotations

import htpy as h

from cfsync.web.console.html.parts.layout import document


def login(*, is_wrong: bool = False) -> h.Element:
    """The form. `is_wrong`: the token that was given before is not the one."""
    form = h.form(method="post", action="/login")[
        h.img(src="/static/icon.svg", alt=""),
        h.h1["cfsync"],
        h.label[  # first, as password managers look for it there
            h.span["Your name, which the history shows beside what you do"],
            h.input(
                type="text",
                name="name",
                autofocus=True,
                autocomplete="username",
                maxlength="60",
            ),
        ],
        h.label[
            h.span["Access token (web.access_token of the settings)"],
            h.input(
                type="password",
                name="token",
                autocomplete="current-password",
                required=True,
            ),
        ],
        is_wrong and h.p(".err", role="alert")["That is not the token."],
        h.button(".main")["Log in"],
    ]
    return document("Log in", h.main[form], kind="login")
