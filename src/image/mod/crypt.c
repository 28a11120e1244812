#include "image/mod/crypt.h"

/* OpenSSL has a type of that name. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#undef ERR_STATE

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "image/mod/base64.h"
#include "spec/digest.h"

#include "base/banned.h"

#define CIPHER "AES_256_CTR_HMAC_SHA256"

enum {
    GCM_IV = 12,
    GCM_TAG = 16,
    BLOCK = 16,
    RSA_MAX = 2048,
    SECRET_MAX = 4096,
    JWE_MAX = 64 * 1024
};

static void pkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}
#define AUTO_PKEY CLEANUP(pkey_free) EVP_PKEY
static void pkey_ctx_free(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}
static void cipher_free(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}
static void bio_free(BIO **b)
{
    BIO_free(*b);
}

/* ---------- the stream ---------- */

struct crypt_stream {
    EVP_CIPHER_CTX *aes;
    EVP_MAC_CTX *hmac;
};

static EVP_MAC_CTX *hmac_new(const unsigned char *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM how[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end() };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *c = mac ? EVP_MAC_CTX_new(mac) : NULL;

    EVP_MAC_free(mac);
    if (c && EVP_MAC_init(c, key, CRYPT_KEY, how) == 1)
        return c;
    EVP_MAC_CTX_free(c);
    return NULL;
}

int crypt_secret_new(struct crypt_secret *ret, struct err *err)
{
    if (RAND_bytes(ret->key, CRYPT_KEY) != 1 || RAND_bytes(ret->nonce, CRYPT_NONCE) != 1)
        return err_set(err, ERR_INTERNAL, EIO, "no random bytes for a key");
    return 0;
}

struct crypt_stream *crypt_stream_new(const struct crypt_secret *s, int64_t from)
{
    struct crypt_stream *c = xcalloc(1, sizeof(*c));
    unsigned char counter[CRYPT_NONCE], skip[BLOCK] = { 0 };
    uint64_t carry = (uint64_t)from / BLOCK;
    int n;

    memcpy(counter, s->nonce, sizeof(counter));
    for (size_t i = sizeof(counter); i-- > 0 && carry; carry >>= 8) {
        carry += counter[i];
        counter[i] = (unsigned char)carry;
    }
    c->aes = EVP_CIPHER_CTX_new();
    c->hmac = hmac_new(s->key);
    if (!c->aes || !c->hmac ||
        EVP_EncryptInit_ex(c->aes, EVP_aes_256_ctr(), NULL, s->key, counter) != 1 ||
        EVP_EncryptUpdate(c->aes, skip, &n, skip, (int)(from % BLOCK)) != 1)
        return crypt_stream_free(c);
    return c;
}

struct crypt_stream *crypt_stream_free(struct crypt_stream *c)
{
    if (c) {
        EVP_CIPHER_CTX_free(c->aes);
        EVP_MAC_CTX_free(c->hmac);
        free(c);
    }
    return NULL;
}

int crypt_stream_run(struct crypt_stream *c, const void *in, void *out, size_t n)
{
    int done;

    if (EVP_EncryptUpdate(c->aes, out, &done, in, (int)n) != 1 || (size_t)done != n ||
        EVP_MAC_update(c->hmac, out, n) != 1)
        return -EIO;
    return 0;
}

int crypt_stream_hmac(struct crypt_stream *c, unsigned char out[32])
{
    size_t n = 0;

    return EVP_MAC_final(c->hmac, out, &n, 32) == 1 && n == 32 ? 0 : -EIO;
}

/* ---------- base64 as JOSE writes it ---------- */

static char *url_encode(struct arena *a, const void *data, size_t len)
{
    char *s = base64_encode(a, data, len);

    s[strcspn(s, "=")] = '\0';
    for (char *p = s; *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    return s;
}

static int url_decode(struct arena *a, const char *s, unsigned char *out, size_t size)
{
    if (!s || strlen(s) > JWE_MAX)
        return -EINVAL;
    char *std = arena_printf(a, "%s%.*s", s, (int)(-strlen(s) & 3), "===");
    for (char *p = std; *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    return base64_decode(std, out, size);
}

enum { EXACT_MAX = 64 };

/* Bytes of a length that is known. */
static bool exact(int got, const unsigned char *from, unsigned char *out, size_t size)
{
    if (got != (int)size)
        return false;
    memcpy(out, from, size);
    return true;
}

static bool url_exact(struct arena *a, const char *s, unsigned char *out, size_t size)
{
    unsigned char b[EXACT_MAX];

    return exact(url_decode(a, s, b, sizeof(b)), b, out, size);
}

static bool std_exact(const char *s, unsigned char *out, size_t size)
{
    unsigned char b[EXACT_MAX];

    return s && exact(base64_decode(s, b, sizeof(b)), b, out, size);
}

/* ---------- keys ---------- */

static const char *protocol_file(const char *key, struct err *err)
{
    static const char *const others[] = { "pgp:", "pkcs7:", "pkcs11:", "provider:", NULL };

    for (const char *const *p = others; *p; p++)
        if (str_starts(key, *p)) {
            err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                    "%s: of the protocols for encrypted images only jwe: is supported", key);
            return NULL;
        }
    return str_starts(key, "jwe:") ? key + strlen("jwe:") : key;
}

static BIO *open_key(const char *path, struct buf *text, struct err *err)
{
    int r = fs_read_file(AT_FDCWD, path, text);
    BIO *bio = r < 0 ? NULL : BIO_new_mem_buf(text->data ? text->data : "", (int)text->len);

    if (r < 0)
        err_sys(err, -r, "reading the key %s", path);
    else if (!bio)
        err_set(err, ERR_INTERNAL, ENOMEM, "reading the key %s", path);
    return bio;
}

static EVP_PKEY *public_key(const char *key, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_CONFIG_FILE };
    const char *path = protocol_file(key, err);
    CLEANUP(bio_free) BIO *bio = path ? open_key(path, &text, err) : NULL;
    EVP_PKEY *k = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

    if (bio && (!k || EVP_PKEY_get_base_id(k) != EVP_PKEY_RSA)) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "%s is no RSA public key in PEM", path);
        EVP_PKEY_free(k);
        return NULL;
    }
    return k;
}

int crypt_check_public(char *const *keys, struct err *err)
{
    for (; keys && *keys; keys++) {
        AUTO_PKEY *k = public_key(*keys, err);
        if (!k)
            return -EINVAL;
    }
    return 0;
}

/* "pass=TEXT", "file=PATH", "fd=N" or the text itself. */
static char *passphrase_of(struct arena *a, const char *s, struct err *err)
{
    AUTO_BUF text = { .max = SECRET_MAX };
    int64_t fd;
    int r = 0;

    if (str_starts(s, "file="))
        r = fs_read_file(AT_FDCWD, s + 5, &text);
    else if (str_starts(s, "fd="))
        r = parse_i64(s + 3, 0, INT_MAX, &fd) < 0 ? -EINVAL : buf_read_fd(&text, (int)fd);
    else
        return arena_strdup(a, str_starts(s, "pass=") ? s + 5 : s);
    if (r < 0) {
        err_sys(err, -r, "reading the passphrase %s", s);
        return NULL;
    }
    char *word = arena_strndup(a, text.data ? text.data : "", text.len);
    word[strcspn(word, "\r\n")] = '\0';
    return word;
}

static EVP_PKEY *private_key(struct arena *a, const char *key, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_CONFIG_FILE };
    const char *file = protocol_file(key, err);
    const char *colon = file ? strchr(file, ':') : NULL;
    char *path = file ? arena_strndup(a, file, colon ? (size_t)(colon - file) : strlen(file))
                      : NULL;
    char *pass = file ? passphrase_of(a, colon ? colon + 1 : "", err) : NULL;
    CLEANUP(bio_free) BIO *bio = pass ? open_key(path, &text, err) : NULL;
    EVP_PKEY *k = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, pass) : NULL;

    if (bio && !k)
        err_set(err, ERR_BAD_PARAM, EINVAL,
                "%s is no private key in PEM, or its passphrase is another", path);
    return k;
}

/* ---------- JWE ---------- */

static int rsa_oaep(EVP_PKEY *k, bool seal, const unsigned char *in, size_t n, unsigned char *out,
                    size_t *ret_n)
{
    CLEANUP(pkey_ctx_free) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k, NULL);

    if (!c || (seal ? EVP_PKEY_encrypt_init(c) : EVP_PKEY_decrypt_init(c)) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) != 1)
        return -EIO;
    return (seal ? EVP_PKEY_encrypt(c, out, ret_n, in, n)
                 : EVP_PKEY_decrypt(c, out, ret_n, in, n)) == 1
               ? 0
               : -EBADMSG;
}

/* AES-256-GCM over a short text. */
struct gcm {
    unsigned char key[CRYPT_KEY], iv[GCM_IV], tag[GCM_TAG];
    const char *aad;
};

static int gcm_run(struct gcm *g, bool seal, const unsigned char *in, int n, unsigned char *out)
{
    CLEANUP(cipher_free) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int got;

    if (!c || EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, g->key, g->iv, seal) != 1 ||
        EVP_CipherUpdate(c, NULL, &got, (const unsigned char *)g->aad, (int)strlen(g->aad)) != 1 ||
        EVP_CipherUpdate(c, out, &got, in, n) != 1 || got != n)
        return -EIO;
    if (!seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, GCM_TAG, g->tag) != 1)
        return -EIO;
    if (EVP_CipherFinal_ex(c, out + n, &got) != 1)
        return -EBADMSG;
    if (seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, GCM_TAG, g->tag) != 1)
        return -EIO;
    return 0;
}

static int add_recipient(struct arena *a, json_t *list, const char *key, const struct gcm *g,
                         struct err *err)
{
    unsigned char sealed[RSA_MAX];
    size_t n = sizeof(sealed);
    AUTO_PKEY *k = public_key(key, err);

    if (!k)
        return -EINVAL;
    if (rsa_oaep(k, true, g->key, CRYPT_KEY, sealed, &n) < 0)
        return err_set(err, ERR_INTERNAL, EIO, "sealing a key for %s failed", key);
    json_array_append_new(list, json_pack("{s:{s:s},s:s}", "header", "alg", "RSA-OAEP",
                                          "encrypted_key", url_encode(a, sealed, n)));
    return 0;
}

/* @text sealed for all @keys, in JSON. */
static int jwe_seal(struct arena *a, const char *text, char *const *keys, struct buf *ret,
                    struct err *err)
{
    bool one = !keys[1];
    static const char single[] = "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}";
    static const char several[] = "{\"enc\":\"A256GCM\"}";
    const char *head = one ? single : several;
    size_t n = strlen(text);
    unsigned char *out = arena_alloc(a, n + BLOCK);
    struct gcm g = { .aad = url_encode(a, head, strlen(head)) };
    AUTO_JSON *list = json_array();
    int r = 0;

    if (RAND_bytes(g.key, CRYPT_KEY) != 1 || RAND_bytes(g.iv, GCM_IV) != 1 ||
        gcm_run(&g, true, (const unsigned char *)text, (int)n, out) < 0)
        return err_set(err, ERR_INTERNAL, EIO, "sealing a layer's key failed");
    for (; r == 0 && *keys; keys++)
        r = add_recipient(a, list, *keys, &g, err);
    OPENSSL_cleanse(g.key, sizeof(g.key));
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:s,s:s}", "protected", g.aad, "iv",
                               url_encode(a, g.iv, GCM_IV), "ciphertext", url_encode(a, out, n),
                               "tag", url_encode(a, g.tag, GCM_TAG));
    if (one)
        json_object_set(doc, "encrypted_key",
                        json_object_get(json_array_get(list, 0), "encrypted_key"));
    else
        json_object_set(doc, "recipients", list);
    json_text(doc, 0, ret);
    return 0;
}

static const char *member(const json_t *doc, const char *key)
{
    return json_string_value(json_object_get(doc, key));
}

/* 0 when @k opens one of the recipients' keys. */
static int unseal_key(struct arena *a, EVP_PKEY *k, const json_t *doc, unsigned char out[CRYPT_KEY])
{
    const json_t *list = json_object_get(doc, "recipients"), *each;
    unsigned char sealed[RSA_MAX], clear[RSA_MAX];
    size_t i, count = list ? json_array_size(list) : 1;

    for (i = 0; i < count; i++) {
        each = list ? json_array_get(list, i) : doc;
        int n = url_decode(a, member(each, "encrypted_key"), sealed, sizeof(sealed));
        size_t got = sizeof(clear);
        if (n <= 0 || rsa_oaep(k, false, sealed, (size_t)n, clear, &got) < 0 || got != CRYPT_KEY)
            continue;
        memcpy(out, clear, CRYPT_KEY);
        OPENSSL_cleanse(clear, sizeof(clear));
        return 0;
    }
    return -ENOENT;
}

/* The text of a JWE that @k opens; NULL when it does not. */
static char *jwe_open(struct arena *a, EVP_PKEY *k, const json_t *doc)
{
    unsigned char in[SECRET_MAX], out[SECRET_MAX + BLOCK], head[512];
    struct gcm g = { .aad = member(doc, "protected") };
    int h = url_decode(a, g.aad, head, sizeof(head) - 1);
    int n = url_decode(a, member(doc, "ciphertext"), in, sizeof(in));

    if (h <= 0 || n <= 0 || !url_exact(a, member(doc, "iv"), g.iv, GCM_IV) ||
        !url_exact(a, member(doc, "tag"), g.tag, GCM_TAG))
        return NULL;
    AUTO_JSON *header = json_parse((char *)head, (size_t)h, "header", NULL);
    if (!str_same(member(header, "enc"), "A256GCM") || unseal_key(a, k, doc, g.key) < 0 ||
        gcm_run(&g, false, in, n, out) < 0)
        return NULL;
    return arena_strndup(a, (char *)out, (size_t)n);
}

/* ---------- a layer's options ---------- */

int crypt_seal(struct arena *a, const struct crypt_secret *s, const unsigned char hmac[32],
               char *const *keys, char **ret_keys, char **ret_public, struct err *err)
{
    AUTO_BUF secret = { 0 }, open = { 0 }, jwe = { 0 };
    AUTO_JSON *private_ = json_pack(
        "{s:s,s:s,s:{s:s}}", "symkey", base64_encode(a, s->key, CRYPT_KEY), "digest", s->digest,
        "cipheroptions", "nonce", base64_encode(a, s->nonce, CRYPT_NONCE));
    AUTO_JSON *public_ = json_pack("{s:s,s:s,s:{}}", "cipher", CIPHER, "hmac",
                                   base64_encode(a, hmac, 32), "cipheroptions");

    json_text(private_, 0, &secret);
    json_text(public_, 0, &open);
    int r = jwe_seal(a, secret.data, keys, &jwe, err);
    if (r < 0)
        return r;
    *ret_keys = base64_encode(a, (unsigned char *)jwe.data, jwe.len);
    *ret_public = base64_encode(a, (unsigned char *)open.data, open.len);
    return 0;
}

static bool read_secret(struct arena *a, const char *text, struct crypt_secret *ret)
{
    AUTO_JSON *doc = json_parse(text, strlen(text), "key", NULL);
    const char *key = member(doc, "symkey"), *digest = member(doc, "digest");
    const char *nonce = member(json_object_get(doc, "cipheroptions"), "nonce");

    if (!digest || !digest_valid(digest) || !std_exact(key, ret->key, CRYPT_KEY) ||
        !std_exact(nonce, ret->nonce, CRYPT_NONCE))
        return false;
    ret->digest = arena_strdup(a, digest);
    return true;
}

/* One of the annotation's comma-separated JWEs. */
static bool open_one(struct arena *a, EVP_PKEY *k, const char *sealed, struct crypt_secret *ret)
{
    size_t max = strlen(sealed);
    unsigned char *json = arena_alloc(a, max + 4);
    int n = max > JWE_MAX ? -EINVAL : base64_decode(sealed, json, max + 3);
    AUTO_JSON *doc = n > 0 ? json_parse((char *)json, (size_t)n, "JWE", NULL) : NULL;
    char *text = doc ? jwe_open(a, k, doc) : NULL;

    return text && read_secret(a, text, ret);
}

static int check_cipher(const kv_list *annotations, struct err *err)
{
    const char *sealed = kv_get(annotations, CRYPT_PUBLIC);
    unsigned char json[SECRET_MAX];
    int n = sealed ? base64_decode(sealed, json, sizeof(json)) : -EINVAL;
    AUTO_JSON *doc = n > 0 ? json_parse((char *)json, (size_t)n, "options", NULL) : NULL;

    if (!str_same(member(doc, "cipher"), CIPHER))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "the layer's cipher is unknown");
    return 0;
}

int crypt_open(struct arena *a, char *const *keys, const kv_list *annotations,
               struct crypt_secret *ret, struct err *err)
{
    const char *sealed = kv_get(annotations, CRYPT_KEYS);
    int r = check_cipher(annotations, err);

    if (r < 0)
        return r;
    if (!keys || !*keys)
        return err_set(err, ERR_DENIED, EACCES, "missing private key needed for decryption");
    if (!sealed)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "the layer's key is not sealed with jwe, the only protocol supported");
    for (; *keys; keys++) {
        AUTO_PKEY *k = private_key(a, *keys, err);
        if (!k)
            return -EINVAL;
        for (char **one = strv_split(a, sealed, ','); *one; one++)
            if (open_one(a, k, *one, ret))
                return 0;
    }
    return err_set(err, ERR_DENIED, EACCES, "no suitable key found for decrypting the layer");
}
