/* engine/hooks.h: OCI hooks of the host's administrator, oci-hooks(5). */
#pragma once

#include "spec/container.h"
#include "spec/runtime.h"

/* Reads *.json of @dirs (a later directory's file replaces one of the same name) and adds the hooks whose
 * conditions @c meets to *ret (made when NULL).  A directory that does not exist is skipped; a malformed
 * file is an error that names it. */
int hooks_load(struct arena *a, char *const *dirs, const struct container_config *c,
               char *const *args, struct oci_hooks **ret, struct err *err) MUST_CHECK;
