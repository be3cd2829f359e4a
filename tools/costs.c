/* See tools/costs.h. */
#include "tools/costs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/file.h"

enum { MEMBERS = 9, LINE_BYTES = 128, FILE_BYTES_MAX = 1 << 16, TEXT_BYTES = 1024 };

static const char head[] = "unseen-costs 1";
static const double unit_min = 1e-3, unit_max = 1e6; /* nanoseconds, or the price in ms */

typedef struct member {
    const char *name;
    double *value;
} member;

static void members(member m[MEMBERS], nn_costs *c)
{
    const member list[MEMBERS] = {
        {"forward_ns", &c->forward_ns},
        {"inverse_ns", &c->inverse_ns},
        {"key_cached_ns", &c->key_cached_ns},
        {"key_memory_ns", &c->key_memory_ns},
        {"pair_ns", &c->pair_ns},
        {"scalar_ns", &c->scalar_ns},
        {"convert_ns", &c->convert_ns},
        {"pass_ns", &c->pass_ns},
        {"key_ms_per_mib", &c->key_ms_per_mib},
    };
    memcpy(m, list, sizeof list);
}

/* The next line without comment and blanks at its ends; 0 at the end of the file, -1 when a line is
 * too long or holds a byte 0. */
static int next_line(char line[LINE_BYTES], const file_bytes *b, size_t *at)
{
    size_t used = 0;
    int comment = 0;

    if (*at >= b->size)
        return 0;
    for (; *at < b->size && b->data[*at] != '\n'; ++*at) {
        char c = (char)b->data[*at];
        comment |= c == '#';
        if (comment || ((c == ' ' || c == '\t' || c == '\r') && used == 0))
            continue;
        if (c == '\0' || used + 1 >= LINE_BYTES)
            return -1;
        line[used++] = c;
    }
    ++*at;
    while (used > 0 && (line[used - 1] == ' ' || line[used - 1] == '\t' || line[used - 1] == '\r'))
        used--;
    line[used] = '\0';
    return 1;
}

/* Take one line "NAME VALUE"; seen has a bit for each member, and one for the kernel. Returns 0
 * when it is not one of those that are missing. */
static int take_line(nn_costs *c, int *seen, char *line)
{
    char *value = line + strcspn(line, " \t"), *end;
    member m[MEMBERS];

    if (*value == '\0')
        return 0;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcmp(line, "kernel") == 0) {
        int fresh = !(*seen & 1 << MEMBERS) && strlen(value) < sizeof c->kernel;
        if (fresh)
            snprintf(c->kernel, sizeof c->kernel, "%s", value);
        *seen |= 1 << MEMBERS;
        return fresh;
    }
    members(m, c);
    for (int i = 0; i < MEMBERS; i++) {
        if (strcmp(line, m[i].name) != 0)
            continue;
        *m[i].value = strtod(value, &end);
        if ((*seen & 1 << i) || end == value || *end != '\0' || !(*m[i].value >= unit_min) ||
            !(*m[i].value <= unit_max))
            return 0;
        *seen |= 1 << i;
        return 1;
    }
    return 0;
}

int costs_parse(nn_costs *out, const file_bytes *file, const char *name)
{
    const int all = (1 << (MEMBERS + 1)) - 1;
    nn_costs c = {.kernel = ""};
    char line[LINE_BYTES];
    size_t at = 0;
    int number = 0, started = 0, seen = 0, got, st = CLI_OK;

    while (st == CLI_OK && (got = next_line(line, file, &at)) != 0) {
        number++;
        if (got > 0 && line[0] == '\0')
            continue;
        if (!started && (got < 0 || strcmp(line, head) != 0))
            st =
                cli_fail(CLI_DAMAGED, name, "not a file of 'unseen calibrate': no line '%s'", head);
        else if (started && (got < 0 || !take_line(&c, &seen, line)))
            st = cli_fail(CLI_DAMAGED, name,
                          "line %d is not a name that is still missing and a number from %g to %g",
                          number, unit_min, unit_max);
        started = 1;
    }
    if (st == CLI_OK && seen != all)
        st = cli_fail(CLI_DAMAGED, name, "a unit time or the kernel's name is missing");
    if (st == CLI_OK)
        *out = c;
    return st;
}

int costs_read(nn_costs *out, const char *path)
{
    file_bytes file;
    int st = file_read(&file, path, FILE_BYTES_MAX);

    if (st == CLI_OK)
        st = costs_parse(out, &file, file_input_name(path));
    file_free(&file);
    return st;
}

int costs_write(const char *path, const nn_costs *costs)
{
    nn_costs c = *costs;
    char text[TEXT_BYTES];
    member m[MEMBERS];
    int used = snprintf(text, sizeof text, "%s\nkernel %s\n", head, c.kernel);

    members(m, &c);
    for (int i = 0; i < MEMBERS; i++)
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "%s %.4g\n", m[i].name, *m[i].value);
    return output_whole(path, OUTPUT_TEXT, text, (size_t)used);
}

void costs_json(json *j, const nn_costs *costs)
{
    nn_costs c = *costs;
    member m[MEMBERS];

    members(m, &c);
    json_string(j, "kernel", c.kernel);
    for (int i = 0; i < MEMBERS; i++)
        json_real(j, m[i].name, *m[i].value);
}
