"""Reads what the house sent to a recorder that SIPp plays, and judges it by RFC 7865 and 7866.

Named are SIPp's log of messages and the schema. Prints a line for each document: how many streams are offered
as `sendonly`, who sends and hears how many, and the labels.
"""

import base64
import re
import sys

from lxml import etree

NS = "{urn:ietf:params:xml:ns:recording:1}"
log = open(sys.argv[1], "rb").read().replace(b"\r\n", b"\n").decode()
schema = etree.XMLSchema(etree.parse(sys.argv[2]))
invites = re.findall(r"\nINVITE sip:.*?</recording>", log, re.S)
if not invites:
    sys.exit("no INVITE with metadata")
groups = set()
for invite in invites:
    head, _, body = invite.partition("\n\n")
    for wanted in ["\nRequire: siprec", ";+sip.src", "\nContent-Type: multipart/mixed;boundary="]:
        if wanted not in head:
            sys.exit(f"{wanted!r} is not in {head}")
    if "Content-Disposition: recording-session" not in body:
        sys.exit(f"no disposition in {body}")
    document = etree.fromstring(body[body.index("<?xml"):].encode())
    schema.assertValid(document)
    for name, value in [pair for one in document.iter() for pair in one.attrib.items()]:
        if name.endswith("_id") and len(base64.b64decode(value, validate=True)) != 16:
            sys.exit(f"{name} {value} is no UUID")
    labels = [label.text for label in document.iter(NS + "label")]
    if labels != re.findall(r"\na=label:(\S+)", body):
        sys.exit(f"labels {labels} are not those of {body}")
    streams = {stream.get("stream_id") for stream in document.iter(NS + "stream")}
    named = [one.text for kind in ("send", "recv") for one in document.iter(NS + kind)]
    if not streams.issuperset(named):
        sys.exit(f"{named} are not all among {streams}")
    people = [who.find(NS + "nameID").get("aor") for who in document.iter(NS + "participant")]
    groups.add(document.find(NS + "group").get("group_id"))
    counts = [len(list(document.iter(NS + kind))) for kind in ("send", "recv")]
    print(body.count("\na=sendonly"), *counts, ",".join(labels), ",".join(people))
if len(groups) != 1:
    sys.exit(f"one call is of the groups {groups}")
