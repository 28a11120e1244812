#include "image/mod/sigstore.h"

#include <dlfcn.h>
/* OpenSSL has a type of that name. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#undef ERR_STATE

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "image/mod/base64.h"

#include "base/banned.h"

enum { BOX_KEY = 32, BOX_NONCE = 24, BOX_MAC = 16 };
/* What scrypt may cost us: 128 * N * r bytes. */
#define SCRYPT_MEMORY (1u << 30)

static void bio_free_p(BIO **b)
{
    BIO_free(*b);
}
static void key_free_p(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}
static void md_free_p(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

/* ---------- verifying ---------- */

static EVP_PKEY *public_key(const void *pem, size_t len)
{
    CLEANUP(bio_free_p) BIO *b = BIO_new_mem_buf(pem, (int)len);

    return b ? PEM_read_bio_PUBKEY(b, NULL, NULL, NULL) : NULL;
}

static bool verify_one(EVP_PKEY *key, const void *payload, size_t len, const unsigned char *sig,
                       size_t sig_len)
{
    CLEANUP(md_free_p) EVP_MD_CTX *c = EVP_MD_CTX_new();

    return c && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestVerify(c, sig, sig_len, payload, len) == 1;
}

static int try_key(const void *pem, size_t pem_len, const char *name, const void *payload,
                   size_t len, const unsigned char *sig, size_t sig_len, struct err *err)
{
    CLEANUP(key_free_p) EVP_PKEY *key = public_key(pem, pem_len);

    if (!key)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s is no public key in PEM", name);
    return verify_one(key, payload, len, sig, sig_len);
}

int sigstore_verify(char *const *paths, char *const *datas, const void *payload, size_t len,
                    const char *sig64, struct err *err)
{
    unsigned char sig[1024], pem[8192];
    int sig_len = base64_decode(sig64, sig, sizeof(sig)), r = 0;

    if (sig_len <= 0)
        return err_set(err, ERR_DENIED, EACCES, "the signature is not base64");
    for (; r == 0 && paths && *paths; paths++) {
        AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
        r = fs_read_file(AT_FDCWD, *paths, &b);
        if (r < 0)
            return err_sys(err, -r, "reading the public key %s", *paths);
        r = try_key(b.data ? b.data : "", b.len, *paths, payload, len, sig, (size_t)sig_len, err);
    }
    for (; r == 0 && datas && *datas; datas++) {
        int n = base64_decode(*datas, pem, sizeof(pem));
        if (n < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "keyData is not base64");
        r = try_key(pem, (size_t)n, "keyData", payload, len, sig, (size_t)sig_len, err);
    }
    if (r == 0)
        return err_set(err, ERR_DENIED, EACCES,
                       "cryptographic signature verification failed: invalid signature when "
                       "validating ASN.1 encoded signature");
    return MIN(r, 0);
}

/* ---------- the private key ---------- */

/* {"kdf":{"name":"scrypt","params":{"N":..,"r":..,"p":..},"salt":B64},"cipher":{"name":"nacl/secretbox",
 *  "nonce":B64},"ciphertext":B64} */
struct sealed {
    unsigned char salt[64], nonce[BOX_NONCE], box[4096];
    int salt_len, box_len;
    uint64_t n, r, p;
};

static bool read_sealed(const json_t *doc, struct sealed *s)
{
    const json_t *kdf = json_object_get(doc, "kdf"), *cipher = json_object_get(doc, "cipher");
    const json_t *params = json_object_get(kdf, "params");
    const char *salt = json_string_value(json_object_get(kdf, "salt"));
    const char *nonce = json_string_value(json_object_get(cipher, "nonce"));
    const char *box = json_string_value(json_object_get(doc, "ciphertext"));

    if (!str_same(json_string_value(json_object_get(kdf, "name")), "scrypt") ||
        !str_same(json_string_value(json_object_get(cipher, "name")), "nacl/secretbox") || !salt ||
        !nonce || !box)
        return false;
    s->n = (uint64_t)json_integer_value(json_object_get(params, "N"));
    s->r = (uint64_t)json_integer_value(json_object_get(params, "r"));
    s->p = (uint64_t)json_integer_value(json_object_get(params, "p"));
    s->salt_len = base64_decode(salt, s->salt, sizeof(s->salt));
    s->box_len = base64_decode(box, s->box, sizeof(s->box));
    return s->salt_len > 0 && s->box_len > BOX_MAC &&
           base64_decode(nonce, s->nonce, sizeof(s->nonce)) == BOX_NONCE;
}

typedef int open_box(unsigned char *m, const unsigned char *c, unsigned long long clen,
                     const unsigned char *n, const unsigned char *k);

/* OpenSSL has no secretbox: libsodium is loaded for it, by whoever signs with such a key. */
static open_box *load_sodium(struct err *err)
{
    static const char *const file = "libsodium.so.23";
    void *so = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    open_box *call = NULL;

    *(void **)&call = so ? dlsym(so, "crypto_secretbox_open_easy") : NULL;
    if (!call)
        err_set(err, ERR_UNSUPPORTED, ENOENT,
                "signing with a sigstore key needs %s (Debian's package libsodium23)", file);
    return call;
}

/* @given: the passphrase of a key, NULL when nobody told one; it may be empty. */
static EVP_PKEY *unseal(const struct sealed *s, const char *given, struct err *err)
{
    const char *passphrase = given ? given : "";
    unsigned char key[BOX_KEY], der[sizeof(s->box)];
    const unsigned char *p = der;
    open_box *open_ = load_sodium(err);

    if (!open_)
        return NULL;
    if (EVP_PBE_scrypt(passphrase, strlen(passphrase), s->salt, (size_t)s->salt_len, s->n, s->r,
                       s->p, SCRYPT_MEMORY, key, sizeof(key)) != 1) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "the private key asks for too much of scrypt");
        return NULL;
    }
    EVP_PKEY *k = NULL;
    if (open_(der, s->box, (unsigned long long)s->box_len, s->nonce, key) == 0)
        k = d2i_AutoPrivateKey(NULL, &p, s->box_len - BOX_MAC);
    else
        err_set(err, ERR_DENIED, EACCES,
                given ? "the private key cannot be decrypted: wrong passphrase"
                      : "the private key is sealed and there is no terminal to ask for its "
                        "passphrase: give it with --sign-passphrase-file");
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(der, sizeof(der));
    if (!k && err && err->kind == ERR_NONE)
        err_set(err, ERR_BAD_PARAM, EINVAL, "the private key is of an unknown kind");
    return k;
}

static EVP_PKEY *private_key(const char *file, const char *passphrase, struct err *err)
{
    AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, file, &b);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    EVP_PKEY *key = NULL;
    struct sealed s = { 0 };

    if (r < 0) {
        err_sys(err, -r, "reading the private key %s", file);
        return NULL;
    }
    CLEANUP(bio_free_p) BIO *bio = BIO_new_mem_buf(b.data ? b.data : "", (int)b.len);
    if (!bio || PEM_read_bio(bio, &name, &header, &data, &len) != 1) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "%s is no private key in PEM", file);
        return NULL;
    }
    if (STR_IN(name, "ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY")) {
        AUTO_JSON *doc = json_parse((char *)data, (size_t)len, file, err);
        if (doc && !read_sealed(doc, &s))
            err_set(err, ERR_BAD_PARAM, EINVAL, "%s is sealed in an unknown way", file);
        else if (doc)
            key = unseal(&s, passphrase, err);
    } else
        err_set(err, ERR_BAD_PARAM, EINVAL,
                "%s: unsupported kind of private key \"%s\" (an encrypted one of sigstore's is "
                "wanted)",
                file, name);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    return key;
}

int sigstore_sign(const char *key_file, const char *passphrase, const void *text, size_t len,
                  struct arena *a, char **ret, struct err *err)
{
    CLEANUP(key_free_p) EVP_PKEY *key = private_key(key_file, passphrase, err);
    CLEANUP(md_free_p) EVP_MD_CTX *c = EVP_MD_CTX_new();
    unsigned char sig[1024];
    size_t n = sizeof(sig);

    if (!key)
        return -EINVAL;
    if (!c || EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(c, sig, &n, text, len) != 1)
        return err_set(err, ERR_INTERNAL, EIO, "signing with %s failed", key_file);
    *ret = base64_encode(a, sig, n);
    return 0;
}
