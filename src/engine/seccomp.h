/* engine/seccomp.h: which system calls a container may make. */
#pragma once

#include "spec/runtime.h"

/* The filter for a container with the capabilities @caps ("CAP_CHOWN", ...).  @path: a profile in the
 * format that Docker and Podman share; "unconfined": none (*ret NULL); NULL or "": the built-in default. */
int seccomp_profile(struct arena *a, const char *path, char *const *caps, struct oci_seccomp **ret,
                    struct err *err) MUST_CHECK;
