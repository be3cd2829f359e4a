/* How many processors this process may use. */
#ifndef UNSEEN_TOOLS_CPUS_H
#define UNSEEN_TOOLS_CPUS_H

/** The number of processors, or fewer where a control group of Linux (version 1 or 2) grants the
 *  time of fewer; at least 1.
 *
 *  In:      root         "" for the system; tests give a folder with files in the same places
 *           processors   that there are, as far as one knows without the control group
 */
int cpus_allowed(const char *root, int processors);

#endif
