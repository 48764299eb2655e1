// The list against an array: same members, same order, whatever is done to it.

import fc from 'fast-check';
import { List, type Listed } from './list.js';

class Member implements Listed {
  list: List<never> | undefined = undefined;
  next: Listed | undefined = undefined;
  previous: Listed | undefined = undefined;
  constructor(readonly order: number) {}
}

const listOf = (...orders: number[]): { list: List<Member>; members: Member[] } => {
  const list = new List<Member>();
  const members = orders.map((order) => new Member(order));
  for (const member of members) list.pushBack(member);
  return { list, members };
};
const orders = (list: List<Member>): number[] => [...list].map((member) => member.order);
const byOrder = (member: Member) => (other: Member) => other.order < member.order;

test('an empty list has no first, no last and nothing to shift', () => {
  const list = new List<Member>();
  expect([list.length, list.first, list.last, list.shift()]).toEqual([0, undefined, undefined, undefined]);
});

test('what came first leaves first', () => {
  const { list } = listOf(1, 2, 3);
  expect([list.shift()?.order, list.shift()?.order, list.shift()?.order, list.shift()]).toEqual([1, 2, 3, undefined]);
});

test('a member leaves from the middle, and may be put in again', () => {
  const { list, members } = listOf(1, 2, 3);
  const middle = members[1] as Member;
  list.remove(middle);
  list.remove(middle);
  expect(orders(list)).toEqual([1, 3]);
  list.pushFront(middle);
  expect(orders(list)).toEqual([2, 1, 3]);
});

test('a member goes where its place is, before those that are equal', () => {
  const { list } = listOf(1, 3, 5);
  for (const order of [0, 4, 6, 3]) {
    const member = new Member(order);
    list.insert(member, byOrder(member));
  }
  expect(orders(list)).toEqual([0, 1, 3, 3, 4, 5, 6]);
});

test('a member of one list is refused by another, and not taken out by it', () => {
  const { list, members } = listOf(1);
  const other = new List<Member>();
  expect(() => other.pushBack(members[0] as Member)).toThrow('one list at a time');
  other.remove(members[0] as Member);
  expect([list.length, other.length]).toEqual([1, 0]);
});

test('a member may leave while the list is gone through', () => {
  const { list } = listOf(1, 2, 3, 4);
  const seen: number[] = [];
  for (const member of list) {
    seen.push(member.order);
    list.remove(member);
  }
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(list.length).toBe(0);
});

/** The model: an array that is searched from end to end. */
const MODEL: Record<string, (members: Member[], member: Member) => Member[]> = {
  pushBack: (members, member) => (members.includes(member) ? members : [...members, member]),
  pushFront: (members, member) => (members.includes(member) ? members : [member, ...members]),
  insert: (members, member) => {
    if (members.includes(member)) return members;
    const at = members.findIndex((other) => !byOrder(member)(other));
    return at < 0 ? [...members, member] : members.toSpliced(at, 0, member);
  },
  remove: (members, member) => members.filter((each) => each !== member),
  shift: (members) => members.slice(1),
};
const REAL: Record<string, (list: List<Member>, member: Member) => void> = {
  pushBack: (list, member) => member.list ?? list.pushBack(member),
  pushFront: (list, member) => member.list ?? list.pushFront(member),
  insert: (list, member) => member.list ?? list.insert(member, byOrder(member)),
  remove: (list, member) => list.remove(member),
  shift: (list) => list.shift(),
};

test.each([
  ['at the ends', ['pushBack', 'pushFront', 'remove', 'shift']],
  // What is put in its place needs a list in which everything else is.
  ['in order', ['insert', 'remove', 'shift']],
])('any acts %s leave the list and an array with the same members in the same order', (_where, names) => {
  const act = fc.record({ act: fc.constantFrom(...names), which: fc.nat({ max: 9 }) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const list = new List<Member>();
      const members = Array.from({ length: 10 }, (_, i) => new Member(i));
      let model: Member[] = [];
      for (const { act: what, which } of acts) {
        const member = members[which] as Member;
        REAL[what]?.(list, member);
        model = MODEL[what]?.(model, member) ?? model;
        expect(orders(list)).toEqual(model.map((each) => each.order));
        expect([list.length, list.first, list.last]).toEqual([model.length, model[0], model.at(-1)]);
        expect(members.filter((each) => each.list !== undefined)).toHaveLength(model.length);
      }
    }),
  );
});
