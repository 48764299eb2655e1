// How calls look to the compiler: free without contracts; with them, every address, input and output as the contracts say.

import type { Contract, GivenFrom, MethodContract, SentTo } from '@majordomo/protocol';
import type { CallOptions, StreamOptions, SubmitOptions } from './call-options.js';
import type { ReplyStream } from './reply-stream.js';
import type { Ticket } from './ticket.js';

/** Anybody who can ask, without contracts. */
export interface Asker {
  /**
   * Asks a method and waits for its value.
   *
   * @param address `service.method`.
   * @returns rejects with MajordomoError only; its `code` says what, its `ran` whether the handler ran.
   */
  call<Output = unknown>(address: string, input?: unknown, options?: CallOptions): Promise<Output>;
  /**
   * Asks a method for many values. Nothing is sent before iteration begins; leaving the loop stops the handler.
   *
   * @throws MajordomoError INVALID_OPTION or UNENCODABLE at once; what goes wrong later is thrown by the iteration.
   */
  stream<Output = unknown>(address: string, input?: unknown, options?: StreamOptions): ReplyStream<Output>;
}

/** Anybody who can hand requests over and ask for them by their tickets, without contracts. */
export interface Submitter {
  /**
   * Hands a request over for good.
   *
   * @returns the ticket, once the request is on the broker's disk. Rejects with MajordomoError: STORE_FULL and BUSY may be tried again later,
   *   UNSUPPORTED where no broker stores anything.
   */
  submit(address: string, input?: unknown, options?: SubmitOptions): Promise<Ticket>;
  /**
   * The ticket with this id, from whichever process it came. Nothing is asked yet.
   *
   * @throws MajordomoError INVALID_OPTION for a text that is no ticket.
   */
  ticket<Output = unknown>(id: string): Ticket<Output>;
}

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

type AddressesOf<C> =
  C extends Contract<infer Service, infer Methods>
    ? { readonly [Name in keyof Methods & string as `${Service}.${Name}`]: Methods[Name] }
    : never;

/** The methods of all contracts by address. */
export type MethodTable<Contracts extends readonly Contract[]> = Intersection<AddressesOf<Contracts[number]>>;

/** The addresses of one kind in a table. */
type AddressOf<Table, Kind extends MethodContract['kind']> = {
  [Address in keyof Table]: Table[Address] extends { readonly kind: Kind } ? Address : never;
}[keyof Table];

type MethodAt<Table, Address extends keyof Table> = Table[Address] extends infer Method extends MethodContract
  ? Method
  : never;

/** Input and options as they follow the address: a method without input may go without. */
type After<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options];

/** Anybody who can ask, with contracts. Otherwise as Asker. */
export interface TypedAsker<Table> {
  call<Address extends AddressOf<Table, 'method'>>(
    address: Address,
    ...after: After<SentTo<MethodAt<Table, Address>>, CallOptions>
  ): Promise<GivenFrom<MethodAt<Table, Address>>>;
  stream<Address extends AddressOf<Table, 'stream'>>(
    address: Address,
    ...after: After<SentTo<MethodAt<Table, Address>>, StreamOptions>
  ): ReplyStream<GivenFrom<MethodAt<Table, Address>>>;
}

/** Submitter with contracts. */
export interface TypedSubmitter<Table> {
  submit<Address extends AddressOf<Table, 'method'>>(
    address: Address,
    ...after: After<SentTo<MethodAt<Table, Address>>, SubmitOptions>
  ): Promise<Ticket<GivenFrom<MethodAt<Table, Address>>>>;
  ticket<Output = unknown>(id: string): Ticket<Output>;
}

/** TypedSubmitter for these contracts, Submitter for none. */
export type SubmitterOf<Contracts extends readonly Contract[]> = Contracts extends readonly []
  ? Submitter
  : TypedSubmitter<MethodTable<Contracts>>;

/** TypedAsker for these contracts, Asker for none. */
export type AskerOf<Contracts extends readonly Contract[]> = Contracts extends readonly []
  ? Asker
  : TypedAsker<MethodTable<Contracts>>;
