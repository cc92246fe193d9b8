#!/usr/bin/env bash
# The clients of other languages against the real suite: installs and generates them, starts the suite in a folder of its own on
# free ports, runs every quick-start and every line to copy of the READMEs and of /docs, and stops it.
#
#   TONGGUAN_BIN=target/release/tongguan tests/interop/quickstarts.sh
#
# Needs bash, curl, Python 3.10 with venv, Node 20 with npm, and PyPI and npm on the first run. Nothing is written into the tree:
# what PyPI and npm bring is kept in $TONGGUAN_CACHE (default ~/.cache/tongguan), the clients are built in a temporary copy.
# Prints one line a check, and `N passed, N failed` at the end; exits 0 when everything passed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

readonly CLIENTS=libs/clients
readonly GRPCIO_TOOLS=1.85.1
CACHE=${TONGGUAN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tongguan}
binary=$(realpath -e -- "${TONGGUAN_BIN:?names the tongguan binary}") || exit 2

root=$PWD suite='' python='' passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/tongguan-quickstarts.XXXXXX") || exit 2

leave() {
    local code=$?
    trap - EXIT
    if [[ -n $suite ]]; then
        kill "$suite" 2>/dev/null
        wait "$suite" 2>/dev/null
    fi
    rm -rf "$work"
    exit "$code"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

check() { # name, then a command; its output only when it fails
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        tail -n 20 "$work/log" | cut -c1-600 | sed 's/^/    /'
        return 1
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 ]]
    exit
}

cached() { # name, then files that decide what is in it: names the folder
    local name=$1
    shift
    folder=$CACHE/clients-$name-$({ echo "$GRPCIO_TOOLS"; cat "$@"; } | cksum | cut -d' ' -f1)
}

copy() { # a checkout in small, so that each client is built as its README says
    find proto "$CLIENTS" \( -name node_modules -o -name generated -o -name dist -o -name .venv \) -prune -o -type f -print |
        tar -cf - -T - | tar -xf - -C "$work"
}

build_python() {
    local folder
    cached python "$CLIENTS/python/pyproject.toml"
    python=$folder/bin/python
    if [[ ! -f $folder/ready ]]; then
        python3 -m venv --clear "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check \
            "grpcio-tools==$GRPCIO_TOOLS" googleapis-common-protos 'setuptools>=77' && touch "$folder/ready" || return 1
    fi
    # What runs is the installed package; --no-deps keeps the network out, `pip check` compares what it asks for.
    (cd "$work/$CLIENTS/python" && PYTHON=$python ./generate.sh &&
        "$python" -m pip install -q --disable-pip-version-check --no-build-isolation --target "$work/site" --no-deps . &&
        PYTHONPATH=$work/site "$python" -m pip check)
}

build_typescript() {
    local folder
    cached npm "$CLIENTS/typescript/package.json"
    if [[ ! -f $folder/ready ]]; then
        rm -rf "$folder" && mkdir -p "$folder" && cp "$CLIENTS/typescript/package.json" "$folder/" &&
            npm install --prefix "$folder" --no-audit --no-fund --no-package-lock --silent && touch "$folder/ready" || return 1
    fi
    (cd "$work/$CLIENTS/typescript" && ln -s "$folder/node_modules" node_modules && npm run --silent build)
}

become_tongguan() { # in a subshell; nothing of the caller's environment reaches it but these; port 0 is a free one
    cd "$work" && exec env -i PATH="$PATH" HOME="$work" TONGGUAN_DATA__FOLDER="$work/data" \
        TONGGUAN_SERVER__LISTEN=127.0.0.1:0 TONGGUAN_ADMIN__LISTEN=127.0.0.1:0 "$binary" "$@"
}

start_suite() {
    (become_tongguan serve) >"$work/suite.log" 2>&1 &
    suite=$!
    local tries
    for ((tries = 0; tries < 240; tries++)); do
        TONGGUAN=$(grep -aoE 'http://127\.0\.0\.1:[0-9]+/openapi\.json' "$work/suite.log" | head -n 1)
        TONGGUAN=${TONGGUAN%/openapi.json}
        [[ -n $TONGGUAN ]] && curl -sf --max-time 5 "$TONGGUAN/readyz" >/dev/null && export TONGGUAN && return 0
        kill -0 "$suite" 2>/dev/null || break
        sleep 0.25
    done
    cat "$work/suite.log"
    return 1
}

token() { # a file, then roles: writes the token there
    local file=$1 role
    local -a roles=()
    shift
    for role in "$@"; do roles+=(--role "$role"); done
    (become_tongguan token --tenant sandbox-interop --organisation 91310000MA1FL0AB1X --person "${roles[@]}") >"$file" && [[ -s $file ]]
}

python_quickstart() {
    (cd "$work/$CLIENTS/python" && timeout 60 "$python" quickstart.py | tee "$work/python.out")
}

typescript_quickstart() {
    (cd "$work/$CLIENTS/typescript" && timeout 60 npm run --silent quickstart | tee "$work/typescript.out")
}

says() { # file, then the lines that must be in it, as extended regular expressions
    local file=$1 line code=0
    shift
    for line in "$@"; do
        grep -qE -- "$line" "$file" || { echo "no line matches: $line"; code=1; }
    done
    [[ $code -eq 0 ]] || cat "$file"
    return $code
}

decided() { says "$1" '^registered LSVTGA2[0-9X]{2}N2[0-9]{6} version 1$' '^decoded .*CHECK_DIGIT_MATCHES$' \
    '^KE +OUTCOME_PROHIBITED .*KE-STEER' '^AE +OUTCOME_(UNDETERMINED|CONDITIONAL|PROHIBITED) [A-Z]' '^unreachable \[\]$' \
    '^refused +INVALID_FIELDS$' '^  vehicle\.vin: '; }

same() { diff <(sed -E 's/LSV[0-9A-Z]{14}/VIN/' "$work/python.out") <(sed -E 's/LSV[0-9A-Z]{14}/VIN/' "$work/typescript.out"); }

json_says_so() { # the third client: the same car asked about as JSON
    local vin
    vin=$(awk '/^registered/ { print $2 }' "$work/python.out")
    curl -sS --fail-with-body --max-time 20 -H "authorization: Bearer $TOKEN" "$TONGGUAN/v1/readiness:check" -d "{\"listing\":{\"vin\":\"$vin\",
        \"facts\":{\"vehicle.body\":\"sedan\",\"trip.arrival\":\"$(date -u -d '30 days' +%F)\"}},\"markets\":[\"KE\",\"AE\"]}" >"$work/readiness.json" &&
        "$python" - "$work/readiness.json" >"$work/json.out" <<'PYTHON' && diff <(grep -E '^(KE|AE) ' "$work/python.out") "$work/json.out"
import json, sys
for market in json.load(open(sys.argv[1]))["markets"]:
    print(market["market"], "       ", market["outcome"], *(each["rule"] for each in market["verdict"]["reasons"] if each.get("decisive")))
PYTHON
}

snippets() { (cd "$work/$CLIENTS/typescript" && "$python" "$root/tests/interop/snippets.py" "$@"); }

readmes=("$root/$CLIENTS/README.md" "$root/$CLIENTS/python/README.md" "$root/$CLIENTS/typescript/README.md")
[[ -f README.md ]] && readmes+=("$root/README.md")

copy || exit 2
check 'python: generate, build, install' build_python || finish
check 'typescript: generate, compile' build_typescript || finish
export PYTHONPATH=$work/site
check 'suite: starts and is ready' start_suite || finish
check 'suite: makes tokens' token "$work/token" exporter || finish
token "$work/every-role" exporter marketplace_agent inspection_body licence_officer customs_officer rule_editor auditor operator integrator
TOKEN=$(<"$work/token")
export TOKEN
check 'python: quick-start' python_quickstart
check 'python: says what it must' decided "$work/python.out"
check 'typescript: quick-start' typescript_quickstart
check 'typescript: says what it must' decided "$work/typescript.out"
check 'typescript says what python says' same
check 'JSON says what python says' json_says_so
check 'READMEs: every line to copy' snippets readme "${readmes[@]}"
grep -a '^skipped' "$work/log"
TOKEN=$(<"$work/every-role") check '/docs: every line to copy' snippets docs
# What the document says holds for every operation: no fault of ours, every refusal with its details, instants in UTC.
check '/openapi.json: every operation' "$python" "$root/tests/interop/openapi.py" check "$TONGGUAN" "$(<"$work/every-role")"
check 'suite: still ready' curl -sf --max-time 5 "$TONGGUAN/readyz"
finish
