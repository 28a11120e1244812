/* build/containerfile.h: a Containerfile as a list of instructions.
 *
 * Lines are joined where they are continued, comments and directives are taken out, heredocs are attached to
 * their instruction.  What an instruction's text means is left to whoever carries it out (build/words.h splits
 * and expands); checked here is only what can be told without knowing any variable.  Errors name file and
 * line.  Everything lives in the arena. */
#pragma once

#include "base/json.h"

#define CONTAINERFILE_MAX (4u << 20) /* bytes of one file, heredocs included */
enum { CONTAINERFILE_INSTRUCTIONS_MAX = 10000 };

enum cf_command {
    CF_ADD,
    CF_ARG,
    CF_CMD,
    CF_COPY,
    CF_ENTRYPOINT,
    CF_ENV,
    CF_EXPOSE,
    CF_FROM,
    CF_HEALTHCHECK,
    CF_LABEL,
    CF_MAINTAINER,
    CF_ONBUILD,
    CF_RUN,
    CF_SHELL,
    CF_STOPSIGNAL,
    CF_USER,
    CF_VOLUME,
    CF_WORKDIR,
    CF_COMMAND_COUNT
};
extern const char *const cf_command_names[CF_COMMAND_COUNT];

struct cf_flag {
    char *name;  /* "from", without the dashes */
    char *value; /* NULL: given without one */
};

struct cf_heredoc {
    char *name;
    char *content; /* with its last newline; leading tabs are gone where <<- was written */
    bool expand;   /* its name was not quoted */
};

struct cf_instruction {
    enum cf_command command;
    int line;       /* where it begins */
    char *original; /* the joined line, as the history shows it: "RUN --network=none make" */
    char *text;     /* what follows the name and the flags */
    char **json;    /* text as a JSON array of strings; NULL: it is none */
    JSON_LIST(struct cf_flag) flags;
    JSON_LIST(struct cf_heredoc) heredocs;
    bool heredoc_only; /* RUN: the text is nothing but the beginning of a heredoc */
};
typedef JSON_LIST(struct cf_instruction) cf_instructions;

struct containerfile {
    cf_instructions items;
    char escape; /* '\\' or '`' */
};

/* @name names the file in errors. */
int containerfile_parse(struct arena *a, const char *text, size_t len, const char *name,
                        struct containerfile *ret, struct err *err) MUST_CHECK;

/* One instruction from one line, as ONBUILD keeps it and options add it. */
int containerfile_line(struct arena *a, const char *line, char escape, struct cf_instruction *ret,
                       struct err *err) MUST_CHECK;

/* The value of a flag; NULL: not given (or without a value). */
const char *cf_flag(const struct cf_instruction *in, const char *name);
bool cf_has_flag(const struct cf_instruction *in, const char *name);
