"""Python's poplib and imaplib against a sandbox: in clear, after STLS or STARTTLS, under TLS.

Arguments: the ports of POP3, POP3S, IMAP, IMAPS; the certificate; user, password; the messages' files, which lie in
the maildrop in this order. poplib takes line ends away, imaplib does not.
"""

import imaplib
import poplib
import ssl
import sys

pop3, pop3s, imap, imaps = map(int, sys.argv[1:5])
trust = ssl.create_default_context(cafile=sys.argv[5])
user, password = sys.argv[6:8]
messages = [open(name, "rb").read() for name in sys.argv[8:]]


def stls():
    client = poplib.POP3("localhost", pop3)
    client.stls(trust)
    return client


def starttls():
    client = imaplib.IMAP4("localhost", imap)
    client.starttls(trust)
    return client


def said(answer):
    kind, data = answer
    assert kind == "OK", answer
    return data


def fetch_all_by_pop3(client):
    assert client.stat() == (len(messages), sum(map(len, messages)))
    numbers = [int(line.split()[0]) for line in client.uidl()[1]]
    assert numbers == list(range(1, len(messages) + 1))
    for number, message in zip(numbers, messages):
        assert b"\r\n".join(client.retr(number)[1]) + b"\r\n" == message, number
        header = client.top(number, 0)[1]
        assert b"\r\n".join(header) + b"\r\n" == message[: message.index(b"\r\n\r\n") + 4], number
    assert client.quit().startswith(b"+OK")


for connect in (lambda: poplib.POP3("localhost", pop3), stls, lambda: poplib.POP3_SSL("localhost", pop3s, context=trust)):
    client = connect()
    client.user(user)
    client.pass_(password)
    fetch_all_by_pop3(client)
client = poplib.POP3("localhost", pop3)
client.apop(user, password)
fetch_all_by_pop3(client)

for connect in (
    lambda: imaplib.IMAP4("localhost", imap),
    starttls,
    lambda: imaplib.IMAP4_SSL("localhost", imaps, ssl_context=trust),
):
    client = connect()
    said(client.login(user, password))
    assert said(client.select("INBOX")) == [b"%d" % len(messages)]
    for number, message in enumerate(messages, 1):
        assert said(client.fetch(str(number), "(BODY.PEEK[])"))[0][1] == message, number
    client.logout()

client = imaplib.IMAP4("localhost", imap)
said(client.login_cram_md5(user, password))
said(client.create("Work"))
said(client.select("INBOX"))
assert said(client.uid("SEARCH", "SUBJECT", "dots"))[0] == b"1"
said(client.uid("COPY", "1", "Work"))
said(client.append("Sent", r"(\Seen)", None, messages[0]))
said(client.uid("STORE", "1", "+FLAGS", r"(\Deleted)"))
said(client.expunge())
assert said(client.uid("SEARCH", "ALL"))[0].split() == [b"%d" % n for n in range(2, len(messages) + 1)]
for mailbox in ("Work", "Sent"):
    assert said(client.select(mailbox, readonly=True)) == [b"1"]
    assert said(client.fetch("1", "(BODY.PEEK[])"))[0][1] == messages[0]
client.logout()

client = poplib.POP3("localhost", pop3)
client.user(user)
client.pass_(password)
for number in range(1, len(messages)):
    client.dele(number)
client.quit()
client = poplib.POP3("localhost", pop3)
client.user(user)
client.pass_(password)
assert client.stat() == (0, 0)
client.quit()
