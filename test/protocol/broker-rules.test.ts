// The rules of docs/protocol.md that a broker keeps, one test for each, by its id.

import { decodeErrorBody, DRAIN, HEARTBEAT, Kind, type Welcome, type WireRecord } from '@majordomo/protocol';
import { Scene, failure, final, hello, name, offer, request, submit, words, type Peer } from './scene.js';

const credit = (limit: number): WireRecord => ({ kind: Kind.credit, service: 0, limit });
const release = (ref: number, ran: 'no' | 'yes' | 'unknown'): WireRecord => ({ kind: Kind.release, ref, ran });
const holds = (ref: number, attempt = 1, finished = false): WireRecord => ({
  kind: Kind.holds,
  instance: 1,
  ref,
  attempt,
  service: 0,
  finished,
});
const settled = (below: number): WireRecord => ({ kind: Kind.settled, below });
const partial = (ref: number, index: number, isFrameList = false): WireRecord => ({
  kind: Kind.partial,
  ref,
  index,
  isFrameList,
  body: Buffer.from('v'),
});

/** Code and `details.handledBy` of the errors among these. */
const handlers = (records: readonly WireRecord[]): unknown[] =>
  records.flatMap((record) =>
    record.kind === Kind.error ? [[record.code, decodeErrorBody(record.body).details?.['handledBy']]] : [],
  );

describe('errors of the broker', () => {
  test('W71: an error about a request that a worker has had names the last one and its attempt', () => {
    const scene = new Scene({ maxAttempts: 2 });
    const client = scene.client(1);
    const join = (instance: number): Peer => scene.worker(instance, 10, { identity: `w${instance}` });
    const first = join(2);
    client.say(request(1), request(2, { timeLeftMs: 400 }), request(3, { key: 'k' }));
    client.say(request(4, { key: 'k', timeLeftMs: 300 }), request(5));
    scene.pass(450, client, first);
    expect(handlers(client.hear())).toEqual([
      ['DEADLINE_EXCEEDED', { worker: 'w2', attempt: 1 }],
      ['DEADLINE_EXCEEDED', { worker: 'w2', attempt: 1 }],
    ]);
    const cancelled = client.say({ kind: Kind.cancel, ref: 5, reason: 'cancelled' });
    expect(handlers(cancelled)).toEqual([['CANCELLED', { worker: 'w2', attempt: 1 }]]);
    first.lose();
    join(3).lose();
    expect(handlers(client.hear())).toContainEqual(['ATTEMPTS_EXHAUSTED', { worker: 'w3', attempt: 2 }]);
    expect(handlers(client.say(name(2, 'nobody', 'here'), request(6, { name: 2 })))).toEqual([
      ['NO_SUCH_SERVICE', undefined],
    ]);
  });

  test('W71: so does WORKER_LOST of a method that runs at most once, also for who asks under the key of a lost run', () => {
    const scene = new Scene();
    const client = scene.client(1);
    const worker = scene.connect();
    const methods = [{ name: 'say', atMostOnce: true, streams: false, executionTimeoutMs: 0, maxAttempts: 0 }];
    worker.say(hello({ instance: 2, roles: 2, identity: 'once' }), offer({ credit: 9, methods }));
    client.say(request(1), request(2, { key: 'k', timeLeftMs: 400 }));
    scene.pass(500, client, worker);
    client.say(request(3, { key: 'k' }));
    client.hear();
    worker.lose();
    const lost = ['WORKER_LOST', { worker: 'once', attempt: 1 }];
    expect(handlers(client.hear())).toEqual([lost, lost]);
  });
});

describe('greeting and leaving', () => {
  test('W9: a fault costs its sender the link, after GOODBYE, and nobody else', () => {
    const scene = new Scene();
    const [bad, client, worker] = [scene.client(5), scene.client(1), scene.worker(2)];
    scene.give({ kind: 'fault', link: bad.link, fault: 'BAD_LENGTH' });
    expect(bad.hear()).toEqual([{ kind: Kind.goodbye, code: 'PROTOCOL_ERROR', reason: 'BAD_LENGTH' }]);
    expect(bad.isClosed).toBe(true);
    client.say(request(1));
    worker.say(final(1));
    expect(words(client.hear())).toEqual(['FINAL 1']);
  });

  test.each([
    ['HEARTBEAT', HEARTBEAT],
    ['REQUEST', request(1)],
    ['FINAL', final(1)],
    ['OFFER', offer()],
  ])('W12: %s before HELLO is answered with GOODBYE SESSION_LOST', (_what, record) => {
    const peer = new Scene().connect();
    expect(words(peer.say(record))).toEqual(['GOODBYE SESSION_LOST']);
    expect(peer.isClosed).toBe(true);
  });

  test('W13: a second HELLO is a breach', () => {
    const scene = new Scene();
    expect(words(scene.client(1).say(hello({ instance: 1 })))).toEqual(['GOODBYE PROTOCOL_ERROR']);
  });

  test.each([{ instance: 0 }, { identity: '' }])('W14: HELLO with %p is a breach', (more) => {
    expect(words(new Scene().connect().say(hello(more)))).toEqual(['GOODBYE PROTOCOL_ERROR']);
  });

  test('W15: versions must have one in common', () => {
    const scene = new Scene();
    expect(words(scene.connect().say(hello({ versionMin: 2, versionMax: 3 })))).toEqual(['GOODBYE VERSION_MISMATCH']);
    expect(words(scene.connect().say(hello({ versionMin: 0, versionMax: 9, instance: 2 })))).toEqual(['WELCOME']);
  });

  test.each([
    ['what both want', { heartbeatMs: 1_000, silenceMaxMs: 15_000 }, [1_000, 15_000]],
    ['the smaller heartbeat and the silence of the peer', { heartbeatMs: 200, silenceMaxMs: 60_000 }, [200, 60_000]],
    ['no slower than the broker wants', { heartbeatMs: 5_000, silenceMaxMs: 15_000 }, [1_000, 15_000]],
    ['what the broker likes, for 0', { heartbeatMs: 0, silenceMaxMs: 0 }, [1_000, 15_000]],
    ['at least 50 ms and three heartbeats', { heartbeatMs: 1, silenceMaxMs: 1 }, [50, 150]],
    ['at most ten minutes of silence', { heartbeatMs: 1_000, silenceMaxMs: 2_000_000 }, [1_000, 600_000]],
  ])('W16: WELCOME says %s', (_what, wish, [heartbeatMs, silenceMaxMs]) => {
    const [welcome] = new Scene().connect().say(hello(wish));
    expect(welcome).toMatchObject({ kind: Kind.welcome, heartbeatMs, silenceMaxMs });
  });

  test('W17: the newest link of an instance is its link; the old one is closed', () => {
    const scene = new Scene();
    const worker = scene.worker(2);
    const [old, again] = [scene.client(1), scene.client(1)];
    expect(old.isClosed).toBe(true);
    again.say(request(1));
    worker.say(final(1));
    expect([words(old.hear()), words(again.hear())]).toEqual([[], ['FINAL 1']]);
  });

  test('W17: leases of a replaced link wait a second for HOLDS before they count as lost', () => {
    const scene = new Scene();
    const client = scene.client(1);
    const old = scene.worker(2);
    client.say(request(1));
    const again = scene.worker(2);
    const other = scene.worker(3);
    expect([old.isClosed, words(other.hear())]).toEqual([true, []]);
    expect(words(again.say(holds(1)))).toEqual(['ATTACH 2 of 1/1 attempt 1']);
    scene.pass(3_000, client, again, other);
    expect(words(other.hearOf(Kind.dispatch))).toEqual([]);
  });

  test('W18: HELLO is answered at once', () => {
    expect(words(new Scene().connect().say(hello()))).toEqual(['WELCOME']);
  });

  test('W19: GOODBYE of a peer ends its link, its leases and its requests', () => {
    const scene = new Scene();
    const [client, leaving, other] = [scene.client(1), scene.worker(2), scene.worker(3, 0)];
    client.say(request(1));
    expect(words(leaving.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1']);
    expect(words(leaving.say({ kind: Kind.goodbye, code: undefined, reason: '' }))).toEqual([]);
    expect(leaving.isClosed).toBe(true);
    expect(words(other.say(credit(1)))).toEqual(['DISPATCH 1 of 1/1 attempt 2']);
    client.say({ kind: Kind.goodbye, code: undefined, reason: '' });
    expect(words(other.hear())).toEqual(['CANCEL 1 client-lost']);
  });

  test('W20: a lost worker loses its leases at once, a lost client its requests when it stays away', () => {
    const scene = new Scene();
    const [client, first, second] = [scene.client(1), scene.worker(2), scene.worker(3)];
    client.say(request(1));
    first.lose();
    expect(words(second.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 2']);
    client.lose();
    scene.pass(14_000, second);
    expect(words(second.hearOf(Kind.cancel))).toEqual([]);
    scene.pass(2_000, second);
    expect(words(second.hearOf(Kind.cancel))).toEqual(['CANCEL 1 client-lost']);
  });
});

describe('asking', () => {
  test('W21: a REQUEST for a number without a name, and a name that is none, are breaches', () => {
    const scene = new Scene();
    expect(words(scene.client(1).say(request(1, { name: 7 })))).toEqual(['GOODBYE PROTOCOL_ERROR']);
    for (const [service, method] of [
      ['', 'say'],
      ['a.', 'say'],
      ['echo', ''],
      ['echo', 'a.b'],
      ['e cho', 'say'],
    ] as const) {
      expect(words(scene.client(3).say(name(2, service, method)))).toEqual(['GOODBYE PROTOCOL_ERROR']);
    }
    expect(words(scene.client(4).say(name(4_096, 'echo', 'say')))).toEqual(['GOODBYE PROTOCOL_ERROR']);
  });

  test('W21: the broker’s own services cannot be offered', () => {
    const scene = new Scene();
    for (const reserved of ['majordomo', 'majordomo.x']) {
      expect(words(scene.worker(2).say(offer({ service: 1, name: reserved })))).toEqual(['GOODBYE PROTOCOL_ERROR']);
    }
    expect(words(scene.worker(3).say(offer({ service: 1, name: 'majordomos' })))).toEqual(['TAKEN 0']);
  });

  test('W22: a number given again means the new address from then on, and what was asked before keeps its meaning', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1), name(0, 'echo', 'charge'), request(2));
    expect(worker.hearOf(Kind.dispatch).map(({ request: ref, method }) => [ref, method])).toEqual([
      [1, 0],
      [2, 2],
    ]);
  });

  test('W23: the same number with another address or body is refused', () => {
    const scene = new Scene();
    const client = scene.client(1);
    scene.worker(2);
    client.say(request(1, { body: Buffer.from('a') }));
    const conflict = ['ERROR 1 REQUEST_CONFLICT ran=no'];
    expect(words(client.say(request(1, { ageMs: 1, body: Buffer.from('b') })))).toEqual(conflict);
    expect(words(client.say(request(1, { ageMs: 1, name: 1, body: Buffer.from('a') })))).toEqual(conflict);
    expect(words(client.say(request(1, { ageMs: 1, body: Buffer.from('a') })))).toEqual([]);
  });

  test('W24: what has no age is handed out at once, what has one waits a second for somebody who may hold it', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    expect(words(worker.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1']);
    client.say(request(2, { ageMs: 1 }));
    expect(words(worker.hear())).toEqual([]);
    scene.pass(1_000, client, worker);
    expect(words(worker.hearOf(Kind.dispatch))).toEqual(['DISPATCH 2 of 1/2 attempt 1']);
  });

  test('W25: at the deadline the client is told, the worker is told to stop, and what waits is not handed out', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2, 1)];
    client.say(request(1, { timeLeftMs: 2_000 }), request(2, { timeLeftMs: 2_000 }));
    worker.hear();
    scene.pass(2_000, client, worker);
    expect(words(client.hearOf(Kind.error)).sort()).toEqual([
      'ERROR 1 DEADLINE_EXCEEDED ran=unknown',
      'ERROR 2 DEADLINE_EXCEEDED ran=no',
    ]);
    expect(words(worker.hearOf(Kind.cancel))).toEqual(['CANCEL 1 deadline']);
    expect(words(worker.say(failure(1, { code: 'DEADLINE_EXCEEDED' }))).filter((word) => word !== 'TAKEN 1')).toEqual(
      [],
    );
  });

  test('W25: without a time left the broker takes its own', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1, { timeLeftMs: 0 }));
    expect(worker.hearOf(Kind.dispatch)[0]?.timeLeftMs).toBe(30_000);
  });

  test('W26: the first last word of the attempt settles the request, and later ones are dropped', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    worker.say(final(1), final(1), failure(1));
    expect(words(client.hear())).toEqual(['FINAL 1']);
  });

  test('W26: a success of an older attempt settles, and the newer one is told to stop', () => {
    const scene = new Scene();
    const [client, first, second] = [scene.client(1), scene.worker(2), scene.worker(3)];
    client.say(request(1));
    first.lose();
    second.hear();
    const back = scene.worker(2);
    expect(words(back.say(holds(1)))).toEqual(['ATTACH 1 of 1/1 attempt 1']);
    back.say(final(1));
    expect(words(client.hear())).toEqual(['FINAL 1']);
    expect(words(second.hear())).toEqual(['CANCEL 1 lease-lost']);
    second.say(final(1));
    expect(words(client.hear())).toEqual([]);
  });

  test('W63: a service that was offered lately is waited for, and then it is SERVICE_UNAVAILABLE; an unknown one is NO_SUCH_SERVICE', () => {
    const scene = new Scene();
    const client = scene.client(1);
    expect(words(client.say(request(1)))).toEqual(['ERROR 1 NO_SUCH_SERVICE ran=no']);
    scene.worker(2).lose();
    const [given, waits] = [
      request(2, { timeLeftMs: 60_000 }),
      request(3, { timeLeftMs: 60_000, waitForService: true }),
    ];
    expect(words(client.say(given, waits))).toEqual([]);
    scene.pass(29_500, client);
    expect(words(client.hearOf(Kind.error))).toEqual([]);
    scene.pass(500, client);
    expect(words(client.hearOf(Kind.error))).toEqual(['ERROR 2 SERVICE_UNAVAILABLE ran=no']);
    scene.worker(2).say(final(1));
    expect(words(client.hearOf(Kind.final))).toEqual(['FINAL 3']);
  });

  test('W63: a request that was handed out before waits until its deadline', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1, { timeLeftMs: 60_000 }));
    worker.lose();
    scene.pass(59_500, client);
    expect(words(client.hearOf(Kind.error))).toEqual([]);
    scene.pass(500, client);
    expect(words(client.hearOf(Kind.error))).toEqual(['ERROR 1 DEADLINE_EXCEEDED ran=unknown']);
  });

  test('W63: a client that can ask other brokers is refused at once, or after a turn when it has asked them', () => {
    const scene = new Scene();
    const client = scene.client(1);
    scene.worker(2).lose();
    expect(client.say(request(1, { otherBrokers: 'unasked' }))).toMatchObject([
      { kind: Kind.error, ref: 1, code: 'SERVICE_UNAVAILABLE', ran: 'no', retryAfterMs: 0 },
    ]);
    expect(words(client.say(request(1, { otherBrokers: 'asked' })))).toEqual([]);
    scene.pass(2_000, client);
    expect(words(client.hearOf(Kind.error))).toEqual(['ERROR 1 SERVICE_UNAVAILABLE ran=no']);
  });

  test('ACCEPTED comes first when it is wanted, and what cannot be stored is refused', () => {
    const scene = new Scene();
    const client = scene.client(1);
    scene.worker(2);
    expect(client.say(request(1, { confirm: true }))).toEqual([
      { kind: Kind.accepted, ref: 1, stored: 'memory', journal: 0, ticket: 0 },
    ]);
    expect(words(client.say(submit(2)))).toEqual(['ERROR 2 UNSUPPORTED ran=no']);
  });
});

describe('asking again', () => {
  test('W27: a resend joins the request that is under way', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    client.lose();
    const back = scene.client(1);
    back.say(request(1, { ageMs: 5 }));
    expect(words(worker.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1']);
    worker.say(final(1));
    expect(words(back.hear())).toEqual(['FINAL 1']);
  });

  test('W27: a resend of a settled request gets the same bytes', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    worker.say(final(1, { body: Buffer.from('once') }));
    const [first] = client.hear();
    expect(client.say(request(1, { ageMs: 5 }))).toEqual([first]);
  });

  test('W27: what was forgotten is refused and not run again', () => {
    const scene = new Scene({ dedupeCountMax: 1 });
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    worker.say(final(1));
    // By then the client has read it.
    scene.pass(4_000, client, worker);
    client.say(request(2));
    worker.say(final(2));
    client.hear();
    worker.hear();
    expect(words(client.say(request(1, { ageMs: 4_005 })))).toEqual(['ERROR 1 REQUEST_FORGOTTEN ran=unknown']);
    expect(words(client.say(request(3, { ageMs: 600_001 })))).toEqual(['ERROR 3 REQUEST_FORGOTTEN ran=unknown']);
    expect(words(worker.hear())).toEqual([]);
  });

  test('W28: SETTLED drops outcomes; what is below the mark is not asked again; a lower mark changes nothing', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1), request(2));
    worker.say(final(1), final(2));
    client.hear();
    client.say(settled(2), settled(1));
    expect(words(client.say(request(1, { ageMs: 5 })))).toEqual(['ERROR 1 REQUEST_FORGOTTEN ran=unknown']);
    expect(words(client.say(request(2, { ageMs: 5 })))).toEqual(['FINAL 2']);
  });

  test('W28: SETTLED does not end a request that is under way', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1), settled(2));
    expect(words(worker.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1']);
  });

  test('an idempotency key joins requests of different clients', () => {
    const scene = new Scene();
    const [one, two, worker] = [scene.client(1), scene.client(3), scene.worker(2)];
    one.say(request(1, { key: 'k' }));
    two.say(request(8, { key: 'k' }));
    worker.say(final(1));
    expect([words(one.hear()), words(two.hear())]).toEqual([['FINAL 1'], ['FINAL 8']]);
  });
});

describe('doing', () => {
  test.each([
    ['without methods', { methods: [] }],
    ['with a bad name', { name: 'a b' }],
    ['with two methods of one name', { methods: [method('x'), method('x')] }],
    ['with a bad method', { methods: [method('x.y')] }],
  ])('W29: an OFFER %s is a breach', (_what, more) => {
    expect(words(new Scene().worker(2).say(offer({ service: 1, ...more })))).toEqual(['GOODBYE PROTOCOL_ERROR']);
  });

  test('W33: OFFER is answered with TAKEN: from then on callers find the service', () => {
    const worker = new Scene().connect();
    expect(words(worker.say(hello({ roles: 2 }), offer()))).toEqual(['WELCOME', 'TAKEN 0']);
  });

  test('W30: no more leases than credit; a lower limit takes nothing back', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2, 0)];
    client.say(...[1, 2, 3, 4, 5].map((ref) => request(ref)));
    expect(words(worker.hear())).toEqual([]);
    expect(words(worker.say(credit(2)))).toEqual(['DISPATCH 1 of 1/1 attempt 1', 'DISPATCH 2 of 1/2 attempt 1']);
    expect(words(worker.say(credit(1)))).toEqual([]);
    expect(words(worker.say(final(1))).filter((word) => word.startsWith('D'))).toEqual([]);
    expect(words(worker.say(final(2))).filter((word) => word.startsWith('D'))).toEqual(['DISPATCH 3 of 1/3 attempt 1']);
  });

  test('W30: the least loaded worker is next, among equals the one that has been idle longest', () => {
    const scene = new Scene();
    const [client, a, b] = [scene.client(1), scene.worker(2, 2), scene.worker(3, 2)];
    client.say(request(1), request(2), request(3));
    expect([words(a.hear()).length, words(b.hear()).length]).toEqual([2, 1]);
    a.say(final(1), final(2));
    b.say(final(1));
    client.say(request(4));
    expect([words(a.hearOf(Kind.dispatch)).length, words(b.hearOf(Kind.dispatch)).length]).toEqual([1, 0]);
  });

  test('W31: a lease counts until its last word, whatever became of the request', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2, 1)];
    client.say(request(1));
    client.say({ kind: Kind.cancel, ref: 1, reason: 'cancelled' });
    client.say(request(2));
    expect(words(worker.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1', 'CANCEL 1 cancelled']);
    expect(words(worker.say(failure(1, { code: 'CANCELLED' })))).toContain('DISPATCH 2 of 1/2 attempt 1');
  });

  test('W33: TAKEN counts last words, dropped ones too, and comes with the next DISPATCH', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1), request(2));
    worker.hear();
    expect(words(worker.say(final(1), final(1), failure(77), release(2, 'unknown')))).toEqual([
      'TAKEN 4',
      'DISPATCH 3 of 1/2 attempt 2',
    ]);
  });

  test('W33: TAKEN comes with a HEARTBEAT when there is nothing to hand out, and at once to a worker that drains', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1), request(2));
    worker.say(final(1));
    worker.hear();
    scene.pass(1_500, client, worker);
    expect(words(worker.hear())).toEqual(['TAKEN 1', 'HEARTBEAT']);
    worker.say(DRAIN);
    expect(words(worker.say(final(2)))).toEqual(['TAKEN 2']);
  });

  test('W47: a word on a lease counts only from the session that has it', () => {
    const scene = new Scene();
    const [client, worker, thief] = [scene.client(1), scene.worker(2), scene.worker(3, 0)];
    client.say(request(1));
    thief.say(final(1), partial(1, 0), { kind: Kind.progress, ref: 1, body: Buffer.from('x') }, release(1, 'no'));
    expect(words(client.hear())).toEqual([]);
    expect(words(worker.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1']);
    worker.say(final(1));
    expect(words(client.hear())).toEqual(['FINAL 1']);
  });

  test('W48: a failure that may be tried again is, after its pause, up to the attempts of the method', () => {
    const scene = new Scene({ maxAttempts: 2 });
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    expect(words(worker.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1']);
    expect(words(worker.say(failure(1, { retry: true, retryAfterMs: 1_000 })))).toEqual([]);
    scene.pass(1_000, client, worker);
    expect(words(worker.hearOf(Kind.dispatch))).toEqual(['DISPATCH 2 of 1/1 attempt 2']);
    worker.say(failure(2, { retry: true }));
    const [error] = client.hearOf(Kind.error);
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', retry: false });
  });

  test('W48: not for a method that is at most once, nor after a value of a stream', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(name(2, 'echo', 'charge'), request(1, { name: 2 }), request(2, { name: 1, window: 4 }));
    worker.say(failure(1, { retry: true }), partial(2, 0), failure(2, { retry: true }));
    expect(words(client.hearOf(Kind.error))).toEqual([
      'ERROR 1 HANDLER_FAILED ran=yes',
      'ERROR 2 HANDLER_FAILED ran=yes',
    ]);
  });
});

describe('losing and finding', () => {
  test('a lost worker costs its requests an attempt; they keep their place', () => {
    const scene = new Scene();
    const [client, first] = [scene.client(1), scene.worker(2, 1)];
    client.say(request(1), request(2));
    first.lose();
    const second = scene.worker(3, 0);
    expect(words(second.say(credit(2)))).toEqual(['DISPATCH 1 of 1/1 attempt 2', 'DISPATCH 2 of 1/2 attempt 1']);
  });

  test('what is at most once, and what has used up its attempts, is not handed out again', () => {
    const scene = new Scene({ maxAttempts: 1 });
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(name(2, 'echo', 'charge'), request(1, { name: 2 }), request(2));
    worker.lose();
    expect(words(client.hear()).sort()).toEqual([
      'ERROR 1 WORKER_LOST ran=unknown',
      'ERROR 2 ATTEMPTS_EXHAUSTED ran=unknown',
    ]);
  });

  test('W35: HOLDS of a request that comes later, with an age, is answered with ATTACH then', () => {
    const scene = new Scene();
    const worker = scene.worker(2, 0);
    expect(words(worker.say(holds(1, 3)))).toEqual([]);
    const client = scene.client(1);
    client.say(request(1, { ageMs: 40 }));
    expect(words(worker.hear())).toEqual(['ATTACH 1 of 1/1 attempt 3']);
    worker.say(final(1));
    expect(words(client.hear())).toEqual(['FINAL 1']);
  });

  test('W35: HOLDS of an attempt that was never given to that worker is not believed', () => {
    const scene = new Scene();
    const [client, worker, liar] = [scene.client(1), scene.worker(2), scene.worker(3)];
    client.say(request(1));
    expect(words(worker.hear())).toEqual(['DISPATCH 1 of 1/1 attempt 1']);
    expect(words(liar.say(holds(1)))).toEqual([]);
  });

  test('W35: HOLDS of a request that is settled gets a lease and is told to stop', () => {
    const scene = new Scene();
    const [client, first, second] = [scene.client(1), scene.worker(2), scene.worker(3)];
    client.say(request(1));
    first.lose();
    second.say(final(1));
    const back = scene.worker(2);
    expect(words(back.say(holds(1)))).toEqual(['ATTACH 1 of 1/1 attempt 1', 'CANCEL 1 lease-lost']);
  });

  test('W36: a lease given back unstarted costs no attempt, one that may have run costs one', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    worker.hear();
    worker.say(release(1, 'no'));
    worker.say(release(2, 'unknown'));
    expect(words(worker.hearOf(Kind.dispatch))).toEqual([]);
    expect(scene.broker.memory.sessions.get(1)?.requests.get(1)?.attempt).toBe(2);
  });
});

describe('ending early', () => {
  test('W37: a client that cancels is answered at once; the worker is told and keeps its lease', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2, 1)];
    client.say(request(1), request(2));
    worker.hear();
    const cancel = (ref: number): WireRecord => ({ kind: Kind.cancel, ref, reason: 'cancelled' });
    expect(words(client.say(cancel(2), cancel(1), cancel(99)))).toEqual([
      'ERROR 2 CANCELLED ran=no',
      'ERROR 1 CANCELLED ran=unknown',
    ]);
    expect(words(worker.hear())).toEqual(['CANCEL 1 cancelled']);
  });

  test('W38: a worker that drains gets nothing more, until it comes back on a new link', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    worker.say(DRAIN);
    client.say(request(1));
    expect(words(worker.say(credit(5)))).toEqual([]);
    const back = scene.connect();
    expect(words(back.say(hello({ instance: 2, roles: 2 }), offer()))).toContain('DISPATCH 1 of 1/1 attempt 1');
  });

  test('W38: a broker that drains finishes what it has, answers resends, and refuses what is new', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    scene.give({ kind: 'drain', timeoutMs: 60_000 });
    expect(words(client.hear())).toEqual(['DRAIN']);
    expect(words(client.say(request(2), request(1, { ageMs: 5 })))).toEqual(['ERROR 2 DRAINING ran=no']);
    worker.say(final(1));
    expect(words(client.hear())).toEqual(['FINAL 1']);
  });
});

describe('streams', () => {
  test('values and windows go through as they are (W39)', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(5, { name: 1, window: 2 }));
    expect(worker.hearOf(Kind.dispatch)[0]).toMatchObject({ window: 2, received: 0 });
    worker.say(partial(1, 0), partial(1, 1));
    expect(words(client.hear())).toEqual(['PARTIAL 5 0', 'PARTIAL 5 1']);
    client.say({ kind: Kind.window, ref: 5, received: 2, allowed: 4, rewind: false });
    expect(words(worker.hear())).toEqual(['WINDOW 1 2 to 4']);
    worker.say(final(1, { end: true, count: 2 }));
    expect(words(client.hear())).toEqual(['FINAL 5']);
  });

  test('W79: that a value is a list of frames is said to clients that understand the flag, and to no others', () => {
    const scene = new Scene();
    const [older, newer, worker] = [scene.client(1), scene.client(3, { roles: 1 | 8 }), scene.worker(2)];
    older.say(request(5, { name: 1, window: 2 }));
    newer.say(request(6, { name: 1, window: 2 }));
    worker.say(partial(1, 0, true), partial(1, 1), partial(2, 0, true), partial(2, 1));
    const flags = (peer: typeof older): boolean[] => peer.hearOf(Kind.partial).map(({ isFrameList }) => isFrameList);
    expect(flags(older)).toEqual([false, false]);
    expect(flags(newer)).toEqual([true, false]);
  });

  test('W41: a client that comes back makes the worker send again from where it stands', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(5, { name: 1, window: 4 }));
    worker.say(partial(1, 0), partial(1, 1), partial(1, 2));
    client.lose();
    worker.hear();
    scene.client(1).say(request(5, { name: 1, window: 4, received: 1, ageMs: 9 }));
    expect(words(worker.hear())).toEqual(['WINDOW 1 1 to 5 rewind']);
  });

  test('W42: an end that comes for a client without the last values is told as STREAM_BROKEN', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(5, { name: 1, window: 4 }));
    worker.say(partial(1, 0), partial(1, 1), final(1, { end: true, count: 2 }));
    client.hear();
    expect(words(client.say(request(5, { name: 1, window: 4, received: 1, ageMs: 9 })))).toEqual([
      'ERROR 5 STREAM_BROKEN ran=unknown',
    ]);
    expect(words(client.say(request(5, { name: 1, window: 4, received: 2, ageMs: 9 })))).toEqual(['FINAL 5']);
  });

  test('W44: a stream of which a value was seen is not begun by another worker', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(5, { name: 1, window: 4 }));
    worker.say(partial(1, 0));
    client.hear();
    worker.lose();
    expect(words(client.hear())).toEqual(['ERROR 5 WORKER_LOST ran=unknown']);
  });
});

describe('silence', () => {
  test('W45: the broker speaks at least every heartbeat, to busy and to idle peers', () => {
    const scene = new Scene();
    const [client, worker] = [scene.client(1), scene.worker(2)];
    client.say(request(1));
    worker.hear();
    scene.pass(5_000, client, worker);
    expect([client.hearOf(Kind.heartbeat).length, worker.hearOf(Kind.heartbeat).length]).toEqual([5, 5]);
  });

  test('W46: a peer that is silent for as long as was agreed is given up, and its work goes elsewhere', () => {
    const scene = new Scene();
    const client = scene.client(1);
    const silent = scene.worker(2, 10, { silenceMaxMs: 5_000 });
    client.say(request(1));
    const other = scene.worker(3);
    scene.pass(4_500, client, other);
    expect(silent.isClosed).toBe(false);
    scene.pass(1_000, client, other);
    expect(words(silent.hear()).at(-1)).toBe('GOODBYE SESSION_LOST');
    expect(words(other.hearOf(Kind.dispatch))).toEqual(['DISPATCH 1 of 1/1 attempt 2']);
  });

  test.each([
    ['WELCOME', { ...(hello() as object), kind: Kind.welcome } as unknown as Welcome],
    ['TAKEN', { kind: Kind.taken, count: 1 } as const],
    ['ACCEPTED', { kind: Kind.accepted, ref: 1, stored: 'memory', journal: 0, ticket: 0 } as const],
  ])('%s from a peer is a breach', (_what, record) => {
    expect(words(new Scene().client(1).say(record))).toEqual(['GOODBYE PROTOCOL_ERROR']);
  });
});

function method(named: string) {
  return { name: named, atMostOnce: false, streams: false, executionTimeoutMs: 0, maxAttempts: 0 };
}
