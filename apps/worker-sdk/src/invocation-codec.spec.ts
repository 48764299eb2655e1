// Requests of plain Majordomo clients at a decorated service: its codec says what their bytes are, for input and reply (docs/mdp.md M9).

import type { Codec } from '@majordomo/caller';
import { Chance, decodeBody, decodeErrorBody, encodeBody, NO_BYTES, type StandardSchema } from '@majordomo/protocol';
import type { RequestContext } from './context.js';
import { Flow } from './core/flow.js';
import { Run, ServiceState } from './core/state.js';
import { Method, Service } from './decorators.js';
import { describeServices } from './describe.js';
import { Invocation, type InvocationDesk } from './invocation.js';

const NUMBER: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'spec',
    validate: (value) => (typeof value === 'number' ? { value } : { issues: [{ message: 'not a number' }] }),
  },
};

interface Asked {
  readonly codec?: Codec;
  readonly method?: string;
  readonly headers?: object;
  readonly body: Uint8Array;
}

/** A service that keeps what it was given and gives back `reply`, or its input. */
function serviceOf(codec: Codec | undefined, reply: { readonly value: unknown } | undefined, seen: unknown[]): object {
  @Service('lab', codec === undefined ? {} : { codec })
  class Lab {
    @Method()
    echo(input: unknown, context: RequestContext): unknown {
      seen.push(input, context.headers['mdp']);
      return reply === undefined ? input : reply.value;
    }
    @Method({ input: NUMBER })
    double(input: number): number {
      return input * 2;
    }
    @Method()
    *each(input: unknown[]): Generator {
      yield* input;
    }
  }
  return new Lab();
}

/** Asks once. @returns what the handler saw, and what was said of it, bytes as text. */
async function ask({ codec, method = 'echo', headers = { mdp: '0.1' }, body }: Asked, reply?: { value: unknown }) {
  const seen: unknown[] = [];
  const said: unknown[] = [];
  const [service] = describeServices([serviceOf(codec, reply, seen)], 1);
  const number = service?.methods.findIndex((each) => each.name === method) ?? -1;
  const plan = service?.methods[number];
  const offered = service?.offer.methods[number];
  if (service === undefined || plan === undefined || offered === undefined) throw new Error(`no method ${method}`);
  const run = new Run({
    service: new ServiceState(0, service.offer),
    methodNumber: number,
    method: offered,
    instance: 1,
    request: 1,
    attempt: 1,
    deadlineAt: 1_000,
    flow: offered.streams ? new Flow(8) : undefined,
    headers: encodeBody(headers),
    body,
  });
  const desk: InvocationDesk = {
    name: 'w',
    chance: new Chance(1),
    now: () => 0,
    succeeded: (_run, replyHeaders, bytes) => said.push([shown(replyHeaders), textOf(bytes)]),
    failed: (_run, failed) => {
      const { message } = decodeErrorBody(failed.body);
      said.push(`${failed.failure.code} ${failed.failure.ran}: ${message}`);
    },
    yielded: (each, bytes) => {
      each.flow?.add(bytes);
      said.push(textOf(bytes));
    },
    progress: () => undefined,
    threw: () => undefined,
    scope: () => {
      throw new Error('nobody else is asked here');
    },
  };
  new Invocation(run, plan, desk).start();
  await new Promise((resolve) => setImmediate(resolve));
  return { seen, said };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const shown = (headers: Uint8Array): unknown => (headers.length === 0 ? {} : decodeBody(headers));
const several = (...frames: readonly string[]): Uint8Array => encodeBody(frames.map((frame) => Buffer.from(frame)));

describe('a plain client (M9)', () => {
  it('speaks MessagePack to a service that says nothing', async () => {
    const { seen, said } = await ask({ body: encodeBody({ a: 1 }) });
    expect(seen).toEqual([{ a: 1 }, '0.1']);
    expect(said).toEqual([[{}, textOf(encodeBody({ a: 1 }))]]);
  });

  it('speaks JSON to a service that says json', async () => {
    const { seen, said } = await ask({ codec: 'json', body: Buffer.from('{"a":"é"}') });
    expect(seen).toEqual([{ a: 'é' }, '0.1']);
    expect(said).toEqual([[{}, textOf(Buffer.from('{"a":"é"}'))]]);
  });

  it('is given and gives bytes where the service says raw', async () => {
    const { seen, said } = await ask({ codec: 'raw', body: Buffer.from([0, 255]) });
    expect(seen).toEqual([Buffer.from([0, 255]), '0.1']);
    expect(said).toEqual([[{}, '\u0000\u00ff']]);
  });

  it('may send several frames: a list of what they say', async () => {
    const headers = { mdp: '0.2', frames: 2 };
    const raw = await ask({ codec: 'raw', headers, body: several('a', 'b') });
    expect(raw.seen).toEqual([[Buffer.from('a'), Buffer.from('b')], '0.2']);
    const json = await ask({ codec: 'json', headers, body: several('1', '"two"') });
    expect(json.seen).toEqual([[1, 'two'], '0.2']);
    const packed = encodeBody([Buffer.from(encodeBody(1)), Buffer.from(encodeBody('two'))]);
    expect((await ask({ headers, body: packed })).seen).toEqual([[1, 'two'], '0.2']);
  });

  it('gets several frames from a raw service that returns several: the headers say how many (M8)', async () => {
    const { said } = await ask({ codec: 'raw', body: NO_BYTES }, { value: ['a', Buffer.from('b')] });
    expect(said).toEqual([[{ frames: 2 }, textOf(several('a', 'b'))]]);
    expect((await ask({ codec: 'raw', body: NO_BYTES }, { value: ['one'] })).said).toEqual([[{}, 'one']]);
  });

  it('whose bytes are not what the service reads is told so, and the handler does not run', async () => {
    const { seen, said } = await ask({ codec: 'json', body: Buffer.from('{nonsense') });
    expect(said).toEqual(['UNDECODABLE no: this body is not JSON in UTF-8']);
    expect(seen).toEqual([]);
    expect((await ask({ codec: 'json', body: Buffer.from([0x22, 0xff, 0x22]) })).said).toEqual([
      'UNDECODABLE no: this body is not JSON in UTF-8',
    ]);
    const mixed = { codec: 'raw', headers: { mdp: '0.1', frames: 2 }, body: encodeBody(['a', 1]) } as const;
    expect((await ask(mixed)).said).toEqual([expect.stringMatching(/^UNDECODABLE no: /)]);
  });

  it('is not sent what the codec has no bytes for', async () => {
    const unsendable = [expect.stringMatching(/^REPLY_UNSENDABLE yes: /)];
    expect((await ask({ codec: 'json', body: NO_BYTES }, { value: 1n })).said).toEqual(unsendable);
    expect((await ask({ codec: 'json', body: NO_BYTES }, { value: () => 1 })).said).toEqual(unsendable);
    expect((await ask({ codec: 'raw', body: NO_BYTES }, { value: { a: 1 } })).said).toEqual(unsendable);
    expect((await ask({ codec: 'raw', body: NO_BYTES }, { value: ['a', 1] })).said).toEqual(unsendable);
  });

  it('is checked by the schema, after its bytes are read', async () => {
    expect((await ask({ codec: 'json', method: 'double', body: Buffer.from('21') })).said).toEqual([[{}, '42']]);
    expect((await ask({ codec: 'json', method: 'double', body: Buffer.from('"x"') })).said).toEqual([
      expect.stringMatching(/^INVALID_ARGUMENT no: /),
    ]);
  });

  it('gets the values of a stream in the codec, each one frame', async () => {
    const { said } = await ask({ codec: 'json', method: 'each', body: Buffer.from('[1,{"b":2}]') });
    expect(said).toEqual(['1', '{"b":2}', [{}, '']]);
    const body = several('a', 'b');
    const raw = await ask({ codec: 'raw', method: 'each', headers: { mdp: '0.2', frames: 2 }, body });
    expect(raw.said).toEqual(['a', 'b', [{}, '']]);
  });

  it('gets no value of a stream that would be several frames', async () => {
    const body = Buffer.from('[]');
    const twice = { value: undefined };
    expect((await ask({ codec: 'json', method: 'each', body }, twice)).said).toEqual([[{}, '']]);
    const lists = await ask({ codec: 'raw', method: 'each', headers: { mdp: '0.2' }, body: Buffer.from('xy') });
    // A Buffer is walked through byte by byte, and a number is not bytes.
    expect(lists.said).toEqual([expect.stringMatching(/^REPLY_UNSENDABLE yes: /)]);
  });
});

describe('a native client', () => {
  it('speaks MessagePack whatever the service says, with headers or without', async () => {
    for (const headers of [{}, { traceparent: '00-1', frames: 2 }]) {
      const { seen, said } = await ask({ codec: 'json', headers, body: encodeBody(['a']) });
      expect(seen).toEqual([['a'], undefined]);
      expect(said).toEqual([[{}, textOf(encodeBody(['a']))]]);
    }
  });
});
