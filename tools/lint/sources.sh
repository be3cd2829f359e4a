#!/bin/sh
# Shape of the sources: every .c of ckks, channel, service, nn and train has its test, every file its line in a Makefile.inc, no file is
# longer than 600 lines, no line longer than 100 columns, no tab or space at a line's end.
. "${top_srcdir:-.}/tools/lint/lint.sh"

for folder in ckks channel service nn train tools tests bench; do
    for file in $(sources "$folder"); do
        look
        case $file in
            ckks/*.c | channel/*.c | nn/*.c)
                name=$(basename "$file" .c)
                [ -f "tests/test_$name.c" ] || fault "$file: no test tests/test_$name.c"
                ;;
            service/*.c | train/*.c)
                name=$(echo "${file%.c}" | tr / _)
                [ -f "tests/test_$name.c" ] || fault "$file: no test tests/test_$name.c"
                ;;
        esac
        grep -qw "$file" "$folder/Makefile.inc" Makefile.am || fault "$file: not in $folder/Makefile.inc"
        lines=$(wc -l <"$file")
        [ "$lines" -le 600 ] || fault "$file: $lines lines, more than 600"
        long=$(LC_ALL=C.UTF-8 awk 'length($0) > 100 { print FNR; exit }' "$file")
        [ -z "$long" ] || fault "$file:$long: longer than 100 columns"
        bad=$(grep -nE '	|[[:space:]]$' "$file" | head -n 1 | cut -d: -f1)
        [ -z "$bad" ] || fault "$file:$bad: a tab, or blanks at the end of the line"
    done
done
verdict
