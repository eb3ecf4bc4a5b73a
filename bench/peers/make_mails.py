"""make_mails.py DIR COUNT: a Maildir of COUNT mails of 2 to 3 KB, as people get them: English and Chinese, some HTML, some
with an attachment. The same every time; every mail has words of its own, and each 1,000th says `needle` and 大雁塔."""
import base64
import os
import random
import sys

where, count = sys.argv[1], int(sys.argv[2])
source = random.Random(1)
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "on")]
WORDS = ["".join(source.choices(SYLLABLES, k=source.randint(1, 4))) for _ in range(30_000)]
# As often as words are: the nth about 1/n times as often as the first.
ODDS = [1 / (n + 10) for n in range(len(WORDS))]
HAN = [chr(0x4E00 + n) for n in source.sample(range(5_000), 3_000)]
COMMON = [1 / (n + 20) for n in range(len(HAN))]
# Words of one to four characters, two most often.
HAN_WORDS = ["".join(source.choices(HAN, weights=COMMON, k=source.choices((1, 2, 3, 4), (15, 65, 12, 8))[0])) for _ in range(12_000)]
PEOPLE = [(source.choice(WORDS).title() + " " + source.choice(WORDS).title(), f"{source.choice(WORDS)}{n}@example.org")
          for n in range(2_000)] + [("王" + pair, f"wang{n}@example.cn") for n, pair in enumerate(HAN_WORDS[:1_000])]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def english(octets):
    words = source.choices(WORDS, weights=ODDS, k=octets // 6)
    return "\r\n".join(" ".join(words[n:n + 12]) for n in range(0, len(words), 12))


def chinese(octets):
    words = source.choices(HAN_WORDS, weights=ODDS[:len(HAN_WORDS)], k=octets // 7)
    return "\r\n".join("".join(words[n:n + 8]) + "，" + "".join(words[n + 8:n + 16]) + "。" for n in range(0, len(words), 16))


def mail(n):
    han = n % 5 in (1, 3)
    (name, address), (to, to_address) = source.choice(PEOPLE), source.choice(PEOPLE)
    text = (chinese if han else english)(source.randint(1400, 2200))
    if n % 1000 == 7:
        text += "\r\nneedle 大雁塔\r\n"
    subject = "".join(source.choices(HAN_WORDS, k=4)) if han else " ".join(source.choices(WORDS, k=5))
    word = lambda s: "=?utf-8?B?" + base64.b64encode(s.encode()).decode() + "?="
    kind, body = "text/plain", text
    if n % 4 == 0:
        kind, body = "text/html", "<html><body><p>" + text.replace("\r\n", "</p>\r\n<p>") + "</p></body></html>"
    leaf = f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    if n % 10 == 9:
        leaf = (f"Content-Type: multipart/mixed; boundary=\"b{n}\"\r\n\r\n--b{n}\r\n{leaf}--b{n}\r\n"
                f"Content-Type: application/pdf; name=\"report{n}.pdf\"\r\nContent-Disposition: attachment; "
                f"filename=\"report{n}.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + base64.b64encode(source.randbytes(300)).decode() + f"\r\n--b{n}--\r\n")
    day = n * 20 // 1440 % 28 + 1
    return (f"Return-Path: <{address}>\r\nReceived: from mail{n % 50}.example.org (mail{n % 50}.example.org [192.0.2.{n % 250}])\r\n"
            f"\tby mx.example.net with ESMTPS id {n:08x}; {DAYS[n % 7]}, {day} Jan {2015 + n % 11} 08:00:00 +0800\r\n"
            f"From: {word(name)} <{address}>\r\nTo: {word(to)} <{to_address}>\r\nSubject: {word(subject)}\r\n"
            f"Date: {DAYS[n % 7]}, {day} Jan {2015 + n % 11} {n % 24:02}:{n % 60:02}:00 +0800\r\n"
            f"Message-ID: <{n}.{n * 7919 % 1000003}@example.org>\r\nMIME-Version: 1.0\r\n{leaf}").encode()


for part in ("cur", "new", "tmp"):
    os.makedirs(f"{where}/{part}")
for n in range(count):
    content = mail(n)
    with open(f"{where}/cur/{1700000000 + n}.M{n}P1.bench,S={len(content)}:2,{'' if n % 20 == 0 else 'S'}", "wb") as f:
        f.write(content)
