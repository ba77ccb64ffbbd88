import path from 'node:path';
import type { Logger } from '#platform/base/log/log.ts';
import { type ClientTls, readTlsFiles, type TlsFiles } from '#platform/net/http/tls.ts';
import type { Tls } from './tls-settings.ts';

/**
 * Reads the files of one `tls` entry, and again when they change.
 *
 * @param place the entry, for messages: `subgraphs.stock.tls`.
 * @throws {Error} in one line that names the entry.
 */
export function readTls(entry: Tls, place: string, folder: string, log: Logger): ClientTls {
  const at = (name: 'ca' | 'cert' | 'key') => {
    const given = entry[name];
    return given === undefined ? undefined : { name: `${place}.${name}`, path: path.resolve(folder, given) };
  };
  const files: TlsFiles = { cert: at('cert'), key: at('key'), ca: at('ca') };
  return readTlsFiles(files, log, entry.server_name);
}
