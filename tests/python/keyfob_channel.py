"""Reports, messages and the Noise channel (docs/spec.md, sections 2, 5 and 6)."""

from __future__ import annotations

import socket
import struct
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyfob_signed import NotGenuine, digest, public_key, require

INIT, OPEN, FINISH, RECORD, ERROR = 0x86, 0x92, 0x93, 0x94, 0xBF
BROADCAST = 0xFFFFFFFF
BUSY = 3


class Refused(Exception):
    """The fob answered with a status (section 9) other than ok."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Link:
    """Messages in reports over TCP (section 2)."""

    def __init__(self, address: tuple[str, int], timeout: float = 10.0) -> None:
        self.socket = socket.create_connection(address, timeout)
        self.timeout = timeout
        self.reports = 0

    def send(self, channel: int, command: int, message: bytes) -> None:
        """Cuts a message into reports and sends them."""
        head, rest = message[:57], message[57:]
        reports = [struct.pack(">IBH57s", channel, command, len(message), head)]
        for sequence, offset in enumerate(range(0, len(rest), 59)):
            reports.append(struct.pack(">IB59s", channel, sequence, rest[offset:offset + 59]))
        self.reports += len(reports)
        self.socket.sendall(b"".join(reports))

    def receive(self, channel: int, command: int) -> bytes:
        """Waits for the answer on a channel; reports on others are other programs'."""
        length, message, expected = None, b"", 0
        deadline = time.monotonic() + self.timeout
        while length is None or len(message) < length:
            if time.monotonic() > deadline:
                raise TimeoutError("the fob doesn't answer")
            report = self._report()
            on, kind = struct.unpack_from(">IB", report)
            if on != channel:
                continue
            self.reports += 1
            if kind & 0x80:
                answered, expected, message = kind, 0, report[7:]
                (length,) = struct.unpack_from(">H", report, 5)
            elif length is not None and kind == expected:
                message += report[5:]
                expected += 1
            else:
                raise ConnectionError("reports out of order")
        if answered == ERROR and length == 2:
            raise Refused(int.from_bytes(message[:2], "big"))
        if answered != command:
            raise ConnectionError("an answer to something else")
        return message[:length]

    def _report(self) -> bytes:
        report = b""
        while len(report) < 64:
            part = self.socket.recv(64 - len(report))
            if not part:
                raise ConnectionError("the fob is gone")
            report += part
        return report

    def call(self, channel: int, command: int, message: bytes) -> bytes:
        """Sends a request and waits for its answer, again while the fob is busy."""
        deadline = time.monotonic() + self.timeout
        while True:
            self.send(channel, command, message)
            try:
                return self.receive(channel, command)
            except Refused as error:
                if error.status != BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)


class Cipher:
    """A CipherState of Noise with AES-256-GCM."""

    def __init__(self, key: bytes) -> None:
        self.key, self.nonce = key, 0

    def encrypt(self, plain: bytes, data: bytes = b"") -> bytes:
        """Encrypts with the next nonce."""
        cipher = AESGCM(self.key).encrypt(self._nonce(self.nonce), plain, data)
        self.nonce += 1
        return cipher

    def decrypt(self, cipher: bytes, data: bytes = b"") -> bytes:
        """Decrypts with the next nonce; a failure changes nothing."""
        try:
            plain = AESGCM(self.key).decrypt(self._nonce(self.nonce), cipher, data)
        except InvalidTag as error:
            raise NotGenuine("bytes that don't authenticate") from error
        self.nonce += 1
        return plain

    def rekey_if_due(self) -> None:
        """Replaces a record key before each 2^16th nonce (section 6)."""
        if self.nonce and self.nonce % 2**16 == 0:
            self.key = AESGCM(self.key).encrypt(self._nonce(2**64 - 1), bytes(32), b"")[:32]

    @staticmethod
    def _nonce(number: int) -> bytes:
        return bytes(4) + number.to_bytes(8, "big")


class Handshake:
    """The initiator of Noise_XX_P256_AESGCM_SHA256 (section 5)."""

    def __init__(self, static: ec.EllipticCurvePrivateKey, prologue: bytes) -> None:
        self.static, self.ephemeral = static, ec.generate_private_key(ec.SECP256R1())
        self.hash = self.chaining = b"Noise_XX_P256_AESGCM_SHA256".ljust(32, b"\0")
        self.cipher = Cipher(bytes(32))
        self._mix_hash(prologue)

    def first(self, payload: bytes) -> bytes:
        """Writes message 1."""
        ephemeral = compressed(self.ephemeral)
        self._mix_hash(ephemeral)
        self._mix_hash(payload)
        return ephemeral + payload

    def second(self, message: bytes) -> tuple[bytes, bytes]:
        """Reads message 2 and returns the fob's static key and the payload."""
        require(len(message) >= 98, "a short message")
        self.peer_ephemeral = public_key(message[:33])
        self._mix_hash(message[:33])
        self._mix_key(self.ephemeral.exchange(ec.ECDH(), self.peer_ephemeral))
        peer_static = self._decrypt(message[33:82])
        self._mix_key(self.ephemeral.exchange(ec.ECDH(), public_key(peer_static)))
        return peer_static, self._decrypt(message[82:])

    def third(self, payload: bytes) -> tuple[bytes, Cipher, Cipher]:
        """Writes message 3 and splits into the keys for sending and receiving."""
        static = self._encrypt(compressed(self.static))
        self._mix_key(self.static.exchange(ec.ECDH(), self.peer_ephemeral))
        message = static + self._encrypt(payload)
        return message, *map(Cipher, hkdf(self.chaining, b""))

    def _mix_hash(self, data: bytes) -> None:
        self.hash = digest(self.hash + data)

    def _mix_key(self, shared: bytes) -> None:
        self.chaining, key = hkdf(self.chaining, shared)
        self.cipher = Cipher(key)

    def _encrypt(self, plain: bytes) -> bytes:
        cipher = self.cipher.encrypt(plain, self.hash)
        self._mix_hash(cipher)
        return cipher

    def _decrypt(self, cipher: bytes) -> bytes:
        plain = self.cipher.decrypt(cipher, self.hash)
        self._mix_hash(cipher)
        return plain


def hkdf(chaining: bytes, material: bytes) -> tuple[bytes, bytes]:
    """Noise's HKDF with two outputs."""
    first = _hmac(temporary := _hmac(chaining, material), b"\x01")
    return first, _hmac(temporary, first + b"\x02")


def _hmac(key: bytes, data: bytes) -> bytes:
    code = hmac.HMAC(key, hashes.SHA256())
    code.update(data)
    return code.finalize()


def compressed(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Returns the public key as a compressed point."""
    form = serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    return key.public_key().public_bytes(*form)
