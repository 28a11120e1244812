/* build/words.h: words and variables of a Containerfile. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define CF_EXPANDED_MAX (1u << 20) /* bytes that one text may become */

/* Splits at white space outside quotes; quotes and escapes stay in the words. */
char **cf_words(struct arena *a, const char *text, char escape);

/* The value of a variable, or NULL when it is not set. */
typedef const char *(*cf_lookup)(void *arg, const char *name);

/* Variables are replaced, quotes and escapes are taken away:
 * $x ${x} ${x:-w} ${x-w} ${x:+w} ${x+w} ${x:?w} ${x?w} ${x#p} ${x##p} ${x%p} ${x%%p} ${x/p/w} ${x//p/w} */
int cf_expand(struct arena *a, const char *text, char escape, cf_lookup lookup, void *arg,
              char **ret, struct err *err) MUST_CHECK;
/* The same for a heredoc: quotes are text there. */
int cf_expand_text(struct arena *a, const char *text, char escape, cf_lookup lookup, void *arg,
                   char **ret, struct err *err) MUST_CHECK;
