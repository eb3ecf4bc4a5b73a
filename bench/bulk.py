"""S12: campaigns: a sheet of N readers, a letter of 2 KB (text and HTML) for each, to a sink over 8 connections.

"ours" is `hongyan bulk run` as people call it: every row is checked, the campaign is frozen and loaded into its ledger, sent and
settled, all durable in SQLite. The cases of the run alone leave out what comes before it, and set that ledger against one that is
forgotten with the process. nodemailer's pool composes the same letters without a sheet, a check or a ledger.
"""
import os
import shutil

import harness as h
from harness import Command

TEXT = open(f"{h.ROOT}/bench/data/small.txt").read()
HTML = open(f"{h.ROOT}/bench/data/small.html").read()


def campaign(name, readers, attach=""):
    """The campaign's folder, made once; without a ledger."""
    folder = f"{h.WORK}/bulk/{name}"
    if not os.path.exists(f"{folder}/campaign.toml"):
        os.makedirs(folder, exist_ok=True)
        template = lambda text: text.replace("{name}", "{{ name }}").replace("{i}", "{{ i }}")
        open(f"{folder}/letter.txt", "w").write(template(TEXT))
        open(f"{folder}/letter.html", "w").write(template(HTML))
        with open(f"{folder}/readers.csv", "w") as f:
            f.write("i,name,email,town,note\n")
            for i in range(readers):
                f.write(f"{i},Customer {i},customer{i}@example.net,Xi'an,a note of some words\n")
        shared = ""
        if attach:
            shutil.copy(attach, f"{folder}/shared.bin")
            shared = "[attach]\nshared = ['shared.bin']\n"
        open(f"{folder}/campaign.toml", "w").write(
            "[message]\nfrom = 'Example Shop <shop@example.com>'\nsubject = 'Your order {{ i }}'\ntext = 'letter.txt'\n"
            "html = 'letter.html'\n[recipients]\nfile = 'readers.csv'\nto = '{{ name }} <{{ email }}>'\n"
            f"[pace]\nconnections = 8\nper-connection = 1000000\n{shared}"
        )
    return folder


def begun_anew(folder):
    """As if it had never been run."""
    for name in os.listdir(folder):
        if name.startswith("ledger.sqlite"):
            os.unlink(f"{folder}/{name}")


def s12(Case, program, bench, senders, scale):
    n, attach = 40_000 // scale, f"{h.WORK}/data/1m.bin"
    few = n // 8  # enough for whoever takes half a millisecond for one

    def command(folder, count, *more):
        return Command([program, "bulk", "run", folder, "--server", f"smtp://127.0.0.1:{h.SINK}", "--tls", "none", *more],
                       n=count, group="ours")

    def alone(folder, count, ledger, group, chunking):
        return Command([bench, f"dir={folder}", f"port={h.SINK}", "conns=8", f"ledger={ledger}", f"chunking={chunking}"],
                       n=count, group=group)

    def case(title, commands, folder, count, **more):
        return Case("S12", title, commands, count, check=h.taken, before=lambda _: begun_anew(folder),
                    places=dict(port=h.SINK, n=count, conns=8), **more)

    with h.sink(quick=1):
        small = campaign(f"small-{n}", n)
        peers = {"nodemailer": senders(h.SINK, few, 8)["nodemailer"]}
        for what, more in (("no CHUNKING", ["--no-chunking"]), ("CHUNKING", [])):
            commands = {"ours": command(small, n, *more), **peers}
            yield case(f"`bulk run` of {n:,}, {what}", commands, small, n, reach={"nodemailer": 5.0})
        for what, chunking in (("no CHUNKING", 0), ("CHUNKING", 1)):
            commands = {"ours": alone(small, n, "sqlite", "ours", chunking),
                        "(no ledger)": alone(small, n, "memory", "bound", chunking)}
            yield case(f"the run alone, {what}; bound: no ledger", commands, small, n, reach={"bound": 0.7})
        count = 500 // scale
        attached = campaign(f"attached-{count}", count, attach)
        commands = {"ours": command(attached, count), **senders(h.SINK, count, 8, attach=attach)}
        yield case("`bulk run`, 1 MB shared", commands, attached, count, unit="MB/s", mb=1, reach={"peer": 3.0})
