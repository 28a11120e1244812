/* Who a container's process is, and which containers a filter means.  If these failed, a process would run
 * as somebody else, or `rm --filter` would remove others than it says. */
#include "unit.h"

#include "base/fs.h"
#include "base/parse.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

static char root[] = "/tmp/unit-user-XXXXXX";

static int setup(void **state)
{
    static const char passwd[] =
        "# comment\nroot:x:0:0::/root:/bin/sh\nuser:x:1000:100::/home/user:/bin/sh\n"
        "broken\nbad:x:y:z:::\n\n123:x:55:66:::\nlast:x:7:8:::";
    static const char group[] = "root:x:0:\nusers:x:100:\nwheel:x:10:root,user\naudio:x:29:user,"
                                "userx\nbad:x:z:user\nlast:x:9:last";

    (void)state;
    if (!mkdtemp(root))
        return -1;
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, root);
    return mkdirat(dir, "etc", 0755) < 0 ||
           fs_replace(dir, "etc/passwd", passwd, strlen(passwd), 0644, FS_NOSYNC) < 0 ||
           fs_replace(dir, "etc/group", group, strlen(group), 0644, FS_NOSYNC) < 0;
}

static int teardown(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, root);
}

static void test_users(void **state)
{
    static const struct {
        const char *user, *groups;
        int want;
        uint32_t uid, gid;
        const char *extra;
    } rows[] = {
        { NULL, NULL, 0, 0, 0, "" },
        { "", NULL, 0, 0, 0, "" },
        { "root", NULL, 0, 0, 0, "10" },
        { "user", NULL, 0, 1000, 100, "10 29" },
        { "1000", NULL, 0, 1000, 100, "10 29" },
        { "user:wheel", NULL, 0, 1000, 10, "" },
        { "user:5", NULL, 0, 1000, 5, "" },
        { "4242", NULL, 0, 4242, 0, "" },
        { "4242:4343", NULL, 0, 4242, 4343, "" },
        { "123", NULL, 0, 123, 0, "" }, /* a number is a number, whatever the file calls it */
        { "last", NULL, 0, 7, 8, "9" },
        { "user", "audio,77", 0, 1000, 100, "10 29 77" },
        { "nobody", NULL, -ENOENT, 0, 0, NULL },
        { "user:nogroup", NULL, -ENOENT, 0, 0, NULL },
        { "bad", NULL, -ENOENT, 0, 0, NULL },
        { "user", "nogroup", -ENOENT, 0, 0, NULL },
        { "4294967296", NULL, -ENOENT, 0, 0, NULL },
        { "-1", NULL, -ENOENT, 0, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        AUTO_BUF extra = { 0 };
        struct oci_user u = { 0 };
        struct err err = { 0 };
        struct container_config c = { .rootfs = root,
                                      .groups = rows[i].groups ? strv_split(&a, rows[i].groups, ',')
                                                               : NULL };
        int r = user_lookup(NULL, &a, &c, NULL, rows[i].user, &u, &err);
        if (r != rows[i].want)
            fail_msg("%s: %d %s", rows[i].user, r, err.msg);
        if (r < 0)
            continue;
        for (size_t k = 0; k < u.additional_gids.n; k++)
            buf_printf(&extra, "%s%d", k ? " " : "", (int)u.additional_gids.items[k]);
        if (u.uid != rows[i].uid || u.gid != rows[i].gid ||
            !STR_EQ(extra.data ? extra.data : "", rows[i].extra))
            fail_msg("%s: %u:%u %s", rows[i].user, u.uid, u.gid, extra.data ? extra.data : "");
    }
}

static void test_userns(void **state)
{
    static const struct {
        const char *mode;
        bool map;
        int want;
    } rows[] = {
        { NULL, false, 0 },
        { "host", false, 0 },
        { "ns:/proc/1/ns/user", false, 0 },
        { "container:x", false, 0 },
        { "private", true, 0 },
        { NULL, true, 0 },
        { "private", false, -EINVAL },
        { "auto", true, -EINVAL },
        { "keep-id", false, -EINVAL },
        { "nomap", false, -EINVAL },
        { "nonsense", false, -EINVAL },
        { "auto:nonsense=1", false, -EINVAL },
        { "auto:size=x", false, -EINVAL },
    };
    struct engine e = { .rootless = false };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct container_config c = { .userns = arena_strdup(&a, rows[i].mode) };
        struct err err = { 0 };
        if (rows[i].map)
            *LIST_ADD(&a, c.uid_map) = (struct container_idmap) { 0, 1000, 1 };
        int r = userns_resolve(&e, &a, &c, &err);
        if (r != rows[i].want)
            fail_msg("row %zu: %d %s", i, r, err.msg);
        if (r == 0)
            assert_int_equal(c.gid_map.n, rows[i].map); /* one map stands for both */
    }
}

static void make_list(struct arena *a, struct container_list *list)
{
    static const struct {
        const char *id, *name, *image, *label;
        enum container_status status;
        int64_t code;
    } rows[] = {
        { "aa11", "web", "docker.io/library/nginx:latest", "x", CTR_RUNNING, 0 },
        { "aa22", "web2", "docker.io/library/busybox:1.36", "y", CTR_EXITED, 0 },
        { "bb33", "db", "quay.io/x/db:latest", "x", CTR_EXITED, 3 },
    };

    *list = (struct container_list) { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct container *c = LIST_ADD(a, *list);
        *c = (struct container) { .status = rows[i].status, .run.exit_code = rows[i].code };
        c->config = (struct container_config) {
            .id = arena_strdup(a, rows[i].id),
            .name = arena_strdup(a, rows[i].name),
            .image_name = arena_strdup(a, rows[i].image),
            .created = (int64_t)(i + 1) * NSEC_PER_SEC,
        };
        kv_set(a, &c->config.labels, "l", rows[i].label);
    }
}

static void test_filters(void **state)
{
    static const struct {
        const char *filters; /* separated by blanks */
        int want;
        const char *names;
    } rows[] = {
        { "name=web", 0, "web web2" },
        { "name=^web$", 0, "web" },
        { "name=web name=db", 0, "web web2 db" },
        { "name=web status=exited", 0, "web2" },
        { "id=aa", 0, "web web2" },
        { "label=l", 0, "web web2 db" },
        { "label=l=x", 0, "web db" },
        { "label=l=x label=l=y", 0, "" },
        { "label!=l=x", 0, "web2" },
        { "status=running status=exited", 0, "web web2 db" },
        { "exited=3", 0, "db" },
        { "exited=0", 0, "web2" },
        { "ancestor=nginx", 0, "web" },
        { "ancestor=busybox:1.36", 0, "web2" },
        { "ancestor=x/db", 0, "db" },
        { "ancestor=ngin", 0, "" },
        { "before=db", 0, "web web2" },
        { "since=web", 0, "web2 db" },
        { "until=2", 0, "web" },
        { "health=none", 0, "web web2 db" },
        { "pod=x", 0, "" },
        { "name=(", -EINVAL, NULL },
        { "nonsense=1", -EINVAL, NULL },
        { "name", -EINVAL, NULL },
        { "=x", -EINVAL, NULL },
        { "status=nonsense", -EINVAL, NULL },
        { "exited=x", -EINVAL, NULL },
        { "before=nobody", -ENOENT, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        AUTO_BUF names = { 0 };
        struct container_list list;
        struct err err = { 0 };
        make_list(&a, &list);
        int r = container_filter(NULL, &a, &list, strv_split(&a, rows[i].filters, ' '), &err);
        if (r != rows[i].want)
            fail_msg("%s: %d %s", rows[i].filters, r, err.msg);
        for (size_t k = 0; r == 0 && k < list.n; k++)
            buf_printf(&names, "%s%s", k ? " " : "", list.items[k].config.name);
        if (r == 0 && !STR_EQ(names.data ? names.data : "", rows[i].names))
            fail_msg("%s: %s", rows[i].filters, names.data ? names.data : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_userns),
        cmocka_unit_test(test_filters),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
