// What the compiler must refuse: every line below `@ts-expect-error` is an error to it, or the build fails. Nothing here is run.
import type { Client, TicketStatus } from '@majordomo/client';
import type { HandlersOf } from '@majordomo/protocol';
import type { RequestContext } from '@majordomo/worker';
import type { Order, byTypes, withArktype, withValibot, withZod } from './orders-contract.js';

interface Context {
  readonly attempt: number;
}

type Everything = readonly [typeof withZod, typeof withValibot, typeof withArktype, typeof byTypes];

/** Are these the same type? */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function isTrue<T extends true>(value?: T): void {
  void value;
}

export async function callsAreTyped(client: Client<Everything>): Promise<void> {
  const created = await client.call('zod-orders.create', { sku: 'a' });
  isTrue<Same<typeof created, { id: string; quantity: number }>>();
  const found = await client.call('zod-orders.find', { id: '1' }, { deadlineMs: 5 });
  isTrue<Same<typeof found, Order | undefined>>();
  const other = await client.call('valibot.orders.create', { sku: 'a', quantity: 2 });
  isTrue<Same<typeof other, { id: string; quantity: number }>>();
  const third = await client.call('arktype-orders.create', { sku: 'a' });
  isTrue<Same<typeof third, { id: string; quantity: number }>>();
  const plain = await client.call('orders.create', { sku: 'a' });
  isTrue<Same<typeof plain, Order>>();
  const count = await client.call('orders.count');
  isTrue<Same<typeof count, number>>();
  await client.call('orders.count', undefined, { deadlineMs: 5 });
  const pong = await client.call('orders.ping');
  isTrue<Same<typeof pong, unknown>>();
  for await (const event of client.stream('orders.watch', 'id', { window: 8 })) {
    isTrue<Same<typeof event, { step: number }>>();
  }
  for await (const event of client.stream('zod-orders.watch', 'id')) isTrue<Same<typeof event, { step: number }>>();
}

export async function ticketsAreTyped(client: Client<Everything>): Promise<void> {
  const ticket = await client.submit('zod-orders.create', { sku: 'a' }, { orderingKey: 'a', runAtMs: 1 });
  const created = await ticket.result({ timeoutMs: 5 });
  isTrue<Same<typeof created, { id: string; quantity: number }>>();
  const count = await (await client.submit('orders.count')).result();
  isTrue<Same<typeof count, number>>();
  const later = await client.ticket<Order>(ticket.id).result();
  isTrue<Same<typeof later, Order>>();
  const unknown = await client.ticket('any').result();
  isTrue<Same<typeof unknown, unknown>>();
  const { state } = await ticket.status();
  isTrue<Same<typeof state, TicketStatus['state']>>();
  const ended = await ticket.cancel();
  isTrue<Same<typeof ended, boolean>>();
}

export async function wrongSubmissionsAreRefused(client: Client<Everything>, context: RequestContext): Promise<void> {
  // @ts-expect-error there is no such address
  await client.submit('orders.creat', { sku: 'a' });
  // @ts-expect-error the sku is a text
  await client.submit('zod-orders.create', { sku: 1 });
  // @ts-expect-error the input is missing
  await client.submit('orders.cancel');
  // @ts-expect-error a stream cannot be handed over
  await client.submit('orders.watch', 'id');
  // @ts-expect-error what is handed over waits for its service in any case
  await client.submit('orders.count', undefined, { waitForService: true });
  // @ts-expect-error a date is told in ms
  await client.submit('orders.count', undefined, { runAtMs: new Date() });
  // Handlers hand over without contracts.
  await (await context.client.submit('any.thing', { at: 'all' })).status();
}

export async function wrongCallsAreRefused(client: Client<Everything>): Promise<void> {
  // @ts-expect-error there is no such address
  await client.call('orders.creat', { sku: 'a' });
  // @ts-expect-error there is no such service
  await client.call('order.create', { sku: 'a' });
  // @ts-expect-error zod: the sku is a text
  await client.call('zod-orders.create', { sku: 1 });
  // @ts-expect-error valibot: the sku is missing
  await client.call('valibot.orders.create', { quantity: 1 });
  // @ts-expect-error arktype: the quantity is a number
  await client.call('arktype-orders.create', { sku: 'a', quantity: 'many' });
  // @ts-expect-error types alone: the sku is a text
  await client.call('orders.create', { sku: 1 });
  // @ts-expect-error the input is missing
  await client.call('orders.cancel');
  // @ts-expect-error it takes no input
  await client.call('orders.count', 5);
  // @ts-expect-error it is a stream
  await client.call('orders.watch', 'id');
  // @ts-expect-error it is no stream
  client.stream('orders.create', { sku: 'a' });
  // @ts-expect-error there is no such option
  await client.call('orders.count', undefined, { deadline: 5 });
  // @ts-expect-error a stream has no key
  client.stream('orders.watch', 'id', { idempotencyKey: 'k' });
}

export async function untypedCallsSayWhatTheyExpect(client: Client): Promise<void> {
  const unknown = await client.call('any.thing', { at: 'all' });
  isTrue<Same<typeof unknown, unknown>>();
  const order = await client.call<Order>('orders.create');
  isTrue<Same<typeof order, Order>>();
  for await (const value of client.stream<number>('any.stream')) isTrue<Same<typeof value, number>>();
}

/** A class that keeps the contracts; the quantity is always there, because the schema fills it in. */
export class RightHandlers implements HandlersOf<typeof withZod, Context> {
  async create(input: { sku: string; quantity: number }, context: Context): Promise<Order> {
    return Promise.resolve({ id: input.sku, quantity: input.quantity + context.attempt });
  }
  async *watch(id: string): AsyncGenerator<{ step: number }> {
    yield await Promise.resolve({ step: id.length });
  }
  find(): Order | undefined {
    return undefined;
  }
}

const right: HandlersOf<typeof byTypes, Context> = {
  create: ({ sku, quantity = 1 }) => ({ id: sku, quantity }),
  cancel: async () => Promise.resolve(),
  count: () => 1,
  ping: (_input: undefined, context: Context) => context.attempt,
  watch: async function* (id) {
    yield await Promise.resolve({ step: id.length });
  },
};

export class WrongHandlers implements HandlersOf<typeof withZod, Context> {
  // @ts-expect-error the sku is a text
  create(input: { sku: number; quantity: number }): Order {
    return { id: String(input.sku), quantity: input.quantity };
  }
  // @ts-expect-error values have a number as their step
  async *watch(id: string): AsyncGenerator<{ step: string }> {
    yield await Promise.resolve({ step: id });
  }
  // @ts-expect-error the context has another type
  find(input: { id: string }, context: { readonly attempts: number[] }): Order {
    return { id: input.id, quantity: context.attempts.length };
  }
}

export const wrong: HandlersOf<typeof byTypes, Context> = {
  ...right,
  // @ts-expect-error an order is promised
  create: () => 'an order',
  // @ts-expect-error it has an id and no name
  cancel: (input: { name: string }) => void input,
  // @ts-expect-error a stream is promised
  watch: () => ({ step: 1 }),
};

// @ts-expect-error a handler is missing
export const missing: HandlersOf<typeof withValibot, Context> = {};
