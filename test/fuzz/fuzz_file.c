/* Files that users, administrators and images write: the first byte says which (e environment, h hook,
 * s seccomp profile, p passwd and group: one line with the user, then both files). */
#include <assert.h>

#include "base/fs.h"
#include "engine/hooks.h"
#include "engine/options.h"
#include "engine/seccomp.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

static char dir_path[] = "/tmp/fuzz-file-XXXXXX";

static void remove_dir(void)
{
    (void)!fs_remove_tree(AT_FDCWD, dir_path);
}

static void make_dir(void)
{
    static bool made;

    if (made)
        return;
    made = true;
    if (!mkdtemp(dir_path))
        abort();
    atexit(remove_dir);
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, dir_path);
    if (dir < 0 || mkdirat(dir, "etc", 0755) < 0)
        abort();
}

static void put(struct arena *a, const char *name, const char *text, size_t len)
{
    if (fs_replace(AT_FDCWD, arena_printf(a, "%s/%s", dir_path, name), text, len, 0600, FS_NOSYNC) <
        0)
        abort();
}

static void environment(struct arena *a, const char *text, size_t len)
{
    char **env = NULL;

    put(a, "env", text, len);
    if (option_env_file(a, arena_printf(a, "%s/env", dir_path), &env, NULL) == 0)
        for (; env && *env; env++)
            assert(strchr(*env, '=') > *env);
}

static void hook(struct arena *a, const char *text, size_t len)
{
    struct container_config c = { 0 };
    struct oci_hooks *h = NULL;

    kv_set(a, &c.annotations, "key", "value");
    put(a, "one.json", text, len);
    (void)!hooks_load(a, (char *[]) { dir_path, NULL }, &c,
                      (char *[]) { (char[]) { "/bin/sh" }, NULL }, &h, NULL);
}

static void profile(struct arena *a, const char *text, size_t len)
{
    struct oci_seccomp *s;

    put(a, "profile", text, len);
    (void)!seccomp_profile(a, arena_printf(a, "%s/profile", dir_path),
                           (char *[]) { (char[]) { "CAP_CHOWN" }, NULL }, &s, NULL);
}

static void accounts(struct arena *a, const char *text, size_t len)
{
    const char *nl = memchr(text, '\n', len);
    struct container_config c = { .rootfs = dir_path };
    struct oci_user u = { 0 };

    if (!nl)
        return;
    put(a, "etc/passwd", nl + 1, len - (size_t)(nl + 1 - text));
    put(a, "etc/group", nl + 1, len - (size_t)(nl + 1 - text));
    (void)!user_lookup(NULL, a, &c, NULL, arena_strndup(a, text, (size_t)(nl - text)), &u, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    const char *text = (const char *)data + 1;
    static const struct {
        char letter;
        void (*fn)(struct arena *a, const char *text, size_t len);
    } kinds[] = { { 'e', environment }, { 'h', hook }, { 's', profile }, { 'p', accounts } };

    make_dir();
    for (size_t i = 0; size && i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].letter == (char)data[0])
            kinds[i].fn(&a, text, size - 1);
    return 0;
}
