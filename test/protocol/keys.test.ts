// What each error of the catalogue means for an idempotency key, as docs/errors.md has it (W78).

import { ERRORS, Kind, encodeErrorBody, type ErrorCode, type Ran, type WireRecord } from '@majordomo/protocol';
import { readFileSync } from 'node:fs';
import { Scene, final, request, submit, words, type Peer } from './scene.js';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const row = /^\| ([^|]+) of a call +\| stands for the run/m.exec(page)?.[1] ?? '';
/** The codes of which the page says that the key stands for the run. */
const GIVEN_UP = [...row.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code as ErrorCode);
const CODES = Object.keys(ERRORS) as ErrorCode[];

const error = (ref: number, code: ErrorCode, ran: Ran): WireRecord => ({
  kind: Kind.error,
  ref,
  code,
  ran,
  stage: 'running',
  retry: false,
  retryAfterMs: 0,
  body: encodeErrorBody({ message: code }),
});
const keyed = (ref: number, body = 'a'): WireRecord =>
  ({ ...request(ref), key: 'k', body: Buffer.from(body) }) as WireRecord;
const handed = (ref: number, body = 'a'): WireRecord =>
  ({ ...submit(ref), key: 'k', body: Buffer.from(body) }) as WireRecord;

/** A worker, and a client of which a request under a key has ended so. */
function ended(scene: Scene, ask: WireRecord, code: ErrorCode, ran: Ran): { worker: Peer; client: Peer } {
  const worker = scene.worker(2);
  const client = scene.client(1);
  client.say(ask);
  const [dispatch] = worker.hearOf(Kind.dispatch);
  worker.say(error(dispatch?.ref ?? 0, code, ran));
  client.hear();
  return { worker, client };
}

test('the page names the codes of which all callers have given up', () => {
  expect(GIVEN_UP).toEqual(['DEADLINE_EXCEEDED', 'CANCELLED', 'SESSION_LOST']);
});

test.each(CODES)('W78: %s with ran=no frees the key of a call, and of a submission', (code) => {
  const call = ended(new Scene(), keyed(1), code, 'no');
  expect(words(call.client.say(keyed(2, 'other')))).toEqual([]);
  expect(call.worker.hearOf(Kind.dispatch).length).toBe(1);
  const submission = ended(Scene.withDisk(), handed(1), code, 'no');
  expect(words(submission.client.say(handed(2, 'other')))).toEqual([expect.stringMatching(/^ACCEPTED 2 /)]);
  expect(submission.worker.hearOf(Kind.dispatch).length).toBe(1);
});

test.each(CODES)('W78: %s that does not say so is kept, or its run has stopped', (code) => {
  const isStop = GIVEN_UP.includes(code);
  const { worker, client } = ended(new Scene(), keyed(1), code, 'unknown');
  expect(words(client.say(keyed(2)))).toEqual(isStop ? [] : [`ERROR 2 ${code} ran=unknown`]);
  expect(worker.hearOf(Kind.dispatch).length).toBe(isStop ? 1 : 0);
  const submission = ended(Scene.withDisk(), handed(1), code, 'unknown');
  expect(words(submission.client.say(handed(2, 'other')))).toEqual(['ERROR 2 REQUEST_CONFLICT ran=no']);
});

test('W78: what a run ends with after its caller has given up is for who asks next', () => {
  const scene = new Scene();
  const worker = scene.worker(2);
  const client = scene.client(1);
  client.say(keyed(1));
  const [dispatch] = worker.hearOf(Kind.dispatch);
  client.say({ kind: Kind.cancel, ref: 1, reason: 'cancelled' });
  expect(words(client.say(keyed(2)))).toEqual([]);
  worker.say(final(dispatch?.ref ?? 0));
  expect(words(client.hear())).toEqual(['FINAL 2']);
  expect(words(client.say(keyed(3)))).toEqual(['FINAL 3']);
});
