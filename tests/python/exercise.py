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

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyfob_channel import RECORD, Refused
from keyfob_client import COUNTER, DECRYPT, DERIVE, ENCRYPT, AppSession, Credential, GuestSession
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


def with_memory_and_keys(address: tuple[str, int], credential: Credential, task: dict[str, Any]) -> dict[str, Any]:
    """Uses memory and a feature's key, which it knows, so that it can do the fob's part itself."""
    feature, product, key = task["counted"], task["products"][0], bytes.fromhex(task["key"])
    aad, plaintext, random = feature.to_bytes(4, "big") + b"\0", os.urandom(700), os.urandom(16)
    nonce, context = os.urandom(32), b"an order"
    with AppSession(address, credential, accept_emulated=True) as session:
        session.write(product, 1, 250, plaintext)
        message = session.with_key(ENCRYPT, feature, plaintext)
        own = random + AESGCM(expanded(key, b"keyfob/1 encrypt" + random)).encrypt(bytes(12), plaintext, aad)
        proof = session.prove(feature, "https://shop.example", nonce, context)
        expected = {3: "https://shop.example", 10: nonce, -65537: feature, -65540: context}
        result = {
            "reads what it wrote": session.read(product, 1, 249, 702) == b"\0" + plaintext + b"\0",
            "writes a label": outcome(lambda: session.write(product, 2, 0, b"x").hex()),
            "reads a label": session.read(product, 2, 0, 48).rstrip(b"\0").decode(),
            "beyond the end": outcome(lambda: session.read(product, 1, 1000, 25).hex()),
            "no such file": outcome(lambda: session.read(product, 9, 0, 1).hex()),
            "decrypts the fob's": AESGCM(expanded(key, b"keyfob/1 encrypt" + message[:16])).decrypt(
                bytes(12), message[16:], aad) == plaintext,
            "fob decrypts": session.with_key(DECRYPT, feature, own) == plaintext,
            "fob decrypts what was altered": outcome(
                lambda: session.with_key(DECRYPT, feature, own[:-1] + bytes([own[-1] ^ 1])).hex()),
            "derives": session.with_key(DERIVE, feature, b"label") == expanded(key, b"keyfob/1 derivelabel"),
            "proof": {str(claim): value for claim, value in proof.items() if type(value) is int and claim != 6},
            "proof's app": proof[-65541].decode(),
            "proof answers": expected.items() <= proof.items(),
            "random": len(session.random(64)),
        }
        session.logout()
    return result


def expanded(key: bytes, info: bytes) -> bytes:
    """Derives 32 bytes by HKDF-SHA256 with an empty salt."""
    return HKDF(hashes.SHA256(), 32, None, info).derive(key)


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
            "snapshot": session.snapshot(vendor_root, nonce),
            "files": [[*each[:3], each[3] and each[3].decode()] for each in
                      session.files(vendor_root, task["products"][0])],
            "health": sorted(session.health()),
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
        "memory": with_memory_and_keys(address, credential, task),
        "guest": as_guest(address, credential.root, task),
        "misled": misled(address, credential),
    }))


if __name__ == "__main__":
    main()
