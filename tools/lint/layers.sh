#!/bin/sh
# Includes point downward only.
#  - Between folders: tools may include public headers of all, train those of nn, nn those of ckks,
#    service those of channel, channel, service and tools those of ckks and its shared ones, ckks none.
#  - Inside ckks, channel, service, nn and train: FOLDER/LAYERS lists the file names without their ending, lowest first;
#    NAME/ says in which folder of FOLDER those behind it are, ./ that they are in FOLDER itself. A file includes
#    only names that stand before its own, or its own.
#  - "..." includes are written from the root of the tree.
. "${top_srcdir:-.}/tools/lint/lint.sh"

public="$(public_headers) $(listed_headers public train/Makefile.inc)"
shared=$(listed_headers shared ckks/Makefile.inc)

# Whether folder $1 may include anything of folder $2 that is public.
allowed() {
    case "$1>$2" in
        "channel>ckks" | "service>channel" | "service>ckks" | "nn>ckks" | "train>nn") return 0 ;;
        "tools>ckks" | "tools>channel" | "tools>service" | "tools>nn" | "tools>train") return 0 ;;
    esac
    return 1
}

# The files that folder $1 lists, without their endings, one a line.
listed() {
    sed 's/#.*//' "$1/LAYERS" | tr -s ' \t' '\n' |
        awk -v top="$1/" '/^\.\/$/ { in_it = ""; next } /\/$/ { in_it = $0; next } NF { print top in_it $0 }'
}

# The place of file $1 among them, counted from 1; empty when it is not there.
place() {
    echo "$names" | grep -nx "${1%.[ch]}" | head -n 1 | cut -d: -f1
}

for folder in ckks channel service nn train tools; do
    names=
    if [ -f "$folder/LAYERS" ]; then
        names=$(listed "$folder")
    elif [ "$folder" != tools ]; then
        fault "$folder/LAYERS is missing"
    fi
    for file in $(sources "$folder"); do
        look
        own=
        if [ -n "$names" ]; then
            own=$(place "$file")
            [ -n "$own" ] || fault "$file: not in $folder/LAYERS"
        fi
        for include in $(sed -n 's/^ *# *include *"\(.*\)".*/\1/p' "$file"); do
            [ -f "$include" ] || fault "$file: no file $include (includes are written from the root)"
            other=${include%%/*}
            if [ "$other" != "$folder" ]; then
                usable=$public
                case $folder in
                    channel | service | tools) usable="$public $shared" ;;
                esac
                case " $usable " in
                    *" $include "*) allowed "$folder" "$other" || fault "$file: $folder may not include $include" ;;
                    *) fault "$file: $include is not a public header" ;;
                esac
            elif [ -n "$own" ]; then
                theirs=$(place "$include")
                if [ -z "$theirs" ] || [ "$theirs" -gt "$own" ]; then
                    fault "$file: $include does not stand before it in $folder/LAYERS"
                fi
            fi
        done
    done
    for name in $names; do
        [ -f "$name.c" ] || [ -f "$name.h" ] || fault "$folder/LAYERS: no file $name"
    done
done
verdict
