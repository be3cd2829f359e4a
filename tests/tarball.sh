#!/bin/sh
# The distribution: every file of the repository is in it. With TEST_LONG it is also built where there is nothing but a
# C compiler, make, a shell and the tools that a configure script needs: no autotools, no Python, no pkg-config, no
# cmocka; and the program has to work.
. "${top_srcdir:-.}/tests/installation.sh"

version=$(sed -n 's/^AC_INIT(\[unseen\], \[\([^]]*\)\].*/\1/p' "$top_srcdir/configure.ac")
cd "$top_builddir"
quietly "${MAKE:-make}" distdir distdir="$work/unseen-$version"
if (cd "$top_srcdir" && [ -e .git ] && git ls-files) >"$work/tracked" 2>/dev/null; then
    files=0
    while read -r file; do
        files=$((files + 1))
        [ -f "$work/unseen-$version/$file" ] || [ "$file" = .gitignore ] || [ ! -f "$top_srcdir/$file" ] ||
            fail "$file is not in the distribution: list it in EXTRA_DIST or in its folder's Makefile.inc"
    done <"$work/tracked"
    [ $files -gt 0 ] || fail "git lists no files"
    echo "$files files are in the distribution"
fi
grep -q "^unseen ($version) " "$top_srcdir/debian/changelog" || fail "debian/changelog is not of version $version"
[ -n "${TEST_LONG-}" ] || exit 0

mkdir "$work/path"
for tool in "${CC%% *}" ar as ld nm ranlib strip make sh awk basename cat chmod cmp cp cut date dirname expr false find grep head \
    install ln ls mkdir mktemp mv od printf pwd rm rmdir sed sleep sort tail tee test touch tr true uname uniq wc; do
    found=$(command -v "$tool") || fail "no $tool here"
    case $found in /*) ln -sf "$found" "$work/path/$(basename "$tool")" ;; esac
done
cd "$work/unseen-$version"
# Only the bare path, and no more of this environment than where to find a home.
bare() {
    quietly env -i PATH="$work/path" HOME="$work" CC="$(basename "${CC%% *}")" "$@"
}
bare ./configure CFLAGS=-O0 --disable-shared --disable-dependency-tracking
bare make -j2
bare make install DESTDIR="$work/root"
"$work/root/usr/local/bin/unseen" demo --data "$work/unseen-$version/data" >"$work/log" || fail "demo: status $?"
echo "built and used without anything but a compiler and make"
