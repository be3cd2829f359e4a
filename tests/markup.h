/* Checks on text that is SVG or HTML. */
#ifndef UNSEEN_TESTS_MARKUP_H
#define UNSEEN_TESTS_MARKUP_H

#include "tests/testing.h"

/** How often a part stands in a text. */
static inline size_t markup_count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        n++;
    return n;
}

/** Every tag is closed by itself, or by the one of its name, in order, but those of HTML that have
 *  no end; there is one root; '&' begins an entity. */
static inline void markup_assert_whole(const char *text)
{
    static const char *const alone[] = {"meta", "img", "br"};
    char open[32][16];
    int depth = 0, roots = 0;

    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<')) {
        const char *end = strchr(at, '>');
        char name[16] = "";
        int ends = 0;
        assert_non_null(end);
        assert_null(memchr(at + 1, '<', (size_t)(end - at - 1)));
        if (at[1] == '!')
            continue;
        assert_int_equal(sscanf(at[1] == '/' ? at + 2 : at + 1, "%15[a-z0-9]", name), 1);
        if (at[1] == '/') {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
            continue;
        }
        roots += depth == 0;
        for (size_t k = 0; k < sizeof alone / sizeof *alone; k++)
            ends |= strcmp(name, alone[k]) == 0;
        if (end[-1] == '/' || ends)
            continue;
        assert_true(depth < 32);
        memcpy(open[depth++], name, sizeof name);
    }
    assert_int_equal(depth, 0);
    assert_int_equal(roots, 1);
    for (const char *at = strchr(text, '&'); at != NULL; at = strchr(at + 1, '&'))
        assert_true(strcspn(at, ";") < 8);
}

#endif
