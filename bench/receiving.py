"""S7 and S8: fetching two mailboxes from Dovecot into an empty Maildir, and finding that there is nothing new.

Every message counts when it is in the Maildir and its client will not fetch it again. A command that does not leave all
messages in its own Maildir drops out.
"""
import os

import getters as g
import harness as h

# These make every message safe by itself, and 5,000 take them minutes.
SLOW = ("getmail6", "poplib", "imaplib")


def s7(Case, program, scale):
    """POP3: 5,000 messages of 2.6 KB, 500 of 200 KB, nothing new of 5,000, and the large ones with a round trip of 20 ms."""
    return fetching(Case, "S7", "POP3", program, scale, g.POP3, g.pop3,
                    dict(small={"mpop": 3.0}, large={"mpop": 1.3}, again={"fdm": 1.0}, far={"mpop": 1.0}))


def s8(Case, program, scale):
    """IMAP: the same."""
    return fetching(Case, "S8", "IMAP", program, scale, g.IMAP, g.imap,
                    dict(small={"mbsync": 8.0}, large={"mbsync": 3.0}, again={"mbsync": 1.0}, far={"mbsync": 1.0}))


def fetching(Case, scenario, protocol, program, scale, port, peers, reach):
    small, large = (g.BOXES[box][0] // scale for box in ("small", "large"))
    scheme, rss = protocol.lower(), {"rss": 16}
    os.makedirs(g.GET, exist_ok=True)

    def commands(user, port=port, only=None):
        found = {"ours": g.ours(program, f"{scheme}://{user}@127.0.0.1:{port}"), "(bound)": g.bound(scheme, port, user)}
        found |= {name: peer for name, peer in peers(port, user).items() if user == "large" or name not in SLOW}
        return {name: command for name, command in found.items() if not only or name in only}

    def case(what, found, count, **more):
        return Case(scenario, f"{protocol}, {what}", found, count, before=g.emptied, check_of=g.kept, **more)

    with g.dovecot(scale):
        yield case(f"{small:,} small", commands("small"), small, reach=reach["small"] | rss)
        yield case(f"{large} × 200 KB", commands("large"), large, unit="MB/s", mb=0.2, reach=reach["large"] | rss)
        again = commands("small", only=["ours", *reach["again"], "mpop"])
        for name, command in again.items():
            g.emptied(name)
            h.once(command, 300)
        yield Case(scenario, f"{protocol}, nothing new of {small:,}", again, 1, "ms", rounds=7, reach=reach["again"])
        with h.delay(20, port):
            far = commands("large", h.DELAY, ["ours", "(bound)", *reach["far"]])
            yield case(f"20 ms, {large} × 200 KB", far, large, unit="MB/s", mb=0.2, reach=reach["far"])
