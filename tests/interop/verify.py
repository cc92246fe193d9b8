"""A second verifier of Tongguan certificates, written from libs/certificate/FORMAT.md alone.

    python verify.py check --root ROOT --bundle BUNDLE [--status LIST] [--now SECONDS] FILE
    python verify.py compare certificates.ndjson
    python verify.py vectors libs/certificate/vectors/v1.json

`check` verifies one file (COSE bytes, QR text, the HTML page or the PDF), given the root's public key (65 bytes), the trust
bundle and the status list as files; it exits 0 for VALID, 1 for any other verdict. `compare` reads what the example
`generate` wrote and exits 1 on the first disagreements. Nothing is fetched.
"""

import argparse
import base64
import datetime
import hashlib
import json
import re
import sys
import time
import unicodedata
import uuid
import zlib
from collections.abc import Mapping

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

VERDICTS = [
    ("not_a_certificate", "MALFORMED"),
    ("unsupported_version", "COULD_NOT_CHECK"),
    ("image_unreadable", "COULD_NOT_CHECK"),
    ("text_damaged", "MALFORMED"),
    ("bad_cose", "MALFORMED"),
    ("bad_header", "MALFORMED"),
    ("unknown_key", "UNKNOWN_ISSUER"),
    ("key_for_other_use", "UNKNOWN_ISSUER"),
    ("signature_mismatch", "MALFORMED"),
    ("bad_claims", "MALFORMED"),
    ("issuer_mismatch", "UNKNOWN_ISSUER"),
    ("key_not_valid_when_issued", "UNKNOWN_ISSUER"),
    ("proof_missing", "NOT_LOGGED"),
    ("unknown_log", "NOT_LOGGED"),
    ("proof_mismatch", "NOT_LOGGED"),
    ("log_forked", "NOT_LOGGED"),
    ("revoked", "REVOKED"),
    ("suspended", "REVOKED"),
    ("superseded", "SUPERSEDED"),
    ("used", "USED"),
    ("reserved", "RESERVED"),
    ("expired", "EXPIRED"),
    ("status_stale", "STALE_STATUS"),
    ("trust_bundle_expired", "COULD_NOT_CHECK"),
    ("clock_disagrees", "COULD_NOT_CHECK"),
    ("status_of_other_list", "COULD_NOT_CHECK"),
    ("status_index_outside", "COULD_NOT_CHECK"),
    ("status_unavailable", "COULD_NOT_CHECK"),
    ("checkpoint_not_witnessed", "COULD_NOT_CHECK"),
    ("all_checks_passed", "VALID"),
]
ORDER = {reason: place for place, (reason, _) in enumerate(VERDICTS)}
CERTIFICATE, STATUS, BUNDLE = "application/tg-cert+cwt", "application/statuslist+cwt", "application/tg-bundle+cose"
LATEST, TOLERANCE = 253402300799, 300
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


class Refused(Exception):
    """The reason is the argument."""


def need(condition, reason="malformed"):
    if not condition:
        raise Refused(reason)


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- section 1: deterministic CBOR ---


def decode(data):
    """Decodes one item and insists on the only form it may have."""
    try:
        value = cbor2.loads(data)
        # Writing it again finds long forms, unsorted and duplicate keys, and bytes after the end. (cbor2 sorts shorter
        # keys first, as RFC 7049 did; for the keys of this format that is the same order.)
        same = cbor2.dumps(value, canonical=True) == data and plain(value)
    except Exception as e:  # cbor2 raises many kinds of error for bad input
        raise Refused("malformed") from e
    need(same)
    return value


def plain(value):
    if isinstance(value, Mapping):
        return all(plain(key) and plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(plain, value))
    if isinstance(value, cbor2.CBORTag):
        return plain(value.value)
    return value is True or (type(value) in (int, bytes, str) and value is not False)


def is_uint(value):
    return type(value) is int and 0 <= value < 2**64


def instant(value):
    need(is_uint(value) and value <= LATEST)
    return value


def is_bytes(value, length):
    return type(value) is bytes and len(value) == length


def text(value, most):
    need(type(value) is str and 1 <= len(value.encode()) <= most)
    for c in value:
        need(unicodedata.category(c) != "Cc")
        need(not ("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069"))
    need(value[0] != " " and value[-1] != " ")
    return value


def date(value, whole=False):
    need(is_uint(value))
    year, month, day = value // 10000, value // 100 % 100, value % 100
    need(1886 <= year <= 2199 and month <= 12 and day <= 31)
    need(month or not day)
    need(day or not whole)
    if day:
        try:
            datetime.date(year, month, day)
        except ValueError as e:
            raise Refused("malformed") from e
    return value


# --- section 2: signed messages ---


class Message:
    """A COSE_Sign1 taken apart."""

    def __init__(self, data, kind):
        try:
            need(data[:1] == b"\xd2" and len(data) <= {CERTIFICATE: 4096, STATUS: 400000, BUNDLE: 65536}[kind])
            message = decode(data)
            need(type(message) is cbor2.CBORTag and message.tag == 18)
            need(isinstance(message.value, (list, tuple)) and len(message.value) == 4)
            self.protected, unprotected, self.payload, self.signature = message.value
            need(type(self.protected) is bytes and type(self.payload) is bytes and is_bytes(self.signature, 64))
            need(isinstance(unprotected, Mapping))
            self.proof = None
            if unprotected:
                need(kind == CERTIFICATE and list(unprotected) == [-70002])
                self.proof = Proof(unprotected[-70002])
        except Refused as e:
            raise Refused("bad_cose") from e
        try:
            header = decode(self.protected)
            need(isinstance(header, Mapping) and set(header) == {1, 4, 16} and header[1] == -7 and header[16] == kind)
            need(type(header[4]) is bytes and 1 <= len(header[4]) <= 32)
        except Refused as e:
            raise Refused("bad_header") from e
        self.kid = header[4]

    def verified_by(self, key):
        r, s = int.from_bytes(self.signature[:32], "big"), int.from_bytes(self.signature[32:], "big")
        signed = cbor2.dumps(["Signature1", self.protected, b"", self.payload], canonical=True)
        try:
            key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def bare(self):
        return cbor2.dumps(cbor2.CBORTag(18, [self.protected, {}, self.payload, self.signature]), canonical=True)


def es256(raw):
    need(is_bytes(raw, 65) and raw[0] == 4)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError as e:
        raise Refused("malformed") from e


# --- section 3: claims ---


class Record:
    """The claims of a certificate, checked."""

    REQUIRED = {0, 1, 2, 3, 4, 5, 7, 10, 11, 13, 15, 16, 17, 18, 19}

    def __init__(self, payload):
        claims = decode(payload)
        need(isinstance(claims, Mapping) and set(claims) == {1, 4, 6, 7, 65535, -70001})
        self.issuer = text(claims[1], 64)
        self.expires, self.issued = instant(claims[4]), instant(claims[6])
        need(self.expires > self.issued)
        need(is_bytes(claims[7], 16))
        self.id = claims[7]
        status = claims[65535]
        need(isinstance(status, Mapping) and set(status) == {"status_list"})
        status = status["status_list"]
        need(isinstance(status, Mapping) and set(status) == {"idx", "uri"})
        need(is_uint(status["idx"]) and status["idx"] < 2**32)
        self.index, self.list = status["idx"], text(status["uri"], 96)
        self.claims = claims[-70001]
        self.check(self.claims)

    def check(self, c):
        need(isinstance(c, Mapping) and all(type(key) is int for key in c))
        need(self.REQUIRED <= set(c) <= set(range(22)))
        need(c[0] == 1 and c[0] is not True)
        need(type(c[1]) is str and re.fullmatch(r"[0-9A-HJ-NPR-Z]{17}", c[1]))
        need(is_bytes(c[2], 16))
        text(c[3], 40), text(c[4], 60), text(c[5], 30)
        if 6 in c:
            need(is_uint(c[6]) and 1886 <= c[6] <= 2199)
        date(c[7])
        for tail in (8, 9):
            if tail in c:
                need(type(c[tail]) is str and re.fullmatch(r"[A-Za-z0-9-]{1,8}", c[tail]))
        need(type(c[10]) is str and re.fullmatch(r"[A-Z]{2}", c[10]))
        need(is_uint(c[11]) and 1 <= c[11] <= 3)
        if 12 in c:
            date(c[12], whole=True)
        text(c[13], 32)
        if 14 in c:
            text(c[14], 40)
        need(isinstance(c[15], (list, tuple)) and all(is_uint(field) and 1 <= field <= 12 for field in c[15]))
        need(all(a < b for a, b in zip(c[15], c[15][1:])))
        for pack in (c[16], c[17]):
            need(isinstance(pack, (list, tuple)) and len(pack) == 2)
            text(pack[0], 32)
            need(is_bytes(pack[1], 32))
        self.evidence(c[18])
        text(c[19], 24)
        need(c.get(20, True) is True)
        need(is_bytes(c.get(21, bytes(32)), 32))

    def evidence(self, entries):
        need(isinstance(entries, (list, tuple)) and len(entries) <= 12)
        keys = []
        for entry in entries:
            need(isinstance(entry, (list, tuple)) and len(entry) == 2)
            kind, name = entry
            need(is_uint(kind) and 1 <= kind <= 5)
            if type(name) is bytes:
                need(len(name) == 16)
                name = str(uuid.UUID(bytes=name))
            else:
                text(name, 64)
                need(not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name))
            keys.append((kind, name.encode()))
        need(all(a < b for a, b in zip(keys, keys[1:])))


# --- section 4: QR text ---


def unbase45(body):
    need(len(body) % 3 != 1)
    try:
        values = [ALPHABET.index(c) for c in body]
    except ValueError as e:
        raise Refused("malformed") from e
    out = bytearray()
    for start in range(0, len(values), 3):
        part = values[start : start + 3]
        number = sum(value * 45**place for place, value in enumerate(part))
        width = len(part) - 1
        need(number < 256**width)
        out += number.to_bytes(width, "big")
    return bytes(out)


def from_text(given):
    if not given.startswith("TG1:"):
        raise Refused("unsupported_version" if re.match(r"TG[0-9]{1,3}:", given) else "not_a_certificate")
    try:
        need(len(given.encode()) <= 2704)
        payload = unbase45(given[4:])
        need(len(payload) >= 4)
        packed, check = payload[:-4], payload[-4:]
        need(digest(packed)[:4] == check)
        return unpack(packed, 4096)
    except Refused as e:
        raise Refused("text_damaged") from e


def unpack(packed, most):
    unzip = zlib.decompressobj()
    try:
        data = unzip.decompress(packed, most + 1)
    except zlib.error as e:
        raise Refused("malformed") from e
    need(len(data) <= most and unzip.eof and not unzip.unused_data)
    return data


def unwrap(presented):
    if presented[:1] == b"\xd2":
        return presented
    if presented.startswith(b"%PDF-"):
        found = re.search(rb"/Keywords \(([^)]*)\)", presented)
        need(found, "not_a_certificate")
        presented = found.group(1)
    try:
        given = presented.decode()
    except UnicodeDecodeError as e:
        raise Refused("not_a_certificate") from e
    if given.startswith("<!DOCTYPE html>"):
        found = re.search(r'data-certificate="([^"]*)"', given)
        given = found.group(1) if found else given
    return from_text(given)


# --- section 5: log proof ---


class Proof:
    def __init__(self, value):
        need(isinstance(value, (list, tuple)) and len(value) == 5)
        self.key, self.index, self.size, path, self.signature = value
        need(is_bytes(self.key, 4) and is_uint(self.index) and is_uint(self.size) and is_bytes(self.signature, 64))
        need(type(path) is bytes and len(path) % 32 == 0 and len(path) <= 63 * 32)
        self.path = [path[start : start + 32] for start in range(0, len(path), 32)]

    def root(self, leaf):
        """RFC 9162 section 2.1.3.2."""
        need(self.index < self.size, "proof_mismatch")
        fn, sn, root = self.index, self.size - 1, leaf
        for sibling in self.path:
            need(sn != 0, "proof_mismatch")
            if fn & 1 or fn == sn:
                root = digest(b"\x01", sibling, root)
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                root = digest(b"\x01", root, sibling)
            fn, sn = fn >> 1, sn >> 1
        need(sn == 0, "proof_mismatch")
        return root


def check_log(bundle, message, record):
    proof = message.proof
    need(proof, "proof_missing")
    need(proof.key in bundle.logs, "unknown_log")
    name, key = bundle.logs[proof.key]
    vin = digest(record.claims[2], record.claims[1].encode())
    entry = cbor2.dumps([1, record.id, digest(message.bare()), vin, record.issued], canonical=True)
    root = proof.root(digest(b"\x00", entry))
    signed = f"{name}\n{proof.size}\n{base64.b64encode(root).decode()}\n"
    try:
        key.verify(proof.signature, signed.encode())
    except InvalidSignature as e:
        raise Refused("proof_mismatch") from e


# --- sections 6 and 7: status list, trust bundle ---


class Bundle:
    def __init__(self, data, root):
        message = Message(data, BUNDLE)
        need(message.kid == digest(root)[:8] and message.verified_by(es256(root)), "the bundle is not by this root")
        claims = decode(message.payload)
        need(isinstance(claims, Mapping) and set(claims) == set(range(1, 9)))
        self.version, self.issued, self.expires = claims[1], instant(claims[2]), instant(claims[3])
        self.issuer = text(claims[4], 64)
        self.keys = {}
        for kid, algorithm, raw, start, end, uses in claims[5]:
            need(algorithm == -7 and uses in (1, 2, 3))
            self.keys[kid] = (es256(raw), instant(start), instant(end), uses)
        self.logs = {}
        for name, raw in claims[6]:
            key_id = digest(name.encode(), b"\n\x01", raw)[:4]
            self.logs[key_id] = (name, ed25519.Ed25519PublicKey.from_public_bytes(raw))


class Statuses:
    def __init__(self, data, bundle):
        message = Message(data, STATUS)
        key, start, end, uses = bundle.keys[message.kid]
        need(uses & 2 and message.verified_by(key), "the status list is not by a trusted key")
        claims = decode(message.payload)
        need(isinstance(claims, Mapping) and set(claims) == {2, 6, 65533, 65534})
        self.name, self.issued, self.ttl = claims[2], instant(claims[6]), claims[65534]
        need(start <= self.issued < end, "the status list is not by a trusted key")
        packed = claims[65533]
        need(isinstance(packed, Mapping) and set(packed) == {"lst", "bits"} and packed["bits"] == 2)
        self.data = unpack(packed["lst"], 262144)

    def status(self, index):
        need(index < len(self.data) * 4, "status_index_outside")
        return self.data[index // 4] >> 2 * (index % 4) & 3


# --- section 8: verification ---


def check_key(bundle, message, now):
    if message.kid not in bundle.keys:
        raise Refused("trust_bundle_expired" if bundle.expires <= now else "unknown_key")
    key, start, end, uses = bundle.keys[message.kid]
    need(uses & 1, "key_for_other_use")
    need(message.verified_by(key), "signature_mismatch")
    return start, end


def check_issuer(bundle, record, start, end):
    need(record.issuer == bundle.issuer, "issuer_mismatch")
    need(start <= record.issued < end, "key_not_valid_when_issued")


def check_status(statuses, record):
    need(statuses, "status_unavailable")
    need(statuses.name == record.list, "status_of_other_list")
    status = statuses.status(record.index)
    need(status == 0, [None, "revoked", "suspended", "used"][status])


def check_freshness(statuses, now):
    if statuses:
        need(statuses.issued <= now + TOLERANCE, "clock_disagrees")
        need(now < statuses.issued + statuses.ttl, "status_stale")


def check_time(record, now):
    need(record.issued <= now + TOLERANCE, "clock_disagrees")
    need(now < record.expires, "expired")


def verify(presented, bundle, statuses, now):
    """Returns (verdict, reason, record or None)."""
    record = None
    try:
        message = Message(unwrap(presented), CERTIFICATE)
        start, end = check_key(bundle, message, now)
        try:
            record = Record(message.payload)
        except Refused as e:
            raise Refused("bad_claims") from e
        reasons = ["all_checks_passed"]
        for check, arguments in [
            (check_issuer, (bundle, record, start, end)),
            (check_log, (bundle, message, record)),
            (check_status, (statuses, record)),
            (check_freshness, (statuses, now)),
            (check_time, (record, now)),
            (lambda: need(now < bundle.expires, "trust_bundle_expired"), ()),
        ]:
            try:
                check(*arguments)
            except Refused as e:
                reasons.append(e.args[0])
        reason = min(reasons, key=ORDER.get)
    except Refused as e:
        reason = e.args[0]
    return dict(VERDICTS)[reason], reason, record


# --- the commands ---


def compare(path):
    wrong = total = 0
    with open(path, encoding="utf-8") as lines:
        head = json.loads(next(lines))
        bundle = Bundle(base64.b64decode(head["trust_bundle"]), base64.b64decode(head["root"]))
        statuses = Statuses(base64.b64decode(head["status_list"]), bundle)
        for line in lines:
            case = json.loads(line)
            given = statuses if case["with_status"] else None
            verdict, reason, _ = verify(base64.b64decode(case["input"]), bundle, given, case["now"])
            total += 1
            if (verdict, reason) != (case["verdict"], case["reason"]):
                wrong += 1
                expected = f"{case['verdict']} ({case['reason']})"
                print(f"{case['n']} {case['kind']}: {verdict} ({reason}), expected {expected}", file=sys.stderr)
    print(f"{total} certificates, {wrong} disagreements")
    return 1 if wrong or not total else 0


def vectors(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    bundle = Bundle(base64.b64decode(data["trust_bundle"]), base64.b64decode(data["root"]))
    statuses = Statuses(base64.b64decode(data["status_list"]), bundle)
    wrong = 0
    for vector in data["certificates"]:
        for presented in (bytes.fromhex(vector["cose"]), vector["qr"].encode()):
            verdict, reason, record = verify(presented, bundle, statuses, vector["now"])
            same_car = record and record.claims[1] == vector["record"]["record"]["vehicle"]["vin"]
            wrong += (verdict, reason) != (vector["verdict"], vector["reason"]) or not same_car
    print(f"{len(data['certificates'])} vectors, {wrong} disagreements")
    return 1 if wrong else 0


def check(options):
    def read(path):
        with open(path, "rb") as file:
            return file.read()

    bundle = Bundle(read(options.bundle), read(options.root))
    statuses = Statuses(read(options.status), bundle) if options.status else None
    now = int(time.time()) if options.now is None else options.now
    verdict, reason, record = verify(read(options.file), bundle, statuses, now)
    print(f"{verdict} ({reason})")
    if record:
        print(f"compare with the car: VIN {record.claims[1]}, {record.claims[3]} {record.claims[4]}, {record.claims[5]}")
    return 0 if verdict == "VALID" else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check")
    one.add_argument("--root", required=True)
    one.add_argument("--bundle", required=True)
    one.add_argument("--status")
    one.add_argument("--now", type=int)
    one.add_argument("file")
    for name in ("compare", "vectors"):
        commands.add_parser(name).add_argument("file")
    options = parser.parse_args()
    if options.command == "check":
        return check(options)
    return {"compare": compare, "vectors": vectors}[options.command](options.file)


if __name__ == "__main__":
    sys.exit(main())
