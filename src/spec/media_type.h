/* spec/media_type.h: what a file is, told from its first bytes. */
#pragma once

#include "base/util.h"

enum { MEDIA_TYPE_BYTES = 512 }; /* more are not looked at */

/* The media type by the WHATWG's sniffing rules, as Go's http.DetectContentType() answers: never NULL,
 * "application/octet-stream" for what nobody knows. */
const char *media_type_sniff(const void *data, size_t len);
