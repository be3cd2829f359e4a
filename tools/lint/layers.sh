#!/bin/sh
# Includes point downward only.
#  - Between folders: tools may include public headers of ckks, nn and train, train those of nn, nn
#    those of ckks, ckks none.
#  - Inside ckks, nn and train: FOLDER/LAYERS lists the file names without their ending, one layer per line,
#    lowest first; a file includes only names that stand before its own, or its own.
#  - "..." includes are written from the root of the tree.
. "${top_srcdir:-.}/tools/lint/lint.sh"

public="$(public_headers) $(listed_headers train/Makefile.inc)"

# Whether folder $1 may include anything of folder $2 that is public.
allowed() {
    case "$1>$2" in
        "nn>ckks" | "train>nn" | "tools>ckks" | "tools>nn" | "tools>train") return 0 ;;
    esac
    return 1
}

# The place of file $1 in the list of folder $2, counted from 1; empty when it is not there.
place() {
    sed 's/#.*//' "$2/LAYERS" | tr -s ' \t' '\n' | sed '/^$/d' | grep -nx "$1" | head -n 1 | cut -d: -f1
}

stem() {
    basename "$1" | sed 's/\.[ch]$//'
}

for folder in ckks nn train tools; do
    for file in "$folder"/*.[ch]; do
        [ -f "$file" ] || continue
        look
        own=
        if [ -f "$folder/LAYERS" ]; then
            own=$(place "$(stem "$file")" "$folder")
            [ -n "$own" ] || fault "$file: not in $folder/LAYERS"
        elif [ "$folder" != tools ]; then
            fault "$folder/LAYERS is missing"
        fi
        for include in $(sed -n 's/^ *# *include *"\(.*\)".*/\1/p' "$file"); do
            [ -f "$include" ] || fault "$file: no file $include (includes are written from the root)"
            other=${include%%/*}
            if [ "$other" != "$folder" ]; then
                case " $public " in
                    *" $include "*) allowed "$folder" "$other" || fault "$file: $folder may not include $include" ;;
                    *) fault "$file: $include is not a public header" ;;
                esac
            elif [ -n "$own" ]; then
                theirs=$(place "$(stem "$include")" "$folder")
                if [ -z "$theirs" ] || [ "$theirs" -gt "$own" ]; then
                    fault "$file: $include does not stand before it in $folder/LAYERS"
                fi
            fi
        done
    done
    [ ! -f "$folder/LAYERS" ] || for name in $(sed 's/#.*//' "$folder/LAYERS"); do
        [ -f "$folder/$name.c" ] || [ -f "$folder/$name.h" ] || fault "$folder/LAYERS: no file $name"
    done
done
verdict
