#!/bin/sh
# Every function of a public header stands right under its comment, which opens with /**; every tag of a
# source, like [HK20], is an entry of REFERENCES.md.
. "${top_srcdir:-.}/tools/lint/lint.sh"

for header in $(public_headers); do
    [ -f "$header" ] || { fault "$header is missing"; continue; }
    # A declaration begins on a line with ..._API outside of #define; the line above must close a comment
    # that was opened by /**.
    report=$(awk '
        /\/\*\*/ { doc = 1 }
        /^\/\*[^*]/ { doc = 0 }
        /^#/ { last = $0; next }
        /^(CKKS|CHANNEL|SERVICE|NN)_API/ {
            count++
            if (!(doc && last ~ /\*\/[ ]*$/)) print FILENAME ":" FNR ": no comment: " $0
        }
        { last = $0 }
        END { print "count " count + 0 }' "$header")
    for n in $(echo "$report" | sed -n 's/^count //p'); do looked=$((looked + n)); done
    missing=$(echo "$report" | grep -v '^count ' || true)
    [ -z "$missing" ] || fault "$missing"
done

for tag in $(grep -rhoE '\[[A-Z][A-Za-z]*[0-9]{2,4}\]' --include='*.[ch]' ckks channel service nn train tools tests bench | sort -u); do
    look
    grep -qF "**$tag**" REFERENCES.md || fault "$tag is not in REFERENCES.md"
done
verdict
