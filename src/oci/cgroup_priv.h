/* oci/cgroup_priv.h: the mounted cgroup hierarchies, for the cgroup_*.c files only. */
#pragma once

#include "oci/oci.h"

enum { CG_HIERARCHIES_MAX = 16 };

struct cg_hierarchy {
    char name[64];        /* directory below /sys/fs/cgroup; "" = that directory itself */
    char controllers[64]; /* "cpu,cpuacct"; of v2 the contents of cgroup.controllers */
    int root;             /* directory, kept open */
    bool v2;
};

/* Found once per process by looking below /sys/fs/cgroup: no mount table is read. */
const struct cg_hierarchy *cg_hierarchies(size_t *ret_n);

/* Opens @path in the hierarchy that has @controller; *ret_v2 tells which kind.  -ENOENT: none has. */
int cg_open(const char *controller, const char *path, bool *ret_v2) MUST_CHECK;

/* The same of the unified hierarchy, whatever its controllers. */
int cg_open_unified(const char *path) MUST_CHECK;

/* The path below a hierarchy's root: no leading slash; -EINVAL when it could leave it. */
int cg_relative(const char *path, const char **ret, struct err *err) MUST_CHECK;

bool cg_has(const char *list, char sep, const char *word);

/* Device rules: the v1 list, or a v2 program. */
int cg_devices_v1(int dir, const struct oci_resources *res);
int cg_devices_v2(int dir, const struct oci_resources *res);
struct bpf_insn;
size_t cg_device_program(const struct oci_device_rule *rules, size_t n, struct bpf_insn *out,
                         size_t max);

/* Conversions from the v1 ranges that the specification uses. */
uint64_t cg_weight_of_shares(uint64_t shares);
uint64_t cg_io_weight_of_blkio(uint64_t weight);
