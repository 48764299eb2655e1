// One Jest set-up for the repository, run as native ESM (node --experimental-vm-modules; see "jest" in package.json).
//
// The whole run gives one total and one merged coverage report; `--selectProjects NAME` runs one package of it.
// Clients, workers and brokers inside a test log nothing; those in processes of their own do (test/e2e/processes.ts).
process.env.MAJORDOMO_LOG_LEVEL ??= 'silent';

const project = (rootDir, displayName, more = {}) => ({
  rootDir,
  displayName,
  testEnvironment: 'node',
  // Sibling packages load from src, not from a dist that may be stale.
  testEnvironmentOptions: { customExportConditions: ['@majordomo/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // Sources import './x.js', as Node wants it; Jest has to look for x.ts.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
          keepClassNames: true,
        },
      },
    ],
  },
  ...more,
});

export default {
  projects: [
    project('<rootDir>/libs/protocol', 'protocol'),
    project('<rootDir>/libs/runtime', 'runtime'),
    project('<rootDir>/libs/caller', 'caller'),
    project('<rootDir>/apps/broker', 'broker'),
    project('<rootDir>/apps/worker-sdk', 'worker'),
    project('<rootDir>/apps/client-sdk', 'client'),
    project('<rootDir>/apps/cli', 'cli'),
    project('<rootDir>/test', 'test', {
      testMatch: ['<rootDir>/**/*.test.ts'],
      testEnvironment: '<rootDir>/reporting-environment.mjs',
    }),
  ],
  // Never workerThreads: a socket left open inside one aborts the whole process.
  // A limit for what hangs, not a measure: a shared machine may be ten times as slow. Projects cannot set it.
  testTimeout: 60_000,
  maxWorkers: 2,
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcovonly'],
  collectCoverageFrom: ['{apps,libs}/*/src/**/*.ts', '!**/*.spec.ts'],
  reporters: ['default', '<rootDir>/tools/summary-reporter.mjs'],
};
