#include "image/mod/deflate.h"

#include <isa-l/igzip_lib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/banned.h"

/* gzip's levels 1 to 3 are ISA-L's, several times faster than zlib's; so is the default.  What asks for a
 * smaller result (4 to 9) or for none (0) gets zlib. */
enum { OUT_SIZE = 256 * 1024, ISAL_BEST = 3, GZIP_WINDOW = 15 + 16 };

struct deflate {
    byte_sink sink;
    void *arg;
    int (*push)(struct deflate *z, const void *data, size_t len, bool end);
    struct isal_zstream isal;
    uint8_t *isal_buf;
    z_stream zlib;
    bool zlib_open;
    ZSTD_CCtx *zstd;
    char *out;
};

static int push_plain(struct deflate *z, const void *data, size_t len, bool end)
{
    (void)end;
    return len ? z->sink(z->arg, data, len) : 0;
}

static int push_isal(struct deflate *z, const void *data, size_t len, bool end)
{
    z->isal.next_in = (uint8_t *)(uintptr_t)data;
    z->isal.avail_in = (uint32_t)len;
    z->isal.end_of_stream = end;
    do {
        z->isal.next_out = (uint8_t *)z->out;
        z->isal.avail_out = OUT_SIZE;
        if (isal_deflate(&z->isal) != COMP_OK)
            return -EIO;
        size_t n = OUT_SIZE - z->isal.avail_out;
        int r = n ? z->sink(z->arg, z->out, n) : 0;
        if (r < 0)
            return r;
    } while (z->isal.avail_out == 0 || (end && z->isal.internal_state.state != ZSTATE_END));
    return 0;
}

static int push_zlib(struct deflate *z, const void *data, size_t len, bool end)
{
    z->zlib.next_in = (Bytef *)(uintptr_t)data;
    z->zlib.avail_in = (uInt)len;
    do {
        z->zlib.next_out = (Bytef *)z->out;
        z->zlib.avail_out = OUT_SIZE;
        if (deflate(&z->zlib, end ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR)
            return -EIO;
        size_t n = OUT_SIZE - z->zlib.avail_out;
        int r = n ? z->sink(z->arg, z->out, n) : 0;
        if (r < 0)
            return r;
    } while (z->zlib.avail_out == 0);
    return 0;
}

static int push_zstd(struct deflate *z, const void *data, size_t len, bool end)
{
    ZSTD_inBuffer in = { data, len, 0 };
    size_t left;

    do {
        ZSTD_outBuffer out = { z->out, OUT_SIZE, 0 };
        left = ZSTD_compressStream2(z->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return -EIO;
        int r = out.pos ? z->sink(z->arg, z->out, out.pos) : 0;
        if (r < 0)
            return r;
    } while (end ? left != 0 : in.pos < in.size);
    return 0;
}

static int start_isal(struct deflate *z, int level)
{
    static const uint32_t sizes[] = { ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT,
                                      ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT };

    isal_deflate_init(&z->isal);
    z->isal.gzip_flag = IGZIP_GZIP;
    z->isal.level = (uint32_t)level;
    z->isal.level_buf_size = sizes[level];
    z->isal.level_buf = z->isal_buf = xmalloc(sizes[level]);
    z->push = push_isal;
    return 0;
}

static int start_gzip(struct deflate *z, int level, struct err *err)
{
    if (level > Z_BEST_COMPRESSION || level < -1)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "gzip: invalid compression level: %d", level);
    if (level == -1 || (level >= 1 && level <= ISAL_BEST))
        return start_isal(z, level == -1 ? ISAL_BEST : level);
    if (deflateInit2(&z->zlib, level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return err_set(err, ERR_INTERNAL, ENOMEM, "cannot start zlib");
    z->zlib_open = true;
    z->push = push_zlib;
    return 0;
}

static int start_zstd(struct deflate *z, int level, struct err *err)
{
    if (level != -1 && (level < 1 || level > ZSTD_maxCLevel()))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "zstd: invalid compression level: %d", level);
    z->zstd = ZSTD_createCCtx();
    if (!z->zstd)
        return err_set(err, ERR_INTERNAL, ENOMEM, "cannot start zstd");
    ZSTD_CCtx_setParameter(z->zstd, ZSTD_c_compressionLevel,
                           level == -1 ? ZSTD_CLEVEL_DEFAULT : level);
    ZSTD_CCtx_setParameter(z->zstd, ZSTD_c_checksumFlag, 1);
    z->push = push_zstd;
    return 0;
}

struct deflate *deflate_new(enum compression format, int level, byte_sink sink, void *arg,
                            struct err *err)
{
    struct deflate *z = xcalloc(1, sizeof(*z));
    int r = 0;

    z->sink = sink;
    z->arg = arg;
    z->push = push_plain;
    if (format == COMP_GZIP)
        r = start_gzip(z, level, err);
    else if (format == COMP_ZSTD)
        r = start_zstd(z, level, err);
    else if (format != COMP_NONE)
        r = err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "layers are not written as %s",
                    compression_names[format]);
    if (r < 0)
        return deflate_free(z);
    z->out = xmalloc(OUT_SIZE);
    return z;
}

struct deflate *deflate_free(struct deflate *z)
{
    if (z) {
        if (z->zlib_open)
            deflateEnd(&z->zlib);
        ZSTD_freeCCtx(z->zstd);
        free(z->isal_buf);
        free(z->out);
        free(z);
    }
    return NULL;
}

int deflate_push(struct deflate *z, const void *data, size_t len)
{
    return z->push(z, data, len, false);
}

int deflate_end(struct deflate *z)
{
    return z->push(z, "", 0, true);
}
