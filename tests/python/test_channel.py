"""Reports as the other end sends them, well and badly."""

from __future__ import annotations

import socket
import struct
import unittest

from keyfob_channel import ERROR, RECORD, Cipher, Link, Refused
from keyfob_signed import NotGenuine


def first(channel: int, command: int, length: int, data: bytes) -> bytes:
    """Makes a message's first report."""
    return struct.pack(">IBH57s", channel, command, length, data)


def following(channel: int, sequence: int, data: bytes) -> bytes:
    """Makes one of the following reports."""
    return struct.pack(">IB59s", channel, sequence, data)


class Reports(unittest.TestCase):
    """A link whose other end is the test."""

    def setUp(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.link = Link(listener.getsockname(), timeout=0.2)
        self.fob, _ = listener.accept()
        for each in (listener, self.link.socket, self.fob):
            self.addCleanup(each.close)

    def receive(self, *reports: bytes) -> bytes:
        """Receives a message on channel 5 from these reports."""
        self.fob.sendall(b"".join(reports))
        return self.link.receive(5, RECORD)

    def test_messages_are_cut_as_specified(self) -> None:
        for length, reports in ((0, 1), (57, 1), (58, 2), (116, 2), (117, 3), (4096, 70)):
            message = bytes(index % 251 for index in range(length))
            self.link.send(5, RECORD, message)
            sent = self.fob.recv(reports * 64, socket.MSG_WAITALL)
            expected = first(5, RECORD, length, message[:57])
            for sequence in range(reports - 1):
                start = 57 + 59 * sequence
                expected += following(5, sequence, message[start:start + 59])
            self.assertEqual(sent, expected)
            self.assertEqual(self.receive(sent), message)

    def test_other_channels_may_come_between(self) -> None:
        message = self.receive(
            following(6, 0, b"z"), first(5, RECORD, 60, b"a" * 57), first(6, RECORD, 3, b"xyz"),
            following(6, 0, b"z"), following(5, 0, b"bcd"),
        )
        self.assertEqual(message, b"a" * 57 + b"bcd")

    def test_a_status_is_told(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.receive(first(5, ERROR, 2, b"\x00\x08"))
        self.assertEqual(caught.exception.status, 8)

    def test_reports_out_of_order_are_refused(self) -> None:
        start = first(5, RECORD, 200, bytes(57))
        for wrong in (following(5, 1, b""), first(5, RECORD ^ 1, 1, b"")):
            with self.assertRaises(ConnectionError):
                self.receive(start, wrong)

    def test_silence_ends(self) -> None:
        with self.assertRaises(TimeoutError):
            self.receive(first(5, RECORD, 58, bytes(57)))


class Keys(unittest.TestCase):
    """Record keys."""

    def test_a_key_is_replaced_before_each_2_to_the_16th_nonce(self) -> None:
        replaced = []
        for nonce in (0, 1, 2**16 - 1, 2**16, 2**16 + 1, 2**17):
            cipher = Cipher(bytes(32))
            cipher.nonce = nonce
            cipher.rekey_if_due()
            if cipher.key != bytes(32):
                replaced.append(nonce)
        self.assertEqual(replaced, [2**16, 2**17])

    def test_a_failure_changes_nothing(self) -> None:
        sender, receiver = Cipher(bytes(32)), Cipher(bytes(32))
        record = sender.encrypt(b"check")
        with self.assertRaises(NotGenuine):
            receiver.decrypt(record[:-1] + bytes([record[-1] ^ 1]))
        self.assertEqual(receiver.decrypt(record), b"check")
        with self.assertRaises(NotGenuine):
            receiver.decrypt(record)


if __name__ == "__main__":
    unittest.main()
