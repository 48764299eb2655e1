// What classes may look like, what is said of those that are wrong, and what the compiler refuses.

import {
  contract,
  isMajordomoError,
  method,
  stream,
  typed,
  type HandlersOf,
  type StandardSchema,
} from '@majordomo/protocol';
import 'reflect-metadata';
import type { RequestContext } from './context.js';
import { Method, Service } from './decorators.js';
import { describeServices, type ServicePlan, type ServiceProblem } from './describe.js';
import { methodRecordsOf, serviceRecordOf } from './metadata.js';

/** The problems of these, one line each. */
function problemsOf(...services: unknown[]): string[] {
  try {
    describeServices(services, 100);
  } catch (error) {
    if (!isMajordomoError(error, 'INVALID_SERVICE')) throw error;
    const problems = error.details['problems'] as readonly ServiceProblem[];
    return problems.map((each) => [each.service, each.method, each.problem].filter(Boolean).join(' | '));
  }
  return [];
}

function planOf(service: object): ServicePlan {
  const plan = describeServices([service], 100)[0];
  if (plan === undefined) throw new Error('nothing is offered');
  return plan;
}

const NUMBER: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'spec',
    validate: (value) => (typeof value === 'number' ? { value } : { issues: [{ message: 'not a number' }] }),
  },
};

@Service('orders', { concurrency: 16 })
class Orders {
  made = 0;
  @Method() create(order: { sku: string }): string {
    this.made += 1;
    return order.sku;
  }
  @Method({ atMostOnce: true, executionTimeoutMs: 2_000, maxAttempts: 3, name: 'pay' }) charge(): void {}
  @Method('list') all(): void {}
  @Method() async *watch(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
  }
  @Method() *count(): Generator<number> {
    yield 1;
  }
  @Method({ streams: true }) feed(): AsyncIterable<number> {
    return this.watch();
  }
  notOffered(): void {}
}

describe('a decorated class', () => {
  it('offers what is marked, under the names that were given, and nothing else', () => {
    const { offer } = planOf(new Orders());
    expect(offer).toMatchObject({ name: 'orders', concurrency: 16 });
    expect(offer.methods.map(({ name }) => name)).toEqual(['create', 'pay', 'list', 'watch', 'count', 'feed']);
    expect(offer.methods[1]).toEqual({
      name: 'pay',
      atMostOnce: true,
      streams: false,
      executionTimeoutMs: 2_000,
      maxAttempts: 3,
    });
  });

  it('is handed out as often as the policy for further attempts says', () => {
    @Service('again')
    class Again {
      @Method({ retry: { maxAttempts: 7 } }) go(): void {}
      @Method({ retry: {} }) come(): void {}
    }
    expect(planOf(new Again()).offer.methods.map(({ maxAttempts }) => maxAttempts)).toEqual([7, 0]);
  });

  it('streams generators, and what says that it streams', () => {
    const streams = planOf(new Orders()).offer.methods.filter((each) => each.streams);
    expect(streams.map(({ name }) => name)).toEqual(['watch', 'count', 'feed']);
  });

  it('takes the concurrency of the worker when it says none', () => {
    @Service('plain')
    class Plain {
      @Method() go(): void {}
    }
    expect(describeServices([new Plain()], 7)[0]?.offer.concurrency).toBe(7);
  });

  it('is left as it is: nothing is wrapped, no instance is made', () => {
    let instances = 0;
    class Untouched {
      constructor() {
        instances += 1;
      }
      go(): void {}
    }
    const before = Object.getOwnPropertyDescriptor(Untouched.prototype, 'go');
    Method()(Untouched.prototype, 'go', before as TypedPropertyDescriptor<() => void>);
    Service('untouched')(Untouched);
    expect(Object.getOwnPropertyDescriptor(Untouched.prototype, 'go')).toEqual(before);
    expect(instances).toBe(0);
  });

  it('is read under text keys, so that another copy of the package reads the same', () => {
    expect(Reflect.getMetadata('majordomo:service', Orders)).toBe(serviceRecordOf(Orders));
    expect(Reflect.getOwnMetadata('majordomo:methods', Orders)).toEqual(methodRecordsOf(Orders));
  });

  it('has the methods of its base too, and the last word on them', () => {
    @Service('derived')
    class Derived extends Orders {
      @Method({ name: 'make' }) override create(order: { sku: string }): string {
        return order.sku;
      }
    }
    const { offer, methods } = planOf(new Derived());
    expect(offer.methods.map(({ name }) => name)).toEqual(['pay', 'list', 'watch', 'count', 'feed', 'make']);
    expect(methods.at(-1)?.handler).toBe(Reflect.get(Derived.prototype, 'create'));
    expect(planOf(new Orders()).offer.methods[0]?.name).toBe('create');
  });
});

describe('what is wrong with a class is said with the names of class and method', () => {
  it('two methods with one name', () => {
    @Service('twice')
    class Twice {
      @Method() a(): void {}
      @Method('a') b(): void {}
    }
    expect(problemsOf(new Twice())).toEqual(['Twice | b | a is called "a" already']);
  });

  it('a service without methods, a class without @Service, and a class in place of an instance', () => {
    @Service('empty')
    class Empty {}
    class Bare {}
    expect(problemsOf(new Empty(), new Bare(), Orders, 'orders')).toEqual([
      'Empty | the service has no methods; mark them with @Method()',
      'Bare | the class has no @Service decorator',
      'Orders | this is a class; give an instance of it: new Orders()',
      'orders | this is not an instance of a decorated class',
    ]);
  });

  it('an unknown option, with the nearest known one', () => {
    @Service('typo', { concurency: 3 } as object)
    class Typo {
      @Method({ atMostOnc: true } as object) go(): void {}
    }
    expect(problemsOf(new Typo())).toEqual([
      expect.stringMatching(/^Typo \| .*concurency.*concurrency/),
      expect.stringMatching(/^Typo \| go \| .*atMostOnc.*atMostOnce/),
    ]);
  });

  it('values out of range, all together', () => {
    @Service('range', { concurrency: 0, codec: 'xml' as 'json' })
    class Range {
      @Method({ executionTimeoutMs: -1, maxAttempts: 1.5 }) go(): void {}
      @Method({ input: {} as StandardSchema }) come(): void {}
      @Method({ output: 5 as unknown as StandardSchema }) leave(): void {}
    }
    expect(problemsOf(new Range())).toEqual([
      'Range | concurrency must be a whole number from 1 to 65535, not 0',
      'Range | codec must be msgpack, json or raw',
      expect.stringContaining('Range | go | executionTimeoutMs must be'),
      expect.stringContaining('Range | go | maxAttempts must be'),
      expect.stringContaining('Range | come | input must be a Standard Schema'),
      expect.stringContaining('Range | leave | output must be a Standard Schema'),
    ]);
  });

  it('names that cannot be', () => {
    @Service('majordomo.x')
    class Reserved {
      @Method('a.b') go(): void {}
      @Method() [Symbol('s')](): void {}
    }
    @Service('-')
    class Dash {
      @Method() go(): void {}
    }
    expect(problemsOf(new Reserved(), new Dash())).toEqual([
      'Reserved | the name "majordomo.x" is the broker\'s own',
      expect.stringMatching(/^Reserved \| go \| "a\.b" cannot be the name of a method: a name has letters A to Z/),
      'Reserved | Symbol(s) | a member that is a symbol needs a name: @Method("…")',
      'Reserved | the service has no methods; mark them with @Method()',
      expect.stringMatching(/^Dash \| "-" cannot be the name of a service: a name has letters A to Z/),
    ]);
  });

  it('two services with one name, static members, generators that say they are none', () => {
    @Service('orders')
    class Others {
      @Method() static go(): void {}
      @Method({ streams: false }) *come(): Generator<number> {
        yield 1;
      }
    }
    expect(problemsOf(new Orders(), new Others())).toEqual([
      'Others | go | a static member cannot be a method of a service',
      'Others | come | it is a generator, and streams: false',
      'Others | Orders serves "orders" already',
    ]);
  });

  it('a policy for further attempts that is wrong, or beside what contradicts it', () => {
    @Service('again')
    class Again {
      @Method({ retry: { baseMs: 0 } }) go(): void {}
      @Method({ retry: {}, atMostOnce: true }) once(): void {}
      @Method({ retry: { maxAttempts: 2 }, maxAttempts: 3 }) twice(): void {}
      @Method({ retry: 5 as unknown as object }) odd(): void {}
    }
    expect(problemsOf(new Again())).toEqual([
      'Again | go | retry: baseMs must be a whole number from 1 to 2147483647, not 0',
      'Again | once | retry: it runs at most once, and cannot be tried again',
      'Again | twice | maxAttempts is said twice',
      'Again | odd | retry must be a plain object',
    ]);
  });

  it('a member that is no function on the instance', () => {
    @Service('shadow')
    class Shadow {
      @Method() go(): void {}
    }
    expect(problemsOf(Object.assign(new Shadow(), { go: 1 }))).toContain('Shadow | go | it is not a function');
  });

  it('decorators of the other kind', () => {
    const decorate = Service('x') as unknown as (target: object, context: object) => void;
    expect(() => decorate(Orders, { kind: 'class' })).toThrow(/experimentalDecorators/);
  });
});

const shop = contract('shop', {
  buy: method({ input: NUMBER, output: typed<string>() }),
  watch: stream<string, { step: number }>(),
});

describe('a class that serves a contract', () => {
  it('is offered under its names, with streams and schemas as it says', () => {
    @Service(shop)
    class Shop implements HandlersOf<typeof shop, RequestContext> {
      @Method() buy(count: number): string {
        return String(count);
      }
      @Method() watch(_id: string, _context: RequestContext): AsyncIterable<{ step: number }> {
        throw new Error('not called here');
      }
    }
    const { offer, methods } = planOf(new Shop());
    expect(offer.methods.map(({ name, streams }) => [name, streams])).toEqual([
      ['buy', false],
      ['watch', true],
    ]);
    expect(methods.map(({ validation }) => validation?.input)).toEqual([NUMBER, undefined]);
  });

  it('takes a schema of the method where the contract has none', () => {
    @Service(shop)
    class Shop {
      @Method() buy(count: number): string {
        return String(count);
      }
      @Method({ input: NUMBER, output: NUMBER }) watch(): AsyncIterable<{ step: number }> {
        throw new Error('not called here');
      }
    }
    const { methods } = planOf(new Shop());
    expect(methods[1]?.validation).toEqual({ kind: 'stream', input: NUMBER, output: NUMBER });
  });

  it('is refused when a method is missing on either side', () => {
    @Service(shop)
    class Shop {
      @Method() buy(count: number): string {
        return String(count);
      }
      watch(): AsyncIterable<{ step: number }> {
        throw new Error('not called here');
      }
      @Method() watsh(): void {}
    }
    expect(problemsOf(new Shop())).toEqual([
      'Shop | watsh | the contract "shop" has no method "watsh"; did you mean "watch"?',
      'Shop | watch | the contract "shop" has this method, the class has no @Method() for it',
    ]);
  });

  it('is refused when it says otherwise about streams, input or output', () => {
    @Service(shop)
    class Shop {
      @Method({ input: NUMBER, output: NUMBER, streams: true }) buy(count: number): string {
        return String(count);
      }
      @Method() async *watch(): AsyncGenerator<{ step: number }> {
        yield await Promise.resolve({ step: 1 });
      }
    }
    expect(problemsOf(new Shop())).toEqual([
      'Shop | buy | the contract says otherwise about streams',
      'Shop | buy | the contract has an input schema already',
      'Shop | buy | the contract has an output schema already',
    ]);
  });
});

it('the compiler refuses handlers that do not fit their contract', () => {
  class WrongInput {
    buy(count: string): string {
      return count;
    }
    watch(): AsyncIterable<{ step: number }> {
      throw new Error('not called here');
    }
  }
  class WrongOutput {
    buy(count: number): number {
      return count;
    }
    watch(): AsyncIterable<{ step: number }> {
      throw new Error('not called here');
    }
  }
  class Missing {
    buy(count: number): string {
      return String(count);
    }
  }
  class NotAFunction {
    count = 1;
  }
  // @ts-expect-error The caller sends a number.
  Service(shop)(WrongInput);
  // @ts-expect-error The caller expects a text.
  Service(shop)(WrongOutput);
  // @ts-expect-error There is no watch.
  Service(shop)(Missing);
  // @ts-expect-error What is decorated must be a method.
  Method()(NotAFunction.prototype, 'count', {} as TypedPropertyDescriptor<number>);
  // @ts-expect-error No such option.
  Method({ atMostTwice: true });
  expect(problemsOf(new Missing())).not.toEqual([]);
});

it('an instance that cannot be looked at is a problem like any other', () => {
  class Trapped {
    get go(): never {
      throw new Error('not yet');
    }
  }
  Service('trapped')(Trapped);
  Method()(Trapped.prototype, 'go', {} as TypedPropertyDescriptor<() => void>);
  const { proxy, revoke } = Proxy.revocable(new Orders(), {});
  revoke();
  expect(problemsOf(new Trapped(), proxy)).toEqual([
    'Trapped | it cannot be looked at: not yet',
    'Object | the class has no @Service decorator',
  ]);
});

it.each(['mmi', 'mmi.service', 'titanic.request', 'majordomo'])("the name %p is the broker's own", (name) => {
  class Own {
    go(): void {}
  }
  Service(name)(Own);
  Method()(Own.prototype, 'go', {} as TypedPropertyDescriptor<() => void>);
  expect(problemsOf(new Own())).toEqual([`Own | the name "${name}" is the broker's own`]);
});

it('a name that cannot be says which characters can', () => {
  class Cafe {
    go(): void {}
  }
  Service('café')(Cafe);
  Method()(Cafe.prototype, 'go', {} as TypedPropertyDescriptor<() => void>);
  expect(problemsOf(new Cafe())).toEqual([
    expect.stringMatching(
      /^Cafe \| "café" cannot be the name of a service: a name has letters A to Z and a to z, digits/,
    ),
  ]);
  expect(() => contract('café', {})).toThrow(/a name has letters A to Z and a to z, digits and _ \. : \/ -/);
});
