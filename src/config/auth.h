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
