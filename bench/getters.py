"""The receiving peers of S7 and S8, each with a configuration and a Maildir of its own, and the Dovecot that they fetch from.

Some refuse to deliver as root, and Dovecot does not serve root's mail, so everything runs as one user made for it.
"""
import atexit
import itertools
import os
import pwd
import shutil
import subprocess

import harness as h
from harness import Command

USER = "hongyan-bench"
AS_USER = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "env", f"HOME={h.WORK}", f"USER={USER}",
           f"LOGNAME={USER}", "HONGYAN_PASSWORD=pw"]
# A folder for each run, removed at its end: ext4 is slow to give out again what was removed minutes ago.
GET = f"{h.WORK}/get-{os.getpid()}"
POP3, IMAP = h.free_port(), h.free_port()
OLD = itertools.count()
atexit.register(shutil.rmtree, GET, ignore_errors=True)
BOXES = {"small": (5000, 0), "large": (500, 145)}  # messages, KB of an attachment before base64


def own(path):
    shutil.chown(path, USER, USER)
    return path


def mailboxes(scale):
    """Writes the two mailboxes, once for each scale."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER], check=True)
    for name, (count, kb) in BOXES.items():
        box = f"{h.WORK}/dovecot/{scale}/{name}"
        if os.path.isdir(f"{box}/Maildir/complete"):
            continue
        shutil.rmtree(box, ignore_errors=True)
        subprocess.run([h.PY, f"{h.PEERS}/make_maildir.py", box, str(count // scale), str(kb)], check=True)
        os.mkdir(f"{box}/Maildir/complete")
    subprocess.run(["chown", "-R", f"{USER}:{USER}", f"{h.WORK}/dovecot"], check=True)


def dovecot(scale):
    """POP3 and IMAP in clear; the users are the mailboxes, the password is "pw"."""
    mailboxes(scale)
    base = f"{h.WORK}/dovecot"
    with open(f"{base}/dovecot.conf", "w") as f:
        f.write(f"""base_dir = {base}/run
state_dir = {base}/run
log_path = {base}/dovecot.log
protocols = pop3 imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = maildir:{base}/{scale}/%u/Maildir
mail_max_userip_connections = 100
first_valid_uid = 1
pop3_no_flag_updates = yes
passdb {{
  driver = static
  args = password=pw
}}
userdb {{
  driver = static
  args = uid={USER} gid={USER} home={base}/{scale}/%u
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {POP3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {IMAP}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
""")
    return h.Server(["dovecot", "-F", "-c", f"{base}/dovecot.conf"], POP3)


def folder(name):
    return f"{GET}/{name}"


def emptied(name):
    """A new Maildir for this command. The old one is only moved away: files that were just removed slow down whoever
    makes new ones."""
    if os.path.isdir(folder(name)):
        os.rename(folder(name), f"{GET}/old-{next(OLD)}")
    for part in ("", "M", "M/cur", "M/new", "M/tmp"):
        os.makedirs(f"{folder(name)}/{part}", exist_ok=True)
        own(f"{folder(name)}/{part}")


def kept(name):
    """How many messages lie in this command's Maildir."""
    return sum(len(os.listdir(f"{folder(name)}/M/{part}")) for part in ("new", "cur"))


def config(name, text):
    path = f"{GET}/{name}.conf"
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o600)
    return own(path)


def as_user(*argv, **more):
    return Command([*AS_USER, *map(str, argv)], **more)


def ours(program, url, name="ours"):
    return as_user(program, "fetch", "--quiet", "--server", url, "--to", f"{folder(name)}/M", group="ours")


def pop3(port, user):
    """Clients that know on the next day what they have fetched already."""
    d = folder
    mpop = config("mpop", f"""account default
host 127.0.0.1
port {port}
user {user}
password pw
auth user
tls off
keep on
delivery maildir {d('mpop')}/M
uidls_file {d('mpop')}/uidls
""")
    fdm = config("fdm", f"""set lock-file "{d('fdm')}/lock"
set default-user "{USER}"
account "a" pop3 server "127.0.0.1" port {port} user "{user}" pass "pw" new-only cache "{d('fdm')}/cache" keep
action "m" maildir "{d('fdm')}/M"
match all action "m"
""")
    getmail = config("getmail6", f"""[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = {port}
username = {user}
password = pw
[destination]
type = Maildir
path = {d('getmail6')}/M/
[options]
read_all = false
delete = false
""")
    return {
        "mpop": as_user("mpop", "-q", "-C", mpop),
        "fdm": as_user("fdm", "-q", "-f", fdm, "fetch"),
        "getmail6": as_user("getmail", "-q", f"--getmaildir={d('getmail6')}", f"--rcfile={getmail}"),
        "poplib": as_user("/usr/bin/python3", f"{h.PEERS}/get_poplib.py", f"port={port}", f"user={user}", f"dir={d('poplib')}/M"),
    }


def mbsync(name, port, user):
    text = f"""FSync yes

IMAPAccount a
Host 127.0.0.1
Port {port}
User {user}
Pass pw
SSLType None
AuthMechs LOGIN

IMAPStore far
Account a

MaildirStore near
Path {folder(name)}/
Inbox {folder(name)}/M

Channel c
Far :far:
Near :near:
Sync Pull New
Create Near
SyncState *
"""
    return as_user("mbsync", "-q", "-c", config(name, text), "c")


def imap(port, user):
    return {
        "mbsync": mbsync("mbsync", port, user),
        "imaplib": as_user("/usr/bin/python3", f"{h.PEERS}/get_imaplib.py", f"port={port}", f"user={user}", f"dir={folder('imaplib')}/M"),
    }


def bound(proto, port, user):
    """A bare program: everything asked for at once, one syncfs, renames; it keeps no state."""
    return as_user(f"{h.BIN}/get_limit", f"proto={proto}", f"port={port}", f"user={user}", f"dir={folder('(bound)')}/M",
                   group="bound")
