// One service as four people would write its contract: with zod, with valibot, with arktype, by types alone.
import { contract, method, stream, typed } from '@majordomo/protocol';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';

export interface Order {
  readonly id: string;
  readonly quantity: number;
}

/** The caller may leave `quantity` out; the handler is always given one. */
export const withZod = contract('zod-orders', {
  create: method({
    input: z.object({ sku: z.string().min(1), quantity: z.number().int().default(1) }),
    output: z.object({ id: z.string(), quantity: z.number() }),
  }),
  watch: stream({ input: z.string(), output: z.object({ step: z.number() }) }),
  find: method({ input: z.object({ id: z.string() }), output: typed<Order | undefined>() }),
});

export const withValibot = contract('valibot.orders', {
  create: method({
    input: v.object({ sku: v.pipe(v.string(), v.minLength(1)), quantity: v.optional(v.number(), 1) }),
    output: v.object({ id: v.string(), quantity: v.number() }),
  }),
});

export const withArktype = contract('arktype-orders', {
  create: method({
    input: type({ sku: 'string > 0', quantity: 'number = 1' }),
    output: type({ id: 'string', quantity: 'number' }),
  }),
});

export const byTypes = contract('orders', {
  create: method<{ sku: string; quantity?: number }, Order>(),
  cancel: method<{ id: string }, void>(),
  count: method<void, number>(),
  ping: method(),
  watch: stream<string, { step: number }>(),
});
