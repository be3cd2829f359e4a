/* What `unseen check` found as a picture: bars of bits and of ranges for every layer. It stands for
 * itself, without fonts or scripts from elsewhere, and reads in light and dark. */
#ifndef UNSEEN_TOOLS_CHECK_SVG_H
#define UNSEEN_TOOLS_CHECK_SVG_H

#include "tools/check_report.h"

/** Write an SVG document. */
void check_svg(const check_report *r, FILE *out);

#endif
