"""Teams with media bypass, as far as a controller at the edge sees it: SIP by TLS with a certificate at both ends, and
a client that has the agent of aioice and libsrtp, none of which shares code with the house.

teams.py HOST PORT HOUSE HOUSE_PORT FOLDER INSIDE HALF_WAVE

FOLDER has ca.pem, leaf.pem and leaf.key; INSIDE is a process in the network of the organisation, where the client is
when it is `internal`, else it is in that of Teams itself. It speaks a tone whose half waves have so many samples at
8 kHz. Is told what to do on its standard input, a line each (where PLACE, call URI, move PLACE, listen, hangup), and
tells what became of it: ready, offered ADDRESS, talks, media ADDRESS, hears HZ, over.
"""

import asyncio
import base64
import contextlib
import ctypes
import itertools
import os
import re
import ssl
import sys
import uuid

from aioice import Candidate, Connection
from pylibsrtp import Policy, Session

host, port, house, house_port, folder, inside, half_wave = sys.argv[1:8]
SUITE = "AES_CM_128_HMAC_SHA1_80"
HERTZ = 8000
SAMPLES = 160
LOUD, LOUD_NEGATIVE = 0x9C, 0x1C
# Of a code of PCMU without its sign: less than this is loud.
QUIET = 0x50
PATIENCE = 8
WHERE = {"internal": "X-MS-UserLocation: internal", "external": "X-MS-UserLocation: external"}
NETWORK = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def tell(*words):
    print(*words, flush=True)


@contextlib.contextmanager
def within(place):
    """What is opened meanwhile is opened where the client is."""
    if place == "external":
        yield
        return
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{inside}/ns/net", os.O_RDONLY)
    try:
        enter(there)
        yield
    finally:
        enter(here)
        os.close(here)
        os.close(there)


def enter(network):
    if libc.setns(network, NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


def said(text, name):
    return [value.strip() for value in re.findall(rf"^a={name}:(.*?)\r?$", text, re.M)]


class Client:
    """One client in one call. Where it goes it has another agent, and goes on with what it says."""

    def __init__(self):
        self.key = os.urandom(30)
        self.sealer = Session(Policy(self.key, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        self.theirs, self.opener = None, None
        self.ssrc = int.from_bytes(os.urandom(4), "big")
        self.numbers = itertools.count(1)
        self.versions = itertools.count(1)
        self.agent, self.tasks = None, []
        self.heard = bytearray()

    async def describe(self, place, tag="1"):
        """A description of where it is now."""
        agent = Connection(ice_controlling=True, use_ipv6=False)
        agent.remote_is_lite = True
        with within(place):
            await agent.gather_candidates()
        before, self.agent = self.agent, agent
        if before:
            await self.leave(before)
        at = agent.get_default_candidate(1)
        key = base64.b64encode(self.key).decode()
        return "\r\n".join([
            "v=0", f"o=- 1 {next(self.versions)} IN IP4 {at.host}", "s=session", f"c=IN IP4 {at.host}", "t=0 0",
            f"m=audio {at.port} RTP/SAVP 0", "a=rtcp-mux", f"a=ice-ufrag:{agent.local_username}",
            f"a=ice-pwd:{agent.local_password}", *(f"a=candidate:{one.to_sdp()}" for one in agent.local_candidates),
            f"a=crypto:{tag} {SUITE} inline:{key}", "a=rtpmap:0 PCMU/8000", "a=sendrecv", "",
        ])

    def take(self, description):
        """What the house describes: it is looked for at its candidates alone."""
        address = re.search(r"^c=IN IP4 (\S+)", description, re.M)[1]
        candidates = [Candidate.from_sdp(text) for text in said(description, "candidate")]
        if "a=ice-lite" not in description or {one.host for one in candidates} != {address}:
            tell("error", "another place is named beside", address)
        tell("offered", address)
        _, key = crypto(description)
        if key != self.theirs:
            self.theirs, self.opener = key, Session(Policy(key, ssrc_type=Policy.SSRC_ANY_INBOUND))
        self.tasks.append(asyncio.ensure_future(self.speak(self.agent, description, candidates)))

    async def speak(self, agent, description, candidates):
        agent.remote_username, = said(description, "ice-ufrag")
        agent.remote_password, = said(description, "ice-pwd")
        for candidate in candidates:
            if candidate.component == 1:
                await agent.add_remote_candidate(candidate)
        await agent.add_remote_candidate(None)
        try:
            await agent.connect()
        except (ConnectionError, OSError):
            return tell("unreached", candidates[0].host)
        tell("media", agent._nominated[1].remote_addr[0])
        await asyncio.gather(self.say(agent), self.hear(agent))

    async def say(self, agent):
        clock = asyncio.get_running_loop().time
        began, first = clock(), None
        while agent is self.agent:
            number = next(self.numbers)
            first = first or number
            await asyncio.sleep(max(0, began + (number - first) / 50 - clock()))
            stamp = (number * SAMPLES) & 0xFFFFFFFF
            swings = ((at // int(half_wave)) % 2 for at in range(number * SAMPLES, (number + 1) * SAMPLES))
            head = bytes([0x80, 0]) + (number & 0xFFFF).to_bytes(2, "big") + stamp.to_bytes(4, "big")
            packet = head + self.ssrc.to_bytes(4, "big") + bytes(LOUD if swing else LOUD_NEGATIVE for swing in swings)
            with contextlib.suppress(ConnectionError):
                await agent.send(self.sealer.protect(packet))

    async def hear(self, agent):
        with contextlib.suppress(ConnectionError):
            while True:
                data = await agent.recv()
                if 192 <= data[1] <= 223:
                    continue
                packet = self.opener.unprotect(data)
                if packet[1] & 0x7F == 0:
                    self.heard += packet[12:]

    async def listen(self):
        self.heard.clear()
        for _ in range(PATIENCE * 20):
            if len(self.heard) >= HERTZ:
                break
            await asyncio.sleep(0.05)
        heard = bytes(self.heard[:HERTZ])
        swings = sum((one ^ other) & 0x80 != 0 for one, other in zip(heard, heard[1:]))
        loud = sum(code & 0x7F < QUIET for code in heard)
        tell("hears", swings // 2 if 2 * loud > HERTZ else 0)

    async def leave(self, agent):
        for task in self.tasks:
            task.cancel()
        self.tasks.clear()
        await agent.close()


def crypto(description):
    """The tag and the key of the suite that we speak."""
    for line in said(description, "crypto"):
        tag, suite, key = line.split()[:3]
        if suite == SUITE:
            return tag, base64.b64decode(key.removeprefix("inline:").split("|")[0])
    raise ValueError("no suite of ours")


class Message:
    """One message of SIP: its first line, its headers in their order, its body."""

    def __init__(self, head, body):
        self.first, *lines = head.split("\r\n")
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        self.body = body

    def all(self, name):
        return [value for one, value in self.headers if one.lower() == name.lower()]

    def one(self, name):
        return next(iter(self.all(name)), "")

    @property
    def status(self):
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/") else None


class Teams:
    def __init__(self):
        self.place = "external"
        self.way_out = None
        self.answers = {}
        self.numbers = itertools.count(1)
        self.client, self.dialog = None, None

    async def listen_on(self, reader, writer):
        """Takes what comes by one connection, whoever has opened it."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().strip("\r\n")
                if not head:
                    continue
                length = re.search(r"^(?:content-length|l)\s*:\s*(\d+)", head, re.I | re.M)
                body = (await reader.readexactly(int(length[1]) if length else 0)).decode()
                asyncio.ensure_future(self.take(Message(head, body), writer))

    def send(self, writer, first, headers, body=""):
        kind = [("Content-Type", "application/sdp")] if body else []
        lines = [f"{name}: {value}" for name, value in headers + kind + [("Content-Length", len(body.encode()))]]
        writer.write("\r\n".join([first, *lines, "", body]).encode())

    def location(self):
        return [tuple(line.split(": ")) for line in (
            WHERE[self.place], "X-MS-MediaPath: sbc1.contoso.com", "X-MS-UserSite: Redmond")]

    def contact(self):
        return [("Contact", f"<sip:{host}:{port};transport=tls>")]

    def request(self, method, dialog, number, more=()):
        via = f"SIP/2.0/TLS {host}:{port};branch=z9hG4bK{uuid.uuid4().hex};alias"
        return f"{method} {dialog['target']} SIP/2.0", [
            ("Via", via), ("Max-Forwards", "70"), ("From", dialog["from"]), ("To", dialog["to"]),
            ("Call-ID", dialog["id"]), ("CSeq", f"{number} {method}"), *dialog["routes"], *self.contact(), *more,
        ]

    async def ask(self, method, dialog, more=(), body=""):
        number = next(self.numbers)
        answers = self.answers[(dialog["id"], number)] = asyncio.Queue()
        self.send(self.way_out, *self.request(method, dialog, number, more), body)
        while (answer := await answers.get()).status < 200:
            pass
        if method == "INVITE":
            to = dialog if answer.status < 300 else dict(dialog, to=answer.one("To"))
            if answer.status < 300:
                dialog["to"] = answer.one("To")
                dialog["target"] = re.search(r"<([^>]+)>", answer.one("Contact"))[1]
            self.send(self.way_out, *self.request("ACK", to, number))
        return answer

    async def connect(self):
        reader, self.way_out = await asyncio.open_connection(
            house, int(house_port), ssl=trusting(ssl.Purpose.SERVER_AUTH))
        asyncio.ensure_future(self.listen_on(reader, self.way_out))

    async def invite(self):
        answer = await self.ask("INVITE", self.dialog, self.location(), await self.client.describe(self.place))
        if answer.status != 200:
            return tell("failed", answer.status)
        self.client.take(answer.body)
        tell("talks")

    async def does_where(self, place):
        self.place = place

    async def does_call(self, target):
        await self.connect()
        self.client = Client()
        self.dialog = {"id": uuid.uuid4().hex, "from": f"<sip:+13605550142@{host}>;tag={uuid.uuid4().hex[:8]}",
                       "to": f"<{target}>", "target": target, "routes": []}
        await self.invite()

    async def does_move(self, place):
        self.place = place
        await self.invite()

    async def does_listen(self):
        await self.client.listen()

    async def does_hangup(self):
        await self.ask("BYE", self.dialog)
        await self.over()

    async def over(self):
        await self.client.leave(self.client.agent)
        self.client = None
        tell("over")

    async def take(self, message, writer):
        if message.status:
            number = int(message.one("CSeq").split(" ")[0])
            self.answers[(message.one("Call-ID"), number)].put_nowait(message)
            return
        method = message.first.split(" ")[0]
        if method == "INVITE":
            await self.answer(message, writer)
        elif method == "ACK":
            tell("talks")
        elif method == "BYE":
            self.reply(writer, message, "200 OK")
            await self.over()
        else:
            self.reply(writer, message, "200 OK")

    async def answer(self, invite, writer):
        to = invite.one("To")
        if ";tag=" not in to:
            to = f"{to};tag={uuid.uuid4().hex[:8]}"
            self.client = Client()
            self.dialog = {"id": invite.one("Call-ID"), "from": to, "to": invite.one("From"),
                           "target": re.search(r"<([^>]+)>", invite.one("Contact"))[1],
                           "routes": [("Route", route) for route in invite.all("Record-Route")]}
        tag, _ = crypto(invite.body)
        ours = await self.client.describe(self.place, tag)
        self.reply(writer, invite, "200 OK", to, self.contact() + self.location(), ours)
        self.client.take(invite.body)

    def reply(self, writer, request, status, to=None, more=(), body=""):
        kept = [(name, value) for name, value in request.headers
                if name.lower() in ("via", "record-route", "from", "call-id", "cseq")]
        self.send(writer, f"SIP/2.0 {status}", [*kept, ("To", to or request.one("To")), *more], body)


def trusting(purpose):
    """Both show a certificate, and each wants the other's to be of one authority."""
    context = ssl.create_default_context(purpose, cafile=f"{folder}/ca.pem")
    context.load_cert_chain(f"{folder}/leaf.pem", f"{folder}/leaf.key")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def main():
    loop, teams = asyncio.get_running_loop(), Teams()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    await asyncio.start_server(teams.listen_on, host, int(port), ssl=trusting(ssl.Purpose.CLIENT_AUTH))
    tell("ready")
    while line := (await orders.readline()).decode().split():
        deed, *words = line
        await getattr(teams, f"does_{deed}")(*words)


asyncio.run(main())
