/* Addresses of servers, and sockets for them: "HOST:PORT", "[IPV6]:PORT", "unix:PATH". */
#ifndef UNSEEN_TOOLS_NET_ADDRESS_H
#define UNSEEN_TOOLS_NET_ADDRESS_H

enum { ADDRESS_TEXT = 300 };

typedef struct address {
    char text[ADDRESS_TEXT]; /* as it is written, the name that a server is remembered by */
    char host[256], port[16];
    char path[104]; /* of a socket in the file system; "" for TCP */
} address;

/** Take an address apart.
 *
 *  In:      text   the user's
 *  Returns: CLI_OK, or CLI_USAGE after the message was printed
 */
int address_parse(address *out, const char *text);

/** Whether it is a socket of this machine's file system, which needs no encryption. */
int address_is_local(const address *a);

/** Connect, not blocking afterwards.
 *
 *  Out:     fd        the socket, -1 on failure
 *           loopback  whether the other end is this machine; may be NULL
 *  In:      seconds   how long to try
 *  Returns: CLI_OK or an exit code after the message was printed: CLI_NETWORK
 */
int address_connect(int *fd, int *loopback, const address *a, double seconds);

/** Listen, not blocking. A socket of the file system that nobody listens on any more is replaced,
 *  and removed by signals that end the program (tools/doomed.h).
 *
 *  Out:     fd        the socket, -1 on failure
 *           loopback  whether only this machine can reach it; may be NULL
 *           a         its text gets the port that the system chose, where it is 0; it stays in
 *                      its place until address_leave
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int address_listen(int *fd, int *loopback, address *a);

/** Listen no more; below 0 is fine. A socket of the file system is removed. */
void address_leave(int fd, const address *a);

/** Take the next connection that waits, not blocking.
 *
 *  Out:     peer   who is at the other end, for logs
 *  Returns: the socket, or -1 with errno set; also when it ended meanwhile
 */
int address_accept(int listener, char peer[ADDRESS_TEXT]);

/** Make a socket not block and not outlive an exec; 0 or -1. */
int address_prepare(int fd);

#endif
