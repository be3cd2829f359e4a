#!/bin/sh
# Every header compiles alone and has the guard UNSEEN_FOLDER_NAME_H; public headers compile as C++ too.
. "${top_srcdir:-.}/tools/lint/lint.sh"

flags='-std=c11 -pedantic -Wall -Wextra -Wundef -Wstrict-prototypes -Werror -fsyntax-only -I.'

for header in $(for folder in ckks channel service nn train tools tests bench; do sources "$folder"; done | grep '\.h$'); do
    look
    # CC may hold a command with arguments, and flags are several words.
    # shellcheck disable=SC2086
    echo "#include \"$header\"" | ${CC:-cc} $flags -x c - || fault "$header: does not compile alone"
    guard=UNSEEN_$(echo "${header%.h}_H" | tr 'a-z/.-' 'A-Z___')
    grep -q "^#ifndef $guard\$" "$header" || fault "$header: the guard should be $guard"
done

if [ -n "${CXX-}" ]; then
    for header in $(public_headers); do
        look
        # shellcheck disable=SC2086
        echo "#include \"$header\"" | $CXX -std=c++11 -Wall -Wextra -Werror -fsyntax-only -I. -x c++ - ||
            fault "$header: does not compile as C++"
    done
else
    echo "no C++ compiler: public headers not tried as C++"
fi
verdict
