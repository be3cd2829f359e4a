/* Files that must not outlive the program: names that SIGINT, SIGTERM and SIGHUP remove before they
 * end it.
 */
#ifndef UNSEEN_TOOLS_DOOMED_H
#define UNSEEN_TOOLS_DOOMED_H

/** Take care of these signals from now on; one that is ignored, as under nohup, stays ignored. */
void doomed_watch(void);

/** Hold these signals back, so that a file and its name appear, or vanish, as one; in the main
 *  thread, and not twice. */
void doomed_hold(void);

/** Let them come again. */
void doomed_let_come(void);

/** Note a name, with the signals held back. It is kept, not copied. Where there is no room, 16 at a
 *  time, a signal would leave the file. */
void doomed_add(const char *name);

/** Forget a name, with the signals held back; one that was not noted is fine. */
void doomed_forget(const char *name);

/** Remove all that are noted, from the handler of a signal that ends the program. */
void doomed_remove(void);

#endif
