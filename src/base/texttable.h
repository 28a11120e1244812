/* base/texttable.h: columns as Go's tabwriter(12, 2, 2, ' ') aligns them, which is how Podman prints
 * every list.  Cells may hold UTF-8: one column a code point, as Go counts. */
#pragma once

#include "base/buf.h"

/* @text holds rows that end in '\n' with cells separated by '\t'; appends the aligned text. */
void texttable_align(const char *text, size_t len, struct buf *out);
