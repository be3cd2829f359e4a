#!/bin/sh
# The Debian packages: built from the distribution, without an error or warning of lintian, installed into a folder of
# its own with its own list of packages, used there, and purged without a trace. Only with TEST_LONG.
. "${top_srcdir:-.}/tests/installation.sh"

[ -n "${TEST_LONG-}" ] || { echo "only with TEST_LONG"; exit 77; }
for tool in dh lintian dpkg-buildpackage; do
    command -v $tool >/dev/null || { echo "no $tool: not tested"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "dpkg needs root: not tested"; exit 77; }

cd "$top_builddir"
quietly "${MAKE:-make}" distdir distdir="$work/unseen"
chmod -R u+w "$work/unseen"
cd "$work/unseen"
quietly env -u CC -u CFLAGS DEB_BUILD_OPTIONS='nocheck parallel=2' dpkg-buildpackage -us -uc -b
complaints=$(lintian --fail-on error,warning ../*.changes 2>&1) || fail "$complaints"

root=$work/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
touch "$root/var/lib/dpkg/status"
# What they depend on is of the machine, which this list of packages does not know.
quietly dpkg --root="$root" --force-depends -i ../libunseen0_*.deb ../libunseen-dev_*.deb ../unseen_*.deb
use "$root"
headers
examples
program=$root/usr/bin/unseen
[ "$("$program" --version)" = "unseen $(pkg-config --modversion unseen)" ] || fail "program: another version"
"$program" demo --data "$root/usr/share/unseen/data" >"$work/log" || fail "demo: status $?"

quietly dpkg --root="$root" --force-depends --purge libunseen0 libunseen-dev unseen
left=$(find "$root" -path "$root/var/lib/dpkg" -prune -o ! -type d -print)
[ -z "$left" ] || fail "purge leaves: $left"
echo "built, installed, used and purged"
