/* What the program remembers between runs, in XDG's state folder: $XDG_STATE_HOME/unseen, or
 * ~/.local/state/unseen.
 *
 *     identity            the key pair by which this user's `ask` is known to servers
 *     server.identity     the key pair of this user's `serve`
 *     known_servers       lines "ADDRESS KEY": public keys of servers that were accepted
 *     keys/DIGEST/        plan, secret.key and eval.keys for the plan of this digest
 *     offers/NAME         the digest of the plan that a server last offered
 *
 * A process that was killed while it wrote one leaves a temporary name beside it; whoever looks
 * for a file of that folder an hour later removes it.
 */
#ifndef UNSEEN_TOOLS_NET_STATE_H
#define UNSEEN_TOOLS_NET_STATE_H

#include <stddef.h>

enum { STATE_PATH = 4096 };

/** The path of a file in the state folder; the folders above it are made, for the owner alone.
 *
 *  In:      name   relative
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int state_path(char path[STATE_PATH], const char *name);

/** Whether a file is there. One that cannot be looked at is not taken for missing: what it holds
 *  would be replaced.
 *
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int state_has(int *there, const char *path);

#endif
