"""poplib: what is new by UIDL, a message at a time, into a Maildir of Python's (which fsyncs each)."""
import mailbox
import os
import poplib

from mailtext import arg

poplib._MAXLINE = 1 << 20
where = arg("dir", "")
seen = set()
if os.path.exists(f"{where}.uidl"):
    seen = set(open(f"{where}.uidl", "rb").read().split(b"\n"))
box = mailbox.Maildir(where)
pop = poplib.POP3("127.0.0.1", arg("port", 110))
pop.user(arg("user", ""))
pop.pass_("pw")
with open(f"{where}.uidl", "ab") as state:
    for entry in pop.uidl()[1]:
        number, uid = entry.split()
        if uid not in seen:
            box.add(b"\n".join(pop.retr(int(number))[1]) + b"\n")
            state.write(uid + b"\n")
pop.quit()
