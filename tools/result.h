/* What a file-level helper of the program can come back with. The sentence for the human travels
 * beside it in a (why, why_size) buffer; the program turns the code into an exit status.
 */
#ifndef UNSEEN_TOOLS_RESULT_H
#define UNSEEN_TOOLS_RESULT_H

enum {
    TOOL_OK = 0,
    TOOL_ERR_FORMAT = -502, /* the bytes are not what they should be */
    TOOL_ERR_MEMORY = -503  /* an allocation failed */
};

#endif
