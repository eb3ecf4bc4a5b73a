"""S11: an index over a Maildir of mails of 2 to 3 KB: made, found to be up to date, listed, searched.

Peers are notmuch and mu, which keep their index in Xapian; both are told to take Chinese apart into pairs, as ours does. All
index the same 10,000 mails (the peers would take many minutes for more), ours 100,000 as well; the pages and answers are 50
mails long, the newest first.
"""
import os
import shutil
import subprocess

import harness as h
from harness import Command

BOX = f"{h.WORK}/index"
# The word that most of the English mails have: see peers/make_mails.py.
FREQUENT = "sageze"
QUERIES = [  # what, for ours, for the peers
    ("a rare word", "needle", "needle"),
    ("a rare word in Chinese", "大雁塔", '"大雁塔"'),
    ("a frequent word", FREQUENT, FREQUENT),
    ("from:wang7 and a word", f"from:wang7 {FREQUENT}", f"from:wang7 {FREQUENT}"),
]
MAILS, MANY = 10_000, 100_000
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
    yield from many(Case, program, MANY // scale)
    count = MAILS // scale
    mails = maildir(count)
    ours = lambda *words: Command([program, words[0], "--maildir", mails, "-n", "50", *words[1:]], group="ours")
    making = {
        "ours": ours("list"),
        "notmuch": shell("notmuch new --quiet"),
        "mu": shell(f"mu init --quiet --maildir={mails} && mu index --quiet"),
    }
    yield Case("S11", f"index of {count:,} mails, made", making, count, before=lambda name: emptied(name, mails),
               reach={"peer": 1.0})
    # The last round left a whole index of each.
    again = {"ours": ours("list"), "notmuch": shell("notmuch new --quiet"), "mu": shell("mu index --quiet --lazy-check")}
    yield Case("S11", f"nothing new of {count:,}; ours lists a page, too", again, 1, "ms", rounds=7, reach={"peer": 1.0})
    for what, words, peers in QUERIES:
        search = {
            "ours": ours("search", words),
            "notmuch": Command(["notmuch", "search", "--limit=50", "--output=messages", "--sort=newest-first", peers]),
            "mu": Command(["mu", "find", "--maxnum=50", "--sortfield=date", "--reverse", peers]),
        }
        yield Case("S11", f"search of {count:,}: {what}", search, 1, "ms", rounds=7, reach={"peer": 1.0})


def many(Case, program, count):
    """Ours alone."""
    mails = maildir(count)
    ours = lambda *words: {"ours": Command([program, words[0], "--maildir", mails, "-n", "50", *words[1:]], group="ours")}
    yield Case("S11", f"index of {count:,} mails, made", ours("list"), count,
               before=lambda name: emptied(name, mails), reach={"rate": 5000})
    yield Case("S11", f"a page of the list of {count:,}", ours("list"), 1, "ms", rounds=7, reach={"most": 20})
    for what, words, _ in QUERIES:
        yield Case("S11", f"search of {count:,}: {what}", ours("search", words), 1, "ms", rounds=7,
                   reach={"most": 50})
