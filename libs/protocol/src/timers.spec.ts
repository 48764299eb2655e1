// The wheel against a naive model: a list of due times that is searched from end to end.

import fc from 'fast-check';
import { Timer, TimerWheel } from './timers.js';

const timer = (purpose = 't'): Timer<undefined> => new Timer<undefined>(undefined, purpose);

/** What fires at `now`, in its order. */
function firedAt(wheel: TimerWheel<undefined>, now: number): string[] {
  const fired: string[] = [];
  wheel.expire(now, (each) => fired.push(each.purpose));
  return fired;
}

describe('a timer', () => {
  test('fires once, at the first look with a time not before its due time (K1)', () => {
    const wheel = new TimerWheel<undefined>();
    wheel.set(timer('a'), 100.5, 0);
    expect(firedAt(wheel, 100.4)).toEqual([]);
    expect(firedAt(wheel, 100.5)).toEqual(['a']);
    expect(firedAt(wheel, 200)).toEqual([]);
  });

  test('that is set again is moved', () => {
    const wheel = new TimerWheel<undefined>();
    const a = timer('a');
    wheel.set(a, 100, 0);
    wheel.set(a, 50, 0);
    expect(wheel.size).toBe(1);
    expect(firedAt(wheel, 50)).toEqual(['a']);
    expect(firedAt(wheel, 100)).toEqual([]);
  });

  test('that is cleared does not fire, and may be cleared twice', () => {
    const wheel = new TimerWheel<undefined>();
    const a = timer('a');
    wheel.set(a, 100, 0);
    wheel.clear(a);
    wheel.clear(a);
    expect([wheel.size, wheel.wakeAt(), a.isSet]).toEqual([0, Infinity, false]);
    expect(firedAt(wheel, 1_000)).toEqual([]);
  });

  test('with a due time in the past fires at the next look', () => {
    const wheel = new TimerWheel<undefined>();
    wheel.set(timer('far'), 1_000_000, 0);
    expect(firedAt(wheel, 500_000)).toEqual([]);
    wheel.set(timer('late'), 3, 500_000);
    expect(wheel.wakeAt()).toBe(3);
    expect(firedAt(wheel, 500_000)).toEqual(['late']);
  });

  test('that is days away waits through many turns of the wheel', () => {
    const wheel = new TimerWheel<undefined>();
    const due = 20 * 24 * 3_600_000;
    wheel.set(timer('a'), due, 0);
    for (let now = wheel.wakeAt(); now < due; now = wheel.wakeAt()) expect(firedAt(wheel, now)).toEqual([]);
    expect(firedAt(wheel, due)).toEqual(['a']);
  });
});

test('those that are far away are not looked at when another one fires', () => {
  const wheel = new TimerWheel<undefined>();
  let looks = 0;
  for (let i = 0; i < 1_000; i++) {
    const far = timer(`far ${i}`);
    wheel.set(far, 24 * 3_600_000 + i * 100, 0);
    const { due } = far;
    Object.defineProperty(far, 'due', { get: () => ((looks += 1), due) });
  }
  const near = timer('near');
  for (let now = 1_000; now <= 100_000; now += 1_000) {
    wheel.set(near, now, now - 1_000);
    expect(firedAt(wheel, now)).toEqual(['near']);
  }
  expect(looks).toBe(0);
});

describe('several timers due at one look', () => {
  test('fire in the order of their due times', () => {
    const wheel = new TimerWheel<undefined>();
    for (const [name, due] of [
      ['c', 90],
      ['a', 10],
      ['b', 40],
    ] as const)
      wheel.set(timer(name), due, 0);
    expect(firedAt(wheel, 100)).toEqual(['a', 'b', 'c']);
  });

  test('the one that an earlier one clears does not fire (K3)', () => {
    const wheel = new TimerWheel<undefined>();
    const [a, b] = [timer('a'), timer('b')];
    wheel.set(a, 10, 0);
    wheel.set(b, 20, 0);
    const fired: string[] = [];
    wheel.expire(100, (each) => {
      fired.push(each.purpose);
      wheel.clear(b);
    });
    expect(fired).toEqual(['a']);
    expect(wheel.size).toBe(0);
  });

  test('the one that an earlier one moves ahead fires then, and not before (K3)', () => {
    const wheel = new TimerWheel<undefined>();
    const [a, b] = [timer('a'), timer('b')];
    wheel.set(a, 10, 0);
    wheel.set(b, 20, 0);
    wheel.expire(100, () => wheel.set(b, 300, 100));
    expect(firedAt(wheel, 299)).toEqual([]);
    expect(firedAt(wheel, 300)).toEqual(['b']);
  });

  test('one that sets itself again to a time that has come fires at the next look, not in a circle', () => {
    const wheel = new TimerWheel<undefined>();
    const a = timer('a');
    wheel.set(a, 10, 0);
    let count = 0;
    wheel.expire(100, () => {
      count += 1;
      wheel.set(a, 100, 100);
    });
    expect(count).toBe(1);
    expect(wheel.wakeAt()).toBe(100);
  });
});

interface AnyWheel {
  set(which: number, due: number, now: number): void;
  clear(which: number): void;
  expire(now: number, fire: (which: number) => void): void;
}

/** The model: everything is looked at every time. */
function naiveWheel(): AnyWheel & { readonly due: ReadonlyMap<number, number> } {
  const due = new Map<number, number>();
  return {
    due,
    set: (which, at) => void due.set(which, at),
    clear: (which) => void due.delete(which),
    expire: (now, fire) => {
      const found = [...due].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
      for (const [which, at] of found) {
        if (due.get(which) !== at) continue;
        due.delete(which);
        fire(which);
      }
    },
  };
}

function realWheel(): AnyWheel & { readonly wheel: TimerWheel<undefined> } {
  const wheel = new TimerWheel<undefined>();
  const timers = Array.from({ length: 12 }, (_, i) => timer(String(i)));
  const of = (which: number): Timer<undefined> => timers[which] as Timer<undefined>;
  return {
    wheel,
    set: (which, at, now) => wheel.set(of(which), at, now),
    clear: (which) => wheel.clear(of(which)),
    expire: (now, fire) => wheel.expire(now, (each) => fire(Number(each.purpose))),
  };
}

type Act =
  | { readonly act: 'set'; readonly which: number; readonly inMs: number }
  | { readonly act: 'clear'; readonly which: number };
type Step = Act | { readonly act: 'advance'; readonly byMs: number };

const which = fc.nat({ max: 11 });
/** Never the same due time for two timers: the order of equals is nobody's business. */
const spanOf = (from: number, to: number) => fc.tuple(which, fc.integer({ min: from, max: to }));
const setting = (spans: fc.Arbitrary<[number, number]>): fc.Arbitrary<Act> =>
  spans.map(([each, inMs]) => ({ act: 'set', which: each, inMs: inMs + each / 1_000 }));
const clearing: fc.Arbitrary<Act> = which.map((each) => ({ act: 'clear', which: each }));
const spans = fc.oneof(spanOf(-50, 50), spanOf(0, 40_000), spanOf(0, 3_000_000), spanOf(0, 400_000_000));
const advancing: fc.Arbitrary<Step> = fc
  .oneof(fc.nat({ max: 50 }), fc.nat({ max: 40_000 }), fc.nat({ max: 3_000_000 }), fc.nat({ max: 400_000_000 }))
  .map((byMs) => ({ act: 'advance', byMs }));
const steps = fc.array(fc.oneof(setting(spans) as fc.Arbitrary<Step>, clearing, advancing), { maxLength: 80 });
/** What is done while timers fire: the first act to the first that fires, and so on. */
const meddling = fc.array(fc.option(fc.oneof(setting(spanOf(-20, 60)), clearing), { nil: undefined }), {
  maxLength: 40,
});

/** Does the steps, and writes down what fires when. */
function play(
  wheel: AnyWheel,
  todo: readonly Step[],
  whileFiring: readonly (Act | undefined)[],
  look: () => void,
): string[] {
  const log: string[] = [];
  let now = 0;
  let fired = 0;
  const perform = (act: Act): void => {
    if (act.act === 'set') wheel.set(act.which, now + act.inMs, now);
    else wheel.clear(act.which);
  };
  for (const step of todo) {
    if (step.act === 'advance') {
      now += step.byMs;
      wheel.expire(now, (each) => {
        log.push(`${each} at ${now}`);
        const act = whileFiring[fired++];
        if (act !== undefined) perform(act);
      });
    } else perform(step);
    look();
  }
  return log;
}

test('whatever is set, moved and cleared, before and while others fire: what is due fires, in its order, and nothing else (K1, K3)', () => {
  fc.assert(
    fc.property(steps, meddling, (todo, whileFiring) => {
      const naive = naiveWheel();
      const real = realWheel();
      const nothing = (): void => undefined;
      expect(play(real, todo, whileFiring, nothing)).toEqual(play(naive, todo, whileFiring, nothing));
      expect(real.wheel.size).toBe(naive.due.size);
    }),
    { numRuns: 1_000 },
  );
});

test('nobody is woken later than the first timer is due (K2)', () => {
  fc.assert(
    fc.property(steps, (todo) => {
      const naive = naiveWheel();
      const real = realWheel();
      const earliest: number[] = [];
      const wakes: number[] = [];
      play(naive, todo, [], () => earliest.push(Math.min(Infinity, ...naive.due.values())));
      play(real, todo, [], () => wakes.push(real.wheel.wakeAt()));
      expect(wakes.filter((wake, i) => wake > (earliest[i] as number))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('waking when it asks to be woken, and never otherwise, fires everything in time', () => {
  fc.assert(
    fc.property(fc.array(spanOf(0, 3_000_000), { minLength: 1, maxLength: 12 }), (all) => {
      const real = realWheel();
      const due = new Map<number, number>();
      for (const [each, at] of all) {
        real.set(each, at, 0);
        due.set(each, at);
      }
      const late: number[] = [];
      for (let now = real.wheel.wakeAt(); now < Infinity; now = real.wheel.wakeAt()) {
        real.expire(now, (each) => late.push(now - (due.get(each) as number)));
      }
      expect(late).toEqual(late.map(() => 0));
      expect(late).toHaveLength(due.size);
    }),
  );
});
