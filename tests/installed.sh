#!/bin/sh
# installed.sh PKGCONFIGDIR ROOT BINDIR: an installed library compiles, links and runs a program through
# its unseen.pc, and the installed program answers. ROOT is the DESTDIR of the installation, or empty.
set -eu

root=$2
PKG_CONFIG_PATH=$root$1
PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/example.c" <<'END'
#include <ckks/circuits.h>
#include <ckks/ckks.h>
#include <nn/nn.h>

#include <stdio.h>

int main(void)
{
    printf("library %s, %s\n", ckks_version(), nn_status_name(CKKS_OK));
    return 0;
}
END
# Flags are several words on purpose.
# shellcheck disable=SC2046
${CC:-cc} -o "$folder/example" "$folder/example.c" $(pkg-config --cflags --libs unseen)
LD_LIBRARY_PATH=$root$(pkg-config --variable=libdir unseen) "$folder/example"
"$root$3/unseen" --version
