/* SVG as text. */
#include "tools/svg.h"

#include <string.h>

#include "tools/json.h"

static const char style[] = "svg text{font:12px system-ui,sans-serif;fill:#1f2328}\n"
                            "svg .title{font-size:14px;font-weight:600}\n"
                            "svg .soft{fill:#59636e}\n"
                            "svg .page{fill:#ffffff}\n"
                            "svg .track{fill:#818b981f}\n"
                            "svg .grid{stroke:#d1d9e0}\n"
                            "svg .limit{stroke:#cf222e;stroke-dasharray:4 3}\n"
                            "svg .s0{fill:#0969da}svg .s1{fill:#bc4c00}svg .s2{fill:#1a7f37}\n"
                            "svg .s3{fill:#8250df}svg .s4{fill:#bf3989}svg .s5{fill:#59636e}\n"
                            "svg .beyond{fill:#cf222e}\n"
                            "@media (prefers-color-scheme:dark){\n"
                            "svg text{fill:#f0f6fc}\n"
                            "svg .soft{fill:#9198a1}\n"
                            "svg .page{fill:#0d1117}\n"
                            "svg .grid{stroke:#3d444d}\n"
                            "svg .limit{stroke:#f85149}\n"
                            "svg .s0{fill:#4493f8}svg .s1{fill:#f0883e}svg .s2{fill:#3fb950}\n"
                            "svg .s3{fill:#ab7df8}svg .s4{fill:#f778ba}svg .s5{fill:#9198a1}\n"
                            "svg .beyond{fill:#f85149}\n"
                            "}\n";

void svg_style(FILE *out)
{
    fputs(style, out);
}

static void one_character(FILE *out, const char *text, size_t length)
{
    static const char from[] = "&<>\"'";
    static const char *const to[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const char *found = strchr(from, *text);

    if (length == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
        fputs("\xef\xbf\xbd", out);
    else if (found != NULL)
        fputs(to[found - from], out);
    else
        fwrite(text, 1, length, out);
}

/* Bytes of the next character of a text that does not end here, 0 for what is no UTF-8. The final
 * NUL ends a character that is cut short, so that no byte behind it is looked at. */
static size_t length_of(const char *text)
{
    return json_utf8(text, 4);
}

static size_t step(const char *text)
{
    size_t length = length_of(text);
    return length > 0 ? length : 1;
}

static int longer_than(const char *text, size_t most)
{
    size_t n = 0;
    for (; *text != '\0' && n <= most; n++)
        text += step(text);
    return n > most;
}

void svg_escape(FILE *out, const char *text, size_t most)
{
    int cut = most > 0 && longer_than(text, most);

    for (size_t n = 0; *text != '\0'; n++) {
        if (cut && n + 1 == most) {
            fputs("\xe2\x80\xa6", out);
            return;
        }
        one_character(out, text, length_of(text));
        text += step(text);
    }
}

void svg_open(FILE *out, const char *id, double width, double height, const char *title,
              const char *about)
{
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" ", width,
            height);
    if (id != NULL)
        fprintf(out, "id=\"%s\" role=\"img\" aria-labelledby=\"%s-t%s%s%s\">\n<title id=\"%s-t\">",
                id, id, about != NULL ? " " : "", about != NULL ? id : "",
                about != NULL ? "-d" : "", id);
    else
        fprintf(out, "width=\"%.0f\" height=\"%.0f\" role=\"img\">\n<title>", width, height);
    svg_escape(out, title, 0);
    fputs("</title>\n", out);
    if (about != NULL) {
        if (id != NULL)
            fprintf(out, "<desc id=\"%s-d\">", id);
        else
            fputs("<desc>", out);
        svg_escape(out, about, 0);
        fputs("</desc>\n", out);
    }
    if (id == NULL) {
        fprintf(out, "<style>\n%s</style>\n", style);
        fprintf(out, "<rect class=\"page\" width=\"%.0f\" height=\"%.0f\"/>\n", width, height);
    }
}

void svg_close(FILE *out)
{
    fputs("</svg>\n", out);
}

void svg_text(FILE *out, const char *class, double x, double y, const char *anchor,
              const char *text, size_t most)
{
    fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y,
            anchor);
    svg_escape(out, text, most);
    fputs("</text>\n", out);
}

void svg_rect(FILE *out, const char *class, double x, double y, double width, double height,
              const char *about)
{
    fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\"",
            class, x, y, width, height);
    if (about == NULL) {
        fputs("/>\n", out);
        return;
    }
    fputs("><title>", out);
    svg_escape(out, about, 0);
    fputs("</title></rect>\n", out);
}

void svg_line(FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
    fprintf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class,
            x1, y1, x2, y2);
}
