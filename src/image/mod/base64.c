#include "image/mod/base64.h"

#include <openssl/evp.h>

#include "base/banned.h"

int base64_decode(const char *s, unsigned char *out, size_t size)
{
    size_t n = strlen(s);

    if (n % 4 || n / 4 * 3 > size || n > INT32_MAX)
        return -EINVAL;
    int got = EVP_DecodeBlock(out, (const unsigned char *)s, (int)n);
    for (; got > 0 && n && s[n - 1] == '='; n--) /* its padding is no data */
        got--;
    return got < 0 ? -EINVAL : got;
}

char *base64_encode(struct arena *a, const unsigned char *data, size_t len)
{
    char *out = arena_alloc(a, len / 3 * 4 + 8);

    EVP_EncodeBlock((unsigned char *)out, data, (int)len);
    return out;
}
