/* cli/format.h: what --format of every command does.
 *
 *   json, {{json .}}         the whole report as indented JSON
 *   table {{.A}}\t{{.B}}     aligned columns under a header row ("table" alone: the command's own)
 *   {{.A}} {{.B}}            a line for each row
 *   {{range .}}...{{end}}    the rows walked by the template itself
 *
 * "\t" and "\n" may be written with a backslash, as in Docker. */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* The title of a column; fields that are not listed get their name in words: CreatedAt, CREATED AT. */
struct cli_header {
    const char *field, *title;
};

struct json_type;
struct cli_list {
    const char *format;               /* --format; NULL when not given */
    const char *def;                  /* the command's own template; NULL: JSON */
    const char *title;                /* names the template in errors: "ps" */
    const struct cli_header *headers; /* ends with { 0 }; may be NULL */
    bool no_heading;
    int indent;                   /* of JSON; 0: 2 */
    const struct json_type *type; /* of a row, or of the one object; NULL: unknown */
};

/* Prints an array of objects to stdout.  A field that a row lacks is an error, so rows have all of
 * the report's fields.  For --quiet pass the one column as .def. */
int cli_print_list(const json_t *rows, const struct cli_list *how, struct err *err) MUST_CHECK;

/* Prints one object (info, version): .def and tables as above, but no heading and no rows. */
int cli_print_one(const json_t *doc, const struct cli_list *how, struct err *err) MUST_CHECK;

/* Is it "json" or {{json .}}? */
bool cli_format_is_json(const char *format);
