/* monitor/dns_cache.h: answers from elsewhere, kept for a while.
 *
 * The key is the whole query but its ID, so that flags and EDNS options are part of it. */
#pragma once

#include "monitor/dns_message.h"

struct dns_cache;

/* @cache points to NULL at first; the memory comes with the first answer. */
void dns_cache_put(struct dns_cache **cache, const uint8_t *query, size_t len,
                   const struct dns_question *q, const uint8_t *answer, size_t answer_len);
/* False: not there, or too old.  @out gets the answer with the query's ID and times to live of now. */
bool dns_cache_get(struct dns_cache *cache, const uint8_t *query, size_t len,
                   const struct dns_question *q, struct buf *out);
struct dns_cache *dns_cache_free(struct dns_cache *cache); /* NULL is fine */
