/* engine/images.h: images as commands and the API see them.
 *
 * Plain operations are those of image/image.h on the engine's store; what is here joins images with
 * containers, filters, and builds the documents that are shown. */
#pragma once

#include "engine/engine.h"
#include "image/image.h"
#include "image/manifest_list.h"

/* All images that pass the filters ("key=value", "key!=value"), newest first. */
int images_list(struct engine *e, struct arena *a, char *const *filters, struct image_list *out,
                struct err *err) MUST_CHECK;

/* A compiled set of filters; NULL with @err set on failure.  Lives in @a. */
struct image_filter;
struct image_filter *image_filter_new(struct engine *e, struct arena *a, char *const *filters,
                                      struct err *err);
bool image_filter_match(const struct image_filter *f, const struct image *img);

/* The image here that another was made from: it has the lower layers and the beginning of the history.
 * images_parents() fills `parent` of a whole list; the other gives one ID, or NULL. */
void images_parents(struct arena *a, struct image_list *list);
const char *images_parent(struct engine *e, struct arena *a, const struct image *img);

/* One object of `images --format json`; a new reference. */
json_t *images_document(const struct image *img, int64_t containers);
/* How many containers use each image: look up by ID with kv_get(), the number is text. */
int images_users(struct engine *e, struct arena *a, kv_list *ret, struct err *err) MUST_CHECK;

/* What `image inspect` shows; NULL with @err set on failure. */
json_t *images_inspect(struct engine *e, const struct image *img, struct err *err);

/* One step of an image's history, newest first. */
struct image_step {
    char *id; /* of the image for the newest step, "<missing>" otherwise */
    char *created_by, *comment;
    char **tags;
    int64_t created, size;
};
typedef JSON_LIST(struct image_step) image_steps;
int images_history(struct engine *e, struct arena *a, const char *name, image_steps *ret,
                   struct err *err) MUST_CHECK;

int images_find(struct engine *e, struct arena *a, const char *name, struct image *ret,
                struct err *err) MUST_CHECK;
int images_pull(struct engine *e, struct arena *a, const char *name,
                const struct image_pull_options *o, char ***ret_ids, struct err *err) MUST_CHECK;
int images_load(struct engine *e, struct arena *a, const struct image_load_options *o,
                char ***ret_names, struct err *err) MUST_CHECK;
int images_save(struct engine *e, char *const *names, const struct image_save_options *o,
                struct err *err) MUST_CHECK;
/* Sends the image @name to @destination.  A NULL compression format and level are those of containers.conf. */
int images_push(struct engine *e, struct arena *a, const char *name, const char *destination,
                const struct image_push_options *o, char **ret_digest, struct err *err) MUST_CHECK;
int images_import(struct engine *e, struct arena *a, const struct image_import_options *o,
                  char **ret_id, struct err *err) MUST_CHECK;
int images_tag(struct engine *e, const char *name, const char *target, struct err *err) MUST_CHECK;
int images_untag(struct engine *e, const char *name, char *const *names,
                 struct err *err) MUST_CHECK;

/* Removes as image_remove(). */
/* An ID whose image has several names is refused, unless all of them are to go; containers that use the image
 * go with IMAGES_FORCE only. */
enum images_force { IMAGES_GENTLY, IMAGES_ALL_NAMES, IMAGES_FORCE };
int images_remove(struct engine *e, struct arena *a, const char *name, enum images_force how,
                  struct image_removed *ret, struct err *err) MUST_CHECK;
/* Removes as images_remove(); with the image go the images without a name that it was made from, unless others
 * stand on them too: their IDs are added to *also. */
int images_remove_upwards(struct engine *e, struct arena *a, const char *name,
                          enum images_force how, struct image_removed *ret, char ***also,
                          struct err *err) MUST_CHECK;
int images_prune(struct engine *e, struct arena *a, bool all, char *const *filters, char ***ret_ids,
                 int64_t *ret_bytes, struct err *err) MUST_CHECK;

/* See image_set_chooser(). */
void images_set_chooser(image_choose_fn fn);

/* As image_login() and image_search(): neither needs an engine. */
int images_login(struct arena *a, const struct image_login *l, struct err *err) MUST_CHECK;
int images_search(struct arena *a, const char *term, const struct image_search_options *o,
                  image_found_list *ret, struct err *err) MUST_CHECK;

int images_sign_params(struct arena *a, const char *path, struct image_sign_params *ret,
                       struct err *err) MUST_CHECK;
int images_sign(struct engine *e, struct arena *a, const char *name,
                const struct image_sign_options *o, struct err *err) MUST_CHECK;
int images_key_owners(struct arena *a, const char *path, char ***ret, struct err *err) MUST_CHECK;
int images_signature_store(struct arena *a, const char *scope, char **ret,
                           struct err *err) MUST_CHECK;
