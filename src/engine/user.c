#include <inttypes.h>
#include <sys/sysmacros.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

/* Who the container's process is
 *
 * Names are those of the container's own /etc/passwd and /etc/group.  Before the container runs its root
 * file system is not mounted anywhere, so the files are looked for in the writable layer and then in each
 * layer from the top, as the overlay will: the first that has the name decides, and a whiteout (a 0/0
 * device) ends the search. */

void account_files_done(struct account_files *f)
{
    buf_done(&f->passwd);
    buf_done(&f->group);
}

/* 1 found, 0 look below, negative errno (-ENODATA: whited out). */
static int read_from(int root, const char *path, struct buf *b)
{
    AUTO_CLOSE int fd = fs_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat st;

    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    if (fd == -ENXIO) /* what opening a whiteout gives */
        return -ENODATA;
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISCHR(st.st_mode))
        return -ENODATA;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    int r = buf_read_fd(b, fd);
    return r < 0 ? r : 1;
}

static void read_layers(char *const *dirs, const char *path, struct buf *b)
{
    int r = 0;

    for (; dirs && *dirs && r == 0; dirs++) {
        AUTO_CLOSE int fd = fs_open_dir(AT_FDCWD, *dirs);
        if (fd >= 0)
            r = read_from(fd, path, b);
    }
    if (r < 0)
        buf_reset(b);
}

/* Splits the next line into at most 7 fields; false at the end. */
static bool next_entry(char **text, char *f[7], size_t *n)
{
    char *line = *text;

    if (!line || !*line)
        return false;
    size_t len = strcspn(line, "\n");
    *text = line[len] ? line + len + 1 : line + len;
    line[len] = '\0';
    *n = 0;
    for (char *p = line; *n < 7;) {
        f[(*n)++] = p;
        p = strchr(p, ':');
        if (!p)
            break;
        *p++ = '\0';
    }
    return true;
}

/* By name or by number; fills uid, gid and the name. */
static bool find_user(char *passwd, const char *user, bool numeric, struct oci_user *ret,
                      char **ret_name, struct arena *a)
{
    char *f[7];
    size_t n;
    uint32_t uid, gid;

    while (next_entry(&passwd, f, &n)) {
        if (n < 4 || parse_u32(f[2], &uid) < 0 || parse_u32(f[3], &gid) < 0)
            continue;
        if (numeric ? uid == ret->uid : STR_EQ(f[0], user)) {
            ret->uid = uid;
            ret->gid = gid;
            *ret_name = arena_strdup(a, f[0]);
            return true;
        }
    }
    return false;
}

static bool find_group(char *group, const char *name, uint32_t *ret)
{
    char *f[7];
    size_t n;

    while (next_entry(&group, f, &n))
        if (n >= 3 && STR_EQ(f[0], name) && parse_u32(f[2], ret) == 0)
            return true;
    return false;
}

static void add_gid(struct arena *a, struct oci_user *u, uint32_t gid)
{
    for (size_t i = 0; i < u->additional_gids.n; i++)
        if (u->additional_gids.items[i] == gid)
            return;
    *LIST_ADD(a, u->additional_gids) = gid;
}

/* The groups that list the user as a member. */
static void add_memberships(struct arena *a, char *group, const char *name, struct oci_user *u)
{
    char *f[7];
    size_t n;
    uint32_t gid;

    while (next_entry(&group, f, &n)) {
        if (n < 4 || parse_u32(f[2], &gid) < 0)
            continue;
        for (char *m = f[3]; *m;) {
            size_t len = strcspn(m, ",");
            if (strlen(name) == len && strncmp(m, name, len) == 0)
                add_gid(a, u, gid);
            m += len + (m[len] == ',');
        }
    }
}

static int resolve(struct arena *a, struct account_files *files, const char *user,
                   char *const *extra, struct oci_user *ret, struct err *err)
{
    const char *colon = strchrnul(str_empty(user) ? "0" : user, ':');
    char *who = arena_strndup(a, str_empty(user) ? "0" : user,
                              (size_t)(colon - (str_empty(user) ? "0" : user)));
    const char *group = *colon ? colon + 1 : "";
    /* Each search eats its text: give it a copy. */
#define COPY(buf) ((buf).data ? arena_strndup(a, (buf).data, (buf).len) : NULL)
    char *name = NULL;
    bool numeric = parse_u32(who, &ret->uid) == 0;
    bool found = find_user(COPY(files->passwd), who, numeric, ret, &name, a);

    if (!found && !numeric)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "unable to find user %s: no matching entries in passwd file", who);
    if (*group) {
        if (parse_u32(group, &ret->gid) < 0 && !find_group(COPY(files->group), group, &ret->gid))
            return err_set(err, ERR_NOT_FOUND, ENOENT,
                           "unable to find group %s: no matching entries in group file", group);
    } else if (name)
        add_memberships(a, COPY(files->group), name, ret);
    for (; extra && *extra; extra++) {
        uint32_t gid;
        if (STR_EQ(*extra, "keep-groups")) /* no group is set at all: the runtime's part */
            continue;
        if (parse_u32(*extra, &gid) < 0 && !find_group(COPY(files->group), *extra, &gid))
            return err_set(err, ERR_NOT_FOUND, ENOENT,
                           "unable to find group %s: no matching entries in group file", *extra);
        add_gid(a, ret, gid);
    }
#undef COPY
    return 0;
}

bool account_known(const struct buf *file, uint32_t id)
{
    AUTO_FREE char *copy = file->data ? xstrndup(file->data, file->len) : NULL;
    char *text = copy, *f[7];
    size_t n;
    uint32_t each;

    while (next_entry(&text, f, &n))
        if (n >= 3 && parse_u32(f[2], &each) == 0 && each == id)
            return true;
    return false;
}

int account_files_read(struct engine *e, struct arena *a, const struct container_config *c,
                       char *const *lower, struct account_files *files, struct err *err)
{
    char **dirs = NULL;

    if (c->rootfs && !c->rootfs_overlay)
        dirs = strv_add(a, dirs, c->rootfs);
    else {
        dirs = strv_add(a, dirs, arena_printf(a, "%s/upper", container_bundle(e, a, c->id)));
        dirs = strv_concat(a, dirs, lower);
    }
    read_layers(dirs, "etc/passwd", &files->passwd);
    read_layers(dirs, "etc/group", &files->group);
    return accounts_add_host_users(a, c, files, err);
}

/* Only numbers: no file has to be read on the start path.  Root always counts as known. */
static bool needs_no_files(const char *user, char *const *groups)
{
    return (str_empty(user) || STR_EQ(user, "0") || STR_EQ(user, "root") || STR_EQ(user, "0:0")) &&
           !(groups && *groups);
}

int user_lookup(struct engine *e, struct arena *a, const struct container_config *c,
                char *const *lower, const char *user, struct oci_user *ret, struct err *err)
{
    if (needs_no_files(user, c->groups) && (str_empty(user) || STR_EQ(user, "0:0")) &&
        !c->host_users)
        return 0;
    CLEANUP(account_files_done)
    struct account_files files = { { .max = LIMIT_PASSWD_FILE }, { .max = LIMIT_PASSWD_FILE } };
    int r = account_files_read(e, a, c, lower, &files, err);
    if (r < 0)
        return r;
    if (!files.passwd.data && user && STR_IN(user, "root", "0"))
        return 0;
    return resolve(a, &files, user, c->groups, ret, err);
}

int user_lookup_running(struct arena *a, pid_t pid, const char *user, char *const *groups,
                        struct oci_user *ret, struct err *err)
{
    CLEANUP(account_files_done)
    struct account_files files = { { .max = LIMIT_PASSWD_FILE }, { .max = LIMIT_PASSWD_FILE } };
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
    AUTO_CLOSE int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return err_sys(err, errno, "opening the container's root");
    (void)!read_from(root, "etc/passwd", &files.passwd);
    (void)!read_from(root, "etc/group", &files.group);
    return resolve(a, &files, user, groups, ret, err);
}
