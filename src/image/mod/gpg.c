#include "image/mod/gpg.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gpgme.h>

#include "base/fs.h"
#include "base/limits.h"
#include "image/mod/base64.h"
#include "image/mod/signature.h"

#include "base/banned.h"

#undef gpgme_check_version /* a macro over the function */

/* What we call, by name: the library itself is not linked. */
#define CALLS(X)                                                                                   \
    X(gpgme_check_version)                                                                         \
    X(gpgme_new)                                                                                   \
    X(gpgme_release)                                                                               \
    X(gpgme_ctx_set_engine_info)                                                                   \
    X(gpgme_set_protocol)                                                                          \
    X(gpgme_set_pinentry_mode)                                                                     \
    X(gpgme_set_passphrase_cb)                                                                     \
    X(gpgme_signers_add)                                                                           \
    X(gpgme_get_key)                                                                               \
    X(gpgme_key_unref)                                                                             \
    X(gpgme_op_keylist_start)                                                                      \
    X(gpgme_op_keylist_next)                                                                       \
    X(gpgme_op_import)                                                                             \
    X(gpgme_op_import_result)                                                                      \
    X(gpgme_op_verify)                                                                             \
    X(gpgme_op_verify_result)                                                                      \
    X(gpgme_op_sign)                                                                               \
    X(gpgme_data_new)                                                                              \
    X(gpgme_data_new_from_mem)                                                                     \
    X(gpgme_data_seek)                                                                             \
    X(gpgme_data_read)                                                                             \
    X(gpgme_data_release)                                                                          \
    X(gpgme_strerror)                                                                              \
    X(gpgme_io_writen)

static struct {
    bool loaded;
#define DECLARE(name) __typeof__(name) *name;
    CALLS(DECLARE)
#undef DECLARE
} lib;

static int load_library(struct err *err)
{
    static const char *const file = "libgpgme.so.11";

    if (lib.loaded)
        return 0;
    void *so = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        return err_set(err, ERR_UNSUPPORTED, ENOENT,
                       "GPG signatures need %s (Debian's package libgpgme11): %s", file, dlerror());
#define LOAD(name)                                                                                 \
    *(void **)&lib.name = dlsym(so, #name);                                                        \
    if (!lib.name)                                                                                 \
        return err_set(err, ERR_UNSUPPORTED, ENOSYS, "%s lacks " #name, file);
    CALLS(LOAD)
#undef LOAD
    lib.gpgme_check_version(NULL); /* initialises it */
    lib.loaded = true;
    return 0;
}

static int failed(struct err *err, gpgme_error_t e, const char *what)
{
    return err_set(err, ERR_DENIED, EACCES, "%s: %s", what, lib.gpgme_strerror(e));
}

/* ---------- a key ring of its own for each question ---------- */

struct ring {
    char home[64];
    gpgme_ctx_t ctx;
    char **fingerprints; /* of the keys that may sign, in arena */
    struct arena arena;
};

static void ring_done(struct ring *r)
{
    if (r->ctx)
        lib.gpgme_release(r->ctx);
    if (r->home[0])
        (void)!fs_remove_tree(AT_FDCWD, r->home);
    arena_done(&r->arena);
}

static int ring_open(struct ring *r, struct err *err)
{
    int rc = load_library(err);
    if (rc < 0)
        return rc;
    const char *tmp = getenv("TMPDIR");
    snprintf(r->home, sizeof(r->home), "%s/podman-gpg-XXXXXX",
             str_empty(tmp) || strlen(tmp) > 40 ? "/tmp" : tmp);
    if (!mkdtemp(r->home)) {
        r->home[0] = '\0';
        return err_sys(err, errno, "making a directory for keys");
    }
    gpgme_error_t e = lib.gpgme_new(&r->ctx);
    if (!e)
        e = lib.gpgme_ctx_set_engine_info(r->ctx, GPGME_PROTOCOL_OpenPGP, NULL, r->home);
    return e ? failed(err, e, "starting gpg") : 0;
}

static int ring_import(struct ring *r, const void *data, size_t len, const char *name,
                       struct err *err)
{
    gpgme_data_t d = NULL;
    gpgme_error_t e = lib.gpgme_data_new_from_mem(&d, data, len, 0);

    if (!e)
        e = lib.gpgme_op_import(r->ctx, d);
    if (d)
        lib.gpgme_data_release(d);
    if (e)
        return failed(err, e, name);
    gpgme_import_result_t res = lib.gpgme_op_import_result(r->ctx);
    size_t before = strv_len(r->fingerprints);
    for (gpgme_import_status_t s = res->imports; s; s = s->next)
        if (!s->result)
            r->fingerprints = strv_add(&r->arena, r->fingerprints, s->fpr);
    return strv_len(r->fingerprints) > before
               ? 0
               : err_set(err, ERR_BAD_PARAM, EINVAL, "no public keys imported from %s", name);
}

static int import_all(struct ring *r, char *const *paths, char *const *datas, struct err *err)
{
    int rc = 0;

    for (; rc == 0 && paths && *paths; paths++) {
        AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
        rc = fs_read_file(AT_FDCWD, *paths, &b);
        rc = rc < 0 ? err_sys(err, -rc, "reading the key file %s", *paths)
                    : ring_import(r, b.data ? b.data : "", b.len, *paths, err);
    }
    for (; rc == 0 && datas && *datas; datas++) {
        size_t n = strlen(*datas);
        AUTO_FREE unsigned char *raw = xmalloc(n + 4);
        int got = base64_decode(*datas, raw, n + 4);
        if (got < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "keyData is not base64");
        rc = ring_import(r, raw, (size_t)got, "keyData", err);
    }
    return rc;
}

static int take_data(gpgme_data_t d, struct buf *out)
{
    char chunk[4096];
    ssize_t n;
    int r = 0;

    lib.gpgme_data_seek(d, 0, SEEK_SET);
    while (r == 0 && (n = lib.gpgme_data_read(d, chunk, sizeof(chunk))) > 0)
        r = buf_add(out, chunk, (size_t)n);
    return r;
}

/* Exactly one signature, whole, by a key of the ring, that is by one we were given: not expired, not revoked. */
static int judge(gpgme_verify_result_t res, struct err *err)
{
    gpgme_signature_t s = res ? res->signatures : NULL;

    if (!s || s->next)
        return err_set(err, ERR_DENIED, EACCES, "Invalid GPG signature: %s",
                       s ? "there are several" : "there is none");
    if (gpgme_err_code(s->status) == GPG_ERR_NO_PUBKEY)
        return err_set(err, ERR_DENIED, EACCES,
                       "Signature by key %s is not accepted: the key is not one of the policy's",
                       s->fpr ? s->fpr : "");
    if (gpgme_err_code(s->status) != GPG_ERR_NO_ERROR)
        return err_set(err, ERR_DENIED, EACCES, "Invalid GPG signature: %s",
                       lib.gpgme_strerror(s->status));
    return 0;
}

int gpg_verify(char *const *paths, char *const *datas, const void *sig, size_t len,
               struct buf *payload, struct err *err)
{
    CLEANUP(ring_done) struct ring r = { 0 };
    gpgme_data_t in = NULL, out = NULL;
    int rc = ring_open(&r, err);

    if (rc == 0)
        rc = import_all(&r, paths, datas, err);
    if (rc < 0)
        return rc;
    gpgme_error_t e = lib.gpgme_data_new_from_mem(&in, sig, len, 0);
    if (!e)
        e = lib.gpgme_data_new(&out);
    if (!e)
        e = lib.gpgme_op_verify(r.ctx, in, NULL, out);
    rc = e ? failed(err, e, "Invalid GPG signature")
           : judge(lib.gpgme_op_verify_result(r.ctx), err);
    if (rc == 0 && take_data(out, payload) < 0)
        rc = err_set(err, ERR_TOO_BIG, EFBIG, "the signed text is too large");
    if (in)
        lib.gpgme_data_release(in);
    if (out)
        lib.gpgme_data_release(out);
    return rc;
}

/* ---------- signing ---------- */

static gpgme_error_t give_passphrase(void *arg, const char *hint, const char *info, int prev_bad,
                                     int fd)
{
    (void)hint, (void)info;
    const char *p = arg;

    if (prev_bad) /* the same again would be asked for without end */
        return gpgme_error(GPG_ERR_CANCELED);
    if (lib.gpgme_io_writen(fd, p, strlen(p)) < 0 || lib.gpgme_io_writen(fd, "\n", 1) < 0)
        return gpgme_error(GPG_ERR_CANCELED);
    return 0;
}

static gpgme_error_t sign_with(gpgme_ctx_t ctx, gpgme_key_t key, const void *text, size_t len,
                               gpgme_data_t *out)
{
    gpgme_data_t in = NULL;
    gpgme_error_t e = lib.gpgme_signers_add(ctx, key);

    if (!e)
        e = lib.gpgme_data_new_from_mem(&in, text, len, 0);
    if (!e)
        e = lib.gpgme_data_new(out);
    if (!e)
        e = lib.gpgme_op_sign(ctx, in, *out, GPGME_SIG_MODE_NORMAL);
    if (in)
        lib.gpgme_data_release(in);
    return e;
}

int gpg_sign(const char *name, const char *passphrase, const void *text, size_t len,
             struct buf *out, struct err *err)
{
    gpgme_ctx_t ctx = NULL;
    gpgme_key_t key = NULL;
    gpgme_data_t signed_ = NULL;
    int rc = load_library(err);

    if (rc < 0)
        return rc;
    gpgme_error_t e = lib.gpgme_new(&ctx);
    if (!e)
        e = lib.gpgme_set_protocol(ctx, GPGME_PROTOCOL_OpenPGP);
    if (!e && passphrase) {
        e = lib.gpgme_set_pinentry_mode(ctx, GPGME_PINENTRY_MODE_LOOPBACK);
        lib.gpgme_set_passphrase_cb(ctx, give_passphrase, (void *)(uintptr_t)passphrase);
    }
    if (!e) {
        e = lib.gpgme_get_key(ctx, name, &key, 1);
        if (e)
            rc = err_set(err, ERR_NOT_FOUND, ENOENT, "no secret GPG key \"%s\": %s", name,
                         lib.gpgme_strerror(e));
        else
            e = sign_with(ctx, key, text, len, &signed_);
    }
    if (e && rc == 0)
        rc = failed(err, e, "signing with GPG");
    if (rc == 0 && take_data(signed_, out) < 0)
        rc = err_set(err, ERR_TOO_BIG, EFBIG, "the signature is too large");
    if (signed_)
        lib.gpgme_data_release(signed_);
    if (key)
        lib.gpgme_key_unref(key);
    if (ctx)
        lib.gpgme_release(ctx);
    return rc;
}

int gpg_identities(const char *path, struct arena *a, char ***ret, struct err *err)
{
    CLEANUP(ring_done) struct ring r = { 0 };
    char *paths[] = { (char *)(uintptr_t)path, NULL };
    gpgme_key_t key;
    int rc = ring_open(&r, err);

    if (rc == 0)
        rc = import_all(&r, paths, NULL, err);
    if (rc < 0)
        return rc;
    gpgme_error_t e = lib.gpgme_op_keylist_start(r.ctx, NULL, 0);
    while (!e && (e = lib.gpgme_op_keylist_next(r.ctx, &key)) == 0) {
        const char *mail = key->uids ? key->uids->email : NULL;
        *ret = strv_add(a, *ret, !str_empty(mail) ? mail : key->subkeys ? key->subkeys->keyid : "");
        lib.gpgme_key_unref(key);
    }
    return gpgme_err_code(e) == GPG_ERR_EOF ? 0 : failed(err, e, "listing keys");
}
