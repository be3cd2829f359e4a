/* Sockets by name. */
#define _XOPEN_SOURCE 700

#include "tools/net/address.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/doomed.h"

static int parse_path(address *out, const char *path)
{
    size_t n = strlen(path);

    if (n == 0 || n >= sizeof out->path || n >= sizeof((struct sockaddr_un *)0)->sun_path)
        return cli_usage("'unix:%s': the path of a socket has 1 to %zu bytes", path,
                         sizeof out->path - 1);
    memcpy(out->path, path, n + 1);
    return CLI_OK;
}

static int good_port(const char *port)
{
    size_t n = strspn(port, "0123456789");
    unsigned number = 0;

    if (n == 0 || n > 5 || port[n] != '\0')
        return 0;
    for (size_t i = 0; i < n; i++)
        number = 10 * number + (unsigned)(port[i] - '0');
    return number <= 65535;
}

int address_parse(address *out, const char *text)
{
    const char *colon = strrchr(text, ':'), *host = text, *end = colon;

    memset(out, 0, sizeof *out);
    snprintf(out->text, sizeof out->text, "%s", text);
    if (strncmp(text, "unix:", 5) == 0)
        return parse_path(out, text + 5);
    if (colon != NULL && text[0] == '[' && colon > text && colon[-1] == ']') {
        host = text + 1;
        end = colon - 1;
    }
    if (colon == NULL || end <= host || (size_t)(end - host) >= sizeof out->host ||
        !good_port(colon + 1) || (host == text && memchr(host, ':', (size_t)(end - host)) != NULL))
        return cli_usage("'%s' is no address: write HOST:PORT, [IPV6]:PORT or unix:PATH", text);
    memcpy(out->host, host, (size_t)(end - host));
    memcpy(out->port, colon + 1, strlen(colon + 1) + 1);
    return CLI_OK;
}

int address_is_local(const address *a)
{
    return a->path[0] != '\0';
}

int address_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
                   fcntl(fd, F_SETFD, FD_CLOEXEC) != 0
               ? -1
               : 0;
}

/* Small messages wait for no others. */
static void no_delay(int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return sa->sa_family == AF_UNIX;
}

static void unix_name(struct sockaddr_un *un, const address *a)
{
    memset(un, 0, sizeof *un);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, a->path, strlen(a->path) + 1);
}

static int resolve(struct addrinfo **out, const address *a, int passive)
{
    struct addrinfo hints;
    int error;

    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = passive ? AI_PASSIVE : 0;
    error = getaddrinfo(a->host, a->port, &hints, out);
    if (error == 0)
        return CLI_OK;
    return cli_fail(error == EAI_MEMORY || (error == EAI_SYSTEM && errno == ENOMEM) ? CLI_MEMORY
                                                                                    : CLI_NETWORK,
                    a->text, "the host's address cannot be found: %s",
                    error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
}

/* Connects within the time that is left; 0 or an errno. */
static int try_connect(int fd, const struct sockaddr *sa, socklen_t size, double until)
{
    int error = 0;
    socklen_t length = sizeof error;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    double left;
    int got;

    /* A socket of the file system whose server has many waiting says so at once. */
    while ((got = connect(fd, sa, size)) != 0 && errno == EAGAIN && cli_seconds() < until)
        (void)poll(NULL, 0, 10);
    if (got == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    do {
        left = until - cli_seconds();
        got = left > 0.0 ? poll(&p, 1, (int)(1000.0 * left) + 1) : 0;
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno;
    if (got == 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 ? errno : error;
}

/* A connected socket, or -1 with errno. */
static int connect_to(const struct sockaddr *sa, socklen_t size, double until)
{
    int fd = socket(sa->sa_family, SOCK_STREAM, 0), error = errno;

    if (fd < 0)
        return -1;
    error = address_prepare(fd) != 0 ? errno : try_connect(fd, sa, size, until);
    if (error == 0) {
        if (sa->sa_family != AF_UNIX)
            no_delay(fd);
        return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

static int cannot_connect(const address *a, int error)
{
    if (error == ENOMEM || error == EMFILE || error == ENFILE)
        return cli_fail(CLI_MEMORY, a->text, "no connection can be made: %s", strerror(error));
    return cli_fail(CLI_NETWORK, a->text,
                    "no server answers there: %s (is 'unseen serve' running?)", strerror(error));
}

int address_connect(int *fd, int *loopback, const address *a, double seconds)
{
    double until = cli_seconds() + seconds;
    struct addrinfo *list = NULL;
    int error = 0, near_by = 1, st;

    *fd = -1;
    if (address_is_local(a)) {
        struct sockaddr_un un;
        unix_name(&un, a);
        *fd = connect_to((const struct sockaddr *)&un, sizeof un, until);
        error = errno;
    } else {
        st = resolve(&list, a, 0);
        if (st != CLI_OK)
            return st;
        for (const struct addrinfo *i = list; i != NULL && *fd < 0; i = i->ai_next) {
            *fd = connect_to(i->ai_addr, i->ai_addrlen, until);
            error = errno;
            near_by = is_loopback(i->ai_addr);
        }
        freeaddrinfo(list);
    }
    if (loopback != NULL)
        *loopback = near_by;
    return *fd >= 0 ? CLI_OK : cannot_connect(a, error);
}

/* ---- listening ---- */

static int cannot_listen(const address *a, int error)
{
    if (error == EADDRINUSE)
        return cli_fail(CLI_NETWORK, a->text,
                        "another program listens there; choose another port or end that program");
    if (error == EACCES || error == EADDRNOTAVAIL)
        return cli_fail(CLI_NO_FILE, a->text, "this program may not listen there: %s",
                        strerror(error));
    return cli_fail(cli_exit_of_errno(error), a->text, "cannot listen: %s", strerror(error));
}

/* bound: whether the address was taken, so that a socket of the file system is there. */
static int listen_on(const struct sockaddr *sa, socklen_t size, int *bound)
{
    int one = 1, error, fd = socket(sa->sa_family, SOCK_STREAM, 0);

    *bound = 0;
    if (fd < 0)
        return -1;
    if (address_prepare(fd) == 0 &&
        (sa->sa_family == AF_UNIX ||
         setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0) &&
        bind(fd, sa, size) == 0) {
        *bound = 1;
        if (listen(fd, 512) == 0)
            return fd;
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* A socket file that a server left behind when it was killed: nobody answers there. */
static void remove_stale(const address *a)
{
    struct sockaddr_un un;
    struct stat info;
    int fd;

    if (lstat(a->path, &info) != 0 || !S_ISSOCK(info.st_mode))
        return;
    unix_name(&un, a);
    fd = connect_to((const struct sockaddr *)&un, sizeof un, cli_seconds() + 1.0);
    if (fd >= 0)
        close(fd);
    else if (errno == ECONNREFUSED)
        unlink(a->path);
}

/* Where the port was 0, the text gets the one that the system chose. Returns 0, or -1 with errno.
 */
static int note_port(address *a, int fd)
{
    struct sockaddr_storage here;
    socklen_t size = sizeof here;
    char port[16];

    if (strcmp(a->port, "0") != 0)
        return 0;
    if (getsockname(fd, (struct sockaddr *)&here, &size) != 0)
        return -1;
    if (getnameinfo((const struct sockaddr *)&here, size, NULL, 0, port, sizeof port,
                    NI_NUMERICSERV) != 0) {
        errno = ENOMEM; /* nothing else stands in the way of a number */
        return -1;
    }
    memcpy(a->port, port, sizeof a->port);
    snprintf(a->text, sizeof a->text, strchr(a->host, ':') != NULL ? "[%s]:%s" : "%s:%s", a->host,
             a->port);
    return 0;
}

static int listen_local(int *fd, const address *a)
{
    struct sockaddr_un un;
    mode_t mask;
    int bound, error;

    remove_stale(a);
    unix_name(&un, a);
    doomed_watch();
    doomed_hold();
    /* Who may connect is who may write to the file: the owner. */
    mask = umask(0177);
    *fd = listen_on((const struct sockaddr *)&un, sizeof un, &bound);
    error = errno;
    umask(mask);
    if (*fd >= 0)
        doomed_add(a->path);
    else if (bound)
        unlink(a->path);
    doomed_let_come();
    return *fd >= 0 ? CLI_OK : cannot_listen(a, error);
}

int address_listen(int *fd, int *loopback, address *a)
{
    struct addrinfo *list = NULL;
    int st, bound;

    *fd = -1;
    if (loopback != NULL)
        *loopback = 1;
    if (address_is_local(a))
        return listen_local(fd, a);
    st = resolve(&list, a, 1);
    if (st != CLI_OK)
        return st;
    /* The first address of the name: one socket, one meaning. */
    *fd = listen_on(list->ai_addr, list->ai_addrlen, &bound);
    st = *fd >= 0 && note_port(a, *fd) == 0 ? CLI_OK : cannot_listen(a, errno);
    if (loopback != NULL)
        *loopback = is_loopback(list->ai_addr);
    freeaddrinfo(list);
    return st;
}

void address_leave(int fd, const address *a)
{
    if (fd < 0)
        return;
    close(fd);
    if (!address_is_local(a))
        return;
    doomed_hold();
    unlink(a->path);
    doomed_forget(a->path);
    doomed_let_come();
}

static void tell_peer(char text[ADDRESS_TEXT], const struct sockaddr *sa, socklen_t size)
{
    char host[128] = "", port[16] = "";

    if (sa->sa_family == AF_UNIX)
        snprintf(text, ADDRESS_TEXT, "unix");
    else if (getnameinfo(sa, size, host, sizeof host, port, sizeof port,
                         NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(text, ADDRESS_TEXT, "unknown");
    else
        snprintf(text, ADDRESS_TEXT, sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

int address_accept(int listener, char peer[ADDRESS_TEXT])
{
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    int fd = accept(listener, (struct sockaddr *)&from, &size);

    if (fd < 0)
        return -1;
    if (address_prepare(fd) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    if (from.ss_family != AF_UNIX)
        no_delay(fd);
    tell_peer(peer, (const struct sockaddr *)&from, size);
    return fd;
}
