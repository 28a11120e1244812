/* config/policy.h: which images may come onto this host (containers-policy.json(5)).
 *
 * The file is --signature-policy's, or else ~/.config/containers/policy.json, or else
 * /etc/containers/policy.json; where there is none at all, everything is accepted.  An unknown key or a
 * missing one is an error and not a guess: a policy that is misread protects nobody. */
#pragma once

#include "base/json.h"
#include "spec/reference.h"

enum policy_kind { POLICY_ACCEPT, POLICY_REJECT, POLICY_SIGNED_BY, POLICY_SIGSTORE };
/* "insecureAcceptAnything", "reject", "signedBy", "sigstoreSigned" */
extern const char *const policy_kind_names[];

enum identity_kind {
    IDENTITY_REPO_DIGEST_OR_EXACT, /* simple signing's default: the tag must match, unless pulled by digest */
    IDENTITY_EXACT,
    IDENTITY_REPOSITORY, /* sigstore's default when pulled by digest: any tag of the repository */
    IDENTITY_EXACT_REFERENCE,  /* this very reference, whatever was pulled */
    IDENTITY_EXACT_REPOSITORY, /* this repository, whatever was pulled */
    IDENTITY_REMAP,            /* the prefix replaced, then as REPO_DIGEST_OR_EXACT */
};

struct signed_identity {
    enum identity_kind kind;
    char *reference;              /* dockerReference or dockerRepository */
    char *prefix, *signed_prefix; /* IDENTITY_REMAP */
};

struct policy_requirement {
    enum policy_kind kind;
    char **key_paths; /* keyPath, keyPaths; for GPG a keyring each, for sigstore a PEM file each */
    char **key_datas; /* keyData, keyDatas: base64 */
    struct signed_identity identity;
    char *unsupported; /* "fulcio", "rekorPublicKeyPath", ...: asked for, and we cannot check it */
};

typedef JSON_LIST(struct policy_requirement) requirement_list; /* all have to hold */

struct policy_scope {
    char *scope; /* "docker.io/library", "*.example.com", a path; "": the transport's default */
    requirement_list requirements;
};
struct policy_transport {
    char *name; /* "docker", "dir", ... */
    JSON_LIST(struct policy_scope) scopes;
};
struct policy {
    requirement_list fallback; /* "default" */
    JSON_LIST(struct policy_transport) transports;
    char *path; /* NULL: there is no policy */
};

/* @path: --signature-policy, NULL: where it is looked for. */
int policy_load(struct arena *a, const char *path, struct policy *ret, struct err *err) MUST_CHECK;
int policy_parse(struct arena *a, const char *text, size_t len, const char *name,
                 struct policy *ret, struct err *err) MUST_CHECK;
/* Where policy_load() looks; the user's file when it exists, else the administrator's. */
char *policy_path(struct arena *a);

/* The requirements on a reference of a registry, or on a path of another transport: those of the most specific
 * scope. */
const requirement_list *policy_for_ref(const struct policy *p, struct arena *a,
                                       const struct image_ref *ref);
const requirement_list *policy_for_path(const struct policy *p, struct arena *a,
                                        const char *transport, const char *path);
/* Does everything pass, without a look at any signature? */
bool policy_accepts(const requirement_list *list);

/* Is @signed_ref, which a signature names, what was asked for as @wanted (complete)? */
bool identity_matches(struct arena *a, const struct signed_identity *id,
                      const struct image_ref *wanted, const char *signed_ref);
