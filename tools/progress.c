/* Drawing progress. What is told and what is drawn share a lock: the ticker draws what was told
 * last. */
#define _POSIX_C_SOURCE 200809L

#include "tools/progress.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/cli.h"
#include "tools/json.h"

/* Seconds between two drawings. */
static const double pause_of[] = {
    [CLI_PROGRESS_LINE] = 0.1, [CLI_PROGRESS_LOG] = 5.0, [CLI_PROGRESS_JSON] = 0.5};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_t ticker;
static progress *ticked; /* what the ticker draws; NULL: there is none */

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

/* Steps a second and seconds left, both NaN as long as they are not known. */
static void pace(const progress *p, double now, double *rate, double *left)
{
    double took = p->advanced - p->counted;

    *rate = *left = NAN;
    if (p->done == 0 || !(took > 0.0))
        return;
    *rate = (double)p->done / took;
    if (p->total >= p->done)
        *left = fmax((double)(p->total - p->done) / *rate - (now - p->advanced), 0.0);
}

/* "34/s", or "8.3 s each" where one takes long. */
static void print_rate(FILE *out, double rate)
{
    if (rate >= 1.0)
        fprintf(out, rate < 10.0 ? ", %.1f/s" : ", %.0f/s", rate);
    else
        fprintf(out, ", %.1f s each", 1.0 / rate);
}

static void print_text(FILE *out, const progress *p, double now)
{
    double rate, left;
    char text[32];

    pace(p, now, &rate, &left);
    fputs(p->what, out);
    if (p->total > 0)
        fprintf(out, ": %zu of %zu, %.0f %%", p->done, p->total,
                100.0 * (double)p->done / (double)p->total);
    else
        fprintf(out, ": %s", progress_time(text, now - p->begun));
    if (p->total > 0 && !isnan(rate)) {
        print_rate(out, rate);
        fprintf(out, ", %s left", progress_time(text, left));
    }
    if (p->detail[0] != '\0')
        fprintf(out, ", %s", p->detail);
}

/* Thousandths are enough. */
static double rounded(double number)
{
    return round(1e3 * number) / 1e3;
}

static void print_json(FILE *out, const progress *p, double now, int ended)
{
    double rate, left;
    json j;

    pace(p, now, &rate, &left);
    json_begin_line(&j, out);
    json_open_object(&j, NULL);
    json_string(&j, "command", cli_name());
    json_string(&j, "what", p->what);
    json_integer(&j, "done", p->done);
    json_real(&j, "total", p->total > 0 ? (double)p->total : NAN);
    json_real(&j, "seconds", rounded(now - p->begun));
    json_real(&j, "per_second", rounded(rate));
    json_real(&j, "seconds_left", rounded(left));
    json_string(&j, "detail", p->detail);
    json_bool(&j, "ended", ended);
    json_close_object(&j);
    json_end(&j);
}

/* Under the lock. In one write, so that lines of a log stay whole; without memory for that nothing
 * is drawn this time. */
static void draw(progress *p, int ended)
{
    double now = cli_seconds();
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    p->drawn = now;
    if (f == NULL)
        return;
    if (p->how == CLI_PROGRESS_JSON) {
        print_json(f, p, now, ended);
    } else {
        /* \033[K clears what a longer line left behind. */
        fputs(p->how == CLI_PROGRESS_LINE ? "\r" : "", f);
        print_text(f, p, now);
        fputs(p->how == CLI_PROGRESS_LINE ? "\033[K" : "\n", f);
    }
    if (fclose(f) == 0)
        cli_draw(text, size, p->how == CLI_PROGRESS_LINE);
    free(text);
}

static void draw_when_due(progress *p)
{
    if (cli_seconds() - p->drawn >= pause_of[p->how])
        draw(p, 0);
}

static void *tick(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    while (ticked != NULL) {
        struct timespec until;
        draw_when_due(ticked);
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 250000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&wake, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Signals stay with the threads that there were. Without a ticker the job draws for itself. */
static void start_ticker(progress *p)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ticked = p;
    if (pthread_create(&ticker, NULL, tick, NULL) != 0)
        ticked = NULL;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void progress_begin(progress *p, const char *what, size_t total)
{
    double now = cli_seconds();
    int how = cli_progress();

    *p = (progress){
        .what = what, .total = total, .begun = now, .counted = now, .advanced = now, .how = how};
    if (how == CLI_PROGRESS_NONE)
        return;
    pthread_mutex_lock(&lock);
    draw(p, 0);
    if (ticked == NULL)
        start_ticker(p);
    pthread_mutex_unlock(&lock);
}

void progress_show_of(progress *p, size_t done, size_t total, const char *detail)
{
    if (p->how == CLI_PROGRESS_NONE)
        return;
    pthread_mutex_lock(&lock);
    if (done == 0 || (total != p->total && p->done > 0)) {
        p->counted = p->advanced = cli_seconds();
        p->done = 0;
    }
    if (done > p->done) {
        p->advanced = cli_seconds();
        p->done = done;
    }
    p->total = total;
    snprintf(p->detail, sizeof p->detail, "%s", detail != NULL ? detail : "");
    draw_when_due(p);
    pthread_mutex_unlock(&lock);
}

void progress_show(progress *p, size_t done, const char *detail)
{
    progress_show_of(p, done, p->total, detail);
}

void progress_of_keys(void *user, size_t done, size_t total)
{
    progress_show_of(user, done, total, NULL);
}

int progress_of_step(void *user, size_t step, size_t steps, const char *name)
{
    progress_show_of(user, step, steps, name);
    return 0;
}

void progress_end(progress *p)
{
    int mine;

    if (p->how == CLI_PROGRESS_NONE)
        return;
    pthread_mutex_lock(&lock);
    mine = ticked == p;
    if (mine)
        ticked = NULL;
    if (p->how == CLI_PROGRESS_JSON)
        draw(p, 1);
    cli_clear();
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    if (mine)
        pthread_join(ticker, NULL);
    p->how = CLI_PROGRESS_NONE;
}
