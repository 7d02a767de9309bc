"""Takes traces by OTLP/HTTP, and reads them with the classes made of OpenTelemetry's own protocol buffers.

collector.py PORT FILE

Writes a line of JSON for each span. Says 503 to the first request, as a collector does that is too busy.
"""

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"traceId", "spanId", "parentSpanId"}


def by_protobuf(value):
    """OTLP writes ids in hex, where the JSON of protocol buffers has base64."""
    if isinstance(value, list):
        return [by_protobuf(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(inner)).decode() if key in IDS else by_protobuf(inner)
        for key, inner in value.items()
    }


def spans(body):
    request = json_format.ParseDict(by_protobuf(json.loads(body)), ExportTraceServiceRequest())
    request = ExportTraceServiceRequest.FromString(request.SerializeToString())
    for resource in request.resource_spans:
        service = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert len(span.trace_id) == 16 and any(span.trace_id), span
                assert len(span.span_id) == 8 and any(span.span_id), span
                yield {
                    "service": service["service.name"],
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "name": span.name,
                    "kind": span.kind,
                    "begins": span.start_time_unix_nano,
                    "ends": span.end_time_unix_nano,
                    "status": span.status.code,
                    "events": [event.name for event in span.events],
                    "attributes": {
                        one.key: getattr(one.value, one.value.WhichOneof("value"))
                        for one in span.attributes
                    },
                }


class Collector(BaseHTTPRequestHandler):
    seen = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Collector.seen += 1
        if Collector.seen == 1:
            return self.answer(503, {"Retry-After": "1"})
        if self.path != "/v1/traces" or self.headers["Content-Type"] != "application/json":
            return self.answer(404, {})
        try:
            lines = [json.dumps(span) for span in spans(body)]
        except Exception as fault:
            print(fault, file=sys.stderr, flush=True)
            return self.answer(400, {})
        with open(sys.argv[2], "a") as file:
            file.writelines(line + "\n" for line in lines)
        self.answer(200, {})

    def answer(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Collector)
print("ready", flush=True)
server.serve_forever()
