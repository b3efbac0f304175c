"""The models on SimPy 4.1: clients and calls are processes, written as generators that wait for timeouts, and a fetch is a process
that others wait for, as its documentation does it. Random numbers are Python's own, so that counts agree with the
other programs' within noise only.

    peer.py token-cache [--quick] | hold PENDING EVENTS
"""

import random
import sys
from dataclasses import dataclass
from time import perf_counter

import simpy

# As model/src/lib.rs has them, in seconds.
CLIENT_GATEWAY = 0.001
GATEWAY_BACKEND = 0.005
FETCH = 0.020
CLIENTS = 1_000
CALLS_PER_SECOND = 0.5


@dataclass
class Times:
    horizon: float
    lifetime: float
    outage_at: float
    outage_for: float


FULL = Times(horizon=7_200, lifetime=3_600, outage_at=1_800, outage_for=30)
QUICK = Times(horizon=72, lifetime=20, outage_at=39, outage_for=3)


class Idp:
    def __init__(self, lifetime):
        self.up = True
        self.epoch = 0
        self.lifetime = lifetime

    def outage(self, env, times):
        yield env.timeout(times.outage_at)
        self.up = False
        self.epoch += 1
        yield env.timeout(times.outage_for)
        self.up = True


class Gateway:
    def __init__(self):
        self.epoch = None
        self.expires = 0.0
        self.fetching = None

    def fetch(self, env, idp, counts):
        """Ends with whether there is a token."""
        yield env.timeout(FETCH)
        counts.events += 1
        self.fetching = None
        if idp.up:
            self.epoch, self.expires = idp.epoch, env.now + idp.lifetime
        else:
            self.epoch = None
        return idp.up


class Counts:
    def __init__(self):
        # The outage's two.
        self.events = 2
        self.calls = self.ok = self.failed = 0


def client(env, number, world, times):
    rng = random.Random(number)
    gateways, idp, counts = world
    while True:
        yield env.timeout(rng.expovariate(CALLS_PER_SECOND))
        if env.now >= times.horizon:
            return
        # One of eight.
        env.process(call(env, gateways[rng.getrandbits(3)], idp, counts))


def call(env, gateway, idp, counts):
    counts.calls += 1
    yield env.timeout(CLIENT_GATEWAY)
    if gateway.epoch is None or env.now >= gateway.expires:
        if gateway.fetching is None:
            gateway.fetching = env.process(gateway.fetch(env, idp, counts))
        if not (yield gateway.fetching):
            yield env.timeout(CLIENT_GATEWAY)
            # The call, at the gateway, and back at the client.
            counts.events += 3
            counts.failed += 1
            return
    epoch = gateway.epoch
    yield env.timeout(GATEWAY_BACKEND)
    ok = epoch == idp.epoch
    yield env.timeout(GATEWAY_BACKEND)
    yield env.timeout(CLIENT_GATEWAY)
    # The call, and these four. SimPy itself has more: a process begins and ends with an event.
    counts.events += 5
    if ok:
        counts.ok += 1
    else:
        counts.failed += 1


def token_cache(times):
    env = simpy.Environment()
    counts = Counts()
    idp = Idp(times.lifetime)
    world = ([Gateway() for _ in range(8)], idp, counts)
    for number in range(CLIENTS):
        env.process(client(env, number, world, times))
    env.process(idp.outage(env, times))
    start = perf_counter()
    env.run()
    seconds = perf_counter() - start
    print(
        f"name=simpy model=token-cache events={counts.events} calls={counts.calls} ok={counts.ok} "
        f"failed={counts.failed} seconds={seconds:.6f}"
    )


def hold(pending, events):
    env = simpy.Environment()
    rng = random.Random(1)
    fired = 0

    def ticks():
        nonlocal fired
        while True:
            yield env.timeout(rng.expovariate(1.0))
            fired += 1

    for _ in range(pending):
        env.process(ticks())
    # The processes begin, with an event each.
    env.run(until=1e-9)
    start = perf_counter()
    env.run(until=events / pending)
    seconds = perf_counter() - start
    print(f"name=simpy model=hold pending={pending} events={fired} seconds={seconds:.6f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["token-cache"]:
            token_cache(FULL)
        case ["token-cache", "--quick"]:
            token_cache(QUICK)
        case ["hold", pending, events]:
            hold(int(pending), int(events))
        case _:
            sys.exit(__doc__)
