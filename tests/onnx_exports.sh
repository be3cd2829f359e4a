#!/bin/sh
# The models of tests/exports, exported anew: whatever the versions of PyTorch and onnx, they import and
# give PyTorch's own answers. Skipped (77) where one of the packages is not installed.
set -eu

if [ -z "${PYTHON_ONNX-}" ] || ! "$PYTHON_ONNX" -c 'import torch' 2>/dev/null; then
    echo "skipped: no Python with torch and onnx (Debian packages: python3-torch, python3-onnx)"
    exit 77
fi
models=${top_builddir:-.}/tests/onnx_exports.d
rm -rf "$models"
mkdir -p "$models"
"$PYTHON_ONNX" "${top_srcdir:-.}/tests/onnx_exports.py" "$models"
"${top_builddir:-.}/tests/test_onnx_exports" "$models"
rm -rf "$models"
