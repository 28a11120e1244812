/* image/mod/load.h: images out of archives and directories. */
#pragma once

#include "image/mod/archive.h"
#include "image/module.h"

enum layout { LAYOUT_DOCKER_ARCHIVE, LAYOUT_OCI, LAYOUT_DOCKER_DIR };

/* Which layout the files have; -EINVAL with @err set when none. */
int layout_detect(struct archive *ar, enum layout *ret, struct err *err) MUST_CHECK;

struct load_options {
    const char *reference; /* name or tag of the one image to take, or NULL for all */
    const char *os, *arch, *variant;
    char *const *decryption_keys; /* as image_pull_options' */
    struct progress *progress;
};

int load_archive(const struct store *s, struct arena *a, struct archive *ar, enum layout layout,
                 const struct load_options *o, stored_images *ret, struct err *err) MUST_CHECK;

/* The entry points of the module. */
int module_load(const struct store *s, struct arena *a, const struct image_load_options *o,
                stored_images *ret, struct err *err);
