#include "image/module.h"

#include <dlfcn.h>

#include "base/proc.h"

#include "base/banned.h"

/* Beside the build tree's program first, then beside the installed one, then where it was configured. */
static void *open_module(void)
{
    AUTO_FREE char *in_build = xasprintf("%s/../image/" IMAGE_MODULE_FILE, proc_self_dir());
    AUTO_FREE char *in_tests = xasprintf("%s/../../src/image/" IMAGE_MODULE_FILE, proc_self_dir());
    AUTO_FREE char *beside = xasprintf("%s/" IMAGE_MODULE_FILE, proc_self_dir());
    const char *paths[] = { in_build, in_tests, beside, PODMAN_LIBEXEC "/" IMAGE_MODULE_FILE };

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (access(paths[i], R_OK) == 0)
            return dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
    return dlopen(PODMAN_LIBEXEC "/" IMAGE_MODULE_FILE, RTLD_NOW | RTLD_LOCAL); /* for its error */
}

const struct image_module *image_module(struct err *err)
{
    static const struct image_module *module;

    if (module)
        return module;
    void *so = open_module();
    const struct image_module *m = so ? dlsym(so, IMAGE_MODULE_SYMBOL) : NULL;
    if (!m) {
        err_set(err, ERR_UNSUPPORTED, ENOENT, "loading the image module: %s", dlerror());
        return NULL;
    }
    if (!STR_EQ(m->abi, IMAGE_MODULE_ABI)) {
        err_set(err, ERR_UNSUPPORTED, EPROTO,
                "the image module is of another build (%s, this is %s)", m->abi, IMAGE_MODULE_ABI);
        return NULL;
    }
    return module = m;
}
