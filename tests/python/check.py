#!/usr/bin/env python3
"""Checks a feature: check.py HOST:PORT APPFILE FEATURE.

Prints a line of JSON. Exits with 0 if the feature is allowed, 6 if it isn't,
8 if the fob isn't genuine, and 1 if there was no answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from keyfob_channel import Refused
from keyfob_client import AppSession, Credential
from keyfob_signed import NotGenuine

ALLOWED, FAILED, DENIED, NOT_GENUINE = 0, 1, 6, 8


def tell(outcome: str, **details: object) -> None:
    """Prints the outcome."""
    print(json.dumps({"outcome": outcome, **details}))


def main(address: str, app: str, feature: str) -> int:
    """Checks the feature and returns the exit code."""
    host, _, port = address.rpartition(":")
    try:
        credential = Credential.parse(Path(app).read_bytes())
        with AppSession((host, int(port)), credential, accept_emulated=True) as session:
            opened = session.link.reports
            verdict = session.check(int(feature))
            reports = {"opening": opened, "check": session.link.reports - opened}
            session.logout()
    except NotGenuine as error:
        tell("not-genuine", reason=str(error))
        return NOT_GENUINE
    except (Refused, OSError) as error:
        tell("failed", reason=str(error))
        return FAILED
    tell("denied" if verdict.status else "allowed", **vars(verdict), reports=reports)
    return DENIED if verdict.status else ALLOWED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
