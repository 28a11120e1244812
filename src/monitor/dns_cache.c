#include "monitor/dns_cache.h"

#include "base/parse.h"

#include "base/banned.h"

enum { ENTRIES = 32, ANSWER_MAX = 1500, QUERY_MAX = 512, SECONDS_MAX = 300 };

struct entry {
    uint8_t *bytes; /* the query, then the answer */
    size_t query_len, answer_len;
    int64_t stored, until; /* monotonic ns */
};

struct dns_cache {
    struct entry entries[ENTRIES];
};

static void drop(struct entry *e)
{
    free(e->bytes);
    memset(e, 0, sizeof(*e));
}

void dns_cache_put(struct dns_cache **cache, const uint8_t *query, size_t len,
                   const struct dns_question *q, const uint8_t *answer, size_t answer_len)
{
    uint32_t seconds = MIN(dns_lifetime(answer, answer_len, q), (uint32_t)SECONDS_MAX);

    if (!seconds || len > QUERY_MAX || answer_len > ANSWER_MAX)
        return;
    if (!*cache)
        *cache = xcalloc(1, sizeof(**cache));
    struct entry *e = &(*cache)->entries[0];
    for (size_t i = 1; i < ENTRIES; i++) /* a free one, or the one that ends first */
        if ((*cache)->entries[i].until < e->until)
            e = &(*cache)->entries[i];
    drop(e);
    e->bytes = xmalloc(len + answer_len);
    memcpy(e->bytes, query, len);
    memcpy(e->bytes + len, answer, answer_len);
    e->query_len = len;
    e->answer_len = answer_len;
    e->stored = time_monotonic();
    e->until = e->stored + seconds * NSEC_PER_SEC;
}

bool dns_cache_get(struct dns_cache *cache, const uint8_t *query, size_t len,
                   const struct dns_question *q, struct buf *out)
{
    int64_t now = time_monotonic();

    for (size_t i = 0; cache && i < ENTRIES; i++) {
        struct entry *e = &cache->entries[i];
        if (e->bytes && e->until <= now)
            drop(e);
        if (!e->bytes || e->query_len != len || memcmp(e->bytes + 2, query + 2, len - 2) != 0)
            continue;
        buf_reset(out);
        buf_put(out, e->bytes + len, e->answer_len);
        memcpy(out->data, query, 2);
        dns_age((uint8_t *)out->data, out->len, q, (uint32_t)((now - e->stored) / NSEC_PER_SEC));
        return true;
    }
    return false;
}

struct dns_cache *dns_cache_free(struct dns_cache *cache)
{
    for (size_t i = 0; cache && i < ENTRIES; i++)
        drop(&cache->entries[i]);
    free(cache);
    return NULL;
}
