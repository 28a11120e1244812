/* base/yaml_text.h: JSON values as YAML text, block style, as Go's yaml package lays it out (indent 2). */
#pragma once

#include <jansson.h>

#include "base/buf.h"

void yaml_text(const json_t *doc, struct buf *out);
