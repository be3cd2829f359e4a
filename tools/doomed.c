/* Names for the handler of deadly signals. */
#define _XOPEN_SOURCE 700

#include "tools/doomed.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 16 };

/* The handler only reads; a place is changed with the signals held back. */
static const char *volatile names[NAMES];

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

/* What was held back before doomed_hold. */
static sigset_t before;

void doomed_remove(void)
{
    for (int i = 0; i < NAMES; i++) {
        if (names[i] != NULL)
            unlink(names[i]);
    }
}

static void on_deadly(int number)
{
    doomed_remove();
    /* The handler was installed with SA_RESETHAND, so this ends the program as the signal would. */
    raise(number);
}

void doomed_watch(void)
{
    static int watching;

    if (watching)
        return;
    watching = 1;
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        struct sigaction now, then;
        memset(&now, 0, sizeof now);
        now.sa_handler = on_deadly;
        now.sa_flags = (int)SA_RESETHAND;
        sigemptyset(&now.sa_mask);
        if (sigaction(deadly[i], NULL, &then) == 0 && then.sa_handler != SIG_IGN)
            sigaction(deadly[i], &now, NULL);
    }
}

void doomed_hold(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        sigaddset(&set, deadly[i]);
    sigprocmask(SIG_BLOCK, &set, &before);
}

void doomed_let_come(void)
{
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void replace(const char *name, const char *by)
{
    for (int i = 0; i < NAMES; i++) {
        if (names[i] == name) {
            names[i] = by;
            return;
        }
    }
}

void doomed_add(const char *name)
{
    replace(NULL, name);
}

void doomed_forget(const char *name)
{
    if (name != NULL)
        replace(name, NULL);
}
