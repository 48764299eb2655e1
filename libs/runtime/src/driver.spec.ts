// The turn, seen from both sides of a driver: a machine that does as it is told, and a port that writes down what it is asked.

import { AsyncLocalStorage } from 'node:async_hooks';
import { decodeMessage, encodeMessages, Kind, Output, type LinkInput, type Machine } from '@majordomo/protocol';
import { Driver } from './driver.js';
import { FakeClock } from './fake/clock.js';
import { TURN_RECORDS_MAX } from './limits.js';
import type { Port, PortHandlers } from './port.js';

/** An application's input: what to do with the output. */
type Act = (output: Output<string>, now: number) => void;

class Puppet implements Machine<Act, string> {
  readonly output = new Output<string>();
  readonly inputs: LinkInput[] = [];
  due = Infinity;
  onWake: Act = () => {};

  handle(input: Act | LinkInput, now: number): void {
    if (typeof input === 'function') return input(this.output, now);
    this.inputs.push(input);
    if (input.kind === 'wake') {
      this.due = Infinity;
      this.onWake(this.output, now);
    }
  }

  wakeAt(): number {
    return this.due;
  }
}

/** Writes down calls, messages as the SETTLED numbers in them. */
class Scribe implements Port {
  handlers: PortHandlers | undefined;
  /** How late the driver was when it last asked for the input that has arrived. */
  lateMs = -1;
  /** Runs when that input has been delivered; tests replace it to deliver some first. */
  drain = (then: () => void): void => this.clock.endOfTurn(then);

  constructor(
    readonly log: string[],
    readonly clock: FakeClock,
  ) {}

  start(handlers: PortHandlers): void {
    this.handlers = handlers;
  }
  connect(link: number, endpoint: string): void {
    this.log.push(`connect ${link} ${endpoint}`);
  }
  send(link: number, message: Uint8Array[]): void {
    const { records = [] } = decodeMessage(message) as { records?: readonly { below?: number }[] };
    this.log.push(`send ${link}: ${records.map((record) => record.below).join(' ')}`);
  }
  close(link: number): void {
    this.log.push(`close ${link}`);
  }
  afterInput(lateMs: number, then: () => void): void {
    this.lateMs = lateMs;
    this.drain(then);
  }
  shutdown(lingerMs: number): Promise<void> {
    this.log.push(`shutdown ${lingerMs}`);
    return Promise.resolve();
  }
}

/** Counts the timers that are set. */
class CountingClock extends FakeClock {
  timers = 0;
  /** How long the process has not run: timers fire so much too late. */
  stalledMs = 0;

  override now(): number {
    return super.now() + this.stalledMs;
  }

  override setTimer(dueInMs: number, fn: () => void): () => void {
    let isSet = dueInMs !== Infinity;
    if (isSet) this.timers += 1;
    const end = (): void => {
      if (isSet) this.timers -= 1;
      isSet = false;
    };
    const cancel = super.setTimer(dueInMs, () => {
      end();
      fn();
    });
    return () => {
      end();
      cancel();
    };
  }
}

const settled = (below: number) => ({ kind: Kind.settled, below }) as const;
const frames = (...numbers: number[]): Uint8Array[] => encodeMessages(numbers.map(settled))[0] ?? [];

function setUp(
  onEvent?: (event: string, driver: Driver<Act, string>) => void,
  foreignInput?: (link: number, frames: readonly Uint8Array[]) => Act,
) {
  const log: string[] = [];
  const machine = new Puppet();
  const clock = new CountingClock();
  const port = new Scribe(log, clock);
  const driver: Driver<Act, string> = new Driver<Act, string>({
    machine,
    port,
    clock,
    bytesMax: 1_000_000,
    foreignInput,
    onEvent: (event) => {
      log.push(`event ${event}`);
      onEvent?.(event, driver);
    },
    onBug: (error) => log.push(`bug ${String(error)}`),
  });
  driver.start();
  clock.advance(0);
  return { log, machine, clock, port, driver };
}

test('a message of another protocol ends the turn at once, with what has gathered before it', () => {
  const { log, clock, driver, port } = setUp(undefined, (link) => (output) => output.send(link, settled(7)));
  driver.input((output) => output.send(1, settled(1)));
  port.handlers?.message(2, [Buffer.from('MDPC02'), Buffer.from('any')]);
  expect(log).toEqual(['send 1: 1', 'send 2: 7']);
  port.handlers?.message(1, frames(1));
  clock.advance(0);
  expect(log).toHaveLength(2);
});

test('all input of one turn shares one flush, a batch for each link in the order of its records', () => {
  const { log, clock, driver } = setUp();
  for (let i = 1; i <= 9; i++) driver.input((output) => output.send(1 + (i % 3) * 64, settled(i)));
  expect(log).toEqual([]);
  clock.advance(0);
  expect(log).toEqual(['send 65: 1 4 7', 'send 129: 2 5 8', 'send 1: 3 6 9']);
  driver.input((output) => output.send(129, settled(10)));
  clock.advance(0);
  expect(log.slice(3)).toEqual(['send 129: 10']);
});

test('a lone message is answered in the turn in which it came', () => {
  const { log, machine, clock, port } = setUp();
  machine.handle = (input, now) => {
    if (typeof input !== 'function' && input.kind === 'records') machine.output.send(input.link, settled(now));
  };
  clock.advance(5);
  port.handlers?.message(3, frames(1));
  clock.advance(0);
  expect(log).toEqual(['send 3: 5']);
});

test('events are delivered in the context in which the driver was made, whoever began or ended the turn', () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const { clock, driver } = storage.run('driver', () => setUp(() => seen.push(storage.getStore())));
  storage.run('request', () => {
    driver.input((output) => output.tell('one'));
    clock.advance(0);
    driver.input((output) => {
      for (let i = 0; i < TURN_RECORDS_MAX; i++) output.send(1, settled(i));
      output.tell('two');
    });
  });
  expect(seen).toEqual(['driver', 'driver']);
});

test('links open before records leave, close after them, and events come last', () => {
  const { log, clock, driver } = setUp();
  driver.input((output) => {
    output.tell('done');
    output.close(1);
    output.send(1, settled(7));
    output.connect(1, 'tcp://here:1');
  });
  clock.advance(0);
  expect(log).toEqual(['connect 1 tcp://here:1', 'send 1: 7', 'close 1', 'event done']);
});

test('what an observer puts in is the next turn: sent first, then told', () => {
  const { log, clock } = (() => {
    const world = setUp((event, driver) => {
      if (event !== 'first') return;
      driver.input((output) => {
        output.tell('third');
        output.send(1, settled(2));
      });
    });
    world.driver.input((output) => {
      output.send(1, settled(1));
      output.tell('first');
      output.tell('second');
    });
    return world;
  })();
  clock.advance(0);
  expect(log).toEqual(['send 1: 1', 'event first', 'event second', 'send 1: 2', 'event third']);
});

test('the machine is told of messages, faults and losses', () => {
  const { machine, clock, port, driver } = setUp();
  port.handlers?.message(1, frames(4, 5));
  port.handlers?.message(2, [Buffer.from('who is there')]);
  port.handlers?.lost(1, 'blocked');
  clock.advance(0);
  expect(machine.inputs).toEqual([
    { kind: 'records', link: 1, records: [settled(4), settled(5)] },
    { kind: 'fault', link: 2, fault: 'NOT_NATIVE' },
    { kind: 'link-lost', link: 1, reason: 'blocked' },
  ]);
  expect(driver.counters).toMatchObject({ messagesIn: 2, recordsIn: 2, faultsIn: 1, messagesOut: 0 });
});

test('a message longer than bytesMax is a fault', () => {
  const { machine, port } = setUp();
  port.handlers?.message(1, [...frames(1), new Uint8Array(1_000_000)]);
  expect(machine.inputs).toEqual([{ kind: 'fault', link: 1, fault: 'TOO_LARGE' }]);
});

test('one timer wakes the machine when it asked, however often it changes its mind', () => {
  const { machine, clock, driver } = setUp();
  const woken: number[] = [];
  machine.onWake = (_, now) => woken.push(now);
  for (const due of [500, 300, 900, 400, 450]) {
    driver.input(() => void (machine.due = due));
    clock.advance(1);
    expect(clock.timers).toBe(1);
  }
  clock.advance(1_000);
  expect(woken).toEqual([450]);
  expect(clock.timers).toBe(0);
});

test('a due time in the past wakes at once', () => {
  const { machine, clock, driver } = setUp();
  clock.advance(100);
  driver.input(() => void (machine.due = 50));
  clock.advance(0);
  expect(machine.inputs).toEqual([{ kind: 'wake' }]);
});

test('a due time with a fraction wakes the machine once, at the whole millisecond after it', () => {
  const { machine, clock, driver } = setUp();
  const woken: number[] = [];
  machine.onWake = (_, now) => woken.push(now);
  clock.advance(0.25);
  driver.input(() => void (machine.due = 10.5));
  clock.advance(20);
  expect(woken).toEqual([11]);
});

test('what arrived while the process was stalled is given to the machine before it is woken', () => {
  const { machine, clock, port, driver } = setUp();
  port.drain = (then) => {
    port.handlers?.message(1, frames(1));
    port.handlers?.lost(2, 'disconnected');
    then();
  };
  driver.input(() => void (machine.due = 10));
  clock.advance(0);
  clock.stalledMs = 400;
  clock.advance(20);
  expect(machine.inputs.map(({ kind }) => kind)).toEqual(['records', 'link-lost', 'wake']);
  expect(port.lateMs).toBe(400);
});

test('a machine that needs no waking any more, because of what arrived, is not woken', () => {
  const { machine, clock, port, driver } = setUp();
  port.drain = (then) => {
    machine.due = 50;
    port.handlers?.message(1, frames(1));
    then();
  };
  driver.input(() => void (machine.due = 10));
  clock.advance(40);
  expect(machine.inputs.map(({ kind }) => kind)).toEqual(['records']);
  clock.advance(20);
  expect(machine.inputs.map(({ kind }) => kind)).toEqual(['records', 'records', 'wake']);
});

test('turns end while the port delivers what has arrived, and no second timer is set', () => {
  const { log, machine, clock, port, driver } = setUp();
  let then = (): void => {};
  port.drain = (given) => void (then = given);
  driver.input(() => void (machine.due = 10));
  clock.advance(20);
  driver.input((output) => output.send(1, settled(1)));
  clock.advance(20);
  expect([log, clock.timers, machine.inputs.length]).toEqual([['send 1: 1'], 0, 0]);
  then();
  expect(machine.inputs.map(({ kind }) => kind)).toEqual(['wake']);
});

test('a turn that grows too large ends early', () => {
  const { log, driver, clock } = setUp();
  for (let i = 0; i < TURN_RECORDS_MAX - 1; i++) driver.input((output) => output.send(1, settled(0)));
  expect(log.length).toBe(0);
  driver.input((output) => output.send(1, settled(0)));
  expect(log.length).toBeGreaterThan(0);
  clock.advance(0);
  expect(driver.counters.recordsOut).toBe(TURN_RECORDS_MAX);
});

test('a machine that throws stops the driver for good and loudly', () => {
  const { log, machine, clock, port, driver } = setUp();
  machine.due = 10;
  driver.input((output) => output.send(1, settled(1)));
  expect(
    driver.input(() => {
      throw new Error('two things at once');
    }),
  ).toBe(false);
  expect(log).toEqual(['shutdown 0', 'bug Error: two things at once']);
  expect(driver.input((output) => output.send(1, settled(2)))).toBe(false);
  port.handlers?.message(1, frames(1));
  clock.advance(100);
  expect(log.length).toBe(2);
  expect([driver.state, machine.inputs.length, clock.timers]).toEqual(['failed', 0, 0]);
});

test('an observer that throws is a bug as well', () => {
  const { log, clock, driver } = setUp((event) => {
    throw new Error(`cannot bear ${event}`);
  });
  driver.input((output) => output.tell('news'));
  clock.advance(0);
  expect(log).toEqual(['event news', 'shutdown 0', 'bug Error: cannot bear news']);
});

test('stop sends and tells what is ready, then calls nobody any more', async () => {
  const { log, machine, clock, port, driver } = setUp();
  machine.due = 10;
  driver.input((output) => {
    output.send(1, settled(1));
    output.tell('bye');
  });
  const stopped = driver.stop(200);
  expect(driver.stop(0)).toBe(stopped);
  await stopped;
  expect(driver.input(() => {})).toBe(false);
  port.handlers?.message(1, frames(1));
  clock.advance(100);
  expect(log).toEqual(['send 1: 1', 'event bye', 'shutdown 200']);
  expect([machine.inputs.length, clock.timers]).toEqual([0, 0]);
});

test('an observer may stop the driver: what was ready is still sent and told, once', () => {
  const { log, clock, driver } = setUp((event, self) => {
    if (event !== 'first') return;
    self.input((output) => {
      output.send(1, settled(2));
      output.tell('third');
    });
    void self.stop(0);
  });
  driver.input((output) => {
    output.send(1, settled(1));
    output.tell('first');
    output.tell('second');
  });
  clock.advance(0);
  expect(log).toEqual(['send 1: 1', 'event first', 'send 1: 2', 'shutdown 0', 'event second', 'event third']);
});

test('a driver that never started can be stopped', async () => {
  const log: string[] = [];
  const driver = new Driver<Act, string>({
    machine: new Puppet(),
    port: new Scribe(log, new FakeClock()),
    clock: new FakeClock(),
    bytesMax: 1_000,
    onEvent: () => {},
    onBug: () => {},
  });
  expect(driver.input(() => {})).toBe(false);
  await driver.stop(5);
  expect(log).toEqual(['shutdown 5']);
});
