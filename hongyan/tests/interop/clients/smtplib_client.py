"""Python's smtplib: PORT SMTPS-PORT CA USER PASSWORD FROM TO TO MESSAGE."""
import smtplib
import ssl
import sys

port, smtps, ca, user, password, sender, *to, message = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)


def send(server, starttls=False, mechanism=None, options=()):
    with server as s:
        if starttls:
            s.starttls(context=context)
            s.ehlo()
        if mechanism:
            s.user, s.password = user, password
            s.auth(mechanism, getattr(s, "auth_" + mechanism.lower().replace("-", "_")))
        assert s.sendmail(sender, to, message.encode(), options) == {}


def clear():
    return smtplib.SMTP("localhost", int(port))


send(clear())
send(clear(), starttls=True)
send(smtplib.SMTP_SSL("localhost", int(smtps), context=context))
for name in ("PLAIN", "LOGIN", "CRAM-MD5"):
    send(clear(), starttls=True, mechanism=name)
send(clear(), options=("BODY=8BITMIME", "SMTPUTF8"))
