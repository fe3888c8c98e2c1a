"""A client for Keyfob, written from docs/spec.md alone: sessions of apps and guests."""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

import keyfob_signed as signed
from keyfob_channel import BROADCAST, FINISH, INIT, OPEN, RECORD, Handshake, Link, Refused, compressed
from keyfob_signed import Endorsement, digest, require

LOGIN, LOGOUT, INFO, LIST, GRANT = 0x01, 0x02, 0x03, 0x05, 0x06
CHECK, SPEND, UNLOCK, COUNTER, RECEIPT = 0x10, 0x11, 0x12, 0x13, 0x21
RANDOM, HEALTH, READ, WRITE, FILES = 0x07, 0x08, 0x14, 0x15, 0x16
ENCRYPT, DECRYPT, DERIVE, PROVE, SNAPSHOT = 0x17, 0x18, 0x19, 0x1A, 0x24


@dataclass(frozen=True)
class Credential:
    """An app credential file (section 10)."""

    root: bytes
    key: ec.EllipticCurvePrivateKey
    certificate: bytes

    @classmethod
    def parse(cls, data: bytes) -> Credential:
        """Reads a file and checks that it fits together."""
        kind, root, secret, certificate = signed.shaped(signed.decode(data), [str, signed.POINT, 32, bytes])
        require(kind == "keyfob-app", "no app credential")
        scalar = int.from_bytes(secret, "big")
        require(0 < scalar < signed.ORDER, "no secret key")
        key = ec.derive_private_key(scalar, ec.SECP256R1())
        certified = signed.Certificate.verified(certificate, root, signed.APP, signed.HANDSHAKE)
        require(certified.key == compressed(key), "a certificate for another key")
        return cls(root, key, certificate)


class Session:
    """What apps and guests have in common: an authenticated channel."""

    def __init__(self, address: tuple[str, int], key: ec.EllipticCurvePrivateKey, certificate: bytes,
                 hint: bytes) -> None:
        self.link = Link(address)
        nonce = os.urandom(8)
        self.link.send(BROADCAST, INIT, nonce)
        while not (answer := self.link.receive(BROADCAST, INIT)).startswith(nonce):
            pass
        if len(answer) != 36 or not answer[12] <= 1 <= answer[13]:
            raise ConnectionError("a fob of another version")
        self.channel = int.from_bytes(answer[8:12], "big")
        self.serial, self.boot = answer[16:24], answer[24:32]
        handshake = Handshake(key, b"keyfob/1" + nonce + answer)
        message = self.link.call(self.channel, OPEN, handshake.first(hint))
        static, payload = handshake.second(message)
        require(self.genuine_key(payload) == static, "another key than the certified one")
        payload = len(certificate).to_bytes(2, "big") + certificate + bytes([LOGIN])
        message, self.sending, self.receiving = handshake.third(payload)
        login = self._opened(self.link.call(self.channel, FINISH, message))
        self.login = signed.decode(self._body(login))

    def genuine_key(self, payload: bytes) -> bytes:
        """Verifies message 2's payload and returns the handshake key it certifies."""
        raise NotImplementedError

    def request(self, operation: int, body: bytes = b"") -> bytes:
        """Sends a request and returns the answer with its status."""
        self.sending.rekey_if_due()
        number = self.sending.nonce % 2**16
        record = number.to_bytes(2, "big") + self.sending.encrypt(bytes([operation]) + body)
        return self._opened(self.link.call(self.channel, RECORD, record))

    def ask(self, operation: int, body: dict[int, Any] | None = None) -> dict[int, Any]:
        """Sends a request whose bodies are maps."""
        answer = self._body(self.request(operation, signed.encode(body) if body else b""))
        return signed.shaped(signed.decode(answer) if answer else {}, dict)

    def logout(self) -> None:
        """Ends the session."""
        self.ask(LOGOUT)
        self.link.socket.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.link.socket.close()

    def _opened(self, record: bytes) -> bytes:
        self.receiving.rekey_if_due()
        require(int.from_bytes(record[:2], "big") == self.receiving.nonce % 2**16, "a record out of order")
        return self.receiving.decrypt(record[2:])

    @staticmethod
    def _body(answer: bytes) -> bytes:
        status = int.from_bytes(answer[:2], "big")
        if status:
            raise Refused(status)
        return answer[2:]


@dataclass(frozen=True)
class Verdict:
    """The answer to a check (section 8.1); what doesn't apply is None."""

    status: int
    limiting_term: int
    remaining: int | None
    next_change: int | None
    expiry: int | None
    modules: int | None


class AppSession(Session):
    """A session of an app, with a fob that its vendor endorsed."""

    def __init__(self, address: tuple[str, int], credential: Credential, accept_emulated: bool = False) -> None:
        self.root, self.accept_emulated = credential.root, accept_emulated
        super().__init__(address, credential.key, credential.certificate, digest(credential.root)[:8])

    def genuine_key(self, payload: bytes) -> bytes:
        self.endorsement = Endorsement.verified(payload, self.root, self.serial)
        require(self.accept_emulated or not self.endorsement.is_emulated, "an emulated fob")
        return self.endorsement.handshake

    def check(self, feature: int, at: int | None = None, modules: int = 0) -> Verdict:
        """Asks whether a feature may be used."""
        answer = self.request(CHECK, struct.pack(">IQQI", feature, now(at), modules, 0))
        if len(answer) == 2:
            raise Refused(int.from_bytes(answer, "big"))
        status, applies, _, term, *values = struct.unpack(">HBBBIQQQI", answer)
        known = [value if applies >> bit & 1 else None for bit, value in enumerate(values)]
        return Verdict(status, term, *known[:4])

    def spend(self, feature: int, units: int, operation: bytes, seen: int, at: int | None = None) -> tuple[int, int]:
        """Spends units once per operation id; returns what remains and the spend serial."""
        body = struct.pack(">II8sIQ", feature, units, operation, seen, now(at))
        return struct.unpack(">II", self._body(self.request(SPEND, body)))

    def counter(self, feature: int) -> tuple[int, int]:
        """Returns what remains and the spend serial."""
        return struct.unpack(">II", self._body(self.request(COUNTER, struct.pack(">I", feature))))

    def unlock(self, feature: int, sealed: bytes, slot: int = 0, at: int | None = None) -> bytes:
        """Lets the fob open a sealed secret."""
        return self._body(self.request(UNLOCK, struct.pack(">IBQ", feature, slot, now(at)) + sealed))

    def random(self, length: int) -> bytes:
        """Returns random bytes of the fob's."""
        return self._body(self.request(RANDOM, bytes([length])))

    def read(self, product: int, file: int, offset: int, length: int) -> bytes:
        """Reads a part of a file (section 8.5)."""
        return self._body(self.request(READ, struct.pack(">IHHH", product, file, offset, length)))

    def write(self, product: int, file: int, offset: int, content: bytes) -> bytes:
        """Writes a part of a file."""
        return self._body(self.request(WRITE, struct.pack(">IHH", product, file, offset) + content))

    def with_key(self, operation: int, feature: int, data: bytes, slot: int = 0) -> bytes:
        """Encrypts, decrypts or derives (section 8.6)."""
        return self._body(self.request(operation, struct.pack(">IBQ", feature, slot, now(None)) + data))

    def prove(self, feature: int, audience: str, nonce: bytes, context: bytes) -> dict[int, Any]:
        """Has the fob prove a decision, and verifies it as the audience would."""
        answer = self.ask(PROVE, {1: audience, 2: nonce, 3: context, 4: feature, 5: now(None)})
        endorsement = Endorsement.verified(answer[2], self.root, self.serial)
        return signed.proof(answer[1], endorsement, self.serial)


class GuestSession(Session):
    """A session of anybody, with a fob that its maker certified."""

    def __init__(self, address: tuple[str, int], maker_root: bytes) -> None:
        self.maker_root = maker_root
        super().__init__(address, ec.generate_private_key(ec.SECP256R1()), b"", bytes(8))

    def genuine_key(self, payload: bytes) -> bytes:
        batch, device = signed.decode_each(payload, 2)
        return signed.device_key(batch, device, self.maker_root, self.serial)

    def info(self) -> dict[int, Any]:
        """Returns what the fob tells of itself."""
        return self.ask(INFO)

    def products(self, vendor_root: bytes) -> list[list[Any]]:
        """Returns a vendor's public products."""
        products, start = [], 0
        while start is not None:
            answer = self.ask(LIST, {1: digest(vendor_root)[:8], 2: start})
            products += answer[1]
            start = answer.get(2)
        return products

    def grant(self, vendor_root: bytes, product: int) -> dict[str, Any]:
        """Returns a product's terms as the vendor signed them."""
        answer = self.ask(GRANT, {1: digest(vendor_root)[:8], 2: product})
        endorsement = Endorsement.verified(answer[3], vendor_root, self.serial)
        return signed.grant(answer[1], answer[2], vendor_root, self.serial, endorsement.partition)

    def receipt(self, vendor_root: bytes, nonce: bytes) -> dict[str, Any]:
        """Returns the fob's proof of what it holds."""
        answer = self.ask(RECEIPT, {1: digest(vendor_root)[:8], 2: nonce})
        endorsement = Endorsement.verified(answer[2], vendor_root, self.serial)
        return signed.receipt(answer[1], endorsement, self.serial, nonce)

    def snapshot(self, vendor_root: bytes, nonce: bytes) -> dict[str, Any]:
        """Returns all that the fob holds of a vendor's."""
        answer = self.ask(SNAPSHOT, {1: digest(vendor_root)[:8], 2: nonce})
        endorsement = Endorsement.verified(answer[2], vendor_root, self.serial)
        return signed.snapshot(answer[1], endorsement, self.serial, nonce)

    def files(self, vendor_root: bytes, product: int) -> list[list[Any]]:
        """Returns the files of a public product."""
        return self.ask(FILES, {1: digest(vendor_root)[:8], 2: product, 3: 0})[1]

    def health(self) -> dict[int, int]:
        """Returns how the fob fares."""
        return self.ask(HEALTH)


def now(at: int | None) -> int:
    """Returns the given time, or the clock's."""
    return int(time.time()) if at is None else at
