/* What `podman run hello` prints: a static program without libc, so that the image it comes in has 2 KB
 * and no network is needed to see a container run. */

static const char text[] =
    "!... Hello from Podman ...!\n"
    "\n"
    "         .--\"\"\"--.\n"
    "        /  o   o  \\\n"
    "     ~~~|    ^    |~~~\n"
    "        \\  '---'  /\n"
    "         '-.....-'\n"
    "\n"
    "This program ran in a container: its own processes, files and host name, no daemon.\n"
    "\n"
    "Next:  podman run -it --rm docker.io/library/busybox sh\n"
    "Docs:  podman --help, man podman-run\n";

static long call3(long nr, long a, long b, long c)
{
#if defined(__x86_64__)
    long ret;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return ret;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
#elif defined(__riscv) && __riscv_xlen == 64
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
#else
#error "the built-in image has no program for this architecture yet"
#endif
}

#if defined(__x86_64__)
enum { NR_WRITE = 1, NR_EXIT_GROUP = 231 };
#else
enum { NR_WRITE = 64, NR_EXIT_GROUP = 94 };
#endif

__attribute__((noreturn, visibility("default"))) void _start(void);

void _start(void)
{
    const char *p = text, *end = text + sizeof(text) - 1;

    while (p < end) {
        long n = call3(NR_WRITE, 1, (long)p, end - p);
        if (n <= 0)
            break;
        p += n;
    }
    for (;;)
        call3(NR_EXIT_GROUP, p < end, 0, 0);
}
