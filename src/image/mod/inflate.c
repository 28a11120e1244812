#include "image/mod/inflate.h"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>

#include "base/banned.h"

enum { OUT_SIZE = 256 * 1024 };

/* A window above this makes xz or zstd ask for more memory than a layer is worth. */
#define WINDOW_MEMORY (128u << 20)

const char *const compression_names[] = {
    [COMP_NONE] = "none", [COMP_GZIP] = "gzip",   [COMP_ZSTD] = "zstd",
    [COMP_XZ] = "xz",     [COMP_BZIP2] = "bzip2",
};
_Static_assert(ARRAY_SIZE(compression_names) == COMP_COUNT, "every format has a name");

struct inflate {
    byte_sink sink;
    void *arg;
    char magic[COMP_MAGIC];
    size_t nmagic;
    bool detected, sink_failed;
    bool between; /* at a boundary of members: the stream may end here */
    enum compression format;
    struct inflate_state gzip;
    ZSTD_DCtx *zstd;
    lzma_stream xz;
    bz_stream bzip2;
    char *out;
};

enum compression compression_detect(const void *data, size_t len)
{
    static const struct {
        enum compression format;
        size_t n;
        const char *magic;
    } rows[] = {
        { COMP_GZIP, 3, "\x1f\x8b\x08" },
        { COMP_ZSTD, 4, "\x28\xb5\x2f\xfd" },
        { COMP_XZ, 6, "\xfd\x37zXZ\0" },
        { COMP_BZIP2, 3, "BZh" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (len >= rows[i].n && memcmp(data, rows[i].magic, rows[i].n) == 0)
            return rows[i].format;
    return COMP_NONE;
}

struct inflate *inflate_new(byte_sink sink, void *arg)
{
    struct inflate *z = xcalloc(1, sizeof(*z));

    z->sink = sink;
    z->arg = arg;
    return z;
}

struct inflate *inflate_free(struct inflate *z)
{
    if (z) {
        ZSTD_freeDCtx(z->zstd);
        if (z->format == COMP_XZ)
            lzma_end(&z->xz);
        if (z->format == COMP_BZIP2)
            BZ2_bzDecompressEnd(&z->bzip2);
        free(z->out);
        free(z);
    }
    return NULL;
}

static int give(struct inflate *z, const void *data, size_t len)
{
    int r = len ? z->sink(z->arg, data, len) : 0;

    z->sink_failed = r < 0;
    return r;
}

static int corrupt(struct inflate *z, struct err *err, const char *why)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: invalid compressed data: %s",
                   compression_names[z->format], why);
}

static int push_gzip(struct inflate *z, const void *data, size_t len, struct err *err)
{
    struct inflate_state *s = &z->gzip;

    s->next_in = (uint8_t *)(uintptr_t)data;
    s->avail_in = (uint32_t)len;
    for (;;) {
        if (z->between) {
            if (!s->avail_in)
                return 0;
            uint8_t *next = s->next_in;
            uint32_t avail = s->avail_in;
            isal_inflate_init(s);
            s->crc_flag = ISAL_GZIP;
            s->next_in = next;
            s->avail_in = avail;
            z->between = false;
        }
        s->next_out = (uint8_t *)z->out;
        s->avail_out = OUT_SIZE;
        if (isal_inflate(s) != ISAL_DECOMP_OK)
            return corrupt(z, err, "not a gzip stream or a wrong checksum");
        int r = give(z, z->out, OUT_SIZE - s->avail_out);
        if (r < 0)
            return r;
        if (s->block_state == ISAL_BLOCK_FINISH)
            z->between = true;
        else if (!s->avail_in && s->avail_out)
            return 0;
    }
}

static int push_zstd(struct inflate *z, const void *data, size_t len, struct err *err)
{
    ZSTD_inBuffer in = { data, len, 0 };
    bool full = false;

    while (in.pos < in.size || full) {
        ZSTD_outBuffer out = { z->out, OUT_SIZE, 0 };
        size_t r = ZSTD_decompressStream(z->zstd, &out, &in);
        if (ZSTD_isError(r))
            return corrupt(z, err, ZSTD_getErrorName(r));
        int e = give(z, z->out, out.pos);
        if (e < 0)
            return e;
        full = out.pos == out.size;
        z->between = r == 0;
    }
    return 0;
}

static int push_xz(struct inflate *z, const void *data, size_t len, lzma_action action,
                   struct err *err)
{
    z->xz.next_in = data;
    z->xz.avail_in = len;
    for (;;) {
        z->xz.next_out = (uint8_t *)z->out;
        z->xz.avail_out = OUT_SIZE;
        lzma_ret r = lzma_code(&z->xz, action);
        if (r != LZMA_OK && r != LZMA_STREAM_END && r != LZMA_BUF_ERROR)
            return corrupt(z, err, r == LZMA_MEMLIMIT_ERROR ? "needs too much memory" : "damaged");
        int e = give(z, z->out, OUT_SIZE - z->xz.avail_out);
        if (e < 0)
            return e;
        if (r == LZMA_STREAM_END) {
            z->between = true;
            return 0;
        }
        if (z->xz.avail_out && !z->xz.avail_in)
            return action == LZMA_FINISH ? corrupt(z, err, "unexpected end") : 0;
    }
}

static int push_bzip2(struct inflate *z, const void *data, size_t len, struct err *err)
{
    z->bzip2.next_in = (char *)(uintptr_t)data;
    z->bzip2.avail_in = (unsigned)len;
    for (;;) {
        if (z->between) {
            if (!z->bzip2.avail_in)
                return 0;
            char *next = z->bzip2.next_in;
            unsigned avail = z->bzip2.avail_in;
            BZ2_bzDecompressEnd(&z->bzip2);
            memset(&z->bzip2, 0, sizeof(z->bzip2));
            if (BZ2_bzDecompressInit(&z->bzip2, 0, 0) != BZ_OK)
                return err_set(err, ERR_INTERNAL, ENOMEM, "bzip2: out of memory");
            z->bzip2.next_in = next;
            z->bzip2.avail_in = avail;
            z->between = false;
        }
        z->bzip2.next_out = z->out;
        z->bzip2.avail_out = OUT_SIZE;
        int r = BZ2_bzDecompress(&z->bzip2);
        if (r != BZ_OK && r != BZ_STREAM_END)
            return corrupt(z, err, "damaged");
        int e = give(z, z->out, OUT_SIZE - z->bzip2.avail_out);
        if (e < 0)
            return e;
        z->between = r == BZ_STREAM_END;
        if (!z->between && !z->bzip2.avail_in && z->bzip2.avail_out)
            return 0;
    }
}

static int start(struct inflate *z, struct err *err)
{
    bool ok = true;

    z->detected = true;
    z->format = compression_detect(z->magic, z->nmagic);
    if (z->format != COMP_NONE)
        z->out = xmalloc(OUT_SIZE);
    switch (z->format) {
    case COMP_NONE:
    case COMP_COUNT:
        break;
    case COMP_GZIP:
    case COMP_BZIP2:
        z->between = true; /* the first member starts as every other does */
        break;
    case COMP_ZSTD:
        z->zstd = ZSTD_createDCtx();
        ok = z->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, 27));
        break;
    case COMP_XZ:
        z->xz = (lzma_stream)LZMA_STREAM_INIT;
        ok = lzma_stream_decoder(&z->xz, WINDOW_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
        break;
    }
    return ok ? 0
              : err_set(err, ERR_INTERNAL, ENOMEM, "%s: cannot start decompressing",
                        compression_names[z->format]);
}

static int push(struct inflate *z, const void *data, size_t len, struct err *err)
{
    switch (z->format) {
    case COMP_NONE:
    case COMP_COUNT:
        return give(z, data, len);
    case COMP_GZIP:
        return push_gzip(z, data, len, err);
    case COMP_ZSTD:
        return push_zstd(z, data, len, err);
    case COMP_XZ:
        return push_xz(z, data, len, LZMA_RUN, err);
    case COMP_BZIP2:
        return push_bzip2(z, data, len, err);
    }
    return 0;
}

int inflate_push(struct inflate *z, const void *data, size_t len, struct err *err)
{
    if (!z->detected) {
        size_t n = MIN(len, COMP_MAGIC - z->nmagic);
        memcpy(z->magic + z->nmagic, data, n);
        z->nmagic += n;
        if (z->nmagic < COMP_MAGIC)
            return 0;
        int r = start(z, err);
        if (r == 0)
            r = push(z, z->magic, z->nmagic, err);
        if (r < 0)
            return r;
        data = (const char *)data + n;
        len -= n;
    }
    return len ? push(z, data, len, err) : 0;
}

int inflate_end(struct inflate *z, struct err *err)
{
    if (!z->detected) { /* shorter than any magic number */
        int r = start(z, err);
        if (r == 0 && z->nmagic)
            r = push(z, z->magic, z->nmagic, err);
        if (r < 0)
            return r;
    }
    if (z->format == COMP_XZ)
        return push_xz(z, NULL, 0, LZMA_FINISH, err);
    if (z->format != COMP_NONE && !z->between)
        return corrupt(z, err, "unexpected end");
    return 0;
}

bool inflate_sink_failed(const struct inflate *z)
{
    return z->sink_failed;
}

enum compression inflate_format(const struct inflate *z)
{
    return z->format;
}
