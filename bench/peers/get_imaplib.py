"""imaplib: all messages, a hundred a command, into a Maildir of Python's (which fsyncs each)."""
import imaplib
import mailbox

from mailtext import arg

imaplib._MAXLINE = 1 << 26
box = mailbox.Maildir(arg("dir", ""))
imap = imaplib.IMAP4("127.0.0.1", arg("port", 143))
imap.login(arg("user", ""), "pw")
count = int(imap.select("INBOX", readonly=True)[1][0])
for first in range(1, count + 1, 100):
    for part in imap.fetch(f"{first}:{min(first + 99, count)}", "(UID FLAGS BODY.PEEK[])")[1]:
        if isinstance(part, tuple):
            box.add(part[1])
imap.logout()
