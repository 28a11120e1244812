/* What is decided before a container is cloned.  If these fail, a mount loses its "ro", a limit is off
 * by an order of magnitude, or a device rule lets through what it should not. */
#include "unit.h"

#include <linux/bpf.h>
#include <sys/mount.h>

#include "base/json.h"
#include "oci/cgroup_priv.h"
#include "oci/plan.h"
#include "spec/capability.h"

static const struct {
    const char *options; /* comma separated */
    uint64_t set, rec, propagation;
    bool bind, recursive;
    const char *data;
} mount_rows[] = {
    { "rbind,ro,nosuid", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, true, true, NULL },
    { "bind,rro", 0, MOUNT_ATTR_RDONLY, 0, true, false, NULL },
    { "bind,ro,rw", 0, 0, 0, true, false, NULL },
    { "bind,rprivate", 0, 0, MS_PRIVATE, true, false, NULL },
    { "nodev,noexec,size=64m", MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0, false, false,
      "size=64m" },
    { "noatime,strictatime", MOUNT_ATTR_STRICTATIME, 0, 0, false, false, NULL },
};

static void mounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mount_rows); i++) {
        AUTO_ARENA a = { 0 };
        char dest[] = "/x", src[] = "/y", type[] = "tmpfs";
        struct oci_mount m = { .destination = dest,
                               .source = src,
                               .type = type,
                               .options = strv_split(&a, mount_rows[i].options, ',') };
        struct plan_mount p;
        assert_int_equal(plan_mount(&m, &a, &p, NULL), 0);
        assert_int_equal(p.attr_set, mount_rows[i].set);
        assert_int_equal(p.rec_set, mount_rows[i].rec);
        assert_int_equal(p.propagation, mount_rows[i].propagation);
        assert_int_equal(p.bind, mount_rows[i].bind);
        assert_int_equal(p.recursive, mount_rows[i].recursive);
        assert_true(mount_rows[i].data ? p.data && STR_EQ(p.data[0], mount_rows[i].data) : !p.data);
    }
}

static void bad_mounts(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    char dest[] = "/x", type[] = "bind";
    struct plan_mount p;
    assert_int_equal(plan_mount(&(struct oci_mount) { .destination = dest }, &a, &p, NULL),
                     -EINVAL);
    assert_int_equal(
        plan_mount(&(struct oci_mount) { .destination = dest, .type = type }, &a, &p, NULL),
        -EINVAL);
    assert_int_equal(plan_mount(&(struct oci_mount) { .type = type }, &a, &p, NULL), -EINVAL);
}

static void capabilities(void **state)
{
    (void)state;
    assert_int_equal(capability_parse("CAP_CHOWN"), 0);
    assert_int_equal(capability_parse("cap_sys_admin"), 21);
    assert_int_equal(capability_parse("CAP_CHECKPOINT_RESTORE"), 40);
    assert_int_equal(capability_parse("CAP_NOTHING"), -EINVAL);
    assert_string_equal(capability_by_number(21), "CAP_SYS_ADMIN");
    assert_null(capability_by_number(41));
    assert_null(capability_by_number(-1));
}

static void weights(void **state)
{
    (void)state;
    static const uint64_t rows[][2] = {
        { 0, 1 }, { 2, 1 }, { 1024, 100 }, { 262144, 10000 }, { 1 << 30, 10000 }
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(cg_weight_of_shares(rows[i][0]), rows[i][1]);
    for (uint64_t s = 3, last = 1; s <= 262144; s++) {
        uint64_t w = cg_weight_of_shares(s);
        assert_true(w >= last && w <= 10000);
        last = w;
    }
    assert_int_equal(cg_io_weight_of_blkio(10), 1);
    assert_int_equal(cg_io_weight_of_blkio(1000), 10000);
}

static void cgroup_paths(void **state)
{
    (void)state;
    const char *rel;
    assert_int_equal(cg_relative("/a/b", &rel, NULL), 0);
    assert_string_equal(rel, "a/b");
    assert_int_equal(cg_relative("/a/../b", &rel, NULL), -EINVAL);
    assert_int_equal(cg_relative("..", &rel, NULL), -EINVAL);
    assert_int_equal(cg_relative("/", &rel, NULL), -EINVAL);
    assert_int_equal(cg_relative("/a..b/..c", &rel, NULL), 0);
    assert_true(cg_has("cpu,cpuacct", ',', "cpuacct"));
    assert_false(cg_has("cpuset,cpuacct", ',', "cpu"));
}

/* Runs the device program: enough of BPF for what cg_device_program() writes. */
static int ask(const struct bpf_insn *p, uint32_t type, uint32_t access, uint32_t major,
               uint32_t minor)
{
    uint64_t r[6] = { 0 };
    uint32_t ctx[3] = { access << 16 | type, major, minor };

    for (size_t i = 0;; i++) {
        const struct bpf_insn *n = &p[i];
        switch (n->code) {
        case BPF_LDX | BPF_W | BPF_MEM:
            r[n->dst_reg] = ctx[n->off / 4];
            break;
        case BPF_ALU64 | BPF_AND | BPF_K:
            r[n->dst_reg] &= (uint64_t)n->imm;
            break;
        case BPF_ALU64 | BPF_RSH | BPF_K:
            r[n->dst_reg] >>= n->imm;
            break;
        case BPF_ALU64 | BPF_MOV | BPF_X:
            r[n->dst_reg] = r[n->src_reg];
            break;
        case BPF_ALU64 | BPF_MOV | BPF_K:
            r[n->dst_reg] = (uint64_t)n->imm;
            break;
        case BPF_JMP | BPF_JNE | BPF_K:
            i += r[n->dst_reg] != (uint64_t)n->imm ? (size_t)n->off : 0;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            i += r[n->dst_reg] == (uint64_t)n->imm ? (size_t)n->off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return (int)r[0];
        default:
            fail_msg("unknown instruction %x", n->code);
        }
    }
}

static void device_program(void **state)
{
    (void)state;
    enum { C = BPF_DEVCG_DEV_CHAR, B = BPF_DEVCG_DEV_BLOCK };
    enum { R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE, M = BPF_DEVCG_ACC_MKNOD };
    char rwm[] = "rwm", rd[] = "r", c[] = "c";
    int64_t one = 1, three = 3, ten = 10;
    struct oci_device_rule rules[] = {
        { .allow = true,
          .type = c,
          .major = &ten,
          .access = rwm }, /* before "none": never reached */
        { .allow = false, .access = rwm },
        { .allow = true, .type = c, .major = &one, .access = rwm },
        { .allow = false, .type = c, .major = &one, .minor = &three, .access = rd },
    };
    struct bpf_insn prog[64];
    size_t n = cg_device_program(rules, ARRAY_SIZE(rules), prog, ARRAY_SIZE(prog));
    assert_true(n > 0 && n < ARRAY_SIZE(prog));
    assert_int_equal(ask(prog, C, R | W, 1, 5), 1);
    assert_int_equal(ask(prog, B, R, 1, 5), 0);
    assert_int_equal(ask(prog, C, R, 10, 200), 0);
    assert_int_equal(ask(prog, C, W, 1, 3), 1);
    assert_int_equal(ask(prog, C, R | W, 1, 3), 0);
    assert_int_equal(ask(prog, C, M, 1, 3), 1);
}

static void seccomp_filter(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct plan_seccomp out = { 0 }, again = { 0 };
    struct oci_seccomp s = { 0 };
    struct err err = { 0 };
    char dir[] = "/tmp/seccomp-XXXXXX";
    static const char text[] =
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"syscalls\":[{\"names\":"
        "[\"read\",\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"},{\"names\":[\"clone\"],"
        "\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,"
        "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}";
    AUTO_JSON *doc = json_parse(text, sizeof(text) - 1, "profile", &err);
    assert_int_equal(json_read(&a, doc, &oci_seccomp_type, &s, &err), 0);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(plan_seccomp(&s, dir, &a, &out, &err), 0);
    assert_true(out.prog.len > 3);
    assert_int_equal(plan_seccomp(&s, dir, &a, &again, &err), 0); /* from the cache */
    assert_int_equal(out.prog.len, again.prog.len);
    assert_memory_equal(out.prog.filter, again.prog.filter,
                        out.prog.len * sizeof(struct sock_filter));
    char bad[] = "SCMP_ACT_WHAT";
    s.default_action = bad;
    assert_int_equal(plan_seccomp(&s, dir, &a, &again, &err), -EINVAL);
    AUTO_FREE char *cmd = xasprintf("rm -r %s", dir);
    assert_int_equal(system(cmd), 0);
}

/* crun and runc write RLIM_INFINITY as an unsigned number that a signed one cannot hold. */
static void infinity(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct oci_spec spec = { 0 };
    struct err err = { 0 };
    AUTO_BUF out = { 0 };
    static const char text[] =
        "{\"ociVersion\":\"1.0.0 18446744073709551615\",\"process\":{\"cwd\":\"/\",\"rlimits\":[{"
        "\"type\":\"RLIMIT_CORE\",\"hard\":18446744073709551615,\"soft\":9223372036854775807}]}}";
    AUTO_JSON *doc = json_parse(text, sizeof(text) - 1, "config.json", &err);
    assert_non_null(doc);
    assert_int_equal(json_read(&a, doc, &oci_spec_type, &spec, &err), 0);
    assert_string_equal(spec.oci_version, "1.0.0 18446744073709551615");
    assert_true(spec.process->rlimits.items[0].hard == UINT64_MAX);
    assert_true(spec.process->rlimits.items[0].soft == INT64_MAX ||
                spec.process->rlimits.items[0].soft > INT64_MAX);
    AUTO_JSON *back = json_from(&oci_spec_type, &spec);
    json_text(back, 0, &out);
    assert_non_null(strstr(out.data, "\"hard\":18446744073709551615"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mounts),         cmocka_unit_test(bad_mounts),
        cmocka_unit_test(capabilities),   cmocka_unit_test(weights),
        cmocka_unit_test(cgroup_paths),   cmocka_unit_test(device_program),
        cmocka_unit_test(seccomp_filter), cmocka_unit_test(infinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
