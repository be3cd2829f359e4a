/* The progress line. */
#include "tools/progress.h"

#include <stdio.h>

#include "tools/cli.h"

void progress_begin(progress *p, const char *what, size_t total)
{
    double now = cli_seconds();
    *p = (progress){what, total, now, now - 1.0, cli_progress(), 0};
}

const char *progress_time(char text[32], double seconds)
{
    long long s = seconds < 0.0 || seconds > 1e9 ? 0 : (long long)(seconds + 0.5);

    if (s < 60)
        snprintf(text, 32, "%lld s", s);
    else if (s < 3600)
        snprintf(text, 32, "%lld:%02lld", s / 60, s % 60);
    else
        snprintf(text, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    return text;
}

void progress_show(progress *p, size_t done, const char *detail)
{
    double now = cli_seconds();
    char left[32] = "";

    if (!p->shown || now - p->drawn < 0.1)
        return;
    p->drawn = now;
    p->dirty = 1;
    /* \033[K clears what a longer line left behind. */
    if (p->total == 0 || done == 0) {
        fprintf(stderr, "\r%s%s%s\033[K", p->what, detail != NULL ? ": " : " ...",
                detail != NULL ? detail : "");
        return;
    }
    progress_time(left, (now - p->begun) / (double)done * (double)(p->total - done));
    fprintf(stderr, "\r%s: %zu of %zu, %.0f %%, %s left%s%s\033[K", p->what, done, p->total,
            100.0 * (double)done / (double)p->total, left, detail != NULL ? ", " : "",
            detail != NULL ? detail : "");
}

void progress_end(progress *p)
{
    if (p->dirty)
        fputs("\r\033[K", stderr);
    p->dirty = 0;
}
