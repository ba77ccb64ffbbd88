/**
 * Returns the columns of a table as a list of SQL, each under the name of its field: `m.user_id AS "userId", …`.
 * Columns are called as fields are, with underscores.
 *
 * @param fields of the model, as `Prisma.…ScalarFieldEnum` has them: what is added to the model is read too.
 * @param alias of the table.
 * @param prefix of the names, where a row has those of several tables.
 */
export const columnsOf = (fields: object, alias: string, prefix = ''): string =>
  Object.keys(fields)
    .map((name) => `${alias}.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} AS "${prefix}${name}"`)
    .join(', ');
