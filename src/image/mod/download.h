/* image/mod/download.h: what an http or https URL names. */
#pragma once

#include "image/mod/inflate.h"

bool is_url(const char *path);

/* ERR_UNAVAILABLE for any answer but success. */
int download(const char *url, byte_sink sink, void *arg, struct err *err) MUST_CHECK;
int module_download(const char *url, int fd, int64_t max, struct err *err) MUST_CHECK;
