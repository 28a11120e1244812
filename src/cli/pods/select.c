#include <fcntl.h>

#include "base/fs.h"
#include "cli/containers/select.h"
#include "cli/pods/pods.h"

#include "base/banned.h"

int pod_read_id_file(struct cmd_ctx *x, const char *path, char **ret_id)
{
    AUTO_BUF b = { .max = 4096 };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_set(x->err, err_kind_of_errno(-r), -r, "reading pod ID file: open %s: %s", path,
                       r == -ENOENT ? "no such file or directory" : strerror(-r));
    const char *text = b.data ? b.data : "";
    *ret_id = arena_strndup(x->arena, text, strcspn(text, "\r\n"));
    return 0;
}

int pod_check_id_file(struct cmd_ctx *x, const char *path)
{
    return path && access(path, F_OK) == 0
               ? err_set(x->err, ERR_CONFLICT, EEXIST,
                         "pod ID file exists. Ensure another pod is not using it or delete %s",
                         path)
               : 0;
}

int pod_write_id_file(struct cmd_ctx *x, const char *path, const char *id)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0)
        return err_sys(x->err, errno, "writing the pod ID file %s", path);
    int r = write_all(fd, id, strlen(id));
    return r < 0 ? err_sys(x->err, -r, "writing the pod ID file %s", path) : 0;
}

static int add_named(struct cmd_ctx *x, struct engine *e, const struct pod_select *s,
                     const char *name, struct pod_targets *out, int *ret_code)
{
    struct pod_target t = { .shown = name };
    int r = pod_find(e, x->arena, name, &t.p, x->err);

    if (r == 0) {
        for (size_t i = 0; i < out->n; i++)
            if (STR_EQ(out->items[i].p.config.id, t.p.config.id))
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

static int add_all(struct cmd_ctx *x, struct engine *e, struct pod_targets *out)
{
    struct pod_list list = { 0 };
    int r = pod_list(e, x->arena, &list, x->err);

    for (size_t i = 0; r == 0 && i < list.n; i++)
        *LIST_ADD(x->arena, *out) = (struct pod_target) { list.items[i].config.id, list.items[i] };
    return r;
}

static int check_choice(struct cmd_ctx *x, const struct pod_select *s)
{
    if (s->all && s->latest)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--all and --latest cannot be used together");
    if (s->id_file && (s->all || s->latest))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--all, --latest, and --pod-id-file cannot be used together");
    if ((s->all || s->latest) && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "no arguments are needed with --%s",
                       s->all ? "all" : "latest");
    if (!s->all && !s->latest && !s->id_file && !x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "you must provide at least one name or id");
    return 0;
}

static int add_latest(struct cmd_ctx *x, struct engine *e, struct pod_targets *out)
{
    struct pod_target t = { 0 };
    int r = pod_latest(e, x->arena, &t.p, x->err);

    t.shown = t.p.config.id;
    if (r == 0)
        *LIST_ADD(x->arena, *out) = t;
    return r;
}

int pod_select(struct cmd_ctx *x, const struct pod_select *s, struct pod_targets *out,
               int *ret_code)
{
    struct engine *e = cmd_engine(x);
    int r = e ? check_choice(x, s) : -EIO;

    *ret_code = 0;
    if (r < 0)
        return r;
    if (s->all)
        return add_all(x, e, out);
    if (s->latest)
        return add_latest(x, e, out);
    for (char **p = s->id_file; r == 0 && p && *p; p++) {
        char *id;
        r = pod_read_id_file(x, *p, &id);
        if (r == -ENOENT && s->ignore) {
            err_clear(x->err);
            r = 0;
        } else if (r == 0)
            r = add_named(x, e, s, id, out, ret_code);
    }
    for (int i = 0; r == 0 && i < x->nargs; i++)
        r = add_named(x, e, s, x->args[i], out, ret_code);
    return r;
}

int pod_select_one(struct cmd_ctx *x, bool latest, const char *name, struct pod *ret)
{
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    if (!latest && !name)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "you must provide the name or id of a pod");
    return latest ? pod_latest(e, x->arena, ret, x->err) : pod_find(e, x->arena, name, ret, x->err);
}
