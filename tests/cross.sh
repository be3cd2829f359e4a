#!/bin/sh
# What `make check-aarch64` and its like need: cross.sh TARGET COMPILER-PREFIX DEBIAN-ARCHITECTURE QEMU.
# Prints the emulator's name; when something is missing, says what in one sentence and fails.
set -eu
target=$1 triplet=$2 arch=$3 qemu=$4
missing=

emulator=
for name in "$qemu" "$qemu-static"; do
    command -v "$name" >/dev/null 2>&1 && emulator=$name && break
done
[ -n "$emulator" ] || missing="$missing qemu-user"

try=$(mktemp)
trap 'rm -f "$try"' EXIT
if ! command -v "$triplet-gcc" >/dev/null 2>&1; then
    missing="$missing gcc-$triplet libcmocka-dev:$arch"
elif ! echo 'int main(void) { return 0; }' | "$triplet-gcc" -x c - -lcmocka -o "$try" 2>/dev/null; then
    missing="$missing libcmocka-dev:$arch"
fi
[ -z "$missing" ] || {
    echo "$target needs the Debian packages$missing (after dpkg --add-architecture $arch; apt-get update)" >&2
    exit 1
}
echo "$emulator"
