#!/usr/bin/env python3
"""Judges signed things of every kind.

Reads "KIND SIGNER BOUND_TO ENVELOPE" from each line, in hexadecimal but for
the kind, with a comma between the parts of BOUND_TO, and answers each with
"genuine", or with why it isn't.
"""

from __future__ import annotations

import sys

from keyfob_signed import NotGenuine, verify

PROOF = 10


def judge(kind: int, signer: str, bound_to: str, envelope: str) -> str:
    """Returns the verdict on one signed thing."""
    parts = [bytes.fromhex(part) for part in bound_to.split(",") if part]
    try:
        verify(bytes.fromhex(envelope), kind, bytes.fromhex(signer), parts, dict if kind == PROOF else list)
    except NotGenuine as error:
        return str(error)
    return "genuine"


if __name__ == "__main__":
    for LINE in sys.stdin:
        KIND, *REST = LINE.rstrip("\n").split(" ")
        print(judge(int(KIND), *REST))
