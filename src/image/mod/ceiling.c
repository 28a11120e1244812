#include "image/mod/ceiling.h"

#include "base/limits.h"
#include "base/parse.h"

#include "base/banned.h"

#define ENV_BYTES   "PODMAN_MAX_LAYER_BYTES"
#define ENV_ENTRIES "PODMAN_MAX_LAYER_ENTRIES"

int64_t ceiling_bytes(void)
{
    const char *env = getenv(ENV_BYTES);
    int64_t n;

    return !str_empty(env) && parse_size(env, &n) == 0 && n > 0 ? n : (int64_t)LIMIT_LAYER_BYTES;
}

int64_t ceiling_entries(void)
{
    const char *env = getenv(ENV_ENTRIES);
    int64_t n;

    return !str_empty(env) && parse_i64(env, 1, INT64_MAX, &n) == 0 ? n : LIMIT_TAR_ENTRIES;
}

int ceiling_bytes_passed(struct err *err)
{
    return err_set(err, ERR_TOO_BIG, EFBIG,
                   "the layer unpacks to more than %lld bytes (" ENV_BYTES " sets this limit)",
                   (long long)ceiling_bytes());
}

int ceiling_entries_passed(struct err *err)
{
    return err_set(err, ERR_TOO_BIG, EFBIG,
                   "the archive has more than %lld entries (" ENV_ENTRIES " sets this limit)",
                   (long long)ceiling_entries());
}
