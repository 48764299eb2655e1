// The fakes' own door, `@majordomo/runtime/fake`: ports and a clock in virtual time, for tests and the simulation.

export { FakeClock } from './clock.js';
export { Connection, type End, type Side } from './connection.js';
export { FakeDealerPort } from './dealer-port.js';
export { FakeNetwork, type FakeNetworkOptions, type Listener } from './network.js';
export { FakeRouterPort } from './router-port.js';
