// The broker's own service, `majordomo`: what it knows about services, workers, queues and dead letters, as plain data.

import { requestIdText, type Milliseconds } from '@majordomo/protocol';
import { entriesMax, usedBytes } from './budget.js';
import type { Memory } from './memory.js';
import type { Service, Session } from './state.js';

/** Methods of the service `majordomo`; each takes no argument. */
export const INTROSPECTION: Readonly<Record<string, (memory: Memory, now: Milliseconds) => unknown>> = {
  info: describeBroker,
  services: (memory, now) => [...memory.services.values()].map((service) => describeService(service, now)),
  workers: (memory, now) => workersOf(memory).map((session) => describeWorker(session, now)),
  queues: (memory, now) => queuesOf(memory, now),
  deadLetters: (memory, now) =>
    memory.deadLetters.all.map(({ request, service, method, code, history, diedAt }) => ({
      request,
      address: `${service}.${method}`,
      code,
      agoMs: Math.round(now - diedAt),
      attempts: history.map(({ attempt, worker, ended }) => ({ attempt, worker, ended })),
    })),
};

function describeBroker(memory: Memory, now: Milliseconds): unknown {
  return {
    instance: memory.settings.instance.toString(16),
    upMs: Math.round(now - memory.startedAt),
    draining: memory.draining,
    links: memory.links.size,
    sessions: memory.sessions.size,
    workers: workersOf(memory).length,
    services: memory.services.size,
    unsettled: memory.unsettled,
    memory: {
      bytes: usedBytes(memory),
      bytesMax: memory.settings.memoryBytesMax,
      entriesMax: entriesMax(memory.settings),
    },
    outcomes: memory.settled.length,
    outcomeBytes: memory.settledBytes,
    journal: describeJournal(memory),
    deadLetters: memory.deadLetters.all.length,
    counters: Object.fromEntries(Object.entries(memory.counters)),
  };
}

function describeJournal({ journal }: Memory): unknown {
  const { state, count: requests, bytes, isFull, damaged } = journal;
  return state === 'none' ? null : { id: journal.id.toString(16), state, requests, bytes, full: isFull, damaged };
}

function workersOf(memory: Memory): Session[] {
  return [...memory.sessions.values()].filter((session) => session.offers.size > 0);
}

function describeService(service: Service, now: Milliseconds): unknown {
  let held = 0;
  let limit = 0;
  for (const offer of service.offers) {
    held += offer.held;
    limit += offer.limit;
  }
  return {
    service: service.name,
    methods: [...service.methods.values()].filter((method) => method.offers > 0).map((method) => method.name),
    workers: service.offers.size,
    running: held,
    capacity: limit,
    queued: service.queued + service.isolated.length,
    oldestMs: oldestMs(service, now),
  };
}

function oldestMs(service: Service, now: Milliseconds): number {
  let oldest = now;
  for (const method of service.methods.values()) {
    const head = method.queue.first;
    if (head !== undefined) oldest = Math.min(oldest, head.arrivedAt);
  }
  return Math.round(now - oldest);
}

function describeWorker(session: Session, now: Milliseconds): unknown {
  return {
    identity: session.identity,
    instance: session.instance.toString(16),
    protocol: session.software.startsWith('MDP/') ? session.software : 'majordomo/1',
    software: session.software,
    state: session.draining ? 'draining' : 'ready',
    upMs: Math.round(now - session.since),
    silentMs: session.link === undefined ? null : Math.round(now - session.link.liveness.heardAt),
    services: [...session.offers.values()].map((offer) => ({
      service: offer.service.name,
      running: offer.held,
      capacity: offer.limit,
    })),
  };
}

function queuesOf(memory: Memory, now: Milliseconds): unknown {
  const queues: unknown[] = [];
  for (const service of memory.services.values()) {
    for (const method of service.methods.values()) {
      const head = method.queue.first;
      queues.push({
        address: `${service.name}.${method.name}`,
        queued: method.queue.length,
        oldestMs: head === undefined ? 0 : Math.round(now - head.arrivedAt),
        oldest: head === undefined ? null : requestIdText(head.session.instance, head.ref),
      });
    }
  }
  return queues;
}
