"""What Python's email package (policy default) reads: paths of messages come in, a line of JSON goes out for each.

A field that Python cannot read (it raises, or a charset it does not know) is null: no opinion.
"""
import email
import email.policy
import hashlib
import json
import sys
import warnings

warnings.simplefilter("ignore")


def attempt(read):
    try:
        return read()
    except Exception:
        return None


def people(message, name):
    found = []
    for field in message.get_all(name, []):
        found += [[a.display_name, a.addr_spec] for a in field.addresses]
    return found


def date(message):
    field = message.get("Date")
    if field is None:
        return None
    return int(field.datetime.timestamp())


def leaf(part):
    """The content of one leaf: text, or the hash of other content."""
    payload = part.get_payload(decode=True)
    if payload is None:
        return None
    if part.get_content_maintype() not in ("text", "multipart"):
        return {"sha256": hashlib.sha256(payload).hexdigest()}
    charset = part.get_param("charset", "us-ascii")
    if not isinstance(charset, str):
        charset = charset[2]
    text = payload.decode(charset, "replace")
    return None if "\ufffd" in text else {"text": text}


def is_leaf(part):
    # Python makes a message of each group of fields in a delivery report; they are no parts of the message.
    return not part.is_multipart() or part.get_content_type() == "message/delivery-status"


def walk(part):
    yield part
    if not is_leaf(part):
        for inner in part.get_payload():
            yield from walk(inner)


def view(path):
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    parts = list(walk(message))
    leaves = [part for part in parts if is_leaf(part)]
    return {
        "subject": attempt(lambda: str(message.get("Subject", ""))),
        "from": attempt(lambda: people(message, "From")),
        "to": attempt(lambda: people(message, "To")),
        "cc": attempt(lambda: people(message, "Cc")),
        "date": attempt(lambda: date(message)),
        "tree": attempt(lambda: [part.get_content_type() for part in parts]),
        "names": attempt(lambda: [part.get_filename() or "" for part in leaves]),
        "leaves": [attempt(lambda part=part: leaf(part)) for part in leaves],
    }


for line in sys.stdin:
    print(json.dumps(attempt(lambda: view(line.rstrip("\n")))))
