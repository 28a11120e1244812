#include "base/sdbus.h"

#include <dlfcn.h>

#include "base/banned.h"

struct sdbus sd;

static const struct {
    const char *name;
    void *to;
} symbols[] = {
    { "sd_bus_new", &sd.bus_new },
    { "sd_bus_open_system", &sd.open_system },
    { "sd_bus_set_address", &sd.set_address },
    { "sd_bus_set_method_call_timeout", &sd.set_timeout },
    { "sd_bus_start", &sd.start },
    { "sd_bus_match_signal", &sd.match_signal },
    { "sd_bus_call_method", &sd.call_method },
    { "sd_bus_message_unref", &sd.message_unref },
    { "sd_bus_message_read", &sd.message_read },
    { "sd_bus_process", &sd.process },
    { "sd_bus_wait", &sd.wait },
    { "sd_bus_flush_close_unref", &sd.close_unref },
    { "sd_bus_error_free", &sd.error_free },
};

const char *sdbus_load(void)
{
    static bool loaded;

    if (loaded)
        return NULL;
    void *h = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!h)
        return dlerror();
    for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
        void *sym = dlsym(h, symbols[i].name);
        if (!sym)
            return dlerror();
        memcpy(symbols[i].to, &sym, sizeof(sym));
    }
    loaded = true;
    return NULL;
}

void sdbus_closep(struct sd_bus **bus)
{
    if (*bus)
        sd.close_unref(*bus);
}
