#include "image/mod/tar_write.h"

#include "base/limits.h"

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

static void one_header(char *h, const char *name, char type, const char *link, unsigned mode,
                       int64_t size, int64_t mtime)
{
    unsigned sum = 0;

    memset(h, 0, TAR_BLOCK);
    memcpy(h, name, strnlen(name, 100));
    number(h + 100, 8, mode);
    number(h + 108, 8, 0);
    number(h + 116, 8, 0);
    number(h + 124, 12, size);
    number(h + 136, 12, mtime);
    memset(h + 148, ' ', 8);
    h[156] = type;
    if (link)
        memcpy(h + 157, link, strnlen(link, 100));
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
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
    static const char types[] = {
        [TAR_FILE] = '0',      [TAR_HARDLINK] = '1', [TAR_SYMLINK] = '2', [TAR_CHAR] = '3',
        [TAR_BLOCK_DEV] = '4', [TAR_DIR] = '5',      [TAR_FIFO] = '6',
    };
    size_t used = 0, n = strnlen(name, LIMIT_TAR_PATH - 1);

    if (n > 100) {
        one_header(out, "././@LongLink", 'L', NULL, 0644, (int64_t)n + 1, 0);
        used = TAR_BLOCK;
        memset(out + used, 0, n + 1 + tar_padding((int64_t)n + 1));
        memcpy(out + used, name, n);
        used += n + 1 + tar_padding((int64_t)n + 1);
    }
    one_header(out + used, name, types[type], link, mode, size, mtime_seconds);
    return used + TAR_BLOCK;
}
