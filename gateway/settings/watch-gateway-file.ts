import type { Logger } from '#platform/base/log/log.ts';
import { GatewayFileError } from './error.ts';
import { type GatewayFile, textOf } from './gateway-file.ts';
import { readGatewayFile } from './read-gateway-file.ts';
import { watchFiles } from './watch-files.ts';

/** The settings of a gateway.yaml, as they are at the moment. */
export interface GatewaySettings {
  readonly current: GatewayFile;
  /** Reads the file again now. Resolves to whether it says something else than before. */
  reload(): Promise<boolean>;
  close(): void;
}

/**
 * Reads a gateway.yaml and follows its changes. A file that cannot be used never replaces a good one.
 *
 * @param changed called with what it says now, before that becomes `current`; where it rejects, the last one stays.
 * @throws {GatewayFileError} when there is no good file to begin with.
 */
export async function watchGatewayFile(
  file: string,
  log: Logger,
  changed: (next: GatewayFile) => Promise<void>,
): Promise<GatewaySettings> {
  let running: Promise<boolean> = Promise.resolve(false);
  const watcher = watchFiles(() => void reload());
  const mark = await watcher.mark();
  let current: GatewayFile;
  try {
    current = await readGatewayFile(file);
  } catch (error) {
    watcher.close();
    throw error;
  }
  await watcher.follow([file], mark);

  async function load(): Promise<boolean> {
    try {
      const next = await readGatewayFile(file);
      if (textOf(next) === textOf(current)) return false;
      await changed(next);
      current = next;
      log.info({ file }, 'the gateway follows its changed settings');
      return true;
    } catch (error) {
      const problem = error instanceof GatewayFileError ? error.message : String(error);
      log.error({ file, problem }, 'the settings of the gateway are broken: the last good ones stay');
      return false;
    }
  }

  function reload(): Promise<boolean> {
    running = running.then(load);
    return running;
  }

  return {
    get current() {
      return current;
    },
    reload,
    close: () => watcher.close(),
  };
}
