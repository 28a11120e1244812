/* Keys that several kinds have: networks, ports, volumes, user namespaces. */
#include <ctype.h>

#include "base/csv.h"
#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

/* Network=web.network:ip=10.0.0.2 and Network=db.container stand for what those quadlets make. */
static int add_network(struct conversion *c, const char *value)
{
    const char *colon = strchr(value, ':');
    size_t n = colon ? (size_t)(colon - value) : strlen(value);
    const char *name = arena_strndup(c->a, value, n), *options = value + n;
    const struct quadlet *other;
    int r = 0;
    if (str_ends(name, ".network") || str_ends(name, ".container")) {
        r = find_quadlet(c, name, &other);
        if (r < 0)
            return r;
        bool container = other->kind == QUADLET_CONTAINER;
        if (container && *options)
            return err_set(
                c->err, ERR_BAD_PARAM, EINVAL,
                "'%s': extra options are not supported when joining another container's network",
                value);
        require_service(c, other);
        value = arena_printf(c->a, "%s%s%s", container ? "container:" : "", other->resource,
                             options);
    }
    add_option(c, "--network", value);
    return 0;
}

int add_networks(struct conversion *c, const struct quadlet_key *key)
{
    char **all = unit_all(c->a, &c->q->unit, c->section, key->name);
    int r = 0;
    for (size_t i = 0; r == 0 && all && all[i]; i++)
        r = add_network(c, all[i]);
    return r;
}

/* Only the number of parts is looked at: specifiers may stand anywhere. */
int add_ports(struct conversion *c, const struct quadlet_key *key)
{
    char **all = unit_all(c->a, &c->q->unit, c->section, key->name);
    for (size_t i = 0; all && all[i]; i++) {
        const char *s = all[i];
        size_t parts = 1;
        if (*s == '[') /* an IPv6 address */
            s = strchr(s, ']');
        for (const char *p = s; p && *p; p++)
            parts += *p == ':';
        if (!s || parts > 3)
            return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid published port '%s'", all[i]);
        add_option(c, key->option, all[i]);
    }
    return 0;
}

/* The source of a volume as podman's command line wants it; what has to be there first is asked of systemd. */
static int volume_source(struct conversion *c, const char *source, const char **ret)
{
    const struct quadlet *volume;
    source = unit_path(c, source);
    *ret = source;
    if (*source == '/') {
        require_mount(c, source);
        return 0;
    }
    if (!str_ends(source, ".volume"))
        return 0;
    int r = find_quadlet(c, source, &volume);
    if (r < 0)
        return r;
    require_service(c, volume);
    *ret = volume->resource;
    return 0;
}

int add_volumes(struct conversion *c, const struct quadlet_key *key)
{
    char **all = unit_all(c->a, &c->q->unit, c->section, key->name);
    for (size_t i = 0; all && all[i]; i++) {
        char *colon = strchr(all[i], ':');
        const char *source;
        if (!colon) { /* an anonymous one */
            add_option(c, key->option, all[i]);
            continue;
        }
        int r = volume_source(c, arena_strndup(c->a, all[i], (size_t)(colon - all[i])), &source);
        if (r < 0)
            return r;
        add_option(c, key->option, arena_printf(c->a, "%s%s", source, colon));
    }
    return 0;
}

/* The keys of old that UserNS, UIDMap and GIDMap took the place of. */

static void add_each(struct conversion *c, const char *key, const char *option)
{
    char **all = unit_all(c->a, &c->q->unit, c->section, key);
    for (size_t i = 0; all && all[i]; i++)
        add_option(c, option, all[i]);
}

static void add_parts(struct conversion *c, const char *key, const char *name, struct buf *mode,
                      bool once)
{
    char **all = unit_all(c->a, &c->q->unit, c->section, key);
    for (size_t i = 0; all && all[i] && (i == 0 || !once); i++)
        buf_printf(mode, "%c%s=%s", strchr(mode->data, ':') ? ',' : ':', name, all[i]);
}

int add_user_mapping(struct conversion *c, const struct quadlet_key *key)
{
    static const char *const newer[] = { "UserNS", "UIDMap", "GIDMap", "SubUIDMap", "SubGIDMap" };
    const char *how = last(c, key->name);
    bool old = how || is_set(c, "RemapUid") || is_set(c, "RemapGid") || is_set(c, "RemapUidSize");
    if (!old)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
        if (is_set(c, newer[i]))
            return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                           "deprecated Remap keys are set along with explicit mapping keys");
    if (!how)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "%s set without RemapUsers",
                       is_set(c, "RemapUid") ? "UidMap" : "GidMap");
    AUTO_BUF mode = { 0 };
    buf_puts(&mode, how);
    if (STR_EQ(how, "manual")) {
        if (c->q->kind == QUADLET_KUBE)
            return err_set(c->err, ERR_BAD_PARAM, EINVAL, "RemapUsers=manual is not supported");
        add_each(c, "RemapUid", "--uidmap");
        add_each(c, "RemapGid", "--gidmap");
        return 0;
    }
    if (STR_EQ(how, "auto")) {
        add_parts(c, "RemapUid", "uidmapping", &mode, false);
        add_parts(c, "RemapGid", "gidmapping", &mode, false);
        add_parts(c, "RemapUidSize", "size", &mode, true);
    } else if (STR_EQ(how, "keep-id")) {
        add_parts(c, "RemapUid", "uid", &mode, true);
        add_parts(c, "RemapGid", "gid", &mode, true);
    } else {
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "unsupported RemapUsers option '%s'", how);
    }
    add_option(c, "--userns", mode.data);
    return 0;
}

/* Mount=type=...,source=... */

static int mount_source(struct conversion *c, const char *type, const char *source,
                        const char **ret)
{
    const struct quadlet *other;
    *ret = source;
    if (STR_EQ(type, "volume") && str_ends(source, ".volume"))
        return volume_source(c, source, ret);
    if (STR_IN(type, "bind", "glob")) {
        *ret = unit_path(c, source);
        return 0;
    }
    if (STR_EQ(type, "image"))
        return image_of(c, source, ret);
    if (STR_EQ(type, "artifact") && str_ends(source, ".artifact")) {
        int r = find_quadlet(c, source, &other);
        if (r < 0)
            return r;
        require_service(c, other);
        *ret = other->resource;
    }
    return 0;
}

static void put_csv(struct buf *b, const char *field)
{
    if (b->len)
        buf_putc(b, ',');
    if (!strpbrk(field, ",\"\n")) {
        buf_puts(b, field);
        return;
    }
    buf_putc(b, '"');
    for (; *field; field++) {
        if (*field == '"')
            buf_putc(b, '"');
        buf_putc(b, *field);
    }
    buf_putc(b, '"');
}

int add_mount(struct conversion *c, const char *value)
{
    char **fields;
    const char *type = "volume", *source = NULL;
    int r = csv_record(c->a, value, &fields, c->err);
    for (size_t i = 0; r == 0 && fields && fields[i]; i++) {
        if (!strchr(fields[i], '=') && strchr(fields[i], ':'))
            return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid quadlet mount format: %s",
                           value);
        if (str_starts(fields[i], "type="))
            type = fields[i] + 5;
    }
    AUTO_BUF out = { 0 };
    for (size_t i = 0; r == 0 && fields && fields[i]; i++) {
        const char *eq = strchr(fields[i], '=');
        if (eq && (str_starts(fields[i], "source=") || str_starts(fields[i], "src="))) {
            r = mount_source(c, type, eq + 1, &source);
            if (r == 0)
                put_csv(&out,
                        arena_printf(c->a, "%.*s=%s", (int)(eq - fields[i]), fields[i], source));
        } else {
            put_csv(&out, fields[i]);
        }
    }
    if (r == 0)
        add_option(c, "--mount", arena_strdup(c->a, out.data ? out.data : ""));
    return r;
}
