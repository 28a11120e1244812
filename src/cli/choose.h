/* cli/choose.h: a question with a list of answers, on a terminal. */
#pragma once

#include "base/util.h"

/* Arrow keys (or j and k) and return.  The index of the NULL-terminated @items, -ENOTTY when standard input
 * or output is no terminal, -ECANCELED on ^C. */
int cli_choose(const char *question, char *const *items);
