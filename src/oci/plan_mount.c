/* From the options of a mount to what the new mount calls want. */
#include "oci/plan.h"

#include "base/banned.h"

enum opt_what {
    OPT_ATTR,  /* attribute of the mount */
    OPT_RATTR, /* attribute of the mount and all below */
    OPT_PROP,  /* propagation */
    OPT_BIND,
    OPT_FLAG, /* a flag of ours: .set = enum opt_flag */
    OPT_FS,   /* goes to the file system by its name */
    OPT_NONE, /* a default, or meant for user space */
};

enum opt_flag { FLAG_COPY_UP, FLAG_IDMAP, FLAG_RIDMAP };

static const struct mount_option {
    const char *name;
    enum opt_what what;
    uint64_t set, clr;
} options[] = {
    { "defaults", OPT_NONE, 0, 0 },
    { "ro", OPT_ATTR, MOUNT_ATTR_RDONLY, 0 },
    { "rw", OPT_ATTR, 0, MOUNT_ATTR_RDONLY },
    { "nosuid", OPT_ATTR, MOUNT_ATTR_NOSUID, 0 },
    { "suid", OPT_ATTR, 0, MOUNT_ATTR_NOSUID },
    { "nodev", OPT_ATTR, MOUNT_ATTR_NODEV, 0 },
    { "dev", OPT_ATTR, 0, MOUNT_ATTR_NODEV },
    { "noexec", OPT_ATTR, MOUNT_ATTR_NOEXEC, 0 },
    { "exec", OPT_ATTR, 0, MOUNT_ATTR_NOEXEC },
    { "noatime", OPT_ATTR, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
    { "atime", OPT_ATTR, 0, MOUNT_ATTR__ATIME },
    { "relatime", OPT_ATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "norelatime", OPT_ATTR, 0, MOUNT_ATTR__ATIME },
    { "strictatime", OPT_ATTR, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
    { "nostrictatime", OPT_ATTR, 0, MOUNT_ATTR__ATIME },
    { "nodiratime", OPT_ATTR, MOUNT_ATTR_NODIRATIME, 0 },
    { "diratime", OPT_ATTR, 0, MOUNT_ATTR_NODIRATIME },
    { "nosymfollow", OPT_ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0 },
    { "symfollow", OPT_ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW },
    { "rro", OPT_RATTR, MOUNT_ATTR_RDONLY, 0 },
    { "rrw", OPT_RATTR, 0, MOUNT_ATTR_RDONLY },
    { "rnosuid", OPT_RATTR, MOUNT_ATTR_NOSUID, 0 },
    { "rsuid", OPT_RATTR, 0, MOUNT_ATTR_NOSUID },
    { "rnodev", OPT_RATTR, MOUNT_ATTR_NODEV, 0 },
    { "rdev", OPT_RATTR, 0, MOUNT_ATTR_NODEV },
    { "rnoexec", OPT_RATTR, MOUNT_ATTR_NOEXEC, 0 },
    { "rexec", OPT_RATTR, 0, MOUNT_ATTR_NOEXEC },
    { "rnoatime", OPT_RATTR, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
    { "ratime", OPT_RATTR, 0, MOUNT_ATTR__ATIME },
    { "rrelatime", OPT_RATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "rnorelatime", OPT_RATTR, 0, MOUNT_ATTR__ATIME },
    { "rstrictatime", OPT_RATTR, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
    { "rnostrictatime", OPT_RATTR, 0, MOUNT_ATTR__ATIME },
    { "rnodiratime", OPT_RATTR, MOUNT_ATTR_NODIRATIME, 0 },
    { "rdiratime", OPT_RATTR, 0, MOUNT_ATTR_NODIRATIME },
    { "rnosymfollow", OPT_RATTR, MOUNT_ATTR_NOSYMFOLLOW, 0 },
    { "rsymfollow", OPT_RATTR, 0, MOUNT_ATTR_NOSYMFOLLOW },
    { "shared", OPT_PROP, MS_SHARED, 0 },
    { "rshared", OPT_PROP, MS_SHARED | MS_REC, 0 },
    { "slave", OPT_PROP, MS_SLAVE, 0 },
    { "rslave", OPT_PROP, MS_SLAVE | MS_REC, 0 },
    { "private", OPT_PROP, MS_PRIVATE, 0 },
    { "rprivate", OPT_PROP, MS_PRIVATE | MS_REC, 0 },
    { "unbindable", OPT_PROP, MS_UNBINDABLE, 0 },
    { "runbindable", OPT_PROP, MS_UNBINDABLE | MS_REC, 0 },
    { "bind", OPT_BIND, 0, 0 },
    { "rbind", OPT_BIND, MS_REC, 0 },
    { "tmpcopyup", OPT_FLAG, FLAG_COPY_UP, 0 },
    { "idmap", OPT_FLAG, FLAG_IDMAP, 0 },
    { "ridmap", OPT_FLAG, FLAG_RIDMAP, 0 },
    { "sync", OPT_FS, 0, 0 },
    { "async", OPT_NONE, 0, 0 },
    { "dirsync", OPT_FS, 0, 0 },
    { "lazytime", OPT_FS, 0, 0 },
    { "nolazytime", OPT_NONE, 0, 0 },
    { "mand", OPT_NONE, 0, 0 }, /* gone from Linux 5.15 on */
    { "nomand", OPT_NONE, 0, 0 },
    { "iversion", OPT_NONE, 0, 0 },
    { "noiversion", OPT_NONE, 0, 0 },
    { "silent", OPT_NONE, 0, 0 },
    { "loud", OPT_NONE, 0, 0 },
    { "acl", OPT_NONE, 0, 0 },
    { "noacl", OPT_NONE, 0, 0 },
    { "remount", OPT_NONE, 0, 0 },
    { "newinstance", OPT_NONE, 0, 0 }, /* devpts: every mount is one since Linux 4.7 */
};

static void apply_option(const struct mount_option *o, struct plan_mount *m)
{
    switch (o->what) {
    case OPT_ATTR:
        m->attr_set = (m->attr_set & ~o->clr) | o->set;
        m->attr_clr = (m->attr_clr & ~o->set) | o->clr;
        break;
    case OPT_RATTR:
        m->rec_set = (m->rec_set & ~o->clr) | o->set;
        m->rec_clr = (m->rec_clr & ~o->set) | o->clr;
        break;
    case OPT_PROP:
        m->propagation = o->set & ~(uint64_t)MS_REC;
        m->propagation_rec = o->set & MS_REC;
        break;
    case OPT_BIND:
        m->bind = true;
        m->recursive = o->set & MS_REC;
        break;
    case OPT_FLAG:
        if (o->set == FLAG_COPY_UP)
            m->copy_up = true;
        else {
            m->idmap = true;
            m->idmap_rec = o->set == FLAG_RIDMAP;
        }
        break;
    case OPT_FS:
    case OPT_NONE:
        break;
    }
}

/* An option that is not in the table belongs to the file system: "size=64m". */
static void read_option(const char *text, struct arena *a, struct plan_mount *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (STR_EQ(options[i].name, text)) {
            apply_option(&options[i], m);
            if (options[i].what == OPT_FS)
                m->data = strv_add(a, m->data, text);
            return;
        }
    m->data = strv_add(a, m->data, text);
}

int plan_mount(const struct oci_mount *s, struct arena *a, struct plan_mount *ret, struct err *err)
{
    struct plan_mount m = { .dest = s->destination,
                            .source = s->source,
                            .type = s->type,
                            .spec = s,
                            .tree = -EBADF,
                            .userns = -EBADF };

    if (str_empty(s->destination))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "mount without a destination");
    for (char **o = s->options; o && *o; o++)
        if (**o)
            read_option(*o, a, &m);
    if (str_same(m.type, "bind") || str_same(m.type, "rbind")) {
        if (!m.bind)
            m.recursive = STR_EQ(m.type, "rbind");
        m.bind = true;
    }
    /* "relatime" is value 0: it has to be asked for by clearing the others, as does "atime". */
    if (!m.bind)
        m.attr_clr = 0;
    if (m.bind && str_empty(m.source))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "bind mount on %s has no source", m.dest);
    if (!m.bind && str_empty(m.type))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "mount on %s has neither a type nor \"bind\"",
                       m.dest);
    if (s->uid_mappings.n)
        m.idmap = true;
    *ret = m;
    return 0;
}

/* Names for `podman-runtime features`. */
json_t *plan_mount_option_names(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        json_array_append_new(list, json_string(options[i].name));
    return list;
}
