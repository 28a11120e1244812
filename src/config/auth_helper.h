/* config/auth_helper.h: programs named docker-credential-<name> that keep credentials.
 *
 * The verb is their argument, a registry or a JSON document their standard input; answers are JSON. */
#pragma once

#include "config/auth.h"

/* Leaves @ret empty when the helper has none. */
int auth_helper_get(struct arena *a, const char *helper, const char *registry,
                    struct credentials *ret, struct err *err) MUST_CHECK;
int auth_helper_store(const char *helper, const char *registry, const struct credentials *c,
                      struct err *err) MUST_CHECK;
int auth_helper_erase(const char *helper, const char *registry, struct err *err) MUST_CHECK;
/* The registries that it keeps something for. */
int auth_helper_list(struct arena *a, const char *helper, char ***ret, struct err *err) MUST_CHECK;

/* {"Username":"...","Secret":"..."}; "<token>" is no name but says that the secret is a token. */
int auth_helper_parse(struct arena *a, const char *text, size_t len, struct credentials *ret,
                      struct err *err) MUST_CHECK;
