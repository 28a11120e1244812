/* Capabilities, seccomp profiles, hooks and log records: if one of these failed, a container would get
 * rights that nobody gave it, a hook of the administrator would not run, or a log line would be lost. */
#include "unit.h"

#include "base/fs.h"
#include "engine/hooks.h"
#include "engine/logs.h"
#include "engine/seccomp.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

static char dir_path[] = "/tmp/unit-engine-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir_path) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, dir_path);
}

static char *write_file(struct arena *a, const char *name, const char *text)
{
    char *path = arena_printf(a, "%s/%s", dir_path, name);

    assert_int_equal(fs_replace(AT_FDCWD, path, text, strlen(text), 0600, FS_NOSYNC), 0);
    return path;
}

static char **words(struct arena *a, const char *text)
{
    return text ? strv_split(a, text, ',') : NULL;
}

/* ---------- capabilities ---------- */

static void test_capabilities(void **state)
{
    (void)state;
    static const struct {
        const char *add, *drop;
        bool privileged;
        int want;
        const char *set;
    } rows[] = {
        { NULL, NULL, false, 0, "CAP_CHOWN,CAP_KILL" },
        { "net_admin", NULL, false, 0, "CAP_CHOWN,CAP_KILL,CAP_NET_ADMIN" },
        { "CAP_NET_ADMIN,chown", NULL, false, 0, "CAP_CHOWN,CAP_KILL,CAP_NET_ADMIN" },
        { NULL, "kill", false, 0, "CAP_CHOWN" },
        { NULL, "all", false, 0, "" },
        { "kill", "ALL", false, 0, "CAP_KILL" },
        { NULL, "net_admin", false, 0, "CAP_CHOWN,CAP_KILL" },
        { "nonsense", NULL, false, -EINVAL, NULL },
        { NULL, "CAP_", false, -EINVAL, NULL },
        { "kill", "kill", false, -EINVAL, NULL },
        { "CAP_KILL", "kill", false, -EINVAL, NULL },
        { "kill", "CAP_KILL", false, -EINVAL, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct container_config c = { .cap_add = words(&a, rows[i].add),
                                      .cap_drop = words(&a, rows[i].drop),
                                      .privileged = rows[i].privileged };
        char **set = NULL;
        int r = capabilities_resolve(&a, &c, words(&a, "CAP_CHOWN,kill"), &set, NULL);
        if (r != rows[i].want)
            fail_msg("row %zu: %d", i, r);
        if (r == 0)
            assert_string_equal(strv_join(&a, set, ","), rows[i].set);
    }
    AUTO_ARENA a = { 0 };
    char **set = NULL;
    struct container_config all = { .cap_add = words(&a, "all"),
                                    .cap_drop = words(&a, "sys_admin") };
    assert_int_equal(capabilities_resolve(&a, &all, NULL, &set, NULL), 0);
    assert_int_equal(strv_len(set), 40);
    assert_false(strv_has(set, "CAP_SYS_ADMIN"));
    assert_null(capability_name(&a, ""));
    assert_null(capability_name(&a, "CAP_CAP_CHOWN"));
}

/* ---------- seccomp ---------- */

static bool allows(const struct oci_seccomp *s, const char *name)
{
    for (size_t i = 0; i < s->syscalls.n; i++)
        if (strv_has(s->syscalls.items[i].names, name))
            return STR_EQ(s->syscalls.items[i].action, "SCMP_ACT_ALLOW");
    return false;
}

static void test_seccomp_default(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct oci_seccomp *s;
    assert_int_equal(seccomp_profile(&a, NULL, words(&a, "CAP_SYS_CHROOT"), &s, NULL), 0);
    assert_true(allows(s, "read") && allows(s, "clone3") && allows(s, "chroot"));
    assert_false(allows(s, "bpf") || allows(s, "kexec_load") || allows(s, "init_module") ||
                 allows(s, "no_such_call"));
    assert_int_equal(*s->default_errno_ret, ENOSYS);
    assert_int_equal(seccomp_profile(&a, "unconfined", NULL, &s, NULL), 0);
    assert_null(s);
}

static void test_seccomp_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int want;
        bool chmod, mount;
    } rows[] = {
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"name\":\"chmod\",\"action\":"
          "\"SCMP_ACT_ALLOW\"}]}",
          0, true, false },
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
          "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_"
          "ADMIN\"]}},"
          "{\"names\":[\"chmod\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_SYS_"
          "ADMIN\"]}}]}",
          0, true, false },
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
          "{\"names\":[\"chmod\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"no-"
          "such\"]}}]}",
          0, false, false },
        { "{\"syscalls\":[{\"names\":5}]}", -EPROTO, false, false },
        { "{", -EPROTO, false, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct oci_seccomp *s;
        struct err err = { 0 };
        int r = seccomp_profile(&a, write_file(&a, "seccomp.json", rows[i].text),
                                words(&a, "CAP_CHOWN"), &s, &err);
        if ((r < 0) != (rows[i].want < 0))
            fail_msg("row %zu: %d %s", i, r, err.msg);
        if (r < 0)
            continue;
        assert_int_equal(allows(s, "chmod"), rows[i].chmod);
        assert_int_equal(allows(s, "mount"), rows[i].mount);
    }
}

/* ---------- hooks ---------- */

#define HOOK(when, stages)                                                                         \
    "{\"version\":\"1.0.0\",\"hook\":{\"path\":\"/bin/true\"},\"when\":" when                      \
    ",\"stages\":" stages "}"

static void test_hooks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int want; /* how many hooks run, or a failure */
    } rows[] = {
        { HOOK("{\"always\":true}", "[\"prestart\",\"poststop\"]"), 2 },
        { HOOK("{\"always\":false}", "[\"prestart\"]"), 0 },
        { HOOK("{}", "[\"prestart\"]"), 0 },
        { HOOK("{\"commands\":[\"^/bin/sh$\"]}", "[\"createRuntime\"]"), 1 },
        { HOOK("{\"commands\":[\"^/bin/bash$\"]}", "[\"createRuntime\"]"), 0 },
        { HOOK("{\"annotations\":{\"^k.y$\":\"^v\"}}", "[\"poststart\"]"), 1 },
        { HOOK("{\"annotations\":{\"^k.y$\":\"^x\"}}", "[\"poststart\"]"), 0 },
        { HOOK("{\"hasBindMounts\":true}", "[\"startContainer\"]"), 1 },
        { HOOK("{\"hasBindMounts\":false}", "[\"startContainer\"]"), 0 },
        { HOOK("{\"commands\":[\"(\"]}", "[\"prestart\"]"), -1 },
        { HOOK("{\"always\":true}", "[\"nonsense\"]"), -1 },
        { HOOK("{\"always\":1}", "[\"prestart\"]"), -1 },
        { "{\"version\":\"2\",\"hook\":{\"path\":\"/x\"},\"when\":{},\"stages\":[]}", -1 },
        { "{\"version\":\"1.0.0\",\"hook\":{\"path\":\"x\"},\"when\":{},\"stages\":[]}", -1 },
        { "{}", -1 },
        { "x", -1 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct container_config c = { 0 };
        struct oci_hooks *h = NULL;
        struct err err = { 0 };
        kv_set(&a, &c.annotations, "key", "value");
        *LIST_ADD(&a, c.mounts) = (struct container_mount) { .type = arena_strdup(&a, "bind") };
        char *dir = arena_printf(&a, "%s/hooks", dir_path);
        assert_int_equal(fs_mkdirs(AT_FDCWD, dir, 0700), 0);
        write_file(&a, "hooks/one.json", rows[i].text);
        write_file(&a, "hooks/not-json.txt", "x");
        int r = hooks_load(&a, (char *[]) { dir, (char[]) { "/no/such/directory" }, NULL }, &c,
                           words(&a, "/bin/sh,-c"), &h, &err);
        int n = h ? (int)(h->prestart.n + h->create_runtime.n + h->start_container.n +
                          h->poststart.n + h->poststop.n)
                  : 0;
        if ((rows[i].want < 0) != (r < 0) || (r == 0 && n != rows[i].want))
            fail_msg("row %zu: %d, %d hooks, %s", i, r, n, err.msg);
    }
}

/* ---------- logs ---------- */

#define STAMP "2026-01-02T15:04:05.123456789+01:00"

static void test_log_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool json, ok, err, complete;
        const char *text;
    } rows[] = {
        { STAMP " stdout F some text", false, true, false, true, "some text" },
        { STAMP " stderr P part", false, true, true, false, "part" },
        { STAMP " stdout F ", false, true, false, true, "" },
        { STAMP " stdout F", false, true, false, true, "" },
        { STAMP " stdout F  indented", false, true, false, true, " indented" },
        { STAMP " stdout ", false, false, false, false, NULL },
        { STAMP " stdout", false, false, false, false, NULL },
        { STAMP, false, false, false, false, NULL },
        { "nonsense stdout F text", false, false, false, false, NULL },
        { "", false, false, false, false, NULL },
        { "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"" STAMP "\"}", true, true, false,
          true, "a" },
        { "{\"log\":\"a\",\"stream\":\"stderr\",\"time\":\"" STAMP "\"}", true, true, true, false,
          "a" },
        { "{\"log\":\"\",\"stream\":\"stderr\",\"time\":\"" STAMP "\"}", true, true, true, false,
          "" },
        { "{\"log\":5,\"stream\":\"stderr\",\"time\":\"" STAMP "\"}", true, false, false, false,
          NULL },
        { "{\"log\":\"a\",\"stream\":\"stderr\"}", true, false, false, false, NULL },
        { "{", true, false, false, false, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct log_line l = { 0 };
        size_t n = strlen(rows[i].line);
        bool ok = rows[i].json ? log_parse_json(&a, rows[i].line, n, &l)
                               : log_parse_k8s(rows[i].line, n, &l);
        if (ok != rows[i].ok)
            fail_msg("%s", rows[i].line);
        if (!ok)
            continue;
        assert_int_equal(l.err, rows[i].err);
        assert_int_equal(l.complete, rows[i].complete);
        assert_int_equal(l.when, 1767362645123456789);
        assert_int_equal(l.len, strlen(rows[i].text));
        assert_memory_equal(l.text, rows[i].text, l.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities), cmocka_unit_test(test_seccomp_default),
        cmocka_unit_test(test_seccomp_file), cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_log_lines),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
