// Plain Majordomo peers of another make, as a test plays them: Python on libzmq (mdp_agent.py), told what to do and asked what they heard.
//
// I1. Whatever a peer hears is expected: the next word that it hears must be the one that the test waits for. Only heartbeats may come any time.
// I2. Absence is shown by order: what was not said before the answer to a later question was not said.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Program, type Line } from '../e2e/processes.js';

export type Version = 1 | 2;

const AGENT = fileURLToPath(new URL('mdp_agent.py', import.meta.url));
/** The one on the path may be another than the system's, for which the package is. */
const PYTHONS = ['python3', '/usr/bin/python3'];

/** The Python that has ZeroMQ; undefined when there is none. */
export const PYTHON = PYTHONS.find((python) => spawnSync(python, ['-c', 'import zmq']).status === 0);

/** Tests that need the Python peers: without them they are skipped, and the reason printed. */
export function withPython(what: string, tests: () => void): void {
  if (PYTHON !== undefined) describe(what, tests);
  else {
    process.stderr.write(`skipped: ${what}: no python3 here can import zmq (Debian: python3-zmq)\n`);
    describe.skip(what, tests);
  }
}

/** The bytes of a frame, as the agent writes them: a character each. */
export function bytes(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('latin1');
}

export interface PeerInit {
  readonly version?: Version;
  readonly socket?: 'DEALER' | 'REQ';
  readonly routingId?: string;
  /** Frames before each message beyond what the version asks for. */
  readonly prefix?: readonly string[];
}

export interface WorkerInit extends PeerInit {
  /** It sends heartbeats as often. 0: never. */
  readonly heartbeatMs?: number;
  /** It answers each request with its body. */
  readonly echo?: boolean;
  /** It keeps the client frame as a string that ends at a zero byte. */
  readonly asString?: boolean;
  /** When it has heard nothing for so long, it says `deserted`. 0: never. */
  readonly patienceMs?: number;
}

let agent: Program | undefined;
let lastNumber = 0;
let lastPeer = 0;

async function tell(word: Readonly<Record<string, unknown>>): Promise<void> {
  agent ??= new Program(AGENT, { command: PYTHON as string });
  lastNumber += 1;
  const number = lastNumber;
  agent.tell({ number, ...word });
  await agent.hear('done', (line) => line['number'] === number);
}

/** The agent is gone with all of its peers; for afterEach, after the processes were ended. */
export function forgetPeers(): void {
  agent = undefined;
}

/** A connection of another make to a broker. */
export class PlainPeer {
  /** How far this peer's words have been looked at. */
  #from = 0;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** Sends these frames as they stand. */
  async send(...frames: readonly string[]): Promise<void> {
    await this.say('send_raw', frames);
  }

  async say(verb: string, ...given: readonly (string | readonly string[])[]): Promise<void> {
    await tell({ do: verb, peer: this.#name, with: given });
  }

  async close(): Promise<void> {
    await tell({ do: 'close', peer: this.#name });
  }

  /** I1. @returns the next word but heartbeats. @throws when it is of another kind, or does not come. */
  async hears(kind: string): Promise<Line> {
    const isNext = (line: Line): boolean => line['kind'] === kind || line['kind'] !== 'heartbeat';
    const line = await this.next(isNext);
    if (line['kind'] !== kind) throw new Error(`${this.#name} waits for ${kind} and hears ${JSON.stringify(line)}`);
    return line;
  }

  /** The next word but heartbeats, whatever it is. */
  hearsAny(): Promise<Line> {
    return this.next((line) => line['kind'] !== 'heartbeat');
  }

  /** How many words it has heard that nobody has waited for; heartbeats are none. */
  get unheard(): number {
    const lines = (agent as Program).lines.slice(this.#from);
    return lines.filter((line) => line['peer'] === this.#name && line['kind'] !== 'heartbeat').length;
  }

  protected async next(isMeant: (line: Line) => boolean): Promise<Line> {
    const { lines } = agent as Program;
    const line = await (agent as Program).hear(
      'said',
      (said) => said['peer'] === this.#name && isMeant(said),
      this.#from,
    );
    this.#from = lines.indexOf(line, this.#from) + 1;
    return line;
  }
}

function bodyOf(service: string, line: Line): string[] {
  if (line['service'] !== service) throw new Error(`a reply of ${service} was due and not ${JSON.stringify(line)}`);
  return line['body'] as string[];
}

export class PlainClient extends PlainPeer {
  /** Asks and does not wait. */
  async request(service: string, ...body: readonly string[]): Promise<void> {
    await this.say('request', service, body);
  }

  /** Asks and waits for the last word. @returns its frames. */
  async call(service: string, ...body: readonly string[]): Promise<string[]> {
    await this.request(service, ...body);
    return this.reply(service);
  }

  /** Waits for the last word, which must be of this service. */
  async reply(service: string): Promise<string[]> {
    return bodyOf(service, await this.hears('reply'));
  }

  async partial(service: string): Promise<string[]> {
    return bodyOf(service, await this.hears('partial'));
  }
}

/** A request as a worker has it. */
export interface Held {
  readonly client: string;
  readonly body: readonly string[];
}

export class PlainWorker extends PlainPeer {
  /** Waits for the next heartbeat, whatever else it hears. */
  async heartbeat(): Promise<void> {
    await this.next((line) => line['kind'] === 'heartbeat');
  }

  async ready(service: string): Promise<void> {
    await this.say('ready', service);
  }

  async request(): Promise<Held> {
    const { client, body } = await this.hears('request');
    return { client: client as string, body: body as string[] };
  }

  async reply({ client }: Pick<Held, 'client'>, ...body: readonly string[]): Promise<void> {
    await this.say('reply', client, body);
  }

  async partial({ client }: Pick<Held, 'client'>, ...body: readonly string[]): Promise<void> {
    await this.say('partial', client, body);
  }
}

async function open(role: 'client' | 'worker', endpoint: string, init: WorkerInit): Promise<string> {
  lastPeer += 1;
  const peer = `${role}-${lastPeer}`;
  const { version = 1, routingId, heartbeatMs, patienceMs, asString, ...rest } = init;
  await tell({
    do: 'open',
    peer,
    role,
    endpoint,
    version,
    ...rest,
    ...(routingId === undefined ? {} : { routing_id: routingId }),
    ...(heartbeatMs === undefined ? {} : { heartbeat_ms: heartbeatMs }),
    ...(patienceMs === undefined ? {} : { patience_ms: patienceMs }),
    ...(asString === undefined ? {} : { as_string: asString }),
  });
  return peer;
}

export async function plainClient(endpoint: string, init: PeerInit = {}): Promise<PlainClient> {
  return new PlainClient(await open('client', endpoint, init));
}

/** Connects, and says READY for the service, unless there is none. */
export async function plainWorker(endpoint: string, service?: string, init: WorkerInit = {}): Promise<PlainWorker> {
  const worker = new PlainWorker(await open('worker', endpoint, init));
  if (service !== undefined) await worker.ready(service);
  return worker;
}
