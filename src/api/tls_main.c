/* The one symbol of podman-tls.so: see api/tls_module.h. */
#include "api/tls_module.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define ERR_STATE ssl_err_state /* OpenSSL has a type of that name */
#include <openssl/err.h>
#include <openssl/ssl.h>
#undef ERR_STATE

#include "base/banned.h"

enum { HANDSHAKE_MS = 10000 };

static SSL_CTX *ctx;

static int fail(struct err *err, const char *what)
{
    char text[256] = "unknown error";
    unsigned long code = ERR_get_error();

    if (code)
        ERR_error_string_n(code, text, sizeof(text));
    return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: %s", what, text);
}

static int load(const char *cert, const char *key, const char *client_ca, struct err *err)
{
    ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION))
        return fail(err, "preparing TLS");
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return fail(err, cert);
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return fail(err, key);
    if (!client_ca)
        return 0;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);
    if (!names || SSL_CTX_load_verify_locations(ctx, client_ca, NULL) != 1)
        return fail(err, client_ca);
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return 0;
}

/* One direction of a relay. */
struct flow {
    char data[16 << 10];
    size_t from, to;
    bool ended; /* its source is at its end, and that was passed on */
};

/* 0 done, 1 later, -1 over; *ret_events says what for. */
static int want(SSL *ssl, int n, short *ret_events)
{
    switch (SSL_get_error(ssl, n)) {
    case SSL_ERROR_WANT_READ:
        *ret_events |= POLLIN;
        return 1;
    case SSL_ERROR_WANT_WRITE:
        *ret_events |= POLLOUT;
        return 1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return -1;
    }
}

static int shake_hands(SSL *ssl, int net, struct err *err)
{
    for (;;) {
        short events = 0;
        int n = SSL_accept(ssl);
        if (n == 1)
            return 0;
        if (want(ssl, n, &events) != 1)
            return fail(err, "TLS handshake");
        struct pollfd p = { net, events, 0 };
        if (poll(&p, 1, HANDSHAKE_MS) <= 0)
            return err_set(err, ERR_UNAVAILABLE, ETIMEDOUT, "TLS handshake: no answer");
    }
}

/* From the network to the service.  -1: the connection is over. */
static int inwards(SSL *ssl, int plain, struct flow *f, short *net, short *inner)
{
    if (f->from == f->to && !f->ended) {
        int n = SSL_read(ssl, f->data, sizeof(f->data));
        f->from = 0;
        f->to = n > 0 ? (size_t)n : 0;
        if (n <= 0) {
            int state = want(ssl, n, net);
            if (state == 1)
                return 0;
            f->ended = true;
            shutdown(plain, SHUT_WR);
            return state;
        }
    }
    while (f->from < f->to) {
        ssize_t n = send(plain, f->data + f->from, f->to - f->from, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            *inner |= POLLOUT;
            return 0;
        }
        if (n < 0)
            return -1;
        f->from += (size_t)n;
    }
    return f->ended ? 0 : 1; /* there may be more */
}

/* And back. */
static int outwards(SSL *ssl, int plain, struct flow *f, short *net, short *inner)
{
    if (f->from == f->to && !f->ended) {
        ssize_t n = recv(plain, f->data, sizeof(f->data), 0);
        if (n < 0 && errno == EAGAIN) {
            *inner |= POLLIN;
            return 0;
        }
        f->from = 0;
        f->to = n > 0 ? (size_t)n : 0;
        if (n <= 0) {
            f->ended = true;
            SSL_shutdown(ssl);
            return -1; /* the service has said all, and it never says "I only listen now" */
        }
    }
    while (f->from < f->to) {
        int n = SSL_write(ssl, f->data + f->from, (int)(f->to - f->from));
        if (n <= 0)
            return want(ssl, n, net) == 1 ? 0 : -1;
        f->from += (size_t)n;
    }
    return 1;
}

static int relay(int net, int plain, struct err *err)
{
    static struct flow in, out;
    SSL *ssl = SSL_new(ctx);

    fcntl(net, F_SETFL, fcntl(net, F_GETFL) | O_NONBLOCK);
    fcntl(plain, F_SETFL, fcntl(plain, F_GETFL) | O_NONBLOCK);
    if (!ssl || SSL_set_fd(ssl, net) != 1)
        return fail(err, "preparing TLS");
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    int r = shake_hands(ssl, net, err);
    while (r == 0) {
        struct pollfd p[2] = { { net, 0, 0 }, { plain, 0, 0 } };
        int a = inwards(ssl, plain, &in, &p[0].events, &p[1].events);
        int b = outwards(ssl, plain, &out, &p[0].events, &p[1].events);
        if (a < 0 || b < 0)
            break;
        if (a == 0 && b == 0 && poll(p, 2, -1) < 0 && errno != EINTR)
            break;
    }
    SSL_free(ssl);
    return r;
}

extern const struct tls_module podman_tls_module;

__attribute__((visibility("default"))) const struct tls_module podman_tls_module = {
    .abi = TLS_MODULE_ABI,
    .load = load,
    .relay = relay,
};
