// The one door of the runtime: sockets, clock, chance, and the driver that runs a machine with them.

export { AsyncScope, boundHere, callOut, runApart } from './call-out.js';
export * from './commits.js';
export { SystemClock, type Cancel, type Clock } from './clock.js';
export { Counters } from './counters.js';
export { DealerPort, type DealerPortOptions } from './dealer-port.js';
export { Driver, type DriverOptions, type DriverState } from './driver.js';
export { DescriptorWatch, hasDescriptors, type DescriptorWatchOptions } from './exhaustion.js';
export { defaultBrokers } from './environment.js';
export { checkEndpoint, endpointList, type EndpointUse } from './endpoint.js';
export { chooseLogger, loggerProblem, type LogFields, type Logger, type LoggerOption } from './logger.js';
export { HostNames, type Resolvers } from './host-names.js';
export { heartbeatLimits, PORT_LIMITS, zmtpHeartbeat, type PortLimits } from './limits.js';
export type { ListeningPort, LossReason, Port, PortHandlers } from './port.js';
export { randomInstance, randomSecret, randomSeed } from './random.js';
export { RouterPort, type RouterPortOptions } from './router-port.js';
