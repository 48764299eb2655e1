// What may be a name, and how an address is taken apart.

import fc from 'fast-check';
import { isMethodName, isReservedName, isServiceName, parseAddress, requestIdText } from './names.js';

test.each(['orders', 'a', '9lives', '_x', 'shop.orders', 'shop.v2.orders', 'a:b', 'a/b', 'a-b', 'A_9.b-c:d/e'])(
  '%p may be a service (W21)',
  (name) => {
    expect(isServiceName(name)).toBe(true);
  },
);

test.each(['', '.', '.a', 'a.', '-a', ':a', '/a', '$a', 'a b', 'a\n', 'ä', 'a$', 'a@b', 'a'.repeat(256), '\0'])(
  '%p may not be a service (W21)',
  (name) => {
    expect(isServiceName(name)).toBe(false);
  },
);

test.each(['create', '$ping', 'a$b', 'a:b', 'a/b', 'a-b', '9', '_'])('%p may be a method (W21)', (name) => {
  expect(isMethodName(name)).toBe(true);
});

test.each(['', 'a.b', '.', '-a', 'a b', 'ö', 'a'.repeat(256)])('%p may not be a method (W21)', (name) => {
  expect(isMethodName(name)).toBe(false);
});

test('names of 255 bytes are the longest', () => {
  expect([isServiceName('a'.repeat(255)), isMethodName('a'.repeat(255))]).toEqual([true, true]);
});

test('the last dot of an address divides service from method', () => {
  expect(parseAddress('orders.create')).toEqual({ service: 'orders', method: 'create' });
  expect(parseAddress('shop.v2.orders.create')).toEqual({ service: 'shop.v2.orders', method: 'create' });
});

test.each(['', 'orders', '.create', 'orders.', 'a..b', 'or ders.create', 'orders.cre ate'])(
  '%p is no address',
  (address) => {
    expect(parseAddress(address)).toBeUndefined();
  },
);

test('an address put together from a service and a method is taken apart into them', () => {
  const service = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,20}[A-Za-z0-9]$/);
  const method = fc.stringMatching(/^[A-Za-z0-9_$][A-Za-z0-9_$:/-]{0,20}$/);
  fc.assert(
    fc.property(service, method, (s, m) => {
      expect(parseAddress(`${s}.${m}`)).toEqual({ service: s, method: m });
    }),
  );
});

test('a request id is the instance in 14 hexadecimal digits, a dash and the number', () => {
  expect(requestIdText(1, 7)).toBe('00000000000001-7');
  expect(requestIdText(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe('1fffffffffffff-9007199254740991');
});

test.each(['majordomo', 'majordomo.info', 'mmi', 'mmi.service', 'titanic', 'titanic.request'])(
  '%p is a name of the broker itself',
  (name) => {
    expect(isReservedName(name)).toBe(true);
  },
);

test.each(['mmiservice', 'orders', 'titanics.x', 'a.mmi'])('%p may be served', (name) => {
  expect(isReservedName(name)).toBe(false);
});
