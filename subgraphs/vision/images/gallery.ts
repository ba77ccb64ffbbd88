import { badInput } from '#platform/base/errors/errors.ts';
import { idConnection, keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, MAX_COUNT } from '#platform/data/paging/paging.ts';
import type { PrismaClient } from '#prisma/vision/client/client.ts';
import { askedWords } from './image-words.ts';
import type { ImageRow, Images } from './images.ts';

const MAX_SEARCH = 200;
/** Matches of a search that are paged through. */
const MAX_FOUND = 1000;

/** Pages of documents are nothing that people look for. */
const LISTED = { source: { not: 'DOCUMENT' } };

/** The way in which an owner finds pictures: the list, the search in words, and what looks alike. */
export class Gallery {
  readonly #db: PrismaClient;
  readonly #images: Images;

  constructor(db: PrismaClient, images: Images) {
    this.#db = db;
    this.#images = images;
  }

  async list(
    ownerId: string,
    args: PageArguments & { readonly search?: string | null },
  ): Promise<CountedConnection<ImageRow>> {
    const page = keyPage('images', args);
    const found = args.search?.trim() ? await this.#search(ownerId, args.search.trim()) : undefined;
    const rows = await this.#db.image.findMany({
      where: {
        ownerId,
        ...LISTED,
        id: { ...(page.after !== undefined && { lt: page.after }), ...(found && { in: found }) },
      },
      orderBy: { id: 'desc' },
      take: page.take + 1,
    });
    const totalCount = () =>
      this.#db.image.count({ where: { ownerId, ...LISTED, ...(found && { id: { in: found } }) }, take: MAX_COUNT });
    return { ...idConnection(rows, page), totalCount };
  }

  /**
   * Pictures of the owner whose perceptual hash differs in few bits, nearest first. Postgres counts the bits, because
   * it is done with 100,000 of them while this process would have read their rows.
   */
  async similar(
    ownerId: string,
    id: string,
    first: number,
    maxDistance: number,
  ): Promise<{ image: ImageRow; distance: number }[]> {
    if (first < 1 || first > 50) throw badInput('first', `is ${first}; 1 to 50 are possible.`);
    if (maxDistance < 0 || maxDistance > 32) throw badInput('maxDistance', `is ${maxDistance}; 0 to 32 are possible.`);
    const { hash } = await this.#images.requireReady(ownerId, id);
    const near = await this.#db.$queryRaw<{ id: string; distance: number }[]>`
      SELECT id, distance FROM (
        SELECT id::text AS id, bit_count((hash # ${hash}::bigint)::bit(64))::int AS distance
        FROM images WHERE owner_id = ${ownerId} AND id <> ${id}::uuid AND hash IS NOT NULL AND source <> 'DOCUMENT'
      ) AS others
      WHERE distance <= ${maxDistance} ORDER BY distance, id DESC LIMIT ${first}`;
    const rows = await this.#images.byIds(
      ownerId,
      near.map((one) => one.id),
    );
    return near.flatMap(({ id: found, distance }) => (rows.has(found) ? [{ image: rows.get(found)!, distance }] : []));
  }

  async #search(ownerId: string, search: string): Promise<string[]> {
    if (search.length > MAX_SEARCH)
      throw badInput('search', `has ${search.length} characters; at most ${MAX_SEARCH} are possible.`);
    const rows = await this.#db.$queryRaw<{ id: string }[]>`
      SELECT id::text AS id FROM images
      WHERE owner_id = ${ownerId} AND to_tsvector('simple', words)
        @@ (plainto_tsquery('simple', ${search}) || plainto_tsquery('simple', ${askedWords(search)}))
      ORDER BY id DESC LIMIT ${MAX_FOUND}`;
    return rows.map((row) => row.id);
  }
}
