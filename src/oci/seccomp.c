/* Seccomp: from the profile to a compiled filter.
 *
 * libseccomp needs 1.5 ms for the default profile, more than the rest of a container start, so the
 * result is kept: <cache>/<64-bit hash of profile text, architecture and library version>.  A cache
 * file holds the full text as well and counts only when that is the same, so a collision or a file of
 * an older version costs a compilation and nothing else. */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "oci/plan.h"

#include "base/banned.h"

struct name_value {
    const char *name;
    uint32_t value;
};

static const struct name_value actions[] = {
    { "SCMP_ACT_KILL", SCMP_ACT_KILL },
    { "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
    { "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
    { "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
    { "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
    { "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
    { "SCMP_ACT_LOG", SCMP_ACT_LOG },
    { "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
    { "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
    { NULL, 0 },
};

static const struct name_value operators[] = {
    { "SCMP_CMP_NE", SCMP_CMP_NE },
    { "SCMP_CMP_LT", SCMP_CMP_LT },
    { "SCMP_CMP_LE", SCMP_CMP_LE },
    { "SCMP_CMP_EQ", SCMP_CMP_EQ },
    { "SCMP_CMP_GE", SCMP_CMP_GE },
    { "SCMP_CMP_GT", SCMP_CMP_GT },
    { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
    { NULL, 0 },
};

static const struct name_value flag_names[] = {
    { "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
    { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
    { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
    { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1u << 5 },
    { NULL, 0 },
};

static const struct name_value *by_name(const struct name_value *t, const char *name)
{
    for (; t->name; t++)
        if (STR_EQ(t->name, name))
            return t;
    return NULL;
}

static int find_action(const char *name, const int64_t *errno_ret, uint32_t *ret, struct err *err)
{
    const struct name_value *a = by_name(actions, name);

    if (!a)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "seccomp: unknown action %s", name);
    if (a->value == SCMP_ACT_NOTIFY) /* nobody would answer: the program would wait for ever */
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "seccomp: %s needs a listener, which is not supported", name);
    uint32_t data = errno_ret ? (uint32_t)*errno_ret & 0xffff : EPERM;
    *ret = a->value;
    if (a->value == SCMP_ACT_ERRNO(0))
        *ret = SCMP_ACT_ERRNO(data);
    else if (a->value == SCMP_ACT_TRACE(0))
        *ret = SCMP_ACT_TRACE(data);
    return 0;
}

static int add_rule(scmp_filter_ctx ctx, const struct oci_seccomp_rule *r, uint32_t action,
                    struct err *err)
{
    struct scmp_arg_cmp args[6];

    if (r->args.n > ARRAY_SIZE(args))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "seccomp: more than six arguments");
    for (size_t i = 0; i < r->args.n; i++) {
        const struct oci_seccomp_arg *arg = &r->args.items[i];
        const struct name_value *op = by_name(operators, arg->op);
        if (!op || arg->index < 0 || arg->index > 5)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "seccomp: bad argument rule %s", arg->op);
        args[i] = (struct scmp_arg_cmp) { .arg = (unsigned)arg->index,
                                          .op = (enum scmp_compare)op->value,
                                          .datum_a = arg->value,
                                          .datum_b = arg->value_two };
    }
    for (char **n = r->names; n && *n; n++) {
        int nr = seccomp_syscall_resolve_name(*n);
        if (nr == __NR_SCMP_ERROR) /* newer than the library, or of another machine */
            continue;
        int rc = seccomp_rule_add_array(ctx, action, nr, (unsigned)r->args.n, args);
        if (rc < 0 && rc != -EDOM && rc != -EEXIST)
            return err_sys(err, -rc, "seccomp: rule for %s", *n);
    }
    return 0;
}

static int fill_filter(scmp_filter_ctx ctx, const struct oci_seccomp *s, uint32_t def,
                       struct err *err)
{
    for (char **a = s->architectures; a && *a; a++) {
        char name[32];
        size_t i;
        const char *from = str_starts(*a, "SCMP_ARCH_") ? *a + strlen("SCMP_ARCH_") : *a;
        for (i = 0; from[i] && i < sizeof(name) - 1; i++)
            name[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] + 32 : from[i]);
        name[i] = '\0';
        uint32_t token = seccomp_arch_resolve_name(name);
        if (!token)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "seccomp: unknown architecture %s", *a);
        int rc = seccomp_arch_add(ctx, token);
        if (rc < 0 && rc != -EEXIST)
            return err_sys(err, -rc, "seccomp: architecture %s", *a);
    }
    for (size_t i = 0; i < s->syscalls.n; i++) {
        uint32_t action = 0;
        int r = find_action(s->syscalls.items[i].action, s->syscalls.items[i].errno_ret, &action,
                            err);
        if (r == 0 && action != def) /* libseccomp refuses what the default does anyway */
            r = add_rule(ctx, &s->syscalls.items[i], action, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int compile(const struct oci_seccomp *s, struct buf *out, struct err *err)
{
    uint32_t def = 0;

    int r = find_action(s->default_action, s->default_errno_ret, &def, err);
    if (r < 0)
        return r;
    scmp_filter_ctx ctx = seccomp_init(def);
    if (!ctx)
        return err_set(err, ERR_UNSUPPORTED, EINVAL, "seccomp is not available");
    AUTO_CLOSE int fd = memfd_create("seccomp", MFD_CLOEXEC);
    r = fd < 0 ? err_sys(err, errno, "memfd_create") : fill_filter(ctx, s, def, err);
    if (r == 0) {
        int rc = seccomp_export_bpf(ctx, fd);
        if (rc < 0)
            r = err_sys(err, -rc, "seccomp: compiling the filter");
    }
    seccomp_release(ctx);
    if (r < 0)
        return r;
    lseek(fd, 0, SEEK_SET);
    r = buf_read_fd(out, fd);
    return r < 0 ? err_sys(err, -r, "seccomp: reading the filter") : 0;
}

/* ---- cache ---- */

struct cache_head {
    char magic[8];
    uint32_t text_len, prog_len;
};
static const char cache_magic[8] = "OCISEC1";

static uint64_t hash64(const char *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: the text is compared anyway */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    return h;
}

static int cache_load(int dir, const char *name, const struct buf *text, struct buf *prog)
{
    struct cache_head head;
    struct stat st;

    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022))
        return -EPERM; /* whoever can write to it decides what our containers may do */
    AUTO_BUF all = { .max = 4 << 20 };
    int r = buf_read_fd(&all, fd);
    if (r < 0 || all.len < sizeof(head))
        return -EINVAL;
    memcpy(&head, all.data, sizeof(head));
    if (memcmp(head.magic, cache_magic, sizeof(cache_magic)) != 0 || head.text_len != text->len ||
        all.len != sizeof(head) + (size_t)head.text_len + head.prog_len ||
        head.prog_len % sizeof(struct sock_filter) != 0 ||
        memcmp(all.data + sizeof(head), text->data, text->len) != 0)
        return -ESTALE;
    buf_put(prog, all.data + sizeof(head) + head.text_len, head.prog_len);
    return 0;
}

/* Failing to write the cache only costs time. */
static void cache_store(const char *cache, const char *name, const struct buf *text,
                        const struct buf *prog)
{
    struct cache_head head = { .text_len = (uint32_t)text->len, .prog_len = (uint32_t)prog->len };
    AUTO_BUF all = { 0 };

    memcpy(head.magic, cache_magic, sizeof(cache_magic));
    buf_put(&all, &head, sizeof(head));
    buf_put(&all, text->data, text->len);
    buf_put(&all, prog->data, prog->len);
    if (fs_mkdirs(AT_FDCWD, cache, 0700) < 0)
        return;
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, cache);
    if (dir >= 0)
        (void)!fs_replace(dir, name, all.data, all.len, 0600, FS_NOSYNC);
}

static int get_filter(const struct oci_seccomp *s, const char *cache, struct buf *prog,
                      struct err *err)
{
    AUTO_BUF text = { 0 };
    char name[32];

    if (str_empty(cache))
        return compile(s, prog, err);
    const struct scmp_version *v = seccomp_version();
    AUTO_JSON *doc = json_from(&oci_seccomp_type, s);
    buf_printf(&text, "%u.%u.%u %x ", v->major, v->minor, v->micro, seccomp_arch_native());
    json_text(doc, 0, &text);
    snprintf(name, sizeof(name), "%016" PRIx64, hash64(text.data, text.len));
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, cache);
    if (dir >= 0 && cache_load(dir, name, &text, prog) == 0)
        return 0;
    int r = compile(s, prog, err);
    if (r == 0)
        cache_store(cache, name, &text, prog);
    return r;
}

int plan_seccomp(const struct oci_seccomp *s, const char *cache, struct arena *a,
                 struct plan_seccomp *ret, struct err *err)
{
    AUTO_BUF prog = { .max = 4 << 20 };

    if (!s || str_empty(s->default_action))
        return 0;
    if (!str_empty(s->listener_path))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "seccomp listener is not supported: %s",
                       s->listener_path);
    int r = get_filter(s, cache, &prog, err);
    if (r < 0)
        return r;
    ret->prog.len = (unsigned short)(prog.len / sizeof(struct sock_filter));
    ret->prog.filter = arena_memdup(a, prog.data, prog.len);
    for (char **f = s->flags; f && *f; f++) {
        const struct name_value *n = by_name(flag_names, *f);
        if (!n)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "seccomp: unknown flag %s", *f);
        ret->flags |= n->value;
    }
    ret->flags &= ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC; /* there is one thread */
    return 0;
}
