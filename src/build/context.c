/* Where the files come from: the context, the Containerfiles, what is left out.
 *
 * A tar on stdin, a URL and a git repository become directories of ours (build_tmp), which go with the build. */
#include <fcntl.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "build/build_priv.h"

#include "base/banned.h"

enum { IGNORE_FILE_MAX = 1 << 20, SNIFF = 512 };

int build_tmp(struct build *b, const char *what, char **ret, struct err *err)
{
    if (!b->scratch.id[0]) {
        int r = transient_make(b->e, b->a, &b->scratch, err);
        if (r < 0)
            return r;
    }
    *ret = arena_printf(b->a, "%s/%s-%zu", b->scratch.dir, what, b->n_tmp++);
    return mkdir(*ret, 0755) < 0 ? err_sys(err, errno, "making %s", *ret) : 0;
}

int build_run_tmp(struct build *b, const char *what, char **ret, struct err *err)
{
    char *dir, *top = NULL;
    int r = b->scratch.id[0] ? 0 : build_tmp(b, what, &dir, err);

    if (r == 0)
        top = arena_printf(b->a, "%s/containers/%s", engine_store(b->e)->runroot, b->scratch.id);
    if (r == 0 && (r = fs_mkdirs(AT_FDCWD, top, 0700)) < 0)
        return err_sys(err, -r, "making %s", top);
    *ret = arena_printf(b->a, "%s/%s-%zu", top, what, b->n_tmp++);
    return mkdir(*ret, 0700) < 0 ? err_sys(err, errno, "making %s", *ret) : 0;
}

/* ---------- archives ---------- */

bool build_is_archive(int fd)
{
    static const struct {
        size_t at, n;
        const char *magic;
    } kinds[] = {
        { 0, 2, "\x1f\x8b" },
        { 0, 3, "BZh" },
        { 0, 6,
          "\xfd"
          "7zXZ" },
        { 0, 4, "\x28\xb5\x2f\xfd" },
        { 257, 5, "ustar" },
    };
    char head[SNIFF];
    ssize_t n = pread(fd, head, sizeof(head), 0);

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (n >= (ssize_t)(kinds[i].at + kinds[i].n) &&
            memcmp(head + kinds[i].at, kinds[i].magic, kinds[i].n) == 0)
            return true;
    return false;
}

/* @fd, all of it, as a file that can be read again. */
static int spool(struct build *b, int fd, const char *name, char **ret_path, struct err *err)
{
    enum { CHUNK = 128 * 1024 };
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    char *dir;
    int r = build_tmp(b, "input", &dir, err);

    if (r < 0)
        return r;
    *ret_path = arena_printf(b->a, "%s/data", dir);
    AUTO_CLOSE int out = open(*ret_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return err_sys(err, errno, "making %s", *ret_path);
    for (;;) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? err_sys(err, errno, "reading %s", name) : 0;
        if ((r = write_all(out, chunk, (size_t)n)) < 0)
            return err_sys(err, -r, "writing %s", *ret_path);
    }
}

int build_unpack(struct build *b, int fd, const char *name, char **ret_dir, struct err *err)
{
    int r = build_tmp(b, "context", ret_dir, err);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(AT_FDCWD, *ret_dir);
    struct image_copy c = { .in = fd, .dir = dir, .out = -EBADF, .prefix = name };

    if (r < 0)
        return r;
    c.owners = (struct image_owners) { .fixed = true, .uid = geteuid(), .gid = getegid() };
    c.no_devices = true;
    c.rootless = engine_rootless(b->e);
    return dir < 0 ? err_sys(err, -dir, "opening %s", *ret_dir) : image_copy(&c, err);
}

int build_download(struct build *b, const char *url, char **ret_path, struct err *err)
{
    char *dir;
    int r = build_tmp(b, "download", &dir, err);

    if (r < 0)
        return r;
    *ret_path = arena_printf(b->a, "%s/data", dir);
    AUTO_CLOSE int fd = open(*ret_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? err_sys(err, errno, "making %s", *ret_path)
                  : image_download(url, fd, LIMIT_CONTEXT_BYTES, err);
}

bool build_is_url(const char *s)
{
    return str_starts(s, "http://") || str_starts(s, "https://");
}

/* ---------- git ---------- */

bool build_is_git(const char *s)
{
    AUTO_FREE char *base = xstrndup(s, strcspn(s, "#"));

    return str_starts(s, "git://") || str_starts(s, "git@") || str_starts(s, "ssh://") ||
           str_starts(s, "github.com/") || (build_is_url(s) && str_ends(base, ".git"));
}

static int git(struct build *b, const char *const *words, const char *url, struct err *err)
{
    char **argv = strv_add(b->a, NULL, "git");
    AUTO_BUF out = { .max = 1u << 20 }, complaint = { .max = 1u << 20 };

    for (; *words; words++)
        argv = strv_add(b->a, argv, *words);
    int r = proc_run(argv, NULL, "", &out, &complaint);
    if (r == -ENOENT)
        return err_set(err, ERR_UNSUPPORTED, ENOENT,
                       "%s is a git repository: install the program git, or clone it and give its "
                       "directory",
                       url);
    if (r != 0)
        return err_set(err, ERR_UNAVAILABLE, EIO, "cloning %s: %s", url,
                       complaint.data ? complaint.data : "git failed");
    return 0;
}

/* URL[#REF[:DIRECTORY]] */
int build_clone(struct build *b, const char *url, bool keep_git, char **ret_dir, struct err *err)
{
    char **part = strv_split(b->a, url, '#'), *dir, *ref = NULL, *sub = NULL;
    int r = build_tmp(b, "clone", &dir, err);

    if (r < 0)
        return r;
    if (part[1] && *part[1]) {
        char **f = strv_split(b->a, part[1], ':');
        ref = *f[0] ? f[0] : NULL;
        sub = f[1];
    }
    if ((ref && ref[0] == '-') || part[0][0] == '-')
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid git repository \"%s\"", url);
    const char *from = str_starts(part[0], "github.com/")
                           ? arena_printf(b->a, "https://%s", part[0])
                           : part[0];
    const char *fetch[] = { "-C",        dir,         "fetch", "-q",
                            "--depth=1", "--no-tags", from,    ref ? ref : "HEAD",
                            NULL };
    r = git(b, (const char *[]) { "init", "-q", dir, NULL }, url, err);
    if (r == 0)
        r = git(b, fetch, url, err);
    if (r == 0)
        r = git(b, (const char *[]) { "-C", dir, "checkout", "-q", "FETCH_HEAD", NULL }, url, err);
    if (r < 0)
        return r;
    *ret_dir = dir;
    AUTO_CLOSE int root = fs_open_dir(AT_FDCWD, dir);
    if (root >= 0 && !keep_git)
        (void)!fs_remove_tree(root, ".git");
    if (str_empty(sub))
        return 0;
    AUTO_CLOSE int there = fs_open_in_root(root, sub, O_PATH | O_DIRECTORY, 0);
    char fd[40], path[PATH_MAX];
    ssize_t n = there < 0 ? -1 : readlink(fd_path(there, fd, sizeof(fd)), path, sizeof(path) - 1);
    if (n < 0)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "%s has no directory %s", part[0], sub);
    *ret_dir = arena_strndup(b->a, path, (size_t)n);
    return 0;
}

/* ---------- the context ---------- */

/* A file that came from elsewhere: a tar is the context, anything else the Containerfile. */
static int take_file(struct build *b, const char *path, const char *name, struct err *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(err, errno, "opening %s", path);
    b->context.foreign = true;
    if (build_is_archive(fd))
        return build_unpack(b, fd, name, &b->context.dir, err);
    b->piped_file = arena_strdup(b->a, path);
    return build_tmp(b, "context", &b->context.dir, err);
}

static int find_context(struct build *b, struct err *err)
{
    const struct build_options *o = b->o;
    const char *what = o->context;
    char *path;
    int r;

    if (!what) {
        const char *slash = o->files ? strrchr(o->files[0], '/') : NULL;
        what = slash && !build_is_url(o->files[0])
                   ? arena_strndup(b->a, o->files[0], (size_t)(slash - o->files[0]) + 1)
                   : ".";
    }
    if (STR_EQ(what, "-")) {
        r = spool(b, o->in >= 0 ? o->in : STDIN_FILENO, "the context on stdin", &path, err);
        return r < 0 ? r : take_file(b, path, "-", err);
    }
    if (build_is_git(what)) {
        b->context.foreign = true;
        return build_clone(b, what, false, &b->context.dir, err);
    }
    if (build_is_url(what)) {
        r = build_download(b, what, &path, err);
        return r < 0 ? r : take_file(b, path, what, err);
    }
    AUTO_FREE char *abs = realpath(what, NULL);
    if (!abs)
        return err_sys(err, errno, "context must be a directory: \"%s\"", what);
    b->context.dir = arena_strdup(b->a, abs);
    return 0;
}

/* A file of the context, for us. */
static int read_in_context(struct build *b, const char *name, struct buf *text)
{
    if (!b->context.foreign)
        return fs_read_file(b->context.fd, name, text);
    AUTO_CLOSE int fd = fs_open_in_root(b->context.fd, name, O_RDONLY | O_NONBLOCK, 0);
    return fd < 0 ? fd : buf_read_fd(text, fd);
}

/* ---------- what is left out ---------- */

static int read_ignore(struct build *b, bool in_context, const char *path, struct err *err)
{
    AUTO_BUF text = { .max = IGNORE_FILE_MAX };
    int r = in_context ? read_in_context(b, path, &text) : fs_read_file(AT_FDCWD, path, &text);

    if (r < 0)
        return r == -ENOENT ? r : err_sys(err, -r, "reading %s", path);
    return ignore_parse(b->a, text.data ? text.data : "", &b->context.ignore, err);
}

static int find_ignore(struct build *b, struct err *err)
{
    static const char *const names[] = { ".containerignore", ".dockerignore" };
    const struct build_options *o = b->o;
    int r = -ENOENT;

    if (o->ignore_file) {
        r = read_ignore(b, false, o->ignore_file, err);
        return r == -ENOENT ? err_sys(err, ENOENT, "reading %s", o->ignore_file) : r;
    }
    for (size_t i = 0; r == -ENOENT && b->first_file && i < ARRAY_SIZE(names); i++)
        r = read_ignore(b, false, arena_printf(b->a, "%s%s", b->first_file, names[i]), err);
    for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(names); i++)
        r = read_ignore(b, true, names[i], err);
    return r == -ENOENT ? 0 : r;
}

int context_open(struct build *b, struct err *err)
{
    int r = find_context(b, err);

    if (r < 0)
        return r;
    b->context.fd = fs_open_dir(AT_FDCWD, b->context.dir);
    return b->context.fd < 0
               ? err_sys(err, -b->context.fd, "context must be a directory: \"%s\"", b->context.dir)
               : 0;
}

/* ---------- Containerfiles ---------- */

static int preprocess(struct build *b, const char *path, struct buf *text, struct err *err)
{
    AUTO_BUF out = { .max = CONTAINERFILE_MAX }, complaint = { .max = 1u << 20 };
    char **argv = strv_add(b->a, NULL, "cpp");

    argv = strv_add(b->a, argv, "-E");
    argv = strv_add(b->a, argv, "-P");
    argv = strv_add(b->a, argv, "-iquote");
    argv = strv_add(b->a, argv, b->context.dir);
    argv = strv_add(b->a, argv, "-traditional");
    argv = strv_add(b->a, argv, "-undef");
    argv = strv_concat(b->a, argv, b->o->cpp_flags);
    argv = strv_add(b->a, argv, "-");
    int r = proc_run(argv, NULL, text->data ? text->data : "", &out, &complaint);
    if (r == -ENOENT)
        return err_set(err, ERR_UNSUPPORTED, ENOENT,
                       "%s ends with .in: it needs the program cpp, which is not installed", path);
    if (r < 0)
        return err_sys(err, -r, "running cpp");
    if (r > 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "cpp %s: %s", path,
                       complaint.data ? complaint.data : "failed");
    buf_reset(text);
    buf_puts(text, out.data ? out.data : "");
    return 0;
}

static int parse_text(struct build *b, const struct buf *text, const char *name,
                      cf_instructions *ret, struct err *err)
{
    struct containerfile file = { 0 };
    int r = containerfile_parse(b->a, text->data ? text->data : "", text->len, name, &file, err);

    if (r < 0)
        return r;
    if (!ret->n)
        b->escape = file.escape;
    for (size_t i = 0; i < file.items.n; i++)
        *LIST_ADD(b->a, *ret) = file.items.items[i];
    return 0;
}

/* Beside us, or in the context. */
static int read_named(struct build *b, const char *path, struct buf *text, struct err *err)
{
    int r = fs_read_file(AT_FDCWD, path, text);

    if (r == 0)
        b->first_file = b->first_file ? b->first_file : arena_strdup(b->a, path);
    else if (r == -ENOENT && path[0] != '/')
        r = read_in_context(b, path, text);
    if (r == -EISDIR)
        return err_set(err, ERR_BAD_PARAM, EISDIR,
                       "containerfile: \"%s\" cannot be path to a directory", path);
    if (r == -ENOENT)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "the specified Containerfile or Dockerfile does not exist, %s: no such file "
                       "or directory",
                       path);
    return r < 0 ? err_sys(err, -r, "reading %s", path) : 0;
}

static int one_file(struct build *b, const char *path, cf_instructions *ret, struct err *err)
{
    AUTO_BUF text = { .max = CONTAINERFILE_MAX };
    char *got;
    int r;

    if (STR_EQ(path, "-")) {
        r = buf_read_fd(&text, b->o->in >= 0 ? b->o->in : STDIN_FILENO);
        if (r < 0)
            return err_sys(err, -r, "reading the Containerfile on stdin");
    } else if (build_is_url(path)) {
        r = build_download(b, path, &got, err);
        if (r == 0 && (r = fs_read_file(AT_FDCWD, got, &text)) < 0)
            return err_sys(err, -r, "reading %s", path);
    } else
        r = read_named(b, path, &text, err);
    if (r == 0 && str_ends(path, ".in"))
        r = preprocess(b, path, &text, err);
    return r < 0 ? r : parse_text(b, &text, path, ret, err);
}

static int usual_file(struct build *b, cf_instructions *ret, struct err *err)
{
    static const char *const names[] = { "Containerfile", "Dockerfile" };

    if (b->piped_file)
        return one_file(b, b->piped_file, ret, err);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO_BUF text = { .max = CONTAINERFILE_MAX };
        int r = read_in_context(b, names[i], &text);
        if (r == -ENOENT)
            continue;
        return r < 0 ? err_sys(err, -r, "reading %s/%s", b->context.dir, names[i])
                     : parse_text(b, &text, names[i], ret, err);
    }
    return err_set(err, ERR_NOT_FOUND, ENOENT,
                   "no Containerfile or Dockerfile specified or found in context directory, %s: no "
                   "such file or directory",
                   b->context.dir);
}

int context_instructions(struct build *b, cf_instructions *ret, struct err *err)
{
    int r = 0;

    if (!b->o->files)
        r = usual_file(b, ret, err);
    for (char **f = b->o->files; r == 0 && f && *f; f++)
        r = one_file(b, *f, ret, err);
    return r < 0 ? r : find_ignore(b, err);
}
