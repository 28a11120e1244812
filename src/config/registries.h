/* config/registries.h: registries.conf, its drop-ins and the short-name aliases.
 *
 * Searched as Podman does: $CONTAINERS_REGISTRIES_CONF alone, else $XDG_CONFIG_HOME/containers/
 * registries.conf (~/.config), else /etc/containers/registries.conf; then the *.conf files of
 * /etc/containers/registries.conf.d and of the user's registries.conf.d, in order of name, each
 * replacing what it sets.  Format version 2; the old lists of version 1 are refused as they are there. */
#pragma once

#include "base/json.h"
#include "spec/reference.h"

enum mirror_use { MIRROR_ALL, MIRROR_DIGEST_ONLY, MIRROR_TAG_ONLY };

struct registry_mirror {
    char *location;
    bool insecure;
    enum mirror_use use;
};

struct registry_rule {
    char *prefix, *location;
    bool insecure, blocked, mirror_by_digest_only;
    JSON_LIST(struct registry_mirror) mirrors;
};

struct registries {
    char **search; /* unqualified-search-registries */
    char *short_name_mode;
    char **credential_helpers;
    JSON_LIST(struct registry_rule) rules;
    kv_list aliases; /* "fedora" -> "registry.fedoraproject.org/fedora" */
    char *source;    /* the file that set `search`, for messages */
};

int registries_load(struct arena *a, struct registries *ret, struct err *err) MUST_CHECK;
/* Reads one file's text into @ret, over what is there. */
int registries_parse(struct arena *a, struct registries *ret, const char *text, size_t len,
                     const char *name, struct err *err) MUST_CHECK;

/* The rule with the longest prefix that covers @ref, or NULL. */
const struct registry_rule *registries_rule(const struct registries *r, struct arena *a,
                                            const struct image_ref *ref);

/* One place to try: where @ref really is, after rewriting. */
struct registry_place {
    struct image_ref ref; /* registry, path as they are there; tag and digest as asked */
    bool insecure, mirror;
};
typedef JSON_LIST(struct registry_place) place_list;

/* The places of a complete reference in order: mirrors, then the location itself.  A blocked registry
 * is an error. */
int registries_places(const struct registries *r, struct arena *a, const struct image_ref *ref,
                      place_list *ret, struct err *err) MUST_CHECK;

/* The complete references that a short name can mean, in order: its alias, or one for each search
 * registry.  None at all is an error. */
int registries_candidates(const struct registries *r, struct arena *a, const struct image_ref *ref,
                          char ***ret, char **ret_how, struct err *err) MUST_CHECK;

/* Remembers what a user chose for a short name, for registries_load() of the future: in
 * $CONTAINERS_SHORT_NAME_ALIASES_CONF, /var/cache/containers/short-name-aliases.conf or, for an ordinary user,
 * ~/.cache/containers/short-name-aliases.conf. */
int registries_record_alias(struct arena *a, const char *name, const char *value,
                            struct err *err) MUST_CHECK;
