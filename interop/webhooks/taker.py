"""Takes signed events of a house, judged by the libraries of Standard Webhooks and of CloudEvents.

taker.py PORT SECRET-FILE FILE one|batch

Writes a line of JSON for each event whose signature holds. Says 503 to the first request, as a program does that
is too busy, 401 to what it cannot prove, and 415 to one event where a batch is due.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from cloudevents.v1.http import from_dict
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PORT, SECRET, FILE = int(sys.argv[1]), sys.argv[2], sys.argv[3]
TYPE = {"one": "application/cloudevents+json", "batch": "application/cloudevents-batch+json"}[sys.argv[4]]
WEBHOOK = Webhook(open(SECRET, encoding="ascii").read().strip())


class Taker(BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Taker.asked += 1
        if Taker.asked == 1:
            return self.say(503)
        try:
            WEBHOOK.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError as fault:
            print(fault, flush=True)
            return self.say(401)
        if self.headers["Content-Type"] != TYPE:
            return self.say(415)
        told = json.loads(body)
        events = [from_dict(event) for event in (told if isinstance(told, list) else [told])]
        with open(FILE, "a", encoding="utf-8") as out:
            for event in events:
                named = {name: event[name] for name in ("id", "type", "source", "time")}
                out.write(json.dumps({**named, "data": event.data}) + "\n")
        return self.say(204)

    def say(self, status):
        self.send_response(status)
        self.end_headers()
        print(status, flush=True)

    def log_message(self, *words):
        pass


server = HTTPServer(("127.0.0.1", PORT), Taker)
print("ready", flush=True)
server.serve_forever()
