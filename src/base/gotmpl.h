/* base/gotmpl.h: Go's text/template over JSON values, as --format needs it.
 *
 * Fields are looked up exactly first, then without regard to case (Go's names and the JSON keys differ
 * in case only: .ID and "Id").  What is understood: fields, pipelines, variables, if/else if/else,
 * range (with else, break, continue, index and value), with, define/template/block, comments, trim
 * markers, parentheses, literals, and the functions and or not eq ne lt le gt ge len index slice print
 * printf println html js urlquery json join split upper lower title pad truncate table (as a prefix).
 * Errors name the position. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

struct gotmpl;

/* NULL with @err set on a malformed template.  @text is copied. */
struct gotmpl *gotmpl_parse(const char *text, struct err *err);
struct gotmpl *gotmpl_free(struct gotmpl *t);

/* Appends the output for @dot.  @out's ceiling applies. */
int gotmpl_run(const struct gotmpl *t, const json_t *dot, struct buf *out,
               struct err *err) MUST_CHECK;

/* The same, but a field that @dot itself does not have is an error: for reports of a fixed shape.  With
 * @type (NULL: unknown), the type that @dot was written with, that is so for all structs in it, they are
 * printed as Go prints a struct, {a b}, fields that are left out when empty are there, and times have Go's
 * form.  One run at a time. */
struct json_type;
int gotmpl_run_strict(const struct gotmpl *t, const json_t *dot, const struct json_type *type,
                      struct buf *out, struct err *err) MUST_CHECK;

/* Does the template begin with "table "?  (It is then one line per row under a header row.) */
bool gotmpl_is_table(const char *text);
