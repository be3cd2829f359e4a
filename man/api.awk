# Makes manual pages of section 3 from one public header: an overview, folder "out"/unseen-NAME.3, with what the head of
# the file says, its types and a list of its functions; and a page for every function, out/FUNCTION.3, from the comment
# above its declaration. The names of the functions are printed.
#
#     awk -v header=nn/nn.h -v out=man3 -v version=0.1.0 -f comment.awk -f api.awk nn/nn.h
#
# What a header has to keep to: the first comment is about the file; dividers are /* ---- title; a comment stands right
# above what it is about; a function is declared with ..._API and its comment is text, then lines "Key: ...".

BEGIN {
    page = header
    sub(/\.h$/, "", page)
    folder = file = page
    sub(/\/.*/, "", folder)
    sub(/.*\//, "", file)
    page = "unseen-" folder (file == folder ? "" : "-" file)
    overview = out "/" page ".3"
}

function head(to, name, about)
{
    print ".\\\" Made from " header " by man/api.awk." >to
    print ".TH " toupper(plain(name)) " 3 \"2026\" \"unseen " version "\" \"Library Functions\"" >to
    print ".SH NAME\n" plain(name) " \\- " plain(about) >to
    print ".SH SYNOPSIS\n.nf\n\\fB#include <" header ">\\fR" >to
}

# A declaration, folded before column 80 behind commas.
function declaration(to, s,    part, count, i, width)
{
    gsub(/[A-Z]+_(API|MUST_CHECK) */, "", s)
    gsub(/[A-Z]+_PRINTF\([^)]*\) */, "", s)
    gsub(/  +/, " ", s)
    sub(/ $/, "", s)
    count = split(s, part, /, /)
    width = 0
    for (i = 1; i <= count; i++) {
        if (i > 1) {
            printf "," >to
            if (width + length(part[i]) > 66) {
                printf "\n   " >to
                width = 3
            }
            printf " " >to
        }
        printf "%s", plain(part[i]) >to
        width += length(part[i]) + 2
    }
    printf "\n" >to
}

function function_page(    to, name)
{
    name = code
    sub(/ *\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    to = out "/" name ".3"
    head(to, name, sentence())
    print "" >to
    declaration(to, code)
    print ".fi\n.SH DESCRIPTION" >to
    text(to, 1)
    print ".SH SEE ALSO\n.BR " plain(page) " (3)" >to
    close(to)
    print ".TP\n.BR " plain(name) " (3)\n" plain(sentence()) >overview
    print name
}

# What stands under a comment, or under none: a function, a type, a constant. Other functions are no part of the library.
function flush()
{
    uncomment(comment_count, 1)
    if (code ~ /^[A-Z]+_API/) {
        function_page()
    } else if (code == "" || code ~ /^(typedef|struct|enum|#define)/) {
        text(overview, 1)
        if (code != "")
            print ".PP\n.nf\n" shown ".fi" >overview
    }
    comment_count = 0
    code = shown = ""
}

FNR == 1 { in_head = 1 }
in_head {
    C[FNR] = $0
    if (/\*\//) {
        in_head = 0
        uncomment(FNR, 0)
        about = sentence()
        sub(/^Public interface of /, "", about)
        head(overview, page, about)
        print "\\fBcc\\fR ... $(pkg\\-config \\-\\-cflags \\-\\-libs unseen)\n.fi\n.SH DESCRIPTION" >overview
        text(overview, 0)
        print ".SH DECLARATIONS" >overview
    }
    next
}
/^#if/ && !/^#ifndef UNSEEN_/ { conditional++ }
conditional {
    if (/^#endif/)
        conditional--
    next
}
/^#define UNSEEN_.*_H$/ || /^#(include|ifndef|endif)/ { next }
/^\/\* -+ / && code == "" {
    title = $0
    gsub(/^\/\* -+ | *\*\/$/, "", title)
    print ".SS " plain(title) >overview
    in_comment = !/\*\//
    comment_count = in_comment # the title's line, empty
    C[1] = ""
    next
}
/^\/\*/ && code == "" && !in_comment { in_comment = 1; comment_count = 0 }
in_comment {
    C[++comment_count] = $0
    if (/\*\//)
        in_comment = 0
    next
}
/^ *$/ && code == "" { flush(); next }
{
    code = code (code == "" ? "" : " ") $0
    shown = shown line($0) "\n"
    whole = $0
    sub(/ *\/\*.*\*\/ *$/, "", whole)
    depth += gsub(/{/, "{", whole) - gsub(/}/, "}", whole)
    if (depth == 0 && (whole ~ /; *$/ || code ~ /^#define/))
        flush()
}
END { print ".SH SEE ALSO\n.BR unseen (1),\n.BR unseen\\-formats (5)" >overview }
