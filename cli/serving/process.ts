import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import { watchFaults } from '#platform/base/faults/guarded.ts';
import { closeFolder } from '#platform/base/files/private-files.ts';
import { createLog, type Logger } from '#platform/base/log/log.ts';
import { watchCertificates } from '#platform/net/http/certificate-expiry.ts';
import { startTracing } from '#platform/net/tracing/tracing.ts';
import { onStopSignal, STOP_SIGNALS } from './stop-signals.ts';

/**
 * The ground of every long-running command: settings, a log, metrics, and one stack that owns the order of shutdown.
 */
export interface Process {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Closed at SIGTERM and SIGINT, the last registered first. */
  readonly lifecycle: AsyncDisposableStack;
}

/** By then the first operations have been compiled as well. */
const COMPILED_AFTER_MS = 10_000;

/**
 * Signals of a thread that did what it may not. V8 turns them into errors where WebAssembly did it, unless JavaScript
 * listens to them: then the thread does it again, without end.
 */
const FAULTS = ['SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP'] as const;

/** One Ctrl-C reaches each process of `npm start`, and each passes it on: the same wish several times. */
const SAME_WISH_MS = 1_000;

/**
 * Runs a long-running command: `start` opens everything, then the process lives until SIGTERM or SIGINT, drains within
 * SHUTDOWN_TIMEOUT_MS and exits with 0. A second signal, a second later, ends it at once. When `start` fails, what it
 * had opened is closed again; when it is told to stop meanwhile, it is let finish, so that nothing stays open.
 */
export async function runProcess(
  root: string,
  service: string,
  start: (process: Process) => Promise<void>,
): Promise<void> {
  const config = loadConfig(process.env, root);
  const log = createLog(config, service);
  const metrics = new Registry();
  metrics.setDefaultLabels({ service });
  collectDefaultMetrics({ register: metrics });
  const lifecycle = new AsyncDisposableStack();
  const unwatch = watchFaults(metrics, log);

  const started = Promise.withResolvers<void>();
  const grace = closeWithGrace(
    // A promise that nothing waits for is a fault of what has started it: see watchFaults.
    {
      delay: config.SHUTDOWN_TIMEOUT_MS + 1_000,
      logger: false,
      skip: ['unhandledRejection', ...STOP_SIGNALS, ...FAULTS],
    },
    async ({ err }) => {
      if (err) log.fatal({ err }, 'an error that no code handled: shutting down');
      else await Promise.race([started.promise, sleep(config.SHUTDOWN_TIMEOUT_MS / 2)]);
      await lifecycle.disposeAsync();
      log.info('stopped');
    },
  );
  closeData(config.dataDir, log);
  let toldAt: number | undefined;
  onStopSignal((signal) => {
    if (toldAt === undefined) {
      toldAt = performance.now();
      log.info({ signal }, 'shutting down');
      void grace.close();
    } else if (performance.now() - toldAt > SAME_WISH_MS) process.exit(1);
  });
  try {
    // First, so that it ends last: what shuts down may still have something to tell.
    lifecycle.use(await startTracing(config, service, log));
    lifecycle.defer(watchCertificates(config, metrics, log));
    await start({ config, log, metrics, lifecycle });
    started.resolve();
    // Node itself writes what it compiled at the end of a process, and never of one that is killed.
    setTimeout(flushCompileCache, COMPILED_AFTER_MS).unref();
  } catch (error) {
    started.resolve();
    if (toldAt !== undefined) return log.warn({ err: error }, 'the start failed while the process was told to stop');
    grace.uninstall();
    unwatch();
    await lifecycle.disposeAsync().catch((err: unknown) => log.error({ err }, 'could not close what was open'));
    throw error;
  }
}

/** Mends a data folder that an earlier version, or a copy made by hand, left open to other users of the machine. */
function closeData(folder: string, log: Logger): void {
  closeFolder(folder).then(
    (closed) => closed > 0 && log.warn({ folder, closed }, 'the data folder was open to other users and is closed'),
    (error: unknown) => log.warn({ err: error, folder }, 'the data folder cannot be closed to other users'),
  );
}
