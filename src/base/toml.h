/* base/toml.h: TOML 1.0 into JSON values, for the containers-* configuration files.
 *
 * Dates, inf and nan are kept as strings; \u0000 is refused.  Errors name file, line and cause.  Line numbers of keys are kept beside
 * the tree so that later checks ("not a string") can name them as well. */
#pragma once

#include <jansson.h>

#include "base/err.h"

struct toml {
    json_t *root;  /* object */
    json_t *lines; /* object: "table.key" (and "tables.0.key" in [[tables]]) -> line number */
};

/* @name names the file in errors. */
int toml_parse(struct toml *ret, const char *data, size_t len, const char *name,
               struct err *err) MUST_CHECK;
int toml_line(const struct toml *t, const char *path); /* 0 when unknown */
void toml_done(struct toml *t);
