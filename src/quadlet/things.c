/* Volumes, networks, images and artifacts: services that make a thing once. */
#include <grp.h>
#include <pwd.h>

#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

/* Volumes. */

/* User= and Group= as numbers: the volume is made by number. */
static int id_of(struct conversion *c, const char *key, bool group, const char **ret)
{
    const char *name = last(c, key);
    *ret = name;
    if (!name || name[strspn(name, "0123456789")] == '\0' || strchr(name, '%'))
        return 0;
    const struct passwd *pw = group ? NULL : getpwnam(name);
    const struct group *gr = group ? getgrnam(name) : NULL;
    if (!pw && !gr)
        return err_set(c->err, ERR_NOT_FOUND, ENOENT, "%s=%s: no such %s on this host", key, name,
                       group ? "group" : "user");
    *ret = arena_printf(c->a, "%u", pw ? pw->pw_uid : gr->gr_gid);
    return 0;
}

static int add_image_volume(struct conversion *c)
{
    const char *image = last(c, "Image");
    if (!image)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                       "the key Image is mandatory when using the image driver");
    int r = image_of(c, image, &image);
    if (r == 0)
        add_option(c, "--opt", arena_printf(c->a, "image=%s", image));
    return r;
}

static int add_mount_options(struct conversion *c, bool device)
{
    const char *user = NULL, *group = NULL, *options = last(c, "Options");
    AUTO_BUF o = { 0 };
    int r = id_of(c, is_set(c, "User") ? "User" : "UID", false, &user);
    if (r == 0)
        r = id_of(c, is_set(c, "Group") ? "Group" : "GID", true, &group);
    if (r < 0)
        return r;
    if (user)
        buf_printf(&o, "uid=%s", user);
    if (group)
        buf_printf(&o, "%sgid=%s", o.len ? "," : "", group);
    if (options && !device)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "key Options can't be used without Device");
    if (options)
        buf_printf(&o, "%s%s", o.len ? "," : "", options);
    if (o.len)
        add_option(c, "--opt", arena_printf(c->a, "o=%s", o.data));
    return 0;
}

static int add_driver(struct conversion *c, const struct quadlet_key *key)
{
    const char *driver = last(c, key->name), *device = last(c, "Device"), *type = last(c, "Type");
    if (driver)
        add_option(c, "--driver", driver);
    if (driver && STR_EQ(driver, "image"))
        return add_image_volume(c);
    if (is_set(c, "Copy"))
        add_option(c, "--opt",
                   unit_bool(&c->q->unit, c->section, "Copy", true) ? "copy" : "nocopy");
    if (type && !device)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "key Type can't be used without Device");
    if (device)
        add_option(c, "--opt", arena_printf(c->a, "device=%s", device));
    /* A file system has to be there before it is mounted. */
    if (device && *device == '/')
        require_mount(c, device);
    if (type)
        add_option(c, "--opt", arena_printf(c->a, "type=%s", type));
    return add_mount_options(c, device);
}

const struct quadlet_key volume_keys[] = {
    { "Driver", KEY_CALL, .add = add_driver },
    { "Label", KEY_PAIRS, "--label" },
    { "PodmanArgs", KEY_RAW },
    { "ContainersConfModule" },
    { "Copy" },
    { "Device" },
    { "GID" },
    { "GlobalArgs" },
    { "Group" },
    { "Image" },
    { "Options" },
    { "ServiceName" },
    { "Type" },
    { "UID" },
    { "User" },
    { "VolumeName" },
    { NULL },
};

static int put_create(struct conversion *c, const char *const *words, const char *name)
{
    int r = start_command(c, words);
    if (r == 0)
        r = add_keys(c);
    if (r < 0)
        return r;
    add_arg(c, name);
    put_command(c, "ExecStart");
    return 0;
}

int convert_volume(struct conversion *c)
{
    oneshot(c, false); /* a volume that was removed since is made again */
    return put_create(c, (const char *const[]) { "volume", "create", "--ignore", NULL },
                      c->q->resource);
}

/* Networks. */

/* A gateway and a range belong to the subnet that stands at the same place. */
static int add_subnets(struct conversion *c, const struct quadlet_key *key)
{
    const struct unit *u = &c->q->unit;
    char **subnets = unit_all(c->a, u, c->section, key->name);
    char **gateways = unit_all(c->a, u, c->section, "Gateway");
    char **ranges = unit_all(c->a, u, c->section, "IPRange");
    size_t count = strv_len(subnets);
    if (!count && gateways)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "cannot set gateway without subnet");
    if (!count && ranges)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "cannot set range without subnet");
    if (strv_len(gateways) > count)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "cannot set more gateways than subnets");
    if (strv_len(ranges) > count)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "cannot set more ranges than subnets");
    for (size_t i = 0; i < count; i++) {
        add_option(c, "--subnet", subnets[i]);
        if (i < strv_len(gateways))
            add_option(c, "--gateway", gateways[i]);
        if (i < strv_len(ranges))
            add_option(c, "--ip-range", ranges[i]);
    }
    return 0;
}

const struct quadlet_key network_keys[] = {
    { "DisableDNS", KEY_BOOL, "--disable-dns" },
    { "DNS", KEY_EACH, "--dns" },
    { "Driver", KEY_LAST, "--driver" },
    { "Subnet", KEY_CALL, .add = add_subnets },
    { "Internal", KEY_BOOL, "--internal" },
    { "InterfaceName", KEY_LAST, "--interface-name" },
    { "IPAMDriver", KEY_LAST, "--ipam-driver" },
    { "IPv6", KEY_BOOL, "--ipv6" },
    { "Options", KEY_PAIRS, "--opt" },
    { "Label", KEY_PAIRS, "--label" },
    { "PodmanArgs", KEY_RAW },
    { "ContainersConfModule" },
    { "Gateway" },
    { "GlobalArgs" },
    { "IPRange" },
    { "NetworkDeleteOnStop" },
    { "NetworkName" },
    { "ServiceName" },
    { NULL },
};

int convert_network(struct conversion *c)
{
    const char *name = c->q->resource;
    oneshot(c, true);
    if (unit_bool(&c->q->unit, c->section, "NetworkDeleteOnStop", false)) {
        int r = put_simple_command(c, "ExecStopPost", "",
                                   (const char *const[]) { "network", "rm", name, NULL });
        if (r < 0)
            return r;
    }
    return put_create(c, (const char *const[]) { "network", "create", "--ignore", NULL }, name);
}

/* Images and artifacts. */

const struct quadlet_key image_keys[] = {
    { "AllTags", KEY_BOOL, "--all-tags" },
    { "Arch", KEY_LAST, "--arch" },
    { "AuthFile", KEY_LAST, "--authfile" },
    { "CertDir", KEY_LAST, "--cert-dir" },
    { "Creds", KEY_LAST, "--creds" },
    { "DecryptionKey", KEY_LAST, "--decryption-key" },
    { "OS", KEY_LAST, "--os" },
    { "Policy", KEY_LAST, "--policy" },
    { "Retry", KEY_LAST, "--retry" },
    { "RetryDelay", KEY_LAST, "--retry-delay" },
    { "TLSVerify", KEY_BOOL, "--tls-verify" },
    { "Variant", KEY_LAST, "--variant" },
    { "PodmanArgs", KEY_RAW },
    { "ContainersConfModule" },
    { "GlobalArgs" },
    { "Image" },
    { "ImageTag" },
    { "ServiceName" },
    { NULL },
};

int convert_image(struct conversion *c)
{
    const char *image = last(c, "Image");
    if (!image)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "no Image key specified");
    oneshot(c, true);
    return put_create(c, (const char *const[]) { "image", "pull", NULL }, image);
}

const struct quadlet_key artifact_keys[] = {
    { "AuthFile", KEY_LAST, "--authfile" },
    { "CertDir", KEY_LAST, "--cert-dir" },
    { "Creds", KEY_LAST, "--creds" },
    { "DecryptionKey", KEY_LAST, "--decryption-key" },
    { "Quiet", KEY_BOOL, "--quiet" },
    { "Retry", KEY_LAST, "--retry" },
    { "RetryDelay", KEY_LAST, "--retry-delay" },
    { "TLSVerify", KEY_BOOL, "--tls-verify" },
    { "PodmanArgs", KEY_RAW },
    { "Artifact" },
    { "ContainersConfModule" },
    { "GlobalArgs" },
    { "ServiceName" },
    { NULL },
};

int convert_artifact(struct conversion *c)
{
    const char *artifact = last(c, "Artifact");
    if (!artifact)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "no Artifact key specified");
    oneshot(c, true);
    return put_create(c, (const char *const[]) { "artifact", "pull", NULL }, artifact);
}
