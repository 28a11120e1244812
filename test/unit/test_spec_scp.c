/* What `image scp` is given.  If one of these failed, an image would go to another store than the one that was
 * named, or a name would become an option of ssh. */
#include "unit.h"

#include "spec/scp.h"

#include "base/banned.h"

static const struct {
    const char *in;
    int want;
    enum scp_place place;
    const char *user, *host, *image;
} ends[] = {
    { "alpine", 0, SCP_HERE, NULL, NULL, "alpine" },
    { "quay.io/a/b:1", 0, SCP_HERE, NULL, NULL, "quay.io/a/b:1" },
    { "localhost:5000/x", 0, SCP_HERE, NULL, NULL, "localhost:5000/x" },
    { "root@localhost::alpine", 0, SCP_USER, "root", NULL, "alpine" },
    { "user@localhost::", 0, SCP_USER, "user", NULL, NULL },
    { "host::", 0, SCP_HOST, NULL, "host", NULL },
    { "host::quay.io/a:1", 0, SCP_HOST, NULL, "host", "quay.io/a:1" },
    { "me@host.example:22::a", 0, SCP_HOST, NULL, "me@host.example:22", "a" },
    { "ssh://me@h:2/run/x.sock::", 0, SCP_HOST, NULL, "ssh://me@h:2/run/x.sock", NULL },
    { "root@localhost:22::", 0, SCP_HOST, NULL, "root@localhost:22", NULL },
    { "", -EINVAL, SCP_HERE, NULL, NULL, NULL },
    { "::", -EINVAL, SCP_HERE, NULL, NULL, NULL },
    { "::alpine", -EINVAL, SCP_HERE, NULL, NULL, NULL },
    { "@localhost::a", -EINVAL, SCP_HERE, NULL, NULL, NULL },
    { "-x@localhost::a", -EINVAL, SCP_HERE, NULL, NULL, NULL },
    { "a::b::c", -EINVAL, SCP_HERE, NULL, NULL, NULL },
    { "host::-rf", -EINVAL, SCP_HERE, NULL, NULL, NULL },
    { "--help", -EINVAL, SCP_HERE, NULL, NULL, NULL },
};

static void test_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        AUTO_ARENA a = { 0 };
        struct err err = { 0 };
        struct scp_end e;
        int r = scp_parse(&a, ends[i].in, &e, &err);
        if (r != ends[i].want)
            fail_msg("\"%s\": %d, not %d", ends[i].in, r, ends[i].want);
        if (r == 0 && (e.place != ends[i].place || !str_same(e.user, ends[i].user) ||
                       !str_same(e.host, ends[i].host) || !str_same(e.image, ends[i].image)))
            fail_msg("\"%s\" was read as something else", ends[i].in);
    }
}

static const struct {
    const char *in;
    int want;
    const char *login, *port;
} targets[] = {
    { "host", 0, "host", NULL },
    { "me@host", 0, "me@host", NULL },
    { "me@host:2222", 0, "me@host", "2222" },
    { "ssh://me@host:22/run/user/1000/podman.sock", 0, "me@host", "22" },
    { "ssh://host", 0, "host", NULL },
    { "me@[::1]:22", 0, "me@[::1]", "22" },
    { "[fe80::1]", 0, "[fe80::1]", NULL },
    { "host:0", -EINVAL, NULL, NULL },
    { "host:x", -EINVAL, NULL, NULL },
    { "host:70000", -EINVAL, NULL, NULL },
    { "-oProxyCommand=x", -EINVAL, NULL, NULL },
    { "me@-oProxyCommand=x", -EINVAL, NULL, NULL },
    { "ssh://-x/", -EINVAL, NULL, NULL },
    { "@host", -EINVAL, NULL, NULL },
    { "a@b@host", -EINVAL, NULL, NULL },
    { "a b", -EINVAL, NULL, NULL },
    { "ssh://", -EINVAL, NULL, NULL },
    { "", -EINVAL, NULL, NULL },
};

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        AUTO_ARENA a = { 0 };
        struct err err = { 0 };
        struct scp_target t;
        int r = scp_target_parse(&a, targets[i].in, &t, &err);
        if (r != targets[i].want)
            fail_msg("\"%s\": %d, not %d", targets[i].in, r, targets[i].want);
        if (r == 0 && (!str_same(t.login, targets[i].login) || !str_same(t.port, targets[i].port)))
            fail_msg("\"%s\": %s port %s", targets[i].in, t.login, t.port ? t.port : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_targets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
