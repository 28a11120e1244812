/* api/auth.h: credentials that come with a request. */
#pragma once

#include "api/request.h"

/* X-Registry-Auth as a file that holds what auth.json would, for the registry of @image or those that the header
 * names; *ret is NULL without such a header.  It lives until the next one is asked for. */
int request_authfile(struct request *r, const char *image, const char **ret) MUST_CHECK;
