#include "api/tls.h"

#include <dlfcn.h>
#include <sys/socket.h>

#include "api/tls_module.h"
#include "base/log.h"
#include "base/proc.h"

#include "base/banned.h"

static const struct tls_module *module;

static void *open_module(void)
{
    AUTO_FREE char *in_build = xasprintf("%s/../api/" TLS_MODULE_FILE, proc_self_dir());
    AUTO_FREE char *beside = xasprintf("%s/" TLS_MODULE_FILE, proc_self_dir());
    const char *paths[] = { in_build, beside, PODMAN_LIBEXEC "/" TLS_MODULE_FILE };

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (access(paths[i], R_OK) == 0)
            return dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
    return dlopen(PODMAN_LIBEXEC "/" TLS_MODULE_FILE, RTLD_NOW | RTLD_LOCAL); /* for its error */
}

int tls_check(const struct api_options *o, struct err *err)
{
    if (!o->tls_cert && !o->tls_key && !o->tls_client_ca)
        return 0;
    if (!o->tls_cert || !o->tls_key)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "TLS needs both a certificate and its key: give --tls-cert and --tls-key");
    void *so = open_module();
    const struct tls_module *m = so ? dlsym(so, TLS_MODULE_SYMBOL) : NULL;
    if (!m)
        return err_set(err, ERR_UNSUPPORTED, ENOENT, "loading the TLS module: %s", dlerror());
    if (!STR_EQ(m->abi, TLS_MODULE_ABI))
        return err_set(err, ERR_UNSUPPORTED, EPROTO, "the TLS module is of another build (%s)",
                       m->abi);
    module = m;
    return m->load(o->tls_cert, o->tls_key, o->tls_client_ca, err);
}

int tls_accept(const struct api_options *o, int fd, struct err *err)
{
    int pair[2];

    (void)o;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, errno, "making a socket pair");
    pid_t pid = fork();
    if (pid < 0)
        return err_sys(err, errno, "starting a process for TLS");
    if (pid == 0) {
        struct err why = { 0 };
        close(pair[0]);
        if (module->relay(fd, pair[1], &why) < 0)
            log_debug("TLS: %s", why.msg);
        _exit(0);
    }
    close(pair[1]);
    return pair[0];
}
