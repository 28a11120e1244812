/* image/mod/registry_priv.h: the insides of a session, for the writing side and the search. */
#pragma once

#include <pthread.h>

#include "image/mod/http.h"
#include "image/mod/registry.h"

enum { IDLE_CLIENTS = 8 };

struct registry {
    struct image_ref ref;
    struct arena arena;
    struct http_options http;
    const char *scheme;
    const char *actions, *scope;
    char *const *mounts;
    struct challenge challenge; /* scheme NULL: none */
    struct credentials creds;
    pthread_mutex_t mutex; /* of what follows */
    char *authorization;   /* the header's value, NULL: none */
    struct http *idle[IDLE_CLIENTS];
};

/* A client to use alone, NULL with @err set; it is given back for the next who asks. */
struct http *registry_client(struct registry *r, struct err *err);
void registry_client_back(struct registry *r, struct http *h);

/* A request with the current authorization; a 401 gets a new one, once. */
int registry_request(struct registry *r, struct http *h, struct http_request *rq, byte_sink sink,
                     void *arg, struct http_answer *ans, struct err *err) MUST_CHECK;

/* Does @url lead to the registry itself? */
bool registry_is_its(const struct registry *r, const char *url);

/* Sets @err from an answer that is no success, in the registry's own words where it has some. */
int registry_bad_status(struct arena *a, const struct http_answer *ans, struct err *err);

/* The URL of the next page of a list, or NULL. */
char *registry_next_page(struct registry *r, struct arena *a, const char *link);
