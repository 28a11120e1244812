#include "image/mod/tar_read.h"

#include <sys/stat.h>

#include "base/limits.h"
#include "image/mod/ceiling.h"
#include "base/parse.h"

#include "base/banned.h"

/* How an archive is read
 *
 * A record is 512 bytes.  Extension headers (pax 'x', GNU 'L' and 'K') stand before the header that
 * they describe and are collected in `pax`; 'g' sets defaults for all that follow, of which only
 * times, owners and the like can sensibly be global.  `left` counts stored bytes of the current entry
 * that nobody took yet and `pad` the filler after them. */

enum { BLOCK = 512 };
#define LIMIT_TAR_META (1u << 20) /* bytes of one pax header or long name */

/* What extension headers said about the next entry. */
struct pax {
    char *path, *link;
    int64_t size, mtime, uid, gid; /* -1: not given (mtime: INT64_MIN) */
    struct tar_xattr *xattrs, **last_xattr;
    int64_t sparse_major, sparse_minor, sparse_size;
    char *sparse_name;
    struct tar_extent *extents;
    size_t n_extents;
    int64_t pending_offset; /* of sparse format 0.0: offset seen, length to come */
};

struct tar_reader {
    struct tar_source src;
    struct arena arena; /* of the current entry */
    struct pax pax, global;
    int64_t left, pad, total;
    int64_t entries, ceiling;
    int extensions; /* headers before the current entry */
};

static void pax_init(struct pax *p)
{
    *p = (struct pax) { .size = -1,
                        .mtime = INT64_MIN,
                        .uid = -1,
                        .gid = -1,
                        .sparse_major = -1,
                        .sparse_minor = -1,
                        .sparse_size = -1,
                        .pending_offset = -1 };
}

struct tar_reader *tar_reader_new(const struct tar_source *src)
{
    struct tar_reader *t = xcalloc(1, sizeof(*t));

    t->src = *src;
    t->ceiling = ceiling_entries();
    pax_init(&t->global);
    return t;
}

struct tar_reader *tar_reader_free(struct tar_reader *t)
{
    if (t) {
        arena_done(&t->arena);
        free(t);
    }
    return NULL;
}

static int bad(struct err *err, const char *why)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid tar archive: %s", why);
}

static void advance(struct tar_reader *t, size_t n)
{
    t->src.advance(t->src.arg, n);
    t->total += (int64_t)n;
}

/* Copies exactly @len bytes; the count that was there, so 0 is a clean end. */
static ssize_t take(struct tar_reader *t, char *out, size_t len, struct err *err)
{
    size_t got = 0;

    while (got < len) {
        const char *p;
        size_t n;
        int r = t->src.peek(t->src.arg, &p, &n, err);
        if (r < 0)
            return r;
        if (!n)
            break;
        n = MIN(n, len - got);
        memcpy(out + got, p, n);
        advance(t, n);
        got += n;
    }
    return (ssize_t)got;
}

static int skip(struct tar_reader *t, int64_t len, struct err *err)
{
    if (t->src.skip && len > 0) {
        t->total += len;
        return t->src.skip(t->src.arg, len, err);
    }
    while (len > 0) {
        const char *p;
        size_t n;
        int r = t->src.peek(t->src.arg, &p, &n, err);
        if (r < 0)
            return r;
        if (!n)
            return bad(err, "unexpected end of file");
        n = (size_t)MIN((int64_t)n, len);
        advance(t, n);
        len -= (int64_t)n;
    }
    return 0;
}

/* A number field: octal text, or base-256 when the first bit is set.  0 or -errno. */
static int number(const char *field, size_t len, int64_t *ret)
{
    const unsigned char *p = (const unsigned char *)field;
    uint64_t v = 0;

    if (p[0] & 0x80) {
        bool negative = p[0] & 0x40;
        v = negative ? UINT64_MAX : 0;
        for (size_t i = 0; i < len; i++) {
            unsigned char c = i == 0 ? (unsigned char)(negative ? p[0] : p[0] & 0x7f) : p[i];
            if (len - i > 8) { /* the bytes that do not fit must be sign only */
                if (c != (negative ? 0xff : 0))
                    return -ERANGE;
                continue;
            }
            v = v << 8 | c;
        }
        if (((int64_t)v < 0) != negative)
            return -ERANGE;
        *ret = (int64_t)v;
        return 0;
    }
    size_t i = 0;
    while (i < len && (p[i] == ' ' || p[i] == '\0'))
        i++;
    for (; i < len && p[i] >= '0' && p[i] <= '7'; i++) {
        if (v >> 60)
            return -ERANGE;
        v = v << 3 | (uint64_t)(p[i] - '0');
    }
    if (i < len && p[i] != ' ' && p[i] != '\0')
        return -EINVAL;
    *ret = (int64_t)v;
    return 0;
}

static bool checksum_ok(const char *h)
{
    int64_t want, is_unsigned = 0, is_signed = 0;

    if (number(h + 148, 8, &want) < 0)
        return false;
    for (int i = 0; i < BLOCK; i++) {
        char c = i >= 148 && i < 156 ? ' ' : h[i];
        is_unsigned += (unsigned char)c;
        is_signed += (signed char)c;
    }
    return want == is_unsigned || want == is_signed;
}

static bool is_zero(const char *h)
{
    for (int i = 0; i < BLOCK; i++)
        if (h[i])
            return false;
    return true;
}

/* ---------- pax ---------- */

/* "1234567890.123456789", with any number of digits behind the point. */
static int pax_time(const char *s, int64_t *ret)
{
    int64_t sec, frac = 0, unit = NSEC_PER_SEC / 10;
    AUTO_FREE char *whole = xstrndup(s, strcspn(s, "."));
    const char *f = s + strlen(whole);

    int r = parse_i64(whole, -9000000000LL, 9000000000LL, &sec);
    if (r < 0)
        return r;
    if (*f == '.')
        for (f++; *f; f++, unit /= 10) {
            if (*f < '0' || *f > '9')
                return -EINVAL;
            frac += (*f - '0') * unit;
        }
    *ret = sec * NSEC_PER_SEC + (whole[0] == '-' ? -frac : frac);
    return 0;
}

static int add_extent(struct arena *a, struct pax *p, int64_t offset, int64_t len)
{
    const struct tar_extent *prev = p->n_extents ? &p->extents[p->n_extents - 1] : NULL;
    int64_t end;

    if (offset < 0 || len < 0 || __builtin_add_overflow(offset, len, &end) ||
        (prev && offset < prev->offset + prev->len) || p->n_extents > 1000000)
        return -EINVAL;
    size_t n = p->n_extents;
    if ((n & (n + 1)) == 0) { /* doubles as strv_add() does */
        struct tar_extent *grown = arena_alloc(a, (2 * n + 1) * sizeof(*grown));
        if (n)
            memcpy(grown, p->extents, n * sizeof(*grown));
        p->extents = grown;
    }
    p->extents[p->n_extents++] = (struct tar_extent) { offset, len };
    return 0;
}

/* Sparse format 0.1: "offset,length,offset,length". */
static int sparse_map(struct arena *a, struct pax *p, const char *s)
{
    char **v = strv_split(a, s, ',');
    int64_t offset, len;

    for (; *v; v += 2)
        if (!v[1] || parse_i64(v[0], 0, INT64_MAX, &offset) < 0 ||
            parse_i64(v[1], 0, INT64_MAX, &len) < 0 || add_extent(a, p, offset, len) < 0)
            return -EINVAL;
    return 0;
}

static int pax_sparse(struct arena *a, struct pax *p, const char *key, const char *val)
{
    int64_t n;

    if (STR_EQ(key, "name")) {
        p->sparse_name = arena_strdup(a, val);
        return 0;
    }
    if (STR_EQ(key, "map"))
        return sparse_map(a, p, val);
    if (parse_i64(val, 0, INT64_MAX, &n) < 0)
        return -EINVAL;
    if (STR_EQ(key, "major"))
        p->sparse_major = n;
    else if (STR_EQ(key, "minor"))
        p->sparse_minor = n;
    else if (STR_EQ(key, "realsize") || STR_EQ(key, "size"))
        p->sparse_size = n;
    else if (STR_EQ(key, "offset"))
        p->pending_offset = n;
    else if (STR_EQ(key, "numbytes")) {
        int r = p->pending_offset < 0 ? -EINVAL : add_extent(a, p, p->pending_offset, n);
        p->pending_offset = -1;
        return r;
    }
    return 0;
}

static void pax_xattr(struct arena *a, struct pax *p, const char *name, const char *val, size_t len)
{
    struct tar_xattr *x = arena_alloc(a, sizeof(*x));

    x->name = arena_strdup(a, name);
    x->value = arena_strndup(a, val, len);
    x->len = len;
    if (!p->last_xattr)
        p->last_xattr = &p->xattrs;
    *p->last_xattr = x;
    p->last_xattr = &x->next;
}

static int pax_record(struct arena *a, struct pax *p, const char *key, const char *val, size_t len)
{
    static const char xattr[] = "SCHILY.xattr.", sparse[] = "GNU.sparse.";

    if (str_starts(key, xattr)) {
        pax_xattr(a, p, key + sizeof(xattr) - 1, val, len);
        return 0;
    }
    if (strlen(val) != len)
        return -EINVAL; /* a NUL in a name would be cut silently */
    if (STR_EQ(key, "path"))
        p->path = arena_strdup(a, val);
    else if (STR_EQ(key, "linkpath"))
        p->link = arena_strdup(a, val);
    else if (STR_EQ(key, "size"))
        return parse_i64(val, 0, INT64_MAX, &p->size);
    else if (STR_EQ(key, "uid"))
        return parse_i64(val, 0, UINT32_MAX, &p->uid);
    else if (STR_EQ(key, "gid"))
        return parse_i64(val, 0, UINT32_MAX, &p->gid);
    else if (STR_EQ(key, "mtime"))
        return pax_time(val, &p->mtime);
    else if (str_starts(key, sparse))
        return pax_sparse(a, p, key + sizeof(sparse) - 1, val);
    return 0;
}

/* Records are "LENGTH KEY=VALUE\n", LENGTH counting all of it. */
static int pax_parse(struct arena *a, struct pax *p, char *s, size_t len, struct err *err)
{
    while (len) {
        uint64_t n = 0;
        size_t i = 0;
        for (; i < len && i < 10 && s[i] >= '0' && s[i] <= '9'; i++)
            n = n * 10 + (uint64_t)(s[i] - '0');
        if (i == 0 || i >= len || s[i] != ' ' || n > len || n < i + 4 || s[n - 1] != '\n')
            return bad(err, "malformed pax header");
        char *key = s + i + 1, *end = s + n - 1;
        char *eq = memchr(key, '=', (size_t)(end - key));
        if (!eq || eq == key)
            return bad(err, "malformed pax header");
        *eq = *end = '\0';
        if (strlen(key) != (size_t)(eq - key) ||
            pax_record(a, p, key, eq + 1, (size_t)(end - eq - 1)) < 0)
            return bad(err, "malformed pax header");
        s += n;
        len -= n;
    }
    return 0;
}

/* ---------- headers ---------- */

static int64_t padding(int64_t size)
{
    return (BLOCK - size % BLOCK) % BLOCK;
}

/* Reads the contents of an extension header; NUL-terminated. */
static int read_meta(struct tar_reader *t, struct arena *a, int64_t size, char **ret,
                     struct err *err)
{
    if (size > LIMIT_TAR_META)
        return err_set(err, ERR_TOO_BIG, EFBIG,
                       "invalid tar archive: an extended header of %lld bytes is over the limit",
                       (long long)size);
    char *s = arena_alloc(a, (size_t)size + 1);
    ssize_t n = take(t, s, (size_t)size, err);
    if (n < 0)
        return (int)n;
    if (n != size)
        return bad(err, "unexpected end of file");
    *ret = s;
    return skip(t, padding(size), err);
}

static int read_extension(struct tar_reader *t, char type, int64_t size, struct err *err)
{
    char *s = NULL;

    if (t->extensions++ > 16)
        return bad(err, "too many extended headers before one entry");
    int r = read_meta(t, &t->arena, size, &s, err);
    if (r < 0)
        return r;
    switch (type) {
    case 'L':
        t->pax.path = s;
        break;
    case 'K':
        t->pax.link = s;
        break;
    case 'g': { /* only the numbers of it are kept: nothing points into this entry's arena */
        int e = pax_parse(&t->arena, &t->global, s, (size_t)size, err);
        t->global = (struct pax) {
            .size = -1, .mtime = t->global.mtime, .uid = t->global.uid, .gid = t->global.gid
        };
        return e;
    }
    default:
        return pax_parse(&t->arena, &t->pax, s, (size_t)size, err);
    }
    return 0;
}

/* The map of an old GNU sparse header: four entries, then blocks of 21 while the flag says so. */
static int old_sparse(struct tar_reader *t, const char *h, struct err *err)
{
    char block[BLOCK];
    const char *map = h + 386;
    int n = 4;
    bool more = h[482];

    if (number(h + 483, 12, &t->pax.sparse_size) < 0)
        return bad(err, "malformed sparse header");
    for (;;) {
        for (int i = 0; i < n && map[i * 24]; i++) {
            int64_t offset, len;
            if (number(map + i * 24, 12, &offset) < 0 || number(map + i * 24 + 12, 12, &len) < 0 ||
                add_extent(&t->arena, &t->pax, offset, len) < 0)
                return bad(err, "malformed sparse header");
        }
        if (!more)
            return 0;
        ssize_t got = take(t, block, BLOCK, err);
        if (got < 0)
            return (int)got;
        if (got != BLOCK)
            return bad(err, "unexpected end of file");
        map = block;
        n = 21;
        more = block[504];
    }
}

/* One decimal line of the map that sparse format 1.0 puts before the data. */
static int sparse_line(struct tar_reader *t, int64_t *ret, struct err *err)
{
    char text[24];
    size_t n = 0;

    for (;;) {
        char c;
        if (t->left < 1)
            return bad(err, "malformed sparse map");
        ssize_t got = take(t, &c, 1, err);
        if (got < 0)
            return (int)got;
        if (got != 1 || n >= sizeof(text) - 1)
            return bad(err, "malformed sparse map");
        t->left--;
        if (c == '\n')
            break;
        text[n++] = c;
    }
    text[n] = '\0';
    return parse_i64(text, 0, INT64_MAX, ret) < 0 ? bad(err, "malformed sparse map") : 0;
}

static int new_sparse(struct tar_reader *t, struct err *err)
{
    int64_t start = t->left, count, offset, len;
    int r = sparse_line(t, &count, err);

    if (r < 0)
        return r;
    t->pax.n_extents = 0;
    t->pax.extents = NULL;
    for (int64_t i = 0; i < count; i++) {
        if ((r = sparse_line(t, &offset, err)) < 0 || (r = sparse_line(t, &len, err)) < 0)
            return r;
        if (add_extent(&t->arena, &t->pax, offset, len) < 0)
            return bad(err, "malformed sparse map");
    }
    int64_t fill = padding(start - t->left);
    if (fill > t->left)
        return bad(err, "malformed sparse map");
    t->left -= fill;
    return skip(t, fill, err);
}

static int finish_sparse(struct tar_reader *t, struct tar_entry *e, struct err *err)
{
    struct pax *p = &t->pax;
    int64_t stored = 0;

    if (p->sparse_major == 1) {
        int r = new_sparse(t, err);
        if (r < 0)
            return r;
    } else if (!p->extents && p->sparse_size < 0)
        return 0;
    if (p->sparse_name)
        e->path = p->sparse_name;
    if (p->sparse_size >= 0)
        e->size = p->sparse_size;
    e->extents = p->extents ? p->extents : arena_alloc(&t->arena, sizeof(*e->extents));
    e->n_extents = p->n_extents;
    for (size_t i = 0; i < e->n_extents; i++)
        stored += e->extents[i].len;
    const struct tar_extent *last = e->n_extents ? &e->extents[e->n_extents - 1] : NULL;
    if (stored != t->left || (last && last->offset + last->len > e->size))
        return bad(err, "the sparse map does not match the data");
    return 0;
}

static int type_of(char flag, const char *path, enum tar_type *ret)
{
    size_t n = strlen(path);

    switch (flag) {
    case '\0':
    case '0':
    case '7':
    case 'S':
        *ret = n && path[n - 1] == '/' && flag != 'S' ? TAR_DIR : TAR_FILE; /* v7's directories */
        return 0;
    case '1':
        *ret = TAR_HARDLINK;
        return 0;
    case '2':
        *ret = TAR_SYMLINK;
        return 0;
    case '3':
        *ret = TAR_CHAR;
        return 0;
    case '4':
        *ret = TAR_BLOCK_DEV;
        return 0;
    case '5':
        *ret = TAR_DIR;
        return 0;
    case '6':
        *ret = TAR_FIFO;
        return 0;
    default:
        return -EINVAL;
    }
}

static char *header_path(struct arena *a, const char *h)
{
    char *name = arena_strndup(a, h, strnlen(h, 100));

    if (memcmp(h + 257, "ustar\0", 6) == 0 && h[345])
        return arena_printf(a, "%.*s/%s", (int)strnlen(h + 345, 155), h + 345, name);
    return name;
}

static int64_t pick(int64_t own, int64_t global, int64_t header)
{
    return own >= 0 ? own : global >= 0 ? global : header;
}

/* Mode, owner, time, device: an extension's value comes before the header's. */
static int read_numbers(const struct tar_reader *t, const char *h, struct tar_entry *e,
                        struct err *err)
{
    const struct pax *p = &t->pax, *g = &t->global;
    int64_t mode, uid, gid, mtime, major = 0, minor = 0;
    bool device = e->type == TAR_CHAR || e->type == TAR_BLOCK_DEV;

    if (number(h + 100, 8, &mode) < 0 || number(h + 108, 8, &uid) < 0 ||
        number(h + 116, 8, &gid) < 0 || number(h + 136, 12, &mtime) < 0 ||
        (device && (number(h + 329, 8, &major) < 0 || number(h + 337, 8, &minor) < 0)))
        return bad(err, "malformed header");
    e->mode = (unsigned)mode & 07777;
    e->uid = pick(p->uid, g->uid, uid);
    e->gid = pick(p->gid, g->gid, gid);
    if (e->uid < 0 || e->gid < 0 || e->uid >= UINT32_MAX || e->gid >= UINT32_MAX)
        return bad(err, "an owner is out of range");
    if (mtime > 9000000000LL || mtime < -9000000000LL)
        mtime = 0; /* as other readers do: a date is not worth refusing a layer */
    e->mtime = p->mtime != INT64_MIN   ? p->mtime
               : g->mtime != INT64_MIN ? g->mtime
                                       : mtime * NSEC_PER_SEC;
    e->dev_major = (unsigned)major;
    e->dev_minor = (unsigned)minor;
    return 0;
}

/* Turns a checked header and the collected extensions into an entry. */
static int finish_entry(struct tar_reader *t, const char *h, int64_t size, struct tar_entry *e,
                        struct err *err)
{
    struct pax *p = &t->pax;

    *e = (struct tar_entry) { .xattrs = p->xattrs };
    e->path = p->path ? p->path : header_path(&t->arena, h);
    e->link = p->link ? p->link : arena_strndup(&t->arena, h + 157, strnlen(h + 157, 100));
    if (type_of(h[156], e->path, &e->type) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid tar archive: \"%s\" has the unknown type '%c'", e->path,
                       h[156] >= 32 && h[156] < 127 ? h[156] : '?');
    int r = read_numbers(t, h, e, err);
    if (r < 0)
        return r;
    /* Only files carry data; old archivers leave a size in links and directories. */
    t->left = e->type == TAR_FILE ? size : 0;
    t->pad = padding(t->left);
    if (e->type != TAR_FILE)
        return 0;
    e->size = size;
    return finish_sparse(t, e, err);
}

static int check_names(const struct tar_entry *e, struct err *err)
{
    if (!e->path[0])
        return bad(err, "an entry without a name");
    if (strlen(e->path) > LIMIT_TAR_PATH || strlen(e->link) > LIMIT_TAR_PATH)
        return bad(err, "a name is too long");
    if ((e->type == TAR_HARDLINK || e->type == TAR_SYMLINK) && !e->link[0])
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid tar archive: the link \"%.200s\" points nowhere", e->path);
    return 0;
}

int tar_next(struct tar_reader *t, struct tar_entry *ret, struct err *err)
{
    char h[BLOCK];
    int r = skip(t, t->left + t->pad, err);

    if (r < 0)
        return r;
    t->left = t->pad = 0;
    arena_done(&t->arena);
    t->arena = (struct arena) { 0 };
    pax_init(&t->pax);
    t->extensions = 0;
    for (;;) {
        ssize_t got = take(t, h, BLOCK, err);
        if (got <= 0)
            return (int)got;
        if (got < BLOCK)
            return bad(err, "unexpected end of file");
        if (is_zero(h))
            return 0;
        int64_t size;
        if (!checksum_ok(h))
            return bad(err, "wrong header checksum");
        if (number(h + 124, 12, &size) < 0 || size < 0)
            return bad(err, "a size is out of range");
        if (h[156] == 'x' || h[156] == 'g' || h[156] == 'L' || h[156] == 'K') {
            if ((r = read_extension(t, h[156], size, err)) < 0)
                return r;
            continue;
        }
        if (t->entries++ >= t->ceiling)
            return ceiling_entries_passed(err);
        if (h[156] == 'S' && (r = old_sparse(t, h, err)) < 0)
            return r;
        if (t->pax.size >= 0)
            size = t->pax.size;
        r = finish_entry(t, h, size, ret, err);
        if (r == 0)
            r = check_names(ret, err);
        return r < 0 ? r : 1;
    }
}

int tar_data(struct tar_reader *t, const char **p, size_t *n, struct err *err)
{
    if (t->left == 0) {
        *n = 0;
        return 0;
    }
    int r = t->src.peek(t->src.arg, p, n, err);
    if (r < 0)
        return r;
    if (!*n)
        return bad(err, "unexpected end of file");
    *n = (size_t)MIN((int64_t)*n, t->left);
    return 0;
}

void tar_used(struct tar_reader *t, size_t n)
{
    t->left -= (int64_t)n;
    advance(t, n);
}

int64_t tar_offset(const struct tar_reader *t)
{
    return t->total;
}
