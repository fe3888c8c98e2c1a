"""Signed things (docs/spec.md, section 7): reading and verifying."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PROTECTED = bytes.fromhex("a10126")

U8, U16, U32, U64 = range(2**8), range(2**16), range(2**32), range(2**64)
ID, POINT, DIGEST = 8, 33, 32

CERTIFICATE, ENDORSEMENT, GRANT, RECEIPT, SNAPSHOT, PROOF = 1, 4, 6, 7, 9, 10
BATCH, DEVICE, APP, UPDATE_SIGNER = 1, 2, 3, 4
HANDSHAKE, SIGNING = 1, 2


class NotGenuine(Exception):
    """What was received isn't by whom it should be."""


def require(condition: bool, reason: str) -> None:
    """Refuses unless the condition holds."""
    if not condition:
        raise NotGenuine(reason)


def encode(value: Any) -> bytes:
    """Encodes in the core deterministic encoding."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Any:
    """Decodes one item and refuses bytes that differ from its own encoding."""
    try:
        value = cbor2.loads(data)
        same = encode(value) == data
    except Exception as error:
        raise NotGenuine("no CBOR") from error
    require(same, "CBOR that isn't deterministic")
    return value


def decode_each(data: bytes, count: int) -> list[bytes]:
    """Cuts bytes into items that follow each other."""
    decoder = cbor2.CBORDecoder(io.BytesIO(data))
    try:
        items = [encode(decoder.decode()) for _ in range(count)]
    except Exception as error:
        raise NotGenuine("no CBOR") from error
    require(b"".join(items) == data, "CBOR that isn't deterministic")
    return items


def fits(value: Any, shape: Any) -> bool:
    """Tells whether a value has a shape.

    A range stands for integers in it, an int for a byte string of that
    length, a list for an array; `[shape, ...]` is one of any length.
    """
    match shape:
        case range():
            return type(value) is int and value in shape
        case int():
            return type(value) is bytes and len(value) == shape
        case [each, end] if end is ...:
            return type(value) is list and all(fits(item, each) for item in value)
        case list():
            return type(value) is list and len(value) == len(shape) and all(map(fits, value, shape))
        case _:
            return type(value) is shape


def shaped(value: Any, shape: Any) -> Any:
    """Returns the value if it has the shape."""
    require(fits(value, shape), "content that isn't as specified")
    return value


def digest(key: bytes) -> bytes:
    """Returns the digest of a key."""
    return hashlib.sha256(key).digest()


def public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """Reads a compressed point."""
    require(len(point) == POINT, "a key that isn't 33 bytes long")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise NotGenuine("a key that isn't a point") from error


def verify(envelope: bytes, kind: int, signer: bytes, bound_to: list[bytes], shape: Any) -> Any:
    """Verifies a COSE_Sign1 and returns its payload's fields."""
    protected, unprotected, payload, signature = shaped(decode(envelope), [bytes, dict, bytes, 64])
    require(protected == PROTECTED and unprotected == {}, "other headers than ES256")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    require(0 < r < ORDER and 0 < s <= ORDER // 2, "a signature out of range")
    aad = encode([kind, 1, digest(signer), *bound_to])
    structure = encode(["Signature1", PROTECTED, aad, payload])
    try:
        public_key(signer).verify(encode_dss_signature(r, s), structure, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise NotGenuine("a signature that isn't right") from error
    return shaped(decode(payload), shape)


def levels(value: int) -> tuple[int, int, int]:
    """Splits levels: emulated, how keys are kept, whether state can be put back."""
    split = value & 1, value >> 1 & 3, value >> 3 & 3
    require(value < 32 and 3 not in split, "levels that aren't defined")
    return split


@dataclass(frozen=True)
class Certificate:
    """Section 7.1."""

    subject: bytes
    epoch: int
    product: int
    attributes: int
    key: bytes

    @classmethod
    def verified(cls, data: bytes, issuer: bytes, role: int, usage: int) -> Certificate:
        """Verifies a certificate that an issuer made for a role and a usage."""
        subject, role_, usage_, epoch, product, attributes, key = verify(
            data, CERTIFICATE, issuer, [], [ID, U8, U8, U32, U32, U8, POINT]
        )
        require((role_, usage_) == (role, usage), "a certificate for something else")
        require(role == APP or product == 0, "a certificate with a product")
        if role in (BATCH, DEVICE):
            levels(attributes)
        else:
            require(attributes < 128 if role == APP else attributes == 0, "attributes that aren't defined")
        public_key(key)
        return cls(subject, epoch, product, attributes, key)


def device_key(batch: bytes, device: bytes, maker_root: bytes, serial: bytes) -> bytes:
    """Verifies a device's chain and returns its handshake key."""
    issuer = Certificate.verified(batch, maker_root, BATCH, SIGNING)
    certificate = Certificate.verified(device, issuer.key, DEVICE, HANDSHAKE)
    require(certificate.subject == serial, "another device's certificate")
    highest, own = levels(issuer.attributes), levels(certificate.attributes)
    allowed = own[0] == highest[0] and own[1] <= highest[1] and own[2] <= highest[2]
    require(allowed, "higher levels than the batch may certify")
    return certificate.key


@dataclass(frozen=True)
class Endorsement:
    """Section 7.4."""

    partition: bytes
    handshake: bytes
    sealing: bytes
    proof: bytes
    levels: int
    epoch: int

    @classmethod
    def verified(cls, data: bytes, vendor_root: bytes, serial: bytes) -> Endorsement:
        """Verifies a vendor's endorsement of a fob."""
        shape = [ID, POINT, POINT, POINT, U8, U32]
        endorsement = cls(*verify(data, ENDORSEMENT, vendor_root, [serial], shape))
        levels(endorsement.levels)
        for key in (endorsement.handshake, endorsement.sealing, endorsement.proof):
            public_key(key)
        return endorsement

    @property
    def is_emulated(self) -> bool:
        """Tells whether it endorses a program instead of a device."""
        return levels(self.levels)[0] == 1


NOT_ZERO = range(1, 2**64)
TERMS = {1: ("enabled", bool), 2: ("starts", NOT_ZERO), 3: ("expires", NOT_ZERO), 4: ("counter", bool),
         5: ("modules", U64)}


def named_terms(terms: dict[Any, Any]) -> dict[str, Any]:
    """Names the terms of a feature that are known and lists the others under "unknown"."""
    require(all(fits(key, range(2**16)) for key in terms), "a term that isn't as specified")
    named = {TERMS[key][0]: shaped(value, TERMS[key][1]) for key, value in terms.items() if key in TERMS}
    require(named.get("counter", True), "a counter that isn't true")
    unknown = [key for key in terms if key not in TERMS]
    return {**named, "unknown": unknown} if unknown else named


def grant(data: bytes, certificates: list[bytes], root: bytes, serial: bytes, partition: bytes) -> dict[str, Any]:
    """Verifies a grant (section 7.6) and returns its terms."""
    require(len(certificates) <= 1, "more certificates than the signer's")
    signer = root
    for certificate in certificates:
        signer = Certificate.verified(certificate, root, UPDATE_SIGNER, SIGNING).key
    shape = [range(1, 2**32), U32, range(2), U64, str, [[range(1, 2**32), str, dict], ...]]
    product, number, flags, issued, name, features = verify(data, GRANT, signer, [serial, partition], shape)
    numbers = [feature for feature, _, _ in features]
    require(numbers == sorted(set(numbers)), "features out of order")
    names = [name, *(name for _, name, _ in features)]
    require(all(len(name.encode()) <= 48 for name in names), "a name that is too long")
    return {
        "product": product, "number": number, "public": flags == 1, "issued": issued, "name": name,
        "features": [{"feature": feature, "name": name, "terms": named_terms(terms)}
                     for feature, name, terms in features],
    }


def receipt(data: bytes, endorsement: Endorsement, serial: bytes, nonce: bytes) -> dict[str, Any]:
    """Verifies a receipt (section 7.7) that answers a nonce."""
    shape = [U32, U32, DIGEST, U64, 3, bytes, [[U32, U32, U32], ...]]
    epoch, number, last, mark, firmware, answered, counters = verify(
        data, RECEIPT, endorsement.proof, [serial, endorsement.partition], shape
    )
    require(answered == nonce, "a receipt for another nonce")
    return {"epoch": epoch, "number": number, "last_update": last.hex(), "mark": mark, "firmware": list(firmware),
            "counters": {str(feature): [remaining, serial] for feature, remaining, serial in counters}}


def snapshot(data: bytes, endorsement: Endorsement, serial: bytes, nonce: bytes) -> dict[str, Any]:
    """Verifies a snapshot (section 7.12) that answers a nonce."""
    shape = [U32, U32, DIGEST, U64, U32, 3, bytes, [[U32, U32], ...], [[U32, U32, U32], ...],
             [[U32, U16, range(1, 5), range(1, 4097)], ...]]
    epoch, number, last, mark, minimum, _, answered, grants, counters, files = verify(
        data, SNAPSHOT, endorsement.proof, [serial, endorsement.partition], shape
    )
    require(answered == nonce, "a snapshot for another nonce")
    return {"epoch": epoch, "number": number, "last_update": last.hex(), "mark": mark, "minimum": minimum,
            "grants": grants, "counters": counters, "files": files}


CLAIMS = {3: str, 6: U64, 10: bytes, -65537: U32, -65538: U16, -65539: range(4), -65540: bytes, -65541: ID,
          -65542: U32, -65543: U32}


def proof(data: bytes, endorsement: Endorsement, serial: bytes) -> dict[int, Any]:
    """Verifies a proof (section 7.11), an EAT (RFC 9711), and returns its claims."""
    claims = verify(data, PROOF, endorsement.proof, [serial, endorsement.partition], dict)
    require(list(claims) == list(CLAIMS), "other claims than those of a proof")
    require(all(fits(claims[key], shape) for key, shape in CLAIMS.items()), "a claim that isn't as specified")
    return claims
