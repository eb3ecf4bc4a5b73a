"""make_maildir.py DIR COUNT KB: a Maildir of COUNT distinct messages under DIR, each the small message and, with KB, an
attachment of that many kilobytes."""
import os
import random
import sys

where, count, kb = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.argv = sys.argv[:1]
import mailtext  # noqa: E402  (it reads the arguments, too)

for part in ("cur", "new", "tmp"):
    os.makedirs(f"{where}/Maildir/{part}")
source = random.Random(1)
for i in range(count):
    message = mailtext.build(i)
    if kb:
        message.add_attachment(source.randbytes(kb * 1024), maintype="application", subtype="octet-stream",
                               filename="report.bin")
    with open(f"{where}/Maildir/cur/{1700000000 + i}.{i}.bench:2,", "wb") as f:
        f.write(bytes(message))
