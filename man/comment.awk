# Comments of C as roff, for api.awk and formats.awk.

# Text as roff takes it.
function plain(s)
{
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    return s
}

# A line of its own.
function line(s)
{
    s = plain(s)
    return s ~ /^[.']/ ? "\\\&" s : s
}

# Makes T[1..lines] of the lines of a comment C[1..n], without what makes it a comment. In that of a function a key that
# stands behind text ("A copy.  Fails: ...") gets its own line.
function uncomment(n, fun,    i, s)
{
    lines = 0
    for (i = 1; i <= n; i++) {
        s = C[i]
        sub(/ *\*\/ *$/, "", s)
        sub(i == 1 ? "^/[*]+" : "^ [*]", "", s)
        sub(/^ /, "", s)
        if (fun)
            sub(/^ /, "", s)
        if (fun && s !~ /^ *[A-Z][a-z\/]*:/ && match(s, /  [A-Z][a-z]*: /)) {
            T[++lines] = substr(s, 1, RSTART - 1)
            s = substr(s, RSTART + 2)
        }
        T[++lines] = s
    }
}

# The first sentence of T.
function sentence(    i, s)
{
    for (i = 1; i <= lines && T[i] != "" && (i == 1 || T[i] !~ /^ *[A-Z][a-z\/]*: /); i++)
        s = s (i > 1 ? " " : "") T[i]
    if (match(s, /[.;:]( |$)/))
        s = substr(s, 1, RSTART - 1)
    gsub(/  +/, " ", s)
    return s
}

function verbatim(to, on)
{
    if (on != nf)
        print (on ? ".PP\n.nf" : ".fi") >to
    nf = on
}

# Prints one line of what follows a key; a name with two blanks behind it begins a new one.
function keyed_line(to, s, first)
{
    sub(/^ +/, "", s)
    if (match(s, /^[a-z_][A-Za-z0-9_]*(, [a-z_][A-Za-z0-9_]*)*  +/)) {
        name = substr(s, 1, RLENGTH)
        sub(/ +$/, "", name)
        print (first ? "" : ".br\n") "\\fI" plain(name) "\\fR: " plain(substr(s, RLENGTH + 1)) >to
    } else if (s != "")
        print line(s) >to
}

# Prints T as text.
function text(to, fun,    i, s, key, item, fresh)
{
    nf = key = item = 0
    fresh = 1
    for (i = 1; i <= lines; i++) {
        s = T[i]
        if (s ~ /^ *$/) {
            verbatim(to, 0)
            fresh = 1
            key = item = 0
        } else if (fun && match(s, /^ *[A-Z][a-z\/]*: */)) {
            name = substr(s, 1, RLENGTH)
            gsub(/ /, "", name)
            print ".TP\n" "\\fB" plain(name) "\\fR" >to
            keyed_line(to, substr(s, RLENGTH + 1), 1)
            key = 1
        } else if (key) {
            keyed_line(to, s, 0)
        } else if (s ~ /^ ? ?- [^ ]/) {
            verbatim(to, 0)
            sub(/^ *- /, "", s)
            print ".IP \\(bu 2\n" line(s) >to
            item = 1
            fresh = 0
        } else if (item && s ~ /^  /) {
            sub(/^ +/, "", s)
            print line(s) >to
        } else {
            item = 0
            if (s ~ /^  /)
                verbatim(to, 1)
            else if (nf || fresh) {
                verbatim(to, 0)
                print ".PP" >to
            }
            print line(s) >to
            fresh = 0
        }
    }
    verbatim(to, 0)
}
