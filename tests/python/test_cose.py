"""The published signed things, read by a COSE library that knows nothing of Keyfob (pycose)."""

from __future__ import annotations

import io
import json
import unittest
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from pycose.exceptions import CoseException
from pycose.headers import Algorithm
from pycose.keys import EC2Key
from pycose.keys.curves import P256
from pycose.messages import Sign1Message

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "signed.json").read_text())["cases"]
SIGNED = [case for case in VECTORS if "envelope" in case]


def accepts(envelope: bytes, case: dict[str, Any]) -> bool:
    """Whether the library takes an envelope of a case's signer and kind."""
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(case["signer"]))
    numbers = point.public_numbers()
    stream = io.BytesIO(envelope)
    try:
        parts = cbor2.CBORDecoder(stream).decode()
        if stream.read(1) or not isinstance(parts, list) or len(parts) != 4:
            return False
        message = Sign1Message.from_cose_obj(parts, allow_unknown_attributes=False)
        message.key = EC2Key(P256, x=numbers.x.to_bytes(32, "big"), y=numbers.y.to_bytes(32, "big"))
        message.external_aad = bytes.fromhex(case["external_aad"])
        return message.get_attr(Algorithm) is not None and bool(message.verify_signature())
    except (CoseException, cbor2.CBORDecodeError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return False


class Cose(unittest.TestCase):
    """signed.json"""

    def test_every_kind_is_a_cose_sign1(self) -> None:
        """Each is accepted with its own external_aad, and with nobody else's."""
        self.assertEqual({case["kind"] for case in SIGNED}, set(range(1, 13)))
        for case in SIGNED:
            envelope = bytes.fromhex(case["envelope"])
            self.assertTrue(accepts(envelope, case), case["name"])
            for other in {other["external_aad"] for other in SIGNED} - {case["external_aad"]}:
                self.assertFalse(accepts(envelope, case | {"external_aad": other}), case["name"])

    def test_altered_ones_are_refused(self) -> None:
        """Each byte flipped, each length cut, and one byte more, of every fourth or so."""
        tried = 0
        for case in SIGNED[:: max(1, len(SIGNED) // 4)]:
            envelope = bytes.fromhex(case["envelope"])
            altered = [envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :] for at in range(len(envelope))]
            altered += [envelope[:length] for length in range(len(envelope))] + [envelope + b"\0"]
            for number, bad in enumerate(altered):
                self.assertFalse(accepts(bad, case), f"{case['name']}, {number}")
                tried += 1
        print(f"{tried} altered, 0 accepted", flush=True)

    def test_the_twin_with_a_high_s_is_cose_but_not_ours(self) -> None:
        """Low s is the envelope's own rule: the library takes both halves (docs/spec.md, §7)."""
        case = SIGNED[0]
        parts = cbor2.loads(bytes.fromhex(case["envelope"]))
        r, s = parts[3][:32], int.from_bytes(parts[3][32:], "big")
        self.assertLessEqual(s, ORDER // 2)
        parts[3] = r + (ORDER - s).to_bytes(32, "big")
        self.assertTrue(accepts(cbor2.dumps(parts), case))


if __name__ == "__main__":
    unittest.main()
