/* Whole files in and out.
 *
 * Reading: a file comes in one block, up to a limit, and is wiped when it is released.
 * Writing: an output appears under its name complete or not at all. A regular file is written under
 * a temporary name in the same folder, synced, and renamed; an error, a full disk, SIGINT, SIGTERM
 * or SIGHUP removes the temporary name. Devices and pipes are written directly.
 */
#ifndef UNSEEN_TOOLS_FILE_H
#define UNSEEN_TOOLS_FILE_H

#include <stddef.h>
#include <stdint.h>

typedef struct file_bytes {
    uint8_t *data;
    size_t size;
} file_bytes;

/** Read a whole file; "-" is standard input.
 *
 *  Out:     out     to be released with file_free
 *  In:      limit   refuse a file of more bytes
 *  Returns: CLI_OK or an exit code after the message was printed; out is then empty
 */
int file_read(file_bytes *out, const char *path, size_t limit);

/* A file that is mapped, or read where it cannot be. Its bytes may change while they are looked at:
 * whoever reads them checks what it has read, and reads nothing twice that it relies on. */
typedef struct file_mapping {
    file_bytes bytes; /* not to be written to */
    int mapped;
} file_mapping;

/** Map a regular file; read anything else, as file_read. One file at a time: the bytes of a file
 *  that is cut short while it is mapped are gone, and the program then says so, removes what it was
 *  writing and leaves with CLI_IO.
 *
 *  Out:     out   to be released with file_unmap
 *  Returns: as file_read
 */
int file_map(file_mapping *out, const char *path, size_t limit);

/** Release; an empty one is fine. */
void file_unmap(file_mapping *m);

/** Whether a file can be opened for reading, before something that takes long; "-" always can.
 *
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int file_there(const char *path);

/** Make a folder, unless it is there; not the folders above it.
 *
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int file_make_folder(const char *path);

/** Complain of a file that is compressed where that is not read.
 *
 *  Returns: CLI_OK, or CLI_DAMAGED after the message was printed
 */
int file_refuse_gzip(const file_bytes *b, const char *name);

/** Wipe and release; an empty one is fine. */
void file_free(file_bytes *b);

/** Overwrite memory in a way that the compiler does not leave out. */
void file_wipe(void *p, size_t size);

/** What messages call a path: itself, or "standard input" for "-". */
const char *file_input_name(const char *path);

enum {
    OUTPUT_TEXT = 0,
    OUTPUT_BINARY = 1, /* refuse a terminal */
    OUTPUT_SECRET = 2, /* readable by the owner alone */
    OUTPUT_KEEP = 4    /* refuse to replace a file */
};

typedef struct output_file {
    const char *path; /* as the user gave it; "-" is standard output */
    char *target; /* the name to rename to, symbolic links followed; NULL when written directly */
    char *temporary;
    int fd;   /* -1 when closed */
    int made; /* 1: temporary is a file of ours */
} output_file;

/** An output that was never opened; output_abort on it does nothing. */
#define OUTPUT_NONE                                                                                \
    {                                                                                              \
        NULL, NULL, NULL, -1, 0                                                                    \
    }

/** Begin an output.
 *
 *  In:      path    kept, must outlive o
 *           flags   OUTPUT_...
 *  Returns: CLI_OK or an exit code after the message was printed; o is then as OUTPUT_NONE
 */
int output_open(output_file *o, const char *path, int flags);

/** Append bytes.  Returns: CLI_OK or an exit code after the message; output_abort is still due */
int output_write(output_file *o, const void *bytes, size_t size);

/** Bring everything to the disk, close, and give the file its name.  Returns: as output_write */
int output_commit(output_file *o);

/** output_commit of two files that are of no use without each other: both get their names, or
 * neither does.  Returns: as output_write */
int output_commit_both(output_file *first, output_file *second);

/** Whether a file's name is such as outputs have until they are whole. */
int output_is_temporary(const char *name);

/** Drop whatever was not committed. After output_commit this does nothing. */
void output_abort(output_file *o);

/** Open, write, commit.  Returns: CLI_OK or an exit code after the message was printed */
int output_whole(const char *path, int flags, const void *bytes, size_t size);

#endif
