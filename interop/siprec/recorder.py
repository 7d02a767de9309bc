"""A recorder (RFC 7866) by TLS, which is sent sealed sound: what opens that is libsrtp, and nothing of the house.

recorder.py HOST PORT FOLDER LOG

FOLDER has leaf.pem and leaf.key. What it is told is written to LOG. On a line of its standard input it listens to both
streams for a second; it tells a line each: ready, called, hears HZ HZ (0 where nothing is said), over.
"""

import asyncio
import base64
import contextlib
import os
import re
import ssl
import sys
import uuid

from pylibsrtp import Error, Policy, Session

host, port, folder, log = sys.argv[1:5]
SUITE = "AES_CM_128_HMAC_SHA1_80"
HERTZ = 8000
SECONDS = 1.2
# Of a code of PCMU without its sign: less than this is loud.
QUIET = 0x50


def tell(*words):
    print(*words, flush=True)


class Ear(asyncio.DatagramProtocol):
    """Hears one stream."""

    def __init__(self):
        self.key, self.opener, self.heard = None, None, bytearray()

    def take_key(self, key):
        if key != self.key:
            self.key, self.opener = key, Session(Policy(key, ssrc_type=Policy.SSRC_ANY_INBOUND))

    def datagram_received(self, data, address):
        try:
            packet = self.opener.unprotect(data)
        except Error:
            return tell("error", "a packet that is not sealed as agreed on")
        if packet[1] & 0x7F == 0:
            self.heard += packet[12:]

    def pitch(self):
        heard, self.heard = bytes(self.heard[-HERTZ:]), bytearray()
        swings = sum((one ^ other) & 0x80 != 0 for one, other in zip(heard, heard[1:]))
        loud = sum(code & 0x7F < QUIET for code in heard)
        return swings * HERTZ // (2 * len(heard)) if 2 * loud > HERTZ else 0


class Recorder:
    def __init__(self):
        self.ears, self.ports, self.keys = [], [], []
        self.versions = 0

    async def open(self):
        loop = asyncio.get_running_loop()
        for _ in range(2):
            transport, ear = await loop.create_datagram_endpoint(Ear, local_addr=(host, 0))
            self.ears.append(ear)
            self.ports.append(transport.get_extra_info("sockname")[1])
            self.keys.append(base64.b64encode(os.urandom(30)).decode())

    async def take(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().strip("\r\n")
                if not head:
                    continue
                length = re.search(r"^(?:content-length|l)\s*:\s*(\d+)", head, re.I | re.M)
                body = (await reader.readexactly(int(length[1]) if length else 0)).decode()
                with open(log, "a") as file:
                    file.write(f"\n{head}\n\n{body}\n")
                writer.write(self.answer(head, body).encode())

    def answer(self, head, body):
        first, *lines = head.split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        method = first.split(" ")[0]
        if method == "ACK":
            return ""
        kept = [(name, value) for name, value in headers
                if name.lower() in ("via", "record-route", "from", "to", "call-id", "cseq")]
        is_new = not any(name.lower() == "to" and ";tag=" in value for name, value in kept)
        tag = f";tag={uuid.uuid4().hex[:8]}" if is_new else ""
        kept = [(name, value + tag if name.lower() == "to" else value) for name, value in kept]
        ours = ""
        if method == "INVITE":
            ours = self.describe(body)
            kept += [("Contact", f"<sip:vault@{host}:{port};transport=tls>;+sip.srs"),
                     ("Content-Type", "application/sdp")]
            if is_new:
                tell("called")
        if method == "BYE":
            tell("over")
        lines = [f"{name}: {value}" for name, value in kept + [("Content-Length", len(ours))]]
        return "\r\n".join(["SIP/2.0 200 OK", *lines, "", ours])

    def describe(self, offer):
        self.versions += 1
        lines = ["v=0", f"o=recorder 1 {self.versions} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
        for rank, (theirs, ear) in enumerate(zip(offer.split("m=audio ")[1:3], self.ears)):
            tag, key = crypto(theirs)
            ear.take_key(key)
            lines += [f"m=audio {self.ports[rank]} RTP/SAVP 0", "a=rtpmap:0 PCMU/8000", "a=recvonly",
                      f"a=label:{rank + 1}", f"a=crypto:{tag} {SUITE} inline:{self.keys[rank]}"]
        return "\r\n".join([*lines, ""])


def crypto(lines):
    """The tag and the key of the suite that we speak."""
    for line in re.findall(r"^a=crypto:(.*?)\r?$", lines, re.M):
        tag, suite, key = line.split()[:3]
        if suite == SUITE:
            return tag, base64.b64decode(key.removeprefix("inline:").split("|")[0])
    raise ValueError("no suite of ours")


async def main():
    loop, recorder = asyncio.get_running_loop(), Recorder()
    await recorder.open()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{folder}/leaf.pem", f"{folder}/leaf.key")
    await asyncio.start_server(recorder.take, host, int(port), ssl=context)
    tell("ready")
    while await orders.readline():
        for ear in recorder.ears:
            ear.heard.clear()
        await asyncio.sleep(SECONDS)
        tell("hears", *(ear.pitch() for ear in recorder.ears))


asyncio.run(main())
