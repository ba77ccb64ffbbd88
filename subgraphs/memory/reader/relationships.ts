import { type Archive, resolveInside } from './archive.ts';
import { walkXml } from './xml.ts';

/** Returns the files that a part of an Office document leads to, by the id that it gives them. */
export async function relationshipsOf(archive: Archive, part: string): Promise<Map<string, string>> {
  const cut = part.lastIndexOf('/') + 1;
  const xml = await archive.text(`${part.slice(0, cut)}_rels/${part.slice(cut)}.rels`);
  const targets = new Map<string, string>();
  walkXml(xml ?? '', {
    open(name, { Id: id, Target: target, TargetMode: mode }) {
      const file = name === 'Relationship' && target && mode !== 'External' ? resolveInside(part, target) : undefined;
      if (id && file) targets.set(id, file);
    },
  });
  return targets;
}
