#!/bin/sh
# Makes golden files of today's formats, beside this script: make.sh BUILD, where BUILD has unseen and
# tests/test_golden. Run it only for a format that is new, and keep what there is: see README.md.
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
PATH=$build:$PATH
"${PYTHON_ONNX:-python3}" tiny.py
unseen plan tiny.onnx --log-n 12 --precision 11 -o tiny.plan
unseen keygen tiny.plan -s tiny.secret -e tiny.eval
chmod 644 tiny.secret
unseen encrypt tiny.plan tiny.secret tiny.pgm -o tiny.request
unseen infer tiny.onnx tiny.eval tiny.request --log-n 12 --precision 11 -o tiny.response
unseen decrypt tiny.plan tiny.secret tiny.response --json >tiny.json
unseen calibrate --seconds 0 -o tiny.costs
"$build/tests/test_golden" --make tiny.plan tiny.secret tiny.public
