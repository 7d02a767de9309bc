"""Reads what SIPp's watchers were told, and judges it by RFC 5261, 5262 and 4661 as lxml understands XPath.

The folder that is named has one for each watcher, with the messages that it saw. Prints what was counted.
"""

import json
import re
import sys
from copy import deepcopy
from pathlib import Path

from lxml import etree

PIDF = "urn:ietf:params:xml:ns:pidf"
DIFF = "urn:ietf:params:xml:ns:pidf-diff"
FILTER = "{urn:ietf:params:xml:ns:simple-filter}"
# A name in a selector that has no prefix: no attribute, function, axis or part of a literal.
BARE = re.compile(r"""("[^"]*"|'[^']*')|(?<![\w@:.-])([A-Za-z_][\w.-]*)(?![\w.:-]*[(:])""")


class Wrong(Exception):
    pass


# A house that takes over counts so far ahead at least.
AHEAD = 1_000


def told(folder):
    """The bodies of NOTIFYs of each house, each with its type, in their order; copies count once."""
    seen = (folder / "messages").read_bytes()
    bodies = {}
    for found in re.finditer(rb"message received \[(\d+)\] bytes :\s*\n\n", seen):
        message = seen[found.end() : found.end() + int(found[1])]
        head, _, body = message.partition(b"\r\n\r\n")
        if not head.startswith(b"NOTIFY ") or not body:
            continue
        number = int(re.search(rb"\r\nCSeq: *(\d+) NOTIFY", head)[1])
        kind = re.search(rb"\r\nContent-Type: *([^\r;]+)", head)[1].decode().strip()
        if bodies.setdefault(number, (kind, body)) != (kind, body):
            raise Wrong(f"{folder.name}: two NOTIFYs have number {number}")
    lives, before = [], -AHEAD
    for number in sorted(bodies):
        if number >= before + AHEAD:
            lives.append([])
        lives[-1].append(bodies[number])
        before = number
    return lives


def whole(life):
    """Documents that need nothing beside them."""
    documents = []
    for kind, body in life:
        if kind != "application/pidf+xml":
            raise Wrong(f"told {kind}, not all of it")
        documents.append(etree.fromstring(body))
    return documents


def patched(life):
    """Documents put together of what had changed, and how often that was told alone."""
    held, version, documents, diffs = None, None, [], 0
    for kind, body in life:
        if kind != "application/pidf-diff+xml":
            raise Wrong(f"told {kind}, not what has changed")
        root = etree.fromstring(body)
        number = int(root.get("version"))
        if root.tag == f"{{{DIFF}}}pidf-full":
            held = root
        elif held is None or root.tag != f"{{{DIFF}}}pidf-diff":
            raise Wrong(f"{root.tag} came first")
        elif number != version + 1:
            raise Wrong(f"version {number} came after {version}")
        else:
            held, diffs = deepcopy(held), diffs + 1
            for operation in root.iterchildren(tag=etree.Element):
                patch(held, operation)
        version = number
        documents.append(held)
    return documents, diffs


def selected(held, operation):
    """What a selector finds: one node, or it is an error (RFC 5261 4.1)."""
    spaces = {prefix or "": space for prefix, space in operation.nsmap.items()}
    bound = {prefix: space for prefix, space in spaces.items() if prefix}
    bound["default"] = spaces[""]
    plain = operation.get("sel")
    text = BARE.sub(lambda found: found[1] or f"default:{found[2]}", plain)
    # It begins above the root element, which its first step names.
    nodes = held.xpath(text if text.startswith(("/", "id(")) else f"/{text}", namespaces=bound)
    if len(nodes) != 1:
        raise Wrong(f"{plain} finds {len(nodes)} nodes in {etree.tostring(held)}")
    return nodes[0]


def patch(held, operation):
    node = selected(held, operation)
    word = operation.tag.removeprefix(f"{{{DIFF}}}")
    news = [deepcopy(child) for child in operation]
    if word == "remove" and isinstance(node, etree._Element):
        node.getparent().remove(node)
    elif word == "replace" and isinstance(node, etree._Element):
        if len(news) != 1:
            raise Wrong("one element takes the place of one")
        node.getparent().replace(node, news[0])
    elif word == "replace" and not news:
        node.getparent().text = operation.text
    elif word == "add" and isinstance(node, etree._Element):
        add(node, news, operation.get("pos"))
    else:
        raise Wrong(f"nobody can do {etree.tostring(operation)}")


def add(node, news, place):
    if place is None:
        node.extend(news)
    elif place == "prepend":
        for at, one in enumerate(news):
            node.insert(at, one)
    else:
        around = node.getparent()
        at = around.index(node) + (place == "after")
        for further, one in enumerate(news):
            around.insert(at + further, one)


def shape(element):
    """What an element says, however it is written."""
    below = [shape(child) for child in element]
    text = (element.text or "").strip()
    return (element.tag, sorted(element.attrib.items()), text, below)


def contents(root):
    """The same of all that is in a document; its root has another name where it is told by changes."""
    return [shape(child) for child in root]


def same(one, other, name):
    if len(one) != len(other):
        raise Wrong(f"{name}: {len(one)} documents, and {len(other)} beside them")
    for number, (mine, theirs) in enumerate(zip(one, other)):
        if contents(mine) != contents(theirs):
            texts = "\n".join(etree.tostring(root).decode() for root in (mine, theirs))
            raise Wrong(f"{name}: documents {number} differ\n{texts}")


class Filters:
    """A filter as its words say, held against whole documents."""

    def __init__(self, file):
        root = etree.parse(file).getroot()
        self.bound = {one.get("prefix"): one.get("urn") for one in root.iter(f"{FILTER}ns-binding")}
        self.bound.setdefault("pidf", PIDF)
        said = lambda name: [one.text.strip() for one in root.iter(f"{FILTER}{name}")]
        self.include, self.exclude, self.added = said("include"), said("exclude"), said("added")

    def find(self, root, paths):
        return {node for path in paths for node in root.xpath(path, namespaces=self.bound)}

    def sift(self, root):
        """What is included with all in it, and what it stands in; of a tuple the status, too."""
        root = deepcopy(root)
        wanted = self.find(root, self.include)
        kept = set()
        for node in wanted:
            kept.update(node.iter(etree.Element))
            kept.update(node.iterancestors())
        for node in self.find(root, self.exclude):
            kept.difference_update(node.iter(etree.Element))
        for tuple_ in [node for node in kept if node.tag == f"{{{PIDF}}}tuple"]:
            kept.update(tuple_.find(f"{{{PIDF}}}status").iter(etree.Element))
        for node in list(root.iter(etree.Element)):
            if node not in kept and node is not root and node.getparent() is not None:
                node.getparent().remove(node)
        return strip(root)

    def calls(self, before, after):
        """Whether it has to be told: something that was not there before is added."""
        if not self.added:
            return True
        return bool(self.find(after, self.added)) and not self.find(before, self.added)

    def of(self, documents):
        """What whoever has these filters is told, where others are told these documents."""
        out = [self.sift(documents[0])]
        for before, after in zip(documents, documents[1:]):
            now = self.sift(after)
            if self.calls(before, after) and contents(now) != contents(out[-1]):
                out.append(now)
        return out


def strip(root):
    """Without elements that have lost all that was in them."""
    for node in reversed(list(root.iter(etree.Element))):
        is_bare = len(node) == 0 and not (node.text or "").strip() and node.tag.endswith(("person", "activities"))
        if is_bare and node is not root:
            node.getparent().remove(node)
    return root


def main():
    folder, filtered = Path(sys.argv[1]), sys.argv[2:]
    everything = [whole(life) for life in told(folder / "whole")]
    counted = {"lives": len(everything), "whole": sum(map(len, everything))}
    for name in ["changes", *filtered]:
        lives = told(folder / name)
        if len(lives) != len(everything):
            raise Wrong(f"{name} was told by {len(lives)} houses, and not {len(everything)}")
        counted[name], counted[f"{name} alone"] = 0, 0
        for life, all_of_life in zip(lives, everything):
            documents, diffs = patched(life)
            wanted = Filters(folder / name / "filters.xml").of(all_of_life) if name in filtered else all_of_life
            same(documents, wanted, name)
            counted[name] += len(documents)
            counted[f"{name} alone"] += diffs
    print(json.dumps(counted))


try:
    main()
except Wrong as wrong:
    sys.exit(str(wrong))
