/* build/build_priv.h: what the files of the builder share. */
#pragma once

#include "build/build.h"
#include "build/containerfile.h"
#include "build/ignore.h"
#include "base/sha256.h"
#include "engine/transient.h"
#include "image/assemble.h"

struct build;

/* One FROM and what follows it. */
struct stage {
    struct build *b;
    size_t index;
    char *name;                  /* AS; NULL: none */
    struct cf_instruction *from; /* NULL: made of options alone */
    cf_instructions steps;       /* after FROM, those that options add among them */
    char *base;                  /* FROM's image after its variables were replaced */
    struct stage *parent;        /* FROM names an earlier stage */
    bool needed, done;

    char **args;      /* what ARG declared: "KEY=value" */
    char **arg_names; /* declared at all */
    struct image_config config;
    kv_list annotations;
    stored_layers stored;
    char *image; /* ID of what is built so far; NULL: nothing (scratch) */
    char *base_id, *base_name, *base_digest; /* the image it began with; NULL: scratch */
    size_t base_layers, base_history;
    bool dirty;     /* without layers: a file may have changed since the base */
    bool cmd_given; /* ENTRYPOINT takes away a CMD that it did not come with */
    char *digest;   /* of the manifest of `image` */
    struct transient work;
    bool working; /* work is made, and begun over `stored` */
};

/* One instruction while it is carried out. */
struct step {
    struct stage *st;
    const struct cf_instruction *in;
    char *created_by;
    char **words;   /* of its text, expanded */
    char *key_more; /* what else the result depends on, for the cache */
    bool layer;     /* the file system may have changed */
    bool last;      /* of the stage */
    struct err *err;
    struct copy_job *copy; /* COPY, ADD: what is to be copied; build/copy.c */
    struct run_job *run;   /* RUN: build/run.c */
};

/* RUN --mount=... */
struct run_mount {
    char *type; /* bind, cache, tmpfs, secret, ssh */
    char *from, *source, *target, *id, *env, *sharing, *size;
    char **options; /* nosuid, nodev, ..., propagation, z, Z, U, tmpcopyup */
    bool rw, ro, required;
    bool has_mode;
    uint32_t mode, uid, gid;
};
typedef JSON_LIST(struct run_mount) run_mounts;
struct run_locks {
    int fds[32];
    size_t n;
};

struct build_context {
    char *dir;    /* absolute; NULL: there is none */
    bool foreign; /* made of an archive or a repository: its links lead nowhere else */
    int fd;
    struct ignore ignore;
};

struct build {
    struct engine *e;
    struct arena *a;
    const struct build_options *o;
    struct build_context context;
    struct transient scratch; /* build_tmp() makes directories in it */
    size_t n_tmp;
    char *piped_file; /* the Containerfile where stdin or a URL was one; NULL: it was not */
    char *first_file; /* path of the first Containerfile that -f named; NULL: none */
    char escape;
    char **global_args; /* ARG before the first FROM: "KEY=value", with --build-arg's value */
    JSON_LIST(struct stage *) stages;
    struct stage *target;
    struct hash_memo *memo; /* NULL: nothing was hashed yet */
    stored_images made;     /* not recorded yet */
    char **used_args;       /* --build-arg that somebody wanted */
    int null;               /* /dev/null */
    int exit_code;
};

void build_line(const struct build *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* context.c: where files come from. */
int context_open(struct build *b, struct err *err) MUST_CHECK;
/* The instructions of all files, in order. */
int context_instructions(struct build *b, cf_instructions *ret, struct err *err) MUST_CHECK;
/* A directory of ours below the store's: "what" is put into its name. */
int build_tmp(struct build *b, const char *what, char **ret, struct err *err) MUST_CHECK;
/* The same where nothing outlives a reboot, not even what a killed build leaves: for secrets. */
int build_run_tmp(struct build *b, const char *what, char **ret, struct err *err) MUST_CHECK;
bool build_is_url(const char *s);
bool build_is_git(const char *s);
/* By its first bytes: tar, or something compressed that may be one. */
bool build_is_archive(int fd);
int build_download(struct build *b, const char *url, char **ret_path, struct err *err) MUST_CHECK;
/* Into a directory of ours. */
int build_unpack(struct build *b, int fd, const char *name, char **ret_dir,
                 struct err *err) MUST_CHECK;
int build_clone(struct build *b, const char *url, bool keep_git, char **ret_dir,
                struct err *err) MUST_CHECK;

/* plan.c: stages and their variables. */
int plan_stages(struct build *b, const cf_instructions *all, struct err *err) MUST_CHECK;
struct stage *plan_find(const struct build *b, const char *name, const struct stage *before);

/* variables.c */
const char *build_global(void *arg, const char *name); /* @arg: struct build; what FROM sees */
const char *stage_lookup(void *arg, const char *name); /* @arg: struct stage */
int stage_expand(struct stage *st, const char *text, char **ret, struct err *err) MUST_CHECK;
/* Each word of @text, or of the JSON array, expanded. */
int stage_words(struct step *s, char ***ret) MUST_CHECK;
/* --build-arg or what the platform gives; NULL: nothing. */
const char *build_arg_value(struct build *b, const char *name);
int arg_declare(struct step *s) MUST_CHECK;

/* instructions.c: one row an instruction. */
struct instruction_ops {
    /* Looks at everything that the instruction depends on; fills created_by, key_more, layer. */
    int (*prepare)(struct step *s);
    /* Does it. */
    int (*apply)(struct step *s);
};
const struct instruction_ops *instruction_ops(enum cf_command c);
int step_wrong(struct step *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

int copy_prepare(struct step *s) MUST_CHECK;
int copy_apply(struct step *s) MUST_CHECK;
void copy_done(struct step *s);
/* A digest of what is at @path below @root: for what a RUN has mounted. */
int copy_digest(struct step *s, int root, const char *path, char hex[SHA256_HEX]) MUST_CHECK;
int run_prepare(struct step *s) MUST_CHECK;
int run_apply(struct step *s) MUST_CHECK;
/* run_mounts.c: --mount of RUN. */
int run_mount_parse(struct step *s, const char *text, struct run_mount *ret) MUST_CHECK;
/* What its contents depend on, for the cache; NULL: nothing. */
int run_mount_key(struct step *s, const struct run_mount *m, char **ret) MUST_CHECK;
/* Adds it to the container that is to run; *locks: descriptors to hold meanwhile. */
int run_mount_add(struct step *s, const struct run_mount *m, struct container_config *c,
                  struct run_locks *locks) MUST_CHECK;
/* "/bin/sh -c" or what SHELL said, and @text. */
char **shell_command(struct stage *st, const char *text);

/* stage.c: FROM, and one instruction after the other. */
int stage_run(struct stage *st, struct err *err) MUST_CHECK;
int stage_take_image(struct stage *st, const struct image *img, struct err *err) MUST_CHECK;
int stage_work(struct stage *st, struct err *err) MUST_CHECK;
/* Directories of a stage or image that --from names, topmost first; @ret_key: what names its contents. */
int from_dirs(struct stage *st, const char *name, char ***ret, char **ret_key,
              struct err *err) MUST_CHECK;
/* Its name, or its number. */
const char *stage_name(const struct stage *st);
/* The layers of what is built so far, topmost first; NULL: there are none. */
char **stage_dirs(const struct stage *st);
int image_get(struct build *b, const char *name, struct image *ret, char **ret_name,
              struct err *err) MUST_CHECK;

/* commit.c */
/* Is there an image for each instruction? */
bool build_keeps_layers(const struct build *b);
int commit_step(struct step *s) MUST_CHECK;
/* The end of a stage that has no instruction, or of which --squash-all makes one layer. */
int commit_without_step(struct stage *st, struct err *err) MUST_CHECK;
/* Goes on with an image that was made before. */
int commit_take(struct stage *st, const char *id) MUST_CHECK;
/* Records what was made, and gives the stage's image the names that were asked for. */
int commit_names(struct build *b, const struct stage *st, struct err *err) MUST_CHECK;
int commit_record(struct build *b, struct err *err) MUST_CHECK;

/* remote_cache.c: takes the image under @key; gives it away. */
bool remote_cache_find(struct step *s, const char *key);
int remote_cache_put(struct step *s, const char *key) MUST_CHECK;

/* output.c */
int output_write(struct build *b, const struct stage *st, struct err *err) MUST_CHECK;
