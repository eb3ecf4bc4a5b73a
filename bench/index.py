"""S11: an index over a Maildir of 100,000 mails of 2 to 3 KB: made, found to be up to date, listed, searched.

Peers are notmuch and mu, which keep their index in Xapian; both are told to take Chinese apart into pairs, as ours does. All
index the same mails; the pages and answers are 50 mails long, the newest first.
"""
import os
import shutil
import subprocess

import harness as h
from harness import Command

BOX = f"{h.WORK}/index"
# The word that most of the English mails have: see peers/make_mails.py.
FREQUENT = "sageze"
MAILS = 100_000
XAPIAN = {"XAPIAN_CJK_NGRAM": "1", "NOTMUCH_CONFIG": f"{BOX}/notmuch.conf", "MUHOME": f"{BOX}/mu"}


def maildir(count):
    """The mails, made once."""
    mails = f"{BOX}/{count}"
    if not os.path.isdir(f"{mails}/done"):
        shutil.rmtree(mails, ignore_errors=True)
        os.makedirs(mails)
        subprocess.run([h.PY if os.path.exists(h.PY) else "python3", f"{h.PEERS}/make_mails.py", mails, str(count)], check=True)
        os.mkdir(f"{mails}/done")
    with open(f"{BOX}/notmuch.conf", "w") as f:
        f.write(f"[database]\npath={BOX}/notmuch\nmail_root={mails}\n[user]\nname=x\nprimary_email=x@example.org\n"
                "[new]\nignore=hongyan;done\ntags=\n[search]\nexclude_tags=\n[maildir]\nsynchronize_flags=false\n")
    os.environ.update(XAPIAN)
    return mails


def shell(line):
    return Command(["sh", "-c", line])


def emptied(name, mails):
    """Takes the index of a command away."""
    for place in {"ours": [f"{mails}/hongyan"], "notmuch": [f"{BOX}/notmuch"], "mu": [f"{BOX}/mu"]}[name]:
        shutil.rmtree(place, ignore_errors=True)
    os.makedirs(f"{BOX}/notmuch", exist_ok=True)


def s11(Case, program, scale):
    count = MAILS // scale
    mails = maildir(count)

    def ours(command, *query):
        return Command([program, command, "--maildir", mails, "-n", "50", *query], group="ours")

    making = {
        "ours": ours("list"),
        "notmuch": shell("notmuch new --quiet"),
        "mu": shell(f"mu init --quiet --maildir={mails} && mu index --quiet"),
    }
    yield Case("S11", f"index of {count:,} mails, made", making, count, before=lambda name: emptied(name, mails),
               reach={"rate": 5000, "peer": 1.0})
    # The last round left a whole index of each.
    again = {"ours": ours("list"), "notmuch": shell("notmuch new --quiet"), "mu": shell("mu index --quiet --lazy-check")}
    yield Case("S11", "nothing new, and a page of the list", again, 1, "ms", rounds=7, reach={"peer": 1.0})

    def search(words, peer=None):
        peer = peer or words
        return {
            "ours": ours("search", words),
            "notmuch": Command(["notmuch", "search", "--limit=50", "--output=messages", "--sort=newest-first", peer]),
            "mu": Command(["mu", "find", "--maxnum=50", "--sortfield=date", "--reverse", peer]),
        }

    yield Case("S11", "search: a rare word", search("needle"), 1, "ms", rounds=7, reach={"peer": 1.0})
    yield Case("S11", "search: a rare word in Chinese", search("大雁塔", '"大雁塔"'), 1, "ms", rounds=7, reach={"peer": 1.0})
    yield Case("S11", "search: a frequent word", search(FREQUENT), 1, "ms", rounds=7, reach={"peer": 1.0})
    yield Case("S11", "search: from:wang7 and a word", search(f"from:wang7 {FREQUENT}"), 1, "ms",
               rounds=7, reach={"peer": 1.0})
