/* store/index.h: graphroot/oci is a valid OCI image layout that any tool can read. */
#pragma once

#include "store/store.h"

/* Writes oci-layout when it is missing and index.json from the database.  Called after each change of
 * images or names; a process that is killed in between leaves the work to the next change. */
int store_index_write(struct store *s, struct err *err) MUST_CHECK;
