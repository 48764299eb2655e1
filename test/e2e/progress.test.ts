// Notes on the progress of a request reach everybody who waits for it, over a real broker with a real journal.

import { createBroker } from '@majordomo/broker';
import { connect, type Client } from '@majordomo/client';
import { Method, serve, Service, type RequestContext } from '@majordomo/worker';
import { setTimeout as delay } from 'node:timers/promises';
import { clearStage, dataFolder, LIMIT_MS } from './stage.js';

afterEach(clearStage);

let isReleased = false;

@Service('lab')
class Lab {
  /** Tells how far it is until the test has seen it. */
  @Method()
  async count(label: string, context: RequestContext): Promise<string> {
    for (let step = 1; !isReleased; step += 1) {
      context.progress({ label, step });
      await delay(5, undefined, { signal: context.signal });
    }
    return label;
  }
}

interface Note {
  readonly label: string;
  readonly step: number;
}

/** Keeps the notes of one who waits. `seen` settles with the first. */
function listener(): { notes: Note[]; seen: Promise<void>; onProgress: (note: unknown) => void } {
  const notes: Note[] = [];
  let resolve: () => void;
  const seen = new Promise<void>((done) => (resolve = done));
  const onProgress = (note: unknown): void => {
    notes.push(note as Note);
    resolve();
  };
  return { notes, seen, onProgress };
}

test(
  'whoever waits for a ticket or under an idempotency key gets the progress of that request, and of no other',
  async () => {
    isReleased = false;
    const broker = await createBroker({ bind: 'tcp://127.0.0.1:0', data: dataFolder(), logger: false });
    const options = { brokers: [broker.endpoint], logger: false } as const;
    const worker = await serve({ ...options, services: [new Lab()], concurrency: 4 });
    const clients: Client[] = [await connect(options), await connect(options)];
    try {
      const [one, other] = clients as [Client, Client];
      const ticket = await one.submit('lab.count', 'stored');
      const listeners = Array.from({ length: 4 }, listener) as [Listener, Listener, Listener, Listener];
      const [byTicket, byOther, byKey, byJoining] = listeners;
      const keyed = { idempotencyKey: 'k' };
      const answers = Promise.all([
        ticket.result({ onProgress: byTicket.onProgress }),
        other.ticket(ticket.id).result({ onProgress: byOther.onProgress }),
        one.call('lab.count', 'keyed', { ...keyed, onProgress: byKey.onProgress }),
        other.call('lab.count', 'keyed', { ...keyed, onProgress: byJoining.onProgress }),
      ]);
      await Promise.all(listeners.map(({ seen }) => seen));
      isReleased = true;
      await expect(answers).resolves.toEqual(['stored', 'stored', 'keyed', 'keyed']);
      listeners.forEach(({ notes }, index) => {
        expect(new Set(notes.map(({ label }) => label))).toEqual(new Set([index < 2 ? 'stored' : 'keyed']));
        const steps = notes.map(({ step }) => step);
        expect(steps).toEqual(steps.toSorted((a, b) => a - b));
      });
    } finally {
      isReleased = true;
      await Promise.all(clients.map((client) => client.close()));
      await worker.close();
      await broker.close();
    }
  },
  LIMIT_MS,
);

type Listener = ReturnType<typeof listener>;
