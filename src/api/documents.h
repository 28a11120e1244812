/* api/documents.h: the JSON of containers, images and the host that several handlers show. */
#pragma once

#include "api/request.h"
#include "engine/images.h"

/* The JSON array of @v, [] when it is NULL; null with @null. */
json_t *doc_strings(char *const *v, bool null);
/* RFC 3339; Go's zero time for 0. */
json_t *doc_time(int64_t ns);
/* A string, "" for NULL. */
json_t *doc_text(const char *s);
/* "sha256:" and the ID; "" for none. */
json_t *doc_sha(const char *id);
/* An object of the keys @v, each with {}; null when there are none. */
json_t *doc_set(char *const *v);
/* The object of @m, {} when it is empty. */
json_t *doc_map(const kv_list *m);

/* A member of an object, or of an object in it: doc_get(doc, "host", "os", NULL).  A borrowed reference, NULL when it
 * is not there. */
json_t *doc_get(const json_t *doc, ...) __attribute__((sentinel));
/* Moves a member under another key, or drops it (@to NULL). */
void doc_rename(json_t *doc, const char *from, const char *to);

/* What Docker's clients mean by a name without a registry: Docker Hub's, unless containers.conf wants it as Podman
 * reads it. */
const char *docker_name(struct request *r, const char *name);

/* Docker's clients read logs of drivers that they know: what ours writes is what its "json-file" is to them. */
const char *docker_log_driver(const char *name);

/* The network that containers are on when nobody says which; Docker's name for a network ("bridge" for that one). */
const char *usual_network(struct request *r);
const char *docker_network(struct request *r, const char *name);

/* An object of GET /containers/json. */
json_t *compat_summary(struct request *r, const struct container *c, bool size);
/* GET /containers/{name}/json; NULL with r->err set. */
json_t *compat_inspect(struct request *r, const struct container *c, bool size);
/* GET /info; NULL with r->err set. */
json_t *compat_info(struct request *r);
