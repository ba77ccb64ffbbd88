import { validate as isUuid } from 'uuid';
import { badInput } from '#platform/errors/errors.ts';
import type { PrismaClient } from '#prisma/vision/client/client.ts';
import type { ImageRow, Images } from './images.ts';

interface ImagePage {
  readonly edges: { cursor: string; node: ImageRow }[];
  readonly nodes: ImageRow[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

const LONGEST_SEARCH = 200;
/** Matches of a search that are paged through. */
const MOST_FOUND = 1000;

/** How an owner finds pictures: the list, the search in words, and what looks alike. */
export class Gallery {
  readonly #db: PrismaClient;
  readonly #images: Images;

  constructor(db: PrismaClient, images: Images) {
    this.#db = db;
    this.#images = images;
  }

  async list(ownerId: string, first: number, after?: string | null, search?: string | null): Promise<ImagePage> {
    if (first < 1 || first > 100) throw badInput('first', `is ${first}; 1 to 100 are possible.`);
    const before = after == null ? undefined : parseCursor(after);
    const found = search?.trim() ? await this.#search(ownerId, search.trim()) : undefined;
    const rows = await this.#db.image.findMany({
      where: { ownerId, id: { ...(before && { lt: before }), ...(found && { in: found }) } },
      orderBy: { id: 'desc' },
      take: first + 1,
    });
    const edges = rows.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }));
    return {
      edges,
      nodes: edges.map(({ node }) => node),
      pageInfo: {
        hasNextPage: rows.length > first,
        hasPreviousPage: before !== undefined,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      },
    };
  }

  /**
   * Pictures of the owner whose perceptual hash differs in few bits, nearest first. Postgres counts the bits, because it
   * is done with 100,000 of them while this process would have read their rows.
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
        FROM images WHERE owner_id = ${ownerId} AND id <> ${id}::uuid AND hash IS NOT NULL
      ) AS others
      WHERE distance <= ${maxDistance} ORDER BY distance, id DESC LIMIT ${first}`;
    const rows = await this.#images.byIds(
      ownerId,
      near.map((one) => one.id),
    );
    return near.flatMap(({ id: found, distance }) => (rows.has(found) ? [{ image: rows.get(found)!, distance }] : []));
  }

  async #search(ownerId: string, search: string): Promise<string[]> {
    if (search.length > LONGEST_SEARCH)
      throw badInput('search', `has ${search.length} characters; at most ${LONGEST_SEARCH} are possible.`);
    if (search.includes('\0')) throw badInput('search', 'holds a NUL character.');
    const rows = await this.#db.$queryRaw<{ id: string }[]>`
      SELECT id::text AS id FROM images
      WHERE owner_id = ${ownerId} AND to_tsvector('simple', words) @@ plainto_tsquery('simple', ${search})
      ORDER BY id DESC LIMIT ${MOST_FOUND}`;
    return rows.map((row) => row.id);
  }
}

const cursorOf = (image: ImageRow): string => Buffer.from(image.id).toString('base64url');

function parseCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!isUuid(id)) throw badInput('after', 'is not a cursor of this list; use endCursor of a page.');
  return id;
}
