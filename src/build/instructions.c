/* The instructions that change the configuration. */
#include <ctype.h>
#include <stdarg.h>
#include <strings.h>

#include "base/fs.h"
#include "base/parse.h"
#include "build/build_priv.h"
#include "build/words.h"
#include "engine/options.h"
#include "engine/options_net.h"

#include "base/banned.h"

int step_wrong(struct step *s, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return err_set(s->err, ERR_BAD_PARAM, EINVAL, "%s", text);
}

static struct image_exec *exec_of(struct step *s)
{
    return &s->st->config.config;
}

/* What the history shows of all but RUN, COPY and ADD. */
static void nop(struct step *s)
{
    s->created_by = arena_printf(s->st->b->a, "/bin/sh -c #(nop) %s", s->in->original);
    if (s->words)
        s->key_more = strv_join(s->st->b->a, s->words, "\x1f");
}

static int prepare_words(struct step *s)
{
    int r = stage_words(s, &s->words);

    nop(s);
    return r;
}

static int prepare_text(struct step *s)
{
    char *text;
    int r = stage_expand(s->st, s->in->text, &text, s->err);

    if (r == 0)
        s->words = strv_add(s->st->b->a, NULL, text);
    nop(s);
    return r;
}

/* Nothing is expanded: the shell will, or nobody. */
static int prepare_plain(struct step *s)
{
    s->words = s->in->json ? s->in->json : strv_add(s->st->b->a, NULL, s->in->text);
    nop(s);
    return 0;
}

/* ---------- KEY=value ---------- */

/* "K=V ...", or the old form "K V": into words "K=V". */
static int prepare_pairs(struct step *s)
{
    struct stage *st = s->st;
    struct arena *a = st->b->a;
    char **w = cf_words(a, s->in->text, st->b->escape);
    int r = 0;

    if (w && !strchr(w[0], '=')) {
        const char *rest = s->in->text + strlen(w[0]);
        rest += strspn(rest, " \t");
        if (!*rest)
            return step_wrong(s, "%s must have two arguments", cf_command_names[s->in->command]);
        w = strv_add(a, NULL, arena_printf(a, "%s=%s", w[0], rest));
    }
    for (; r == 0 && w && *w; w++) {
        char *eq = strchr(*w, '='), *key, *value = NULL;
        if (!eq || eq == *w)
            return step_wrong(s,
                              "Syntax error - can't find = in \"%s\". Must be of the form: "
                              "name=value",
                              *w);
        r = stage_expand(st, arena_strndup(a, *w, (size_t)(eq - *w)), &key, s->err);
        if (r == 0)
            r = stage_expand(st, eq + 1, &value, s->err);
        if (r == 0)
            s->words = strv_add(a, s->words, arena_printf(a, "%s=%s", key, value));
    }
    nop(s);
    return r;
}

static int apply_env(struct step *s)
{
    for (char **w = s->words; w && *w; w++)
        exec_of(s)->env = env_set(s->st->b->a, exec_of(s)->env, *w);
    return 0;
}

static int apply_label(struct step *s)
{
    for (char **w = s->words; w && *w; w++) {
        char *eq = strchr(*w, '=');
        kv_set(s->st->b->a, &exec_of(s)->labels, arena_strndup(s->st->b->a, *w, (size_t)(eq - *w)),
               eq + 1);
    }
    return 0;
}

static int compare_words(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The history tells which arguments have a value by now, but not which. */
static int prepare_arg(struct step *s)
{
    struct arena *a = s->st->b->a;
    char **names = NULL;
    int r = arg_declare(s);

    for (char **v = s->st->args; v && *v; v++)
        names = strv_add(a, names, arena_strndup(a, *v, strcspn(*v, "=")));
    if (names)
        qsort(names, strv_len(names), sizeof(*names), compare_words);
    s->created_by = arena_printf(a, "/bin/sh -c #(nop) ARG %s",
                                 names ? strv_join(a, names, " ") : "");
    s->key_more = s->in->original;
    return r;
}

static int apply_nothing(struct step *s)
{
    (void)s;
    return 0;
}

/* ---------- commands ---------- */

char **shell_command(struct stage *st, const char *text)
{
    struct arena *a = st->b->a;
    char **shell = st->config.config.shell, **out = NULL;

    if (shell && *shell)
        out = strv_copy(a, shell);
    else
        out = strv_add(a, strv_add(a, NULL, "/bin/sh"), "-c");
    return strv_add(a, out, text);
}

static char **command_words(struct step *s)
{
    return s->in->json ? s->in->json : shell_command(s->st, s->in->text);
}

static int apply_cmd(struct step *s)
{
    exec_of(s)->cmd = command_words(s);
    s->st->cmd_given = true;
    return 0;
}

static int apply_entrypoint(struct step *s)
{
    exec_of(s)->entrypoint = command_words(s);
    if (!s->st->cmd_given) /* the base's command was meant for the base's entrypoint */
        exec_of(s)->cmd = NULL;
    return 0;
}

static int apply_shell(struct step *s)
{
    if (!s->in->json)
        return step_wrong(s, "SHELL requires the arguments to be in JSON form");
    exec_of(s)->shell = s->in->json;
    return 0;
}

/* ---------- lists ---------- */

static int apply_expose(struct step *s)
{
    int r = 0;

    for (char **w = s->words; r == 0 && w && *w; w++) {
        const char *port = *w,
                   *colon = strrchr(*w, ':'); /* an address of the host: Docker's old form */
        r = option_expose(s->st->b->a, colon ? colon + 1 : port, &exec_of(s)->exposed_ports,
                          s->err);
    }
    return r;
}

static int apply_volume(struct step *s)
{
    struct image_exec *x = exec_of(s);

    for (char **w = s->words; w && *w; w++) {
        if (!**w)
            return step_wrong(s, "VOLUME specified can not be an empty string");
        if (!strv_has(x->volumes, *w))
            x->volumes = strv_add(s->st->b->a, x->volumes, *w);
    }
    return 0;
}

static int apply_onbuild(struct step *s)
{
    struct cf_instruction in;
    int r = containerfile_line(s->st->b->a, s->in->text, s->st->b->escape, &in, s->err);

    if (r < 0)
        return r;
    if (in.command == CF_ONBUILD)
        return step_wrong(s, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (in.command == CF_FROM || in.command == CF_MAINTAINER)
        return step_wrong(s, "%s isn't allowed as an ONBUILD trigger",
                          cf_command_names[in.command]);
    exec_of(s)->onbuild = strv_add(s->st->b->a, exec_of(s)->onbuild, s->in->text);
    return 0;
}

/* ---------- single values ---------- */

static int apply_user(struct step *s)
{
    exec_of(s)->user = s->words[0];
    return 0;
}

static int apply_stopsignal(struct step *s)
{
    int signo, r = option_signal(s->words[0], &signo, s->err);

    exec_of(s)->stop_signal = s->words[0];
    return r;
}

static int apply_maintainer(struct step *s)
{
    s->st->config.author = s->words[0];
    return 0;
}

static int apply_workdir(struct step *s)
{
    struct stage *st = s->st;
    struct arena *a = st->b->a;
    const char *now = str_empty(exec_of(s)->working_dir) ? "/" : exec_of(s)->working_dir;
    char *path = s->words[0][0] == '/' ? s->words[0] : arena_printf(a, "%s/%s", now, s->words[0]);

    exec_of(s)->working_dir = path = path_clean(a, path);
    int root = stage_work(st, s->err);
    if (root >= 0)
        root = transient_root(st->b->e, a, &st->work, s->err);
    if (root < 0)
        return root;
    AUTO_CLOSE int there = fs_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
    if (there >= 0)
        return 0;
    s->layer = true;
    mode_t mask = umask(022);
    AUTO_CLOSE int made = fs_mkdirs_in_root(root, path, 0755);
    umask(mask);
    return made < 0 ? err_sys(s->err, -made, "making the directory %s", path) : 0;
}

/* ---------- HEALTHCHECK ---------- */

static int health_duration(struct step *s, const char *name, int64_t *ret)
{
    const char *text = cf_flag(s->in, name);

    if (text && (parse_duration(text, ret) < 0 || *ret < 0))
        return step_wrong(s, "invalid --%s=%s of HEALTHCHECK", name, text);
    if (text && *ret && *ret < 1000000)
        return step_wrong(s, "Interval \"%s\" cannot be less than 1ms", name);
    return 0;
}

static int health_flags(struct step *s, struct image_healthcheck *h)
{
    const char *retries = cf_flag(s->in, "retries");
    int r = health_duration(s, "interval", &h->interval);

    if (r == 0)
        r = health_duration(s, "timeout", &h->timeout);
    if (r == 0)
        r = health_duration(s, "start-period", &h->start_period);
    if (r == 0)
        r = health_duration(s, "start-interval", &h->start_interval);
    if (r == 0 && retries && parse_i64(retries, 1, INT32_MAX, &h->retries) < 0)
        r = step_wrong(s, "--retries must be at least 1 (not %s)", retries);
    return r;
}

static int apply_healthcheck(struct step *s)
{
    struct arena *a = s->st->b->a;
    struct image_healthcheck *h = arena_alloc(a, sizeof(*h));
    struct cf_instruction cmd;

    if (strcasecmp(s->in->text, "NONE") == 0)
        h->test = strv_add(a, NULL, "NONE");
    else {
        if (strncasecmp(s->in->text, "CMD", 3) != 0 || !isblank((unsigned char)s->in->text[3]))
            return step_wrong(s, "Unknown type \"%s\" in HEALTHCHECK (try CMD)", s->in->text);
        int r = containerfile_line(a, s->in->text, s->st->b->escape, &cmd, s->err);
        if (r < 0)
            return r;
        h->test = cmd.json ? strv_concat(a, strv_add(a, NULL, "CMD"), cmd.json)
                           : strv_add(a, strv_add(a, NULL, "CMD-SHELL"), cmd.text);
        r = health_flags(s, h);
        if (r < 0)
            return r;
    }
    exec_of(s)->healthcheck = h;
    return 0;
}

/* ---------- all ---------- */

static const struct instruction_ops ops[CF_COMMAND_COUNT] = {
    [CF_ADD] = { copy_prepare, copy_apply },
    [CF_ARG] = { prepare_arg, apply_nothing },
    [CF_CMD] = { prepare_plain, apply_cmd },
    [CF_COPY] = { copy_prepare, copy_apply },
    [CF_ENTRYPOINT] = { prepare_plain, apply_entrypoint },
    [CF_ENV] = { prepare_pairs, apply_env },
    [CF_EXPOSE] = { prepare_words, apply_expose },
    [CF_HEALTHCHECK] = { prepare_plain, apply_healthcheck },
    [CF_LABEL] = { prepare_pairs, apply_label },
    [CF_MAINTAINER] = { prepare_plain, apply_maintainer },
    [CF_ONBUILD] = { prepare_plain, apply_onbuild },
    [CF_RUN] = { run_prepare, run_apply },
    [CF_SHELL] = { prepare_plain, apply_shell },
    [CF_STOPSIGNAL] = { prepare_text, apply_stopsignal },
    [CF_USER] = { prepare_text, apply_user },
    [CF_VOLUME] = { prepare_words, apply_volume },
    [CF_WORKDIR] = { prepare_text, apply_workdir },
};

const struct instruction_ops *instruction_ops(enum cf_command c)
{
    return &ops[c];
}
