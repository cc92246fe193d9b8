#!/usr/bin/env bash
# Makes the package below generated/: messages and stubs from the schema, with the hand-written files of src/ beside them.
#
#   generate.sh [SCHEMA]      SCHEMA is the folder proto/ of the repository, found by itself inside a checkout
#
# Needs grpcio-tools of PyPI in the Python that is first on PATH ($PYTHON names another). Nothing else is fetched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python=${PYTHON:-python3}
schema=${1:-}
if [[ -z $schema ]]; then # the nearest folder above that has one
    schema=$PWD
    until [[ -d $schema/proto/tongguan ]]; do
        [[ $schema != / ]] || { echo 'no proto/tongguan above here: name the schema folder' >&2; exit 2; }
        schema=$(dirname "$schema")
    done
    schema=$schema/proto
fi
"$python" -c 'import grpc_tools' 2>/dev/null || { echo "missing: $python -m pip install grpcio-tools" >&2; exit 2; }

rm -rf generated
mkdir generated
mapfile -t files < <(cd "$schema" && find tongguan -name '*.proto' | sort)
# google/api and google/type come with googleapis-common-protos: a second copy would clash with it.
"$python" -m grpc_tools.protoc -I "$schema" --python_out=generated --pyi_out=generated --grpc_python_out=generated "${files[@]}"
cp -R src/tongguan/. generated/tongguan/
