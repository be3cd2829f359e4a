#!/bin/sh
# ONNX's own node tests for every operator that nn/ takes: python3-onnx writes the cases into the build
# folder, tests/onnx_cases replays them: in the reference, in stages and on the clear slots of a plan.
# Skipped (77) where that package is not installed.
set -eu

if [ -z "${PYTHON_ONNX-}" ]; then
    echo "skipped: no Python with the onnx package (Debian package: python3-onnx)"
    exit 77
fi
cases=${top_builddir:-.}/tests/onnx_nodes.d
rm -rf "$cases"
mkdir -p "$cases"
"$PYTHON_ONNX" "${top_srcdir:-.}/tests/onnx_nodes.py" "$cases"
"${top_builddir:-.}/tests/onnx_cases" "$cases" all
rm -rf "$cases"
# The committed models, written anew: the same answers, whatever the version of the package.
mkdir -p "$cases"
"$PYTHON_ONNX" "${top_srcdir:-.}/tests/onnx_corpus.py" "$cases"
"${top_builddir:-.}/tests/onnx_cases" "$cases"
rm -rf "$cases"
