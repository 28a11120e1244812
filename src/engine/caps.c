#include <ctype.h>
#include <strings.h>

#include "engine/spec_parts.h"

#include "base/banned.h"

/* In the kernel's order: the index is the capability's number. */
static const char *const names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

char *capability_name(struct arena *a, const char *name)
{
    bool prefixed = strncasecmp(name, "CAP_", 4) == 0;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcasecmp(names[i] + 4, prefixed ? name + 4 : name) == 0)
            return arena_strdup(a, names[i]);
    return NULL;
}

const char *capability_by_number(int number)
{
    return number >= 0 && (size_t)number < ARRAY_SIZE(names) ? names[number] : NULL;
}

static int checked(struct arena *a, const char *name, char **ret, struct err *err)
{
    *ret = capability_name(a, name);
    return *ret ? 0
                : err_set(err, ERR_BAD_PARAM, EINVAL,
                          "unknown capability \"%s\" in --cap-add/--cap-drop", name);
}

static bool has_all(char *const *v)
{
    for (; v && *v; v++)
        if (strcasecmp(*v, "ALL") == 0)
            return true;
    return false;
}

/* What there is before anything is added or dropped by name. */
static int first_set(struct arena *a, const struct container_config *c, char *const *defaults,
                     char ***ret, struct err *err)
{
    char *name;

    if (c->privileged || has_all(c->cap_add)) {
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            *ret = strv_add(a, *ret, names[i]);
        return 0;
    }
    if (has_all(c->cap_drop))
        return 0;
    for (; defaults && *defaults; defaults++) {
        if (checked(a, *defaults, &name, err) < 0)
            return err_wrap(err, "containers.conf: default_capabilities");
        *ret = strv_add(a, *ret, name);
    }
    return 0;
}

static char **without(struct arena *a, char *const *set, const char *name)
{
    char **kept = NULL;

    for (; set && *set; set++)
        if (!STR_EQ(*set, name))
            kept = strv_add(a, kept, *set);
    return kept;
}

int capabilities_resolve(struct arena *a, const struct container_config *c, char *const *defaults,
                         char ***ret, struct err *err)
{
    char **set = NULL;
    char *name;
    int r = first_set(a, c, defaults, &set, err);

    if (r < 0)
        return r;
    char **added = NULL;
    for (char **p = c->cap_add; p && *p; p++) {
        if (strcasecmp(*p, "ALL") == 0)
            continue;
        r = checked(a, *p, &name, err);
        if (r < 0)
            return r;
        added = strv_add(a, added, name);
        if (!strv_has(set, name))
            set = strv_add(a, set, name);
    }
    for (char **p = c->cap_drop; p && *p; p++) {
        if (strcasecmp(*p, "ALL") == 0)
            continue;
        r = checked(a, *p, &name, err);
        if (r < 0)
            return r;
        if (strv_has(added, name))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "capability \"%s\" cannot be dropped and added", name);
        set = without(a, set, name);
    }
    *ret = set ? set : arena_alloc(a, sizeof(char *));
    return 0;
}
