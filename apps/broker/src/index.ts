// The one door of the broker: make one in this process, or drive its machine yourself.

export { Broker, type OperatorInput } from './core/broker.js';
export { BROKER_DEFAULTS, type BrokerSettings } from './core/settings.js';
export { Counters, type BrokerEvent } from './core/events.js';
export { createBroker, type BrokerObservers, type RunningBroker } from './create-broker.js';
export { BROKER_OPTIONS, resolveBrokerOptions, type BrokerOptions, type BrokerOptionsGiven } from './options.js';
