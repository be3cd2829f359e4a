/* JSON, and the CSV of a bench that becomes such a document. */
#include "tests/fuzz/fuzz.h"
#include "tools/json_read.h"
#include "tools/report_part.h"
#include "tools/result.h"

const char fuzz_name[] = "json";
size_t fuzz_taken;

/* Every value once; returns how many there are. */
static size_t walk(const json_value *v, int depth)
{
    size_t values = 1, count = 0;

    fuzz_must(depth <= JSON_MOST_DEPTH && v->text != NULL);
    for (const json_value *w = v->first; w != NULL; w = w->next) {
        fuzz_must((v->kind == JSON_OBJECT) == (w->key != NULL));
        values += walk(w, depth + 1);
        count++;
    }
    fuzz_must(count == v->count);
    return values;
}

static void look(int st, json_document *d, const char *why)
{
    if (st == TOOL_OK) {
        fuzz_taken++;
        fuzz_must(walk(json_root(d), 0) <= JSON_MOST_VALUES);
    } else {
        fuzz_must(d == NULL && why[0] != '\0');
    }
    json_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    char why[300] = "";
    json_document *d = NULL;
    int st = json_read(&d, in, size, why, sizeof why);

    look(st, d, why);
    st = report_bench_read(&d, in, size, why, sizeof why);
    look(st, d, why);
    return 0;
}
