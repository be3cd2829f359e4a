/* Kinds of files, and the page around their sections. */
#include "tools/report.h"

#include <string.h>

#include "ckks/ckks.h"
#include "tools/report_part.h"
#include "tools/result.h"
#include "tools/svg.h"

/* A kind is known by two members that no other has. */
typedef struct report_kind {
    const char *id, *title, *about;
    const char *member[2];
    void (*write)(report_set *s);
} report_kind;

static const report_kind kinds[] = {
    {"eval",
     "Evaluation",
     "Many images, encrypted, against the plain network.",
     {"correct_encrypted", "agree"},
     report_eval},
    {"check",
     "Check",
     "The network layer by layer: in float, fitted and encrypted.",
     {"layers", "sentence"},
     report_check},
    {"plan",
     "Plan",
     "What encrypted inference will need, foretold.",
     {"steps", "infer_ms"},
     report_plan},
    {"packing",
     "Packing",
     "The ways to pack many images into ciphertexts.",
     {"alternatives", "images"},
     report_packing},
    {"ablation",
     "Passes",
     "What each pass over the graph is worth.",
     {"ablation", "model"},
     report_ablation},
    {"bench", "Bench", "Times of single operations.", {"cases", "head"}, report_bench},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static int kind_of(const json_value *root)
{
    for (int k = 0; k < KINDS; k++) {
        if (json_member(root, kinds[k].member[0]) != NULL &&
            json_member(root, kinds[k].member[1]) != NULL)
            return k;
    }
    return -1;
}

/* Whether a file is CSV of the bench and no JSON. */
static int is_csv(const uint8_t *bytes, size_t size)
{
    return (size > 0 && bytes[0] == '#') || (size > 5 && memcmp(bytes, "name,", 5) == 0);
}

int report_read(report_file *out, const char *name, const uint8_t *bytes, size_t size, char *why,
                size_t why_size)
{
    int st;

    *out = (report_file){.name = name};
    st = (is_csv(bytes, size) ? report_bench_read : json_read)(&out->document, bytes, size, why,
                                                               why_size);
    if (st != TOOL_OK)
        return st;
    out->kind = kind_of(json_root(out->document));
    if (out->kind >= 0)
        return TOOL_OK;
    report_free(out);
    snprintf(why, why_size,
             "the file is neither JSON of unseen eval, check or plan (their --json) nor CSV of "
             "unseen-bench");
    return TOOL_ERR_FORMAT;
}

void report_free(report_file *f)
{
    json_free(f->document);
    f->document = NULL;
}

/* ---- the page */

static const char style[] =
    ":root{color-scheme:light dark;--text:#1f2328;--soft:#59636e;--page:#ffffff;--panel:#f6f8fa;"
    "--line:#d1d9e0;--link:#0969da}\n"
    "@media (prefers-color-scheme:dark){:root{--text:#f0f6fc;--soft:#9198a1;--page:#0d1117;"
    "--panel:#151b23;--line:#3d444d;--link:#4493f8}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:76rem;padding:1.5rem 1rem 3rem;background:var(--page);"
    "color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;margin:0 0 .25rem}\n"
    "h2{font-size:1.25rem;margin:2.5rem 0 0;border-bottom:1px solid var(--line);"
    "padding-bottom:.25rem}\n"
    "h3{font-size:1rem;margin:1.5rem 0 0}\n"
    "p{margin:.25rem 0 .75rem}\n"
    "a{color:var(--link)}\n"
    ".note,footer{color:var(--soft);font-size:.875rem}\n"
    "nav a{margin-right:1rem}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;"
    "margin:.5rem 0 1rem}\n"
    ".cards div{background:var(--panel);border:1px solid var(--line);border-radius:8px;"
    "padding:.6rem .8rem;display:flex;flex-direction:column-reverse;justify-content:flex-end}\n"
    ".cards dt{color:var(--soft);font-size:.8rem;line-height:1.3}\n"
    ".cards dd{margin:0;font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums}\n"
    ".charts{columns:21rem;column-gap:2.5rem;margin:1.25rem 0}\n"
    ".charts>*{break-inside:avoid;margin:0 0 1.5rem}\n"
    ".charts svg{display:block;width:100%;max-width:32rem;height:auto}\n"
    "details{margin:.75rem 0}\n"
    "summary{cursor:pointer;color:var(--link)}\n"
    ".group{border-top:1px solid var(--line);padding-top:.5rem}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;margin:.75rem 0;font-size:.875rem;"
    "font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;color:var(--soft);padding-bottom:.25rem}\n"
    "th,td{padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);text-align:right;"
    "vertical-align:top}\n"
    "th[scope=row],thead th:first-child{text-align:left;font-weight:400}\n"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(84px,1fr));gap:.75rem;"
    "margin:.75rem 0}\n"
    "figure{margin:0}\n"
    "figure img{image-rendering:pixelated;border:1px solid var(--line);border-radius:4px;"
    "display:block}\n"
    "figcaption{font-size:.875rem;line-height:1.35}\n"
    "@media print{body{max-width:none;font-size:11pt}nav,summary{display:none}"
    ".charts svg,figure,.cards{break-inside:avoid}}\n";

static void open_page(FILE *out, const report_file *file, size_t count)
{
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
          "'unsafe-inline'; img-src data:\">\n<title>Unseen: ",
          out);
    svg_escape(out, file[0].name, 60);
    if (count > 1)
        fprintf(out, " and %zu more", count - 1);
    fprintf(out, "</title>\n<style>\n%s", style);
    svg_style(out);
    fputs("</style>\n</head>\n<body>\n<header><h1>Unseen report</h1>\n", out);
}

static void write_links(FILE *out, const size_t *files)
{
    fputs("<nav aria-label=\"Sections\">", out);
    for (int k = 0; k < KINDS; k++)
        if (files[k] > 0)
            fprintf(out, "<a href=\"#%s\">%s</a>", kinds[k].id, kinds[k].title);
    fputs("</nav></header>\n<main>\n", out);
}

int report_page(FILE *out, const report_file *file, size_t count)
{
    size_t files[KINDS] = {0};
    int failed = 0;

    for (size_t f = 0; f < count; f++)
        files[file[f].kind]++;
    open_page(out, file, count);
    write_links(out, files);
    for (int k = 0; k < KINDS; k++) {
        report_set s = {.out = out, .id = kinds[k].id};
        if (files[k] == 0)
            continue;
        for (size_t f = 0; f < count; f++) {
            if (file[f].kind != k)
                continue;
            s.name[s.count] = file[f].name;
            s.root[s.count++] = json_root(file[f].document);
        }
        fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n<p class=\"note\">%s</p>\n", kinds[k].id,
                kinds[k].title, kinds[k].about);
        kinds[k].write(&s);
        fputs("</section>\n", out);
        failed |= s.failed;
    }
    fprintf(out, "</main>\n<footer>Made by unseen %s.</footer>\n</body>\n</html>\n",
            ckks_version());
    return failed ? TOOL_ERR_MEMORY : TOOL_OK;
}
