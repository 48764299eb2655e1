// What becomes of requests that are handed over, and who is asked about their tickets.

import { readFileSync } from 'node:fs';
import { Kind } from '@majordomo/protocol';
import { accepted, error, final, Rig } from './rig.js';
import type { CallerOptions } from './caller.js';
import type { PendingRequest, SubmitTerms } from './pending-request.js';

const terms: SubmitTerms = { expiresMs: 5_000, delayMs: 20, priority: 7, orderingKey: 'o' };

/** A rig whose brokers have these journals; 0 for none. */
function rigWith(journals: Readonly<Record<string, number>>, options: Partial<CallerOptions> = {}): Rig {
  const rig = new Rig(Object.keys(journals), options);
  rig.start();
  for (const [broker, journal] of Object.entries(journals)) rig.welcome(broker, { journal });
  rig.sent();
  rig.events();
  return rig;
}

describe('a request that is handed over', () => {
  test('says its terms, and ends with its ticket', () => {
    const rig = rigWith({ a: 5 });
    const request = rig.call({ submit: terms, idempotencyKey: 'k' });
    expect(rig.submitted()).toMatchObject([{ ref: 1, ageMs: 0, key: 'k', ...terms }]);
    rig.from('a', accepted(request));
    expect(rig.events()).toEqual([{ kind: 'accepted', request, journal: 5, ticket: 9 }]);
    expect(rig.caller.inFlight).toBe(0);
    rig.pass(1_000);
    expect(rig.sent()).toMatchObject([{ record: { kind: Kind.settled, below: 2 } }]);
  });

  test('is handed over again after a lost link, with its number and its age', () => {
    const rig = rigWith({ a: 5 });
    const request = rig.call({ submit: terms });
    rig.sent();
    rig.lose('a');
    rig.pass(300);
    rig.welcome('a', { journal: 5, instance: 99 });
    expect(rig.submitted()).toMatchObject([{ ref: 1, ageMs: 300, ...terms }]);
    rig.from('a', accepted(request));
    expect(rig.events().at(-1)).toMatchObject({ kind: 'accepted', ticket: 9 });
  });

  test('goes to a broker that stores, though another one has less to do', () => {
    const rig = rigWith({ a: 0, b: 5 });
    for (let i = 0; i < 4; i++) rig.call({ submit: terms });
    expect(rig.submitted().map(({ broker }) => broker)).toEqual(['b', 'b', 'b', 'b']);
  });

  test('goes with its ordering key, else with its idempotency key, always to the same broker, for every client (A6)', () => {
    const homes = ['one', 'two', 'three', 'four', 'five', 'six'].map((key) => {
      const [left, right] = [rigWith({ a: 5, b: 6, c: 0 }), rigWith({ b: 6, c: 0, a: 5 })];
      for (const rig of [left, right]) {
        for (let i = 0; i < 3; i++) rig.call({ submit: { ...terms, orderingKey: key }, idempotencyKey: String(i) });
        rig.call({ submit: { ...terms, orderingKey: '' }, idempotencyKey: key });
      }
      const brokers = new Set([...left.submitted(), ...right.submitted()].map(({ broker }) => broker));
      expect(brokers.size).toBe(1);
      return [...brokers][0];
    });
    expect(new Set(homes)).toEqual(new Set(['a', 'b']));
  });

  test('is not taken elsewhere with its key because its broker is busy, but when that is lost (A6)', () => {
    const rig = rigWith({ a: 5, b: 6 });
    const request = rig.call({ submit: { ...terms, orderingKey: 'one' } });
    const [{ broker } = { broker: '' }] = rig.submitted();
    rig.from(broker, error(request, { code: 'BUSY', ran: 'no', stage: 'queued', retryAfterMs: 100 }));
    rig.pass(200);
    expect(rig.submitted()).toMatchObject([{ broker }]);
    rig.lose(broker);
    expect(rig.submitted()).toMatchObject([{ broker: broker === 'a' ? 'b' : 'a' }]);
  });

  test('goes to one that does not where no other is there, and its refusal is the answer', () => {
    const rig = rigWith({ a: 0 });
    const request = rig.call({ submit: terms });
    expect(rig.submitted()).toHaveLength(1);
    rig.from('a', error(request, { code: 'UNSUPPORTED', ran: 'no', stage: 'queued' }));
    expect(rig.errors()).toEqual(['UNSUPPORTED no']);
  });

  test('that is kept in memory only is not what was asked for', () => {
    const rig = rigWith({ a: 5 });
    rig.from('a', accepted(rig.call({ submit: terms }), { stored: 'memory', journal: 0, ticket: 0 }));
    expect(rig.errors()).toEqual(['UNSUPPORTED unknown']);
  });

  test('takes its ticket from whichever broker gives it', () => {
    const rig = rigWith({ a: 5, b: 6 });
    const request = rig.call({ submit: terms });
    const [{ broker } = { broker: '' }] = rig.submitted();
    rig.lose(broker);
    const other = broker === 'a' ? 'b' : 'a';
    expect(rig.submitted()).toMatchObject([{ broker: other, ageMs: 1 }]);
    rig.pass(50);
    rig.welcome(broker, { journal: 5 });
    rig.from(broker, accepted(request, { ticket: 3 }));
    expect(rig.events().filter(({ kind }) => kind === 'accepted')).toMatchObject([{ ticket: 3 }]);
    rig.from(other, accepted(request, { ticket: 4 }));
    expect(rig.events()).toEqual([]);
    expect(rig.caller.late).toBe(1);
  });

  test('waits for a busy broker, and is told at once that there is no room', () => {
    const rig = rigWith({ a: 5 });
    const request = rig.call({ submit: terms });
    rig.from('a', error(request, { code: 'BUSY', ran: 'no', stage: 'queued', retryAfterMs: 100 }));
    rig.pass(200);
    expect(rig.submitted()).toHaveLength(2);
    rig.from('a', error(request, { code: 'STORE_FULL', ran: 'no', stage: 'queued', retryAfterMs: 1_000 }));
    expect(rig.errors()).toEqual(['STORE_FULL no']);
  });

  test('waits for a busy broker as long as its deadline allows, with fewer and fewer questions, whatever the retry budget (A3)', () => {
    const rig = rigWith({ a: 5 }, { retryBudget: { start: 0, max: 0, perCall: 0 } });
    const request = rig.call({ submit: terms });
    let asked = rig.submitted().length;
    for (let ms = 0; ms < 29_000; ms += 50) {
      rig.from('a', error(request, { code: 'BUSY', ran: 'no', stage: 'queued', retryAfterMs: 250 }));
      rig.pass(50);
      asked += rig.submitted().length;
    }
    expect([rig.errors(), rig.caller.inFlight]).toEqual([[], 1]);
    expect(asked).toBeGreaterThan(20);
    expect(asked).toBeLessThan(60);
    rig.pass(700);
    rig.from('a', accepted(request));
    expect(rig.events()).toMatchObject([{ kind: 'accepted' }]);
  });

  test('of which a broker cannot tell yet whether it has it keeps its age, and was perhaps run', () => {
    const rig = rigWith({ a: 5 });
    const request = rig.call({ submit: terms, deadlineMs: 1_000 });
    rig.submitted();
    const busy = error(request, { code: 'BUSY', ran: 'unknown', stage: 'queued', retryAfterMs: 250 });
    rig.from('a', busy);
    rig.pass(400);
    expect(rig.submitted()).toMatchObject([{ ref: request.ref, ageMs: expect.any(Number) }]);
    rig.from('a', busy);
    rig.pass(400);
    const [{ ageMs } = { ageMs: 0 }] = rig.submitted();
    expect(ageMs).toBeGreaterThan(300);
    rig.from('a', busy);
    expect(rig.errors()).toEqual(['BUSY unknown']);
  });

  test('ACCEPTED for a call is no answer to it', () => {
    const rig = rigWith({ a: 5 });
    const request = rig.call();
    rig.from('a', accepted(request));
    expect(rig.events()).toEqual([]);
    rig.from('a', final(request));
    expect(rig.events()).toMatchObject([{ kind: 'value' }]);
  });
});

describe('what ends a submission without an answer of a broker', () => {
  const sent = (): { rig: Rig; request: PendingRequest } => {
    const rig = rigWith({ a: 5 });
    return { rig, request: rig.call({ submit: terms, deadlineMs: 500 }) };
  };
  const unsent = (): { rig: Rig; request: PendingRequest } => {
    const rig = rigWith({ a: 5 });
    rig.lose('a');
    return { rig, request: rig.call({ submit: terms, deadlineMs: 500 }) };
  };
  const rows: Readonly<Record<string, () => Rig>> = {
    'BUSY no': () => {
      const rig = rigWith({ a: 5 }, { inFlightMax: 0 });
      rig.call({ submit: terms });
      return rig;
    },
    'MESSAGE_TOO_LARGE no': () => {
      const rig = rigWith({ a: 5 });
      rig.call({ submit: terms, body: new Uint8Array(1_000_001) });
      return rig;
    },
    'NO_BROKER no': () => {
      const { rig } = unsent();
      rig.pass(1_000);
      return rig;
    },
    'NO_BROKER unknown': () => {
      const { rig } = sent();
      rig.lose('a');
      rig.pass(1_000);
      return rig;
    },
    'DEADLINE_EXCEEDED unknown': () => {
      const { rig } = sent();
      rig.pass(1_000);
      return rig;
    },
    'CANCELLED no': () => {
      const { rig, request } = unsent();
      rig.cancel(request);
      return rig;
    },
    'CANCELLED unknown': () => {
      const { rig, request } = sent();
      rig.cancel(request);
      return rig;
    },
    'CLOSED no': () => {
      const { rig } = unsent();
      rig.close();
      return rig;
    },
    'CLOSED unknown': () => {
      const { rig } = sent();
      rig.close();
      return rig;
    },
  };

  test.each(Object.entries(rows))('%s', (row, play) => {
    expect(play().errors()).toEqual([row]);
  });

  test('docs/errors.md has these rows for clients, and no others', () => {
    const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
    const found = [...page.matchAll(/^\| `(\w+)` +\| client \| (\w+)/gm)].map(([, code, ran]) => `${code} ${ran}`);
    expect(new Set(found)).toEqual(new Set(Object.keys(rows)));
  });

  test('a refusal of another run of its broker leaves it unknown whether the first one stored it', () => {
    const { rig, request } = sent();
    rig.lose('a');
    rig.pass(100);
    rig.welcome('a', { journal: 5, instance: 99 });
    rig.from('a', error(request, { code: 'STORE_FULL', ran: 'no', stage: 'queued', retryAfterMs: 1_000 }));
    expect(rig.errors()).toEqual(['STORE_FULL unknown']);
  });
});

describe('a question about a ticket', () => {
  const address = 'majordomo.ticketStatus';

  test('goes to the broker that has given it out, and to no other', () => {
    const rig = rigWith({ a: 5, b: 6, c: 0 });
    for (let i = 0; i < 4; i++) rig.call({ journal: 6 }, address);
    expect(rig.asked().map(({ broker }) => broker)).toEqual(['b', 'b', 'b', 'b']);
  });

  test('waits while that broker may be one that is away', () => {
    const rig = rigWith({ a: 5, b: 6 });
    rig.lose('b');
    rig.call({ journal: 6 }, address);
    rig.pass(1_000);
    expect([rig.asked(), rig.errors()]).toEqual([[], []]);
    rig.welcome('b', { journal: 6, instance: 77 });
    expect(rig.asked()).toMatchObject([{ broker: 'b' }]);
  });

  test('is TICKET_UNKNOWN when all brokers are there and none has given it out, then or when the last is back', () => {
    const rig = rigWith({ a: 5, b: 0 });
    rig.call({ journal: 6 }, address);
    expect(rig.errors()).toEqual(['TICKET_UNKNOWN no']);
    rig.lose('b');
    rig.call({ journal: 6 }, address);
    expect(rig.errors()).toEqual([]);
    rig.pass(50);
    rig.welcome('b', { journal: 8 });
    expect(rig.errors()).toEqual(['TICKET_UNKNOWN no']);
    expect(rig.asked()).toEqual([]);
  });

  test('ends at its deadline as NO_BROKER when its broker stays away, though another one is there', () => {
    const rig = rigWith({ a: 5, b: 6 });
    rig.lose('b');
    rig.call({ journal: 6, deadlineMs: 500 }, address);
    rig.pass(500);
    expect(rig.errors()).toEqual(['NO_BROKER no']);
  });

  test('is taken back at its deadline: the broker would keep who asks until there is a result', () => {
    const rig = rigWith({ a: 5 });
    const request = rig.call({ journal: 5, deadlineMs: 500 }, 'majordomo.ticketResult');
    rig.asked();
    rig.pass(2_000);
    expect(rig.sent()).toContainEqual({
      broker: 'a',
      record: { kind: Kind.cancel, ref: request.ref, reason: 'deadline' },
    });
    expect(rig.errors()).toEqual(['DEADLINE_EXCEEDED unknown']);
  });
});
