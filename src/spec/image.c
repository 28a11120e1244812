#include "spec/image.h"

#include <sys/utsname.h>

#include "base/limits.h"
#include "spec/reference.h"

#include "base/banned.h"

static const struct json_field platform_rows[] = {
    JF_STR(struct image_platform, architecture, "architecture", 0),
    JF_STR(struct image_platform, os, "os", 0),
    JF_STR(struct image_platform, os_version, "os.version", JF_OMIT_EMPTY),
    JF_STRV(struct image_platform, os_features, "os.features", JF_OMIT_EMPTY),
    JF_STR(struct image_platform, variant, "variant", JF_OMIT_EMPTY),
    JF_STRV(struct image_platform, features, "features", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type platform_type = JSON_TYPE(struct image_platform, platform_rows);

static const struct json_field descriptor_rows[] = {
    JF_STR(struct descriptor, media_type, "mediaType", 0),
    JF_STR(struct descriptor, digest, "digest", JF_REQUIRED),
    JF_I64(struct descriptor, size, "size", JF_REQUIRED),
    JF_STRV(struct descriptor, urls, "urls", JF_OMIT_EMPTY),
    JF_MAP(struct descriptor, annotations, "annotations", JF_OMIT_EMPTY),
    JF_STR(struct descriptor, data, "data", JF_OMIT_EMPTY),
    JF_PTR(struct descriptor, platform, "platform", JF_OMIT_EMPTY, &platform_type),
    JF_STR(struct descriptor, artifact_type, "artifactType", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type descriptor_type = JSON_TYPE(struct descriptor, descriptor_rows);

static const struct json_field manifest_rows[] = {
    JF_I64(struct image_manifest, schema_version, "schemaVersion", 0),
    JF_STR(struct image_manifest, media_type, "mediaType", JF_OMIT_EMPTY),
    JF_STR(struct image_manifest, artifact_type, "artifactType", JF_OMIT_EMPTY),
    JF_OBJ(struct image_manifest, config, "config", JF_REQUIRED, &descriptor_type),
    JF_LIST(struct image_manifest, layers, "layers", 0, &descriptor_type),
    JF_PTR(struct image_manifest, subject, "subject", JF_OMIT_EMPTY, &descriptor_type),
    JF_MAP(struct image_manifest, annotations, "annotations", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type image_manifest_type = JSON_TYPE(struct image_manifest, manifest_rows);

static const struct json_field index_rows[] = {
    JF_I64(struct image_index, schema_version, "schemaVersion", 0),
    JF_STR(struct image_index, media_type, "mediaType", JF_OMIT_EMPTY),
    JF_STR(struct image_index, artifact_type, "artifactType", JF_OMIT_EMPTY),
    JF_LIST(struct image_index, manifests, "manifests", 0, &descriptor_type),
    JF_PTR(struct image_index, subject, "subject", JF_OMIT_EMPTY, &descriptor_type),
    JF_MAP(struct image_index, annotations, "annotations", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type image_index_type = JSON_TYPE(struct image_index, index_rows);

static const struct json_field healthcheck_rows[] = {
    JF_STRV(struct image_healthcheck, test, "Test", JF_OMIT_EMPTY),
    JF_I64(struct image_healthcheck, start_period, "StartPeriod", JF_OMIT_EMPTY),
    JF_I64(struct image_healthcheck, start_interval, "StartInterval", JF_OMIT_EMPTY),
    JF_I64(struct image_healthcheck, interval, "Interval", JF_OMIT_EMPTY),
    JF_I64(struct image_healthcheck, timeout, "Timeout", JF_OMIT_EMPTY),
    JF_I64(struct image_healthcheck, retries, "Retries", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type image_healthcheck_type = JSON_TYPE(struct image_healthcheck,
                                                          healthcheck_rows);

static const struct json_field exec_rows[] = {
    JF_STR(struct image_exec, user, "User", JF_OMIT_EMPTY),
    JF_SET(struct image_exec, exposed_ports, "ExposedPorts", JF_OMIT_EMPTY),
    JF_STRV(struct image_exec, env, "Env", JF_OMIT_EMPTY),
    JF_STRV(struct image_exec, entrypoint, "Entrypoint", JF_OMIT_EMPTY),
    JF_STRV(struct image_exec, cmd, "Cmd", JF_OMIT_EMPTY),
    JF_SET(struct image_exec, volumes, "Volumes", JF_OMIT_EMPTY),
    JF_STR(struct image_exec, working_dir, "WorkingDir", JF_OMIT_EMPTY),
    JF_MAP(struct image_exec, labels, "Labels", JF_OMIT_EMPTY),
    JF_STR(struct image_exec, stop_signal, "StopSignal", JF_OMIT_EMPTY),
    JF_I64(struct image_exec, stop_timeout, "StopTimeout", JF_OMIT_EMPTY),
    JF_BOOL(struct image_exec, args_escaped, "ArgsEscaped", JF_OMIT_EMPTY),
    JF_PTR(struct image_exec, healthcheck, "Healthcheck", JF_OMIT_EMPTY, &image_healthcheck_type),
    JF_STRV(struct image_exec, shell, "Shell", JF_OMIT_EMPTY),
    JF_STRV(struct image_exec, onbuild, "OnBuild", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type image_exec_type = JSON_TYPE(struct image_exec, exec_rows);

static const struct json_field rootfs_rows[] = {
    JF_STR(struct image_rootfs, type, "type", 0),
    JF_STRV(struct image_rootfs, diff_ids, "diff_ids", 0),
    { 0 },
};
static const struct json_type rootfs_type = JSON_TYPE(struct image_rootfs, rootfs_rows);

static const struct json_field history_rows[] = {
    JF_TIME(struct image_history, created, "created", JF_OMIT_EMPTY),
    JF_STR(struct image_history, created_by, "created_by", JF_OMIT_EMPTY),
    JF_STR(struct image_history, author, "author", JF_OMIT_EMPTY),
    JF_STR(struct image_history, comment, "comment", JF_OMIT_EMPTY),
    JF_BOOL(struct image_history, empty_layer, "empty_layer", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type history_type = JSON_TYPE(struct image_history, history_rows);

static const struct json_field config_rows[] = {
    JF_TIME(struct image_config, created, "created", JF_OMIT_EMPTY),
    JF_STR(struct image_config, author, "author", JF_OMIT_EMPTY),
    JF_STR(struct image_config, architecture, "architecture", 0),
    JF_STR(struct image_config, variant, "variant", JF_OMIT_EMPTY),
    JF_STR(struct image_config, os, "os", 0),
    JF_STR(struct image_config, os_version, "os.version", JF_OMIT_EMPTY),
    JF_STRV(struct image_config, os_features, "os.features", JF_OMIT_EMPTY),
    JF_STR(struct image_config, comment, "comment", JF_OMIT_EMPTY),
    JF_STR(struct image_config, docker_version, "docker_version", JF_OMIT_EMPTY),
    JF_STR(struct image_config, parent, "parent", JF_OMIT_EMPTY),
    JF_OBJ(struct image_config, config, "config", 0, &image_exec_type),
    JF_OBJ(struct image_config, rootfs, "rootfs", 0, &rootfs_type),
    JF_LIST(struct image_config, history, "history", JF_OMIT_EMPTY, &history_type),
    { 0 },
};
const struct json_type image_config_type = JSON_TYPE(struct image_config, config_rows);

static int check_descriptor(const struct descriptor *d, struct err *err)
{
    if (!digest_valid(d->digest))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid digest \"%s\"", d->digest);
    if (d->size < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: negative size", d->digest);
    return 0;
}

static int check_list(const descriptor_list *l, const char *what, struct err *err)
{
    if (l->n > LIMIT_LAYERS)
        return err_set(err, ERR_TOO_BIG, E2BIG, "%zu %s are more than the limit of %d", l->n, what,
                       LIMIT_LAYERS);
    for (size_t i = 0; i < l->n; i++)
        if (check_descriptor(&l->items[i], err) < 0)
            return err_wrap(err, "%s[%zu]", what, i);
    return 0;
}

int image_manifest_read(struct arena *a, const json_t *doc, struct image_manifest *ret,
                        struct err *err)
{
    struct err local = { 0 };

    err = err ? err : &local;
    int r = json_read(a, doc, &image_manifest_type, ret, err);
    if (r == 0)
        r = check_descriptor(&ret->config, err);
    if (r == 0)
        r = check_list(&ret->layers, "layers", err);
    return r < 0 ? err_wrap(err, "invalid manifest") : 0;
}

int image_index_read(struct arena *a, const json_t *doc, struct image_index *ret, struct err *err)
{
    struct err local = { 0 };

    err = err ? err : &local;
    int r = json_read(a, doc, &image_index_type, ret, err);
    if (r == 0)
        r = check_list(&ret->manifests, "manifests", err);
    return r < 0 ? err_wrap(err, "invalid index") : 0;
}

int image_config_read(struct arena *a, const json_t *doc, struct image_config *ret, struct err *err)
{
    struct err local = { 0 };

    err = err ? err : &local;
    int r = json_read(a, doc, &image_config_type, ret, err);
    if (r < 0)
        return err_wrap(err, "invalid image configuration");
    size_t n = strv_len(ret->rootfs.diff_ids);
    if (n > LIMIT_LAYERS || ret->history.n > LIMIT_HISTORY)
        return err_set(err, ERR_TOO_BIG, E2BIG,
                       "invalid image configuration: %zu layers and %zu history entries are more "
                       "than the limits of %d and %d",
                       n, ret->history.n, LIMIT_LAYERS, LIMIT_HISTORY);
    for (size_t i = 0; i < n; i++)
        if (!digest_valid(ret->rootfs.diff_ids[i]))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "invalid image configuration: invalid diff ID \"%s\"",
                           ret->rootfs.diff_ids[i]);
    return 0;
}

bool image_is_index(const json_t *doc, const char *media_type)
{
    if (!str_empty(media_type)) {
        if (STR_EQ(media_type, MT_OCI_INDEX) || STR_EQ(media_type, MT_DOCKER_LIST))
            return true;
        if (STR_EQ(media_type, MT_OCI_MANIFEST) || STR_EQ(media_type, MT_DOCKER_MANIFEST))
            return false;
    }
    return json_object_get(doc, "manifests") && !json_object_get(doc, "config");
}

/* Go's name of an architecture, the kernel's, and the variants that run on it, best first. */
static const struct {
    const char *go, *kernel;
    const char *variants[4];
} archs[] = {
    { "amd64", "x86_64", { "v1" } },
    { "arm64", "aarch64", { "v8" } },
    { "arm", "armv7l", { "v7", "v6", "v5" } },
    { "arm", "armv6l", { "v6", "v5" } },
    { "arm", "armv8l", { "v8", "v7", "v6" } },
    { "386", "i686", { NULL } },
    { "ppc64le", "ppc64le", { NULL } },
    { "ppc64", "ppc64", { NULL } },
    { "s390x", "s390x", { NULL } },
    { "riscv64", "riscv64", { NULL } },
    { "mips64le", "mips64", { NULL } },
    { "loong64", "loongarch64", { NULL } },
};

static size_t host_row(void)
{
    struct utsname u;

    if (uname(&u) == 0)
        for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
            if (STR_EQ(archs[i].kernel, u.machine))
                return i;
    return 0;
}

const char *platform_host_arch(void)
{
    return archs[host_row()].go;
}

const char *platform_host_variant(void)
{
    size_t row = host_row();
    /* v1 and v8 are what the bare name means. */
    return STR_EQ(archs[row].go, "arm") ? archs[row].variants[0] : "";
}

int platform_match(const struct image_platform *p, const char *os, const char *arch,
                   const char *variant)
{
    if (!p)
        return 0;
    if (!str_empty(os) && !str_same(p->os, os))
        return 0;
    if (!str_empty(arch) && !str_same(p->architecture, arch))
        return 0;
    if (!str_empty(variant))
        return str_same(p->variant, variant) ? 10 : 0;
    if (str_empty(p->variant))
        return 9;
    for (size_t row = 0; row < ARRAY_SIZE(archs); row++)
        if (str_same(archs[row].go, p->architecture))
            for (int i = 0; i < 4 && archs[row].variants[i]; i++)
                if (STR_EQ(archs[row].variants[i], p->variant))
                    return 8 - i;
    return 1;
}
