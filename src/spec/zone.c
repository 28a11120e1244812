#include "spec/zone.h"

#include <ctype.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/lock.h"

#include "base/banned.h"

enum { NAME_LEN_MAX = 253, ADDRESSES_MAX = 64 };

/* @name in lower case into @out, unless it cannot be a host's name.  What passes cannot be "..", hidden or have
 * a slash: it is a file's name now. */
static bool file_name(const char *name, char out[NAME_LEN_MAX + 1])
{
    size_t n = strlen(name);

    if (n == 0 || n > NAME_LEN_MAX || name[0] == '.')
        return false;
    for (size_t i = 0; i <= n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c && !isalnum(c) && c != '-' && c != '_' && c != '.')
            return false;
        out[i] = (char)tolower(c);
    }
    return true;
}

static bool is_address(const char *s)
{
    return *s && strlen(s) < 64 && strspn(s, "0123456789abcdef:.") == strlen(s) && s[0] != '.';
}

/* A link is replaced by another in one step: readers see the old or the new one. */
static int replace_link(int dir, const char *name, const char *target)
{
    char tmp[320];

    if (symlinkat(target, dir, name) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    snprintf(tmp, sizeof(tmp), ".%s.%d", name, (int)getpid());
    (void)!unlinkat(dir, tmp, 0);
    if (symlinkat(target, dir, tmp) < 0)
        return -errno;
    if (renameat(dir, tmp, dir, name) == 0)
        return 0;
    int r = -errno;
    (void)!unlinkat(dir, tmp, 0);
    return r;
}

static int add_name(int names, const char *id, const char *name, const char *target)
{
    char file[NAME_LEN_MAX + 1];

    if (!file_name(name, file))
        return 0;
    for (int tries = 0;; tries++) {
        if (mkdirat(names, file, 0711) < 0 && errno != EEXIST)
            return -errno;
        AUTO_CLOSE int dir = fs_open_dir(names, file);
        int r = dir < 0 ? dir : replace_link(dir, id, target);
        if (r != -ENOENT ||
            tries == 10) /* somebody took the empty directory away between the steps */
            return r;
    }
}

int zone_add(int run, const char *network, const char *id, char *const *names,
             char *const *addresses, struct err *err)
{
    char path[512];
    AUTO_ARENA a = { 0 };
    char *target = strv_join(&a, addresses, ",");
    int r = 0;

    snprintf(path, sizeof(path), "dns/%s/names", network);
    r = fs_mkdirs(run, path, 0711);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(run, path);
    snprintf(path, sizeof(path), "dns/%s/addresses", network);
    if (dir >= 0)
        r = fs_mkdirs(run, path, 0711);
    AUTO_CLOSE int addrs = r < 0 || dir < 0 ? -EBADF : fs_open_dir(run, path);
    if (dir < 0 || addrs < 0)
        return err_sys(err, r < 0 ? -r : EIO, "making the name directory of network %s", network);
    for (char *const *n = names; r == 0 && n && *n; n++)
        r = add_name(dir, id, *n, target);
    for (char *const *p = addresses; r == 0 && p && *p; p++)
        if (is_address(*p) && names && names[0])
            r = replace_link(addrs, *p, arena_printf(&a, "%s,%s", id, names[0]));
    return r < 0 ? err_sys(err, -r, "entering the names of container %s on network %s", id, network)
                 : 0;
}

static bool link_text(int dir, const char *name, char *out, size_t size)
{
    ssize_t n = readlinkat(dir, name, out, size);

    if (n < 0 || (size_t)n >= size)
        return false;
    out[n] = '\0';
    return true;
}

void zone_remove(int run, const char *network, const char *id, char *const *names,
                 char *const *addresses)
{
    char path[1024], file[NAME_LEN_MAX + 1], text[512];

    for (char *const *n = names; n && *n; n++) {
        if (!file_name(*n, file))
            continue;
        snprintf(path, sizeof(path), "dns/%s/names/%s/%s", network, file, id);
        (void)!unlinkat(run, path, 0);
        snprintf(path, sizeof(path), "dns/%s/names/%s", network, file);
        (void)!unlinkat(run, path, AT_REMOVEDIR); /* unless others have the name too */
    }
    for (char *const *p = addresses; p && *p; p++) {
        if (!is_address(*p))
            continue;
        snprintf(path, sizeof(path), "dns/%s/addresses/%s", network, *p);
        /* The address may be another's by now. */
        if (link_text(run, path, text, sizeof(text)) && str_starts(text, id))
            (void)!unlinkat(run, path, 0);
    }
}

int zone_drop(int run, const char *network)
{
    char path[512];

    snprintf(path, sizeof(path), "dns/%s", network);
    return fs_remove_tree(run, path);
}

static bool lives(int run, const char *id)
{
    char path[128];

    if (strlen(id) != 64)
        return false;
    snprintf(path, sizeof(path), "containers/%s", id);
    AUTO_CLOSE int dir = openat(run, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return dir >= 0 && lock_is_held(dir, "alive");
}

char **zone_lookup(int run, struct arena *a, const char *network, const char *name)
{
    char path[1024], file[NAME_LEN_MAX + 1], text[ADDRESSES_MAX * 46];
    char **found = NULL;

    if (!file_name(name, file))
        return NULL;
    snprintf(path, sizeof(path), "dns/%s/names/%s", network, file);
    DIR *d = fs_open_list(run, path);
    if (!d)
        return NULL;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.' || !lives(run, e->d_name) ||
            !link_text(dirfd(d), e->d_name, text, sizeof(text)))
            continue;
        found = strv_concat(a, found, strv_split(a, text, ','));
    }
    closedir(d);
    return found;
}

char *zone_reverse(int run, struct arena *a, const char *network, const char *address)
{
    char path[512], text[512];

    if (!is_address(address))
        return NULL;
    snprintf(path, sizeof(path), "dns/%s/addresses/%s", network, address);
    if (!link_text(run, path, text, sizeof(text)) || strlen(text) < 66 || text[64] != ',')
        return NULL;
    text[64] = '\0';
    return lives(run, text) ? arena_strdup(a, text + 65) : NULL;
}
