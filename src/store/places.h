/* store/places.h: the memory of where blobs are: oci/known/<hex>, a line for each repository that was sent
 * one, or gave us a manifest (whose blobs it has).
 *
 * A registry takes a blob over from another of its repositories when it is told which.  The memory may be
 * wrong (repositories are deleted): the registry then says so, and the blob is sent. */
#pragma once

#include "base/arena.h"
#include "store/store.h"

/* "registry/path" of the repositories that got @digest, the latest first; NULL when none is known. */
char **places_find(const struct store *s, struct arena *a, const char *digest);

/* Failing to remember is no failure. */
void places_note(const struct store *s, const char *digest, const char *repo);
