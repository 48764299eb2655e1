// A peer's side of its links: what it says to whom and when, seen from the wire.

import { Chance } from '../chance.js';
import { SESSION_DEFAULTS } from '../limits.js';
import { Output } from '../machine.js';
import { DRAIN, HEARTBEAT, Kind, KIND_NAMES, Role, type Goodbye, type Hello, type Welcome } from '../records.js';
import { BrokerLinks, unreached, type BrokerLink } from './broker-links.js';

const hello: Hello = {
  kind: Kind.hello,
  versionMin: 1,
  versionMax: 1,
  roles: Role.client,
  instance: 42,
  heartbeatMs: 1_000,
  silenceMaxMs: 15_000,
  messageBytesMax: 1_000_000,
  identity: 'peer',
  software: 'test',
};
const welcome: Welcome = {
  kind: Kind.welcome,
  version: 1,
  instance: 7,
  heartbeatMs: 500,
  silenceMaxMs: 3_000,
  messageBytesMax: 1_000_000,
  namesMax: 4_096,
  requestsMax: 1_000,
  journal: 0,
  dedupeWindowMs: 600_000,
  software: 'test',
};
const goodbye = (code?: Goodbye['code']): Goodbye => ({ kind: Kind.goodbye, code, reason: 'because' });

/** Links to the endpoints given, and everything they did, as words. */
function linksTo(...endpoints: string[]) {
  const output = new Output<never>();
  const links = new BrokerLinks({ endpoints, hello, chance: new Chance(1) }, output);
  const done = (): string[] => {
    const words = [
      ...output.connects.map(({ link, endpoint }) => `connect ${link} ${endpoint}`),
      ...output.records.map((record, i) => `${output.links[i]} ${KIND_NAMES[record.kind]}`),
      ...output.closes.map((link) => `close ${link}`),
    ];
    output.clear();
    return words;
  };
  return { links, done, output, first: links.all[0] as BrokerLink };
}

/** The same with one link, open at 0. */
function open() {
  const all = linksTo('tcp://a:1');
  all.links.start(0);
  all.links.take(all.first, welcome, 0);
  all.done();
  return all;
}

describe('greeting', () => {
  test('every broker gets a connection of its own and HELLO, and nothing else before WELCOME (W1, W12)', () => {
    const { links, done, first } = linksTo('tcp://a:1', 'tcp://b:2');
    links.start(0);
    expect(done()).toEqual(['connect 1 tcp://a:1', 'connect 2 tcp://b:2', '1 HELLO', '2 HELLO']);
    links.wake(5_000);
    expect(done()).toEqual([]);
    expect(first.isOpen).toBe(false);
  });

  test('starting twice opens nothing twice', () => {
    const { links, done } = linksTo('tcp://a:1');
    links.start(0);
    links.start(0);
    expect(done()).toEqual(['connect 1 tcp://a:1', '1 HELLO']);
  });

  test('WELCOME opens the link, once; its numbers hold (W16)', () => {
    const { links, done, first } = linksTo('tcp://a:1');
    links.start(0);
    expect(links.take(first, welcome, 10)).toBe('opened');
    expect(links.take(first, { ...welcome, heartbeatMs: 9 }, 10)).toBeUndefined();
    expect(first.welcome).toBe(welcome);
    done();
    links.wake(500);
    expect(done()).toEqual(['1 HEARTBEAT']);
  });

  test('without WELCOME the connection is given up after ten seconds and opened anew (W18)', () => {
    const { links, done, first } = linksTo('tcp://a:1');
    links.start(0);
    done();
    expect(links.wakeAt()).toBe(SESSION_DEFAULTS.handshakeMs);
    expect(links.wake(SESSION_DEFAULTS.handshakeMs)).toEqual([]);
    expect([done(), first.state]).toEqual([['close 1'], 'waiting']);
    links.wake(links.wakeAt());
    expect(done()).toEqual(['connect 2 tcp://a:1', '2 HELLO']);
  });
});

describe('an open link', () => {
  test('speaks when it was silent for the agreed interval, and not when it was not (W45)', () => {
    const { links, done, first } = open();
    links.send(first, DRAIN, 400);
    done();
    expect(links.wake(500)).toEqual([]);
    expect(done()).toEqual([]);
    expect(links.wakeAt()).toBe(900);
    links.wake(900);
    expect(done()).toEqual(['1 HEARTBEAT']);
  });

  test('is given up when the broker was silent for the agreed time, and told as lost (W46)', () => {
    const { links, done, first } = open();
    links.heard(first, 1_000);
    expect(links.wake(3_999)).toEqual([]);
    done();
    expect(links.wake(4_000)).toEqual([first]);
    expect(done()).toEqual(['close 1']);
    expect(links.get(1)).toBeUndefined();
  });

  test('that is lost is not used again: the next one has a new number and says HELLO with the same instance (W3)', () => {
    const { links, done, first, output } = open();
    expect(links.lost(1, 100)).toBe('lost');
    expect(done()).toEqual(['close 1']);
    expect(links.lost(1, 100)).toBeUndefined();
    links.wake(links.wakeAt());
    expect(output.records).toEqual([hello]);
    expect([first.id, links.get(2)]).toEqual([2, first]);
  });

  test('hears of a drain once, and forgets it with the next WELCOME', () => {
    const { links, first } = open();
    expect([links.take(first, DRAIN, 1), links.take(first, DRAIN, 2), first.draining]).toEqual([
      'draining',
      undefined,
      true,
    ]);
    links.lost(1, 3);
    links.wake(links.wakeAt());
    links.take(first, welcome, 100);
    expect(first.draining).toBe(false);
  });

  test('leaves what is not about links to its owner', () => {
    const { links, first, done } = open();
    expect(links.take(first, HEARTBEAT, 1)).toBeUndefined();
    expect(links.take(first, { kind: Kind.taken, count: 1 }, 1)).toBeUndefined();
    expect([done(), first.state]).toEqual([[], 'open']);
  });
});

describe('GOODBYE from a broker (W19)', () => {
  test('ends the link, is remembered until the next WELCOME, and the peer comes back', () => {
    const { links, done, first } = open();
    expect(links.take(first, goodbye('SESSION_LOST'), 10)).toBe('lost');
    expect(first.refused).toMatchObject({ code: 'SESSION_LOST', reason: 'because' });
    expect(done()).toEqual(['close 1']);
    links.wake(links.wakeAt());
    expect(done()).toEqual(['connect 2 tcp://a:1', '2 HELLO']);
    links.take(first, welcome, 20);
    expect(first.refused).toBeUndefined();
  });

  test('instead of WELCOME is no loss of anything', () => {
    const { links, first } = linksTo('tcp://a:1');
    links.start(0);
    expect(links.take(first, goodbye('VERSION_MISMATCH'), 10)).toBeUndefined();
    expect([first.state, first.refused?.code]).toEqual(['waiting', 'VERSION_MISMATCH']);
  });

  test('said twice ends the link once', () => {
    const { links, done, first } = open();
    links.take(first, goodbye('SESSION_LOST'), 10);
    done();
    expect(links.take(first, goodbye('SESSION_LOST'), 10)).toBeUndefined();
    expect([done(), first.state]).toEqual([[], 'waiting']);
  });
});

describe('coming back', () => {
  test('pauses grow with each failure up to two seconds, jittered, and never stop', () => {
    const { links, first } = linksTo('tcp://a:1');
    links.start(0);
    let now = 0;
    const pauses: number[] = [];
    for (let i = 0; i < 60; i++) {
      links.lost(first.id, now);
      pauses.push(links.wakeAt() - now);
      now = links.wakeAt();
      links.wake(now);
    }
    expect(pauses[0]).toBeLessThanOrEqual(10);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000);
    expect(Math.max(...pauses.slice(20))).toBeGreaterThan(1_000);
    expect(new Set(pauses).size).toBeGreaterThan(50);
  });

  test('a link that held for a second begins with short pauses again, one that was sent away at once does not', () => {
    const reopenedAfter = (heldMs: number): number => {
      const { links, first } = linksTo('tcp://a:1');
      links.start(0);
      for (let i = 0; i < 12; i++) {
        links.lost(first.id, 0);
        links.wake(links.wakeAt());
      }
      links.take(first, welcome, 100_000);
      links.lost(first.id, 100_000 + heldMs);
      return first.failures;
    };
    expect([reopenedAfter(999), reopenedAfter(1_000)]).toEqual([13, 1]);
  });

  test('a broker that is away does not concern the link to another', () => {
    const { links, done, first } = linksTo('tcp://a:1', 'tcp://b:2');
    links.start(0);
    for (const link of links.all) links.take(link, welcome, 0);
    done();
    links.lost(first.id, 100);
    expect(links.all.map((link) => link.state)).toEqual(['waiting', 'open']);
    expect(done()).toEqual(['close 1']);
  });
});

describe('closing', () => {
  test('says GOODBYE where a broker listens, closes every connection, and wants no more time', () => {
    const { links, done, first } = linksTo('tcp://a:1', 'tcp://b:2', 'tcp://c:3');
    links.start(0);
    links.take(first, welcome, 0);
    links.lost(3, 0);
    done();
    links.close(10);
    expect(done()).toEqual(['1 GOODBYE', 'close 1', 'close 2']);
    expect([links.wakeAt(), links.wake(99_999)]).toEqual([Infinity, []]);
    links.close(20);
    expect(done()).toEqual([]);
  });

  test('what still comes on a closed link is nobody’s', () => {
    const { links, first } = open();
    links.close(1);
    expect(links.get(1)).toBeUndefined();
    expect(links.lost(1, 2)).toBeUndefined();
    expect(links.take(first, goodbye(), 2)).toBeUndefined();
    expect(first.state).toBe('closed');
  });
});

describe('the error that no broker was reached', () => {
  test('names each with what stood in the way; what the process itself lacks is its code', () => {
    const { links } = linksTo('tcp://a:1', 'tcp://b:2', 'tcp://c:3');
    links.start(0);
    links.take(links.all[0] as BrokerLink, goodbye('VERSION_MISMATCH'), 10);
    links.lost(2, 10, { code: 'NO_BROKER', reason: 'the name b does not resolve' });
    expect(unreached(links.all, 'nobody')).toMatchObject({
      code: 'NO_BROKER',
      message: 'nobody at tcp://a:1 (because), tcp://b:2 (the name b does not resolve), tcp://c:3',
    });
    links.lost(3, 10, { code: 'RESOURCE_EXHAUSTED', reason: 'no descriptors' });
    expect(unreached(links.all, 'nobody')).toMatchObject({ code: 'RESOURCE_EXHAUSTED', ran: 'no' });
  });
});
