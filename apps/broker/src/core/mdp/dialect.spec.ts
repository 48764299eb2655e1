// Frames of both public protocols: what is written is read as the same, and everything else is a fault that says who made it (F1, M2).

import fc from 'fast-check';
import {
  disconnectWorker,
  heartbeatToWorker,
  isMdp,
  partialToClient,
  readMdp,
  replyToClient,
  requestToWorker,
  type Manner,
} from './dialect.js';

const frame = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const named = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const body = fc.array(frame, { minLength: 1, maxLength: 4 });
const EMPTY = Buffer.alloc(0);
/** Frames, to be compared whatever they are kept in. */
const hex = (frames: readonly Uint8Array[]): string[] => frames.map((each) => Buffer.from(each).toString('hex'));
const byte = (value: number): Buffer => Buffer.from([value]);

const MANNERS: readonly Manner[] = [
  { version: 1, hasDelimiter: true },
  { version: 2, hasDelimiter: false },
  { version: 2, hasDelimiter: true },
];
/** What stands in front of everything that a peer of this manner says. */
const begin = ({ version, hasDelimiter }: Manner, header: 'MDPC0' | 'MDPW0'): Buffer[] => [
  ...(hasDelimiter ? [EMPTY] : []),
  Buffer.from(`${header}${version}`),
];
/** Numbers of the commands as the specifications have them: 0.1, 0.2. */
const VERBS = { ready: [1, 1], reply: [3, 4], partial: [0, 3], heartbeat: [4, 5], disconnect: [5, 6] } as const;
const verbOf = (verb: keyof typeof VERBS, { version }: Manner): Buffer => byte(VERBS[verb][version - 1] as number);

describe.each(MANNERS)('%j', (manner) => {
  it('reads what a client asks', () => {
    fc.assert(
      fc.property(named, body, (service, frames) => {
        const verb = manner.version === 2 ? [byte(1)] : [];
        const message = [...begin(manner, 'MDPC0'), ...verb, service, ...frames];
        expect(isMdp(message)).toBe(true);
        expect(readMdp(message)).toEqual({ manner, from: 'client', service, body: frames });
      }),
    );
  });

  it('reads what a worker says', () => {
    const said = (verb: keyof typeof VERBS, ...rest: Buffer[]): unknown =>
      readMdp([...begin(manner, 'MDPW0'), verbOf(verb, manner), ...rest]);
    fc.assert(
      fc.property(named, body, (name, frames) => {
        expect(said('ready', name)).toEqual({ manner, from: 'worker', verb: 'ready', service: name });
        const reply = { manner, from: 'worker', client: name, body: frames };
        expect(said('reply', name, EMPTY, ...frames)).toEqual({ ...reply, verb: 'reply' });
        // Which 0.1 does not have.
        const isPartial = manner.version === 2;
        expect(said('partial', name, EMPTY, ...frames)).toMatchObject(
          isPartial ? { ...reply, verb: 'partial' } : { fault: 'a worker command that is not known' },
        );
        for (const verb of ['heartbeat', 'disconnect'] as const)
          expect(said(verb)).toEqual({ manner, from: 'worker', verb });
      }),
    );
  });

  it('writes what its peers are told, frame by frame as it is specified', () => {
    fc.assert(
      fc.property(named, body, (name, frames) => {
        const worker = begin(manner, 'MDPW0');
        expect(hex(requestToWorker(manner, name, frames))).toEqual(hex([...worker, byte(2), name, EMPTY, ...frames]));
        expect(hex(heartbeatToWorker(manner))).toEqual(hex([...worker, verbOf('heartbeat', manner)]));
        expect(hex(disconnectWorker(manner))).toEqual(hex([...worker, verbOf('disconnect', manner)]));
        const client = begin(manner, 'MDPC0');
        const final = manner.version === 2 ? [byte(3)] : [];
        expect(hex(replyToClient(manner, name, frames))).toEqual(hex([...client, ...final, name, ...frames]));
        const second = { ...manner, version: 2 } as const;
        const partial = [...begin(second, 'MDPC0'), byte(2), name, ...frames];
        expect(hex(partialToClient(second, name, frames))).toEqual(hex(partial));
      }),
    );
  });
});

/** Frames that look like what they are not. */
const odd = fc.oneof(
  frame,
  fc.constantFrom('', 'MDPC01', 'MDPC02', 'MDPW01', 'MDPW02', 'MDPX01', 'MDPC03').map((text) => Buffer.from(text)),
  fc.integer({ min: 0, max: 7 }).map(byte),
);

it('makes a command or a fault of every list of frames, and a fault of a worker says how to tell it to go (F1, M2)', () => {
  fc.assert(
    fc.property(fc.array(odd, { minLength: 1, maxLength: 8 }), (frames) => {
      const read = readMdp(frames);
      const says = headerOf(frames);
      // From a worker if its header says so, from nobody that can be told otherwise.
      const isFromWorker = 'fault' in read ? read.worker !== undefined : read.from === 'worker';
      expect(isFromWorker).toBe(says === 'MDPW01' || says === 'MDPW02');
      expect('fault' in read || isMdp(frames)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

/** The header that counts. */
function headerOf(frames: readonly Buffer[]): string {
  return (frames[0]?.length === 0 ? frames[1] : frames[0])?.toString('latin1') ?? '';
}

it('tells the versions apart by their headers alone: the same byte is another command', () => {
  const said = (header: string, verb: number): unknown => readMdp([EMPTY, Buffer.from(header), byte(verb)]);
  expect(said('MDPW01', 4)).toMatchObject({ verb: 'heartbeat' });
  expect(said('MDPW02', 5)).toMatchObject({ verb: 'heartbeat' });
  expect(said('MDPW01', 5)).toMatchObject({ verb: 'disconnect' });
  expect(said('MDPW02', 4)).toMatchObject({ fault: 'a reply without a client' });
  expect(said('MDPW01', 6)).toMatchObject({ fault: 'a worker command that is not known' });
});
