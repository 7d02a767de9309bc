"""One end of a call for messages: a caller or a callee that chats, sends a file and takes one.

What it saw is printed as one line of JSON. It speaks SIP by UDP as far as one call needs it, and MSRP by the
RFC; with a relay (RFC 4976) it asks that for an address first, and is reached through it.
"""

import argparse
import hashlib
import json
import os
import queue
import re
import secrets
import socket
import sys
import threading
import time

WITHIN = 60
CHAT = ["hello from %s", "there are \r\n-------lines\r\nin %s", "\u00e4\u00f6\u00fc \u4f60\u597d %s"]
CHUNK = 8000
CAPTURED = 1000


class Frames:
    """One connection, and what comes on it, frame by frame."""

    def __init__(self, stream):
        self.stream, self.lock = stream, threading.Lock()
        self.responses, self.requests = {}, queue.Queue()
        self.arrived = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        data = b""
        while True:
            head = re.match(rb"MSRP (\S+) ([^\r]*)\r\n", data)
            if head:
                end = b"-------" + head.group(1)
                at = re.search(rb"\r\n" + re.escape(end) + rb"([$+#])\r\n", data)
                if at:
                    self.take(head, data[head.end():at.start() + 2], at.group(1).decode())
                    data = data[at.end():]
                    continue
            more = self.stream.recv(1 << 20)
            if not more:
                return self.requests.put(None)
            data += more

    def take(self, head, text, flag):
        lines, _, body = text.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in lines.decode().strip().split("\r\n"))
        frame = {"id": head.group(1).decode(), "what": head.group(2).decode(), "flag": flag,
                 "fields": fields, "body": body[:-2]}
        if re.match(r"\d{3}", frame["what"]):
            with self.arrived:
                self.responses[frame["id"]] = frame
                self.arrived.notify_all()
        else:
            self.requests.put(frame)

    def say(self, first, fields, body=None, flag="$"):
        name = first.split()[1]
        text = "".join(f"{key}: {value}\r\n" for key, value in fields)
        parts = [f"MSRP {name} {first.split(' ', 2)[2]}\r\n{text}".encode()]
        if body is not None:
            parts += [b"\r\n", body, b"\r\n"]
        parts.append(f"-------{name}{flag}\r\n".encode())
        with self.lock:
            self.stream.sendall(b"".join(parts))
        return name

    def answered(self, name):
        with self.arrived:
            self.arrived.wait_for(lambda: name in self.responses, WITHIN)
            return self.responses.pop(name)


def token():
    return secrets.token_hex(8)


def place(uri):
    found = re.match(r"msrp://(?:[^@/]*@)?([^:/]+):(\d+)", uri)
    return found.group(1), int(found.group(2))


def connected(host, own):
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    stream.bind((own, 0))
    stream.connect(host)
    return stream


class Session:
    """Our end of a session of messages."""

    def __init__(self, options):
        self.options, self.listener, self.frames = options, None, None
        port = 9
        if options.setup != "active":
            self.listener = socket.create_server((options.at, 0))
            port = self.listener.getsockname()[1]
        self.uri = f"msrp://{options.at}:{port}/{token()};tcp"
        self.path = self.uri
        if options.relay:
            self.frames = Frames(connected(place(options.relay), options.at))
            paths = [("To-Path", options.relay), ("From-Path", self.uri)]
            name = self.frames.say(f"MSRP {token()} AUTH", paths)
            answer = self.frames.answered(name)
            assert answer["what"].startswith("200"), answer
            self.path = answer["fields"]["Use-Path"] + " " + self.uri

    def lines(self):
        host, port = place(self.path.split()[0])
        setup = f"a=setup:{self.options.setup}\r\n" if self.options.setup != "unsaid" else ""
        return (f"m=message {port} TCP/MSRP *\r\na=accept-types:*\r\na=path:{self.path}\r\n{setup}", host)

    def open(self, theirs, role):
        """Connects, or waits; whoever connects says at once what for."""
        self.far = theirs
        if self.options.relay:
            self.target = self.options.relay_path(self.path) + " " + theirs
            return self.send(None)
        self.target = theirs
        if role == "active":
            self.frames = Frames(connected(place(theirs), self.options.at))
            return self.send(None)
        stream, _ = self.listener.accept()
        self.frames = Frames(stream)

    def send(self, body, kind="text/plain", total=None, start=1, message=None, flag="$", success="no"):
        fields = [("To-Path", self.target), ("From-Path", self.uri), ("Message-ID", message or token())]
        if success == "yes":
            fields.append(("Success-Report", "yes"))
        if body is None:
            return self.frames.say(f"MSRP {token()} SEND", fields)
        total = len(body) if total is None else total
        end = "*" if flag == "+" else start + len(body) - 1
        fields += [("Byte-Range", f"{start}-{end}/{total}"), ("Content-Type", kind)]
        return self.frames.say(f"MSRP {token()} SEND", fields, body, flag)

    def respond(self, frame, status="200 OK"):
        back = frame["fields"]["From-Path"].split()[0]
        self.frames.say(f"MSRP {frame['id']} {status}", [("To-Path", back), ("From-Path", self.uri)])

    def report(self, frame, count):
        self.frames.say(f"MSRP {token()} REPORT", [
            ("To-Path", frame["fields"]["From-Path"]), ("From-Path", self.uri),
            ("Message-ID", frame["fields"]["Message-ID"]),
            ("Byte-Range", f"1-{count}/{count}"), ("Status", "000 200 OK")])


def talk(session, seen, name, size):
    """Chats and sends a file while the same comes from the other end."""
    # What is captured whole is text: tshark takes random bytes for headers of theirs now and then.
    file = os.urandom(size) if size > CAPTURED else os.urandom(size // 2).hex().encode()
    seen["sent"] = hashlib.sha256(file).hexdigest()
    expected = {"chat": len(CHAT), "file": 1, "reports": len(CHAT) + 1}
    got = {"chat": [], "reports": 0, "file": hashlib.sha256(), "bytes": 0, "failed": []}
    partial, done = {}, threading.Event()

    def hear():
        while True:
            frame = session.frames.requests.get()
            if frame is None:
                return
            if frame["what"] == "REPORT":
                got["reports"] += frame["fields"]["Status"] == "000 200 OK"
            elif frame["what"] == "SEND":
                session.respond(frame)
                fields = frame["fields"]
                if "Content-Type" not in fields:
                    continue
                if fields["Content-Type"] == "text/plain":
                    parts = partial.setdefault(fields["Message-ID"], [])
                    parts.append(frame["body"])
                    if frame["flag"] == "$":
                        text = b"".join(parts)
                        got["chat"].append(text.decode())
                        session.report(frame, len(text))
                else:
                    start = int(fields["Byte-Range"].split("-")[0])
                    if start != got["bytes"] + 1:
                        got["failed"].append(f"a gap before {start}")
                    got["file"].update(frame["body"])
                    got["bytes"] += len(frame["body"])
                    if frame["flag"] == "$":
                        got["whole"] = True
                        session.report(frame, got["bytes"])
            are_all = got["reports"] == expected["reports"] and len(got["chat"]) == expected["chat"]
            if are_all and got.get("whole"):
                done.set()

    threading.Thread(target=hear, daemon=True).start()
    names = [session.send((line % name).encode(), success="yes") for line in CHAT]
    message = token()
    for at in range(0, size, CHUNK):
        part, flag = file[at:at + CHUNK], "$" if at + CHUNK >= size else "+"
        names.append(session.send(part, "application/octet-stream", size, at + 1, message, flag, "yes"))
    for each in names:
        answer = session.frames.answered(each)["what"]
        if not answer.startswith("200"):
            got["failed"].append(answer)
    done.wait(WITHIN)
    seen.update(chat=got["chat"], reports=got["reports"], received=got["file"].hexdigest(),
                bytes=got["bytes"], failed=got["failed"], chunks=len(names))


class Call:
    """One call by UDP, as far as it is needed here."""

    def __init__(self, options):
        self.options, self.cseq = options, 1
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((options.at, options.port))
        self.socket.settimeout(WITHIN)
        self.here = f"{options.at}:{options.port}"
        self.id, self.tag, self.to = token(), token(), f"<sip:{options.number}@{options.house}>"

    def send(self, text, to):
        self.socket.sendto(text.encode(), to)

    def hear(self, start):
        while True:
            data, sender = self.socket.recvfrom(65535)
            if data.startswith(b"SIP/2.0 ") and data[8:9] > b"2":
                raise RuntimeError(data.decode())
            if data.decode().startswith(start):
                return data.decode(), sender

    def request(self, method, body=""):
        host, port = self.options.house.split(":")
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(f"{method} sip:{self.options.number}@{self.options.house} SIP/2.0\r\n"
                  f"Via: SIP/2.0/UDP {self.here};branch=z9hG4bK{token()}\r\nMax-Forwards: 70\r\n"
                  f"From: <sip:hana@{self.options.house}>;tag={self.tag}\r\nTo: {self.to}\r\n"
                  f"Call-ID: {self.id}\r\n"
                  f"CSeq: {self.cseq} {method}\r\nContact: <sip:hana@{self.here}>\r\n{kind}"
                  f"Content-Length: {len(body)}\r\n\r\n{body}", (host, int(port)))

    def reply(self, request, status, sender, body=""):
        is_kept = re.compile(r"(Via|From|Call-ID|CSeq|Record-Route):").match
        kept = [line for line in request.split("\r\n") if is_kept(line)]
        to = field(request, "To")
        to = to if ";tag=" in to else f"{to};tag={self.tag}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(f"SIP/2.0 {status}\r\n" + "\r\n".join(kept) + f"\r\nTo: {to}\r\n"
                  f"Contact: <sip:minsu@{self.here}>\r\n{kind}"
                  f"Content-Length: {len(body)}\r\n\r\n{body}", sender)


def field(message, name):
    return re.search(rf"(?mi)^{name}: *(.*?)\r?$", message).group(1)


def description(session):
    lines, host = session.lines()
    return f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n{lines}"


def told(message):
    path = re.search(r"(?m)^a=path:(.*?)\r?$", message).group(1)
    setup = re.search(r"(?m)^a=setup:(.*?)\r?$", message)
    return path, setup.group(1) if setup else None


def main():
    parser = argparse.ArgumentParser()
    for name in ("role", "at", "house", "number", "setup", "relay", "out"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--port", type=int)
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    options.relay_path = lambda path: path.split()[0]
    call, session, seen = Call(options), Session(options), {"role": options.role}
    print("ready", flush=True)
    if options.role == "caller":
        call.request("INVITE", description(session))
        answer, _ = call.hear("SIP/2.0 200")
        call.to = field(answer, "To")
        call.request("ACK")
        theirs, setup = told(answer)
        # What is not said is as RFC 4975 has it: whoever offers connects.
        session.open(theirs, "passive" if setup == "active" else "active")
    else:
        asked, sender = call.hear("INVITE ")
        theirs, _ = told(asked)
        call.reply(asked, "200 OK", sender, description(session))
        call.hear("ACK ")
        session.open(theirs, "active" if options.setup == "active" else "passive")
    seen["told"] = theirs
    talk(session, seen, options.role, options.size)
    if options.role == "caller":
        # The other end waits for our last reports as we for theirs.
        time.sleep(0.5)
        call.cseq = 2
        call.request("BYE")
        call.hear("SIP/2.0 200")
    else:
        bye, sender = call.hear("BYE ")
        call.reply(bye, "200 OK", sender)
    with open(options.out, "w", encoding="utf-8") as out:
        json.dump(seen, out)


if __name__ == "__main__":
    sys.exit(main())
