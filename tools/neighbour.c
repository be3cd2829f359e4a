/* The files beside a model that hold its constants, see tools/neighbour.h. */
#include "tools/neighbour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/nn.h"
#include "tools/cli.h"
#include "tools/load.h"

enum { NEIGHBOURS_MAX = 16, FILE_BYTES_MAX = INT32_MAX };

typedef struct neighbour {
    char *path;
    const char *name; /* the part of it behind the folder */
    file_bytes file;
} neighbour;

/* The files read so far. */
typedef struct folder {
    const char *model; /* path of the model */
    neighbour list[NEIGHBOURS_MAX];
    size_t count;
    int failed; /* exit code after a message was printed, or CLI_OK */
} folder;

/* Set the path of a file in the folder of the model. Returns 0 without memory. */
static int set_path(neighbour *n, const folder *f, const char *name)
{
    const char *slash = strrchr(f->model, '/');
    size_t lead = slash != NULL ? (size_t)(slash - f->model) + 1 : 0, size = strlen(name) + 1;

    n->path = malloc(lead + size);
    if (n->path == NULL)
        return 0;
    memcpy(n->path, f->model, lead);
    memcpy(n->path + lead, name, size);
    n->name = n->path + lead;
    return 1;
}

/* nn_onnx_open: the library has checked that the name is a plain one. */
static nn_status open_neighbour(void *user, const char *name, const uint8_t **bytes, size_t *size,
                                char *why, size_t why_size)
{
    folder *f = user;
    size_t k = 0;

    while (k < f->count && strcmp(f->list[k].name, name) != 0)
        k++;
    if (k == NEIGHBOURS_MAX) {
        (void)snprintf(why, why_size, "its constants lie in more than %d files", NEIGHBOURS_MAX);
        return NN_ERR_UNSUPPORTED;
    }
    if (k == f->count) {
        neighbour *n = &f->list[k];
        if (!set_path(n, f, name))
            return NN_ERR_MEMORY;
        f->count++;
        f->failed = file_read(&n->file, n->path, FILE_BYTES_MAX);
        if (f->failed != CLI_OK)
            return NN_ERR_STOPPED;
    }
    *bytes = f->list[k].file.data;
    *size = f->list[k].file.size;
    return NN_OK;
}

int neighbour_join(file_bytes *model, const char *path)
{
    char why[WHY_BYTES] = "";
    folder f = {.model = path, .failed = CLI_OK};
    file_bytes joined = {NULL, 0};

    if (!nn_onnx_is_external(model->data, model->size))
        return CLI_OK;
    if (strcmp(path, "-") == 0)
        return cli_fail(CLI_UNSUPPORTED, file_input_name(path),
                        "it keeps constants in another file, which standard input does not have; "
                        "give the model by its name");
    int st = nn_onnx_embed(&joined.data, &joined.size, model->data, model->size, open_neighbour, &f,
                           why, sizeof why);
    for (size_t k = 0; k < f.count; k++) {
        free(f.list[k].path);
        file_free(&f.list[k].file);
    }
    if (f.failed != CLI_OK)
        return f.failed;
    if (st != NN_OK)
        return cli_fail_status(st, path, why);
    file_free(model);
    *model = joined;
    return CLI_OK;
}
