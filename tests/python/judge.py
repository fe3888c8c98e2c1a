#!/usr/bin/env python3
"""Judges endorsements: judge.py ROOT SERIAL, both in hexadecimal.

Reads an endorsement in hexadecimal from each line and answers each with
"genuine", or with why it isn't.
"""

from __future__ import annotations

import sys

from keyfob_signed import Endorsement, NotGenuine


def judge(line: str, root: bytes, serial: bytes) -> str:
    """Returns the verdict on one endorsement."""
    try:
        Endorsement.verified(bytes.fromhex(line), root, serial)
    except NotGenuine as error:
        return str(error)
    return "genuine"


if __name__ == "__main__":
    ROOT, SERIAL = map(bytes.fromhex, sys.argv[1:])
    for LINE in sys.stdin:
        print(judge(LINE, ROOT, SERIAL))
