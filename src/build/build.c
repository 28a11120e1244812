#include "build/build.h"

#include <fcntl.h>

#include "base/fs.h"
#include "base/limits.h"
#include "build/build_priv.h"
#include "build/hashes.h"
#include "engine/events.h"
#include "image/manifest_list.h"
#include "image/record.h"
#include "store/blobs.h"

#include "base/banned.h"

/* A --build-arg that nobody asked for is most likely misspelt. */
static void warn_unused(struct build *b)
{
    AUTO_BUF names = { 0 };

    for (char **v = b->o->args; v && *v; v++) {
        AUTO_FREE char *name = xstrndup(*v, strcspn(*v, "="));
        if (!strv_has(b->used_args, name))
            buf_printf(&names, "%s%s", names.len ? " " : "", name);
    }
    if (names.len && !b->o->quiet) {
        AUTO_FREE char *line = xasprintf(
            "[Warning] one or more build args were not consumed: [%s]\n", names.data);
        (void)!write_all(b->o->err, line, strlen(line));
    }
}

static int stages(struct build *b, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i <= b->target->index; i++)
        if (b->stages.items[i]->needed)
            r = stage_run(b->stages.items[i], err);
    if (r == 0)
        return commit_names(b, b->target, err);
    /* What was built before the failure is there for the next try. */
    struct err second = { 0 };
    (void)!commit_record(b, &second);
    return r;
}

static int prepare(struct build *b, cf_instructions *list, struct err *err)
{
    int r = context_open(b, err);

    if (r == 0)
        r = context_instructions(b, list, err);
    return r < 0 ? r : plan_stages(b, list, err);
}

static int all(struct build *b, struct err *err)
{
    cf_instructions list = { 0 };
    int r = prepare(b, &list, err);

    if (r == 0)
        r = stages(b, err);
    if (r == 0)
        r = output_write(b, b->target, err);
    if (r == 0)
        engine_event(b->e, "image", "build", b->target->image, b->o->tags ? *b->o->tags : "");
    if (r == 0)
        warn_unused(b);
    return r;
}

static int one_platform(struct engine *e, struct arena *a, const struct build_options *o,
                        struct build_result *ret, struct err *err)
{
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct build b = { .e = e, .a = a, .o = o, .escape = '\\', .null = null, .context.fd = -EBADF };

    *ret = (struct build_result) { 0 };
    if (null < 0)
        return err_sys(err, errno, "opening /dev/null");
    /* No layer or blob of ours is garbage until its image is recorded. */
    AUTO_CLOSE int hold = image_hold(engine_store(e), err);
    int r = hold < 0 ? hold : all(&b, err);
    for (size_t i = 0; i < b.stages.n; i++)
        transient_done(e, &b.stages.items[i]->work);
    transient_done(e, &b.scratch);
    hash_memo_close(b.memo);
    close_p(&b.context.fd);
    ret->exit_code = b.exit_code;
    if (r == 0) {
        ret->id = b.target->image;
        ret->digest = b.target->digest;
        if (o->tags)
            r = image_complete_name(a, *o->tags, &ret->name, err);
    }
    return r;
}

static int take_platform(struct arena *a, const char *text, struct build_options *o,
                         struct err *err)
{
    char **f = strv_split(a, text, '/');
    size_t n = strv_len(f);

    if (n < 2 || n > 3 || !*f[0] || !*f[1])
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid platform syntax for \"%s\" (use OS/ARCH[/VARIANT])", text);
    o->os = f[0];
    o->arch = f[1];
    o->variant = n > 2 ? f[2] : NULL;
    o->pull.os = o->os;
    o->pull.arch = o->arch;
    o->pull.variant = o->variant;
    return 0;
}

/* "FILE_linux_arm64"; -EBADF without --logsplit. */
static int split_log(struct arena *a, struct build_options *o, struct err *err)
{
    if (!o->split_log)
        return -EBADF;
    char *path = arena_printf(a, "%s_%s_%s%s%s", o->split_log, o->os, o->arch,
                              o->variant ? "_" : "", o->variant ? o->variant : "");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    o->out = o->err = fd;
    return fd < 0 ? err_sys(err, errno, "opening logfile %s", path) : fd;
}

static int add_to_list(struct engine *e, struct arena *a, const struct build_options *o,
                       const char *id, struct err *err)
{
    const struct manifest_add add = { 0 };
    const kv_list none = { 0 };
    char *list, *one = arena_strdup(a, id);

    if (!o->manifest)
        return 0;
    int r = manifest_list_create(engine_store(e), a, o->manifest, true, &none, &list, err);
    return r < 0 ? r
                 : manifest_list_add(engine_store(e), a, list, (char *[]) { one, NULL }, &add,
                                     &list, err);
}

/* The manifest list of a base image, from here or from its registry. */
static int read_index(struct build *b, const char *name, struct image_index *ret, struct err *err)
{
    const struct pull_request *p = &b->o->pull;
    const struct image_pull_options o = { .policy = "always",
                                          .authfile = p->authfile,
                                          .creds = p->creds,
                                          .cert_dir = p->cert_dir,
                                          .tls_verify = p->tls_verify,
                                          .retry = p->retry,
                                          .retry_delay_ns = p->retry_delay_ns,
                                          .quiet = true };
    struct manifest_list here = { 0 };
    struct image_fetched got = { 0 };
    AUTO_BUF text = { .max = LIMIT_MANIFEST };

    if (manifest_list_find(engine_store(b->e), b->a, name, &here, NULL) == 0) {
        *ret = here.index;
        return 0;
    }
    int r = image_fetch(engine_store(b->e), b->a, name, &o, FETCH_TEXT, &got, err);
    if (r == 0)
        r = blob_read(engine_store(b->e), got.digest, &text, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, name, err);
    if (doc && !image_is_index(doc, got.media_type))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "--all-platforms: %s is not a manifest list: it is there for one platform",
                       name);
    return doc ? image_index_read(b->a, doc, ret, err) : -EINVAL;
}

/* Those of the image that the target is made from in the end. */
static int base_platforms(struct engine *e, struct arena *a, const struct build_options *o,
                          char ***ret, struct err *err)
{
    struct build b = {
        .e = e, .a = a, .o = o, .escape = '\\', .null = -EBADF, .context.fd = -EBADF
    };
    cf_instructions list = { 0 };
    struct image_index index = { 0 };
    const struct stage *st = NULL;
    int r = prepare(&b, &list, err);

    for (st = r == 0 ? b.target : NULL; st && st->parent; st = st->parent)
        ;
    if (st && STR_EQ(st->base, "scratch"))
        r = err_set(err, ERR_BAD_PARAM, EINVAL,
                    "--all-platforms: there is no base image that would tell them");
    if (r == 0)
        r = read_index(&b, st->base, &index, err);
    for (size_t i = 0; r == 0 && i < index.manifests.n; i++) {
        const struct image_platform *p = index.manifests.items[i].platform;
        if (p && !str_empty(p->os) && !str_empty(p->architecture) && !STR_EQ(p->os, "unknown"))
            *ret = strv_add(a, *ret,
                            arena_printf(a, "%s/%s%s%s", p->os, p->architecture,
                                         str_empty(p->variant) ? "" : "/",
                                         p->variant ? p->variant : ""));
    }
    transient_done(e, &b.scratch);
    close_p(&b.context.fd);
    return r;
}

int build_run(struct engine *e, struct arena *a, const struct build_options *o,
              struct build_result *ret, struct err *err)
{
    char *const here[] = { NULL, NULL };
    char **given = o->platforms;
    int r = o->all_platforms ? base_platforms(e, a, o, &given, err) : 0;
    char *const *platforms = given ? given : here;
    size_t n = given ? strv_len(given) : 1;

    *ret = (struct build_result) { 0 };
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct build_options mine = *o;
        if (platforms[i])
            r = take_platform(a, platforms[i], &mine, err);
        AUTO_CLOSE int log = r < 0 ? r : split_log(a, &mine, err);
        if (r == 0 && o->split_log)
            r = MIN(log, 0);
        if (r == 0)
            r = one_platform(e, a, &mine, ret, err);
        if (r == 0)
            r = add_to_list(e, a, o, ret->id, err);
    }
    return r;
}
