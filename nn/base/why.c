/* Sentences for the human, see nn/base/why.h. */

#include "nn/base/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    ENTRY_SIZE = 400, /* one complaint or heading */
    RESERVE = 240     /* kept free behind the complaints for the heading and "and N more" */
};

/* Names come from files: what a terminal could take for a command becomes a question mark. */
static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

nn_status nn_why(char *why, size_t size, nn_status status, const char *format, ...)
{
    if (why != NULL && size > 0) {
        va_list args;

        va_start(args, format);
        if (vsnprintf(why, size, format, args) < 0)
            why[0] = '\0';
        va_end(args);
        clean(why);
    }
    return status;
}

void nn_why_list_init(nn_why_list *list, char *text, size_t size)
{
    *list = (nn_why_list){.text = text, .size = text != NULL ? size : 0};
    if (list->size > 0)
        text[0] = '\0';
}

void nn_why_list_add(nn_why_list *list, const char *format, ...)
{
    char entry[ENTRY_SIZE];
    va_list args;

    va_start(args, format);
    if (vsnprintf(entry, sizeof entry, format, args) < 0)
        entry[0] = '\0';
    va_end(args);
    clean(entry);
    list->count++;
    size_t length = strlen(entry);
    /* Once one is hidden all later ones are, so that what is shown is the beginning. */
    if (list->hidden > 0 || list->used + length + 3 + RESERVE > list->size) {
        list->hidden++;
        return;
    }
    memcpy(list->text + list->used, "\n  ", 3);
    memcpy(list->text + list->used + 3, entry, length + 1);
    list->used += length + 3;
}

void nn_why_list_finish(nn_why_list *list, const char *format, ...)
{
    char heading[RESERVE / 2];
    va_list args;

    if (list->size == 0)
        return;
    va_start(args, format);
    if (vsnprintf(heading, sizeof heading, format, args) < 0)
        heading[0] = '\0';
    va_end(args);
    size_t length = strlen(heading);
    if (list->used + length >= list->size) {
        /* Only a buffer below RESERVE comes here, and such a list shows nothing (used is 0). */
        length = list->size - 1;
        heading[length] = '\0';
    }
    memmove(list->text + length, list->text, list->used + 1);
    memcpy(list->text, heading, length);
    list->used += length;
    if (list->hidden > 0)
        (void)snprintf(list->text + list->used, list->size - list->used, "%s%zu more",
                       list->hidden == list->count ? " " : "\n  and ", list->hidden);
}
