"""Calls every operation of /openapi.json on a running suite: with nothing, with its example, with garbage.

    openapi.py required URL TOKEN   prints the fields that each request must bring, as required.txt keeps them
    openapi.py check URL TOKEN      no 5xx but a documented 501, every error as the schema says, instants end in Z
"""

import json
import re
import sys
import urllib.error
import urllib.request

VERBS = ("get", "post", "put", "patch", "delete")


def call(url, token, verb, path, body=None):
    """Status, headers and JSON (or None) of one call."""
    data = None if verb in ("get", "delete") else json.dumps({} if body is None else body).encode()
    request = urllib.request.Request(url + path, data=data, method=verb.upper())
    request.add_header("authorization", f"Bearer {token}")
    request.add_header("content-type", "application/json")
    request.add_header("accept", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, headers, text = answer.status, answer.headers, answer.read(4 << 20)
    except urllib.error.HTTPError as refused:
        status, headers, text = refused.code, refused.headers, refused.read()
    try:
        return status, headers, json.loads(text)
    except ValueError:
        return status, headers, None


def operations(document):
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if verb in VERBS:
                yield path, verb, operation


def is_endless(operation):
    """A watch ends with its deadline alone."""
    return "/Watch" in operation["x-grpc"]


def filled(path, operation):
    """The path with its variables filled by plausible values."""
    values = {"vin": "LSVAU2A37N2100005", "market": "KE", "standard": "WM/T 8-2022"}
    name = lambda match: values.get(match[1], values["vin"] if match[1].lower().endswith("vin") else "01890a5d-ac96-774b-bcce-b302099a8057")
    return re.sub(r"\{([A-Za-z]+)\}", lambda match: urllib.request.quote(name(match), safe=""), path)


def violations(error):
    details = error.get("details", []) if isinstance(error, dict) else []
    return [one for detail in details for one in detail.get("fieldViolations", [])]


def required(url, token, document):
    schemas = document["components"]["schemas"]
    found = {}

    def note(message, field):
        """Walks `a.b[0].c` down the schemas and keeps the last step where it stands."""
        parts = re.sub(r"\[\d+\]", "", field).split(".")
        for part in parts[:-1]:
            schema = schemas.get(message, {}).get("properties", {}).get(camel(part), {})
            schema = schema.get("items", schema)
            message = schema.get("$ref", "").rsplit("/", 1)[-1]
        if camel(parts[-1]) in schemas.get(message, {}).get("properties", {}):
            found.setdefault(message, set()).add(parts[-1])

    for path, verb, operation in operations(document):
        if is_endless(operation):
            continue
        message = request_of(operation, schemas)
        bodies = [{}]
        example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        if example:
            bodies += [{name: {} if isinstance(value, dict) else value for name, value in example.items()}]
        for body in bodies:
            _, _, answer = call(url, token, verb, filled(path, operation), body)
            for one in violations(answer):
                if "is required" in one["description"] and message:
                    note(message, one["field"])
    for message in sorted(found):
        print(f"{message}: {' '.join(sorted(found[message]))}")


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def request_of(operation, schemas):
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    named = body.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    if named:
        return named
    package, method = operation["x-grpc"].rsplit(".", 1)[0], operation["x-grpc"].rsplit("/", 1)[-1]
    guess = f"{package}.{method}Request"
    return guess if guess in schemas else None


def check(url, token, document):
    wrong, calls, accepted = [], 0, 0
    instant = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

    def look(value, where):
        if isinstance(value, dict):
            for name, inner in value.items():
                look(inner, f"{where}.{name}")
        elif isinstance(value, list):
            for inner in value:
                look(inner, where)
        elif isinstance(value, str) and instant.match(value) and not value.endswith("Z"):
            wrong.append(f"{where} is {value}: an instant ends in Z")

    for path, verb, operation in operations(document):
        if is_endless(operation):
            continue
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        bodies = [{}, content.get("example"), {"surprise": 1}, {"requestId": {"a": []}}, [], "text"]
        for body in bodies if verb not in ("get", "delete") else [None]:
            status, headers, answer = call(url, token, verb, filled(path, operation), body)
            calls += 1
            what = f"{verb} {path} with {json.dumps(body)[:80]}"
            if status >= 500 and status not in (501, 503, 504):
                wrong.append(f"{what}: {status} {answer}")
            if status >= 400:
                details = (answer or {}).get("details")
                if not details or "reason" not in details[0] or set(answer) != {"code", "message", "details"}:
                    wrong.append(f"{what}: {status} without the details of the schema: {answer}")
            accepted += status < 400
            look(answer, what)
    print(f"{calls} calls of {len(list(operations(document)))} operations, {accepted} accepted, {len(wrong)} wrong")
    for line in wrong:
        print("  " + line)
    return 1 if wrong else 0


if __name__ == "__main__":
    what, at, bearer = sys.argv[1:4]
    with urllib.request.urlopen(at + "/openapi.json", timeout=20) as page:
        openapi = json.load(page)
    sys.exit({"required": required, "check": check}[what](at, bearer, openapi))
