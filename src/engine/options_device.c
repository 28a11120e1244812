#include <inttypes.h>

#include "base/parse.h"
#include "engine/options.h"

#include "base/banned.h"

/* --device, --device-cgroup-rule, and the block I/O options that name a device. */

int option_device(struct arena *a, const char *text, struct container_device *ret, struct err *err)
{
    char **f = strv_split(a, text, ':');
    size_t n = strv_len(f);

    if (n > 3 || !*f[0] || f[0][0] != '/')
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid device specification \"%s\", should be "
                       "host-device[:container-device][:permissions]",
                       text);
    ret->source = f[0];
    ret->destination = f[0];
    ret->permissions = arena_strdup(a, "rwm");
    for (size_t i = 1; i < n; i++) {
        if (f[i][0] == '/')
            ret->destination = path_clean(a, f[i]);
        else if (*f[i] && strspn(f[i], "rwm") == strlen(f[i]))
            ret->permissions = f[i];
        else
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid device mode \"%s\" in \"%s\"", f[i],
                           text);
    }
    return 0;
}

static int rule_number(const char *text, int64_t *ret, struct err *err)
{
    *ret = -1;
    if (STR_EQ(text, "*") || parse_i64(text, 0, UINT32_MAX, ret) == 0)
        return 0;
    return err_set(err, ERR_BAD_PARAM, EINVAL, "strconv.ParseUint: parsing \"%s\": invalid syntax",
                   text);
}

int option_device_rule(struct arena *a, const char *text, struct device_rule *ret, struct err *err)
{
    char **f = strv_split(a, text, ' ');

    if (strv_len(f) != 3)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid device cgroup rule requires type, major:Minor, and access rules: "
                       "\"%s\"",
                       text);
    if (!STR_IN(f[0], "a", "b", "c"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid device type in device-access-add: %s",
                       f[0]);
    char **n = strv_split(a, f[1], ':');
    int r = rule_number(n[0], &ret->major, err);
    if (r == 0)
        r = rule_number(n[1] ? n[1] : "*", &ret->minor, err);
    if (r < 0)
        return r;
    const char *odd = f[2] + strspn(f[2], "rwm");
    if (*odd || !*f[2])
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid device access in device-access-add: %.1s", odd);
    ret->type = f[0];
    ret->access = f[2];
    return 0;
}

/* "/dev/sda:VALUE": the two halves. */
static int device_value(struct arena *a, const char *text, char **ret_path, const char **ret_value,
                        struct err *err)
{
    const char *colon = strrchr(text, ':');

    if (!colon)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "bad format: %s", text);
    if (!str_starts(text, "/dev/"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "bad format for device path: %s", text);
    *ret_path = arena_strndup(a, text, (size_t)(colon - text));
    *ret_value = colon + 1;
    return 0;
}

enum { BLKIO_WEIGHT_MIN = 10, BLKIO_WEIGHT_MAX = 1000 };

int option_blkio_weight(const char *text, int64_t *ret, struct err *err)
{
    if (parse_i64(text, 0, UINT16_MAX, ret) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid value for blkio-weight: \"%s\"", text);
    if (*ret && (*ret < BLKIO_WEIGHT_MIN || *ret > BLKIO_WEIGHT_MAX))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "range of blkio weight is from %d to %d: %" PRId64, BLKIO_WEIGHT_MIN,
                       BLKIO_WEIGHT_MAX, *ret);
    return 0;
}

int option_weight_device(struct arena *a, const char *text, struct container_throttle *ret,
                         struct err *err)
{
    const char *value;
    int r = device_value(a, text, &ret->path, &value, err);

    if (r < 0)
        return r;
    if (parse_i64(value, 0, BLKIO_WEIGHT_MAX, &ret->rate) < 0 ||
        (ret->rate && ret->rate < BLKIO_WEIGHT_MIN))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid weight for device: %s", text);
    return 0;
}

int option_throttle(struct arena *a, const char *text, bool bytes, struct container_throttle *ret,
                    struct err *err)
{
    const char *value;
    int r = device_value(a, text, &ret->path, &value, err);

    if (r < 0)
        return r;
    r = bytes ? parse_size(value, &ret->rate) : parse_i64(value, 0, INT64_MAX, &ret->rate);
    if (r < 0)
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "invalid rate for device: %s. The correct format is <device-path>:<number>%s", text,
            bytes ? "[<unit>]. Number must be a positive integer. Unit is optional and "
                    "can be kb, mb, or gb"
                  : ". Number must be a positive integer");
    return 0;
}
