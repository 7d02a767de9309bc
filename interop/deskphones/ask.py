"""Asks a house for the settings of desk phones within TLS, and reads them with Python's own XML parser.

ask.py AUTHORITY PHONES

PHONES is what `tandem user phones --json` prints. Writes one line of JSON for each phone: where it registers,
as whom and by what. Ends with words about what is not as it should be.
"""

import http.client
import json
import ssl
import sys
from urllib.parse import urlsplit
from xml.etree import ElementTree

WORDS = {"0": "udp", "1": "tcp", "2": "tls", "UDPOnly": "udp", "TCPOnly": "tcp", "TLS": "tls"}


def asker(authority):
    context = ssl.create_default_context(cafile=authority)

    def ask(url):
        parts = urlsplit(url)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=20, context=context)
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        head = sorted(pair for pair in answer.getheaders() if pair[0].lower() != "date")
        return answer.status, head, answer.read().decode()

    return ask


def yealink(ask, url, mac):
    text = ask(f"{url}{mac}.cfg")[2]
    assert text.startswith("#!version:1.0.0.1\n"), text
    found = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
    server = found["account.1.sip_server.1.address"], found["account.1.sip_server.1.port"]
    return {
        "name": found["account.1.display_name"],
        "user": found["account.1.user_name"],
        "auth": found["account.1.auth_name"],
        "password": found["account.1.password"],
        "server": ":".join(server),
        "transport": WORDS[found["account.1.sip_server.1.transport_type"]],
    }


def poly(ask, url, mac):
    master = ElementTree.fromstring(ask(f"{url}{mac}.cfg")[2])
    assert master.tag == "APPLICATION", master.tag
    found = ElementTree.fromstring(ask(url + master.attrib["CONFIG_FILES"])[2]).find("ALL").attrib
    return {
        "name": found["reg.1.displayName"],
        "user": found["reg.1.address"],
        "auth": found["reg.1.auth.userId"],
        "password": found["reg.1.auth.password"],
        "server": found["reg.1.server.1.address"] + ":" + found["reg.1.server.1.port"],
        "transport": WORDS[found["reg.1.server.1.transport"]],
    }


def snom(ask, url, mac):
    settings = ElementTree.fromstring(ask(f"{url}snomD735-{mac.upper()}.htm")[2]).find("phone-settings")
    found = {one.tag: one.text for one in settings if one.attrib["idx"] == "1"}
    server, transport = found["user_outbound"].split(";transport=")
    return {
        "name": found["user_realname"],
        "user": found["user_name"],
        "auth": found["user_pname"],
        "password": found["user_pass"],
        "server": server,
        "transport": transport,
    }


def grandstream(ask, url, mac):
    settings = ElementTree.fromstring(ask(f"{url}cfg{mac}.xml")[2])
    assert settings.tag == "gs_provision" and settings.find("mac").text == mac
    found = {one.tag: one.text for one in settings.find("config")}
    assert found["P271"] == "1"
    return {
        "name": found["P3"],
        "user": found["P35"],
        "auth": found["P36"],
        "password": found["P34"],
        "server": found["P47"],
        "transport": WORDS[found["P130"]],
    }


MAKES = {"yealink": yealink, "poly": poly, "snom": snom, "grandstream": grandstream}


def main():
    ask = asker(sys.argv[1])
    phones = json.loads(open(sys.argv[2], encoding="utf-8").read())["phones"]
    for phone in phones:
        found = MAKES[phone["make"]](ask, phone["url"], phone["mac"])
        print(json.dumps({"make": phone["make"], **found}))
    # What is wrong is never told apart: the address, the phone, the maker, and what never was.
    base = phones[0]["url"]
    root = "{0.scheme}://{0.netloc}".format(urlsplit(base))
    nothing = ask(f"{root}/nothing")
    assert nothing[0] == 404, nothing
    other = next(phone for phone in phones if phone["make"] != phones[0]["make"])
    for wrong in [
        f"{root}/phones/{'0' * 32}/{phones[0]['mac']}.cfg",
        f"{base}{other['mac']}.cfg",
        f"{base}cfg{other['mac']}.xml",
        f"{base}",
        f"{base}x",
    ]:
        assert ask(wrong) == nothing, wrong


main()
