"""The published vectors (tests/vectors) against what is written here from docs/spec.md."""

from __future__ import annotations

import hashlib
import json
import struct
import unittest
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from keyfob_channel import Cipher, Handshake, compressed, hkdf
from keyfob_signed import NotGenuine, PROTECTED, decode, digest, encode, public_key, verify

VECTORS = Path(__file__).parent.parent / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    """Reads a file of vectors."""
    return json.loads((VECTORS / name).read_text())["cases"]


def raw(case: dict[str, Any], *names: str) -> list[bytes]:
    """Returns fields as bytes."""
    return [bytes.fromhex(case[name]) for name in names]


def scalar(data: bytes) -> ec.EllipticCurvePrivateKey:
    """Returns the key of a scalar."""
    return ec.derive_private_key(int.from_bytes(data, "big"), ec.SECP256R1())


class Framing(unittest.TestCase):
    """framing.json"""

    def test_messages_are_cut_alike(self) -> None:
        for case in cases("framing.json"):
            (message,) = raw(case, "message")
            reports = [struct.pack(">IBH57s", case["channel"], case["command"], len(message), message[:57])]
            for sequence, offset in enumerate(range(57, len(message), 59)):
                reports.append(struct.pack(">IB59s", case["channel"], sequence, message[offset:offset + 59]))
            self.assertEqual([report.hex() for report in reports], case["reports"], case["name"])


class Signed(unittest.TestCase):
    """signed.json"""

    def test_envelopes_are_genuine_and_hash_alike(self) -> None:
        kinds = set()
        for case in cases("signed.json"):
            if "file" in case:
                magic = decode(bytes.fromhex(case["file"]))[0]
                self.assertEqual(magic, "keyfob-" + case["name"].removesuffix(" file").replace(" ", "-"))
                continue
            signer, payload, envelope = raw(case, "signer", "payload", "envelope")
            bound_to = [bytes.fromhex(part) for part in case["bound_to"]]
            aad = encode([case["kind"], 1, digest(signer), *bound_to])
            structure = encode(["Signature1", PROTECTED, aad, payload])
            self.assertEqual([aad.hex(), structure.hex()], [case["external_aad"], case["sig_structure"]])
            self.assertEqual(hashlib.sha256(structure).hexdigest(), case["digest"])
            shape = type(decode(payload))
            self.assertEqual(verify(envelope, case["kind"], signer, bound_to, shape), decode(payload))
            with self.assertRaises(NotGenuine):
                verify(envelope, case["kind"] % 12 + 1, signer, bound_to, shape)
            kinds.add(case["kind"])
        self.assertEqual(kinds, set(range(1, 13)))


class Channel(unittest.TestCase):
    """handshake.json, resume.json and records.json"""

    def test_handshakes_lead_to_the_same_keys(self) -> None:
        for case in cases("handshake.json"):
            prologue, hint, second, last = raw(case, "prologue", "hint", "message_2", "payload_3")
            self.assertEqual(prologue, b"keyfob/1" + b"".join(raw(case, "init_request", "init_answer")))
            handshake = Handshake(scalar(raw(case, "app_static")[0]), prologue)
            handshake.ephemeral = scalar(raw(case, "app_ephemeral")[0])
            self.assertEqual(handshake.first(hint).hex(), case["message_1"])
            static, payload = handshake.second(second)
            self.assertEqual(static, compressed(scalar(raw(case, "token_static")[0])))
            self.assertEqual(payload.hex(), case["payload_2"])
            third, sending, receiving = handshake.third(last)
            self.assertEqual(third.hex(), case["message_3"])
            self.assertEqual(handshake.hash.hex(), case["h"])
            self.assertEqual(handshake.hash.hex(), case["steps"][-1]["h"])
            self.assertEqual([sending.key.hex(), receiving.key.hex()], [case["key_to_token"], case["key_to_app"]])

    def test_resumed_sessions_lead_to_the_same_keys(self) -> None:
        for case in cases("resume.json"):
            secret, prologue = raw(case, "ticket_secret", "prologue")
            derived = HKDF(hashes.SHA256(), 40, b"", b"keyfob/1 resume").derive(secret)
            self.assertEqual(derived.hex(), case["psk"] + case["ticket_id"])
            app, token = (scalar(key) for key in raw(case, "app_ephemeral", "token_ephemeral"))
            chaining = case["protocol"].encode().ljust(32, b"\0")
            transcript = digest(chaining + prologue)
            chaining, mixed, key = three(chaining, derived[:32])
            transcript = digest(transcript + mixed)
            messages = []
            for ephemeral in (app, token):
                transcript = digest(transcript + compressed(ephemeral))
                chaining, key = hkdf(chaining, compressed(ephemeral))
                if ephemeral is token:
                    chaining, key = hkdf(chaining, app.exchange(ec.ECDH(), token.public_key()))
                tag = Cipher(key).encrypt(b"", transcript)
                transcript = digest(transcript + tag)
                messages.append(compressed(ephemeral) + tag)
            self.assertEqual((derived[32:] + messages[0]).hex(), case["request"])
            self.assertEqual(messages[1].hex(), case["answer"])
            keys = [key.hex() for key in three(chaining, b"")]
            self.assertEqual(keys, [case["key_to_token"], case["key_to_app"], case["next_ticket_secret"]])
            self.assertEqual(transcript.hex(), case["h"])

    def test_records_are_the_same_past_a_new_key(self) -> None:
        for case in cases("records.json"):
            cipher = Cipher(raw(case, "first_key")[0])
            for nonce in (0, 2**16):
                if case["nonce"] >= nonce:
                    cipher.nonce = nonce
                    cipher.rekey_if_due()
            cipher.nonce = case["nonce"]
            self.assertEqual(cipher.key.hex(), case["key"])
            record = struct.pack(">H", case["nonce"] % 2**16) + cipher.encrypt(raw(case, "plaintext")[0])
            self.assertEqual(record.hex(), case["record"], case["name"])


class Keys(unittest.TestCase):
    """keys.json"""

    def test_keys_are_derived_alike(self) -> None:
        by_name = {case["name"]: case for case in cases("keys.json")}
        for name, sealed, nonce in (("unlock", "sealed", 12), ("encrypt", "message", 16)):
            case = by_name[name]
            data, aad = raw(case, sealed, "aad")
            key = derive(case)
            self.assertEqual(key.hex(), case["key"])
            plain = AESGCM(key).decrypt(data[:nonce] if name == "unlock" else bytes(12), data[nonce:], aad)
            self.assertEqual(plain.hex(), case["plaintext"])
        self.assertEqual(derive(by_name["derive"]).hex(), by_name["derive"]["key"])

    def test_the_installed_key_opens(self) -> None:
        """HPKE (RFC 9180), base mode, written out."""
        (case,) = (case for case in cases("keys.json") if case["name"] == "install key")
        own, enc, info, aad = raw(case, "recipient_secret", "enc", "info", "aad")
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc)
        suite, kem = b"HPKE\0\x10\0\x01\0\x02", b"KEM\0\x10"
        numbers = public_key(compressed(scalar(own))).public_numbers()
        recipient = b"\4" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        shared = labelled(kem, b"", b"eae_prk", scalar(own).exchange(ec.ECDH(), peer))
        shared = expanded(kem, shared, b"shared_secret", enc + recipient, 32)
        context = b"\0" + labelled(suite, b"", b"psk_id_hash", b"") + labelled(suite, b"", b"info_hash", info)
        secret = labelled(suite, shared, b"secret", b"")
        key, nonce = expanded(suite, secret, b"key", context, 32), expanded(suite, secret, b"base_nonce", context, 12)
        plain = AESGCM(key).decrypt(nonce, raw(case, "ciphertext")[0], aad)
        self.assertEqual(plain.hex(), case["plaintext"])


def derive(case: dict[str, Any]) -> bytes:
    """HKDF of a feature's key."""
    key, info = raw(case, "feature_key", "info")
    return HKDF(hashes.SHA256(), 32, b"", info).derive(key)


def three(chaining: bytes, material: bytes) -> tuple[bytes, bytes, bytes]:
    """Noise's HKDF with three outputs."""
    stream = HKDF(hashes.SHA256(), 96, chaining, b"").derive(material)
    return stream[:32], stream[32:64], stream[64:]


def labelled(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    """LabeledExtract (RFC 9180, section 4)."""
    return HKDF.extract(hashes.SHA256(), salt or bytes(32), b"HPKE-v1" + suite + label + material)


def expanded(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand (RFC 9180, section 4)."""
    whole = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return HKDFExpand(hashes.SHA256(), length, whole).derive(secret)


if __name__ == "__main__":
    unittest.main()
