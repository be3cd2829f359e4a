/* Lines "ADDRESS KEY" in a file of the state folder. */
#define _XOPEN_SOURCE 700

#include "tools/net/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/file.h"
#include "tools/hex.h"
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

int known_find(uint8_t key[CHANNEL_KEY_BYTES], const file_bytes *list, const char *address)
{
    char hex[IDENTITY_HEX];
    const char *line = find(list, address);

    if (line == NULL)
        return 0;
    memcpy(hex, line + strlen(address) + 1, IDENTITY_HEX - 1);
    hex[IDENTITY_HEX - 1] = '\0';
    return hex_read(key, CHANNEL_KEY_BYTES, hex) ? 1 : -1;
}

int known_add(file_bytes *out, const file_bytes *list, const char *address,
              const uint8_t key[CHANNEL_KEY_BYTES])
{
    char hex[IDENTITY_HEX];
    size_t room = list->size + strlen(address) + IDENTITY_HEX + 3, n = list->size;

    *out = (file_bytes){malloc(room), 0};
    if (out->data == NULL)
        return 0;
    if (n > 0)
        memcpy(out->data, list->data, n);
    /* An editor may have left the last line without its end. */
    if (n > 0 && out->data[n - 1] != '\n')
        out->data[n++] = '\n';
    identity_hex(hex, key);
    n += (size_t)snprintf((char *)out->data + n, room - n, "%s %s\n", address, hex);
    out->size = n;
    return 1;
}

static int read_known(file_bytes *file, const char *path)
{
    int there, st = state_has(&there, path);

    *file = (file_bytes){NULL, 0};
    return st == CLI_OK && there ? file_read(file, path, LIMIT) : st;
}

static int remember(const file_bytes *file, const char *path, const char *address,
                    const uint8_t *key)
{
    file_bytes more;
    int st;

    if (!known_add(&more, file, address, key))
        return cli_fail(CLI_MEMORY, path, "no memory for a list of %zu bytes", file->size);
    st = output_whole(path, OUTPUT_SECRET, more.data, more.size);
    file_free(&more);
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

static int changed(const char *address, const char *path, const char *fingerprint,
                   const uint8_t old[CHANNEL_KEY_BYTES])
{
    char before[CHANNEL_FINGERPRINT_CHARS];

    channel_fingerprint(before, old);
    return cli_fail(CLI_REFUSED, address,
                    "the server's key has CHANGED, from %s to %s: this may be another server that "
                    "listens in. If the change is right, take the line of %s out of %s",
                    before, fingerprint, address, path);
}

int known_decide(const known_policy *policy, const char *address,
                 const uint8_t key[CHANNEL_KEY_BYTES])
{
    char path[STATE_PATH], fingerprint[CHANNEL_FINGERPRINT_CHARS];
    uint8_t old[CHANNEL_KEY_BYTES];
    file_bytes file;
    int st, found;

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
    found = known_find(old, &file, address);
    if (found < 0)
        st = cli_fail(CLI_DAMAGED, path, "the line of %s holds no key", address);
    else if (found == 1 && memcmp(old, key, sizeof old) != 0)
        st = changed(address, path, fingerprint, old);
    else if (found == 0 && !policy->accept_new)
        st = ask(address, fingerprint);
    if (st == CLI_OK && found == 0)
        st = remember(&file, path, address, key);
    if (st == CLI_OK && found == 0)
        cli_note("%s: remembered as %s", address, fingerprint);
    file_free(&file);
    return st;
}
