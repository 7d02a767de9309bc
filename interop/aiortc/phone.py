"""A phone of aiortc: its ICE, DTLS and SRTP, beside a small user agent for SIP over WebSocket.

phone.py URL AOR PASSWORD ORIGIN HALF_WAVE

Speaks a tone whose half waves have so many samples at 8 kHz. Is told what to do on its standard input, a line each
(call URI [SETUP], answer, listen, hangup, quit), and tells what became of it: registered, rings, talks, media STATE ROLE,
hears HZ, over. SETUP is what it says of its part in the handshake: "actpass", "active" or "passive".
"""

import asyncio
import fractions
import hashlib
import itertools
import re
import sys
import uuid

import av
import websockets
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

HERTZ = 8000
SAMPLES = 160
PEAK = 6000
# What is listened to, and what may be missing of it while it begins.
LISTENS = HERTZ

url, aor, password, origin, half_wave = sys.argv[1:6]
user, domain = re.fullmatch(r"sip:([^@]+)@(.+)", aor).groups()
host = f"{uuid.uuid4().hex[:12]}.invalid"


def tell(*words):
    print(*words, flush=True)


class Tone(MediaStreamTrack):
    """A square wave, a packet each 20 ms."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.at = 0
        self.began = None

    async def recv(self):
        now = asyncio.get_running_loop().time()
        self.began = self.began or now
        await asyncio.sleep(max(0, self.began + self.at / HERTZ - now))
        swings = ((at // int(half_wave)) % 2 for at in range(self.at, self.at + SAMPLES))
        samples = b"".join((PEAK if swing else -PEAK).to_bytes(2, "little", signed=True) for swing in swings)
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(samples)
        frame.sample_rate = HERTZ
        frame.pts, frame.time_base = self.at, fractions.Fraction(1, HERTZ)
        self.at += SAMPLES
        return frame


class Message:
    """One message of SIP: its first line, its headers in their order, its body."""

    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]

    def all(self, name):
        return [value for one, value in self.headers if one.lower() == name.lower()]

    def one(self, name):
        return next(iter(self.all(name)), "")

    @property
    def status(self):
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/") else None


class Phone:
    def __init__(self, socket):
        self.socket = socket
        self.answers = {}
        self.numbers = itertools.count(1)
        self.call = None
        self.peer = None
        self.invite = None
        self.heard = None

    async def send(self, first, headers, body=""):
        kind = [("Content-Type", "application/sdp")] if body else []
        lines = [f"{name}: {value}" for name, value in headers + kind + [("Content-Length", len(body.encode()))]]
        await self.socket.send("\r\n".join([first, *lines, "", body]))

    def request(self, method, target, dialog, number, more=()):
        via = f"SIP/2.0/WS {host};branch=z9hG4bK{uuid.uuid4().hex}"
        return f"{method} {target} SIP/2.0", [
            ("Via", via), ("Max-Forwards", "70"), ("From", dialog["from"]), ("To", dialog["to"]),
            ("Call-ID", dialog["id"]), ("CSeq", f"{number} {method}"), *dialog.get("routes", []),
            ("Contact", f"<sip:{user}@{host};transport=ws>"), *more,
        ]

    async def ask(self, method, target, dialog, more=(), body=""):
        """Sends a request, proves who we are where that is asked for; the final answer."""
        proof = []
        while True:
            number = next(self.numbers)
            answers = self.answers[(dialog["id"], number)] = asyncio.Queue()
            await self.send(*self.request(method, target, dialog, number, [*more, *proof]), body)
            while (answer := await answers.get()).status < 200:
                pass
            if method == "INVITE" and answer.status >= 300:
                to = dict(dialog, to=answer.one("To"))
                await self.send(*self.request("ACK", target, to, number))
            if answer.status not in (401, 407) or proof:
                return answer, number
            name, asked = ("WWW-Authenticate", "Authorization"), ("Proxy-Authenticate", "Proxy-Authorization")
            name, asked = (name, asked)[answer.status == 407]
            proof = [(asked, proven(answer.one(name), method, target))]

    async def register(self):
        tag = uuid.uuid4().hex[:8]
        dialog = {"id": uuid.uuid4().hex, "from": f"<{aor}>;tag={tag}", "to": f"<{aor}>"}
        answer, _ = await self.ask("REGISTER", f"sip:{domain}", dialog, [("Expires", "300")])
        tell("registered" if answer.status == 200 else f"unregistered {answer.status}")

    def open(self):
        self.peer = peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard = bytearray()

        @peer.on("connectionstatechange")
        def changed():
            transport = peer.getTransceivers()[0].sender.transport
            tell("media", peer.connectionState, transport._role)

        @peer.on("track")
        def track(track):
            asyncio.ensure_future(self.hear(track))

        return peer

    async def hear(self, track):
        try:
            while True:
                frame = await track.recv()
                assert frame.sample_rate == HERTZ and frame.format.name == "s16", frame
                channels = len(frame.layout.channels)
                samples = bytes(frame.planes[0])[: 2 * channels * frame.samples]
                self.heard += b"".join(samples[at : at + 2] for at in range(0, len(samples), 2 * channels))
        except Exception as over:
            if type(over).__name__ != "MediaStreamError":
                tell("error", repr(over))

    async def does_listen(self):
        self.heard.clear()
        while len(self.heard) < 2 * LISTENS:
            await asyncio.sleep(0.05)
        heard = bytes(self.heard[: 2 * LISTENS])
        samples = [int.from_bytes(heard[at : at + 2], "little", signed=True) for at in range(0, len(heard), 2)]
        swings = sum((one < 0) != (other < 0) for one, other in zip(samples, samples[1:]))
        loud = sum(abs(sample) > PEAK // 4 for sample in samples)
        tell("hears", swings * HERTZ // (2 * LISTENS) if 2 * loud > LISTENS else 0)

    async def does_call(self, target, setup="actpass"):
        peer = self.open()
        peer.addTrack(Tone())
        await peer.setLocalDescription(await peer.createOffer())
        offer = peer.localDescription.sdp.replace("a=setup:actpass", f"a=setup:{setup}")
        tag = uuid.uuid4().hex[:8]
        dialog = {"id": uuid.uuid4().hex, "from": f"<{aor}>;tag={tag}", "to": f"<{target}>"}
        answer, number = await self.ask("INVITE", target, dialog, body=offer)
        if answer.status != 200:
            return tell("failed", answer.status)
        dialog["to"] = answer.one("To")
        dialog["target"] = re.search(r"<([^>]+)>", answer.one("Contact"))[1]
        dialog["routes"] = [("Route", route) for route in reversed(answer.all("Record-Route"))]
        await self.send(*self.request("ACK", dialog["target"], dialog, number))
        self.call = dialog
        await peer.setRemoteDescription(RTCSessionDescription(answer.body, "answer"))
        tell("talks")

    async def does_answer(self):
        invite, peer = self.invite, self.open()
        await peer.setRemoteDescription(RTCSessionDescription(invite.body, "offer"))
        peer.addTrack(Tone())
        await peer.setLocalDescription(await peer.createAnswer())
        contact = [("Contact", f"<sip:{user}@{host};transport=ws>")]
        to = f"{invite.one('To')};tag={uuid.uuid4().hex[:8]}"
        await self.reply(invite, "200 OK", to, contact, peer.localDescription.sdp)
        self.call = {
            "id": invite.one("Call-ID"), "from": to, "to": invite.one("From"),
            "target": re.search(r"<([^>]+)>", invite.one("Contact"))[1],
            "routes": [("Route", route) for route in invite.all("Record-Route")],
        }

    async def does_hangup(self):
        await self.ask("BYE", self.call["target"], self.call)
        await self.over()

    async def over(self):
        await self.peer.close()
        tell("over")

    async def reply(self, request, status, to=None, more=(), body=""):
        kept = [(name, value) for name, value in request.headers
                if name.lower() in ("via", "record-route", "from", "call-id", "cseq")]
        await self.send(f"SIP/2.0 {status}", [*kept, ("To", to or request.one("To")), *more], body)

    async def take(self, text):
        if not text.strip():
            return
        message = Message(text)
        if message.status:
            number = int(message.one("CSeq").split(" ")[0])
            self.answers[(message.one("Call-ID"), number)].put_nowait(message)
            return
        method = message.first.split(" ")[0]
        if method == "INVITE" and not self.is_in(message):
            self.invite = message
            await self.reply(message, "180 Ringing")
            tell("rings")
        elif method == "ACK":
            tell("talks")
        elif method == "BYE":
            await self.reply(message, "200 OK")
            await self.over()
        else:
            await self.reply(message, "200 OK" if method in ("OPTIONS", "NOTIFY") else "488 Not Acceptable Here")

    def is_in(self, message):
        return ";tag=" in message.one("To")


def proven(challenge, method, target):
    """The digest of RFC 7616 with MD5, which baresip wants of the house too."""
    asked = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)}
    digest = lambda *parts: hashlib.md5(":".join(parts).encode()).hexdigest()
    secret, deed = digest(user, asked["realm"], password), digest(method, target)
    words = {"username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": target}
    plain = {"algorithm": "MD5"}
    if "qop" in asked:
        cnonce = uuid.uuid4().hex
        words |= {"cnonce": cnonce}
        plain |= {"qop": "auth", "nc": "00000001"}
        words["response"] = digest(secret, asked["nonce"], "00000001", cnonce, "auth", deed)
    else:
        words["response"] = digest(secret, asked["nonce"], deed)
    if "opaque" in asked:
        words["opaque"] = asked["opaque"]
    said = [f'{name}="{value}"' for name, value in words.items()] + [f"{name}={value}" for name, value in plain.items()]
    return "Digest " + ", ".join(said)


async def main():
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async with websockets.connect(url, subprotocols=["sip"], origin=origin, proxy=None) as socket:
        phone = Phone(socket)

        async def listen():
            async for text in socket:
                asyncio.ensure_future(phone.take(text))

        asyncio.ensure_future(listen())
        await phone.register()
        while line := (await orders.readline()).decode().split():
            deed, *words = line
            if deed == "quit":
                break
            await getattr(phone, f"does_{deed}")(*words)


asyncio.run(main())
