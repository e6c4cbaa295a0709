"""Why a connection could not be made, in plain words."""

from __future__ import annotations

import os
import re
import socket
import ssl
from errno import errorcode

_NUMBER = re.compile(r"\[Errno (\d+)\]")


def plain(error: OSError) -> str:
    """The reason without numbers of errors, addresses and lines of code. Pure."""
    match error:
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return f"TLS fails: {(error.reason or 'no reason given').replace('_', ' ').lower()}"
        case socket.gaierror():
            return "its name can't be looked up"
    number = error.errno or _first_number(str(error))
    return os.strerror(number).lower() if number in errorcode else "the network fails"


def _first_number(text: str) -> int:
    """Where several addresses were tried, their errors are in one text. 0: there is none."""
    found = _NUMBER.search(text)
    return int(found[1]) if found else 0
