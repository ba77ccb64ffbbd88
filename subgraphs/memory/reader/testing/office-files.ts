/** The files of LibreOffice that the suite reads, made by `npm run audit -- documents --write`. */
export const KEPT: readonly string[] = [
  ...['docx', 'odt', 'rtf', 'epub', 'pdf', 'html', 'xhtml', 'txt'].map((format) => `text-de.${format}`),
  ...['docx', 'odt', 'rtf', 'pdf'].map((format) => `text-ja.${format}`),
  ...['docx', 'rtf', 'pdf'].map((format) => `text-ar.${format}`),
  ...['xlsx', 'ods', 'csv', 'html'].map((format) => `sheets-fr.${format}`),
  ...['pptx', 'odp', 'pdf'].map((format) => `slides-ru.${format}`),
];
