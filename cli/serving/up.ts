import { openDatabase } from '#platform/data/database/database.ts';
import { printBanner } from './banner.ts';
import { serveControl } from './control.ts';
import { firstAdminLink } from './first-admin.ts';
import { runProcess } from './process.ts';
import { snapshotsOf } from './snapshots.ts';

/**
 * As long as what is asked first has the processor for itself: the planner is made, the database's clients are loaded.
 */
const FIRST_REQUESTS_MS = 300;

/** Runs the gateway and all subgraphs in one process; with WORKERS the gateway in several. */
export async function up(root: string, { banner }: { banner: boolean }): Promise<void> {
  const started = performance.now();
  await runProcess(root, 'sextant', async (process) => {
    const { config, log, lifecycle } = process;
    const database = lifecycle.use(await openDatabase(config, log));
    // Loaded only now: the database opens in its thread meanwhile.
    const { serveWhole } = await import('./whole.ts');
    const { url, transports, events } = await serveWhole(root, process, database);
    if (database.copyTo !== undefined) {
      const control = await serveControl(config.dataDir, await snapshotsOf(config.dataDir, database.copyTo), log);
      if (control) lifecycle.use(control);
    }
    log.info({ url, subgraphs: [...transports.keys()], ms: Math.round(performance.now() - started) }, 'ready');
    // What has waited since the last stop, and what is only told, need not delay the person who waited for the start.
    const later = setTimeout(() => events.start(), FIRST_REQUESTS_MS);
    lifecycle.defer(() => clearTimeout(later));
    if (!banner) return;
    const auth = transports.get('auth');
    const adminLink = auth ? await firstAdminLink(auth) : null;
    await printBanner({ config, url, adminLink, models: transports.get('chat') });
  });
}
