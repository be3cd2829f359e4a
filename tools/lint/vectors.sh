#!/bin/sh
# Every script of tools/vectors prints the known answers that stand in tests/vectors, byte for byte.
# Skipped without a Python 3.
. "${top_srcdir:-.}/tools/lint/lint.sh"

if ! command -v python3 >/dev/null 2>&1; then
    echo "no python3 here: the known answers are taken as they are"
    exit 77
fi
for script in tools/vectors/*.py; do
    name=$(basename "$script" .py)
    # common.py is what the others share; it prints nothing.
    [ "$name" != common ] || continue
    look
    PYTHONDONTWRITEBYTECODE=1 python3 "$script" | cmp -s - "tests/vectors/$name.inc" ||
        fault "tests/vectors/$name.inc is not what $script prints"
done
for file in tests/vectors/*.inc; do
    look
    [ -f "tools/vectors/$(basename "$file" .inc).py" ] || fault "$file: no script makes it"
done
verdict
