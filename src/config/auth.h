/* config/auth.h: credentials for registries, from auth.json files.
 *
 * --authfile or $REGISTRY_AUTH_FILE alone; else ${XDG_RUNTIME_DIR}/containers/auth.json
 * (/run/containers/<uid>/auth.json), ~/.config/containers/auth.json, ~/.docker/config.json,
 * ~/.dockercfg, the first that has the most specific entry.  Credential helpers are programs named
 * docker-credential-<name>. */
#pragma once

#include "spec/reference.h"

struct credentials {
    char *user, *password;
    char *identity_token; /* an OAuth2 refresh token in place of a password */
};

/* Leaves @ret empty when there are none for @ref (its registry, or a prefix of its path). */
int auth_find(struct arena *a, const char *authfile, const struct image_ref *ref,
              char *const *helpers, struct credentials *ret, struct err *err) MUST_CHECK;

/* "user:password" as --creds takes it. */
int auth_parse_creds(struct arena *a, const char *s, struct credentials *ret,
                     struct err *err) MUST_CHECK;

/* base64 of "user:password", as Basic authentication and auth.json spell it. */
char *auth_encode(struct arena *a, const struct credentials *c);
char *auth_encode_text(struct arena *a, const char *plain);
/* The text of some base64, of either alphabet (RFC 4648); NULL when it is none. */
char *auth_decode(struct arena *a, const char *s);
char *auth_decode_bytes(struct arena *a, const char *s, size_t *ret_len);

/* The file that a login is written to when no other is named. */
char *auth_default_path(struct arena *a);

/* How Docker spells a registry in its own files and helpers. */
const char *auth_docker_key(const char *registry);

/* Where logins are kept. */
struct auth_place {
    const char *authfile;    /* NULL: auth_default_path() */
    const char *compat_file; /* a Docker config.json in its place; its keys are Docker's */
    char *const *helpers;    /* credential-helpers of registries.conf, NULL: the file alone */
};

/* Stores @c for @key ("registry" or "registry/path"), in the file or in the helper that the file or
 * registries.conf names for it.  The file is replaced as a whole, mode 0600, under a lock on its directory.
 * @ret_where: the file, or "credential helper: NAME". */
int auth_store(struct arena *a, const struct auth_place *p, const char *key,
               const struct credentials *c, char **ret_where, struct err *err) MUST_CHECK;

/* Removes it everywhere.  *ret_found tells whether it was anywhere. */
int auth_erase(struct arena *a, const struct auth_place *p, const char *key, bool *ret_found,
               struct err *err) MUST_CHECK;
int auth_erase_all(struct arena *a, const struct auth_place *p, struct err *err) MUST_CHECK;
