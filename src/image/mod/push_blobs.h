/* image/mod/push_blobs.h: the blobs of one image on their way, several at once. */
#pragma once

#include "image/mod/inflate.h"
#include "image/mod/push.h"
#include "image/mod/retry.h"

struct pusher {
    const struct store *s;
    struct arena *a;
    const struct image_push_options *opt;
    const char *transport;
    struct dest *dest;
    struct retry retry;
    enum compression pack; /* how layers are compressed when they are */
    int level;
};

/* One blob. */
struct send_job {
    struct descriptor from, to; /* as it is here; as it is there (set when it was sent) */
    enum compression have, to_format;
    bool config;
    bool encrypt;
    char *enc_keys, *enc_public; /* annotations of an encrypted layer */
    struct send_job *same_as;    /* the same blob appears twice in one manifest */
    struct arena arena;
};

/* Decides whether @j's blob, a layer, goes as it is: j->have and j->to_format. */
void send_plan(const struct pusher *p, struct send_job *j);

/* All threads are joined when it returns. */
int send_blobs(struct pusher *p, struct send_job *jobs, size_t n, struct err *err) MUST_CHECK;
