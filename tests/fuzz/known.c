/* The list of servers that were accepted: the first line is an address to look for, the rest the
 * list. A server that is added is found, and so is every other one as before.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/net/known.h"

enum { ADDRESS = 300 };

const char fuzz_name[] = "known";
size_t fuzz_taken;

static void look(const char *address, const char *other, const file_bytes *list)
{
    uint8_t key[CHANNEL_KEY_BYTES] = {0}, again[CHANNEL_KEY_BYTES];
    const uint8_t added[CHANNEL_KEY_BYTES] = {7, 8, 9};
    file_bytes more;
    int found = known_find(key, list, address);

    fuzz_taken += found == 1;
    fuzz_must(known_add(&more, list, other, added) && more.size > list->size);
    fuzz_must(list->size == 0 || memcmp(more.data, list->data, list->size) == 0);
    fuzz_must(known_find(again, &more, address) == found);
    fuzz_must(found != 1 || memcmp(key, again, sizeof key) == 0);
    if (known_find(key, list, other) == 0)
        fuzz_must(known_find(again, &more, other) == 1 && memcmp(again, added, sizeof added) == 0);
    file_free(&more);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(in, '\n', size) : NULL;
    size_t n = end != NULL ? (size_t)(end - in) : size;
    char address[ADDRESS];
    file_bytes list;

    if (end == NULL || n == 0 || n >= sizeof address || memchr(in, '\0', n) != NULL)
        return 0;
    memcpy(address, in, n);
    address[n] = '\0';
    list = (file_bytes){malloc(size), size - n - 1};
    fuzz_must(list.data != NULL);
    memcpy(list.data, end + 1, list.size);
    if (strcmp(address, "other:1") != 0)
        look(address, "other:1", &list);
    free(list.data);
    return 0;
}
