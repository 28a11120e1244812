/* engine/options_net.h: the small languages of the network options (see engine/options.h). */
#pragma once

#include "spec/container.h"

/* -p [[HOST-IP:][HOST-PORT]:]PORT[/PROTOCOL]; a port may be a range FIRST-LAST.  A host port that is left
 * open is 0. */
int option_publish(struct arena *a, const char *text, struct container_port *ret,
                   struct err *err) MUST_CHECK;
/* --expose PORT[-PORT][/PROTOCOL]: appends "80/tcp", ... to *list. */
int option_expose(struct arena *a, const char *text, char ***list, struct err *err) MUST_CHECK;
/* --network, all of them: fills c->netns and c->networks.  A bridge without a name is "". */
int option_networks(struct arena *a, char *const *values, struct container_config *c,
                    struct err *err) MUST_CHECK;
/* --add-host NAME[;NAME...]:ADDRESS; "host-gateway" is an address. */
int option_add_host(const char *text, struct err *err) MUST_CHECK;
/* --dns, --dns-search: "none" and "." stand alone. */
int option_dns(char *const *servers, struct err *err) MUST_CHECK;
int option_ip(const char *text, int family, struct err *err) MUST_CHECK;
int option_mac(const char *text, struct err *err) MUST_CHECK;
