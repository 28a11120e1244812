/* base/csv.h: one record of comma separated values, as Go's encoding/csv reads it. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* What pflag's stringSlice and --mount take; -EINVAL with the cause in @err. */
int csv_record(struct arena *a, const char *text, char ***ret, struct err *err) MUST_CHECK;
