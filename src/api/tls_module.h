/* api/tls_module.h: what podman-tls.so gives: the one place where the service meets OpenSSL. */
#pragma once

#include "base/err.h"

#define TLS_MODULE_FILE   "podman-tls.so"
#define TLS_MODULE_SYMBOL "podman_tls_module"
#define TLS_MODULE_ABI    PODMAN_VERSION "/1"

struct tls_module {
    const char *abi;
    /* Certificate, key and CA of clients (NULL: anybody) as PEM files; kept until the process ends. */
    int (*load)(const char *cert, const char *key, const char *client_ca, struct err *err);
    /* Shakes hands on @net and moves bytes between it and @plain until both are at their end. */
    int (*relay)(int net, int plain, struct err *err);
};
