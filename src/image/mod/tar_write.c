#include "image/mod/tar_write.h"

#include "base/limits.h"
#include "base/parse.h"

#include "base/banned.h"

static void number(char *field, size_t len, int64_t v)
{
    if (v >= 0 && (len > 11 ? v < (1LL << 33) : v < (1LL << (3 * (len - 1))))) {
        snprintf(field, len, "%0*llo", (int)len - 1, (unsigned long long)v);
        return;
    }
    for (size_t i = len; i-- > 0; v >>= 8)
        field[i] = (char)(v & 0xff);
    field[0] = (char)(field[0] | 0x80);
}

/* What the type is called in a header. */
static const char types[] = {
    [TAR_FILE] = '0',      [TAR_HARDLINK] = '1', [TAR_SYMLINK] = '2', [TAR_CHAR] = '3',
    [TAR_BLOCK_DEV] = '4', [TAR_DIR] = '5',      [TAR_FIFO] = '6',
};

static void one_header(char *h, const struct tar_entry *e, char type)
{
    unsigned sum = 0;

    memset(h, 0, TAR_BLOCK);
    memcpy(h, e->path, strnlen(e->path, 100));
    number(h + 100, 8, e->mode);
    number(h + 108, 8, e->uid);
    number(h + 116, 8, e->gid);
    number(h + 124, 12, e->size);
    number(h + 136, 12, e->mtime / NSEC_PER_SEC);
    memset(h + 148, ' ', 8);
    h[156] = type;
    if (e->link)
        memcpy(h + 157, e->link, strnlen(e->link, 100));
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    if (e->type == TAR_CHAR || e->type == TAR_BLOCK_DEV) {
        number(h + 329, 8, e->dev_major);
        number(h + 337, 8, e->dev_minor);
    }
    for (int i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
}

size_t tar_padding(int64_t size)
{
    return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

size_t tar_header(char *out, const char *name, enum tar_type type, const char *link, unsigned mode,
                  int64_t size, int64_t mtime_seconds)
{
    size_t used = 0, n = strnlen(name, LIMIT_TAR_PATH - 1);
    AUTO_FREE char *path = xstrndup(name, n), *target = link ? xstrdup(link) : NULL;
    struct tar_entry e = { .type = type,
                           .path = path,
                           .link = target,
                           .mode = mode,
                           .size = size,
                           .mtime = mtime_seconds * NSEC_PER_SEC };

    if (n > 100) {
        char long_link[] = "././@LongLink";
        one_header(out,
                   &(struct tar_entry) { .path = long_link, .mode = 0644, .size = (int64_t)n + 1 },
                   'L');
        used = TAR_BLOCK;
        memset(out + used, 0, n + 1 + tar_padding((int64_t)n + 1));
        memcpy(out + used, name, n);
        used += n + 1 + tar_padding((int64_t)n + 1);
    }
    one_header(out + used, &e, types[type]);
    return used + TAR_BLOCK;
}

/* ---------- pax ---------- */

/* "LEN key=value\n", where LEN counts itself. */
static void pax_record(struct buf *b, const char *key, const char *value, size_t len)
{
    size_t body = 1 + strlen(key) + 1 + len + 1, total = body + 1;
    char digits[24];

    while (total != body + (size_t)snprintf(digits, sizeof(digits), "%zu", total))
        total++;
    buf_printf(b, "%s %s=", digits, key);
    buf_put(b, value, len);
    buf_putc(b, '\n');
}

void tar_put_entry(struct buf *out, const struct tar_entry *e)
{
    AUTO_BUF pax = { 0 };
    char header[TAR_BLOCK];
    static const char zeros[TAR_BLOCK];

    if (strlen(e->path) > 100)
        pax_record(&pax, "path", e->path, strlen(e->path));
    if (e->link && strlen(e->link) > 100)
        pax_record(&pax, "linkpath", e->link, strlen(e->link));
    for (const struct tar_xattr *x = e->xattrs; x; x = x->next) {
        AUTO_FREE char *key = xasprintf("SCHILY.xattr.%s", x->name);
        pax_record(&pax, key, x->value, x->len);
    }
    if (pax.len) {
        char name[] = "PaxHeaders.0/entry";
        one_header(header,
                   &(struct tar_entry) { .path = name, .mode = 0644, .size = (int64_t)pax.len },
                   'x');
        buf_put(out, header, TAR_BLOCK);
        buf_put(out, pax.data, pax.len);
        buf_put(out, zeros, tar_padding((int64_t)pax.len));
    }
    one_header(header, e, types[e->type]);
    buf_put(out, header, TAR_BLOCK);
}
