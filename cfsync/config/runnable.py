"""What the settings must hold together before the daemon runs; `run`, `doctor` and `config check`
all ask here. Needs no connection.
"""

from __future__ import annotations

import ipaddress
import os

from cfsync.config.model import MISSING, Settings
from cfsync.config.sections import NotifySettings, WebSettings
from cfsync.errors import SettingsError


def check(settings: Settings) -> None:
    """Raise SettingsError for settings that are missing, unsafe or can't work."""
    if found := problems(settings):
        raise SettingsError(found)


def problems(settings: Settings) -> list[str]:
    """A line for each thing because of which the daemon doesn't run with these settings."""
    missing = [text for name, text in MISSING.items() if not getattr(settings.api, name)]
    return missing + web_problems(settings.web) + _notify_problems(settings.notify)


def _notify_problems(notify: NotifySettings) -> list[str]:
    if bool(notify.email_to) == bool(notify.smtp):
        return []
    return ["notify.email_to and notify.smtp are both needed, or none"]


def web_problems(web: WebSettings) -> list[str]:
    """A line for each thing because of which the web server can't listen as it should."""
    found = []
    local = web.listen == "off" or is_loopback(host_and_port(web.listen)[0])
    if not local and web.access_token is None:
        found.append(f"web.listen = {web.listen} is not loopback: set web.access_token")
    if (web.tls_cert is None) != (web.tls_key is None):
        found.append("web.tls_cert and web.tls_key are both needed, or none")
    files = (("web.tls_cert", web.tls_cert), ("web.tls_key", web.tls_key))
    unread = [
        f"{name} can't be read: {path}"
        for name, path in files
        if path and not (path.is_file() and os.access(path, os.R_OK))
    ]
    return found + (unread or certificate_problems(web))


def certificate_problems(web: WebSettings) -> list[str]:
    """A line where the two files are no certificate and its key."""
    import ssl

    if not (web.tls_cert and web.tls_key):
        return []
    try:  # nobody is there to type a password
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(web.tls_cert, web.tls_key, "")
    except OSError as error:  # ssl.SSLError is one
        return [f"web.tls_cert and web.tls_key are not a certificate and its key: {error}"]
    return []


def host_and_port(listen: str) -> tuple[str, int]:
    """Host and port of `web.listen`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
