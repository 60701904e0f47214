"""Serves xenstore on a raw terminal, as the kernel's xenbus does on a file: xenstored.py NODES.json. Says the terminal's name."""
import json, os, pty, signal, struct, sys, termios, time, tty

nodes = json.load(open(sys.argv[1]))
server, terminal = pty.openpty()
tty.setraw(terminal)


def forget(*_):
    """What was asked while this was stopped: the kernel keeps no answer for a file that has been closed."""
    for end in (terminal, server):
        termios.tcflush(end, termios.TCIOFLUSH)
    print("continued", flush=True)


def tire(*_):
    """Each answer takes half a second from now on."""
    global weariness
    weariness = 0.5
    print("tired", flush=True)


weariness = 0
signal.signal(signal.SIGCONT, forget)
signal.signal(signal.SIGUSR1, tire)
print("ready", os.ttyname(terminal), flush=True)


def take(count):
    taken = b""
    while len(taken) < count:
        taken += os.read(server, count - len(taken))
    return taken


while True:
    kind, request, _, length = struct.unpack("<IIII", take(16))
    path = take(length)[:-1].decode()
    below = [node[len(path) + 1 :].split("/")[0] for node in nodes if node.startswith(path + "/")]
    # Whoever writes a node makes those above it, without a value.
    found = bool(below) or path in nodes
    if kind == 1:
        answer = b"".join(name.encode() + b"\0" for name in dict.fromkeys(below))
    else:
        answer = nodes.get(path, "").encode()
    kind, answer = (kind, answer) if found else (16, b"ENOENT\0")
    time.sleep(weariness)
    os.write(server, struct.pack("<IIII", kind, request, 0, len(answer)) + answer)
