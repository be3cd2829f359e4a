/* unseen stat: what a server counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ask/conversation.h"
#include "tools/cli.h"
#include "tools/commands.h"

typedef struct settings {
    conversation_options talk;
    int format;
} settings;

static const cli_option options[] = {
    {0, "prometheus", NULL, "print the text format of Prometheus (default: JSON)"},
    {0, "json", NULL, "print JSON, as without options"},
    CONVERSATION_OPTIONS,
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = conversation_take(&s->talk, name, value);

    if (st == CLI_DONE) {
        s->format = strcmp(name, "prometheus") == 0 ? SERVICE_STAT_PROMETHEUS : SERVICE_STAT_JSON;
        st = CLI_OK;
    }
    return st;
}

static const cli_command command = {
    "stat",
    "ADDRESS [OPTION]...",
    "Show what a server counts",
    "Connections, requests, keys, bytes and times of 'unseen serve' at ADDRESS since it started.",
    options,
    1,
    1,
    take,
};

static int show(conversation *c, int format)
{
    service_news n;
    int st = conversation_did(c, service_client_stat(c->client, format, cli_milliseconds()));

    if (st == CLI_OK)
        st = conversation_wait(c, &n);
    if (st != CLI_OK)
        return st;
    if (n.kind == SERVICE_NEWS_STAT)
        fwrite(n.bytes, 1, n.bytes_size, stdout);
    else
        st = n.kind == SERVICE_NEWS_CLOSING
                 ? cli_fail(CLI_BUSY, c->at->text, "the server is about to end")
                 : cli_fail(CLI_PROTOCOL, c->at->text, "the server answered what was not asked");
    free(n.bytes);
    return st;
}

int cmd_stat(int argc, char **argv)
{
    settings s = {.talk.timeout = CONVERSATION_TIMEOUT, .format = SERVICE_STAT_JSON};
    conversation c = {.fd = -1};
    address at;
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = address_parse(&at, rest[0]);
    if (st == CLI_OK)
        st = conversation_open(&c, &at, &s.talk);
    if (st == CLI_OK)
        st = show(&c, s.format);
    conversation_close(&c);
    return st;
}
