/* spec/capability.h: Linux capabilities by name and number (capability.h of the kernel, up to 6.x). */
#pragma once

#include "base/util.h"

enum { CAPABILITY_COUNT = 41 };

/* "CAP_CHOWN" or "chown" in any case; -EINVAL for no capability. */
int capability_parse(const char *name);
/* "CAP_CHOWN"; NULL for a number that has no name. */
const char *capability_by_number(int number);
