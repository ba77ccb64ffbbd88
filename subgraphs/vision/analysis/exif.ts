import type { Analysis } from './analysis.ts';

/** What tells whose camera it was, or who held it. */
const PERSONAL = new Set([
  'Artist',
  'Author',
  'BodySerialNumber',
  'CameraOwnerName',
  'CameraSerialNumber',
  'Copyright',
  'HostComputer',
  'ImageUniqueID',
  'LensSerialNumber',
  'OwnerName',
  'Photographer',
  'RawDataUniqueID',
  'SerialNumber',
  'UserComment',
  'XPAuthor',
  'XPComment',
  'XPKeywords',
  'XPSubject',
  'XPTitle',
]);

/** Returns the EXIF of a picture without what tells where and by whom it was taken, unless that is asked for. */
export function shownExif(
  { exif, location }: Pick<Analysis, 'exif' | 'location'>,
  { includeLocation, includePersonal }: { includeLocation: boolean; includePersonal: boolean },
): Record<string, unknown> | null {
  const shown = includePersonal
    ? exif
    : exif && Object.fromEntries(Object.entries(exif).filter(([name]) => !PERSONAL.has(name)));
  return includeLocation && location ? { ...shown, location } : shown;
}
