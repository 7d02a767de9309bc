"""A far end that is found by checks alone: the agent of aioice, or one that only answers, beside a small user agent
for SIP over UDP. Whatever it hears it says again.

far.py HOST PORT full|lite [DOOR STUN]

Where it is behind a NAT, DOOR is the address of that, whose port leads to its own, and STUN a server outside, as
HOST:PORT, that says where its media is seen.

Tells what became of it, a line each: ready, called, chosen HOST PORT, heard PACKETS, over. It speaks to no place but the
one that checks have chosen, whatever it is told in a description.
"""

import asyncio
import re
import sys

from aioice import Candidate, Connection, stun

host, port, manner = sys.argv[1], int(sys.argv[2]), sys.argv[3]
door, server = sys.argv[4:6] if len(sys.argv) > 4 else (host, None)
seen_by = (server.split(":")[0], int(server.split(":")[1])) if server else None
UFRAG, PASSWORD = "farends", "what/the/far/end/knows/by/heart"


def tell(*words):
    print(*words, flush=True)


def said(text, name):
    return re.findall(rf"^a={name}:(.*?)\r?$", text, re.M)


class Lite(asyncio.DatagramProtocol):
    """Only answers (RFC 8445, 2.5)."""

    def __init__(self, theirs):
        self.username = f"{UFRAG}:{theirs}"
        self.chosen = None
        self.heard = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        if data[0] > 3:
            self.heard += 1
            if self.chosen:
                self.transport.sendto(data, self.chosen)
            return
        asked = stun.parse_message(data)
        if asked.message_class != stun.Class.REQUEST:
            return
        right = asked.attributes["USERNAME"] == self.username and "ICE-CONTROLLING" in asked.attributes
        if not right or not asked.check_message_integrity(PASSWORD.encode()):
            return tell("error", "a check that is not for me")
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, asked.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = address
        answer.add_message_integrity(PASSWORD.encode())
        answer.add_fingerprint()
        self.transport.sendto(bytes(answer), address)
        if "USE-CANDIDATE" in asked.attributes and not self.chosen:
            self.chosen = address
            tell("chosen", *address)


async def lite(ufrag):
    loop = asyncio.get_running_loop()
    transport, far = await loop.create_datagram_endpoint(lambda: Lite(ufrag), local_addr=(host, 0))
    port = transport.get_extra_info("sockname")[1]
    lines = ["a=ice-lite", f"m=audio {port} RTP/AVP 0", f"a=ice-ufrag:{UFRAG}", f"a=ice-pwd:{PASSWORD}",
             f"a=candidate:1 1 UDP 2130706431 {host} {port} typ host"]

    async def close():
        transport.close()
        return far.heard

    return host, lines, close


async def full(offer, ufrag):
    far = Connection(ice_controlling=False, use_ipv6=False, stun_server=seen_by)
    await far.gather_candidates()
    far.remote_username, far.remote_password = ufrag, said(offer, "ice-pwd")[0].strip()
    for candidate in said(offer, "candidate"):
        if (candidate := Candidate.from_sdp(candidate)).component == 1:
            await far.add_remote_candidate(candidate)
    await far.add_remote_candidate(None)
    heard = 0

    async def speak():
        nonlocal heard
        await far.connect()
        tell("chosen", *far._nominated[1].remote_addr)
        while True:
            data = await far.recv()
            heard += 1
            await far.send(data)

    speaking = asyncio.ensure_future(speak())
    default = far.get_default_candidate(1)
    lines = [f"m=audio {default.port} RTP/AVP 0", f"a=ice-ufrag:{far.local_username}",
             f"a=ice-pwd:{far.local_password}",
             *(f"a=candidate:{candidate.to_sdp()}" for candidate in far.local_candidates)]

    async def close():
        speaking.cancel()
        await far.close()
        return heard

    return default.host, lines, close


class Phone(asyncio.DatagramProtocol):
    def __init__(self):
        self.calls = {}

    def connection_made(self, transport):
        self.transport = transport
        tell("ready")

    def datagram_received(self, data, address):
        asyncio.ensure_future(self.take(data.decode(), address))

    async def take(self, text, address):
        head, _, body = text.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        call = next(value for name, value in headers if name.lower() == "call-id")
        method = first.split(" ")[0]
        if method == "INVITE" and call not in self.calls:
            self.calls[call] = None
            tell("called")
            self.calls[call] = await self.describe(body)
        if method == "INVITE" and self.calls[call]:
            self.reply(headers, address, "200 OK", self.calls[call][0])
        elif method == "BYE":
            self.reply(headers, address, "200 OK")
            _, close = self.calls.pop(call)
            tell("heard", await close())
            tell("over")
        elif method not in ("INVITE", "ACK"):
            self.reply(headers, address, "200 OK")

    async def describe(self, offer):
        if "a=ice-lite" in offer:
            tell("error", "nobody would ever check")
        ufrag = said(offer, "ice-ufrag")[0].strip()
        at, lines, close = await (lite(ufrag) if manner == "lite" else full(offer, ufrag))
        session = [line for line in lines if line == "a=ice-lite"]
        media = [line for line in lines if line != "a=ice-lite"]
        head = ["v=0", f"o=- 1 1 IN IP4 {at}", "s=-", f"c=IN IP4 {at}", "t=0 0", "a=ice-options:ice2"]
        return "\r\n".join([*head, *session, *media, "a=rtpmap:0 PCMU/8000", "a=sendrecv", ""]), close

    def reply(self, headers, address, status, body=""):
        kept = [(name, value) for name, value in headers
                if name.lower() in ("via", "record-route", "from", "to", "call-id", "cseq")]
        kept = [(name, f"{value};tag=far" if name.lower() == "to" and ";tag=" not in value else value)
                for name, value in kept]
        kind = [("Contact", f"<sip:far@{door}:{port}>")]
        kind += [("Content-Type", "application/sdp")] if body else []
        lines = [f"{name}: {value}" for name, value in kept + kind + [("Content-Length", len(body))]]
        text = "\r\n".join([f"SIP/2.0 {status}", *lines, "", body])
        self.transport.sendto(text.encode(), address)


async def main():
    await asyncio.get_running_loop().create_datagram_endpoint(Phone, local_addr=(host, port))
    await asyncio.Event().wait()


asyncio.run(main())
