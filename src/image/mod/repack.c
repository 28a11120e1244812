#include "image/mod/repack.h"

#include "base/fs.h"
#include "base/parse.h"
#include "image/mod/deflate.h"
#include "spec/digest.h"

#include "base/banned.h"

enum { CHUNK = 256 * 1024, LIMIT_NOTE = 4096 };

struct chain {
    struct deflate *out;
};

static int to_deflate(void *arg, const void *data, size_t len)
{
    return deflate_push(((struct chain *)arg)->out, data, len);
}

int repack(int fd, enum compression to, int level, byte_sink sink, void *arg, struct err *err)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    AUTO_DEFLATE *out = deflate_new(to, level, sink, arg, err);
    struct chain c = { out };
    AUTO_INFLATE *in = inflate_new(to_deflate, &c);

    if (!out)
        return -EINVAL;
    for (int64_t at = 0;;) {
        ssize_t n = pread(fd, chunk, CHUNK, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, errno, "reading a blob");
        int r = n ? inflate_push(in, chunk, (size_t)n, err) : inflate_end(in, err);
        if (r < 0)
            return r;
        if (n == 0)
            return deflate_end(out);
        at += n;
    }
}

/* ---------- memory: oci/repacked/<hex>.<format>.<level>, "digest size" ---------- */

static char *note_name(struct arena *a, const char *digest, enum compression to, int level)
{
    return arena_printf(a, "oci/repacked/%s.%s.%d", digest_hex(digest), compression_names[to],
                        level);
}

bool repacked_find(const struct store *s, struct arena *a, const char *digest, enum compression to,
                   int level, struct descriptor *ret)
{
    AUTO_BUF b = { .max = LIMIT_NOTE };

    if (fs_read_file(s->graph_fd, note_name(a, digest, to, level), &b) < 0 || !b.len)
        return false;
    char **words = strv_split(a, b.data, ' ');
    int64_t size;
    if (strv_len(words) != 2 || !digest_valid(words[0]) ||
        parse_i64(words[1], 0, INT64_MAX, &size) < 0)
        return false;
    ret->digest = words[0];
    ret->size = size;
    return true;
}

void repacked_note(const struct store *s, const char *digest, enum compression to, int level,
                   const struct descriptor *result)
{
    AUTO_ARENA a = { 0 };
    char *text = arena_printf(&a, "%s %lld", result->digest, (long long)result->size);

    if (fs_mkdirs(s->graph_fd, "oci/repacked", 0700) == 0)
        (void)!fs_replace(s->graph_fd, note_name(&a, digest, to, level), text, strlen(text), 0600,
                          FS_NOSYNC);
}
