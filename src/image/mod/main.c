/* The one symbol of podman-image.so: see image/module.h. */
#include "image/mod/commit.h"
#include "image/mod/copy_tree.h"
#include "image/mod/download.h"
#include "image/mod/files.h"
#include "image/mod/hello.h"
#include "image/mod/import.h"
#include "image/mod/load.h"
#include "image/mod/pull.h"
#include "image/mod/push.h"
#include "image/mod/save.h"
#include "image/mod/search.h"
#include "image/mod/tree_write.h"
#include "image/mod/trust.h"
#include "image/mod/unpack_again.h"
#include "image/mod/variant.h"
#include "image/mod/verify.h"
#include "image/mod/yaml.h"

#include "base/banned.h"

extern const struct image_module podman_image_module;

__attribute__((visibility("default"))) const struct image_module podman_image_module = {
    .abi = IMAGE_MODULE_ABI,
    .pull = module_pull,
    .fetch = module_fetch,
    .push = module_push,
    .login = module_login,
    .search = module_search,
    .sign = module_sign,
    .sign_params = module_sign_params,
    .key_owners = module_key_owners,
    .signature_store = module_signature_store,
    .load = module_load,
    .save = module_save,
    .import = module_import,
    .export = module_export,
    .copy = module_copy,
    .commit = module_commit,
    .layer = module_layer,
    .download = module_download,
    .hello = module_hello,
    .unpack = module_unpack,
    .store_text = module_store_text,
    .store_file = module_store_file,
    .pack = module_pack,
    .variant = module_variant,
    .verify = module_verify,
    .yaml = module_yaml,
};
