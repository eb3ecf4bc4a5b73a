"""S12: campaigns: a sheet of N readers, a letter of 2 KB (text and HTML) for each, to a sink over 8 connections.

"ours" is `hongyan bulk run` as people call it: every row is checked, the campaign is frozen and loaded into its ledger, sent and
settled, all durable in SQLite. The cases of the run alone leave out what comes before it, and set that ledger against one that is
forgotten with the process. nodemailer's pool composes the same letters without a sheet, a check or a ledger.
"""
import glob
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

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


class Postgres:
    """A server of our own, with fsync, in a new folder; a database called mail."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="hb-postgres-")
        shutil.chown(self.folder, "postgres")
        tools = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.run = lambda *command: ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(self.run(f"{tools}/initdb", "--auth=trust", "-E", "UTF8", "-D", f"{self.folder}/data"),
                       check=True, stdout=subprocess.DEVNULL)
        self.port = h.free_port()
        self.server = subprocess.Popen(self.run(f"{tools}/postgres", "-D", f"{self.folder}/data", "-k", self.folder, "-h",
                                                "127.0.0.1", "-p", str(self.port)), stderr=subprocess.DEVNULL)
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/mail"
        for _ in range(100):
            time.sleep(0.1)
            if self.sql("postgres", "CREATE DATABASE mail").returncode == 0:
                return self
        raise RuntimeError("PostgreSQL does not start")

    def sql(self, database, text):
        return subprocess.run(["psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", database, "-c", text],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        with open(f"{self.folder}/data/postmaster.pid") as f:
            os.kill(int(f.readline()), signal.SIGINT)
        self.server.wait(30)
        shutil.rmtree(self.folder)


def shared(Case, program, bench, n):
    """Four workers at one campaign in PostgreSQL, and one program with the ledger in a file; both after the loading."""
    folder = campaign(f"small-{n}", n)
    where = ["--server", f"smtp://127.0.0.1:{h.SINK}", "--tls", "none", "--once"]
    with h.sink(quick=1), Postgres() as database:
        worker = shlex.join([program, "worker", "--ledger", database.url, *where])
        commands = {
            "ours": Command(["sh", "-c", f"for i in 1 2 3 4; do {worker} & done; wait"], n=n, group="ours"),
            "(bulk run, SQLite)": Command([program, "bulk", "run", folder, *where], n=n, group="bound"),
        }

        def before(name):
            begun_anew(folder)
            subprocess.run([bench, f"dir={folder}", "ledger=only"], check=True)
            if name == "ours":
                database.sql("mail", "DROP SCHEMA IF EXISTS hongyan CASCADE")
                subprocess.run([program, "bulk", "move", folder, "--to", database.url], check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        yield Case("S12", f"4 workers, PostgreSQL, {n:,}; bound: `bulk run` going on", commands, n, check=h.taken, before=before,
                   reach={"bound": 1.0}, places=dict(port=h.SINK, n=n))


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
    yield from shared(Case, program, bench, n // 2)
