/* Device rules.  v1 keeps a list in the kernel; v2 asks a small BPF program about every access. */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "base/fs.h"
#include "oci/cgroup_priv.h"

#include "base/banned.h"

/* What every container needs: nodes may be made, and these may be used. */
static const struct {
    char type;
    int major, minor; /* -1: any */
    const char *access;
} basic_rules[] = {
    { 'c', -1, -1, "m" }, { 'b', -1, -1, "m" }, { 'c', 1, 3, "rwm" },    { 'c', 1, 5, "rwm" },
    { 'c', 1, 7, "rwm" }, { 'c', 1, 8, "rwm" }, { 'c', 1, 9, "rwm" },    { 'c', 5, 0, "rwm" },
    { 'c', 5, 1, "rwm" }, { 'c', 5, 2, "rwm" }, { 'c', 136, -1, "rwm" },
};

enum { RULES_MAX = 256 };

struct rule {
    struct oci_device_rule r;
    int64_t major, minor;
};

/* The rules of the document, then the basic ones. */
static size_t all_rules(const struct oci_resources *res, struct oci_device_rule *out, int64_t *nums)
{
    static char types[2][2] = { "c", "b" };
    size_t n = 0;

    for (size_t i = 0; i < res->devices.n && n < RULES_MAX - ARRAY_SIZE(basic_rules); i++)
        out[n++] = res->devices.items[i];
    for (size_t i = 0; i < ARRAY_SIZE(basic_rules); i++) {
        nums[2 * i] = basic_rules[i].major;
        nums[2 * i + 1] = basic_rules[i].minor;
        out[n++] = (struct oci_device_rule) {
            .allow = true,
            .type = types[basic_rules[i].type == 'b'],
            .major = nums[2 * i] < 0 ? NULL : &nums[2 * i],
            .minor = nums[2 * i + 1] < 0 ? NULL : &nums[2 * i + 1],
            .access = (char *)(uintptr_t)basic_rules[i].access,
        };
    }
    return n;
}

static void number(const int64_t *v, char *out, size_t size)
{
    if (v && *v >= 0)
        snprintf(out, size, "%" PRId64, *v);
    else
        snprintf(out, size, "*");
}

int cg_devices_v1(int dir, const struct oci_resources *res)
{
    struct oci_device_rule rules[RULES_MAX];
    int64_t nums[2 * ARRAY_SIZE(basic_rules)];
    size_t n = all_rules(res, rules, nums);

    for (size_t i = 0; i < n; i++) {
        char text[96], major[24], minor[24];
        number(rules[i].major, major, sizeof(major));
        number(rules[i].minor, minor, sizeof(minor));
        snprintf(text, sizeof(text), "%s %s:%s %s", str_empty(rules[i].type) ? "a" : rules[i].type,
                 major, minor, str_empty(rules[i].access) ? "rwm" : rules[i].access);
        int r = fs_write_kernel(dir, rules[i].allow ? "devices.allow" : "devices.deny", text);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- v2 ---- */

#define INSN(c, d, s, o, i)                                                                        \
    ((struct bpf_insn) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

static int access_bits(const char *access)
{
    int bits = 0;

    for (; !str_empty(access); access++)
        bits |= *access == 'r'   ? BPF_DEVCG_ACC_READ
                : *access == 'w' ? BPF_DEVCG_ACC_WRITE
                                 : BPF_DEVCG_ACC_MKNOD;
    return bits ? bits : BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;
}

/* r2 = type, r3 = wanted access, r4 = major, r5 = minor.  Jumps of a rule that does not match go to
 * the next rule; their distance is filled in once its length is known. */
static size_t put_rule(const struct oci_device_rule *r, struct bpf_insn *out)
{
    size_t n = 0, jumps[5], njumps = 0;
    int bits = access_bits(r->access);

    if (!str_empty(r->type) && r->type[0] != 'a') {
        jumps[njumps++] = n;
        out[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0,
                        r->type[0] == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    }
    if (bits != 7) {
        /* allow: nothing beyond the rule is wanted; deny: something of the rule is. */
        out[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
        out[n++] = INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, r->allow ? ~bits & 7 : bits);
        jumps[njumps++] = n;
        out[n++] = INSN(BPF_JMP | (r->allow ? BPF_JNE : BPF_JEQ) | BPF_K, BPF_REG_1, 0, 0, 0);
    }
    if (r->major && *r->major >= 0) {
        jumps[njumps++] = n;
        out[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, (int32_t)*r->major);
    }
    if (r->minor && *r->minor >= 0) {
        jumps[njumps++] = n;
        out[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, (int32_t)*r->minor);
    }
    out[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, r->allow);
    out[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    for (size_t i = 0; i < njumps; i++)
        out[jumps[i]].off = (int16_t)(n - jumps[i] - 1);
    return n;
}

static bool matches_all(const struct oci_device_rule *r)
{
    return (str_empty(r->type) || r->type[0] == 'a') && access_bits(r->access) == 7 &&
           (!r->major || *r->major < 0) && (!r->minor || *r->minor < 0);
}

/* The last rule that matches decides, so they are tested from the end; what is before a rule that
 * matches everything is never reached, and the verifier refuses code that is not. */
size_t cg_device_program(const struct oci_device_rule *rules, size_t n, struct bpf_insn *out,
                         size_t max)
{
    size_t len = 0;

    out[len++] = INSN(BPF_LDX | BPF_W | BPF_MEM, BPF_REG_2, BPF_REG_1, 0, 0);
    out[len++] = INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
    out[len++] = INSN(BPF_LDX | BPF_W | BPF_MEM, BPF_REG_3, BPF_REG_1, 0, 0);
    out[len++] = INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
    out[len++] = INSN(BPF_LDX | BPF_W | BPF_MEM, BPF_REG_4, BPF_REG_1, 4, 0);
    out[len++] = INSN(BPF_LDX | BPF_W | BPF_MEM, BPF_REG_5, BPF_REG_1, 8, 0);
    for (size_t i = n; i-- > 0 && len + 12 < max;) {
        len += put_rule(&rules[i], out + len);
        if (matches_all(&rules[i]))
            return len;
    }
    out[len++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
    out[len++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    return len;
}

int cg_devices_v2(int dir, const struct oci_resources *res)
{
    struct oci_device_rule rules[RULES_MAX];
    int64_t nums[2 * ARRAY_SIZE(basic_rules)];
    enum { INSNS_MAX = RULES_MAX * 12 };
    AUTO_FREE struct bpf_insn *prog = xcalloc(INSNS_MAX, sizeof(*prog));
    size_t n = all_rules(res, rules, nums);

    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uintptr_t)prog,
        .insn_cnt = (uint32_t)cg_device_program(rules, n, prog, INSNS_MAX),
        .license = (uintptr_t) "Apache-2.0",
    };
    AUTO_CLOSE int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
    if (fd < 0)
        return -errno;
    /* Without flags an earlier program of ours is replaced, which is what an update wants. */
    union bpf_attr attach = { .target_fd = (uint32_t)dir,
                              .attach_bpf_fd = (uint32_t)fd,
                              .attach_type = BPF_CGROUP_DEVICE };
    return syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0 ? -errno : 0;
}
