#!/usr/bin/env python3
"""mediabench.py of the load kit, with the rule by which our relay without signalling takes its ports."""
import base64

import mediabench


class Sessions(mediabench.FixedSessions):
    """Session i: base + 4i for its caller, base + 4i + 2 for its callee, where the adapter says `rule = "pairs"`."""

    def __init__(self, sut):
        super().__init__(sut)
        self.pairs = sut.v.get("rule") == "pairs"

    def add(self, i, var):
        if not self.pairs:
            return super().add(i, var)
        port = self.base + 4 * i
        caller, sealed, callee, _, _ = mediabench.VARIANTS[var]
        types = [mediabench.CODEC[codec][0] for codec in (caller, callee)]
        keys = [base64.b64encode(bytes([of]) * 30).decode() if sealed else "-" for of in (1, 2)]
        return (mediabench.A_PORTS[i % 8], port, mediabench.B_PORTS[i % 8], port + 2, *types, *keys, "-", "-")


mediabench.FixedSessions = Sessions
if __name__ == "__main__":
    mediabench.main()
