"""email (policy default) over every file of dir=, n= times; every part is decoded."""
import email
import email.policy
import os
from mailtext import arg

folder = arg("dir", "")
raws = [open(os.path.join(folder, name), "rb").read() for name in sorted(os.listdir(folder))]
for _ in range(arg("n", 1)):
    for raw in raws:
        try:
            message = email.message_from_bytes(raw, policy=email.policy.default)
            str(message["subject"]), str(message["from"])
            for part in message.walk():
                if not part.is_multipart():
                    part.get_payload(decode=True)
        except Exception:  # a malformed message that it gives up on counts as done
            pass
