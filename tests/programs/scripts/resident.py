# Live long: threads, locks, mappings, sockets and children, round after round; each round prints its number and a sum.
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading

signals = [0]


def count(number, frame):
    signals[0] += 1


def end(number, frame):
    print("end", *signals, flush=True)
    os._exit(0)


def work(part, lock, sums):
    value = sum(range(part * 100))
    with lock:
        sums.append(value)


signal.signal(signal.SIGUSR1, count)
signal.signal(signal.SIGTERM, end)
number = 0
while True:
    number += 1
    total = number
    for step in range(1, 2001):
        total = (total * 31 + step) % 65521
    lock, sums = threading.Lock(), []
    threads = [threading.Thread(target=work, args=(part, lock, sums)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if sorted(sums) != [sum(range(part * 100)) for part in range(4)]:
        sys.exit(f"the threads said {sums}")
    one, two = socket.socketpair()
    with one, two, mmap.mmap(-1, 1 << 16) as memory:
        memory[100:104] = total.to_bytes(4, "little")
        one.sendall(memory[100:104])
        if int.from_bytes(two.recv(4), "little") != total:
            sys.exit("the socket said something else")
    if number % 5 == 0:
        command = f"echo $(({total} + 1)); exit 3"
        done = subprocess.run(["/bin/sh", "-c", command], check=False, stdout=subprocess.PIPE)
        if (done.stdout, done.returncode) != (f"{total + 1}\n".encode(), 3):
            sys.exit(f"the child said {done}")
    print(number, total, flush=True)
