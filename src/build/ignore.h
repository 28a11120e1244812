/* build/ignore.h: what .containerignore leaves out of a build context.
 *
 * Patterns are Go's filepath.Match with "**" for any number of directories; a leading '!' takes back, and the
 * last pattern that matches a path or a directory above it decides. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { IGNORE_PATTERNS_MAX = 10000 };

struct ignore {
    struct ignore_pattern *items;
    size_t n;
    bool exceptions; /* there is a '!' */
};

/* One pattern a line; '#' begins a comment line. */
int ignore_parse(struct arena *a, const char *text, struct ignore *ret, struct err *err) MUST_CHECK;
/* One pattern, as --exclude has it. */
int ignore_add(struct arena *a, const char *pattern, struct ignore *ig, struct err *err) MUST_CHECK;

/* @path: relative, clean. */
bool ignore_matches(const struct ignore *ig, const char *path);

/* Go's filepath.Match, for one whole path; malformed patterns match nothing. */
bool ignore_glob(const char *pattern, const char *path);
/* The same for a text, where a slash is nothing special: what a shell does in ${x#pattern}. */
bool ignore_text(const char *pattern, const char *text);
