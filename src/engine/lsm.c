#include "engine/lsm.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/xattr.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/proc.h"

#include "base/banned.h"

/* ---------- AppArmor ---------- */

#define APPARMOR_PREFIX "containers-default-"

static bool apparmor_enabled(void)
{
    AUTO_BUF b = { .max = 16 };

    return fs_read_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", &b) == 0 && b.len &&
           b.data[0] == 'Y';
}

static bool apparmor_loaded(const char *name)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF b = { .max = LIMIT_LSM_FILE };

    if (fs_read_file(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", &b) < 0)
        return false;
    for (char **line = strv_split(&a, b.data ? b.data : "", '\n'); *line; line++) {
        char *mode = strstr(*line, " (");
        if (mode)
            *mode = '\0';
        if (STR_EQ(*line, name))
            return true;
    }
    return false;
}

/* A container may do what its capabilities let it, but not change the kernel through /proc and /sys, mount, or
 * touch processes outside. */
void apparmor_text(const char *name, struct buf *out)
{
    buf_printf(out,
               "profile %s flags=(attach_disconnected,mediate_deleted) {\n"
               "  network,\n"
               "  capability,\n"
               "  file,\n"
               "  umount,\n"
               "  signal (receive) peer=unconfined,\n"
               "  signal (send,receive) peer=%s,\n"
               "  ptrace (trace,tracedby,read,readby) peer=%s,\n"
               "  unix peer=(label=%s),\n"
               "  deny mount,\n",
               name, name, name, name);
    static const char *const denied[] = {
        "/proc/* w",
        "/proc/{acpi,asound,bus,driver,fs,irq,scsi,tty}/** w",
        "/proc/sys/{abi,debug,dev,fs,sunrpc,user,vm}/** w",
        "/proc/sys/kernel/[^ms]** w", /* those of an IPC namespace are msg*, sem and shm* */
        "/proc/sys/kernel/{sched,seccomp,soft,sys,stack,split}** w",
        "/proc/sys/kernel/{max,modprobe,modules,mod}** w",
        "/proc/{kcore,sysrq-trigger,kmsg,kallsyms} rwklx",
        "/sys/{block,bus,class,dev,devices,hypervisor,kernel,module,power}/** wklx",
        "/sys/fs/[^c]** wklx", /* all but cgroup */
        "/sys/firmware/** rwklx",
        "/sys/kernel/{security,debug,tracing}/** rwklx",
    };
    for (size_t i = 0; i < ARRAY_SIZE(denied); i++)
        buf_printf(out, "  deny %s,\n", denied[i]);
    buf_puts(out, "}\n");
}

static bool have_parser(void)
{
    return access("/sbin/apparmor_parser", X_OK) == 0 ||
           access("/usr/sbin/apparmor_parser", X_OK) == 0;
}

int apparmor_ensure(struct arena *a, const char *profile, struct err *err)
{
    AUTO_BUF text = { 0 }, said = { 0 };

    if (!profile || !str_starts(profile, APPARMOR_PREFIX) || apparmor_loaded(profile))
        return 0;
    const char *parser = access("/sbin/apparmor_parser", X_OK) == 0 ? "/sbin/apparmor_parser"
                                                                    : "/usr/sbin/apparmor_parser";
    /* Out of stdin, and no cache written. */
    char **argv = strv_add(a, strv_add(a, NULL, parser), "-Kr");
    apparmor_text(profile, &text);
    int r = proc_run(argv, NULL, text.data, NULL, &said);
    if (r != 0)
        return err_set(err, ERR_STATE, EIO, "install profile \"%s\": apparmor_parser: %s", profile,
                       r < 0       ? strerror(-r)
                       : said.data ? said.data
                                   : "failed");
    return 0;
}

int apparmor_choose(struct engine *e, struct arena *a, struct container_config *c,
                    const char *configured, struct err *err)
{
    bool asked = !str_empty(c->apparmor_profile);
    const char *name = asked ? c->apparmor_profile : configured;

    if (!asked && c->privileged)
        return 0;
    if (str_empty(name))
        name = APPARMOR_DEFAULT;
    bool ours = str_starts(name, APPARMOR_PREFIX);
    c->apparmor_profile = NULL;
    if (e->rootless && asked && !STR_EQ(name, "unconfined"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "cannot load AppArmor profile \"%s\": AppArmor is not supported in rootless "
                       "mode",
                       name);
    if (!STR_EQ(name, "unconfined")) {
        bool enabled = !e->rootless && apparmor_enabled();
        if (!enabled && (asked || !ours) && !e->rootless)
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "profile \"%s\" specified but AppArmor is disabled on the host", name);
        if (!enabled || (ours && !asked && !apparmor_loaded(name) && !have_parser())) {
            log_debug("no AppArmor profile: %s",
                      enabled ? "apparmor_parser is not installed" : "AppArmor is off");
            return 0;
        }
        if (!ours && !apparmor_loaded(name))
            return err_set(err, ERR_NOT_FOUND, ENOENT,
                           "AppArmor profile \"%s\" specified but not loaded", name);
    }
    c->apparmor_profile = arena_strdup(a, name);
    return apparmor_ensure(a, name, err);
}

/* ---------- SELinux ---------- */

/* Categories are what keeps containers of one type apart. */
#define SELINUX_CATEGORIES 1024

bool selinux_enabled(void)
{
    return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static char *trimmed(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && strchr(" \t\r", s[n - 1]))
        n--;
    s[n] = '\0';
    return s;
}

char *selinux_default_label(struct arena *a, const char *contexts, const char *key)
{
    for (char **line = strv_split(a, contexts, '\n'); *line; line++) {
        char *eq = strchr(*line, '=');
        if (!eq || **line == '#')
            continue;
        *eq = '\0';
        if (!STR_EQ(trimmed(*line), key))
            continue;
        char *v = trimmed(eq + 1);
        size_t n = strlen(v);
        if (n > 1 && v[0] == '"' && v[n - 1] == '"') {
            v[n - 1] = '\0';
            v++;
        }
        return v;
    }
    return NULL;
}

char *selinux_label(struct arena *a, const char *base, const char *level, char *const *opts,
                    bool file, struct err *err)
{
    char **f = strv_split(a, base, ':');
    enum { USER, ROLE, TYPE, LEVEL, PARTS };
    const char *part[PARTS] = { "", "", "", "s0" };

    for (int i = 0; i < LEVEL && f[i]; i++)
        part[i] = f[i];
    if (level)
        part[LEVEL] = level;
    for (; opts && *opts; opts++) {
        const char *v = strchr(*opts, ':');
        if (!v) {
            err_set(err, ERR_BAD_PARAM, EINVAL,
                    "bad label option \"%s\", valid options 'disable', 'nested' or "
                    "'user, role, level, type, filetype' followed by ':' and a value",
                    *opts);
            return NULL;
        }
        if (str_starts(*opts, "user:"))
            part[USER] = file ? part[USER] : v + 1;
        else if (str_starts(*opts, "role:"))
            part[ROLE] = file ? part[ROLE] : v + 1;
        else if (str_starts(*opts, "type:"))
            part[TYPE] = file ? part[TYPE] : v + 1;
        else if (str_starts(*opts, "filetype:"))
            part[TYPE] = file ? v + 1 : part[TYPE];
        else if (str_starts(*opts, "level:"))
            part[LEVEL] = v + 1;
        else {
            err_set(err, ERR_BAD_PARAM, EINVAL, "bad label option \"%s\"", *opts);
            return NULL;
        }
    }
    return arena_printf(a, "%s:%s:%s:%s", part[USER], part[ROLE], part[TYPE], part[LEVEL]);
}

/* The policy in force names its files after itself. */
static int read_contexts(struct arena *a, struct buf *out)
{
    AUTO_BUF config = { .max = LIMIT_LSM_FILE };
    const char *type = NULL;

    if (fs_read_file(AT_FDCWD, "/etc/selinux/config", &config) == 0 && config.data)
        type = selinux_default_label(a, config.data, "SELINUXTYPE");
    return fs_read_file(
        AT_FDCWD,
        arena_printf(a, "/etc/selinux/%s/contexts/lxc_contexts", type ? type : "targeted"), out);
}

static bool level_taken(const struct container_list *list, const char *level)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *label = list->items[i].config.mount_label;
        if (label && str_ends(label, level))
            return true;
    }
    return false;
}

/* Two categories that no other container has. */
static int fresh_level(struct engine *e, struct arena *a, char **ret, struct err *err)
{
    struct container_list list = { 0 };
    int r = container_list(e, a, &list, err);

    for (int tries = 0; r == 0 && tries < 1000; tries++) {
        uint16_t two[2] = { 0 };
        if (getrandom(two, sizeof(two), 0) != sizeof(two))
            return err_sys(err, errno, "choosing SELinux categories");
        unsigned one = two[0] % SELINUX_CATEGORIES, other = two[1] % SELINUX_CATEGORIES;
        if (one == other)
            continue;
        *ret = arena_printf(a, "s0:c%u,c%u", MIN(one, other), MAX(one, other));
        if (!level_taken(&list, *ret))
            return 0;
    }
    return r < 0
               ? r
               : err_set(err, ERR_STATE, EAGAIN, "no SELinux categories are left for a container");
}

/* Where the processes of others are seen, there is nothing to keep apart. */
static bool unlabelled(const struct container_config *c, bool *nested)
{
    bool off = c->privileged || str_same(c->pidns, "host") || str_same(c->ipcns, "host");

    for (char **p = c->label_opts; p && *p; p++) {
        off |= STR_EQ(*p, "disable");
        *nested |= STR_EQ(*p, "nested");
    }
    return off;
}

int selinux_choose(struct engine *e, struct arena *a, struct container_config *c, struct err *err)
{
    AUTO_BUF contexts = { .max = LIMIT_LSM_FILE };
    char **opts = NULL, *level = NULL;
    bool nested = false;

    if (!selinux_enabled() || unlabelled(c, &nested))
        return 0;
    int r = read_contexts(a, &contexts);
    if (r < 0 || !contexts.data) {
        log_debug("no SELinux labels: the policy has none for containers");
        return 0;
    }
    for (char **p = c->label_opts; p && *p; p++)
        if (!STR_EQ(*p, "nested"))
            opts = strv_add(a, opts, *p);
    const char *process = selinux_default_label(a, contexts.data, "process"),
               *file = selinux_default_label(a, contexts.data, "file");
    if (!process || !file)
        return 0;
    r = fresh_level(e, a, &level, err);
    if (r < 0)
        return r;
    c->process_label = selinux_label(a, process, level, opts, false, err);
    if (!c->process_label)
        return -EINVAL;
    c->mount_label = selinux_label(a, file, level, opts, true, err);
    return c->mount_label ? 0 : -EINVAL;
}

static int label_one(int fd, const struct stat *st, const char *label)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (setxattr(path, "security.selinux", label, strlen(label) + 1, 0) < 0 &&
        !S_ISLNK(st->st_mode) && errno != EOPNOTSUPP)
        return -errno;
    return 0;
}

/* Links are never followed: what they point to is not the container's. */
static int label_tree(int dir, const char *name, const char *label)
{
    AUTO_CLOSE int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    int r = label_one(fd, &st, label);
    if (r < 0 || !S_ISDIR(st.st_mode))
        return r;
    int sub = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = sub < 0 ? NULL : fdopendir(sub);
    r = d ? 0 : -errno;
    for (struct dirent *e; r == 0 && (e = readdir(d));)
        if (!STR_IN(e->d_name, ".", ".."))
            r = label_tree(dirfd(d), e->d_name, label);
    if (d)
        closedir(d);
    return r;
}

int selinux_relabel(struct arena *a, const struct container_config *c, char *const *options,
                    const char *path, struct err *err)
{
    bool shared = strv_has(options, "z");

    if ((!shared && !strv_has(options, "Z")) || str_empty(c->mount_label) || !selinux_enabled())
        return 0;
    if (STR_IN(path, "/", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/home", "/root",
               "/var", "/boot", "/dev", "/proc", "/sys", "/run", "/tmp"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "SELinux relabeling of %s is not allowed", path);
    /* Shared among containers: without categories. */
    char *label = shared ? selinux_label(a, c->mount_label, "s0", NULL, true, err) : c->mount_label;
    int r = label ? label_tree(AT_FDCWD, path, label) : -EINVAL;
    return r < 0 && label ? err_sys(err, -r, "relabel failed \"%s\"", path) : r;
}

void selinux_label_file(const struct container_config *c, int dir, const char *name)
{
    if (!str_empty(c->mount_label) && selinux_enabled())
        (void)!label_tree(dir, name, c->mount_label);
}
