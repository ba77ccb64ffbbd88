import { defineConfig } from 'vitest/config';

/** What tries the sources whatever program is named: once more would say nothing of a bundle. */
const OF_SOURCES = ['tests/bootstrap.test.ts', 'tests/deployment.test.ts'];

// Two cores are the reference machine: a few workers at a time keep the embedded databases from starving one another.
export default defineConfig({
  // One copy of graphql: Node takes its CommonJS build, as the Apollo packages do; Vite would take the .mjs beside it.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['{cli,gateway,subgraphs,llm,retrieval,platform,console,tests}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', ...(process.env['SEXTANT_TEST_PROGRAM'] ? OF_SOURCES : [])],
    setupFiles: ['gateway/testing/law-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // What hangs is found, however busy the machine is.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is waited for comes when it can: one second, the default, is not enough on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    teardownTimeout: 10_000,
    unstubEnvs: true,
    // What fails at times is broken at times.
    retry: 0,
  },
});
