# Makes the manual page of the file formats from the comments at the heads of the headers that define them: a section
# each, whose title is the first sentence.
#
#     awk -v version=0.1.0 -f comment.awk -f formats.awk nn/run/client.h ... >unseen-formats.5

BEGIN {
    to = "/dev/stdout"
    print ".\\\" Made from the heads of headers by man/formats.awk."
    print ".TH UNSEEN\\-FORMATS 5 \"2026\" \"unseen " version "\" \"File Formats\""
    print ".SH NAME\nunseen\\-formats \\- bytes of the files and messages that unseen reads and writes"
    print ".SH DESCRIPTION\nThe formats, byte by byte. Damaged and unknown files are refused; versions that are not\n" \
          "named here too. Every section is the head of the source file that it names."
}
FNR == 1 { in_head = 1 }
in_head {
    C[FNR] = $0
    if (/\*\//) {
        in_head = 0
        uncomment(FNR, 0)
        print ".SH " plain(toupper(sentence())) "\n.I " plain(FILENAME)
        sub(/^[^.:]*[.:] ?/, "", T[1])
        text(to, 0)
    }
}
END { print ".SH SEE ALSO\n.BR unseen (1),\n.BR unseen\\-ckks (3)" }
