// A process that stores objects until it is killed, and prints the id of each that was acknowledged. Used by
// durability.test.ts.
import { EmbeddedVectorStore } from '../embedded-vector-store.ts';

const [folder, name, count = 'Infinity'] = process.argv.slice(2);
const store = new EmbeddedVectorStore({ folder: folder! });
await store.ensureSpace({
  name: 'load',
  vectors: { main: { model: 'm', dimensions: 8, metric: 'cosine' } },
  active: 'main',
  fields: {},
  multiTenant: false,
});
process.stdout.write('ready\n');
for (let i = 0; i < Number(count); i++) {
  const id = `${name}-${i}`;
  const [result] = await store.upsert({ space: 'load' }, [
    { id, text: `word ${id}`, vectors: { main: Float32Array.of(1, 2, 3, 4, 5, 6, 7, i) } },
  ]);
  if (result?.ok) process.stdout.write(`${id}\n`);
}
await store[Symbol.asyncDispose]();
