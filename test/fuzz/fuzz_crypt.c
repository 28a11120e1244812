#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/pem.h>
#undef ERR_STATE

#include <assert.h>

#include "base/fs.h"
#include "image/mod/base64.h"
#include "image/mod/crypt.h"
#include "spec/digest.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A private key of this process's own, made once. */
static char *key_file(void)
{
    static char path[] = "/tmp/fuzz-crypt-XXXXXX";
    static bool made;

    if (!made) {
        int fd = mkstemp(path);
        FILE *f = fdopen(fd, "w");
        EVP_PKEY *k = EVP_RSA_gen(2048);
        PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL);
        fclose(f);
        EVP_PKEY_free(k);
        made = true;
    }
    return path;
}

__attribute__((destructor)) static void remove_key(void)
{
    unlink(key_file());
}

/* A JWE from a registry: whatever opens has a digest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char open[] = "{\"cipher\":\"AES_256_CTR_HMAC_SHA256\"}";
    AUTO_ARENA a = { 0 };
    struct crypt_secret s = { 0 };
    kv_list list = { 0 };
    char *keys[] = { key_file(), NULL };

    kv_set(&a, &list, CRYPT_PUBLIC, base64_encode(&a, (const uint8_t *)open, strlen(open)));
    kv_set(&a, &list, CRYPT_KEYS, base64_encode(&a, data, size));
    if (crypt_open(&a, keys, &list, &s, NULL) == 0)
        assert(digest_valid(s.digest));
    return 0;
}
