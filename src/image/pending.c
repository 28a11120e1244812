/* Stands in until the sending half is linked: a definition elsewhere takes its place. */
#include "image/image.h"

#include "base/banned.h"

#define WEAK __attribute__((weak))

WEAK int image_push(struct store *s, struct arena *a, const char *digest, const char *destination,
                    const struct image_push_options *o, char **ret_digest, struct err *err)
{
    (void)s, (void)a, (void)digest, (void)o, (void)ret_digest;
    return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "%s: pushing is not built yet", destination);
}

WEAK int image_fetch(struct store *s, struct arena *a, const char *name,
                     const struct image_pull_options *o, bool index, struct image_fetched *ret,
                     struct err *err)
{
    (void)s, (void)a, (void)o, (void)index, (void)ret;
    return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "%s: fetching is not built yet", name);
}
