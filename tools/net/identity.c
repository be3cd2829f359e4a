/* Key pairs in files. */
#define _XOPEN_SOURCE 700

#include "tools/net/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/cli.h"
#include "tools/envelope.h"
#include "tools/file.h"
#include "tools/hex.h"
#include "tools/net/state.h"

enum { PAYLOAD = 2 * CHANNEL_KEY_BYTES, LIST_LIMIT = 1 << 24 };

void identity_hex(char text[IDENTITY_HEX], const uint8_t key[CHANNEL_KEY_BYTES])
{
    hex_write(text, key, CHANNEL_KEY_BYTES);
}

static int make(channel_keys *keys, const char *path)
{
    uint8_t bytes[ENVELOPE_BYTES + PAYLOAD];
    const envelope_ids none = {0, 0, 0};
    channel_status made = channel_keys_create(keys, NULL);
    int st;

    if (made != CHANNEL_OK)
        return cli_fail_status(made, NULL, "the system gave no randomness for a key");
    memcpy(bytes + ENVELOPE_BYTES, keys->secret, CHANNEL_KEY_BYTES);
    memcpy(bytes + ENVELOPE_BYTES + CHANNEL_KEY_BYTES, keys->public_key, CHANNEL_KEY_BYTES);
    envelope_seal(bytes, ENVELOPE_IDENTITY, &none, NULL, PAYLOAD);
    st = output_whole(path, OUTPUT_SECRET | OUTPUT_KEEP, bytes, sizeof bytes);
    ckks_wipe(bytes, sizeof bytes);
    return st;
}

/* The public half is there to tell damage: it follows from the secret one. */
int identity_take(channel_keys *keys, const file_bytes *file, const char *name)
{
    envelope e;
    int st = envelope_open(&e, file, ENVELOPE_IDENTITY, name);

    if (st != CLI_OK)
        return st;
    if (e.payload_size != PAYLOAD)
        return cli_fail(CLI_DAMAGED, name, "a key pair has %d bytes, and this one %zu", PAYLOAD,
                        e.payload_size);
    channel_keys_from_secret(keys, e.payload);
    if (memcmp(keys->public_key, e.payload + CHANNEL_KEY_BYTES, CHANNEL_KEY_BYTES) != 0)
        return cli_fail(CLI_DAMAGED, name,
                        "the file was altered: its two halves do not belong together");
    return CLI_OK;
}

static int read_pair(channel_keys *keys, const struct stat *info, const char *path)
{
    file_bytes file;
    int st;

    if ((info->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return cli_fail(CLI_REFUSED, path,
                        "others may read this key (mode %03o): chmod 600 it, or remove it to get a "
                        "new one",
                        (unsigned)(info->st_mode & 0777));
    st = file_read(&file, path, ENVELOPE_BYTES + 4096);
    if (st == CLI_OK)
        st = identity_take(keys, &file, path);
    file_free(&file);
    return st;
}

int identity_load(channel_keys *keys, const char *path)
{
    struct stat info;
    int st;

    memset(keys, 0, sizeof *keys);
    if (stat(path, &info) == 0)
        st = read_pair(keys, &info, path);
    else if (errno == ENOENT)
        st = make(keys, path);
    else
        st = cli_fail(cli_exit_of_errno(errno), path, "cannot be looked at: %s", strerror(errno));
    if (st != CLI_OK)
        ckks_wipe(keys, sizeof *keys);
    return st;
}

int identity_open(channel_keys *keys, const char *path, const char *name)
{
    char own[STATE_PATH];
    int st = path == NULL ? state_path(own, name) : CLI_OK;

    return st == CLI_OK ? identity_load(keys, path != NULL ? path : own) : st;
}

/* ---- lists ---- */

void identity_list_free(identity_list *list)
{
    free(list->key);
    *list = (identity_list){NULL, 0};
}

int identity_listed(const identity_list *list, const uint8_t key[CHANNEL_KEY_BYTES])
{
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(list->key[i], key, CHANNEL_KEY_BYTES) == 0)
            return 1;
    }
    return 0;
}

/* One line without its end: a key, or nothing. */
static int take_line(identity_list *list, char *line, size_t number, const char *path)
{
    char *word;
    size_t n;

    line[strcspn(line, "#\r")] = '\0';
    word = line + strspn(line, " \t");
    n = strcspn(word, " \t");
    if (n == 0)
        return CLI_OK;
    if (word[n + strspn(word + n, " \t")] != '\0')
        return cli_fail(CLI_DAMAGED, path, "line %zu has more than a key; remarks begin with #",
                        number);
    word[n] = '\0';
    if (!hex_read(list->key[list->count], CHANNEL_KEY_BYTES, word))
        return cli_fail(CLI_DAMAGED, path,
                        "line %zu is no key: a key has %d hexadecimal digits (0-9, a-f)", number,
                        2 * CHANNEL_KEY_BYTES);
    list->count++;
    return CLI_OK;
}

static int take_lines(identity_list *list, file_bytes *file, const char *path)
{
    char *text = (char *)file->data, *end;
    size_t lines = 1, number = 0;
    int st = CLI_OK;

    for (size_t i = 0; i < file->size; i++) {
        if (text[i] == '\0')
            return cli_fail(CLI_DAMAGED, path, "this is no list of keys but a binary file");
        lines += text[i] == '\n';
    }
    list->key = malloc(lines * sizeof list->key[0]);
    if (list->key == NULL)
        return cli_fail(CLI_MEMORY, path, "no memory for %zu keys", lines);
    for (char *line = text; st == CLI_OK && line != NULL; line = end) {
        size_t left = file->size - (size_t)(line - text);
        char copy[512];
        end = memchr(line, '\n', left);
        left = end != NULL ? (size_t)(end - line) : left;
        end = end != NULL ? end + 1 : NULL;
        number++;
        if (left >= sizeof copy)
            return cli_fail(CLI_DAMAGED, path, "line %zu is longer than %zu bytes", number,
                            sizeof copy - 1);
        memcpy(copy, line, left);
        copy[left] = '\0';
        st = take_line(list, copy, number, path);
    }
    return st;
}

int identity_list_read(identity_list *list, const char *path)
{
    file_bytes file;
    int st = file_read(&file, path, LIST_LIMIT);

    *list = (identity_list){NULL, 0};
    if (st == CLI_OK)
        st = take_lines(list, &file, file_input_name(path));
    file_free(&file);
    return st;
}
