"""Sends a text to people: as the body of an HTTP request, by mail, or to a program.

No error says where it was sent to: such a URL is a secret.
"""

from __future__ import annotations

import http.client
import json
import smtplib
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from cfsync.config.sections import NotifySettings

TIMEOUT_S = 10.0
SUBJECT = "cfsync needs you"

_ERRORS = (
    *(OSError, ValueError, subprocess.SubprocessError),
    *(smtplib.SMTPException, http.client.HTTPException),
)


class _NoEncryption(ValueError):
    """A mail server that would get the password in the clear."""


def send(settings: NotifySettings, text: str) -> dict[str, str]:
    """Send the text everywhere: the setting that names the place -> what went wrong, or ''."""
    result = {}
    for name, deliver in _channels(settings):
        try:
            deliver(settings, text)
        except _ERRORS as error:
            result[name] = _words(error)
        else:
            result[name] = ""
    return result


def _channels(
    settings: NotifySettings,
) -> Iterator[tuple[str, Callable[[NotifySettings, str], None]]]:
    if settings.webhook:
        yield "notify.webhook", _post
    if settings.email_to:
        yield "notify.email_to", _mail
    if settings.command:
        yield "notify.command", _run


def body_of(style: str, text: str) -> dict[str, Any]:
    """The JSON that a chat service takes for a message. `teams`: an adaptive card, which is what
    workflows of Microsoft Teams take; `slack`: what Slack, Mattermost and others take.
    """
    if style == "slack":
        return {"text": text}
    block = {"type": "TextBlock", "text": text.replace("\n", "\n\n"), "wrap": True}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _post(settings: NotifySettings, text: str) -> None:
    assert settings.webhook is not None
    request = urllib.request.Request(  # noqa: S310 - the settings take http and https alone
        settings.webhook.get_secret_value(),
        data=json.dumps(body_of(settings.webhook_style, text)).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
        pass


def _mail(settings: NotifySettings, text: str) -> None:
    assert settings.smtp is not None
    message = EmailMessage()
    message["Subject"] = SUBJECT
    message["From"] = settings.email_from or settings.email_to[0]
    message["To"] = ", ".join(settings.email_to)
    message.set_content(text)
    server = urlsplit(settings.smtp.get_secret_value())
    with _connect(server) as smtp:
        if server.password:
            smtp.login(unquote(server.username or ""), unquote(server.password))
        smtp.send_message(message)


def _connect(server: SplitResult) -> smtplib.SMTP:
    """Encrypted from the start (smtps), or as soon as the server offers it: a password and the text
    are then hidden from the network.
    """
    context = ssl.create_default_context()
    host, port = server.hostname or "", server.port or 0
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
    smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=context)
    elif server.password:
        smtp.close()
        raise _NoEncryption
    return smtp


def _run(settings: NotifySettings, text: str) -> None:
    subprocess.run(  # noqa: S603
        settings.command, input=text, text=True, capture_output=True, timeout=TIMEOUT_S, check=True
    )


def _words(error: Exception) -> str:
    match error:
        case urllib.error.HTTPError(code=code):
            return f"answers {code}"
        case urllib.error.URLError(reason=Exception() as reason):
            return _words(reason)
        case subprocess.CalledProcessError(returncode=code):
            return f"ends with exit code {code}"
        case subprocess.TimeoutExpired() | TimeoutError():
            return f"takes more than {TIMEOUT_S:.0f} s"
        case smtplib.SMTPResponseException(smtp_code=code):
            return f"answers {code}"
        case FileNotFoundError() | PermissionError():
            return "there is no such program, or it may not be run"
        case ssl.SSLError():
            return "has a certificate that can't be verified"
        case _NoEncryption():
            return "offers no encryption, so no password is sent"
    return "can't be reached"
