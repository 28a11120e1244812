#include "engine/quadlets.h"

#include <fnmatch.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/engine_priv.h"
#include "engine/rootless.h"
#include "image/assemble.h"
#include "quadlet/quadlet.h"
#include "supervise/units.h"

#include "base/banned.h"

/* ---------- where they are ---------- */

static int connect_manager(struct sd_bus **ret, struct err *err)
{
    AUTO_FREE char *socket = systemd_socket(rootless_is());

    return units_connect(socket, ret, err);
}

/* The rows of ".X.app" and ".X.asset" files of a directory: which file belongs to which list. */
struct listing {
    const char *dir, *file; /* ".web.app" */
    char **names;
};
struct listings {
    struct listing *items;
    size_t n;
};

static void add_listing(struct arena *a, struct listings *all, const char *dir, const char *file)
{
    AUTO_BUF text = { .max = LIMIT_UNIT_FILE };
    struct listing l = { .dir = dir, .file = arena_strdup(a, file) };

    if (fs_read_file(AT_FDCWD, arena_printf(a, "%s/%s", dir, file), &text) < 0 || !text.len)
        return;
    for (char **names = strv_split(a, text.data, '\n'); *names; names++)
        if (**names && !strchr(*names, '/') && !STR_IN(*names, ".", ".."))
            l.names = strv_add(a, l.names, *names);
    all->items = arena_grow(a, all->items, all->n, sizeof(l));
    all->items[all->n++] = l;
}

static struct listings read_listings(struct arena *a, char *const *dirs)
{
    struct listings all = { 0 };

    for (; dirs && *dirs; dirs++) {
        DIR *d = fs_open_list(AT_FDCWD, *dirs);
        for (const struct dirent *e; d && (e = readdir(d));)
            if (e->d_name[0] == '.' &&
                (str_ends(e->d_name, ".app") || str_ends(e->d_name, ".asset")))
                add_listing(a, &all, *dirs, e->d_name);
        if (d)
            closedir(d);
    }
    return all;
}

static const struct listing *listing_of(const struct listings *all, const char *name,
                                        const char *suffix)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_ends(all->items[i].file, suffix) && strv_has(all->items[i].names, name))
            return &all->items[i];
    return NULL;
}

/* ---------- list ---------- */

static bool matches(const struct quadlet_row *row, const char *filter)
{
    const char *value = strchr(filter, '=') + 1;

    if (str_starts(filter, "name="))
        return fnmatch(value, row->name, 0) == 0;
    return STR_EQ(value, str_starts(filter, "pod=") ? row->pod : row->status);
}

static int check_filters(char *const *filters, struct err *err)
{
    for (; filters && *filters; filters++) {
        const char *eq = strchr(*filters, '=');
        if (!eq)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "invalid filter \"%s\": it has to be KEY=VALUE", *filters);
        if (!str_starts(*filters, "name=") && !str_starts(*filters, "status=") &&
            !str_starts(*filters, "pod="))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%.*s is not a valid quadlet filter",
                           (int)(eq - *filters), *filters);
    }
    return 0;
}

static struct quadlet_row row_of(struct arena *a, const struct quadlet *q,
                                 const struct listings *apps, struct sd_bus *bus)
{
    const struct listing *app = listing_of(apps, q->file, ".app");
    const char *pod = unit_last(a, &q->unit, "Container", "Pod");
    struct quadlet_row row = {
        .name = q->file,
        .unit_name = arena_printf(a, "%s.service", q->service),
        .path = q->path,
        .app = app ? app->file : "",
        .pod = pod ? pod : "",
    };
    row.status = bus ? units_state(bus, a, row.unit_name) : "Not loaded";
    return row;
}

int quadlets_list(struct arena *a, char *const *filters, struct quadlet_list *ret, struct err *err)
{
    char **dirs = quadlet_dirs(a, rootless_is());
    struct listings apps = read_listings(a, dirs);
    struct quadlets set;
    AUTO_UNITS bus = NULL;

    int r = check_filters(filters, err);
    if (r < 0)
        return r;
    (void)!connect_manager(&bus, NULL); /* without it nothing is loaded */
    quadlets_load(a, dirs, rootless_is(), &set);
    for (size_t i = 0; i < set.count; i++) {
        struct quadlet_row row = row_of(a, set.all[i], &apps, bus);
        bool wanted = true;
        for (char *const *f = filters; f && *f; f++)
            wanted = wanted && matches(&row, *f);
        if (!wanted)
            continue;
        ret->items = arena_grow(a, ret->items, ret->n, sizeof(row));
        ret->items[ret->n++] = row;
    }
    return 0;
}

json_t *quadlet_document(const struct quadlet_row *q)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "Name", q->name, "UnitName", q->unit_name, "Path",
                     q->path, "Status", q->status, "App", q->app, "Pod", q->pod);
}

/* ---------- print ---------- */

static int find_one(struct arena *a, const char *name, struct quadlets *set, struct quadlet **ret,
                    struct err *err)
{
    quadlets_load(a, quadlet_dirs(a, rootless_is()), rootless_is(), set);
    *ret = quadlets_find(set, name);
    return *ret ? 0
                : err_set(err, ERR_NOT_FOUND, ENOENT,
                          "could not locate quadlet \"%s\" in any supported quadlet directory",
                          name);
}

int quadlets_print(struct arena *a, const char *name, struct buf *out, struct err *err)
{
    struct quadlets set;
    struct quadlet *q;

    int r = find_one(a, name, &set, &q, err);
    if (r == 0)
        r = fs_read_file(AT_FDCWD, q->path, out);
    return r < 0 && q ? err_sys(err, -r, "reading %s", q->path) : r;
}

/* ---------- install ---------- */

/* What will be written, before the first byte of it is. */
struct file {
    const char *name;
    const char *data;
    size_t len;
};
struct batch {
    struct arena *a;
    struct file *files;
    size_t n;
    const char *listing; /* ".web.app", ".web.container.asset"; NULL: none */
};

static int add_file(struct batch *b, const char *name, const char *data, size_t len,
                    struct err *err)
{
    enum quadlet_kind kind;
    struct unit u = { 0 };

    if (!*name || name[0] == '.' || strchr(name, '/') || strpbrk(name, "\n\r"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" cannot be the name of a quadlet", name);
    for (size_t i = 0; i < b->n; i++)
        if (STR_EQ(b->files[i].name, name))
            return err_set(err, ERR_CONFLICT, EEXIST, "%s comes twice", name);
    /* What the generator could not read is not installed. */
    int r = quadlet_kind_of(name, &kind) ? unit_parse(b->a, &u, data, len, name, err) : 0;
    if (r < 0)
        return r;
    b->files = arena_grow(b->a, b->files, b->n, sizeof(*b->files));
    b->files[b->n++] = (struct file) { arena_strdup(b->a, name), arena_strndup(b->a, data, len),
                                       len };
    return 0;
}

static bool is_url(const char *path)
{
    return str_starts(path, "http://") || str_starts(path, "https://");
}

static int read_source(const char *path, struct buf *out, struct err *err)
{
    int r = 0;

    if (!is_url(path)) {
        r = fs_read_file(AT_FDCWD, path, out);
        return r < 0 ? err_sys(err, -r, "reading %s", path) : 0;
    }
    AUTO_CLOSE int fd = memfd_create("quadlet", MFD_CLOEXEC);
    if (fd < 0)
        return err_sys(err, errno, "making a place for %s", path);
    r = image_download(path, fd, LIMIT_QUADLET_FILE, err);
    if (r < 0)
        return r;
    r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : buf_read_fd(out, fd);
    return r < 0 ? err_sys(err, -r, "reading %s", path) : 0;
}

static const char *base_name(struct arena *a, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    path = arena_strndup(a, path, n);
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int add_path(struct batch *b, const char *path, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_QUADLET_FILE };
    const char *name = base_name(b->a, path);
    int r = read_source(path, &text, err);

    if (r == 0 && is_url(path))
        name = arena_strndup(b->a, name, strcspn(name, "?#"));
    return r < 0 ? r : add_file(b, name, text.len ? text.data : "", text.len, err);
}

/* One of a file of several: its first lines say its name, its section the kind. */
static int add_part(struct batch *b, const char *text, size_t len, const char *from,
                    struct err *err)
{
    static const char mark[] = "# FileName=";
    char *part = arena_strndup(b->a, text, len);
    const char *at = strstr(part, mark);

    if (part[strspn(part, " \t\r\n")] == '\0')
        return 0;
    if (!at)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "%s: each quadlet in it needs a line \"# FileName=<name>\"", from);
    const char *name = at + strlen(mark);
    name = arena_strndup(b->a, name, strcspn(name, " \t\r\n"));
    struct unit u = { 0 };
    int r = unit_parse(b->a, &u, part, len, from, err);
    for (size_t i = 0; r == 0 && i < u.count; i++) {
        enum quadlet_kind kind;
        char *file = arena_printf(b->a, "%s.%s", name, u.sections[i].name);
        for (char *p = strrchr(file, '.'); *p; p++)
            *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        if (quadlet_kind_of(file, &kind))
            return add_file(b, file, part, len, err);
    }
    return r < 0 ? r
                 : err_set(err, ERR_BAD_PARAM, EINVAL, "%s: %s has no section of a quadlet", from,
                           name);
}

/* X.quadlets: several in one file, parted by lines of "---". */
static int add_parts(struct batch *b, const char *path, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_QUADLET_FILE };
    const char *name = base_name(b->a, path);
    int r = read_source(path, &text, err);
    const char *part = text.len ? text.data : "", *line = part;

    while (r == 0) {
        size_t n = strcspn(line, "\n");
        bool end = line[n] == '\0';
        if (end || (n >= 3 && strncmp(line, "---", 3) == 0 && strspn(line + 3, " \t\r") == n - 3)) {
            const char *stop = end ? line + n : line;
            r = add_part(b, part, (size_t)(stop - part), path, err);
            part = line + n + !end;
        }
        if (end)
            break;
        line += n + 1;
    }
    b->listing = arena_printf(b->a, ".%.*s.app", (int)(strlen(name) - strlen(".quadlets")), name);
    return r;
}

static int add_directory(struct batch *b, const char *path, struct err *err)
{
    AUTO_FREE char *real = realpath(path, NULL);
    DIR *d = fs_open_list(AT_FDCWD, path);
    int r = d && real ? 0 : err_sys(err, errno, "reading %s", path);
    size_t quadlets = 0;

    for (const struct dirent *e; r == 0 && (e = readdir(d));) {
        enum quadlet_kind kind;
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, 0) < 0)
            continue;
        if (!S_ISREG(st.st_mode)) {
            log_warn("%s/%s is not a file: it is not installed", path, e->d_name);
            continue;
        }
        quadlets += quadlet_kind_of(e->d_name, &kind);
        r = add_path(b, arena_printf(b->a, "%s/%s", path, e->d_name), err);
    }
    if (d)
        closedir(d);
    if (r == 0 && quadlets == 0)
        r = err_set(err, ERR_BAD_PARAM, EINVAL, "no quadlet in directory %s", path);
    if (r == 0)
        b->listing = arena_printf(b->a, ".%s.app", base_name(b->a, real));
    return r;
}

static int collect(struct batch *b, char *const *paths, struct err *err)
{
    enum quadlet_kind kind;
    struct stat st;
    int r;

    if (stat(paths[0], &st) == 0 && S_ISDIR(st.st_mode)) {
        r = add_directory(b, paths[0], err);
    } else if (str_ends(paths[0], ".quadlets")) {
        r = add_parts(b, paths[0], err);
    } else {
        r = add_path(b, paths[0], err);
        if (r == 0 && !quadlet_kind_of(b->files[0].name, &kind))
            r = err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" is not a supported Quadlet file type",
                        b->files[0].name);
        if (r == 0 && paths[1])
            b->listing = arena_printf(b->a, ".%s.asset", b->files[0].name);
    }
    for (size_t i = 1; r == 0 && paths[i]; i++)
        r = add_path(b, paths[i], err);
    return r;
}

static int refuse_taken(const struct batch *b, int dir, const char *where, struct err *err)
{
    for (size_t i = 0; i < b->n; i++)
        if (faccessat(dir, b->files[i].name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return err_set(err, ERR_CONFLICT, EEXIST,
                           "a Quadlet with name %s already exists, refusing to overwrite (in %s; "
                           "--replace does)",
                           b->files[i].name, where);
    return 0;
}

/* The list first: whatever is there of it after a crash can be removed by its name. */
static int write_batch(const struct batch *b, int dir, struct err *err)
{
    AUTO_BUF names = { 0 };
    size_t first = b->listing && str_ends(b->listing, ".asset") ? 1 : 0;

    for (size_t i = first; i < b->n; i++)
        buf_printf(&names, "%s\n", b->files[i].name);
    int r = b->listing ? fs_replace(dir, b->listing, names.data, names.len, 0644, FS_SYNC) : 0;
    for (size_t i = 0; r == 0 && i < b->n; i++)
        r = fs_replace(dir, b->files[i].name, b->files[i].data, b->files[i].len, 0644, FS_SYNC);
    return r < 0 ? err_sys(err, -r, "writing quadlets") : 0;
}

static int reload(struct err *err)
{
    AUTO_UNITS bus = NULL;
    struct err why = { 0 };
    int r = connect_manager(&bus, &why);

    if (r == -ENOENT) { /* a container, another init: what is installed waits for it */
        log_warn("%s: it will read the quadlets when it starts", why.msg);
        return 0;
    }
    return r < 0 ? err_set(err, why.kind, -r, "%s", why.msg) : units_reload(bus, err);
}

int quadlets_install(struct arena *a, const struct quadlets_install *o, char ***ret,
                     struct err *err)
{
    const char *where = quadlet_install_dir(a, rootless_is());
    struct batch b = { .a = a };

    if (!where)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "neither HOME nor XDG_CONFIG_HOME is set");
    int r = collect(&b, o->paths, err);
    if (r < 0)
        return r;
    r = fs_mkdirs(AT_FDCWD, where, 0755);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(AT_FDCWD, where);
    if (dir < 0)
        return err_sys(err, -dir, "opening %s", where);
    r = o->replace ? 0 : refuse_taken(&b, dir, where, err);
    if (r == 0)
        r = write_batch(&b, dir, err);
    for (size_t i = 0; r == 0 && i < b.n; i++) {
        enum quadlet_kind kind;
        if (quadlet_kind_of(b.files[i].name, &kind))
            *ret = strv_add(a, *ret, arena_printf(a, "%s/%s", where, b.files[i].name));
    }
    return r == 0 && o->reload ? reload(err) : r;
}

/* ---------- remove ---------- */

struct removal {
    struct arena *a;
    const struct quadlets_remove *o;
    struct quadlets set;
    struct listings lists;
    struct sd_bus *bus;
    char ***removed;
};

static int stop_running(struct removal *x, const struct quadlet *q, struct err *err)
{
    const char *service = arena_printf(x->a, "%s.service", q->service);
    const char *state = x->bus ? units_state(x->bus, x->a, service) : "";

    if (!str_starts(state, "active/") && !str_starts(state, "activating/"))
        return 0;
    if (!x->o->force)
        return err_set(err, ERR_STATE, EBUSY,
                       "quadlet %s is running and force is not set, refusing to remove", q->file);
    return units_stop(x->bus, service, err);
}

static int unlink_one(const char *path, struct err *err)
{
    return unlink(path) < 0 && errno != ENOENT ? err_sys(err, errno, "removing %s", path) : 0;
}

/* The quadlets among a list's files are stopped, then all files go, then the list. */
static int remove_listing(struct removal *x, const struct listing *l, struct err *err)
{
    for (size_t i = 0; l->names && l->names[i]; i++) {
        const struct quadlet *q = quadlets_find(&x->set, l->names[i]);
        int r = q ? stop_running(x, q, err) : 0;
        if (r < 0)
            return r;
    }
    for (size_t i = 0; l->names && l->names[i]; i++) {
        enum quadlet_kind kind;
        int r = unlink_one(arena_printf(x->a, "%s/%s", l->dir, l->names[i]), err);
        if (r < 0)
            return r;
        if (quadlet_kind_of(l->names[i], &kind))
            *x->removed = strv_add(x->a, *x->removed, l->names[i]);
    }
    return unlink_one(arena_printf(x->a, "%s/%s", l->dir, l->file), err);
}

static int remove_one(struct removal *x, const char *name, struct err *err)
{
    for (size_t i = 0; i < x->lists.n; i++)
        if (STR_EQ(x->lists.items[i].file, name))
            return remove_listing(x, &x->lists.items[i], err);
    const struct listing *app = listing_of(&x->lists, name, ".app");
    if (app)
        return strv_has(*x->removed, name) ? 0 : remove_listing(x, app, err);
    const struct quadlet *q = quadlets_find(&x->set, name);
    if (!q)
        return x->o->ignore ? 0
                            : err_set(err, ERR_NOT_FOUND, ENOENT, "no such quadlet: \"%s\"", name);
    int r = stop_running(x, q, err);
    const char *assets = arena_printf(x->a, ".%s.asset", name);
    for (size_t i = 0; r == 0 && i < x->lists.n; i++)
        if (STR_EQ(x->lists.items[i].file, assets))
            r = remove_listing(x, &x->lists.items[i], err);
    if (r == 0)
        r = unlink_one(q->path, err);
    if (r == 0)
        *x->removed = strv_add(x->a, *x->removed, name);
    return r;
}

int quadlets_remove(struct arena *a, const struct quadlets_remove *o, char ***ret, struct err *err)
{
    char **dirs = quadlet_dirs(a, rootless_is()), **names = strv_copy(a, o->names);
    struct removal x = { .a = a, .o = o, .removed = ret, .lists = read_listings(a, dirs) };
    AUTO_UNITS bus = NULL;
    int first = 0;

    (void)!connect_manager(&bus, NULL);
    x.bus = bus;
    quadlets_load(a, dirs, rootless_is(), &x.set);
    for (size_t i = 0; o->all && i < x.set.count; i++)
        names = strv_add(a, names, x.set.all[i]->file);
    for (size_t i = 0; names && names[i]; i++) {
        struct err why = { 0 };
        int r = remove_one(&x, names[i], &why);
        if (r < 0 && first < 0)
            log_error("%s", why.msg);
        else if (r < 0)
            first = err_set(err, why.kind, -r, "%s", why.msg);
    }
    if (o->reload && *ret) {
        struct err why = { 0 };
        int r = reload(&why);
        if (r < 0 && first == 0)
            first = err_set(err, why.kind, -r, "%s", why.msg);
    }
    return first;
}
