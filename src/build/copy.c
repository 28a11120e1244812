/* COPY and ADD.
 *
 * Preparing finds the sources and digests what they hold, for the cache; applying copies.  Both walk the same way:
 * what .containerignore or --exclude leaves out is not there, and a directory that is left out but holds something
 * taken back is made when that is come to.  The destination is only touched through openat2(RESOLVE_IN_ROOT). */
#include <dirent.h>
#include <fcntl.h>
#include <strings.h>

#include "base/copytree.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "build/build_priv.h"
#include "build/cache.h"
#include "build/words.h"
#include "engine/options.h"

#include "base/banned.h"

enum { DEPTH_MAX = 200 };

struct copy_source {
    int root;   /* of what is copied from */
    char *path; /* below it; "": all of it */
    char *as; /* what it is called at the destination: its last name, or with --parents its path */
    bool dir; /* its contents are copied */
    bool remote; /* came from elsewhere: belongs to nobody, is not unpacked */
};

struct copy_job {
    JSON_LIST(struct copy_source) sources;
    struct ignore exclude;
    const struct ignore *ignored; /* NULL: nothing */
    char *dest, *chown;
    int root; /* of --from, or the context's; owned when it is of --from */
    bool from, add;
    bool has_mode, keep_owner, parents;
    bool into; /* the destination is a directory */
    uint32_t mode, uid, gid;
    size_t entries;
    JSON_LIST(int) opened; /* roots that are this instruction's own */
    struct sha256 sha;
    struct hash_memo *memo;
};

/* ---------- walking ---------- */

struct walk {
    struct copy_job *job;
    struct arena *a;
    const struct copy_source *src;
    size_t skip; /* of a path, what leads to the source */
    int (*tell)(struct walk *w, int dir, const char *name, const char *rel, const struct stat *st);
    void *arg;
    struct err *err;
};

/* A directory on the way down; told when something in it is taken, or at once. */
struct level {
    struct level *up;
    int dir;
    const char *name, *rel;
    struct stat st;
    bool told;
    int depth;
};

static int tell_level(struct walk *w, struct level *l)
{
    if (!l || l->told)
        return 0;
    int r = tell_level(w, l->up);
    l->told = true;
    return r < 0 ? r : w->tell(w, l->dir, l->name, l->rel, &l->st);
}

static int compare_names(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* Sorted, so that a digest does not depend on the file system. */
static int list_dir(struct arena *a, int fd, char ***ret)
{
    DIR *d = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    char **names = NULL;

    if (!d)
        return -errno;
    rewinddir(d);
    for (struct dirent *e; (e = readdir(d));)
        if (!STR_IN(e->d_name, ".", ".."))
            names = strv_add(a, names, e->d_name);
    closedir(d);
    if (names)
        qsort(names, strv_len(names), sizeof(*names), compare_names);
    *ret = names;
    return 0;
}

static const char *below(const struct walk *w, const char *path)
{
    const char *rel = path + w->skip;

    return rel + (*rel == '/');
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool left_out(const struct walk *w, const char *path, bool *ret_deeper)
{
    const struct copy_job *job = w->job;
    bool ignored = job->ignored && !w->src->remote && ignore_matches(job->ignored, path);
    const char *rel = below(w, path);
    bool excluded = ignore_matches(&job->exclude, *rel ? rel : base_name(path));

    *ret_deeper = (ignored ? job->ignored->exceptions : true) &&
                  (excluded ? job->exclude.exceptions : true);
    return ignored || excluded;
}

static int walk_dir(struct walk *w, int fd, const char *path, struct level *up);

static int walk_entry(struct walk *w, int dir, const char *name, const char *path, struct level *up)
{
    struct level here = {
        .up = up, .dir = dir, .name = name, .rel = below(w, path), .depth = up ? up->depth + 1 : 0
    };
    bool deeper, out = left_out(w, path, &deeper);

    if (fstatat(dir, name, &here.st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(w->err, errno, "looking at %s", path);
    bool is_dir = S_ISDIR(here.st.st_mode);
    if (out && !(is_dir && deeper))
        return 0;
    if (++w->job->entries > LIMIT_TAR_ENTRIES || here.depth > DEPTH_MAX)
        return err_set(w->err, ERR_TOO_BIG, EFBIG, "%s: too many files, or too deep", path);
    int r = out ? 0 : tell_level(w, &here);
    if (r < 0 || !is_dir)
        return r;
    AUTO_CLOSE int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return sub < 0 ? err_sys(w->err, errno, "opening %s", path) : walk_dir(w, sub, path, &here);
}

static int walk_dir(struct walk *w, int fd, const char *path, struct level *up)
{
    AUTO_ARENA a = { 0 };
    char **names;
    int r = list_dir(&a, fd, &names);

    if (r < 0)
        return err_sys(w->err, -r, "reading %s", *path ? path : "/");
    for (; r == 0 && names && *names; names++)
        r = walk_entry(w, fd, *names, *path ? arena_printf(&a, "%s/%s", path, *names) : *names, up);
    return r;
}

static char *above(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return arena_strdup(a, ".");
    return arena_strndup(a, path, slash == path ? 1 : (size_t)(slash - path));
}

/* A directory's contents, or one file, which is told under the name "". */
static int walk_source(struct walk *w)
{
    const struct copy_source *src = w->src;

    w->skip = strlen(src->path);
    if (!src->dir) {
        AUTO_CLOSE int dir = fs_open_in_root(src->root, above(w->a, src->path),
                                             O_RDONLY | O_DIRECTORY, 0);
        return dir < 0 ? err_sys(w->err, -dir, "opening %s", src->path)
                       : walk_entry(w, dir, base_name(src->path), src->path, NULL);
    }
    AUTO_CLOSE int dir = fs_open_in_root(src->root, *src->path ? src->path : ".",
                                         O_RDONLY | O_DIRECTORY, 0);
    return dir < 0 ? err_sys(w->err, -dir, "opening %s", src->path)
                   : walk_dir(w, dir, src->path, NULL);
}

/* ---------- finding sources ---------- */

static int missing(struct step *s, const char *name)
{
    const struct build *b = s->st->b;
    const char *from = cf_flag(s->in, "from");

    return err_set(s->err, ERR_NOT_FOUND, ENOENT,
                   "checking on sources under \"%s\": copier: stat: \"/%s\": no such file or "
                   "directory",
                   from ? from : b->context.dir, name);
}

/* Links are followed inside the root: what is copied is what they lead to. */
static int add_found(struct step *s, int root, const char *path, bool remote)
{
    struct arena *a = s->st->b->a;
    struct copy_job *job = s->copy;
    struct stat st;
    char fd_name[40], real[PATH_MAX], top[PATH_MAX];
    AUTO_CLOSE int fd = fs_open_in_root(root, *path ? path : ".", O_PATH, 0);

    if (fd < 0)
        return fd == -ENOENT || fd == -ENOTDIR ? missing(s, path)
                                               : err_sys(s->err, -fd, "opening %s", path);
    if (fstat(fd, &st) < 0)
        return err_sys(s->err, errno, "looking at %s", path);
    /* Where the links led, below the root. */
    ssize_t n = readlink(fd_path(fd, fd_name, sizeof(fd_name)), real, sizeof(real) - 1);
    ssize_t m = readlink(fd_path(root, fd_name, sizeof(fd_name)), top, sizeof(top) - 1);
    const char *found = path;
    if (n > 0 && m > 0) {
        real[n] = top[m] = '\0';
        size_t len = STR_EQ(top, "/") ? 0 : (size_t)m;
        if (strncmp(real, top, len) == 0 && (real[len] == '/' || !real[len]))
            found = real + len + (real[len] == '/');
    }
    struct copy_source *src = LIST_ADD(a, job->sources);
    *src = (struct copy_source) { .root = root,
                                  .path = arena_strdup(a, found),
                                  .as = arena_strdup(a, job->parents ? path : base_name(path)),
                                  .dir = S_ISDIR(st.st_mode),
                                  .remote = remote };
    return 0;
}

static int glob_dir(struct step *s, int root, const char *done, char *const *rest, size_t *n);

static int glob_next(struct step *s, int root, const char *path, char *const *rest, size_t *n)
{
    bool deeper, out;
    struct walk w = { .job = s->copy, .src = &(struct copy_source) { .path = (char[]) { 0 } } };

    if (rest[1])
        return glob_dir(s, root, path, rest + 1, n);
    out = s->copy->ignored && left_out(&w, path, &deeper) && !deeper;
    if (out)
        return 0;
    (*n)++;
    return add_found(s, root, path, false);
}

static int glob_dir(struct step *s, int root, const char *done, char *const *rest, size_t *n)
{
    struct arena *a = s->st->b->a;
    char **names;
    int r;

    if (!strpbrk(*rest, "*?[\\")) {
        char *path = *done ? arena_printf(a, "%s/%s", done, *rest) : *rest;
        AUTO_CLOSE int there = fs_open_in_root(root, path, O_PATH, 0);
        return there < 0 ? 0 : glob_next(s, root, path, rest, n);
    }
    AUTO_CLOSE int dir = fs_open_in_root(root, *done ? done : ".", O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0)
        return 0;
    if ((r = list_dir(a, dir, &names)) < 0)
        return err_sys(s->err, -r, "reading %s", done);
    for (; r == 0 && names && *names; names++)
        if (ignore_glob(*rest, *names))
            r = glob_next(s, root, *done ? arena_printf(a, "%s/%s", done, *names) : *names, rest,
                          n);
    return r;
}

static int add_path(struct step *s, int root, const char *text)
{
    struct arena *a = s->st->b->a;
    bool pivot = s->copy->parents && strstr(text, "/./");
    const char *clean = path_clean(a, arena_printf(a, "/%s", text)) + 1;
    size_t n = 0, from = s->copy->sources.n;
    int r;

    if (!strpbrk(clean, "*?[")) {
        const struct ignore *ig = s->copy->ignored;
        if (ig && !ig->exceptions && ignore_matches(ig, clean))
            return err_set(s->err, ERR_NOT_FOUND, ENOENT,
                           "no items matching glob \"%s/%s\" copied (1 filtered out using the "
                           "ignore file): no such file or directory",
                           s->st->b->context.dir, clean);
        r = add_found(s, root, clean, false);
    } else {
        r = glob_dir(s, root, "", strv_split(a, clean, '/'), &n);
        if (r == 0 && !n)
            return missing(s, clean);
    }
    /* a/./b/c: what stands before the dot is not kept. */
    for (size_t i = from; r == 0 && pivot && i < s->copy->sources.n; i++) {
        struct copy_source *src = &s->copy->sources.items[i];
        const char *before = path_clean(
            a, arena_printf(a, "/%.*s", (int)(strstr(text, "/./") - text), text));
        if (str_starts(src->as, before + 1))
            src->as += strlen(before);
    }
    return r;
}

static int add_dir(struct step *s, const char *dir, const char *path, const char *as)
{
    int root = fs_open_dir(AT_FDCWD, dir);

    if (root < 0)
        return err_sys(s->err, -root, "opening %s", dir);
    *LIST_ADD(s->st->b->a, s->copy->opened) = root;
    int r = add_found(s, root, path, true);
    if (r == 0)
        s->copy->sources.items[s->copy->sources.n - 1].as = arena_strdup(s->st->b->a, as);
    return r;
}

static int check_sum(struct step *s, int fd, const char *url)
{
    const char *want = cf_flag(s->in, "checksum");
    char hex[SHA256_HEX], *expanded;
    struct sha256 sha;

    if (!want)
        return 0;
    int r = stage_expand(s->st, want, &expanded, s->err);
    if (r < 0)
        return r;
    if (!str_starts(expanded, "sha256:"))
        return step_wrong(s, "invalid checksum \"%s\": only sha256:HEX is known", expanded);
    sha256_init(&sha);
    if ((r = digest_file(&sha, fd)) < 0)
        return err_sys(s->err, -r, "reading what %s has", url);
    if (strcasecmp(sha256_hex(&sha, hex), expanded + 7) != 0)
        return step_wrong(s, "unexpected response digest for \"%s\": sha256:%s, want %s", url, hex,
                          expanded);
    return 0;
}

static int add_url(struct step *s, const char *url)
{
    struct build *b = s->st->b;
    char *path, *clean = arena_strndup(b->a, url, strcspn(url, "?#"));
    const char *name = base_name(clean);
    int r = build_download(b, url, &path, s->err);

    if (r < 0)
        return r;
    if (!*name && str_ends(s->copy->dest, "/"))
        return step_wrong(s, "cannot determine a file name for %s: give the destination one", url);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    r = fd < 0 ? err_sys(s->err, errno, "opening %s", path) : check_sum(s, fd, url);
    return r < 0 ? r : add_dir(s, above(b->a, path), base_name(path), name);
}

static int add_git(struct step *s, const char *url)
{
    char *dir;
    int r = build_clone(s->st->b, url, cf_has_flag(s->in, "keep-git-dir"), &dir, s->err);

    return r < 0 ? r : add_dir(s, dir, "", "");
}

static int add_heredoc(struct step *s, const struct cf_heredoc *h)
{
    struct build *b = s->st->b;
    char *dir, *text = h->content;
    int r = build_tmp(b, "heredoc", &dir, s->err);

    if (r == 0 && h->expand)
        r = cf_expand_text(b->a, h->content, b->escape, stage_lookup, s->st, &text, s->err);
    AUTO_CLOSE int fd = r < 0 ? r : fs_open_dir(AT_FDCWD, dir);
    if (r < 0)
        return r;
    if (fd < 0 || (r = fs_replace(fd, h->name, text, strlen(text), 0644, FS_NOSYNC)) < 0)
        return err_sys(s->err, fd < 0 ? -fd : -r, "writing the heredoc %s", h->name);
    return add_dir(s, dir, h->name, h->name);
}

static int add_sources(struct step *s, char *const *words, size_t n)
{
    size_t heredoc = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (str_starts(words[i], "<<") && heredoc < s->in->heredocs.n)
            r = add_heredoc(s, &s->in->heredocs.items[heredoc++]);
        else if (s->copy->add && build_is_git(words[i]))
            r = add_git(s, words[i]);
        else if (s->copy->add && build_is_url(words[i]))
            r = add_url(s, words[i]);
        else if (cf_flag(s->in, "checksum"))
            r = step_wrong(s, "checksum flag is not supported for local sources");
        else
            r = add_path(s, s->copy->root, words[i]);
    }
    return r;
}

void copy_done(struct step *s)
{
    for (size_t i = 0; s->copy && i < s->copy->opened.n; i++)
        close(s->copy->opened.items[i]);
    s->copy = NULL;
}

/* ---------- preparing ---------- */

static int digest_tell(struct walk *w, int dir, const char *name, const char *rel,
                       const struct stat *st)
{
    (void)st;
    return digest_entry(&w->job->sha, w->job->memo, dir, name, rel, w->err);
}

static int digest_sources(struct step *s, char hex[SHA256_HEX])
{
    struct copy_job *job = s->copy;
    int r = 0;

    sha256_init(&job->sha);
    if (!s->st->b->memo)
        s->st->b->memo = hash_memo_open(engine_store(s->st->b->e));
    job->memo = s->st->b->memo;
    for (size_t i = 0; r == 0 && i < job->sources.n; i++) {
        const struct copy_source *src = &job->sources.items[i];
        struct walk w = {
            .job = job, .a = s->st->b->a, .src = src, .tell = digest_tell, .err = s->err
        };
        if (!src->dir || job->parents)
            sha256_add(&job->sha, src->as, strlen(src->as) + 1);
        r = walk_source(&w);
    }
    sha256_hex(&job->sha, hex);
    return r;
}

int copy_digest(struct step *s, int root, const char *path, char hex[SHA256_HEX])
{
    struct copy_job job = { .root = root };

    s->copy = &job;
    int r = add_found(s, root, path, true);
    if (r == 0)
        r = digest_sources(s, hex);
    s->copy = NULL;
    return r;
}

static int take_flags(struct step *s)
{
    struct build *b = s->st->b;
    struct copy_job *job = s->copy;
    const char *chmod = cf_flag(s->in, "chmod"), *chown = cf_flag(s->in, "chown");
    char *text;
    int r = chown ? stage_expand(s->st, chown, &job->chown, s->err) : 0;

    if (r == 0 && chmod) {
        r = stage_expand(s->st, chmod, &text, s->err);
        if (r == 0 && parse_octal(text, 07777, &job->mode) < 0)
            r = step_wrong(s,
                           "invalid chmod parameter: '%s'. it should be octal string and between "
                           "0 and 07777",
                           text);
        job->has_mode = true;
    }
    for (size_t i = 0; r == 0 && i < s->in->flags.n; i++) {
        if (!STR_EQ(s->in->flags.items[i].name, "exclude"))
            continue;
        r = stage_expand(s->st, s->in->flags.items[i].value, &text, s->err);
        if (r == 0)
            r = ignore_add(b->a, text, &job->exclude, s->err);
    }
    return r;
}

/* Whatever is copied from: the context, or --from. */
static int open_from(struct step *s, char **ret_key)
{
    struct stage *st = s->st;
    struct copy_job *job = s->copy;
    const char *from = cf_flag(s->in, "from");
    char *name, **dirs = NULL;

    job->root = st->b->context.fd;
    if (!from) {
        job->ignored = &st->b->context.ignore;
        return 0;
    }
    int r = stage_expand(st, from, &name, s->err);
    if (r == 0)
        r = from_dirs(st, name, &dirs, ret_key, s->err);
    if (r < 0)
        return r;
    if (!dirs || !*dirs)
        return step_wrong(s, "%s is empty: there is nothing to copy", name);
    job->from = true;
    job->keep_owner = *ret_key != NULL;
    job->root = transient_view(st->b->e, dirs, s->err);
    if (job->root >= 0)
        *LIST_ADD(st->b->a, job->opened) = job->root;
    return MIN(job->root, 0);
}

/* The history tells what was copied; what comes from an image or a stage is told by that. */
static void describe(struct step *s, const char *hex)
{
    const struct copy_job *job = s->copy;
    struct arena *a = s->st->b->a;
    const char *kind = job->sources.n != 1 ? "multi" : job->sources.items[0].dir ? "dir" : "file";

    if (hex)
        s->created_by = arena_printf(
            a, "/bin/sh -c #(nop) %s%s %s:%s in %s ", cf_command_names[s->in->command],
            cf_has_flag(s->in, "link") ? " --link" : "", kind, hex, job->dest);
    else
        s->created_by = arena_printf(a, "/bin/sh -c #(nop) %s", s->in->original);
}

int copy_prepare(struct step *s)
{
    struct build *b = s->st->b;
    struct copy_job *job = s->copy = arena_alloc(b->a, sizeof(*job));
    char **words, *key = NULL, hex[SHA256_HEX];
    int r = stage_words(s, &words);
    size_t n = strv_len(words);

    *job = (struct copy_job) { .root = -EBADF,
                               .add = s->in->command == CF_ADD,
                               .parents = cf_has_flag(s->in, "parents") };
    if (r < 0)
        return r;
    if (n < 2)
        return step_wrong(s,
                          "%s requires at least two arguments, but only one was provided. "
                          "Destination could not be determined",
                          cf_command_names[s->in->command]);
    job->dest = words[n - 1];
    s->layer = true;
    if ((r = take_flags(s)) < 0 || (r = open_from(s, &key)) < 0 ||
        (r = add_sources(s, words, n - 1)) < 0)
        return r;
    if (!key && (r = digest_sources(s, hex)) < 0)
        return r;
    s->key_more = arena_printf(
        b->a, "%s\x1f%s\x1f%s\x1f%s\x1f%d\x1f%o\x1f%s", key ? key : "",
        strv_join(b->a, words, "\x1e"), s->in->original, job->chown ? job->chown : "",
        job->has_mode, job->mode,
        str_empty(s->st->config.config.working_dir) ? "/" : s->st->config.config.working_dir);
    describe(s, key ? NULL : hex);
    return 0;
}

/* ---------- copying ---------- */

struct placing {
    int root;         /* of the stage */
    const char *base; /* where the source's names begin */
};

static void fix_owner(const struct copy_job *job, struct stat *st)
{
    if (job->chown || !job->keep_owner) {
        st->st_uid = job->uid;
        st->st_gid = job->gid;
    }
    if (job->has_mode && !S_ISLNK(st->st_mode))
        st->st_mode = (st->st_mode & S_IFMT) | job->mode;
}

static int place_dir(struct walk *w, const char *path, const struct stat *st)
{
    const struct placing *p = w->arg;
    char self[40];
    AUTO_CLOSE int fd = fs_mkdirs_in_root(p->root, path, 0755);

    if (fd < 0)
        return err_sys(w->err, -fd, "making %s", path);
    fd_path(fd, self, sizeof(self));
    if (chown(self, st->st_uid, st->st_gid) < 0 || chmod(self, st->st_mode & 07777) < 0)
        return err_sys(w->err, errno, "setting owner and mode of %s", path);
    return 0;
}

static int place_file(struct walk *w, int dir, const char *name, const char *path,
                      const struct stat *st)
{
    const struct placing *p = w->arg;
    const char *as = base_name(path);
    AUTO_ARENA a = { 0 };
    AUTO_CLOSE int to = fs_open_in_root(p->root, above(&a, path), O_RDONLY | O_DIRECTORY, 0);

    if (to < 0)
        return err_sys(w->err, -to, "opening the directory of %s", path);
    if (unlinkat(to, as, 0) < 0 && errno != ENOENT)
        return err_set(w->err, ERR_CONFLICT, errno, "%s is a directory: a file cannot replace it",
                       path);
    int r = copy_node(dir, name, to, as, st);
    return r < 0 ? err_sys(w->err, -r, "copying %s to %s", name, path) : 0;
}

static int place_tell(struct walk *w, int dir, const char *name, const char *rel,
                      const struct stat *st)
{
    const struct placing *p = w->arg;
    struct stat as = *st;
    AUTO_ARENA a = { 0 };
    const char *path = *rel ? arena_printf(&a, "%s/%s", p->base, rel) : p->base;

    fix_owner(w->job, &as);
    return S_ISDIR(st->st_mode) ? place_dir(w, path, &as) : place_file(w, dir, name, path, &as);
}

/* mkdir -p; what is new belongs to --chown's user. */
static int make_dirs(struct step *s, int root, const char *path)
{
    const struct copy_job *job = s->copy;
    AUTO_ARENA a = { 0 };

    for (const char *end = path; *end;) {
        end = strchrnul(end + 1, '/');
        char *part = arena_strndup(&a, path, (size_t)(end - path)), self[40];
        AUTO_CLOSE int there = fs_open_in_root(root, part, O_PATH | O_DIRECTORY, 0);
        if (there >= 0)
            continue;
        mode_t mask = umask(022);
        AUTO_CLOSE int fd = fs_mkdirs_in_root(root, part, 0755);
        umask(mask);
        if (fd < 0 || chown(fd_path(fd, self, sizeof(self)), job->uid, job->gid) < 0)
            return err_sys(s->err, fd < 0 ? -fd : errno, "making the directory %s", part);
    }
    return 0;
}

/* A tar that ADD unpacks: 1, or 0 when it is none after all. */
static int unpack(struct step *s, int root, const struct copy_source *src, const char *dest)
{
    AUTO_CLOSE int fd = fs_open_in_root(src->root, src->path, O_RDONLY | O_NONBLOCK, 0);
    struct err wrong = { 0 };

    if (fd < 0 || !build_is_archive(fd))
        return 0;
    int r = make_dirs(s, root, dest);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_in_root(root, dest, O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0)
        return r < 0 ? r : err_sys(s->err, -dir, "opening %s", dest);
    struct image_copy c = { .in = fd, .dir = dir, .out = -EBADF, .prefix = dest };
    c.owners = (struct image_owners) { .fixed = s->copy->chown != NULL,
                                       .uid = s->copy->uid,
                                       .gid = s->copy->gid };
    c.overwrite = true;
    c.rootless = engine_rootless(s->st->b->e);
    r = image_copy(&c, &wrong);
    if (r == 0)
        return 1;
    if (strstr(wrong.msg, "must be a (compressed) tar archive"))
        return 0;
    if (s->err)
        *s->err = wrong;
    return r;
}

static int place_source(struct step *s, int root, const struct copy_source *src, const char *dest)
{
    struct copy_job *job = s->copy;
    struct arena *a = s->st->b->a;
    bool named = !src->dir || job->parents;
    struct placing p = { .root = root, .base = dest };
    struct walk w = {
        .job = job, .a = a, .src = src, .tell = place_tell, .arg = &p, .err = s->err
    };

    if (job->add && !src->dir && !src->remote) {
        int r = unpack(s, root, src, dest);
        if (r != 0)
            return MIN(r, 0);
    }
    if (named && job->into)
        p.base = arena_printf(a, "%s/%s", STR_EQ(dest, "/") ? "" : dest, src->as);
    else if (STR_EQ(dest, "/"))
        p.base = "";
    const char *dir = src->dir ? (*p.base ? p.base : "/") : above(a, p.base);
    int r = make_dirs(s, root, *dir ? dir : "/");
    return r < 0 ? r : walk_source(&w);
}

static char *destination(struct step *s)
{
    struct arena *a = s->st->b->a;
    const char *dest = s->copy->dest, *cwd = s->st->config.config.working_dir;

    return path_clean(
        a, dest[0] == '/' ? dest : arena_printf(a, "%s/%s", str_empty(cwd) ? "/" : cwd, dest));
}

int copy_apply(struct step *s)
{
    struct stage *st = s->st;
    struct build *b = st->b;
    struct copy_job *job = s->copy;
    char *dest = destination(s);
    int r = stage_work(st, s->err);

    if (r == 0 && job->chown)
        r = transient_user(b->e, b->a, &st->work, job->chown, &job->uid, &job->gid, s->err);
    int root = r < 0 ? r : transient_root(b->e, b->a, &st->work, s->err);
    if (root < 0)
        return root;
    AUTO_CLOSE int there = fs_open_in_root(root, dest, O_PATH | O_DIRECTORY, 0);
    job->into = there >= 0 || job->sources.n > 1 || job->parents || str_ends(job->dest, "/") ||
                str_ends(job->dest, "/.") || STR_EQ(job->dest, ".");
    if (job->sources.n > 1 && !str_ends(job->dest, "/") && !STR_IN(job->dest, ".", "..") &&
        !str_ends(job->dest, "/.") && there < 0)
        return step_wrong(s,
                          "adding multiple sources to non-directory destination \"%s\": it must "
                          "be a directory and end with a /",
                          job->dest);
    mode_t mask = umask(0);
    for (size_t i = 0; r == 0 && i < job->sources.n; i++)
        r = place_source(s, root, &job->sources.items[i], dest);
    umask(mask);
    return r;
}
