"""Takes wishes that phones wake, judged by the libraries of Standard Webhooks and of CloudEvents.

waker.py PORT SECRET-FILE FILE

Writes a line of JSON for each wish whose signature holds. Says 503 to the first request, as a program does that
is too busy, and 401 to what it cannot prove.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from cloudevents.v1.http import from_dict
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PORT, SECRET, FILE = int(sys.argv[1]), sys.argv[2], sys.argv[3]
WEBHOOK = Webhook(open(SECRET, encoding="ascii").read().strip())


class Waker(BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Waker.asked += 1
        if Waker.asked == 1:
            return self.say(503)
        try:
            WEBHOOK.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError as fault:
            print(fault, flush=True)
            return self.say(401)
        if self.headers["Content-Type"] != "application/cloudevents+json":
            return self.say(415)
        event = from_dict(json.loads(body))
        named = {name: event[name] for name in ("id", "type", "source", "time")}
        with open(FILE, "a", encoding="utf-8") as out:
            out.write(json.dumps({**named, "data": event.data}) + "\n")
        return self.say(202)

    def say(self, status):
        self.send_response(status)
        self.end_headers()
        print(status, flush=True)

    def log_message(self, *words):
        pass


server = HTTPServer(("127.0.0.1", PORT), Waker)
print("ready", flush=True)
server.serve_forever()
