// A process of its own, whose WebAssembly can be made late: several texts at the same time are the first ones.
import { LocalEmbedder } from '../local-embedder.ts';

await using embedder = new LocalEmbedder();
const vectors = await Promise.all(['a star', 'the sea', 'a ship'].map((text) => embedder.embed([text])));
process.stdout.write(`${vectors.map(([vector]) => vector!.length).join(' ')}\n`);
