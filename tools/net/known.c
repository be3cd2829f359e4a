/* Lines "ADDRESS KEY" in a file of the state folder. */
#define _XOPEN_SOURCE 700

#include "tools/net/known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/file.h"
#include "tools/net/identity.h"
#include "tools/net/state.h"

enum { LIMIT = 1 << 24 };

/* The place of the address's line, or NULL; a line is "ADDRESS KEY\n". */
static const char *find(const file_bytes *file, const char *address)
{
    const char *at = (const char *)file->data, *end = at + file->size;
    size_t n = strlen(address);

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop != NULL ? stop : end) - at);
        if (length == n + IDENTITY_HEX && memcmp(at, address, n) == 0 && at[n] == ' ')
            return at;
        at = stop != NULL ? stop + 1 : end;
    }
    return NULL;
}

static int read_known(file_bytes *file, const char *path)
{
    if (access(path, F_OK) == 0)
        return file_read(file, path, LIMIT);
    *file = (file_bytes){NULL, 0};
    return CLI_OK;
}

static int remember(const file_bytes *file, const char *path, const char *address,
                    const uint8_t *key)
{
    char hex[IDENTITY_HEX];
    size_t room = file->size + strlen(address) + sizeof hex + 2, n = file->size;
    char *text = malloc(room);
    int st;

    if (text == NULL)
        return cli_fail(CLI_MEMORY, path, "no memory for a list of %zu bytes", room);
    identity_hex(hex, key);
    if (n > 0)
        memcpy(text, file->data, n);
    n += (size_t)snprintf(text + n, room - n, "%s %s\n", address, hex);
    st = output_whole(path, OUTPUT_SECRET, text, n);
    free(text);
    return st;
}

/* Asked on the terminal itself: standard input may hold pictures. */
static int ask(const char *address, const char *fingerprint)
{
    char line[64] = "";
    FILE *terminal = fopen("/dev/tty", "r+");

    if (terminal == NULL)
        return cli_fail(CLI_REFUSED, address,
                        "this server was never seen before; its key has the fingerprint %s. When "
                        "that is what 'unseen serve' printed, say --server-key %s, or --accept-new "
                        "to trust the first contact",
                        fingerprint, fingerprint);
    fprintf(terminal,
            "The server at %s is new here. Its key has the fingerprint\n    %s\n"
            "and 'unseen serve' prints it when it starts. Go on? [y/N] ",
            address, fingerprint);
    fflush(terminal);
    if (fgets(line, sizeof line, terminal) == NULL)
        line[0] = '\0';
    fclose(terminal);
    return line[0] == 'y' || line[0] == 'Y'
               ? CLI_OK
               : cli_fail(CLI_REFUSED, address, "the server's key was not accepted");
}

static int changed(const char *address, const char *path, const char *fingerprint, const char *hex)
{
    uint8_t old[CHANNEL_KEY_BYTES];
    char before[CHANNEL_FINGERPRINT_CHARS], digits[IDENTITY_HEX];

    memcpy(digits, hex, IDENTITY_HEX - 1);
    digits[IDENTITY_HEX - 1] = '\0';
    if (!state_unhex(old, sizeof old, digits))
        return cli_fail(CLI_DAMAGED, path, "the line of %s holds no key", address);
    channel_fingerprint(before, old);
    return cli_fail(CLI_REFUSED, address,
                    "the server's key has CHANGED, from %s to %s: this may be another server that "
                    "listens in. If the change is right, take the line of %s out of %s",
                    before, fingerprint, address, path);
}

int known_decide(const known_policy *policy, const char *address,
                 const uint8_t key[CHANNEL_KEY_BYTES])
{
    char path[STATE_PATH], fingerprint[CHANNEL_FINGERPRINT_CHARS], hex[IDENTITY_HEX];
    const char *line;
    file_bytes file;
    int st;

    channel_fingerprint(fingerprint, key);
    if (policy->fingerprint != NULL)
        return strcmp(policy->fingerprint, fingerprint) == 0
                   ? CLI_OK
                   : cli_fail(CLI_REFUSED, address,
                              "the server's key has the fingerprint %s, and not %s as demanded",
                              fingerprint, policy->fingerprint);
    st = state_path(path, "known_servers");
    if (st == CLI_OK)
        st = read_known(&file, path);
    if (st != CLI_OK)
        return st;
    identity_hex(hex, key);
    line = find(&file, address);
    if (line != NULL && memcmp(line + strlen(address) + 1, hex, IDENTITY_HEX - 1) != 0)
        st = changed(address, path, fingerprint, line + strlen(address) + 1);
    else if (line == NULL && !policy->accept_new)
        st = ask(address, fingerprint);
    if (st == CLI_OK && line == NULL)
        st = remember(&file, path, address, key);
    if (st == CLI_OK && line == NULL)
        cli_note("%s: remembered as %s", address, fingerprint);
    file_free(&file);
    return st;
}
