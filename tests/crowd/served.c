/* A server as a child. */
#define _XOPEN_SOURCE 700

#include "tests/crowd/served.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing.h"
#include "tools/cli.h"

enum { WORDS = 40, READY_SECONDS = 60 };

static void redirect(int fd, const char *name, const char *ending)
{
    char path[256];
    int to;

    snprintf(path, sizeof path, "%s%s", name, ending);
    to = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
    if (to < 0 || dup2(to, fd) < 0)
        _exit(126);
    close(to);
}

static void become(const char *program, const char *line, const char *name)
{
    static char words[8192], self[4096];
    char *argv[WORDS + 2] = {self};
    int n = 1;

    snprintf(words, sizeof words, "%s", line);
    snprintf(self, sizeof self, "%s", program);
    for (char *w = strtok(words, " "); w != NULL && n <= WORDS; w = strtok(NULL, " "))
        argv[n++] = w;
    redirect(STDIN_FILENO, "/dev/null", "");
    redirect(STDOUT_FILENO, name, ".out");
    redirect(STDERR_FILENO, name, ".log");
    /* A shell starts what runs in the background with SIGINT ignored, and that is inherited. */
    signal(SIGINT, SIG_DFL);
    execv(program, argv);
    _exit(127);
}

static int ready(served *s)
{
    char text[4096] = "", *at, *key;
    FILE *f = fopen("server.out", "r");
    size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;

    if (f != NULL)
        fclose(f);
    text[n] = '\0';
    at = strstr(text, "listening on ");
    key = strstr(text, "\nkey ");
    if (at == NULL || key == NULL || strchr(key + 1, '\n') == NULL)
        return 0;
    return sscanf(at, "listening on %299s", s->address) == 1 &&
           sscanf(key, "\nkey %39s", s->key) == 1;
}

pid_t served_spawn(const char *program, const char *line, const char *name)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        become(program, line, name);
    return pid;
}

void served_start(served *s, const char *program, const char *line)
{
    double until = cli_seconds() + READY_SECONDS;
    char words[8192];

    unlink("server.out");
    snprintf(words, sizeof words, "serve %s", line);
    s->pid = served_spawn(program, words, "server");
    while (!ready(s)) {
        if (waitpid(s->pid, NULL, WNOHANG) != 0 || cli_seconds() > until) {
            print_error("the server is not ready: %s\n", line);
            if (system("tail -n 3 server.log >&2") != 0)
                print_error("and said nothing\n");
            fail();
        }
        (void)poll(NULL, 0, 5);
    }
}

int served_end(served *s, int number, double seconds)
{
    double until = cli_seconds() + seconds;
    pid_t pid = s->pid, got;
    int status = 0;

    s->pid = 0;
    assert_int_equal(kill(pid, number), 0);
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && cli_seconds() < until)
        (void)poll(NULL, 0, 2);
    if (got == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static FILE *open_proc(const served *s, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)s->pid, name);
    return fopen(path, "r");
}

long served_memory(const served *s, const char *name)
{
    FILE *f = open_proc(s, "status");
    char line[256];
    long kib = -1;

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    }
    if (f != NULL)
        fclose(f);
    return kib;
}

int served_descriptors(const served *s)
{
    char path[64];
    int count = 0;
    DIR *d;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)s->pid);
    d = opendir(path);
    if (d == NULL)
        return -1;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

double served_seconds(const served *s)
{
    FILE *f = open_proc(s, "stat");
    unsigned long user = 0, kernel = 0;
    char text[1024] = "";
    const char *at;
    int got = 0;

    if (f != NULL && fgets(text, sizeof text, f) != NULL) {
        at = strrchr(text, ')'); /* the name before it may hold anything */
        if (at != NULL)
            got =
                sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
    }
    if (f != NULL)
        fclose(f);
    return got == 2 ? (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK) : -1.0;
}
