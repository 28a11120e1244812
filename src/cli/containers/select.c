#include "cli/containers/select.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/parse.h"

#include "base/banned.h"

void print_error(struct err *err)
{
    fflush(stdout);
    fprintf(stderr, "Error: %s\n", err->msg);
    err_clear(err);
}

void print_warnings(char *const *warnings)
{
    for (; warnings && *warnings; warnings++)
        fprintf(stderr, "%s\n", *warnings);
}

void log_warnings(char *const *warnings)
{
    for (; warnings && *warnings; warnings++)
        log_warn("%s", *warnings);
}

int read_cidfile(struct cmd_ctx *x, const char *path, char **ret_id)
{
    AUTO_BUF b = { .max = 4096 };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_set(x->err, err_kind_of_errno(-r), -r, "reading CIDFile: open %s: %s", path,
                       r == -ENOENT ? "no such file or directory" : strerror(-r));
    const char *text = b.data ? b.data : "";
    *ret_id = arena_strndup(x->arena, text, strcspn(text, "\r\n"));
    return 0;
}

static int add_named(struct cmd_ctx *x, struct engine *e, const struct select_args *s,
                     const char *name, struct target_list *out, int *ret_code)
{
    struct target t = { .shown = name };
    int r = container_find(e, x->arena, name, &t.c, x->err);

    if (r == 0) {
        for (size_t i = 0; i < out->n; i++)
            if (STR_EQ(out->items[i].c.config.id, t.c.config.id))
                return 0; /* named twice */
        *LIST_ADD(x->arena, *out) = t;
        return 0;
    }
    if (x->err->kind != ERR_NOT_FOUND)
        return r;
    if (s->ignore) {
        err_clear(x->err);
        return 0;
    }
    *ret_code = err_kind_info(x->err->kind)->exit;
    print_error(x->err);
    return 0;
}

static int add_cidfile(struct cmd_ctx *x, struct engine *e, const struct select_args *s,
                       const char *path, struct target_list *out, int *ret_code)
{
    char *id;
    int r = read_cidfile(x, path, &id);

    if (r == -ENOENT && s->ignore) {
        err_clear(x->err);
        return 0;
    }
    return r < 0 ? r : add_named(x, e, s, id, out, ret_code);
}

static int add_all(struct cmd_ctx *x, struct engine *e, const struct select_args *s, bool running,
                   struct target_list *out)
{
    struct container_list list = { 0 };
    int r = container_list(e, x->arena, &list, x->err);

    if (r == 0)
        r = container_filter(e, x->arena, &list, s->filter, x->err);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        if (running && s->all && !list.items[i].alive)
            continue;
        struct target *t = LIST_ADD(x->arena, *out);
        t->shown = list.items[i].config.id;
        t->c = list.items[i];
    }
    return r;
}

int select_targets(struct cmd_ctx *x, const struct select_args *s, bool running,
                   struct target_list *out, int *ret_code)
{
    int given = (x->nargs > 0) + s->all + s->latest + (s->cidfile != NULL) + (s->filter && !s->all);
    struct engine *e = cmd_engine(x);

    *ret_code = 0;
    if (!e)
        return -EIO;
    if (given == 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "you must provide at least one name or id");
    if ((s->all || s->latest) && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--%s and containers cannot be used together",
                       s->all ? "all" : "latest");
    if (s->cidfile && (s->all || s->latest))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--all, --latest, and --cidfile cannot be used together");
    if (s->all && s->latest)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--all and --latest cannot be used together");
    if (s->latest) {
        struct target *t = LIST_ADD(x->arena, *out);
        int r = container_latest(e, x->arena, &t->c, x->err);
        t->shown = t->c.config.id;
        return r;
    }
    if (s->all || s->filter)
        return add_all(x, e, s, running, out);
    int r = 0;
    for (char **p = s->cidfile; r == 0 && p && *p; p++)
        r = add_cidfile(x, e, s, *p, out, ret_code);
    for (int i = 0; r == 0 && i < x->nargs; i++)
        r = add_named(x, e, s, x->args[i], out, ret_code);
    return r;
}

int for_targets(struct cmd_ctx *x, struct target_list *list, int code, target_fn fn, void *arg)
{
    for (size_t i = 0; i < list->n; i++) {
        if (fn(x, &list->items[i], arg) == 0) {
            puts(list->items[i].shown);
            continue;
        }
        code = err_kind_info(x->err->kind)->exit;
        print_error(x->err);
    }
    return code;
}

static int add_preserved(struct cmd_ctx *x, int64_t fd, int *fds, size_t *n)
{
    int flags = fcntl((int)fd, F_GETFD);

    /* Ours are all closed on exec: one that is not came from whoever started us. */
    if (flags < 0 || flags & FD_CLOEXEC)
        return err_set(x->err, ERR_BAD_PARAM, EBADF,
                       "file descriptor %" PRId64 " is not available - the preserve-fds option "
                       "requires that file descriptors must be passed",
                       fd);
    if (*n == KEEP_FDS_MAX)
        return err_set(x->err, ERR_BAD_PARAM, E2BIG, "no more than %d descriptors can be preserved",
                       KEEP_FDS_MAX);
    for (size_t i = 0; i < *n; i++)
        if (fds[i] == fd)
            return 0;
    fds[(*n)++] = (int)fd;
    return 0;
}

int preserved_fds(struct cmd_ctx *x, uint64_t count, char *const *list, const int **ret,
                  size_t *ret_n)
{
    int *fds = arena_alloc(x->arena, KEEP_FDS_MAX * sizeof(int)), r = 0;

    *ret = fds;
    for (uint64_t i = 0; r == 0 && i < count; i++)
        r = add_preserved(x, (int64_t)i + 3, fds, ret_n);
    for (; r == 0 && list && *list; list++) {
        int64_t fd;
        if (parse_i64(*list, 0, INT32_MAX, &fd) < 0)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid argument \"%s\" for \"--preserve-fd\" flag: not a number",
                           *list);
        if (fd > STDERR_FILENO) /* 0, 1 and 2 it has anyway */
            r = add_preserved(x, fd, fds, ret_n);
    }
    return r;
}
