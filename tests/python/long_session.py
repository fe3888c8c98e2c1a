#!/usr/bin/env python3
"""Asks until keys have been replaced: long_session.py HOST:PORT APPFILE FEATURE REQUESTS.

Prints the number of requests that were answered.
"""

from __future__ import annotations

import sys
from pathlib import Path

from keyfob_client import AppSession, Credential


def main(address: str, app: str, feature: str, requests: str) -> None:
    """Asks for a counter again and again."""
    host, _, port = address.rpartition(":")
    credential = Credential.parse(Path(app).read_bytes())
    with AppSession((host, int(port)), credential, accept_emulated=True) as session:
        answers = [session.counter(int(feature)) for _ in range(int(requests))]
        session.logout()
    print(len(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
