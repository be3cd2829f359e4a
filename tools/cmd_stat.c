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
    {0, "accept-new", NULL, "trust a server that was never seen before without asking"},
    {0, "server-key", "FINGERPRINT", "talk to the server with this key only"},
    {0, "identity", "FILE",
     "this client's key pair, made when missing\n"
     "(default: identity in the state folder)"},
    {0, "insecure-plain", NULL, "no encryption of the connection; a server on this machine only"},
    {0, "timeout", "S", "seconds that the server may be silent (default 30)"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;

    if (strcmp(name, "prometheus") == 0)
        s->format = SERVICE_STAT_PROMETHEUS;
    else if (strcmp(name, "json") == 0)
        s->format = SERVICE_STAT_JSON;
    else if (strcmp(name, "accept-new") == 0)
        s->talk.policy.accept_new = 1;
    else if (strcmp(name, "server-key") == 0)
        s->talk.policy.fingerprint = value;
    else if (strcmp(name, "identity") == 0)
        s->talk.identity = value;
    else if (strcmp(name, "insecure-plain") == 0)
        s->talk.insecure_plain = 1;
    else
        return cli_real(&s->talk.timeout, name, value, 0.1, 86400.0);
    return CLI_OK;
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
    int st = conversation_did(c, service_client_stat(c->client, format, conversation_now()));

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
    settings s = {.talk.timeout = 30.0, .format = SERVICE_STAT_JSON};
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
