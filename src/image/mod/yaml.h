/* image/mod/yaml.h: YAML documents as JSON ones.
 *
 * Every scalar becomes a string, whatever it looks like; keys whose value is null are left out.  Anchors and merge keys
 * ("<<") are resolved; what they make of a small text has a ceiling, so does the depth. */
#pragma once

#include "base/json.h"

/* *ret: an array with the documents that are not empty; the caller owns it.  @name stands in errors. */
int module_yaml(const char *text, size_t len, const char *name, json_t **ret,
                struct err *err) MUST_CHECK;
