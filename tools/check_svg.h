/* What `unseen check` found as a picture: bars of bits and of ranges for every layer. */
#ifndef UNSEEN_TOOLS_CHECK_SVG_H
#define UNSEEN_TOOLS_CHECK_SVG_H

#include "tools/check_report.h"

/** Write an SVG document; nothing but a title where there is no memory for bars. */
void check_svg(const check_report *r, FILE *out);

#endif
