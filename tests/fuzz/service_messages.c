/* The service's messages: the first byte says which, what is taken is written again, the same. */
#include <string.h>

#include "service/message.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM = 2 + SERVICE_TEXT_MOST };

const char fuzz_name[] = "service_messages";
size_t fuzz_taken;

/* Controls became '?', and what stands behind a NUL is gone: a second reading finds the same. */
static void look_at_fault(const uint8_t *in, size_t size)
{
    uint8_t again[ROOM];
    service_fault m, other;
    size_t n;

    if (!service_fault_read(&m, in, size))
        return;
    fuzz_taken++;
    fuzz_must(m.code != 0 && strlen(m.text) <= SERVICE_TEXT_MOST);
    for (const char *c = m.text; *c != '\0'; c++)
        fuzz_must((unsigned char)*c >= 0x20 && *c != 0x7f);
    n = service_fault_write(again, &m);
    fuzz_must(n <= size && service_fault_read(&other, again, n));
    fuzz_must(other.code == m.code && strcmp(other.text, m.text) == 0);
}

#define LOOK(name)                                                                                 \
    do {                                                                                           \
        service_##name m;                                                                          \
        if (service_##name##_read(&m, in, size))                                                   \
            n = service_##name##_write(again, &m);                                                 \
    } while (0)

static void look(unsigned which, const uint8_t *in, size_t size)
{
    uint8_t again[ROOM];
    size_t n = 0;

    switch (which % 6) {
    case 0:
        LOOK(open);
        break;
    case 1:
        LOOK(plan_head);
        break;
    case 2:
        LOOK(keys);
        break;
    case 3:
        LOOK(keys_state);
        break;
    case 4:
        LOOK(working);
        break;
    default:
        look_at_fault(in, size);
    }
    if (n == 0)
        return;
    fuzz_taken++;
    /* A plan follows its head. */
    fuzz_must(which % 6 == 1 ? n <= size : n == size);
    fuzz_must(memcmp(again, in, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    if (size > 0)
        look(in[0], in + 1, size - 1);
    return 0;
}
