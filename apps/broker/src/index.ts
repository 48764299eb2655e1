// The one door of the broker: make one in this process, or drive its machine yourself.

export { Broker, type OperatorInput } from './core/broker.js';
export type { MdpSettings } from './core/mdp/desk.js';
export { MdpGateway, type GatewayInput } from './core/mdp/gateway.js';
export { BROKER_DEFAULTS, type BrokerSettings } from './core/settings.js';
export { BROKER_EVENT_LEVELS } from './broker-log.js';
export { Counters, type BrokerEvent } from './core/events.js';
export {
  BrokerProcess,
  createBroker,
  type BrokerObservers,
  type BrokerParts,
  type OpenJournal,
  type RunningBroker,
} from './create-broker.js';
export { decodeEntry, encodeEntry } from './core/journal-entry.js';
export type { StoredEntry } from './core/reading.js';
export { LmdbStore, type LmdbStoreOptions } from './store/lmdb-store.js';
export type { Loaded, Store } from './store/store.js';
export { BROKER_OPTIONS, resolveBrokerOptions, type BrokerOptions, type BrokerOptionsGiven } from './options.js';
