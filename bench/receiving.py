"""S7 and S8: fetching two mailboxes from Dovecot into an empty Maildir, and finding that there is nothing new.

Every message counts when it is in the Maildir and its client will not fetch it again.
"""
import getters as g
import harness as h

# These make every message safe by itself, and 5,000 take them minutes.
SLOW = ("getmail6", "poplib", "imaplib")
SMALL, LARGE = "5,000 small", "500 × 200 KB"


def case(Case, scenario, title, commands, n, **more):
    """A case into empty Maildirs: a command that does not leave all n messages in its own drops out."""
    return Case(scenario, title, commands, n, before=g.emptied, check_of=g.kept, **more)


def filled(commands):
    """Runs every command once, so that there is nothing new for it; keeps those that could."""
    for name, command in commands.items():
        g.emptied(name)
        h.once(command, 300)
    return commands


def s7(Case, program, scale):
    """POP3: 5,000 messages of 2.6 KB, 500 of 200 KB, nothing new of 5,000, and the large ones with a round trip of 20 ms."""
    small, large = g.BOXES["small"][0] // scale, g.BOXES["large"][0] // scale
    h.fresh(g.GET)

    def commands(user, port=g.POP3, with_bound=True):
        found = {"ours": g.ours(program, f"pop3://{user}@127.0.0.1:{port}")}
        if with_bound:
            found["(bound)"] = g.bound("pop3", port, user)
        return found | {k: v for k, v in g.pop3(port, user).items() if user == "large" or k not in SLOW}

    with g.dovecot(scale):
        yield case(Case, "S7", f"POP3, {SMALL}", commands("small"), small, reach={"mpop": 3.0, "rss": 16})
        yield case(Case, "S7", f"POP3, {LARGE}", commands("large"), large, unit="MB/s", mb=0.2, reach={"mpop": 1.3, "rss": 16})
        again = filled(commands("small", with_bound=False))
        yield Case("S7", f"POP3, nothing new of {small:,}", again, 1, "ms", rounds=7, reach={"fdm": 1.0})
        with h.delay(20, g.POP3):
            some = {k: v for k, v in commands("large", h.DELAY).items() if k in ("ours", "mpop", "(bound)")}
            yield case(Case, "S7", f"POP3, 20 ms, {LARGE}", some, large, unit="MB/s", mb=0.2, reach={"mpop": 1.0})


def s8(Case, program, scale):
    """IMAP: the same."""
    small, large = g.BOXES["small"][0] // scale, g.BOXES["large"][0] // scale
    h.fresh(g.GET)

    def commands(user, port=g.IMAP, with_bound=True):
        found = {"ours": g.ours(program, f"imap://{user}@127.0.0.1:{port}")}
        if with_bound:
            found["(bound)"] = g.bound("imap", port, user)
        return found | {k: v for k, v in g.imap(port, user).items() if user == "large" or k not in SLOW}

    with g.dovecot(scale):
        yield case(Case, "S8", f"IMAP, {SMALL}", commands("small"), small, reach={"mbsync": 8.0, "rss": 16})
        yield case(Case, "S8", f"IMAP, {LARGE}", commands("large"), large, unit="MB/s", mb=0.2, reach={"mbsync": 3.0, "rss": 16})
        again = filled({k: v for k, v in commands("small", with_bound=False).items() if k in ("ours", "mbsync")})
        yield Case("S8", f"IMAP, nothing new of {small:,}", again, 1, "ms", rounds=7, reach={"mbsync": 1.0})
        with h.delay(20, g.IMAP):
            some = {k: v for k, v in commands("large", h.DELAY).items() if k in ("ours", "mbsync", "(bound)")}
            yield case(Case, "S8", f"IMAP, 20 ms, {LARGE}", some, large, unit="MB/s", mb=0.2, reach={"mbsync": 1.0})
