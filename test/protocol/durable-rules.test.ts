// The rules of docs/protocol.md on what is handed over (6.6), one test or more for each, by its id.

import { decodeBody, encodeBody, HEARTBEAT, Kind, NO_BYTES, requestIdText, type WireRecord } from '@majordomo/protocol';
import { JOURNAL } from '../spec/disk.js';
import { asking, failure, final, hello, name, offer, request, Scene, submit, words, type Peer } from './scene.js';

/** The ticket of this number in this start of the journal. */
const ticket = (number: number, start = 1): string => requestIdText(JOURNAL, start * 2 ** 32 + number);
/** How DISPATCH names it. */
const durable = (number: number, start = 1): string => `${JOURNAL}/${start * 2 ** 32 + number}`;
const HOUR_MS = 3_600_000;
const credit = (limit: number): WireRecord => ({ kind: Kind.credit, service: 0, limit });
const settled = (below: number): WireRecord => ({ kind: Kind.settled, below });
const cancel = (ref: number): WireRecord => ({ kind: Kind.cancel, ref, reason: 'cancelled' });
const retry = (ref: number, retryAfterMs = 10): WireRecord => failure(ref, { retry: true, retryAfterMs });

/** What the broker answers to a question, decoded; the words of it when it is an error. */
function answerTo(peer: Peer, ref: number, method: string, id: string): unknown {
  const heard = peer.say(...asking(ref, method, id));
  const [value] = heard.filter((record) => record.kind === Kind.final);
  return value === undefined ? words(heard) : decodeBody(value.body);
}

describe('a broker with a journal', () => {
  test('W69: a method that its service does not have is refused; a service without workers is waited for', () => {
    const scene = Scene.withDisk();
    const client = scene.client(1);
    client.say(name(2, 'echo', 'typo'), name(3, 'nobody', 'here'));
    expect(words(client.say(submit(1, { name: 2 })))).toEqual([`ACCEPTED 1 ${ticket(1)}`]);
    scene.worker(2);
    expect(words(client.say(submit(2, { name: 2 }), submit(3, { name: 3 })))).toEqual([
      'ERROR 2 NO_SUCH_METHOD ran=no',
      `ACCEPTED 3 ${ticket(2)}`,
    ]);
  });

  test('W49: says which, the same at every start; one without says 0 and refuses SUBMIT', () => {
    const scene = Scene.withDisk();
    const journalOf = (of: Scene): unknown => of.connect().say(hello({ instance: 7 }))[0];
    expect(journalOf(scene)).toMatchObject({ kind: Kind.welcome, journal: JOURNAL });
    scene.restart();
    expect(journalOf(scene)).toMatchObject({ kind: Kind.welcome, journal: JOURNAL });
    const without = new Scene();
    expect(journalOf(without)).toMatchObject({ kind: Kind.welcome, journal: 0 });
    expect(words(without.client(1).say(submit(1)))).toEqual(['ERROR 1 UNSUPPORTED ran=no']);
  });

  test('W50: ACCEPTED leaves when the request is on disk, and not before', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    scene.disk.isStalled = true;
    expect(words(client.say(submit(1), request(2)))).toEqual([]);
    expect(words(worker.hear())).toEqual([`DISPATCH 1 of ${durable(1)} attempt 1`, 'DISPATCH 2 of 1/2 attempt 1']);
    worker.say(final(2));
    expect(words(client.hear())).toEqual(['FINAL 2']);
    scene.sync();
    expect(client.hear()).toEqual([
      { kind: Kind.accepted, ref: 1, stored: 'disk', journal: JOURNAL, ticket: 2 ** 32 + 1 },
    ]);
  });

  test('W50: a ticket is not used again, not even one that was not on disk', () => {
    const scene = Scene.withDisk();
    scene.disk.isStalled = true;
    expect(words(scene.client(1).say(submit(1)))).toEqual([]);
    scene.restart();
    const client = scene.client(1);
    expect(words(client.say(submit(1, { ageMs: 5 })))).toEqual([`ACCEPTED 1 ${ticket(1, 2)}`]);
    expect(answerTo(client, 2, 'ticketStatus', ticket(1))).toEqual(['ERROR 2 TICKET_EXPIRED ran=unknown']);
  });
});

describe('handing over again', () => {
  test('W51: the same number gets the same ticket and is no second request, after a restart too', () => {
    const scene = Scene.withDisk();
    const worker = scene.worker(2);
    const client = scene.client(1);
    const again = submit(1, { ageMs: 5, body: encodeBody('a') });
    client.say(submit(1, { body: encodeBody('a') }));
    expect(words(client.say(again))).toEqual([`ACCEPTED 1 ${ticket(1)}`]);
    expect(words(worker.hearOf(Kind.dispatch))).toHaveLength(1);
    scene.restart();
    expect(words(scene.client(1).say(again))).toEqual([`ACCEPTED 1 ${ticket(1)}`]);
    const other = scene.client(1);
    expect(words(other.say(submit(1, { ageMs: 5, body: encodeBody('b') })))).toEqual([
      'ERROR 1 REQUEST_CONFLICT ran=no',
    ]);
  });

  test('W51: so does the same idempotency key, whoever hands it over; with another body it is a conflict', () => {
    const scene = Scene.withDisk();
    scene.client(1).say(submit(1, { key: 'k', body: encodeBody('a') }));
    scene.restart();
    const other = scene.client(3);
    expect(words(other.say(submit(1, { key: 'k', body: encodeBody('a') })))).toEqual([`ACCEPTED 1 ${ticket(1)}`]);
    expect(words(other.say(submit(2, { key: 'k', body: encodeBody('b') })))).toEqual([
      'ERROR 2 REQUEST_CONFLICT ran=no',
    ]);
    expect(words(other.say(submit(3, { key: 'l' })))).toEqual([`ACCEPTED 3 ${ticket(1, 2)}`]);
  });

  test('W51: what is older than the window and not known is refused', () => {
    const client = Scene.withDisk({ dedupeWindowMs: 60_000 }).client(1);
    expect(words(client.say(submit(1, { ageMs: 60_001 })))).toEqual(['ERROR 1 REQUEST_FORGOTTEN ran=unknown']);
  });

  test.each([
    ['CANCEL', (client: Peer) => client.say(cancel(1))],
    ['GOODBYE', (client: Peer) => client.say({ kind: Kind.goodbye, code: undefined, reason: '' })],
    ['a lost link', (client: Peer) => client.lose()],
  ])('W51: %s of its client does not end it', (_what, leave) => {
    const scene = Scene.withDisk();
    const client = scene.client(1);
    client.say(submit(1));
    leave(client);
    scene.pass(60_000);
    expect(words(scene.worker(2, 0).say(credit(1)))).toEqual([`DISPATCH 1 of ${durable(1)} attempt 1`]);
  });
});

describe('doing it', () => {
  test('W52: after a start workers have a moment to say what they hold, and what they hold is not handed out', () => {
    const scene = Scene.withDisk();
    const client = scene.client(1);
    client.say(submit(1), submit(2));
    expect(words(scene.worker(2).hear())).toEqual([]);
    scene.restart();
    const [first, second] = [scene.worker(2), scene.worker(3)];
    expect(words([...first.hear(), ...second.hear()])).toEqual([]);
    const held = {
      kind: Kind.holds,
      instance: JOURNAL,
      ref: 2 ** 32 + 1,
      attempt: 1,
      service: 0,
      finished: true,
    } as const;
    expect(words(first.say(held))).toEqual([`ATTACH 1 of ${durable(1)} attempt 1`]);
    scene.pass(2_000, first, second);
    expect(words([...first.hearOf(Kind.dispatch), ...second.hearOf(Kind.dispatch)])).toEqual([
      `DISPATCH 1 of ${durable(2)} attempt 1`,
    ]);
  });

  test('W52: also what was said before the journal was read', () => {
    const scene = Scene.withDisk();
    scene.client(1).say(submit(1));
    scene.worker(2).hear();
    scene.restart(() => {
      const held = { kind: Kind.holds, instance: JOURNAL, ref: 2 ** 32 + 1, attempt: 1, service: 0, finished: false };
      scene.worker(2, 0).say(held as WireRecord);
    });
    const worker = scene.worker(3);
    scene.pass(2_000, worker);
    expect(words(worker.hearOf(Kind.dispatch))).toEqual([]);
    expect(scene.broker.memory.journal.session.requests.get(2 ** 32 + 1)).toMatchObject({
      state: 'assigned',
      attempt: 1,
    });
  });

  test('W53: its outcome is told, and its last word taken, when the outcome is on disk', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1), ...asking(2, 'ticketResult', ticket(1)));
    worker.hear();
    scene.disk.isStalled = true;
    worker.say(final(1));
    scene.pass(5_000, client, worker);
    expect([client.hearOf(Kind.final), worker.hearOf(Kind.taken)]).toEqual([[], []]);
    scene.sync();
    expect(words(client.hear())).toContain('FINAL 2');
    expect(words(worker.hear())).toContain('TAKEN 1');
  });

  test('W61: what runs at most once is handed out when that is on disk, and after a restart not again', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2, 1)];
    client.say(name(2, 'echo', 'charge'), submit(1, { name: 2 }), submit(2, { name: 2 }));
    worker.lose();
    client.hear();
    scene.restart();
    const [again, other] = [scene.client(1), scene.worker(3)];
    scene.disk.isStalled = true;
    scene.pass(1_500, again, other);
    expect(words(other.hearOf(Kind.dispatch))).toEqual([]);
    // Its body is read first.
    scene.sync();
    expect(words(other.hearOf(Kind.dispatch))).toEqual([]);
    scene.sync();
    expect(words(other.hearOf(Kind.dispatch))).toEqual([`DISPATCH 1 of ${durable(2)} attempt 1`]);
    scene.disk.isStalled = false;
    again.hear();
    expect(words(again.say(...asking(3, 'ticketResult', ticket(1))))).toEqual(['ERROR 3 WORKER_LOST ran=unknown']);
  });

  test('W61: CANCEL does not overtake a DISPATCH that waits for the disk', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    scene.disk.isStalled = true;
    client.say(name(2, 'echo', 'charge'), submit(1, { name: 2, expiresMs: 1_000 }));
    scene.pass(1_500, client, worker);
    const ofLease = (heard: readonly WireRecord[]): WireRecord[] =>
      heard.filter(({ kind }) => kind === Kind.dispatch || kind === Kind.cancel);
    expect(words(ofLease(worker.hear()))).toEqual([]);
    scene.sync();
    expect(words(ofLease(worker.hear()))).toEqual([`DISPATCH 1 of ${durable(1)} attempt 1`, 'CANCEL 1 deadline']);
  });

  test('a client that waits for an outcome and does not come back is forgotten', () => {
    const scene = Scene.withDisk({ clientAwayMaxMs: 2_000 });
    const client = scene.client(1);
    client.say(submit(1));
    const asker = scene.client(2);
    asker.say(...asking(1, 'ticketResult', ticket(1)));
    asker.lose();
    scene.pass(5_000, client);
    expect([...scene.broker.memory.sessions.keys()]).not.toContain(2);
    expect(words(scene.worker(3, 0).say(credit(1)))).toEqual([`DISPATCH 1 of ${durable(1)} attempt 1`]);
  });

  test('W54: what expires in the moment in which a worker could take it is TICKET_EXPIRED too', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2, 0)];
    client.say(submit(1, { expiresMs: 1_000 }));
    scene.now += 1_000;
    worker.say(credit(1));
    expect(answerTo(client, 2, 'ticketStatus', ticket(1))).toMatchObject({ state: 'expired' });
  });

  test('W54: a worker whose clock is first ends it as TICKET_EXPIRED', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1, { expiresMs: 1_000 }));
    scene.now += 999;
    worker.say(failure(1, { code: 'DEADLINE_EXCEEDED', ran: 'yes' }));
    expect(answerTo(client, 2, 'ticketStatus', ticket(1))).toMatchObject({ state: 'expired' });
  });

  test('W53: nor does the answer to OFFER say that a last word was taken before its outcome is on disk', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1));
    worker.hear();
    scene.disk.isStalled = true;
    worker.say(final(1));
    client.say(request(2));
    worker.say(offer({ service: 1, name: 'tea' }));
    expect(worker.hearOf(Kind.taken)).toEqual([]);
    scene.sync();
    expect(worker.hearOf(Kind.taken).map(({ count }) => count)).toEqual([1, 1]);
  });

  test('W61: nor is a call that another broker may have handed out', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(name(2, 'echo', 'charge'), request(1, { name: 2, ageMs: 50 }));
    scene.pass(1_500, client, worker);
    expect(words(worker.hearOf(Kind.dispatch))).toEqual([]);
    expect(words(client.hearOf(Kind.error))).toEqual(['ERROR 1 WORKER_LOST ran=unknown']);
  });

  test('W54: it is not handed out before its time, nor after it has expired, and waits for its service', () => {
    const scene = Scene.withDisk();
    const client = scene.client(1);
    client.say(submit(1, { delayMs: 5_000 }), submit(2, { expiresMs: 20_000 }), submit(3, { expiresMs: 4_000 }));
    scene.pass(4_500, client);
    const worker = scene.worker(2);
    expect(words(worker.say(HEARTBEAT))).toEqual([]);
    client.hear();
    expect(answerTo(client, 4, 'ticketResult', ticket(3))).toEqual(['ERROR 4 TICKET_EXPIRED ran=no']);
    scene.pass(1_000, client, worker);
    expect(words(worker.hearOf(Kind.dispatch))).toEqual([`DISPATCH 2 of ${durable(1)} attempt 1`]);
    scene.pass(15_000, client, worker);
    expect(words(worker.hearOf(Kind.cancel))).toEqual(['CANCEL 1 deadline']);
  });

  test('W54: where nothing is said of expiry, the time for it begins when the delay is over', () => {
    const scene = Scene.withDisk();
    const client = scene.client(1);
    client.say(submit(1, { delayMs: 48 * HOUR_MS }));
    client.lose();
    scene.pass(49 * HOUR_MS);
    expect(words(scene.worker(2, 0).say(credit(1)))).toEqual([`DISPATCH 1 of ${durable(1)} attempt 1`]);
    const other = scene.client(3);
    other.say(submit(1, { delayMs: 48 * HOUR_MS }));
    other.lose();
    scene.pass(73 * HOUR_MS);
    const asker = scene.client(4);
    expect(answerTo(asker, 1, 'ticketResult', ticket(2))).toEqual(['ERROR 1 TICKET_EXPIRED ran=no']);
  });

  test('W54: a delay and an expiry of years are kept, over a restart too, and a worker gets as much time as its timer holds', () => {
    const scene = Scene.withDisk();
    const YEAR_MS = 365 * 24 * HOUR_MS;
    const goOn = (ms: number): void => {
      scene.now += ms;
      scene.give({ kind: 'wake' });
    };
    scene.client(1).say(submit(1, { delayMs: 2 * YEAR_MS, expiresMs: 4 * YEAR_MS }));
    goOn(YEAR_MS);
    scene.restart();
    goOn(YEAR_MS - HOUR_MS);
    expect(words(scene.worker(2, 0).say(credit(1)))).toEqual([]);
    goOn(2 * HOUR_MS);
    expect(scene.worker(3, 0).say(credit(1))[0]).toMatchObject({
      kind: Kind.dispatch,
      attempt: 1,
      timeLeftMs: 2_147_483_647,
    });
  });

  test('W55: one at a time under an ordering key, in their order, with retries and lost workers', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1, { orderingKey: 'a' }), submit(2, { orderingKey: 'a' }), submit(3, { orderingKey: 'b' }));
    expect(words(worker.hear())).toEqual([
      `DISPATCH 1 of ${durable(1)} attempt 1`,
      `DISPATCH 2 of ${durable(3)} attempt 1`,
    ]);
    worker.say(retry(1));
    scene.pass(500, client, worker);
    expect(words(worker.hearOf(Kind.dispatch))).toEqual([`DISPATCH 3 of ${durable(1)} attempt 2`]);
    worker.lose();
    const other = scene.worker(4);
    expect(words(other.say(HEARTBEAT))).not.toContain(`DISPATCH 1 of ${durable(2)} attempt 1`);
  });

  test('W56: the higher priority first, then the order of arrival; a call counts as 4', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2, 0)];
    client.say(submit(1, { priority: 1 }), submit(2), request(3), submit(4, { priority: 9 }), submit(5));
    expect(words(worker.say(credit(9)))).toEqual([
      `DISPATCH 1 of ${durable(3)} attempt 1`,
      `DISPATCH 2 of ${durable(2)} attempt 1`,
      'DISPATCH 3 of 1/3 attempt 1',
      `DISPATCH 4 of ${durable(4)} attempt 1`,
      `DISPATCH 5 of ${durable(1)} attempt 1`,
    ]);
  });

  test('W56: also among those that a start has found', () => {
    const scene = Scene.withDisk();
    scene.client(1).say(submit(1, { priority: 1 }), submit(2), submit(3, { priority: 9 }));
    scene.restart();
    const worker = scene.worker(2);
    scene.pass(2_000, worker);
    expect(words(worker.hearOf(Kind.dispatch))).toEqual([
      `DISPATCH 1 of ${durable(3)} attempt 1`,
      `DISPATCH 2 of ${durable(2)} attempt 1`,
      `DISPATCH 3 of ${durable(1)} attempt 1`,
    ]);
  });
});

describe('bounds and ends', () => {
  test('W57: without room STORE_FULL and a time to wait, and it may be handed over again; calls go on', () => {
    const scene = Scene.withDisk({ storedCountMax: 1 });
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1));
    const [full] = client.say(submit(2), request(3));
    expect(full).toMatchObject({ kind: Kind.error, code: 'STORE_FULL', ran: 'no', retryAfterMs: 1_000 });
    worker.say(final(2));
    expect(words(client.hear())).toEqual(['FINAL 3']);
    const other = Scene.withDisk();
    const waiting = other.client(1);
    other.give({ kind: 'journal-room', hasRoom: false });
    expect(words(waiting.say(submit(1)))).toEqual(['ERROR 1 STORE_FULL ran=no']);
    other.give({ kind: 'journal-room', hasRoom: true });
    expect(words(waiting.say(submit(1)))).toEqual([`ACCEPTED 1 ${ticket(1)}`]);
  });

  const unread = { count: 1, bytes: 100 };
  const found = { kind: 'journal-found', id: JOURNAL, starts: 2, date: 0, unread, setAside: [] } as const;

  test('W62: while the journal is being read what cannot be in it is accepted, and what may be in it waits', () => {
    const scene = new Scene();
    scene.give(found);
    const client = scene.client(1);
    const resend = submit(2, { ageMs: 10 });
    const keyed = request(4, { key: 'k' });
    expect(words(client.say(submit(1), resend, ...asking(3, 'ticketStatus', ticket(1)), keyed))).toEqual([
      `ACCEPTED 1 ${ticket(1, 2)}`,
    ]);
    scene.give({ kind: 'journal-read' });
    expect(words(client.hear())).toEqual([
      'ERROR 3 TICKET_EXPIRED ran=unknown',
      'ERROR 4 NO_SUCH_SERVICE ran=no',
      `ACCEPTED 2 ${ticket(2, 2)}`,
    ]);
  });

  test('W62: what finds no place to wait is BUSY, and it is unknown whether it ran if it was sent before', () => {
    const scene = new Scene({ deferredCountMax: 1 });
    scene.give(found);
    const client = scene.client(1);
    const resent = submit(2, { ageMs: 10 });
    expect(words(client.say(submit(1, { ageMs: 10 }), resent, request(3, { key: 'k' }), submit(4)))).toEqual([
      'ERROR 2 BUSY ran=unknown',
      'ERROR 3 BUSY ran=no',
      `ACCEPTED 4 ${ticket(1, 2)}`,
    ]);
  });

  test('W58: a ticket that may be among entries that cannot be reached is TICKET_DAMAGED, one of this start is not', () => {
    const scene = new Scene();
    scene.give(found);
    const client = scene.client(1);
    const missing = { key: 0, value: NO_BYTES, damage: 'the tree has lost them', unreachable: 3 };
    scene.give({ kind: 'journal-entries', entries: [missing] });
    scene.give({ kind: 'journal-read' });
    expect(answerTo(client, 1, 'ticketStatus', ticket(1))).toEqual(['ERROR 1 TICKET_DAMAGED ran=unknown']);
    expect(answerTo(client, 2, 'deadLetter', ticket(1))).toEqual(['ERROR 2 TICKET_DAMAGED ran=unknown']);
    client.say(submit(3));
    expect(answerTo(client, 4, 'ticketStatus', ticket(1, 2))).toMatchObject({ state: 'queued' });
  });

  test('W64: a wait for an outcome ends with its own deadline, and the request goes on', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1), ...asking(2, 'ticketResult', ticket(1), { timeLeftMs: 500 }));
    client.say(request(3, { key: 'k' }), request(4, { key: 'k', timeLeftMs: 550 }));
    client.hear();
    scene.pass(600, client, worker);
    const ended = client.hear().filter(({ kind }) => kind === Kind.error);
    expect(ended).toMatchObject([
      { ref: 2, code: 'DEADLINE_EXCEEDED', ran: 'unknown', stage: 'client' },
      { ref: 4, code: 'DEADLINE_EXCEEDED' },
    ]);
    worker.say(final(1), final(2));
    expect(words(client.hear())).toEqual(['FINAL 3']);
    expect(words(client.say(...asking(5, 'ticketResult', ticket(1))))).toEqual(['FINAL 5']);
  });

  test('W70: PROGRESS goes to everybody who waits for the outcome and takes that many bytes', () => {
    const scene = Scene.withDisk();
    const [client, other, worker] = [scene.client(1), scene.client(3), scene.worker(2)];
    const small = scene.client(4, { messageBytesMax: 200_000 });
    client.say(submit(1), ...asking(2, 'ticketResult', ticket(1)), request(3, { key: 'k' }));
    other.say(...asking(1, 'ticketResult', ticket(1)), request(2, { key: 'k' }));
    small.say(...asking(1, 'ticketResult', ticket(1)));
    for (const peer of [client, other]) peer.hear();
    const progress = (ref: number, bytes: number): WireRecord => ({
      kind: Kind.progress,
      ref,
      body: new Uint8Array(bytes),
    });
    worker.say(progress(1, 1), progress(2, 1), progress(1, 300_000));
    const [one, large] = [1, 300_000];
    const notes = (peer: Peer): unknown =>
      peer.hear().flatMap((record) => (record.kind === Kind.progress ? [[record.ref, record.body.length]] : []));
    expect(notes(client)).toEqual([
      [2, one],
      [3, one],
      [2, large],
    ]);
    expect(notes(other)).toEqual([
      [1, one],
      [2, one],
      [1, large],
    ]);
    expect(notes(small)).toEqual([[1, one]]);
  });

  test('W58: an outcome is kept until somebody who was told says so, and a while longer, or until its time is over', () => {
    const scene = Scene.withDisk({ resultKeepMs: 60_000, collectedKeepMs: 5_000 });
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1), submit(2));
    worker.say(final(1), final(2));
    scene.pass(30_000, client, worker);
    client.hear();
    expect(words(client.say(...asking(3, 'ticketResult', ticket(1))))).toEqual(['FINAL 3']);
    client.say(settled(4));
    scene.pass(4_000, client, worker);
    client.hear();
    expect(words(client.say(...asking(4, 'ticketResult', ticket(1))))).toEqual(['FINAL 4']);
    scene.pass(2_000, client, worker);
    client.hear();
    expect(answerTo(client, 5, 'ticketResult', ticket(1))).toEqual(['ERROR 5 TICKET_EXPIRED ran=unknown']);
    expect(answerTo(client, 6, 'ticketStatus', ticket(2))).toMatchObject({ state: 'done', collected: false });
    scene.pass(30_000, client, worker);
    client.hear();
    expect(answerTo(client, 7, 'ticketStatus', ticket(2))).toEqual(['ERROR 7 TICKET_EXPIRED ran=unknown']);
  });

  test.each([ticket(5), requestIdText(JOURNAL + 1, 1), 'nonsense'])('W58: %s was never given out', (id) => {
    const client = Scene.withDisk().client(1);
    client.say(submit(1));
    expect(answerTo(client, 2, 'ticketResult', id)).toEqual(['ERROR 2 TICKET_UNKNOWN ran=no']);
  });

  test('ticketCancel ends what has not ended, down to the handler, and says whether it did', () => {
    const scene = Scene.withDisk();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1));
    worker.hear();
    expect(answerTo(client, 2, 'ticketCancel', ticket(1))).toMatchObject({ cancelled: true, state: 'cancelled' });
    expect(words(worker.hear())).toEqual(['CANCEL 1 cancelled']);
    expect(answerTo(client, 3, 'ticketCancel', ticket(1))).toMatchObject({ cancelled: false, state: 'cancelled' });
  });

  test('W59: one that is never done is a dead letter with every attempt, over restarts, until it is handed over anew', () => {
    const scene = Scene.withDisk({ maxAttempts: 2 });
    const worker = scene.worker(2, 1, { identity: 'w' });
    scene.client(1).say(submit(1, { body: encodeBody('poison') }));
    worker.say(retry(1));
    scene.pass(500, worker);
    worker.say(retry(2));
    scene.restart();
    const client = scene.client(1);
    expect(answerTo(client, 2, 'ticketStatus', ticket(1))).toMatchObject({ state: 'dead' });
    expect(answerTo(client, 3, 'deadLetter', ticket(1))).toMatchObject({
      address: 'echo.say',
      body: 'poison',
      durable: true,
      attempts: [
        { attempt: 1, worker: 'w', ended: 'retry' },
        { attempt: 2, worker: 'w', ended: 'failed' },
      ],
    });
    expect(answerTo(client, 4, 'deadLetterReplay', ticket(1))).toEqual({
      replayed: ticket(1),
      ticket: ticket(1, 2),
    });
    expect(answerTo(client, 5, 'deadLetter', ticket(1))).toEqual(['ERROR 5 TICKET_UNKNOWN ran=no']);
    const again = scene.connect();
    expect(words(again.say(hello({ instance: 5, roles: 2 }), offer()))).toContain(
      `DISPATCH 1 of ${durable(1, 2)} attempt 1`,
    );
  });

  test('W59: collecting its error does not let a dead letter go; purging it does', () => {
    const scene = Scene.withDisk({ maxAttempts: 1, collectedKeepMs: 1_000 });
    const worker = scene.worker(2, 1);
    const client = scene.client(1);
    client.say(submit(1), ...asking(2, 'ticketResult', ticket(1)));
    worker.say(retry(1));
    expect(words(client.hear())).toContain('ERROR 2 HANDLER_FAILED ran=yes');
    client.say(settled(3));
    scene.pass(5_000, client, worker);
    scene.restart();
    const other = scene.client(3);
    expect(answerTo(other, 1, 'deadLetterPurge', ticket(1))).toEqual({ purged: ticket(1) });
    expect(scene.disk.names).toEqual([]);
  });

  test('W59: dead letters beyond those that memory holds are listed page by page, looked into, handed over anew and purged', () => {
    const scene = Scene.withDisk({ deadLettersMax: 1, maxAttempts: 1 });
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1), submit(2, { body: encodeBody('second') }), submit(3), submit(4));
    worker.say(retry(1), retry(2), retry(3), retry(4));
    client.hear();
    const listed = answerTo(client, 5, 'deadLettersAfter', '') as { request: string; code: string }[];
    expect(listed.map(({ request }) => request)).toEqual([ticket(1), ticket(2), ticket(3)]);
    expect(answerTo(client, 6, 'deadLettersAfter', ticket(2))).toMatchObject([
      { request: ticket(3), address: 'echo.say' },
    ]);
    expect(answerTo(client, 7, 'deadLetter', ticket(2))).toMatchObject({ request: ticket(2), body: 'second' });
    expect(answerTo(client, 8, 'deadLetterPurge', ticket(1))).toEqual({ purged: ticket(1) });
    expect(answerTo(client, 9, 'ticketStatus', ticket(1))).toEqual(['ERROR 9 TICKET_EXPIRED ran=unknown']);
    expect(answerTo(client, 10, 'deadLetterPurge', ticket(1))).toEqual(['ERROR 10 TICKET_UNKNOWN ran=no']);
    expect(answerTo(client, 11, 'deadLetterReplay', ticket(3))).toEqual({ replayed: ticket(3), ticket: ticket(5) });
  });

  test('W59: a dead letter that nobody looks at goes when its time is over, from the list and from the disk', () => {
    const scene = Scene.withDisk({ maxAttempts: 1, deadLetterKeepMs: 5_000 });
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(submit(1));
    worker.say(retry(1));
    scene.pass(4_500, client, worker);
    expect(scene.disk.names).toEqual(['1.1']);
    scene.pass(1_000, client, worker);
    client.hear();
    expect(answerTo(client, 2, 'deadLetter', ticket(1))).toEqual(['ERROR 2 TICKET_UNKNOWN ran=no']);
    expect(scene.disk.names).toEqual([]);
  });
});
