#!/usr/bin/env python3
"""What a person at a terminal does and sees.  Usage: terminal.py SCENE PODMAN [GLOBAL OPTIONS...]"""
import sys
import time

import pexpect

PODMAN = sys.argv[2:]
PROMPT = r'[/#$] # '


def podman(*args, size=(24, 80)):
    return pexpect.spawn(PODMAN[0], PODMAN[1:] + list(args), dimensions=size, timeout=15, encoding='utf-8')


def code(child):
    child.expect(pexpect.EOF)
    child.close()
    assert child.signalstatus is None, child.signalstatus
    return child.exitstatus


def ask(child, line, answer):
    child.sendline(line)
    child.expect_exact(line)  # the echo
    child.expect(answer)
    child.expect(PROMPT)


def size_becomes(child, rows, cols):
    """The change takes its way through two programs."""
    for _ in range(20):
        child.sendline('stty size')
        child.expect(r'(\d+) (\d+)\r\n')
        seen = int(child.match.group(1)), int(child.match.group(2))
        child.expect(PROMPT)
        if seen == (rows, cols):
            return
        time.sleep(0.1)
    raise AssertionError('size is %s' % (seen,))


def run_it():
    c = podman('run', '-it', '--rm', '--name', 'myapp', '-e', 'APP_ENV=production', 'busybox', 'sh', size=(33, 111))
    c.expect(PROMPT)
    size_becomes(c, 33, 111)
    c.setwinsize(40, 132)
    size_becomes(c, 40, 132)
    ask(c, 'tty', r'/dev/(pts/0|console)')
    ask(c, 'echo env-$APP_ENV', 'env-production')
    c.sendline('exit 42')
    assert code(c) == 42


def keys():
    c = podman('run', '-it', '--rm', 'busybox', 'sh')
    c.expect(PROMPT)
    c.sendline('sleep 1000')
    time.sleep(0.3)
    c.sendcontrol('c')
    c.expect(PROMPT)
    ask(c, 'echo $((100 + 30))', '130')
    c.sendline('sleep 1000')
    time.sleep(0.3)
    c.sendcontrol('z')
    c.expect('Stopped')
    c.expect(PROMPT)
    c.sendcontrol('d')
    c.sendline('exit 1') # a shell with stopped jobs may ask twice
    c.expect(pexpect.EOF)


def detach():
    c = podman('run', '-it', '--name', 'detached', 'busybox', 'sh')
    c.expect(PROMPT)
    ask(c, 'x=kept', '')
    c.sendcontrol('p')
    c.sendcontrol('q')
    assert code(c) == 0
    state = podman('inspect', '-f', '{{.State.Status}}', 'detached')
    state.expect('running')
    c = podman('attach', 'detached', size=(50, 100))
    c.sendline('')
    c.expect(PROMPT)
    size_becomes(c, 50, 100)
    ask(c, 'echo still-$x', 'still-kept')
    # Ctrl-P alone is the container's.
    c.sendcontrol('p')
    c.send('\r')
    c.expect(PROMPT)
    c.sendline('exit 5')
    assert code(c) == 5


def detach_keys():
    c = podman('run', '-it', '--rm', '--name', 'k', '--detach-keys', 'ctrl-x,d', 'busybox', 'sh')
    c.expect(PROMPT)
    c.sendcontrol('x')
    c.send('d')
    assert code(c) == 0
    c = podman('attach', '--detach-keys', 'ctrl-a', 'k')
    c.sendline('')
    c.expect(PROMPT)
    c.sendcontrol('a')
    assert code(c) == 0
    c = podman('exec', 'k', 'true')
    assert code(c) == 0


def exec_it():
    c = podman('exec', '-it', 'e', 'sh', size=(30, 90))
    c.expect(PROMPT)
    size_becomes(c, 30, 90)
    c.setwinsize(31, 91)
    size_becomes(c, 31, 91)
    c.sendline('exit 7')
    assert code(c) == 7
    c = podman('exec', '-it', 'e', 'sh')
    c.expect(PROMPT)
    c.sendcontrol('p')
    c.sendcontrol('q')
    assert code(c) == 0
    c = podman('exec', 'e', 'sh', '-c', 'ps | grep -c " sh$"')
    c.expect('1')


def start_ai():
    c = podman('start', '-ai', 's', size=(28, 70))
    c.sendline('')
    c.expect(PROMPT)
    size_becomes(c, 28, 70)
    c.sendline('exit 3')
    assert code(c) == 3


def restored():
    words = ' '.join(PODMAN)
    c = pexpect.spawn('/bin/sh', timeout=15, encoding='utf-8', env={'PS1': 'outer> ', 'PATH': '/usr/bin:/bin'})
    c.expect('outer> ')
    modes = []
    for command in ('true', words + ' run -it --rm busybox true', words + ' run -it --rm none-such true'):
        c.sendline(command)
        c.expect('outer> ')
        c.sendline('stty -g')
        c.expect(r'([0-9a-f]+(:[0-9a-f]+)+)\r\n')
        modes.append(c.match.group(1))
        c.expect('outer> ')
    assert modes[0] == modes[1] == modes[2], modes


globals()[sys.argv[1]]()
