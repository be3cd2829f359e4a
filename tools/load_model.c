/* A network from its file, and from the files beside it; apart from load.c, for clients have none.
 */
#include "tools/load.h"

#include "tools/cli.h"
#include "tools/neighbour.h"

int load_model(nn_model **out, const char *path)
{
    char why[WHY_BYTES] = "";
    file_bytes file;
    int st = file_read(&file, path, (size_t)1 << 30);

    *out = NULL;
    if (st == CLI_OK)
        st = envelope_refuse_other(&file, ENVELOPE_ANY, file_input_name(path));
    if (st == CLI_OK)
        st = neighbour_join(&file, path);
    if (st != CLI_OK) {
        file_free(&file);
        return st;
    }
    st = nn_model_read(out, file.data, file.size, why, sizeof why);
    file_free(&file);
    return st == NN_OK ? CLI_OK : cli_fail_status(st, file_input_name(path), why);
}
