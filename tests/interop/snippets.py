"""Runs the lines that people copy: the fenced blocks of README files, and every line of a running suite's /docs.

    TONGGUAN=http://127.0.0.1:7070 TOKEN=… python snippets.py readme README.md …
    TONGGUAN=http://127.0.0.1:7070 TOKEN=… python snippets.py docs

`readme` runs each curl and grpcurl command of the blocks marked sh, and the blocks marked python and js (in the current folder),
with 127.0.0.1:7070 replaced by the running suite's address; it passes when it exits 0 and, with curl, when the answer is no
error. `docs` runs each line as it stands. Its examples name things that are not there, so a refusal of the catalogue passes;
a fault, a missing right, an unknown path or a body that is not the method's message does not. Prints one line a snippet, failures
last, then `N passed, N failed, N skipped`, and exits 1 when one failed.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECONDS = 30
BLOCK = re.compile(r"^```(sh|python|js)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CURL = 'curl() { command curl --fail-with-body --silent --show-error --max-time 20 "$@"; }\n'
REFUSALS = {"400": {"INVALID_FIELDS"}, "404": {"NOT_FOUND", "SOURCE_UNKNOWN"}, "501": {"NOT_IMPLEMENTED"}}


def run(command, stdin):
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"no end within {SECONDS} s", ""
    return ("" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-600:]}{done.stdout[-600:]}"), done.stdout


def commands(code):
    """The curl and grpcurl commands of a block with the number of their first line; a command may take several lines."""
    lines = code.splitlines()
    for first, line in enumerate(lines):
        if not re.match(r"(grp)?curl\b", line):
            continue
        for last in range(first, len(lines)):
            command = "\n".join(lines[first : last + 1])
            whole = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True).returncode == 0
            if whole and not command.endswith("\\"):
                break
        yield first, command


def readme(paths):
    address = os.environ["TONGGUAN"].partition("://")[2]
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for block in BLOCK.finditer(text):
            language, code = block[1], block[2].replace("127.0.0.1:7070", address)
            line = text.count("\n", 0, block.start()) + 2
            name = os.path.relpath(path, ROOT)
            if language == "python":
                yield f"{name}:{line}", run([sys.executable, "-"], code)[0]
            elif language == "js":
                yield f"{name}:{line}", run(["node", "--input-type=module"], code)[0]
            else:
                for offset, command in commands(code):
                    missing = command.startswith("grpcurl") and not shutil.which("grpcurl")
                    problem = None if missing else run(["bash", "-euo", "pipefail"], f"{CURL}cd '{ROOT}'\n{command}")[0]
                    yield f"{name}:{line + offset}", problem


def docs():
    with urllib.request.urlopen(os.environ["TONGGUAN"] + "/docs", timeout=SECONDS) as page:
        lines = re.findall(r"<pre>(curl .*?)</pre>", page.read().decode(), re.DOTALL)
    if not lines:
        yield "/docs", "there is no line to copy"
    for line in map(html.unescape, lines):
        # A stream has no end: what came within two seconds is looked at.
        asked = line.replace("curl -s", 'curl -s --max-time 2 -w "\\n%{http_code}"', 1)
        _, printed = run(["bash", "-u"], asked)
        body, _, status = printed.rpartition("\n")
        path = re.search(r'"\$TONGGUAN([^"]*)"', line)
        method = re.search(r"-X (\w+)", line)
        yield f"/docs {method[1] if method else 'GET'} {path[1] if path else line}", judged(status, body)


def judged(status, body):
    if status.startswith("2"):
        return ""
    try:
        details = {each["@type"].rpartition(".")[2]: each for each in json.loads(body)["details"]}
        reason = details["ErrorInfo"]["reason"]
        # A wrong value is named with its path; a body that could not be read as the message is not.
        readable = all(each["field"] for each in details.get("BadRequest", {}).get("fieldViolations", []))
    except (ValueError, KeyError, TypeError):
        return f"{status} without a reason: {body[:300]}"
    return "" if reason in REFUSALS.get(status, ()) and readable else f"{status} {body[:400]}"


def main():
    what, *paths = sys.argv[1:] or [""]
    if what not in ("readme", "docs"):
        sys.exit(__doc__)
    passed, skipped, failures = 0, 0, []
    for name, problem in readme(paths) if what == "readme" else docs():
        if problem is None:
            skipped += 1
            print(f"skipped {name}: grpcurl is not installed (Debian has no package of it)")
        elif problem:
            failures.append(f"FAILED  {name}: {problem}")
        else:
            passed += 1
            print(f"ok      {name}")
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed, {skipped} skipped")
    sys.exit(1 if failures or not passed else 0)


if __name__ == "__main__":
    main()
