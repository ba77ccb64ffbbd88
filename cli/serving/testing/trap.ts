// A process of its own, because a trap that is not handled holds its thread for ever.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProcess } from '../process.ts';

/** (module (memory 1) (func (export "read") (result i32) (i32.load (i32.const -8)))) */
const READS_NOWHERE = Buffer.from(
  '0061736d010000000105016000017f030201000503010001070801047265616400000a0901070041782802000b',
  'hex',
);

process.env['SEXTANT_DIR'] = mkdtempSync(path.join(tmpdir(), 'sextant-trap-'));
await runProcess(process.cwd(), 'trap', async () => {
  const { instance } = await WebAssembly.instantiate(READS_NOWHERE);
  try {
    (instance.exports as { read(): number }).read();
  } catch (error) {
    console.log(`caught: ${String(error)}`);
  }
  process.exit();
});
