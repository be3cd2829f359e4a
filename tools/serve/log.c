/* Lines of a log. */
#define _XOPEN_SOURCE 700

#include "tools/serve/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 2048 };

static struct {
    int json, quiet;
    char line[LINE];
    size_t used;
} state;

void log_form(int json, int quiet)
{
    state.json = json;
    state.quiet = quiet;
}

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What does not fit, with room kept for the line's end, is left out. */
static void add(const char *format, ...)
{
    size_t left = LINE - 4 - state.used;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(state.line + state.used, left, format, arguments);
    va_end(arguments);
    if (n > 0)
        state.used += (size_t)n < left ? (size_t)n : left - 1;
}

void log_begin(const char *event)
{
    struct timespec now;
    struct tm utc;
    char text[32] = "";

    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    state.used = 0;
    add(state.json ? "{\"time\": \"%s.%03ldZ\", \"event\": \"%s\"" : "%s.%03ldZ event=%s", text,
        now.tv_nsec / 1000000, event);
}

static void key_is(const char *key)
{
    add(state.json ? ", \"%s\": " : " %s=", key);
}

/* Quotes and backslashes are escaped, control characters become '?': a peer's words cannot begin a
 * line of their own. Longer ones are cut. */
void log_text(const char *key, const char *value)
{
    int quotes = state.json || *value == '\0' || strpbrk(value, " \"=\\\n\t") != NULL;

    key_is(key);
    if (quotes)
        add("\"");
    for (int i = 0; value[i] != '\0' && i < 400; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c == '"' || c == '\\')
            add("\\%c", c);
        else
            add("%c", c < 0x20 || c == 0x7f ? '?' : c);
    }
    if (quotes)
        add("\"");
}

void log_number(const char *key, uint64_t value)
{
    key_is(key);
    add("%" PRIu64, value);
}

void log_ms(const char *key, double seconds)
{
    key_is(key);
    add("%.3f", 1e3 * seconds);
}

void log_end(void)
{
    if (state.quiet)
        return;
    if (state.json)
        state.line[state.used++] = '}';
    state.line[state.used++] = '\n';
    /* A log that cannot be written stops no service. */
    if (write(STDERR_FILENO, state.line, state.used) < 0)
        return;
}
