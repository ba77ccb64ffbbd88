/** Passages that differ in a name or a number only, so that nothing but the exact word tells them apart. */

export interface Case {
  readonly question: string;
  readonly answer: string;
}

const FIRST = [
  'Marta',
  'Idris',
  'Solveig',
  'Tomasz',
  'Priya',
  'Anselm',
  'Keiko',
  'Bruno',
  'Leila',
  'Oskar',
  'Ximena',
  'Farid',
];
const LAST = [
  'Okonkwo',
  'Lindqvist',
  'Baranov',
  'Castellano',
  'Whitcombe',
  'Nakagawa',
  'Duarte',
  'Feldmann',
  'Rousseau',
  'Achterberg',
];
const TOWNS = [
  'Tromsø',
  'Valparaíso',
  'Gdańsk',
  'Ipswich',
  'Ljubljana',
  'Cork',
  'Antwerp',
  'Split',
  'Bergamo',
  'Tartu',
  'Nantes',
  'Dundee',
];
const PRODUCTS = [
  'Zephyr X2',
  'Quillmark',
  'Ostara Pro',
  'Brevio',
  'Lumen 40',
  'Halcyon',
  'Petrel 9',
  'Dorado Mini',
  'Vireo',
  'Kestrel S',
  'Onyx 7',
  'Sable',
];
const AREAS = [
  'the night shift',
  'customs papers',
  'the training of apprentices',
  'the archive',
  'insurance claims',
  'the fleet of vans',
  'translations',
  'the canteen',
  'fire safety',
  'the spring catalogue',
];
const PARTS = [
  'the hinge',
  'the charger',
  'the lens',
  'the strap',
  'the filter',
  'the display',
  'the motor',
  'the valve',
  'the handle',
  'the casing',
];

const at = <T>(list: readonly T[], i: number): T => list[i % list.length]!;
const every = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

const person = (i: number): string => `${at(FIRST, i)} ${at(LAST, Math.floor(i / FIRST.length) * 7 + i)}`;

/** One case a name; the others of the family are its distractors. */
export const NAMES: readonly Case[] = [
  ...every(60, (i) => ({
    question: `What is ${person(i)} responsible for?`,
    answer: `${person(i)} looks after ${at(AREAS, i * 3)} and answers questions about it on weekdays.`,
  })),
  ...every(48, (i) => ({
    question: `Who runs the branch in ${at(TOWNS, i)} ${['north', 'south', 'harbour', 'old town'][Math.floor(i / 12)]}?`,
    answer: `The branch in ${at(TOWNS, i)} ${['north', 'south', 'harbour', 'old town'][Math.floor(i / 12)]} is run by ${person(i + 61)}, who took over in autumn.`,
  })),
  ...every(60, (i) => ({
    question: `${at(PRODUCTS, i)}: ${at(PARTS, Math.floor(i / 12))} is broken`,
    answer: `For the ${at(PRODUCTS, i)}, a replacement of ${at(PARTS, Math.floor(i / 12))} is shipped free of charge during the warranty.`,
  })),
  ...every(48, (i) => ({
    question: `notes from the call with ${at(LAST, i)} & ${at(FIRST, i * 5 + Math.floor(i / 10))}`,
    answer: `Call with ${at(LAST, i)} & ${at(FIRST, i * 5 + Math.floor(i / 10))}: they liked the proposal and want a second meeting before the holidays.`,
  })),
];

export const NUMBERS: readonly Case[] = [
  ...every(60, (i) => ({
    question: `status of invoice ${41_000 + i * 37}`,
    answer: `Invoice ${41_000 + i * 37} was sent to the customer and is due at the end of the month.`,
  })),
  ...every(48, (i) => ({
    question: `When does flight LX${310 + i * 7} leave?`,
    answer: `Flight LX${310 + i * 7} leaves from gate ${at(['A', 'B', 'C', 'D'], i)}${(i % 30) + 1} in the early morning.`,
  })),
  ...every(60, (i) => ({
    question: `error E-${1_204 + i * 11}`,
    answer: `Error E-${1_204 + i * 11} means that ${at(PARTS, i)} reports no signal; restart the device and check the cable.`,
  })),
  ...every(48, (i) => ({
    question: `Who sits in room ${2_010 + i * 13}?`,
    answer: `Room ${2_010 + i * 13} belongs to the team of ${at(AREAS, i)} and has two desks by the window.`,
  })),
  ...every(24, (i) => ({
    question: `order from ${i + 1} March for ${120 + i * 45} euros`,
    answer: `The order of ${i + 1} March came to ${120 + i * 45} euros and was paid by card.`,
  })),
];
