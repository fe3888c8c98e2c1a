#!/usr/bin/env python3
"""Does everything that a client can with a fob.

Reads what to use as JSON from standard input and prints what came out. That
something is refused is an outcome too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keyfob_channel import RECORD, Refused
from keyfob_client import COUNTER, AppSession, Credential, GuestSession
from keyfob_signed import NotGenuine


def outcome(act: Callable[[], Any]) -> Any:
    """Returns what comes out, or why nothing does."""
    try:
        return act()
    except Refused as error:
        return {"refused": error.status}
    except NotGenuine as error:
        return {"not-genuine": str(error)}


def as_app(address: tuple[str, int], credential: Credential, task: dict[str, Any]) -> dict[str, Any]:
    """Spends and unlocks."""
    feature, sealed, operation = task["counted"], bytes.fromhex(task["sealed"]), os.urandom(8)
    with AppSession(address, credential, accept_emulated=True) as session:
        before = session.counter(feature)
        result = {
            "login": session.login,
            "before": before,
            "spent": outcome(lambda: session.spend(feature, 2, operation, before[1])),
            "repeated": outcome(lambda: session.spend(feature, 2, operation, before[1])),
            "with other units": outcome(lambda: session.spend(feature, 1, operation, before[1])),
            "too much": outcome(lambda: session.spend(feature, 9, os.urandom(8), before[1])),
            "from ahead": outcome(lambda: session.spend(feature, 1, os.urandom(8), before[1] + 9)),
            "after": session.counter(feature),
            "secret": outcome(lambda: session.unlock(feature, sealed).hex()),
            "altered secret": outcome(lambda: session.unlock(feature, sealed[:-1] + bytes([sealed[-1] ^ 1]))),
            "no key": outcome(lambda: session.unlock(feature, sealed, slot=1)),
            "answered twice alike": answered_twice_alike(session, feature),
            "altered record": outcome(lambda: session.link.call(session.channel, RECORD, bytes(30))),
            "later": session.counter(feature),
        }
        session.logout()
    return result


def answered_twice_alike(session: AppSession, feature: int) -> bool:
    """Sends one record twice."""
    record = session.sending.nonce.to_bytes(2, "big")
    record += session.sending.encrypt(bytes([COUNTER]) + feature.to_bytes(4, "big"))
    first = session.link.call(session.channel, RECORD, record)
    session.receiving.decrypt(first[2:])
    return session.link.call(session.channel, RECORD, record) == first


def as_guest(address: tuple[str, int], vendor_root: bytes, task: dict[str, Any]) -> dict[str, Any]:
    """Reads what anybody may."""
    nonce = os.urandom(16)
    with GuestSession(address, bytes.fromhex(task["maker_root"])) as session:
        info = session.info()
        result = {
            "serial": info[1].hex(),
            "boot_is_init's": info[4] == session.boot,
            "partitions": [[each[1].hex(), each[2].hex(), each[3], each[4]] for each in info[6]],
            "products": session.products(vendor_root),
            "grants": [session.grant(vendor_root, product) for product in task["products"]],
            "receipt": session.receipt(vendor_root, nonce),
            "check": outcome(lambda: AppSession.check(session, task["counted"])),
        }
        session.logout()
    return result


def misled(address: tuple[str, int], credential: Credential) -> dict[str, Any]:
    """Meets fobs that aren't what they seem."""

    class OtherRoot(AppSession):
        """Trusts another vendor than the one that it asks for."""

        def genuine_key(self, payload: bytes) -> bytes:
            self.root = bytes([credential.root[0] ^ 1]) + credential.root[1:]
            return super().genuine_key(payload)

    class OtherSerial(AppSession):
        """Was shown another fob's serial."""

        def genuine_key(self, payload: bytes) -> bytes:
            self.serial = bytes(8)
            return super().genuine_key(payload)

    class OtherKey(AppSession):
        """Finds the negative of the fob's key endorsed."""

        def genuine_key(self, payload: bytes) -> bytes:
            key = super().genuine_key(payload)
            return bytes([key[0] ^ 1]) + key[1:]

    def met(session: type[AppSession]) -> Any:
        return outcome(lambda: str(session(address, credential, accept_emulated=True)))

    return {
        "other root": met(OtherRoot),
        "other serial": met(OtherSerial),
        "other key": met(OtherKey),
        "emulated": outcome(lambda: str(AppSession(address, credential))),
        "other maker": outcome(lambda: str(GuestSession(address, credential.root))),
    }


def main() -> None:
    """Reads the task, does it and prints the results."""
    task = json.load(sys.stdin)
    host, _, port = task["address"].rpartition(":")
    address = host, int(port)
    credential = Credential.parse(Path(task["app"]).read_bytes())
    print(json.dumps({
        "app": as_app(address, credential, task),
        "guest": as_guest(address, credential.root, task),
        "misled": misled(address, credential),
    }))


if __name__ == "__main__":
    main()
