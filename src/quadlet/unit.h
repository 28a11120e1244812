/* quadlet/unit.h: a systemd unit file as it is written: sections, keys and comments in their order.
 *
 * Follows systemd.syntax(7): "[Section]", "Key=value", lines that begin with '#' or ';' are
 * comments, a backslash at the end joins the next line with a blank, comments inside such a value
 * are skipped, a section may come several times, and an empty assignment takes earlier values of
 * that key back.  Everything lives in the arena that was given. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct unit_line {
    const char *key;   /* NULL: a comment or an empty line */
    const char *value; /* joined, blanks at both ends taken away; the whole line of a comment */
};

struct unit_section {
    const char *name;
    struct unit_line *lines;
    size_t count, room;
};

struct unit {
    struct unit_section *sections; /* those of one name are one */
    size_t count;
};

/* Adds what @text says to @u: parsing a drop-in into the unit that it changes is the way to merge
 * it.  @name names the file in errors. */
int unit_parse(struct arena *a, struct unit *u, const char *text, size_t len, const char *name,
               struct err *err) MUST_CHECK;

const struct unit_section *unit_section(const struct unit *u, const char *section);

/* The last value of a key, quotes around the whole of it taken away; NULL when it was never set or
 * was taken back. */
const char *unit_last(struct arena *a, const struct unit *u, const char *section, const char *key);
/* The same as it is written, and "" for one that was taken back: tells "empty" from "missing". */
const char *unit_last_raw(const struct unit *u, const char *section, const char *key);
/* All values since the last empty assignment, as they are written; NULL when there is none. */
char **unit_all(struct arena *a, const struct unit *u, const char *section, const char *key);
/* systemd's booleans (1, yes, true, on in any case); @missing where the key has no value, false for a word that
 * is none of them. */
bool unit_bool(const struct unit *u, const char *section, const char *key, bool missing);

void unit_add(struct arena *a, struct unit *u, const char *section, const char *key,
              const char *value);
/* Puts the key first in its section. */
void unit_prepend(struct arena *a, struct unit *u, const char *section, const char *key,
                  const char *value);
/* Takes every value of the key away and adds this one. */
void unit_set(struct arena *a, struct unit *u, const char *section, const char *key,
              const char *value);
/* As unit_set() where the key is not there. */
void unit_default(struct arena *a, struct unit *u, const char *section, const char *key,
                  const char *value);
void unit_rename_section(struct unit *u, const char *section, const char *name);
/* @u's sections, lines included, as a unit of their own that may be changed. */
struct unit unit_copy(struct arena *a, const struct unit *u);

void unit_write(const struct unit *u, struct buf *out);
